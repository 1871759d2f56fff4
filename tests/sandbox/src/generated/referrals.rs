//! 1.1: referrals that wait in `proGres`, and the cases that some of the children have already.

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use serde_json::{Value, json};

use super::Generated;
use super::children::{Child, Saves, guid, one_of, series};
use crate::{Sandbox, Workflow};

const LANGUAGES: [&str; 6] = [
    "Nuer",
    "Anyuak",
    "Amharic",
    "Bari",
    "Somali",
    "Dinka, Northeastern",
];
const SERVICES: [&str; 4] = [
    "Alternative Care",
    "BID",
    "BIA",
    "Advocacy / Direct intervention",
];
pub(super) const BUSINESS_UNIT: &str = "577ccdf6-86de-e811-80d8-001dd8b71fe3";

/// Loads the data; answers the ids of the interventions.
pub(super) fn load(sandbox: &Sandbox, what: &Generated) -> Result<Vec<String>, String> {
    let (interventions, cases) = generated_referrals(what);
    for case in cases {
        sandbox.primero.insert_case(case)?;
    }
    let id = |rows: &Vec<Value>| text(&rows[0], "progres_lpinterventionid");
    let ids = interventions.iter().map(id).collect();
    for rows in interventions {
        sandbox.ping.refer(rows)?;
    }
    Ok(ids)
}

/// The detail rows of each intervention, and the cases that Primero has before the first run.
#[must_use]
pub fn generated_referrals(what: &Generated) -> (Vec<Vec<Value>>, Vec<Value>) {
    let workflow = Workflow::ReferralsToPrimero;
    let mut chance = StdRng::seed_from_u64(what.seed);
    let mut saves = Saves::begin();
    let mut interventions = Vec::with_capacity(what.records);
    let mut cases = Vec::new();
    for place in 0..what.records {
        let child = Child::drawn(&mut chance, workflow, place);
        if place * what.existing_percent % 100 < what.existing_percent {
            let saved_at = saves.next(&mut chance);
            cases.push(child.case(&mut chance, saved_at));
        }
        interventions.push(intervention(&child, workflow, &mut chance, place));
    }
    (interventions, cases)
}

/// The detail rows of an intervention: two, one per language.
pub(super) fn intervention(
    child: &Child,
    workflow: Workflow,
    chance: &mut StdRng,
    place: usize,
) -> Vec<Value> {
    let series = series(workflow);
    let row = json!({
        "progres_lpinterventionid": guid(chance),
        "progres_interventionnumber": format!("606-26-PRTITV-{series}{place:07}"),
        "progres_businessunit": BUSINESS_UNIT,
        "progres_businessunitname": "Ethiopia - Gambella",
        "progres_interventionstartdate": "2026-11-02T00:00:00Z",
        "progres_primerotransferstatusdate": "2026-11-03",
        "progres_primeroid": null,
        "progres_interventiondescription": "<p>Needs follow-up &amp; care.</p>",
        "progres_reasonforreferral": "Family separation",
        "progres_interventiontype2.interventiontype.progres_description":
            one_of(&SERVICES, chance),
        "progres_individual.individuals.progres_id": child.number,
        "progres_individual.progres_registrationgroupidname": child.group,
        "progres_individual.individuals.progres_givenname": child.given,
        "progres_individual.individuals.progres_middlename": null,
        "progres_individual.individuals.progres_familyname": child.family,
        "progres_individual.individuals.progres_commonyusedname": null,
        "progres_individual.individuals.progres_dateofbirth": format!("{}T00:00:00Z", child.born),
        "progres_individual.individuals.progres_sex":
            if child.is_boy { 125_080_001 } else { 125_080_000 },
        "systemuser.title": "Associate Protection Officer",
        "systemuser.su.mobilephone": "+251900000002",
        "systemuser.su.internalemailaddress": "officer@example.org",
    });
    LANGUAGES
        .sample(chance, 2)
        .map(|language| {
            let mut row = row.clone();
            row["progres_language.progres_languagecodeidname"] = json!(language);
            row
        })
        .collect()
}

pub(super) fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

//! Generated referrals for trying things out by hand and for load: invented children, seeded.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use uuid::Builder;

const GIVEN: [&str; 8] = [
    "Nyakong", "Ojulu", "Achol", "Kang", "Desta", "Abdi", "Keji", "Hodan",
];
const FAMILY: [&str; 8] = [
    "Ochalla", "Omot", "Deng", "Tut", "Alemu", "Warsame", "Wani", "Farah",
];
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
const BUSINESS_UNIT: &str = "577ccdf6-86de-e811-80d8-001dd8b71fe3";

/// A Primero case that exists before the first run.
pub type GeneratedCase = Value;

/// `count` complete interventions, two detail rows each, and for every fourth child a case that Primero
/// already has. The same seed gives the same data.
#[must_use]
pub fn generated_referrals(count: usize, seed: u64) -> (Vec<Vec<Value>>, Vec<GeneratedCase>) {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut interventions = Vec::with_capacity(count);
    let mut cases = Vec::new();
    for place in 0..count {
        let child = Child::drawn(&mut chance, place);
        if place % 4 == 0 {
            cases.push(child.case(&mut chance));
        }
        interventions.push(child.intervention(&mut chance, place));
    }
    (interventions, cases)
}

struct Child {
    number: String,
    given: &'static str,
    family: &'static str,
    born: String,
    is_boy: bool,
}

impl Child {
    fn drawn(chance: &mut StdRng, place: usize) -> Self {
        let (year, month, day) = (
            chance.random_range(2009..2022),
            chance.random_range(1..=12),
            chance.random_range(1..=28),
        );
        Self {
            number: format!("606-2{place:08}"),
            given: one_of(&GIVEN, chance),
            family: one_of(&FAMILY, chance),
            born: format!("{year}-{month:02}-{day:02}"),
            is_boy: chance.random(),
        }
    }

    fn case(&self, chance: &mut StdRng) -> GeneratedCase {
        json!({
            "id": guid(chance),
            "record_state": true,
            "status": "open",
            "module_id": "primeromodule-cp",
            "owned_by": "worker1",
            "name_first": self.given,
            "name_last": self.family,
            "name": format!("{} {}", self.given, self.family),
            "sex": if self.is_boy { "male" } else { "female" },
            "date_of_birth": self.born,
            "unhcr_individual_no": self.number,
            "services_section": [],
        })
    }

    fn intervention(&self, chance: &mut StdRng, place: usize) -> Vec<Value> {
        let row = json!({
            "progres_lpinterventionid": guid(chance),
            "progres_interventionnumber": format!("606-26-PRTITV-2{place:07}"),
            "progres_businessunit": BUSINESS_UNIT,
            "progres_businessunitname": "Ethiopia - Gambella",
            "progres_interventionstartdate": "2026-11-02T00:00:00Z",
            "progres_primerotransferstatusdate": "2026-11-03",
            "progres_primeroid": null,
            "progres_interventiondescription": "<p>Needs follow-up &amp; care.</p>",
            "progres_reasonforreferral": "Family separation",
            "progres_interventiontype2.interventiontype.progres_description":
                one_of(&SERVICES, chance),
            "progres_individual.individuals.progres_id": self.number,
            "progres_individual.progres_registrationgroupidname": format!("606-26-2{place:07}"),
            "progres_individual.individuals.progres_givenname": self.given,
            "progres_individual.individuals.progres_middlename": null,
            "progres_individual.individuals.progres_familyname": self.family,
            "progres_individual.individuals.progres_commonyusedname": null,
            "progres_individual.individuals.progres_dateofbirth": format!("{}T00:00:00Z", self.born),
            "progres_individual.individuals.progres_sex":
                if self.is_boy { 125_080_001 } else { 125_080_000 },
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
}

fn one_of(words: &[&'static str], chance: &mut StdRng) -> &'static str {
    words.choose(chance).copied().unwrap_or_default()
}

fn guid(chance: &mut StdRng) -> String {
    Builder::from_random_bytes(chance.random())
        .into_uuid()
        .to_string()
}

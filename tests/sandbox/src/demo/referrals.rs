//! Generated referrals for trying things out by hand and for load: invented children, seeded.

use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, index};
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use uuid::Builder;

use crate::Sandbox;

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

/// What to generate. The same values give the same data.
#[derive(Clone, Copy, Debug)]
pub struct Generated {
    /// Complete interventions, two detail rows each, every one of another child.
    pub records: usize,
    /// Decides the data.
    pub seed: u64,
    /// How many children in a hundred have a case in Primero already, spread evenly.
    pub existing_percent: usize,
    /// How many interventions in a hundred fail every batch they are in (see [`crate::ping::Ping::poison`]), at
    /// random places.
    pub bad_percent: usize,
}

impl Generated {
    /// How many interventions fail every batch they are in.
    #[must_use]
    pub const fn bad(&self) -> usize {
        self.records * self.bad_percent / 100
    }
}

/// The number of a child with a case that nobody refers.
const BYSTANDER: &str = "606-100000000";

/// Puts generated data into both systems, and into Primero one case more, of a child that nobody refers: no real installation is
/// without any numbered case. An error is anything that they do not take.
pub fn load_generated(sandbox: &Sandbox, what: &Generated) -> Result<(), String> {
    let (interventions, cases) = generated_referrals(what);
    // Another sequence than the data's own: ids must not meet.
    let mut chance = StdRng::seed_from_u64(!what.seed);
    let bystander = Child {
        number: BYSTANDER.to_owned(),
        ..Child::drawn(&mut chance, 0)
    };
    sandbox.primero.insert_case(bystander.case(&mut chance))?;
    for case in cases {
        sandbox.primero.insert_case(case)?;
    }
    for place in index::sample(&mut chance, what.records, what.bad().min(what.records)) {
        let id = &interventions[place][0]["progres_lpinterventionid"];
        sandbox.ping.poison(id.as_str().unwrap_or_default());
    }
    for rows in interventions {
        sandbox.ping.refer(rows)?;
    }
    Ok(())
}

/// The detail rows of each intervention, and the cases that Primero has before the first run.
#[must_use]
pub fn generated_referrals(what: &Generated) -> (Vec<Vec<Value>>, Vec<GeneratedCase>) {
    let mut chance = StdRng::seed_from_u64(what.seed);
    let mut interventions = Vec::with_capacity(what.records);
    let mut cases = Vec::new();
    for place in 0..what.records {
        let child = Child::drawn(&mut chance, place);
        if place * what.existing_percent % 100 < what.existing_percent {
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

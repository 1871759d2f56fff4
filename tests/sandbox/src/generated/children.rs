//! Invented children and the times at which their cases were saved.

use jiff::{SignedDuration, Timestamp};
use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use serde_json::{Value, json};
use uuid::Builder;

use crate::Workflow;

const GIVEN: [&str; 8] = [
    "Nyakong", "Ojulu", "Achol", "Kang", "Desta", "Abdi", "Keji", "Hodan",
];
const FAMILY: [&str; 8] = [
    "Ochalla", "Omot", "Deng", "Tut", "Alemu", "Warsame", "Wani", "Farah",
];

/// Long before any clock that the data is used under.
const FIRST_SAVE: Timestamp = Timestamp::constant(1_791_187_200, 0);

/// A generated child.
pub(super) struct Child {
    pub(super) number: String,
    pub(super) group: String,
    pub(super) given: &'static str,
    pub(super) family: &'static str,
    pub(super) born: String,
    pub(super) is_boy: bool,
}

impl Child {
    pub(super) fn drawn(chance: &mut StdRng, workflow: Workflow, place: usize) -> Self {
        let (year, month, day) = (
            chance.random_range(2009..2022),
            chance.random_range(1..=12),
            chance.random_range(1..=28),
        );
        let series = series(workflow);
        Self {
            number: format!("606-{series}{place:08}"),
            group: format!("606-26-{series}{place:07}"),
            given: one_of(&GIVEN, chance),
            family: one_of(&FAMILY, chance),
            born: format!("{year}-{month:02}-{day:02}"),
            is_boy: chance.random(),
        }
    }

    /// The child's case, of a case worker with a complete profile.
    pub(super) fn case(&self, chance: &mut StdRng, saved_at: Timestamp) -> Value {
        json!({
            "id": guid(chance),
            "case_id": guid(chance),
            "record_state": true,
            "status": "open",
            "module_id": "primeromodule-cp",
            "owned_by": "worker4",
            "name_first": self.given,
            "name_last": self.family,
            "name": format!("{} {}", self.given, self.family),
            "sex": if self.is_boy { "male" } else { "female" },
            "date_of_birth": self.born,
            "unhcr_individual_no": self.number,
            "created_at": instant(saved_at),
            "last_updated_at": instant(saved_at),
            "services_section": [],
        })
    }
}

/// The digit by which the numbers of one workflow's records differ from the others'.
pub(super) const fn series(workflow: Workflow) -> u8 {
    match workflow {
        Workflow::ReferralsToPrimero => 2,
        Workflow::DecisionsToProgres => 3,
        Workflow::ReferralsToProgres => 4,
        Workflow::DecisionsToPrimero => 5,
    }
}

/// One time of saving after another. Two of three share the second of the one before; the others are up to
/// two minutes later, so that 10,000 saves take about two days.
pub(super) struct Saves {
    second: Timestamp,
}

impl Saves {
    pub(super) fn begin() -> Self {
        Self { second: FIRST_SAVE }
    }

    pub(super) fn next(&mut self, chance: &mut StdRng) -> Timestamp {
        if chance.random_range(0..3) == 0 {
            self.second += SignedDuration::from_secs(chance.random_range(1..=120));
        }
        self.second + SignedDuration::from_millis(chance.random_range(0..1000))
    }
}

pub(super) fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

pub(super) fn one_of(words: &[&'static str], chance: &mut StdRng) -> &'static str {
    words.choose(chance).copied().unwrap_or_default()
}

pub(super) fn guid(chance: &mut StdRng) -> String {
    Builder::from_random_bytes(chance.random())
        .into_uuid()
        .to_string()
}

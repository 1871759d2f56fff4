//! What must have become of each intervention of the demo data.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

/// Never to be changed: ids made from it are in Primero for good.
const NAMESPACE: Uuid = Uuid::from_u128(0x6c1f_6f1e_5f0b_5c53_9a3e_0d6f_2a3c_7b10);

/// The deployment that the demo data belongs to.
const DEPLOYMENT: &str = "gambella";

#[derive(Deserialize)]
struct Expectations {
    interventions: BTreeMap<String, Expected>,
}

/// What is expected of one intervention.
#[derive(Deserialize)]
pub(super) struct Expected {
    pub(super) label: String,
    /// The intervention's number, whole.
    pub(super) number: String,
    #[serde(flatten)]
    pub(super) outcome: Outcome,
    /// The source keys that a held record must name; absent = not compared.
    pub(super) fields: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    Delivered(Delivered),
    AlreadyInPlace(InPlace),
    /// The reason code.
    Held(String),
}

#[derive(Deserialize)]
pub(super) struct Delivered {
    pub(super) case: Home,
    /// Every mapped field of a new case; null = must not be there. Absent for a case that existed, whose
    /// own data must not change.
    pub(super) case_fields: Option<BTreeMap<String, Value>>,
    /// Every mapped field of the service; null = must not be there.
    pub(super) service: BTreeMap<String, Value>,
    pub(super) status_report: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
pub(super) struct InPlace {
    pub(super) case: Home,
    /// The `unique_id` of the service that was there.
    pub(super) service_id: String,
    pub(super) status_report: BTreeMap<String, Value>,
}

/// The case that the service belongs in.
#[derive(Deserialize)]
pub(super) struct Home {
    /// The individual number.
    pub(super) individual: String,
    /// The `id` of a case that existed; absent = a new case.
    pub(super) existing: Option<String>,
}

/// Interventions by their GUID in lower case.
pub(super) fn expectations() -> BTreeMap<String, Expected> {
    let text = include_str!("../../data/demo/expected.json");
    let expectations: Expectations =
        serde_json::from_str(text).expect("invariant: the embedded expectations are well formed");
    expectations.interventions
}

pub(super) fn service_id(intervention: &str) -> String {
    let intervention = intervention.to_ascii_lowercase();
    named(&format!("service/{DEPLOYMENT}/{intervention}"))
}

pub(super) fn new_case_id(individual: &str) -> String {
    named(&format!("case/{DEPLOYMENT}/{}", individual.trim()))
}

fn named(name: &str) -> String {
    Uuid::new_v5(&NAMESPACE, name.as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_and_the_expectations_speak_of_the_same_interventions() {
        let referred: Vec<String> = super::super::interventions()
            .iter()
            .filter_map(|rows| {
                Some(
                    rows.first()?["progres_lpinterventionid"]
                        .as_str()?
                        .to_lowercase(),
                )
            })
            .collect();
        let expected: Vec<String> = expectations().into_keys().collect();
        assert_eq!(referred, expected);
    }

    #[test]
    fn the_ids_written_in_the_expectations_are_the_computed_ones() {
        for (key, expected) in expectations() {
            if let Outcome::Delivered(delivered) = expected.outcome {
                assert_eq!(delivered.service["unique_id"], service_id(&key));
            }
        }
    }
}

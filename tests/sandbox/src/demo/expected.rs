//! What must have become of each record of the demo data, workflow by workflow.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

/// Never to be changed: ids made from it are in Primero for good.
const NAMESPACE: Uuid = Uuid::from_u128(0x6c1f_6f1e_5f0b_5c53_9a3e_0d6f_2a3c_7b10);

/// The deployment that the demo data belongs to.
const DEPLOYMENT: &str = "gambella";

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

/// 1.2: what is expected of one decision.
#[derive(Deserialize)]
pub(super) struct ExpectedDecision {
    pub(super) label: String,
    #[serde(flatten)]
    pub(super) outcome: DecisionOutcome,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DecisionOutcome {
    Told(Told),
    /// Why there is nothing to tell.
    NotTold(String),
    /// The reason code.
    Held(String),
}

/// What `proGres` must be told of a decision.
#[derive(Deserialize)]
pub(super) struct Told {
    pub(super) case: Home,
    pub(super) report: BTreeMap<String, Value>,
    pub(super) comment: String,
}

/// 2.1: what is expected of one service for UNHCR.
#[derive(Deserialize)]
pub(super) struct ExpectedSubmission {
    pub(super) label: String,
    #[serde(flatten)]
    pub(super) outcome: SubmissionOutcome,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SubmissionOutcome {
    Submitted(Submitted),
    /// The reason code.
    Held(String),
    /// The reason code.
    Skipped(String),
}

#[derive(Deserialize)]
pub(super) struct Submitted {
    pub(super) external_id: String,
    pub(super) external_guid: String,
    /// Every field but the date of the referral and those below; null = must be empty.
    pub(super) fields: BTreeMap<String, Value>,
    /// Fields that must hold something: a deployment's own fallback contact.
    #[serde(default)]
    pub(super) filled: Vec<String>,
}

/// 2.2: what is expected of one referral to `proGres`, or of a decision that belongs to none.
#[derive(Deserialize)]
pub(super) struct ExpectedReview {
    pub(super) label: String,
    /// The status of the referral in Primero; absent where there is none.
    pub(super) status: Option<String>,
    pub(super) rejected_reason: Option<String>,
    /// Whether `proGres` must be told that Primero knows.
    pub(super) marked: bool,
    /// The reason code.
    pub(super) held: Option<String>,
    /// The reason code.
    pub(super) skipped: Option<String>,
}

#[derive(Deserialize)]
struct File<T> {
    records: BTreeMap<String, T>,
}

fn read<T: for<'de> Deserialize<'de>>(text: &str) -> BTreeMap<String, T> {
    let file: File<T> =
        serde_json::from_str(text).expect("invariant: the embedded expectations are well formed");
    file.records
}

/// 1.1, by the intervention's GUID in lower case.
pub(super) fn referrals() -> BTreeMap<String, Expected> {
    read(include_str!("../../data/demo/expected-1.1.json"))
}

/// 1.2, by the intervention's GUID, or by `<case_id>/<service>` where the service names none.
pub(super) fn decisions() -> BTreeMap<String, ExpectedDecision> {
    read(include_str!("../../data/demo/expected-1.2.json"))
}

/// 2.1, by `<case_id>/<service>`.
pub(super) fn submissions() -> BTreeMap<String, ExpectedSubmission> {
    read(include_str!("../../data/demo/expected-2.1.json"))
}

/// 2.2, by `<case_id>/<service>`, or by the decision's own id where it belongs to no case.
pub(super) fn reviews() -> BTreeMap<String, ExpectedReview> {
    read(include_str!("../../data/demo/expected-2.2.json"))
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
        let expected: Vec<String> = referrals().into_keys().collect();
        assert_eq!(referred, expected);
    }

    #[test]
    fn every_submission_names_its_own_key() {
        for (key, expected) in submissions() {
            if let SubmissionOutcome::Submitted(wanted) = expected.outcome {
                let part = |name: &str| wanted.fields[name].as_str().unwrap().to_owned();
                let ids = [part("progres_offlineid"), part("progres_orgreferralid")];
                assert_eq!(key, ids.join("/"));
                assert_eq!(wanted.fields.len() + wanted.filled.len() + 1, 24, "{key}");
            }
        }
    }

    #[test]
    fn the_ids_written_in_the_expectations_are_the_computed_ones() {
        for (key, expected) in referrals() {
            if let Outcome::Delivered(delivered) = expected.outcome {
                assert_eq!(delivered.service["unique_id"], service_id(&key));
            }
        }
    }
}

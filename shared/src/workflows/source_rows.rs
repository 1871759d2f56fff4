//! What the workflows that read lists from proGres share: rows without a usable id, details by record, and rows of one record.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;

use crate::domain::fingerprint::FingerprintKey;
use crate::domain::pii::Pii;
use crate::domain::reason::{Reason, Stop};
use crate::domain::record::RecordKey;
use crate::domain::system::System;
use crate::engine::{BatchResult, Fault, Trouble};
use crate::progres::{Details, Row};
use crate::transport::GateError;

/// The key under which a list row without a usable id is held: a keyed hash of the row.
pub fn key_of_unreadable(row: &Row, fingerprints: &FingerprintKey) -> RecordKey {
    let bytes = Pii::new(row.canonical().expose().clone().into_bytes());
    RecordKey::of_unreadable(&fingerprints.fingerprint(&bytes))
}

/// Without the list there is nothing to do: any failure ends the run.
pub fn listing_failed(route: &'static str, error: GateError) -> Stop {
    match error.of_the_system() {
        GateError::Run(stop) => stop,
        GateError::Reported(transaction) | GateError::ReportedOfMany(transaction) => {
            Stop::PingError {
                route,
                transaction: transaction.map_or_else(|| "none".to_owned(), |id| id.to_string()),
            }
        }
        GateError::Refused { status, .. } => Stop::UnreadableAnswer {
            system: System::Ping,
            route,
            place: format!("status {status}"),
        },
        _ => Stop::Unavailable(System::Ping),
    }
}

/// The detail rows of each record asked for, in the order asked. One without rows is tried again later; what `id_of` finds in no
/// row belongs to nobody and is left out.
pub fn details_by_record<I: Copy + Eq + Hash>(
    asked: &[Option<I>],
    parts: Details<'_, I>,
    id_of: impl Fn(&Row) -> Option<I>,
) -> BatchResult<Vec<Row>> {
    let whole = asked.iter().flatten().count();
    let mut answers: HashMap<I, Result<Vec<Row>, Fault>> = HashMap::new();
    for (part, answer) in parts {
        match answer.map_err(Trouble::from) {
            Ok(rows) => group(rows, &id_of, &mut answers),
            Err(Trouble::Record(fault)) if part.len() == whole => return Err(fault.into()),
            Err(Trouble::Record(fault)) => {
                answers.extend(part.iter().map(|id| (*id, Err(fault.clone()))));
            }
            Err(stop @ Trouble::Run(_)) => return Err(stop),
        }
    }
    let missing = || Err(Fault::retry(Reason::DetailsMissing));
    let answer = |id: &Option<I>| {
        id.and_then(|id| answers.remove(&id))
            .unwrap_or_else(missing)
    };
    Ok(asked.iter().map(answer).collect())
}

fn group<I: Eq + Hash>(
    rows: Vec<Row>,
    id_of: impl Fn(&Row) -> Option<I>,
    answers: &mut HashMap<I, Result<Vec<Row>, Fault>>,
) {
    for row in rows {
        let Some(id) = id_of(&row) else {
            tracing::warn!("a detail row without a usable id was left out");
            continue;
        };
        if let Ok(rows) = answers.entry(id).or_insert_with(|| Ok(Vec::new())) {
            rows.push(row);
        }
    }
}

/// The fields that all rows of one record must have in common. Personal as a whole.
#[derive(Debug)]
pub struct Folded {
    first: Pii<BTreeMap<String, String>>,
    contradictions: Vec<String>,
    versions: Pii<BTreeSet<BTreeMap<String, String>>>,
}

impl Folded {
    /// Folds rows, each given by its mapped fields.
    pub fn of(rows: impl IntoIterator<Item = BTreeMap<String, String>>) -> Self {
        let mut versions = BTreeSet::new();
        let mut first: Option<BTreeMap<String, String>> = None;
        let mut contradictions = BTreeSet::new();
        for fields in rows {
            let before = first.get_or_insert_with(|| fields.clone());
            let keys = before.keys().chain(fields.keys());
            contradictions.extend(
                keys.filter(|key| before.get(*key) != fields.get(*key))
                    .cloned(),
            );
            versions.insert(fields);
        }
        Self {
            first: Pii::new(first.unwrap_or_default()),
            contradictions: contradictions.into_iter().collect(),
            versions: Pii::new(versions),
        }
    }

    /// A field as text, trimmed and not blank.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.first.expose().get(key).map(String::as_str)
    }

    /// Keys of the fields in which the rows disagree.
    pub fn contradictions(&self) -> &[String] {
        &self.contradictions
    }

    /// Every row that differs from the others, whatever their order: what a fingerprint is made of.
    pub const fn versions(&self) -> &Pii<BTreeSet<BTreeMap<String, String>>> {
        &self.versions
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::ids::InterventionId;

    const ONE: &str = "68b20e2a-4879-ee11-8179-000d3a43f6eb";
    const OTHER: &str = "82698a1d-aa24-ee11-9cbc-0022488b6523";

    fn id(text: &str) -> InterventionId {
        text.parse().expect("a GUID")
    }

    fn row(fields: serde_json::Value) -> Row {
        match fields {
            serde_json::Value::Object(fields) => Row::new(fields),
            other => panic!("{other} is no row"),
        }
    }

    fn id_of(row: &Row) -> Option<InterventionId> {
        row.text("id")?.parse().ok()
    }

    #[test]
    fn rows_go_to_their_record_and_a_record_without_rows_is_tried_again() {
        let asked = [Some(id(ONE)), None, Some(id(OTHER))];
        let both = [id(ONE), id(OTHER)];
        let rows = vec![row(json!({ "id": ONE })), row(json!({ "id": "?" }))];

        let answers =
            details_by_record(&asked, vec![(&both, Ok(rows))], id_of).expect("no trouble for all");

        let missing = Err(Fault::retry(Reason::DetailsMissing));
        assert_eq!(answers[0].as_ref().map(Vec::len), Ok(1));
        assert_eq!(answers[1..], [missing.clone(), missing]);
    }

    #[test]
    fn a_failed_part_is_its_own_records_fault_and_a_failed_whole_is_everybodys() {
        let asked = [Some(id(ONE)), Some(id(OTHER))];
        let (one, other) = ([id(ONE)], [id(OTHER)]);
        let failed = || Err(GateError::Reported(None));

        let parts = vec![
            (&one[..], failed()),
            (&other[..], Ok(vec![row(json!({ "id": OTHER }))])),
        ];
        let answers = details_by_record(&asked, parts, id_of).expect("one part was answered");
        assert!(answers[0].is_err());
        assert_eq!(answers[1].as_ref().map(Vec::len), Ok(1));

        let both = [id(ONE), id(OTHER)];
        let all = details_by_record(&asked, vec![(&both, failed())], id_of);
        assert!(matches!(all, Err(Trouble::Record(_))));
    }

    #[test]
    fn without_its_list_a_run_stops_and_says_why() {
        let reported = listing_failed("list", GateError::Reported(None));
        assert_eq!(reported.code(), "ping_error");
        let down = listing_failed("list", GateError::Unavailable(System::Ping));
        assert_eq!(down, Stop::Unavailable(System::Ping));
        let refused = GateError::Refused {
            system: System::Ping,
            status: 400,
            fields: Vec::new(),
        };
        assert_eq!(listing_failed("list", refused).code(), "unreadable_answer");
    }
}

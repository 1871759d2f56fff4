//! What the workflows that read lists from proGres share: rows without a usable id, and rows of one record.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::fingerprint::FingerprintKey;
use crate::domain::pii::Pii;
use crate::domain::reason::Stop;
use crate::domain::record::RecordKey;
use crate::domain::system::System;
use crate::progres::Row;
use crate::transport::GateError;

/// The key under which a list row without a usable id is held: a keyed hash of the row.
pub fn key_of_unreadable(row: &Row, fingerprints: &FingerprintKey) -> RecordKey {
    let bytes = Pii::new(row.canonical().expose().clone().into_bytes());
    RecordKey::of_unreadable(&fingerprints.fingerprint(&bytes))
}

/// What a list shows of a record, as a keyed hash: a row that is corrected there is read anew at once.
pub fn version(row: &Row, fingerprints: &FingerprintKey) -> String {
    let bytes = Pii::new(row.canonical().expose().clone().into_bytes());
    let hash = fingerprints.fingerprint(&bytes).hash;
    hash.chars().take(16).collect()
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
    use super::*;

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

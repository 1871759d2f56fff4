//! The index over what is not finished: rows that wait for a later run, and rows that wait for a person.
//!
//! It is a hint and no more: DynamoDB brings it up to date a little later than the table, so whoever acts on it reads the row again.

use jiff::Timestamp;
use serde::Deserialize;

use super::ledger::{RecordRow, RecordState, key_of};
use super::{Item, Store, StoreError};
use crate::domain::reason::Reason;
use crate::domain::record::RecordKey;

/// The index's name.
pub const DUE_INDEX: &str = "due";
/// The attribute that puts a row into the index: `wait#<time>#<key>` or `held#<key>`.
pub const DUE_ATTRIBUTE: &str = "due";
/// What puts a row into the index, among what is held, that was found to be unreadable.
pub(super) const UNREADABLE: &str = "held#unreadable#";
/// What the index shows of a row beside its keys.
pub const SHOWN: [&str; 6] = [
    "key",
    "state",
    "reason",
    "profile_version",
    "first_seen_at",
    "next_attempt_at",
];

/// A row that is not finished, as the index shows it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Unfinished {
    /// The record.
    pub key: RecordKey,
    /// Where it stands.
    pub state: RecordState,
    /// Why.
    #[serde(default)]
    pub reason: Option<Reason>,
    /// The profile it was last worked on with.
    pub profile_version: String,
    /// When the record was first met.
    pub first_seen_at: Timestamp,
    /// When it is due again, for a row that waits.
    #[serde(default)]
    pub next_attempt_at: Option<Timestamp>,
}

impl Store {
    /// Every row that waits or is held, the longest due first.
    pub async fn unfinished(&self) -> Result<Vec<Unfinished>, StoreError> {
        let mut rows: Vec<Unfinished> = Vec::new();
        self.query_each(
            "query_due",
            |query| {
                query
                    .index_name(DUE_INDEX)
                    .key_condition_expression("pk = :pk")
            },
            |item| {
                rows.extend(shown(item));
                Ok(())
            },
        )
        .await?;
        rows.sort_by_key(|one| one.next_attempt_at);
        Ok(rows)
    }
}

/// A row as the index shows it. One that cannot be read comes as held under no known profile, so that a run reads it, and says so.
fn shown(item: Item) -> Option<Unfinished> {
    let key = key_of(&item)?;
    let due = item.get(DUE_ATTRIBUTE).and_then(|due| due.as_s().ok());
    let readable = due.is_none_or(|due| !due.starts_with(UNREADABLE));
    let row = readable.then(|| serde_dynamo::from_item(item).ok());
    Some(row.flatten().unwrap_or(Unfinished {
        key,
        state: RecordState::Held,
        reason: None,
        profile_version: String::new(),
        first_seen_at: Timestamp::MAX,
        next_attempt_at: None,
    }))
}

/// Where a row stands in the index; none for one that is finished.
pub(super) fn due_key<P>(row: &RecordRow<P>) -> Option<String> {
    match row.state {
        RecordState::Sending
        | RecordState::Written
        | RecordState::Verified
        | RecordState::AwaitingConfirmation
        | RecordState::Retry => {
            let due = row.next_attempt_at.unwrap_or(row.updated_at);
            Some(format!("wait#{due:.3}#{}", row.key))
        }
        RecordState::Held => Some(format!("held#{}", row.key)),
        RecordState::Skipped | RecordState::Done => None,
    }
}

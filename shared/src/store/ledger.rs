//! The ledger: what became of every record ever offered, one row a record.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Item, Store, StoreError, failed, number, text};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::reason::Reason;
use crate::domain::record::RecordKey;

/// Most keys DynamoDB reads in one request.
const READ_BATCH: usize = 100;
/// How often a partly answered batch is asked again for the rest.
const READ_ROUNDS: usize = 8;

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordState {
    /// Written to the destination, not yet read back.
    Written,
    /// Seen at the destination, the source not yet told.
    Verified,
    /// Failed for a passing reason; due again at `next_attempt_at`.
    Retry,
    /// Needs a person or changed source data.
    Held,
    /// Both sides know.
    Done,
}

/// One row of the ledger. `P` is what the workflow needs to find the effect again: ids only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordRow<P> {
    /// The record.
    pub key: RecordKey,
    /// Where it stands.
    pub state: RecordState,
    /// Why, for `retry` and `held`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Names of the fields at fault.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// PING's receipt, where one explains the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
    /// What the record looked like when it was last worked on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
    /// The profile it was last worked on with.
    pub profile_version: String,
    /// Where its effect is.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub place: Option<P>,
    /// Failed attempts in a row.
    pub attempts: u32,
    /// When it is due again, for a row that waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<Timestamp>,
    /// How often the source was told of a `done` record and still lists it; or, of a `held` one, whether it was told at all.
    pub told: u32,
    /// Whether the effect of a `held` record was seen or written at its destination: then the source is never told that it failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_place: bool,
    /// When the record was first met.
    pub first_seen_at: Timestamp,
    /// When this row was last written.
    pub updated_at: Timestamp,
    /// The run that wrote it.
    pub run_id: String,
    /// The fencing number of that run.
    pub fence: u64,
    /// When DynamoDB may forget the row, seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<i64>,
}

impl Store {
    /// Reads the rows of these keys, consistently. A record without a row is simply not in the answer.
    pub async fn records<P: DeserializeOwned>(
        &self,
        keys: &[RecordKey],
    ) -> Result<HashMap<RecordKey, RecordRow<P>>, StoreError> {
        let mut rows = HashMap::with_capacity(keys.len());
        for batch in keys.chunks(READ_BATCH) {
            let mut wanted = batch
                .iter()
                .map(|key| self.record_id(key))
                .collect::<Vec<_>>();
            for _ in 0..READ_ROUNDS {
                let (found, rest) = self.read_batch(wanted, "read_records").await?;
                for item in found {
                    let row: RecordRow<P> = serde_dynamo::from_item(item)
                        .map_err(|_| StoreError::Unreadable("ledger row"))?;
                    rows.insert(row.key.clone(), row);
                }
                wanted = rest;
                if wanted.is_empty() {
                    break;
                }
            }
            if !wanted.is_empty() {
                return Err(StoreError::Unavailable("read_records"));
            }
        }
        Ok(rows)
    }

    /// Writes a row. Refused as [`StoreError::Superseded`] when a run with a higher fence has written it.
    pub async fn put_record<P: Serialize>(&self, row: &RecordRow<P>) -> Result<(), StoreError> {
        let mut item: Item =
            serde_dynamo::to_item(row).map_err(|_| StoreError::Unreadable("ledger row"))?;
        item.extend(self.record_id(&row.key));
        self.counted()
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk) OR fence <= :fence")
            .expression_attribute_values(":fence", number(row.fence))
            .send()
            .await
            .map_err(|error| failed("put_record", &error))?;
        Ok(())
    }

    /// Whether any record of this workflow ever reached its destination.
    pub async fn has_delivered(&self) -> Result<bool, StoreError> {
        let mut start = None;
        loop {
            let page = self
                .counted()
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .key_condition_expression("pk = :pk AND begins_with(sk, :record)")
                .filter_expression("#state IN (:written, :verified, :done)")
                .projection_expression("sk")
                .expression_attribute_names("#state", "state")
                .expression_attribute_values(":pk", self.pk())
                .expression_attribute_values(":record", text("record#"))
                .expression_attribute_values(":written", text("written"))
                .expression_attribute_values(":verified", text("verified"))
                .expression_attribute_values(":done", text("done"))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| failed("query_records", &error))?;
            if page.count > 0 {
                return Ok(true);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(false);
            }
        }
    }

    fn record_id(&self, key: &RecordKey) -> Item {
        HashMap::from([
            ("pk".to_owned(), self.pk()),
            ("sk".to_owned(), text(format!("record#{key}"))),
        ])
    }
}

//! The ledger: what became of every record ever offered, one row a record.

use std::collections::{BTreeMap, HashMap, HashSet};

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure::AllOld;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Put, TransactWriteItem};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use super::due::{DUE_ATTRIBUTE, UNREADABLE, due_key};
use super::lease::Lease;
use super::{FIRST_PAUSE, Item, NOT_SUPERSEDED, Store, StoreError, failed, number, text};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::reason::Reason;
use crate::domain::record::RecordKey;

/// Most keys DynamoDB reads in one request.
pub(super) const READ_BATCH: usize = 100;

/// An invariant of the requests built here.
const COMPLETE: &str = "all fields are set";

/// How often a transaction is tried that met another one, or the table's limits.
const TRANSACTION_TRIES: u32 = 8;

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordState {
    /// About to be written, or written by a run that died: it cannot be asked for.
    Sending,
    /// Written to the destination, not yet read back.
    Written,
    /// Seen at the destination, the source not yet told.
    Verified,
    /// Accepted by PING, which has not said yet whether for good; its transaction id is in the row.
    AwaitingConfirmation,
    /// Failed for a passing reason; due again at `next_attempt_at`.
    Retry,
    /// Needs a person or changed source data.
    Held,
    /// Seen, and not ours to send.
    Skipped,
    /// Both sides know.
    Done,
}

impl RecordState {
    /// The state that is stored under this word, if this release knows it.
    fn named(word: &str) -> Option<Self> {
        Some(match word {
            "sending" => Self::Sending,
            "written" => Self::Written,
            "verified" => Self::Verified,
            "awaiting_confirmation" => Self::AwaitingConfirmation,
            "retry" => Self::Retry,
            "held" => Self::Held,
            "skipped" => Self::Skipped,
            "done" => Self::Done,
            _ => return None,
        })
    }

    /// The states that a row in this one never follows: what may be at a destination that cannot be asked is not written again before its
    /// fate is known, and what is in place there is not sent as if it were new.
    #[must_use]
    pub const fn never_follows(self) -> &'static [Self] {
        match self {
            Self::Sending => &[Self::AwaitingConfirmation, Self::Written, Self::Verified],
            Self::Written | Self::Verified => &[Self::Sending, Self::AwaitingConfirmation],
            Self::AwaitingConfirmation => &[Self::Written, Self::Verified],
            Self::Retry | Self::Held | Self::Skipped | Self::Done => &[],
        }
    }
}

/// A state that this release does not know reads as held.
impl<'de> Deserialize<'de> for RecordState {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let word = String::deserialize(reader)?;
        Ok(Self::named(&word).unwrap_or(Self::Held))
    }
}

/// One row of the ledger. `P` is what the workflow needs to find the effect again: ids only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordRow<P> {
    /// The record.
    pub key: RecordKey,
    /// Where it stands.
    pub state: RecordState,
    /// Why, for `retry`, `held` and `skipped`. Earlier releases kept a remark here while PING's word was awaited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What a person should know of the record whatever its state, and since when. It holds nothing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub remarks: BTreeMap<Reason, Timestamp>,
    /// Names of the fields at fault.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// PING's receipt, where one explains the state or is to be asked after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
    /// What the record looked like when it was last worked on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
    /// For a row that is not `done`: what the record looked like when both sides last knew it, as long as nothing was written since. It
    /// is worked on only if it has changed from that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered: Option<Fingerprint>,
    /// Version of the source record when it was last worked on, where the source has versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
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
    /// When PING accepted it, for a row that awaits its word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Timestamp>,
    /// Since when it may be at a destination that cannot be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began_at: Option<Timestamp>,
    /// How often PING was asked for its word, over all runs.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub checks: u32,
    /// Whether the source changed while the row awaited PING's word, so that it is to be sent again afterwards.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub superseded: bool,
    /// Whether a person released it, and it has not been held or done since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub released: bool,
    /// How often the source was told of a `done` record and still lists it; or, of a `held` one, whether it was told at all.
    pub told: u32,
    /// Whether the effect of a `held` record was seen or written at its destination: then the source is never told that it failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_place: bool,
    /// Set for a record that waits because it was refused as others were: it goes after everything else. In how many runs it was so, with
    /// nothing else due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_alike: Option<u32>,
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

impl<P> RecordRow<P> {
    /// A row of which nothing is known but the record and where it stands.
    pub(super) fn blank(key: RecordKey, state: RecordState) -> Self {
        Self {
            key,
            state,
            reason: None,
            fields: Vec::new(),
            transaction_id: None,
            fingerprint: None,
            delivered: None,
            version: None,
            profile_version: String::new(),
            place: None,
            attempts: 0,
            next_attempt_at: None,
            accepted_at: None,
            began_at: None,
            checks: 0,
            superseded: false,
            released: false,
            told: 0,
            in_place: false,
            remarks: BTreeMap::new(),
            refused_alike: None,
            first_seen_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            run_id: String::new(),
            fence: 0,
            ttl: None,
        }
    }
}

/// What the ledger has of some records.
pub struct Rows<P> {
    /// Their rows.
    pub readable: HashMap<RecordKey, RecordRow<P>>,
    /// Records that have a row which cannot be read.
    pub unreadable: HashSet<RecordKey>,
}

/// The record of an item, by its place: that is there, whatever else is not.
pub(super) fn key_of(item: &Item) -> Option<RecordKey> {
    let word = |name: &str| item.get(name)?.as_s().ok();
    let by_place = word("sk").and_then(|sk| sk.strip_prefix("record#"));
    let key = by_place.or_else(|| word("key").map(String::as_str))?;
    Some(RecordKey::written(key))
}

/// A row, if it can be read. One in a state that this release does not know reads as held for a person.
fn row_of<P: DeserializeOwned>(mut item: Item) -> Option<RecordRow<P>> {
    let state = item.get("state")?.as_s().ok()?;
    if RecordState::named(state).is_none() {
        item.insert("reason".to_owned(), text(Reason::Other.code()));
    }
    serde_dynamo::from_item(item).ok()
}

impl Store {
    /// Reads the rows of these keys, consistently. A record without a row is simply not in the answer.
    pub async fn records<P: DeserializeOwned>(
        &self,
        keys: &[RecordKey],
    ) -> Result<HashMap<RecordKey, RecordRow<P>>, StoreError> {
        let rows = self.each_record(keys).await?;
        if rows.unreadable.is_empty() {
            Ok(rows.readable)
        } else {
            Err(StoreError::Unreadable("ledger row"))
        }
    }

    /// The same, where one row that cannot be read says nothing of the others.
    pub async fn each_record<P: DeserializeOwned>(
        &self,
        keys: &[RecordKey],
    ) -> Result<Rows<P>, StoreError> {
        let mut rows = Rows {
            readable: HashMap::with_capacity(keys.len()),
            unreadable: HashSet::new(),
        };
        for batch in keys.chunks(READ_BATCH) {
            let wanted = batch.iter().map(|key| self.record_id(key)).collect();
            for item in self.read_all(wanted, "read_records").await? {
                let key = key_of(&item);
                match row_of(item) {
                    Some(row) => {
                        rows.readable.insert(row.key.clone(), row);
                    }
                    None => rows.unreadable.extend(key),
                }
            }
        }
        Ok(rows)
    }

    /// Puts a row that cannot be read among what waits for a person, and touches nothing else of it.
    pub async fn mark_unreadable(&self, key: &RecordKey) -> Result<(), StoreError> {
        self.counted()
            .update_item()
            .table_name(&self.table)
            .set_key(Some(self.record_id(key)))
            .condition_expression("attribute_exists(pk)")
            .update_expression("SET due = :held")
            .expression_attribute_values(":held", text(format!("{UNREADABLE}{key}")))
            .send()
            .await
            .map_err(|error| failed("mark_unreadable", &error))?;
        Ok(())
    }

    /// Writes a row. Refused as [`StoreError::Superseded`] when a run with a higher fence has written it, and as
    /// [`StoreError::Illegal`] when it cannot follow the one that is there.
    pub async fn put_record<P: Serialize>(&self, row: &RecordRow<P>) -> Result<(), StoreError> {
        let (condition, values) = may_be_written(row);
        let put = self.counted().put_item().table_name(&self.table);
        let put = put.set_item(Some(self.record_item(row)?));
        let answer = put
            .condition_expression(condition)
            .set_expression_attribute_names(names(row))
            .set_expression_attribute_values(Some(values))
            .return_values_on_condition_check_failure(AllOld)
            .send()
            .await;
        let Err(error) = answer else { return Ok(()) };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(refusal)) => {
                Err(overtaken_or_illegal(refusal.item(), row.fence))
            }
            _ => Err(failed("put_record", &error)),
        }
    }

    /// Writes a `sending` row, and only as long as `lease` is in force: after it comes a write that cannot be asked for, so a run that
    /// was overtaken must not get here. Refused like any other row.
    pub async fn put_sending<P: Serialize>(
        &self,
        row: &RecordRow<P>,
        lease: &Lease,
    ) -> Result<(), StoreError> {
        let parts = vec![self.in_force(lease), self.guarded_put(row)?];
        self.transact(parts, "put_sending", row.fence).await
    }

    /// The part of a transaction that lets it go only as long as this lease is in force.
    fn in_force(&self, lease: &Lease) -> TransactWriteItem {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .key("pk", self.pk())
            .key("sk", text("lease"))
            .condition_expression("holder = :run AND fence = :fence")
            .expression_attribute_values(":run", text(&lease.run_id))
            .expression_attribute_values(":fence", number(lease.fence))
            .build()
            .expect(COMPLETE);
        TransactWriteItem::builder().condition_check(check).build()
    }

    /// The part of a transaction that writes a row.
    fn guarded_put<P: Serialize>(
        &self,
        row: &RecordRow<P>,
    ) -> Result<TransactWriteItem, StoreError> {
        let (condition, values) = may_be_written(row);
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(self.record_item(row)?))
            .condition_expression(condition)
            .set_expression_attribute_names(names(row))
            .set_expression_attribute_values(Some(values))
            .return_values_on_condition_check_failure(AllOld)
            .build()
            .expect(COMPLETE);
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Writes the rows of records that are about to be written, as many as a transaction takes at a time, and only as long as `lease` is
    /// in force.
    pub async fn put_noted<P: Serialize>(
        &self,
        rows: &[&RecordRow<P>],
        lease: &Lease,
    ) -> Result<(), StoreError> {
        for rows in rows.chunks(READ_BATCH - 1) {
            let mut parts = vec![self.in_force(lease)];
            for row in rows {
                parts.push(self.guarded_put(row)?);
            }
            self.transact(parts, "put_noted", lease.fence).await?;
        }
        Ok(())
    }

    /// Writes all or nothing. Two transactions of one run would meet at its lease, so they go one after another; one that meets
    /// somebody else's, or the table's limits, is tried again, which the client does not do by itself.
    async fn transact(
        &self,
        parts: Vec<TransactWriteItem>,
        operation: &'static str,
        fence: u64,
    ) -> Result<(), StoreError> {
        let _one_at_a_time = self.transactions.lock().await;
        let mut tries = 1;
        loop {
            let request = self.counted().transact_write_items();
            let answer = request.set_transact_items(Some(parts.clone())).send().await;
            match answer {
                Ok(_) => return Ok(()),
                Err(error) if is_passing(&error) && tries < TRANSACTION_TRIES => {
                    tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(tries - 1)).await;
                    tries += 1;
                }
                Err(error) => return Err(refused_or(operation, &error, fence)),
            }
        }
    }

    /// Whether the ledger knows any record of this workflow.
    pub async fn has_records(&self) -> Result<bool, StoreError> {
        let page = self
            .counted()
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND begins_with(sk, :record)")
            .projection_expression("sk")
            .expression_attribute_values(":pk", self.pk())
            .expression_attribute_values(":record", text("record#"))
            .limit(1)
            .send()
            .await
            .map_err(|error| failed("query_records", &error))?;
        Ok(page.count > 0)
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

    fn record_item<P: Serialize>(&self, row: &RecordRow<P>) -> Result<Item, StoreError> {
        let mut item: Item =
            serde_dynamo::to_item(row).map_err(|_| StoreError::Unreadable("ledger row"))?;
        item.extend(self.record_id(&row.key));
        if let Some(due) = due_key(row) {
            item.insert(DUE_ATTRIBUTE.to_owned(), text(due));
        }
        Ok(item)
    }

    fn record_id(&self, key: &RecordKey) -> Item {
        HashMap::from([
            ("pk".to_owned(), self.pk()),
            ("sk".to_owned(), text(format!("record#{key}"))),
        ])
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// The condition of writing a row: there is none, or one of this run or an earlier one that it may follow.
fn may_be_written<P>(row: &RecordRow<P>) -> (String, HashMap<String, AttributeValue>) {
    let mut values = HashMap::from([(":fence".to_owned(), number(row.fence))]);
    let mut condition = NOT_SUPERSEDED.to_owned();
    for (at, state) in row.state.never_follows().iter().enumerate() {
        let name = format!(":never{at}");
        condition = format!("{condition} AND #state <> {name}");
        values.insert(
            name,
            serde_dynamo::to_attribute_value(state).expect("a word"),
        );
    }
    (condition, values)
}

/// `state` is a word of DynamoDB's own.
fn names<P>(row: &RecordRow<P>) -> Option<HashMap<String, String>> {
    let used = !row.state.never_follows().is_empty();
    used.then(|| HashMap::from([("#state".to_owned(), "state".to_owned())]))
}

/// Why a row was refused, by the one that is there.
fn overtaken_or_illegal(there: Option<&Item>, fence: u64) -> StoreError {
    let written_by = there.and_then(|there| there.get("fence")?.as_n().ok()?.parse::<u64>().ok());
    if written_by.is_some_and(|written_by| written_by <= fence) {
        StoreError::Illegal
    } else {
        StoreError::Superseded
    }
}

/// Why the parts of a transaction were refused; nothing for a part that was not, or for another error.
fn refusals<R>(error: &SdkError<TransactWriteItemsError, R>) -> Vec<&str> {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            let codes = cancelled.cancellation_reasons().iter();
            let codes = codes.filter_map(|reason| reason.code());
            codes.filter(|code| *code != "None").collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a transaction met nothing but another one, or the table's limits.
fn is_passing<R>(error: &SdkError<TransactWriteItemsError, R>) -> bool {
    const PASSING: [&str; 3] = [
        "TransactionConflict",
        "ThrottlingError",
        "ProvisionedThroughputExceeded",
    ];
    let refusals = refusals(error);
    !refusals.is_empty() && refusals.iter().all(|code| PASSING.contains(code))
}

/// A failed condition means that another run has taken over, or that the row cannot follow the one that is there.
fn refused_or<R: std::fmt::Debug>(
    operation: &'static str,
    error: &SdkError<TransactWriteItemsError, R>,
    fence: u64,
) -> StoreError {
    if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
        error.as_service_error()
        && refusals(error).contains(&"ConditionalCheckFailed")
    {
        let mut there = cancelled.cancellation_reasons().iter();
        return overtaken_or_illegal(there.find_map(|reason| reason.item()), fence);
    }
    failed(operation, error)
}

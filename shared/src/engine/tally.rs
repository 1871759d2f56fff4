//! Counting and naming what became of every record, for the report, the metrics and the log.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::entry::Entry;
use super::workflow::Workflow;
use crate::domain::ids::TransactionId;
use crate::domain::outcome::{Counts, Measures, Outcome, RecordReport};
use crate::domain::reason::Reason;
use crate::domain::record::RecordKey;
use crate::store::{RecordRow, RecordState, Unfinished};

/// Most lines of a report.
const LISTED: usize = 100;

/// One record has settled.
#[derive(Debug)]
pub struct Progress<'t> {
    /// The record and its outcome.
    pub record: &'t RecordReport,
    /// The sums so far, this record included.
    pub counts: &'t Counts,
}

/// The sums of a run so far.
pub struct Tally<'r> {
    watch: &'r dyn Fn(&Progress<'_>),
    pub counts: Counts,
    pub measures: Measures,
    /// Writes begun at the destination.
    pub writes: usize,
    pub reasons: BTreeMap<Reason, u64>,
    failed: Vec<RecordReport>,
    succeeded: Vec<RecordReport>,
}

impl<'r> Tally<'r> {
    /// Nothing counted yet.
    pub fn new(watch: &'r dyn Fn(&Progress<'_>)) -> Self {
        Self {
            watch,
            counts: Counts::default(),
            measures: Measures::default(),
            writes: 0,
            reasons: BTreeMap::new(),
            failed: Vec::new(),
            succeeded: Vec::new(),
        }
    }

    /// Counts a record's outcome in this run, and logs it.
    pub fn add(&mut self, record: RecordReport) {
        tracing::info!(
            record = %record.key,
            outcome = record.outcome.as_str(),
            reason = record.reason.map(Reason::code),
            fields = (!record.fields.is_empty()).then(|| record.fields.join(",")),
            transaction_id = record.transaction_id,
            "record"
        );
        if let Some(reason) = record.reason {
            *self.reasons.entry(reason).or_default() += 1;
        }
        let counts = &mut self.counts;
        let (count, list) = match record.outcome {
            Outcome::Delivered => (&mut counts.delivered, &mut self.succeeded),
            Outcome::AlreadyInPlace => (&mut counts.already_in_place, &mut self.succeeded),
            Outcome::AwaitingConfirmation => (&mut counts.awaiting_confirmation, &mut self.failed),
            Outcome::Skipped => (&mut counts.skipped, &mut self.failed),
            Outcome::Held => (&mut counts.held, &mut self.failed),
            Outcome::WillRetry => (&mut counts.will_retry, &mut self.failed),
            Outcome::Deferred => (&mut counts.deferred, &mut self.failed),
        };
        *count += 1;
        counts.discovered += 1;
        (self.watch)(&Progress {
            record: &record,
            counts: &self.counts,
        });
        if list.len() < LISTED {
            list.push(record);
        }
    }

    /// Counts an outcome that needs no explanation.
    pub fn add_plain(&mut self, key: RecordKey, outcome: Outcome) {
        self.add(plain(key, outcome));
    }

    /// The same, for a record that was gated: a remark on it is stated, and one that is not sent ages.
    pub fn add_seen<W: Workflow>(&mut self, entry: &Entry<W>, outcome: Outcome) {
        let delivered = outcome == Outcome::Delivered;
        self.add(RecordReport {
            reason: entry.remark.filter(|_| delivered),
            ..plain(entry.key.clone(), outcome)
        });
        if outcome == Outcome::Deferred {
            self.unsent(entry.first_seen_at);
        }
    }

    /// Counts a record as its new row says.
    pub fn add_row<W: Workflow>(
        &mut self,
        entry: &Entry<W>,
        row: &RecordRow<W::Place>,
        outcome: Outcome,
    ) {
        self.add(RecordReport {
            key: row.key.clone(),
            outcome,
            reason: row.reason,
            fields: row.fields.clone(),
            transaction_id: row.transaction_id.clone(),
        });
        match outcome {
            Outcome::Held => self.held(entry.first_seen_at),
            Outcome::WillRetry => self.unsent(entry.first_seen_at),
            _ => {}
        }
    }

    /// Counts what a dry run would have delivered, with the names of the fields.
    pub fn add_dry<W: Workflow>(
        &mut self,
        entry: &Entry<W>,
        remark: Option<Reason>,
        fields: Vec<String>,
    ) {
        self.add(RecordReport {
            reason: remark,
            fields,
            ..plain(entry.key.clone(), Outcome::Delivered)
        });
    }

    /// Counts a record that the destination has accepted and not confirmed.
    pub fn add_awaiting<W: Workflow>(&mut self, entry: &Entry<W>, transaction: &TransactionId) {
        self.add(RecordReport {
            reason: entry.remark,
            transaction_id: Some(transaction.to_string()),
            ..plain(entry.key.clone(), Outcome::AwaitingConfirmation)
        });
        self.unsent(entry.first_seen_at);
    }

    /// A record that was first met then is not sent.
    pub fn unsent(&mut self, since: Timestamp) {
        self.measures.oldest_unsent = Some(earliest(self.measures.oldest_unsent, since));
    }

    /// A record that was first met then is held.
    pub fn held(&mut self, since: Timestamp) {
        self.measures.oldest_held = Some(earliest(self.measures.oldest_held, since));
    }

    /// A record that this run leaves as the ledger has it.
    pub fn note_unfinished(&mut self, row: &Unfinished) {
        match row.state {
            RecordState::Held => self.held(row.first_seen_at),
            _ => self.unsent(row.first_seen_at),
        }
    }

    /// How many records ended in one of the outcomes that need work.
    pub fn worked_on(&self) -> u64 {
        let counts = &self.counts;
        counts.discovered - counts.deferred
    }

    /// The lines of the report: what was not delivered first.
    pub fn records(&mut self) -> Vec<RecordReport> {
        let mut records = std::mem::take(&mut self.failed);
        records.append(&mut self.succeeded);
        records.truncate(LISTED);
        records
    }
}

/// The line about a record that stays as its row says.
pub fn line<W: Workflow>(entry: &Entry<W>, outcome: Outcome) -> RecordReport {
    let row = entry.before.as_ref();
    let explained = outcome != Outcome::AlreadyInPlace;
    RecordReport {
        reason: row.and_then(|row| row.reason).filter(|_| explained),
        fields: row.map(|row| row.fields.clone()).unwrap_or_default(),
        transaction_id: row
            .and_then(|row| row.transaction_id.clone())
            .filter(|_| explained),
        ..plain(entry.key.clone(), outcome)
    }
}

/// A line without an explanation.
pub fn plain(key: RecordKey, outcome: Outcome) -> RecordReport {
    RecordReport {
        key,
        outcome,
        reason: None,
        fields: Vec::new(),
        transaction_id: None,
    }
}

fn earliest(before: Option<Timestamp>, other: Timestamp) -> Timestamp {
    before.map_or(other, |before| before.min(other))
}

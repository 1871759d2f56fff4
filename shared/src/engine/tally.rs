//! Counting and naming what became of every record, for the report and the log.

use std::collections::BTreeMap;

use crate::domain::outcome::{Counts, Outcome, RecordReport};
use crate::domain::reason::Reason;
use crate::domain::record::RecordKey;

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
            Outcome::Held => (&mut counts.held, &mut self.failed),
            Outcome::WillRetry => (&mut counts.will_retry, &mut self.failed),
            Outcome::Deferred => (&mut counts.deferred, &mut self.failed),
        };
        *count += 1;
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
        self.add(RecordReport {
            key,
            outcome,
            reason: None,
            fields: Vec::new(),
            transaction_id: None,
        });
    }

    /// How many records ended in one of the outcomes that need work.
    pub fn worked_on(&self) -> u64 {
        let counts = &self.counts;
        counts.delivered + counts.already_in_place + counts.held + counts.will_retry
    }

    /// The lines of the report: what was not delivered first.
    pub fn records(&mut self) -> Vec<RecordReport> {
        let mut records = std::mem::take(&mut self.failed);
        records.append(&mut self.succeeded);
        records.truncate(LISTED);
        records
    }
}

//! The line of the report about one record.

use jiff::Timestamp;

use super::record::Record;
use super::workflow::Workflow;
use crate::domain::ids::TransactionId;
use crate::domain::outcome::{Outcome, RecordReport};
use crate::domain::reason::Reason;
use crate::domain::record::RecordKey;
use crate::store::RecordRow;

/// What a record counts as.
#[derive(Clone, Debug)]
pub struct Line {
    pub record: RecordReport,
    /// When it was first met, where that is known.
    pub since: Option<Timestamp>,
    /// Whether the log has said so before.
    pub said_before: bool,
}

impl Line {
    /// A record of which nothing is known but its key.
    pub fn plain(key: RecordKey, outcome: Outcome) -> Self {
        Self {
            record: plain(key, outcome),
            since: None,
            said_before: false,
        }
    }

    /// The same, for this reason.
    pub fn because(self, reason: Reason) -> Self {
        let record = RecordReport {
            reason: Some(reason),
            ..self.record
        };
        Self { record, ..self }
    }

    /// The same, with the names of the fields at fault.
    pub fn with_fields(self, fields: Vec<String>) -> Self {
        let record = RecordReport {
            fields,
            ..self.record
        };
        Self { record, ..self }
    }

    /// A record that is on its way or there, with all that is remarked on it if it is there.
    pub fn seen<W: Workflow>(record: &Record<W>, outcome: Outcome) -> Self {
        let line = match outcome {
            Outcome::Delivered => remarked(record, outcome),
            _ => plain(record.key.clone(), outcome),
        };
        Self::of(record, line)
    }

    /// A record that may have reached its destination, or is there and its row is not kept.
    pub fn under_way<W: Workflow>(record: &Record<W>) -> Self {
        let line = Self::seen(record, Outcome::WillRetry).because(Reason::UnderWay);
        Self {
            since: None,
            ..line
        }
    }

    /// A record that stays as its row says. The log has said so before, save what is remarked anew.
    pub fn unchanged<W: Workflow>(record: &Record<W>, outcome: Outcome) -> Self {
        let row = record.before.as_ref();
        let explained = outcome != Outcome::AlreadyInPlace;
        let line = RecordReport {
            reason: row.and_then(|row| row.reason).filter(|_| explained),
            fields: row.map(|row| row.fields.clone()).unwrap_or_default(),
            transaction_id: row
                .and_then(|row| row.transaction_id.clone())
                .filter(|_| explained),
            remarks: record.new_remarks(),
            ..plain(record.key.clone(), outcome)
        };
        Self {
            said_before: line.remarks.is_empty(),
            ..Self::of(record, line)
        }
    }

    /// A record that this run has written at the destination, and the ledger could not keep.
    pub fn unkept<W: Workflow>(record: &Record<W>) -> Self {
        Self::seen(record, Outcome::WillRetry).because(Reason::LedgerUnavailable)
    }

    /// A record as its new row says.
    pub fn row<W: Workflow>(
        record: &Record<W>,
        row: &RecordRow<W::Place>,
        outcome: Outcome,
    ) -> Self {
        let line = RecordReport {
            key: row.key.clone(),
            outcome,
            reason: row.reason,
            fields: row.fields.clone(),
            transaction_id: row.transaction_id.clone(),
            remarks: record.new_remarks(),
        };
        Self::of(record, line)
    }

    /// What a dry run would have delivered, with the names of the fields.
    pub fn foreseen<W: Workflow>(
        record: &Record<W>,
        remark: Option<Reason>,
        fields: Vec<String>,
    ) -> Self {
        let line = RecordReport {
            reason: remark,
            fields,
            remarks: remark.into_iter().collect(),
            ..plain(record.key.clone(), Outcome::Delivered)
        };
        Self::of(record, line)
    }

    /// A record that the destination has accepted under this transaction, and confirmed or not.
    pub fn accepted<W: Workflow>(
        record: &Record<W>,
        transaction: &TransactionId,
        outcome: Outcome,
    ) -> Self {
        let line = RecordReport {
            transaction_id: Some(transaction.to_string()),
            ..remarked(record, outcome)
        };
        Self::of(record, line)
    }

    const fn of<W: Workflow>(record: &Record<W>, line: RecordReport) -> Self {
        Self {
            record: line,
            since: Some(record.first_seen_at),
            said_before: false,
        }
    }
}

/// The line about a record that is on its way or there, with all that is remarked on it.
fn remarked<W: Workflow>(record: &Record<W>, outcome: Outcome) -> RecordReport {
    RecordReport {
        reason: record.remarks.keys().next().copied(),
        remarks: record.remarks.keys().copied().collect(),
        ..plain(record.key.clone(), outcome)
    }
}

/// A line without an explanation.
fn plain(key: RecordKey, outcome: Outcome) -> RecordReport {
    RecordReport {
        key,
        outcome,
        reason: None,
        fields: Vec::new(),
        transaction_id: None,
        remarks: Vec::new(),
    }
}

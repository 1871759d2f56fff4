//! Counting and naming what became of every record, for the report, the metrics and the log.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::entry::Entry;
use super::workflow::Workflow;
use crate::domain::ids::TransactionId;
use crate::domain::outcome::{Counts, Measures, Outcome, RecordReport, Standing};
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
    /// A dry run delivers nothing: it counts what a real one would.
    pub dry_run: bool,
    /// Whether nobody is told of the records.
    quiet: bool,
    pub counts: Counts,
    /// What this run met: all measures but the standing.
    pub measures: Measures,
    /// How the records stand that this run looked at.
    standing: Standing,
    /// What the ledger has unfinished and this run has not looked at; none before it is read.
    untouched: Option<HashMap<RecordKey, Unfinished>>,
    /// Writes begun at the destination.
    pub writes: usize,
    pub reasons: BTreeMap<Reason, u64>,
    pub remarks: BTreeMap<Reason, u64>,
    /// Records that come more than once in a run, or may: the ledger brings them, or the source offers them again while they are worked
    /// on. With what became of them so far.
    recurring: HashMap<RecordKey, Option<RecordReport>>,
    failed: Vec<RecordReport>,
    succeeded: Vec<RecordReport>,
}

impl<'r> Tally<'r> {
    /// Nothing counted yet.
    pub fn new(watch: &'r dyn Fn(&Progress<'_>)) -> Self {
        Self {
            watch,
            dry_run: false,
            quiet: false,
            counts: Counts::default(),
            measures: Measures::default(),
            standing: Standing::default(),
            untouched: None,
            writes: 0,
            reasons: BTreeMap::new(),
            remarks: BTreeMap::new(),
            recurring: HashMap::new(),
            failed: Vec::new(),
            succeeded: Vec::new(),
        }
    }

    /// For a dry look of which nothing is told but how it ends.
    pub fn silent() -> Tally<'static> {
        Tally {
            dry_run: true,
            quiet: true,
            ..Tally::new(&|_| {})
        }
    }

    /// What the ledger has unfinished before the run.
    pub fn read_ledger(&mut self, unfinished: &[Unfinished]) {
        let rows = unfinished.iter().map(|row| (row.key.clone(), row.clone()));
        self.untouched = Some(rows.collect());
    }

    /// This record may come again, and has not been counted yet: however often the run looks at it, it counts once.
    pub fn count_once(&mut self, key: RecordKey) {
        self.recurring.entry(key).or_default();
    }

    /// Counts a record's outcome in this run, and logs it.
    pub fn add(&mut self, record: RecordReport) {
        if !self.quiet {
            log(&self.as_counted(record.clone()));
        }
        self.count(record);
    }

    fn as_counted(&self, mut record: RecordReport) -> RecordReport {
        if self.dry_run && record.outcome == Outcome::Delivered {
            record.outcome = Outcome::WouldDeliver;
        }
        record
    }

    /// Counts a record's outcome, and says nothing of it.
    fn count(&mut self, record: RecordReport) {
        let record = self.as_counted(record);
        // What is put off stays as the ledger has it.
        if record.outcome != Outcome::Deferred
            && let Some(untouched) = &mut self.untouched
        {
            untouched.remove(&record.key);
        }
        if let Some(seen) = self.recurring.get_mut(&record.key) {
            let adds_nothing =
                matches!(record.outcome, Outcome::AlreadyInPlace | Outcome::Deferred);
            if seen.is_some() && adds_nothing {
                return;
            }
            if let Some(before) = seen.replace(record.clone()) {
                self.take_back(&before);
            }
        }
        if let Some(reason) = explanation(&record) {
            *self.reasons.entry(reason).or_default() += 1;
        }
        for word in &record.remarks {
            *self.remarks.entry(*word).or_default() += 1;
        }
        self.counts.discovered += 1;
        *self.place_of(record.outcome).0 += 1;
        (self.watch)(&Progress {
            record: &record,
            counts: &self.counts,
        });
        let list = self.place_of(record.outcome).1;
        if list.len() < LISTED {
            list.push(record);
        }
    }

    /// Counts remarks on what is no record.
    pub fn count_remarks(&mut self, words: &[Reason]) {
        for word in words {
            *self.remarks.entry(*word).or_default() += 1;
        }
    }

    /// Uncounts what a second look at the same record has overtaken.
    fn take_back(&mut self, record: &RecordReport) {
        if let Some(reason) = explanation(record)
            && let Some(count) = self.reasons.get_mut(&reason)
        {
            *count -= 1;
        }
        for word in &record.remarks {
            if let Some(count) = self.remarks.get_mut(word) {
                *count -= 1;
            }
        }
        self.reasons.retain(|_, count| *count > 0);
        self.remarks.retain(|_, count| *count > 0);
        self.counts.discovered -= 1;
        let (count, list) = self.place_of(record.outcome);
        *count -= 1;
        list.retain(|line| line.key != record.key);
    }

    /// Where an outcome is counted, and listed.
    const fn place_of(&mut self, outcome: Outcome) -> (&mut u64, &mut Vec<RecordReport>) {
        let counts = &mut self.counts;
        match outcome {
            Outcome::Delivered => (&mut counts.delivered, &mut self.succeeded),
            Outcome::WouldDeliver => (&mut counts.would_deliver, &mut self.succeeded),
            Outcome::AlreadyInPlace => (&mut counts.already_in_place, &mut self.succeeded),
            Outcome::AwaitingConfirmation => (&mut counts.awaiting_confirmation, &mut self.failed),
            Outcome::Skipped => (&mut counts.skipped, &mut self.failed),
            Outcome::Held => (&mut counts.held, &mut self.failed),
            Outcome::WillRetry => (&mut counts.will_retry, &mut self.failed),
            Outcome::Deferred => (&mut counts.deferred, &mut self.failed),
        }
    }

    /// Counts an outcome that needs no explanation.
    pub fn add_plain(&mut self, key: RecordKey, outcome: Outcome) {
        self.add(plain(key, outcome));
    }

    /// The same, for a record that was gated: a remark on it is stated, and one that is not sent ages.
    pub fn add_seen<W: Workflow>(&mut self, entry: &Entry<W>, outcome: Outcome) {
        if outcome == Outcome::Delivered {
            self.add(remarked(entry, outcome));
        } else {
            self.add(plain(entry.key.clone(), outcome));
        }
        self.age(entry, outcome);
    }

    /// Counts a record that stays as its row says. The log has said so before, save what is remarked anew.
    pub fn add_unchanged<W: Workflow>(&mut self, entry: &Entry<W>, outcome: Outcome) {
        let record = RecordReport {
            remarks: entry.new_remarks(),
            ..line(entry, outcome)
        };
        if record.remarks.is_empty() {
            self.count(record);
        } else {
            self.add(record);
        }
        self.age(entry, outcome);
    }

    /// Counts a record that this run has written at the destination, and the ledger could not keep.
    pub fn add_unkept<W: Workflow>(&mut self, entry: &Entry<W>) {
        self.add(RecordReport {
            reason: Some(Reason::LedgerUnavailable),
            ..plain(entry.key.clone(), Outcome::WillRetry)
        });
        self.age(entry, Outcome::WillRetry);
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
            remarks: entry.new_remarks(),
        });
        self.age(entry, outcome);
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
            remarks: remark.into_iter().collect(),
            ..plain(entry.key.clone(), Outcome::Delivered)
        });
    }

    /// Counts a record that the destination has accepted under this transaction, and confirmed or not.
    pub fn add_accepted<W: Workflow>(
        &mut self,
        entry: &Entry<W>,
        transaction: &TransactionId,
        outcome: Outcome,
    ) {
        self.add(RecordReport {
            transaction_id: Some(transaction.to_string()),
            ..remarked(entry, outcome)
        });
        self.age(entry, outcome);
    }

    /// What is not through ages from when it was first met.
    fn age<W: Workflow>(&mut self, entry: &Entry<W>, outcome: Outcome) {
        match outcome {
            Outcome::Held => self.held(entry.first_seen_at),
            Outcome::AwaitingConfirmation | Outcome::WillRetry | Outcome::Deferred => {
                self.unsent(entry.first_seen_at);
            }
            Outcome::Delivered
            | Outcome::WouldDeliver
            | Outcome::AlreadyInPlace
            | Outcome::Skipped => {}
        }
    }

    /// A record that was first met then is not sent.
    fn unsent(&mut self, since: Timestamp) {
        self.standing.oldest_unsent = Some(earliest(self.standing.oldest_unsent, since));
    }

    /// A record that was first met then is held.
    fn held(&mut self, since: Timestamp) {
        self.standing.oldest_held = Some(earliest(self.standing.oldest_held, since));
    }

    /// What the metrics show beside the report.
    pub fn measures(&mut self) -> Measures {
        let standing = self.untouched.take().map(|untouched| {
            self.standing.held = self.counts.held;
            for row in untouched.into_values() {
                if row.state == RecordState::Held {
                    self.standing.held += 1;
                    self.held(row.first_seen_at);
                } else {
                    self.unsent(row.first_seen_at);
                }
            }
            self.standing
        });
        Measures {
            standing,
            ..self.measures
        }
    }

    /// The lines of the report: what was not delivered first.
    pub fn records(&mut self) -> Vec<RecordReport> {
        let mut records = std::mem::take(&mut self.failed);
        records.append(&mut self.succeeded);
        records.truncate(LISTED);
        records
    }
}

fn log(record: &RecordReport) {
    tracing::info!(
        record = %record.key,
        outcome = record.outcome.as_str(),
        reason = record.reason.map(Reason::code),
        fields = (!record.fields.is_empty()).then(|| record.fields.join(",")),
        transaction_id = record.transaction_id,
        "record"
    );
}

/// The line about a record that stays as its row says.
fn line<W: Workflow>(entry: &Entry<W>, outcome: Outcome) -> RecordReport {
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

/// The line about a record that is on its way or there, with all that is remarked on it.
fn remarked<W: Workflow>(entry: &Entry<W>, outcome: Outcome) -> RecordReport {
    RecordReport {
        reason: entry.remarks.keys().next().copied(),
        remarks: entry.remarks.keys().copied().collect(),
        ..plain(entry.key.clone(), outcome)
    }
}

/// Why a record did not get on. A line whose record did shows a remark there, which counts as such.
fn explanation(record: &RecordReport) -> Option<Reason> {
    record.reason.filter(|reason| !reason.is_remark())
}

/// A line without an explanation.
pub fn plain(key: RecordKey, outcome: Outcome) -> RecordReport {
    RecordReport {
        key,
        outcome,
        reason: None,
        fields: Vec::new(),
        transaction_id: None,
        remarks: Vec::new(),
    }
}

fn earliest(before: Option<Timestamp>, other: Timestamp) -> Timestamp {
    before.map_or(other, |before| before.min(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(outcome: Outcome, reason: Option<Reason>) -> RecordReport {
        RecordReport {
            reason,
            remarks: reason.filter(|word| word.is_remark()).into_iter().collect(),
            ..plain(RecordKey::written("one"), outcome)
        }
    }

    /// The sums after these looks at one record that the ledger brought.
    fn after(looks: &[(Outcome, Option<Reason>)]) -> (Counts, [BTreeMap<Reason, u64>; 2], usize) {
        let mut tally = Tally::new(&|_| {});
        tally.count_once(RecordKey::written("one"));
        for (outcome, reason) in looks {
            tally.add(told(*outcome, *reason));
        }
        let lines = tally.records().len();
        (tally.counts, [tally.reasons, tally.remarks], lines)
    }

    #[test]
    fn a_record_that_is_looked_at_twice_counts_once() {
        let refused = (Outcome::Held, Some(Reason::RejectedByProgres));
        assert_eq!(after(&[refused, refused]), after(&[refused]));
        let delivered = (Outcome::Delivered, None);
        let in_place = (Outcome::AlreadyInPlace, None);
        assert_eq!(after(&[delivered, in_place]), after(&[delivered]));
        let busy = (Outcome::WillRetry, Some(Reason::PingUnavailable));
        assert_eq!(after(&[busy, (Outcome::Deferred, None)]), after(&[busy]));
    }

    #[test]
    fn what_a_second_look_brings_replaces_what_the_first_one_brought() {
        let busy = (Outcome::WillRetry, Some(Reason::PingUnavailable));
        let delivered = (Outcome::Delivered, Some(Reason::ContactSubstituted));
        assert_eq!(after(&[busy, delivered]), after(&[delivered]));
        assert_eq!(after(&[delivered, busy]), after(&[busy]));
    }

    #[test]
    fn a_remark_counts_beside_the_reasons() {
        let (_, [reasons, remarks], _) =
            after(&[(Outcome::Delivered, Some(Reason::ContactSubstituted))]);
        assert!(reasons.is_empty());
        assert_eq!(remarks, BTreeMap::from([(Reason::ContactSubstituted, 1)]));
    }

    #[test]
    fn records_that_the_source_brings_count_as_they_come() {
        let mut tally = Tally::new(&|_| {});
        for _ in 0..2 {
            tally.add(told(Outcome::Delivered, None));
        }
        assert_eq!(tally.counts.delivered, 2);
    }
}

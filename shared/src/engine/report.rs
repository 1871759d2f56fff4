//! Counting and naming what became of every record, for the report, the metrics and the log.

use std::cell::{RefCell, RefMut};
use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::line::Line;
use crate::domain::outcome::{Counts, Measures, Outcome, RecordReport, Standing};
use crate::domain::reason::Reason;
use crate::domain::record::RecordKey;
use crate::store::{RecordState, Unfinished};

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

/// What a run counts, and whom it tells.
pub struct Report<'r> {
    watch: &'r dyn Fn(&Progress<'_>),
    /// A dry run delivers nothing: it counts what a real one would.
    dry_run: bool,
    /// Whether nobody is told of the records.
    quiet: bool,
    sums: RefCell<Sums>,
}

/// The sums of a run so far.
#[derive(Default)]
pub struct Sums {
    pub counts: Counts,
    /// What this run met: all measures but the standing.
    pub measures: Measures,
    /// How the records stand that this run looked at.
    standing: Standing,
    /// What the ledger has unfinished and this run has not looked at; none before it is read.
    untouched: Option<HashMap<RecordKey, Unfinished>>,
    pub reasons: BTreeMap<Reason, u64>,
    pub remarks: BTreeMap<Reason, u64>,
    /// Records that come more than once in a run, or may: the ledger brings them, or the source
    /// offers them again while they live. With what became of them so far.
    recurring: HashMap<RecordKey, Option<RecordReport>>,
    failed: Vec<RecordReport>,
    succeeded: Vec<RecordReport>,
}

impl<'r> Report<'r> {
    /// Nothing counted yet.
    pub fn new(watch: &'r dyn Fn(&Progress<'_>), dry_run: bool) -> Self {
        Self {
            watch,
            dry_run,
            quiet: false,
            sums: RefCell::default(),
        }
    }

    /// For a dry look of which nothing is told but how it ends.
    pub fn silent() -> Report<'static> {
        Report {
            quiet: true,
            ..Report::new(&|_| {}, true)
        }
    }

    /// The sums so far.
    pub fn sums(&self) -> RefMut<'_, Sums> {
        self.sums.borrow_mut()
    }

    /// This record may come again, and has not been counted yet: however often the run looks at it,
    /// it counts once.
    pub fn count_once(&self, key: RecordKey) {
        self.sums().recurring.entry(key).or_default();
    }

    /// Counts what became of a record in this run, and logs it unless the log has said so before.
    pub fn count(&self, line: Line) {
        let Line {
            mut record,
            since,
            said_before,
        } = line;
        if self.dry_run && record.outcome == Outcome::Delivered {
            record.outcome = Outcome::WouldDeliver;
        }
        if !self.quiet && !said_before {
            log(&record);
        }
        let mut sums = self.sums();
        sums.age(record.outcome, since);
        if sums.add(&record) {
            (self.watch)(&Progress {
                record: &record,
                counts: &sums.counts,
            });
            sums.list(record);
        }
    }
}

impl Sums {
    /// What the ledger has unfinished before the run.
    pub fn read_ledger(&mut self, unfinished: &[Unfinished]) {
        let rows = unfinished.iter().map(|row| (row.key.clone(), row.clone()));
        self.untouched = Some(rows.collect());
    }

    /// Counts a record; false if that adds nothing.
    fn add(&mut self, record: &RecordReport) -> bool {
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
                return false;
            }
            if let Some(before) = seen.replace(record.clone()) {
                self.take_back(&before);
            }
        }
        if let Some(reason) = explanation(record) {
            *self.reasons.entry(reason).or_default() += 1;
        }
        for word in &record.remarks {
            *self.remarks.entry(*word).or_default() += 1;
        }
        self.counts.discovered += 1;
        *self.place_of(record.outcome).0 += 1;
        true
    }

    /// Lists a record that was counted.
    fn list(&mut self, record: RecordReport) {
        let list = self.place_of(record.outcome).1;
        if list.len() < LISTED {
            list.push(record);
        }
    }

    /// What was counted as newly held turned out not to be.
    pub const fn was_not_newly_held(&mut self) {
        self.measures.newly_held = self.measures.newly_held.saturating_sub(1);
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

    /// What is not through ages from when it was first met.
    fn age(&mut self, outcome: Outcome, since: Option<Timestamp>) {
        let Some(since) = since else { return };
        match outcome {
            Outcome::Held => self.held(since),
            Outcome::AwaitingConfirmation | Outcome::WillRetry | Outcome::Deferred => {
                self.unsent(since);
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

/// What a record counts as, were its life to end now. It is counted as that when this is dropped:
/// at the end of its life, or when a run waits no longer for it.
pub struct Account<'r> {
    report: &'r Report<'r>,
    line: Option<Line>,
    /// Whether that stands, whatever comes.
    stands: bool,
}

impl<'r> Account<'r> {
    /// A record that was met, and of which nothing is known yet.
    pub fn open(report: &'r Report<'r>, key: &RecordKey) -> Self {
        Self {
            report,
            line: Some(Line::plain(key.clone(), Outcome::Deferred)),
            stands: false,
        }
    }

    /// From now on it counts as this, unless it stands already.
    pub fn set(&mut self, line: Line) {
        if !self.stands {
            self.line = Some(line);
        }
    }

    /// It counts as this, whatever comes.
    pub fn set_for_good(&mut self, line: Line) {
        self.line = Some(line);
        self.stands = true;
    }

    /// Whether what it counts as stands.
    pub const fn stands(&self) -> bool {
        self.stands
    }

    /// It does not count.
    pub fn forget(&mut self) {
        self.line = None;
    }
}

impl Drop for Account<'_> {
    fn drop(&mut self) {
        if let Some(line) = self.line.take() {
            self.report.count(line);
        }
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

/// Why a record did not get on. A line whose record did shows a remark there, which counts as such.
fn explanation(record: &RecordReport) -> Option<Reason> {
    record.reason.filter(|reason| !reason.is_remark())
}

fn earliest(before: Option<Timestamp>, other: Timestamp) -> Timestamp {
    before.map_or(other, |before| before.min(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(outcome: Outcome, reason: Option<Reason>) -> Line {
        let mut line = Line::plain(RecordKey::written("one"), outcome);
        line.record.reason = reason;
        line.record.remarks = reason.filter(|word| word.is_remark()).into_iter().collect();
        line
    }

    /// The sums after these looks at one record that the ledger brought.
    fn after(looks: &[(Outcome, Option<Reason>)]) -> (Counts, [BTreeMap<Reason, u64>; 2], usize) {
        let report = Report::new(&|_| {}, false);
        report.count_once(RecordKey::written("one"));
        for (outcome, reason) in looks {
            report.count(told(*outcome, *reason));
        }
        let mut sums = report.sums.into_inner();
        let lines = sums.records().len();
        (sums.counts, [sums.reasons, sums.remarks], lines)
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
        let report = Report::new(&|_| {}, false);
        for _ in 0..2 {
            report.count(told(Outcome::Delivered, None));
        }
        assert_eq!(report.sums().counts.delivered, 2);
    }
}

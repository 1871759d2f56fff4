//! What follows from each call: on to the next stage, or a row in the ledger and a line in the report.

use std::collections::hash_map::Entry as MapEntry;
use std::collections::{HashMap, VecDeque};

use super::conveyor::Conveyor;
use super::entry::{Entry, Item, News, Stage, Telling};
use super::gating::{Gate, changed, gate};
use super::panics::guarded_now;
use super::stages::{Next, Step};
use super::tally::Tally;
use super::workflow::{
    BatchResult, Fault, FaultKind, Located, Mapped, Partition, Trouble, Verification, Workflow,
};
use crate::clock::later;
use crate::domain::fingerprint::Fingerprint;
use crate::domain::outcome::{Outcome, RecordReport};
use crate::domain::reason::{Reason, Stop};
use crate::domain::record::RecordKey;
use crate::store::{Lease, RecordRow, RecordState, StoreError};

/// How often a record is written in one run before it is left to a later one.
const MOST_WRITES: u32 = 3;
/// How often the source is told again of a record that it still lists.
const MOST_TOLD: u32 = 3;

impl<W: Workflow> Conveyor<'_, W> {
    /// Takes in a call that has ended.
    pub(super) fn absorb(&mut self, step: Step<W>, tally: &mut Tally<'_>) {
        match step {
            Step::Gated(keys, rows) => self.gated(keys, rows, tally),
            Step::Prepared(answer) => {
                self.busy.preparing -= 1;
                match answer {
                    Ok(()) => self.prepared = true,
                    Err(reason) => self.halt(reason),
                }
            }
            Step::Fetched(number, entries, answer) => {
                self.busy.fetching -= 1;
                self.early.insert(number, (entries, answer));
                while let Some((entries, answer)) = self.early.remove(&self.next_answer) {
                    self.next_answer += 1;
                    self.fetched(entries, answer, tally);
                }
            }
            Step::Located(items, answer) => {
                self.busy.locating -= 1;
                self.located(items, answer, tally);
            }
            Step::Wrote(item, answer) => {
                self.busy.writing -= 1;
                self.wrote(item, answer, tally);
            }
            Step::Kept(answer, next) => {
                self.busy.keeping -= 1;
                self.kept(answer, next);
            }
            Step::Verified(items, answer) => {
                self.busy.verifying -= 1;
                self.verified(items, answer, tally);
            }
            Step::Told(tellings, answer) => {
                self.busy.telling -= 1;
                self.told(tellings, answer, tally);
            }
        }
    }

    fn gated(
        &mut self,
        keys: Vec<RecordKey>,
        rows: Result<HashMap<RecordKey, RecordRow<W::Place>>, StoreError>,
        tally: &mut Tally<'_>,
    ) {
        self.busy.gating -= 1;
        let mut rows = match rows {
            Ok(rows) => rows,
            Err(error) => {
                self.ungated.extend(keys);
                return self.halt(error.into());
            }
        };
        let now = self.run.around.clock.now();
        for key in keys {
            let row = rows.remove(&key);
            let decision = gate(row.as_ref(), now, &self.run.around.profile_version);
            let fault = self.unusable.remove(&key);
            let entry = Entry::new(key, row, now);
            match (decision, fault) {
                (Gate::Open, None) => {
                    self.placing = true;
                    self.due.push_back(entry);
                }
                (Gate::OpenIfChanged, None) => self.due.push_back(entry),
                (Gate::OpenIfChanged, Some(_)) => self.leave_held(entry, tally),
                (_, Some(fault)) => self.settle(entry, fault, tally),
                (Gate::NotDue, None) => tally.add_plain(entry.key, Outcome::Deferred),
                (Gate::Tell, None) => self.tell_again(entry, tally),
            }
        }
    }

    fn tell_again(&mut self, entry: Entry<W::Place>, tally: &mut Tally<'_>) {
        let (told, done) = entry
            .before
            .as_ref()
            .map_or((0, false), |row| (row.told, row.state == RecordState::Done));
        match entry.place.clone() {
            None => self.due.push_back(entry),
            Some(_) if done && told >= MOST_TOLD => {
                self.settle(
                    entry,
                    Fault::hold(Reason::StillPendingAtSource, Vec::new()),
                    tally,
                );
            }
            Some(place) => {
                let news = if done { News::Again } else { News::InPlace };
                self.to_tell.push_back(Telling { entry, place, news });
            }
        }
    }

    fn fetched(
        &mut self,
        entries: Vec<Entry<W::Place>>,
        answer: BatchResult<W::Source>,
        tally: &mut Tally<'_>,
    ) {
        let Some(answers) = self.answers(answer, entries.len()) else {
            self.due.extend(entries);
            return;
        };
        for (mut entry, answer) in entries.into_iter().zip(answers) {
            let source = match answer {
                Ok(source) => source,
                Err(fault) => {
                    self.settle(entry, fault, tally);
                    continue;
                }
            };
            let now = self.run.around.clock.now();
            let mapped = match guarded_now(|| self.run.workflow.map(&entry.key, source, now)) {
                Ok(mapped) => mapped,
                Err(fault) => {
                    self.settle(entry, fault, tally);
                    continue;
                }
            };
            let Mapped {
                fingerprint,
                place,
                result,
            } = mapped;
            let unchanged = self.still_held(&entry, &fingerprint);
            entry.fingerprint = Some(fingerprint);
            entry.place = place;
            if unchanged {
                self.leave_held(entry, tally);
                continue;
            }
            match result {
                Ok((partition, record)) => {
                    self.enter(Item {
                        entry,
                        partition,
                        record,
                        writes: 0,
                        verify_at: now,
                    });
                }
                Err(fault) => self.settle(entry, fault, tally),
            }
        }
    }

    /// Whether a record is held and has not changed since.
    fn still_held(&self, entry: &Entry<W::Place>, now: &Fingerprint) -> bool {
        entry.before.as_ref().is_some_and(|row| {
            let same_profile = row.profile_version == self.run.around.profile_version;
            row.state == RecordState::Held && same_profile && !changed(row, now)
        })
    }

    /// A record that was held and has not changed stays as it is. Its row is written anew only if the fingerprint's key was rotated,
    /// or once the source has been told.
    fn leave_held(&mut self, entry: Entry<W::Place>, tally: &mut Tally<'_>) {
        let Some(row) = entry.before.clone() else {
            return;
        };
        tally.add(RecordReport {
            key: row.key.clone(),
            outcome: Outcome::Held,
            reason: row.reason,
            fields: row.fields.clone(),
            transaction_id: row.transaction_id.clone(),
        });
        let Lease { run_id, fence, .. } = self.run.lease.clone();
        let rotated = row.fingerprint != entry.fingerprint;
        let row = RecordRow {
            fingerprint: entry.fingerprint.clone(),
            run_id,
            fence,
            ..row
        };
        match entry.place.clone() {
            Some(place) if self.is_to_be_told(&row) => {
                let news = News::Held(Box::new(row));
                self.to_tell.push_back(Telling { entry, place, news });
            }
            _ if rotated => self.begin_keeping(row, Next::Nothing),
            _ => {}
        }
    }

    /// Whether the source wants to know of this held record, and does not. What is in place at the destination must never be told as
    /// a failure.
    fn is_to_be_told(&self, held: &RecordRow<W::Place>) -> bool {
        self.run.workflow.tells_held() && held.told == 0 && !held.in_place
    }

    /// Lets a record on to locating, or queues it behind the one that is at work on its partition.
    fn enter(&mut self, item: Item<W>) {
        match self.partitions.entry(item.partition.clone()) {
            MapEntry::Occupied(mut waiting) => waiting.get_mut().push_back(item),
            MapEntry::Vacant(free) => {
                free.insert(VecDeque::new());
                self.to_locate.push_back(item);
            }
        }
    }

    /// The record at work on this partition is through; the next one may follow.
    pub(super) fn leave(&mut self, partition: &Partition) {
        match self
            .partitions
            .get_mut(partition)
            .and_then(VecDeque::pop_front)
        {
            Some(next) => self.to_locate.push_back(next),
            None => {
                self.partitions.remove(partition);
            }
        }
    }

    fn located(
        &mut self,
        items: Vec<Item<W>>,
        answer: BatchResult<Located<W>>,
        tally: &mut Tally<'_>,
    ) {
        let Some(answers) = self.answers(answer, items.len()) else {
            self.to_locate.extend(items);
            return;
        };
        for (mut item, answer) in items.into_iter().zip(answers) {
            match answer {
                Ok(Located::Missing(plan)) => self.to_write.push_back((item, plan)),
                Ok(Located::InPlace(place)) => {
                    self.leave(&item.partition);
                    item.entry.stage = Stage::Verified;
                    self.tell_in_place(item.entry, place);
                }
                Err(fault) => self.settle_item(item, fault, tally),
            }
        }
    }

    fn wrote(
        &mut self,
        mut item: Item<W>,
        answer: Result<W::Place, Trouble>,
        tally: &mut Tally<'_>,
    ) {
        match answer {
            Ok(place) => {
                self.failures = 0;
                self.leave(&item.partition);
                let around = self.run.around;
                item.verify_at = later(around.clock.now(), around.settings.verify_after);
                item.writes += 1;
                item.entry.wrote = true;
                item.entry.stage = Stage::Written;
                item.entry.place = Some(place);
                let row = self.run.row(&item.entry, RecordState::Written);
                self.begin_keeping(row, Next::Verify(item));
            }
            Err(Trouble::Record(fault)) => {
                self.note_fault(&fault);
                self.settle_item(item, fault, tally);
            }
            Err(Trouble::Run(stop)) => {
                self.to_locate.push_back(item);
                self.halt(stop);
            }
        }
    }

    fn kept(&mut self, answer: Result<(), StoreError>, next: Next<W>) {
        if let Err(error) = answer {
            self.halt(error.into());
        }
        match next {
            Next::Verify(item) => self.to_verify.push_back(item),
            Next::Tell(telling) => self.to_tell.push_back(telling),
            Next::Nothing => {}
        }
    }

    fn verified(
        &mut self,
        items: Vec<Item<W>>,
        answer: BatchResult<Verification<W::Place>>,
        tally: &mut Tally<'_>,
    ) {
        let Some(answers) = self.answers(answer, items.len()) else {
            self.to_verify.extend(items);
            return;
        };
        for (mut item, answer) in items.into_iter().zip(answers) {
            match answer {
                Ok(Verification::Verified(place)) => {
                    item.entry.stage = Stage::Verified;
                    self.tell_in_place(item.entry, place);
                }
                Ok(Verification::Gone) if item.writes < MOST_WRITES => self.enter(item),
                Ok(Verification::Gone) => {
                    self.settle(item.entry, Fault::retry(Reason::NotVerified), tally);
                }
                Err(fault) => self.settle(item.entry, fault, tally),
            }
        }
    }

    fn tell_in_place(&mut self, mut entry: Entry<W::Place>, place: W::Place) {
        entry.place = Some(place.clone());
        self.to_tell.push_back(Telling {
            entry,
            place,
            news: News::InPlace,
        });
    }

    fn told(
        &mut self,
        tellings: Vec<Telling<W::Place>>,
        answer: BatchResult<()>,
        tally: &mut Tally<'_>,
    ) {
        let Some(answers) = self.answers(answer, tellings.len()) else {
            self.to_tell.extend(tellings);
            return;
        };
        for (telling, answer) in tellings.into_iter().zip(answers) {
            let Telling { entry, news, .. } = telling;
            match (news, answer) {
                (News::InPlace, Ok(())) => {
                    self.begin_keeping(self.run.done_row(&entry, 0), Next::Nothing);
                    let outcome = entry.success();
                    tally.add_plain(entry.key, outcome);
                }
                (News::Again, Ok(())) => {
                    let told = entry.before.as_ref().map_or(0, |row| row.told);
                    self.begin_keeping(self.run.done_row(&entry, told + 1), Next::Nothing);
                    tally.add_plain(entry.key, Outcome::AlreadyInPlace);
                }
                (News::Held(mut row), Ok(())) => {
                    row.told = 1;
                    row.updated_at = self.run.around.clock.now();
                    self.begin_keeping(*row, Next::Nothing);
                }
                (News::Held(..), Err(fault)) => {
                    tracing::warn!(record = %entry.key, kind = ?fault.kind, "the source could not be told of a held record");
                }
                (News::InPlace | News::Again, Err(fault)) => self.settle(entry, fault, tally),
            }
        }
    }

    /// Ends a record that is at work on its partition.
    pub(super) fn settle_item(&mut self, item: Item<W>, fault: Fault, tally: &mut Tally<'_>) {
        self.leave(&item.partition);
        self.settle(item.entry, fault, tally);
    }

    /// Ends a record in this run: its row says where it stands, the report says why.
    pub(super) fn settle(&mut self, entry: Entry<W::Place>, fault: Fault, tally: &mut Tally<'_>) {
        let mut row = match fault.kind {
            FaultKind::Defer => {
                self.out_of_time = true;
                return tally.add_plain(entry.key, Outcome::Deferred);
            }
            FaultKind::Hold(reason) => self.run.held_row(&entry, reason, fault.fields),
            FaultKind::Retry { reason, .. } => self.run.waiting_row(&entry, reason),
        };
        row.transaction_id = fault.transaction_id;
        let held = row.state == RecordState::Held;
        row.in_place = held && entry.stage != Stage::New;
        tally.add(RecordReport {
            key: row.key.clone(),
            outcome: if held {
                Outcome::Held
            } else {
                Outcome::WillRetry
            },
            reason: row.reason,
            fields: row.fields.clone(),
            transaction_id: row.transaction_id.clone(),
        });
        let next = match entry.place.clone() {
            Some(place) if held && self.is_to_be_told(&row) => {
                let news = News::Held(Box::new(row.clone()));
                Next::Tell(Telling { entry, place, news })
            }
            _ => Next::Nothing,
        };
        self.begin_keeping(row, next);
    }

    /// The answers of a batch call, one a record; none if the run cannot go on.
    fn answers<T>(
        &mut self,
        answer: BatchResult<T>,
        records: usize,
    ) -> Option<Vec<Result<T, Fault>>> {
        match answer {
            Ok(answers) => {
                let fault = answers.first().and_then(|first| first.as_ref().err());
                match fault.filter(|_| answers.iter().all(is_down)) {
                    Some(fault) => self.note_fault(fault),
                    None => self.failures = 0,
                }
                Some(answers)
            }
            Err(Trouble::Record(fault)) => {
                self.note_fault(&fault);
                Some((0..records).map(|_| Err(fault.clone())).collect())
            }
            Err(Trouble::Run(stop)) => {
                self.halt(stop);
                None
            }
        }
    }

    fn halt(&mut self, stop: Stop) {
        self.stop.get_or_insert(stop);
    }
}

/// Whether a record failed with the whole system.
fn is_down<T>(answer: &Result<T, Fault>) -> bool {
    let fault = answer.as_ref().err();
    fault.is_some_and(|fault| matches!(fault.kind, FaultKind::Retry { down: Some(_), .. }))
}

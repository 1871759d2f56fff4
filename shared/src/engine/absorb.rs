//! What follows from each call that has ended: on to the next stage, or to the record's end.

use std::collections::hash_map::Entry as MapEntry;
use std::collections::{HashMap, VecDeque};

use super::conveyor::Conveyor;
use super::entry::{Entry, Item, Stage};
use super::gating::{Gate, changed, gate};
use super::panics::guarded_now;
use super::stages::{Next, Step};
use super::tally::Tally;
use super::workflow::{
    BatchResult, Fault, FaultKind, Located, Mapped, Partition, Trouble, Verification, Workflow,
};
use crate::clock::later;
use crate::domain::fingerprint::Fingerprint;
use crate::domain::outcome::Outcome;
use crate::domain::reason::{Reason, Stop};
use crate::domain::record::RecordKey;
use crate::store::{RecordRow, RecordState, StoreError};

/// How often a record is written in one run before it is left to a later one.
const MOST_WRITES: u32 = 3;

impl<W: Workflow> Conveyor<'_, W> {
    /// Takes in a call that has ended.
    pub(super) fn absorb(&mut self, step: Step<W>, tally: &mut Tally<'_>) {
        match step {
            Step::Gated(keys, rows) => self.gated(keys, rows, tally),
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
                // After a success the next write goes out before the ledger hears of this one.
                if answer.is_ok() && self.is_open() {
                    self.launch_writing(tally);
                }
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
                (Gate::Open | Gate::OpenIfChanged, None) => self.due.push_back(entry),
                (Gate::OpenIfChanged, Some(_)) => self.leave_held(entry, tally),
                (_, Some(fault)) => self.settle(entry, fault, tally),
                (Gate::NotDue, None) => tally.add_plain(entry.key, Outcome::Deferred),
                (Gate::Tell, None) => self.tell_again(entry, tally),
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

    /// The answers of a batch call, one a record; none if the run cannot go on.
    pub(super) fn answers<T>(
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

    pub(super) fn halt(&mut self, stop: Stop) {
        self.stop.get_or_insert(stop);
    }
}

/// Whether a record failed with the whole system.
fn is_down<T>(answer: &Result<T, Fault>) -> bool {
    let fault = answer.as_ref().err();
    fault.is_some_and(|fault| matches!(fault.kind, FaultKind::Retry { down: Some(_), .. }))
}

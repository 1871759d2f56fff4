//! What follows from each call that has ended: on to the next stage, or to the record's end.

use std::collections::VecDeque;
use std::collections::hash_map::Entry as MapEntry;

use super::conveyor::{Conveyor, Preparation};
use super::entry::{Entry, Item, Stage};
use super::fault::{Fault, FaultKind, Trouble};
use super::freshness::Stayed;
use super::gating::{changed, opens};
use super::stages::{Next, Step};
use super::streaks::Line;
use super::tally::Tally;
use super::workflow::{BatchResult, Feed, Located, Partition, Verification, Workflow, Written};
use crate::clock::later;
use crate::domain::ids::TransactionId;
use crate::domain::outcome::Outcome;
use crate::domain::reason::{Reason, Stop};
use crate::domain::record::RecordKey;
use crate::domain::system::System;
use crate::store::{RecordRow, RecordState, StoreError};

/// How often a record is written in one run before it is left to a later one.
const MOST_WRITES: u32 = 3;

impl<W: Workflow> Conveyor<'_, W> {
    /// Takes in a call that has ended.
    pub(super) fn absorb(&mut self, step: Step<W>, tally: &mut Tally<'_>) {
        self.out.home(&step);
        if let Some(line) = step.line() {
            self.streaks.at = line;
        }
        match step {
            Step::Prepared(answer) => self.prepared(answer),
            Step::SiteKept(answer) => {
                self.busy.keeping -= 1;
                if let Err(stop) = answer {
                    self.halt(stop);
                }
            }
            Step::Listed(answer) => self.listed(answer, tally),
            Step::CursorSaved(answer) => self.cursor_saved(answer),
            Step::Gated(arrivals, rows) => self.gated(arrivals, rows, tally),
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
            Step::Wrote(items, stayed, answer) => {
                self.busy.writing -= 1;
                self.stayed(stayed, tally);
                if items.is_empty() {
                    return;
                }
                // After a success the next write goes out before the ledger hears of this one.
                let all_taken = matches!(&answer, Ok(answers) if answers.iter().all(is_accepted));
                if all_taken && !self.streaks.probing && self.is_open() {
                    self.launch_writing(tally);
                }
                self.wrote(items, answer, tally);
            }
            Step::Kept(key, answer, next) => {
                self.busy.keeping -= 1;
                self.kept(&key, answer, *next, tally);
            }
            Step::Verified(items, answer) => {
                self.busy.verifying -= 1;
                self.verified(items, answer, tally);
            }
            Step::Confirmed(group, answer) => {
                self.busy.confirming -= 1;
                self.confirmed(group, answer, tally);
            }
            Step::Told(tellings, answer) => {
                self.busy.telling -= 1;
                self.told(tellings, answer, tally);
            }
            // What waited for it is launched next.
            Step::Foreseen => {}
            Step::Looked(entries, answer) => {
                self.busy.looking -= 1;
                self.looked(entries, answer, tally);
            }
            Step::SeenKept(answer) => {
                self.busy.keeping -= 1;
                self.stop_unless_kept(answer);
            }
        }
    }

    fn prepared(&mut self, answer: Result<(), Stop>) {
        match answer {
            Ok(()) => self.prepared = Preparation::Done,
            Err(stop) => self.halt(stop),
        }
    }

    fn fetched(
        &mut self,
        entries: Vec<Entry<W>>,
        answer: BatchResult<W::Source>,
        tally: &mut Tally<'_>,
    ) {
        self.take_found(tally);
        self.keep_seen();
        let source = self.run.character.name.source();
        let Some(answers) = self.answers(answer, entries.len(), Some(source)) else {
            self.due.extend(entries);
            return;
        };
        for (entry, answer) in entries.into_iter().zip(answers) {
            match answer {
                Ok(source) => {
                    self.note_taken();
                    self.map(entry, source, tally);
                }
                Err(fault) => self.not_mapped(entry, fault, tally),
            }
        }
    }

    /// A record could not be looked at. What is at the destination, awaiting its word, does not fail with it; nor does a failure that
    /// passes open what is held.
    fn not_mapped(&mut self, entry: Entry<W>, fault: Fault, tally: &mut Tally<'_>) {
        let passing = matches!(fault.kind, FaultKind::Retry { .. });
        match entry.was() {
            Some(RecordState::AwaitingConfirmation) => self.supersede(&entry, true, tally),
            Some(RecordState::Held) if passing && self.still_held(&entry) => {
                self.look_again(&entry, tally);
            }
            _ => self.settle(entry, fault, tally),
        }
    }

    fn map(&mut self, mut entry: Entry<W>, source: W::Source, tally: &mut Tally<'_>) {
        let result = match self.run.map(&mut entry, source) {
            Ok(result) => result,
            Err(fault) => return self.not_mapped(entry, fault, tally),
        };
        let (before, shown) = (entry.before.as_ref(), entry.fingerprint.as_ref());
        let new = before.is_none_or(|row| shown.is_none_or(|shown| changed(row, shown)));
        let as_delivered = entry
            .delivered
            .as_ref()
            .zip(shown)
            .is_some_and(|(delivered, shown)| !delivered.changed_to(shown));
        if let Some(RecordState::AwaitingConfirmation) = entry.was() {
            return self.supersede(&entry, new, tally);
        }
        match entry.was() {
            Some(RecordState::Held) if !new && self.still_held(&entry) => {
                return self.leave_held(entry, tally);
            }
            // A list is told once more; the other source is content.
            Some(RecordState::Done) if !new && self.run.character.feed != Feed::Pending => {
                return self.settle(entry, Fault::settled(), tally);
            }
            _ if as_delivered && !entry.released && self.run.character.feed != Feed::Pending => {
                return self.settle(entry, Fault::settled(), tally);
            }
            _ => {}
        }
        match result {
            Ok((partition, record)) => self.enter(Item {
                entry,
                partition,
                record,
                writes: 0,
                verify_at: self.run.around.clock.now(),
            }),
            Err(fault) => self.settle(entry, fault, tally),
        }
    }

    /// Whether only changed data would open this held record.
    fn still_held(&self, entry: &Entry<W>) -> bool {
        let now = self.run.around.clock.now();
        let stays =
            |row: &RecordRow<_>| self.run.is_in_force(&row.profile_version) && !opens(row, now);
        !entry.released && entry.before.as_ref().is_some_and(stays)
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
        // Not every destination is asked where its records are.
        let Some(answers) = self.answers(answer, items.len(), None) else {
            self.to_locate.extend(items);
            return;
        };
        for (mut item, answer) in items.into_iter().zip(answers) {
            match answer {
                Ok(Located::Missing(plan)) => {
                    self.note_taken();
                    self.to_write.push_back((item, plan));
                }
                Ok(Located::InPlace(place)) => {
                    self.note_taken();
                    self.leave(&item.partition);
                    self.found_in_place(item.entry, place, tally);
                }
                Ok(Located::Otherwise(place, fault)) => {
                    item.entry.place = Some(place);
                    self.settle_item(item, fault, tally);
                }
                Err(fault) => self.settle_item(item, fault, tally),
            }
        }
    }

    /// Records that were about to be written, and are not.
    fn stayed(&mut self, stayed: Stayed<W>, tally: &mut Tally<'_>) {
        // Their source was asked, not their destination.
        let at = std::mem::replace(&mut self.streaks.at, Line::Fetch);
        let mut faults = stayed.items.iter().map(|(_, fault)| fault);
        match faults.find_map(Fault::of_a_system) {
            Some(system) => self.note_failure(system),
            None if stayed.answered => self.note_answer(Some(self.run.character.name.source())),
            None => {}
        }
        for (mut item, fault) in stayed.items {
            tally.writes = tally.writes.saturating_sub(1);
            item.entry.was_not_sent();
            self.settle_item(item, fault, tally);
        }
        self.streaks.at = at;
    }

    fn wrote(
        &mut self,
        mut items: Vec<Item<W>>,
        answer: BatchResult<Written<W::Place>>,
        tally: &mut Tally<'_>,
    ) {
        let answers = match answer {
            Err(Trouble::Run(stop)) => {
                self.halt(stop);
                return self.not_written(items, tally);
            }
            answer => {
                let answer = answer.map(|answers| placed(&mut items, answers));
                let destination = self.run.character.name.destination();
                let lost = is_lost(&answer);
                if lost {
                    self.streaks.lost_write = true;
                    self.note_failure(destination);
                }
                let answers = if lost {
                    each(answer, items.len())
                } else {
                    self.answers(answer, items.len(), Some(destination))
                };
                answers.unwrap_or_default()
            }
        };
        if answers.iter().any(is_accepted) {
            self.begin_keeping_site();
        }
        for (mut item, answer) in items.into_iter().zip(answers) {
            if is_accepted(&answer) {
                self.note_taken();
            }
            match answer {
                Ok(Written::ToVerify(place)) => {
                    self.leave(&item.partition);
                    let around = self.run.around;
                    item.verify_at = later(around.clock.now(), around.settings.verify_after);
                    item.writes += 1;
                    item.entry.has_written(Stage::Written, place);
                    let row = self.run.row(&item.entry, RecordState::Written);
                    self.begin_keeping(row, Next::Verify(item));
                }
                Ok(Written::InPlace(place)) => {
                    self.leave(&item.partition);
                    item.entry.has_written(Stage::Verified, place.clone());
                    let row = self.run.row(&item.entry, RecordState::Verified);
                    let telling = Self::news_in_place(item.entry, place);
                    self.begin_keeping(row, Next::Tell(telling));
                }
                Ok(Written::Accepted(place, transaction)) => {
                    self.leave(&item.partition);
                    self.accepted(item.entry, place, transaction);
                }
                Ok(Written::Unsure(place)) => {
                    self.leave(&item.partition);
                    item.entry.delivered = None;
                    item.entry.noted = None;
                    self.unsure(item.entry, place, tally);
                }
                Ok(Written::Otherwise(_, fault)) | Err(fault) => {
                    if may_have_been_written(&fault) {
                        item.entry.delivered = None;
                    }
                    if is_of_unknown_fate(&fault) {
                        item.entry.may_have_arrived();
                    } else {
                        item.entry.was_not_sent();
                    }
                    self.settle_item(item, fault, tally);
                }
            }
        }
    }

    fn accepted(&mut self, mut entry: Entry<W>, place: W::Place, transaction: TransactionId) {
        entry.has_written(Stage::New, place);
        let row = self.run.awaiting_row(&entry, &transaction);
        self.begin_keeping(row, Next::Confirm(entry, transaction));
    }

    /// The call was refused as a whole, so nothing was written: where a `sending` row says otherwise, it is taken back.
    fn not_written(&mut self, items: Vec<Item<W>>, tally: &mut Tally<'_>) {
        let unaskable = self.run.character.unaskable.is_some();
        // Another run has the say then: what our rows say, it settles.
        let overtaken = self.stops.contains(&Stop::LeaseLost);
        for mut item in items {
            self.leave(&item.partition);
            let noted = unaskable || item.entry.noted.is_some();
            item.entry.was_not_sent();
            if noted && !overtaken {
                tally.add_seen(&item.entry, Outcome::Deferred);
                self.begin_keeping(self.run.due_row(&item.entry), Next::Finish);
            } else {
                self.defer(&item.entry, tally);
            }
        }
    }

    fn kept(
        &mut self,
        key: &RecordKey,
        answer: Result<(), StoreError>,
        next: Next<W>,
        tally: &mut Tally<'_>,
    ) {
        let kept = answer.is_ok();
        self.stop_unless_kept(answer);
        match next {
            Next::Verify(item) => self.queue_verification(item),
            Next::Confirm(entry, transaction) => {
                if kept {
                    self.discovery.rowed(key);
                }
                self.queue_confirmation(entry, transaction, false);
            }
            Next::Tell(telling) if kept => self.tell(telling, tally),
            Next::Tell(telling) => self.to_tell.push_back(telling),
            Next::Finish if kept => self.finish(key),
            Next::Finish => self.discovery.put_off(key),
        }
    }

    fn stop_unless_kept(&mut self, answer: Result<(), StoreError>) {
        if let Err(error) = answer {
            self.halt(error.into());
        }
    }

    fn verified(
        &mut self,
        items: Vec<Item<W>>,
        answer: BatchResult<Verification<W::Place>>,
        tally: &mut Tally<'_>,
    ) {
        let destination = self.run.character.name.destination();
        let Some(answers) = self.answers(answer, items.len(), Some(destination)) else {
            return items
                .into_iter()
                .for_each(|item| self.queue_verification(item));
        };
        for (mut item, answer) in items.into_iter().zip(answers) {
            match answer {
                Ok(Verification::Verified(place)) => {
                    self.note_taken();
                    item.entry.stage = Stage::Verified;
                    self.tell_in_place(item.entry, place, tally);
                }
                Ok(Verification::Gone) if item.writes < MOST_WRITES => self.enter(item),
                Ok(Verification::Gone) => {
                    self.settle(item.entry, Fault::retry(Reason::NotVerified), tally);
                }
                Err(fault) => self.settle(item.entry, fault, tally),
            }
        }
    }

    /// The answers of a batch call, one a record; none if the run cannot go on. `answered` is the system that spoke, if it is sure that
    /// one did.
    pub(super) fn answers<T>(
        &mut self,
        answer: BatchResult<T>,
        records: usize,
        answered: Option<System>,
    ) -> Option<Vec<Result<T, Fault>>> {
        match answer {
            Ok(answers) => {
                let down = answers.iter().map(down_of);
                match down.reduce(Option::and).flatten() {
                    Some(system) => self.note_failure(system),
                    None => self.note_answer(answered),
                }
                Some(answers)
            }
            Err(Trouble::Record(fault)) => {
                match down_of(&Err::<(), _>(fault.clone())) {
                    Some(system) => self.note_failure(system),
                    None => self.note_answer(answered),
                }
                each(Err(Trouble::Record(fault)), records)
            }
            Err(Trouble::Run(stop)) => {
                self.halt(stop);
                None
            }
        }
    }
}

/// Records that failed where they were to be keep that place; their faults count like any other.
fn placed<W: Workflow>(
    items: &mut [Item<W>],
    answers: Vec<Result<Written<W::Place>, Fault>>,
) -> Vec<Result<Written<W::Place>, Fault>> {
    let placed = |(item, answer): (&mut Item<W>, _)| match answer {
        Ok(Written::Otherwise(place, fault)) => {
            item.entry.place = Some(place);
            Err(fault)
        }
        answer => answer,
    };
    items.iter_mut().zip(answers).map(placed).collect()
}

/// Whether the destination took a write.
const fn is_accepted<P>(answer: &Result<Written<P>, Fault>) -> bool {
    matches!(
        answer,
        Ok(Written::ToVerify(_) | Written::InPlace(_) | Written::Accepted(..))
    )
}

/// Whether a failed write may have had its effect all the same.
fn may_have_been_written(fault: &Fault) -> bool {
    match fault.kind {
        FaultKind::Hold(reason) => {
            matches!(reason, Reason::OutcomeUnknown | Reason::InternalError)
        }
        FaultKind::Retry { .. } => true,
        FaultKind::Yield(_) | FaultKind::Defer | FaultKind::Skip { .. } | FaultKind::Settled => {
            false
        }
    }
}

/// Whether a failed write may be at a destination that cannot be asked.
const fn is_of_unknown_fate(fault: &Fault) -> bool {
    matches!(
        fault.kind,
        FaultKind::Hold(Reason::OutcomeUnknown | Reason::InternalError)
            | FaultKind::Retry {
                reason: Reason::OutcomeUnknown,
                ..
            }
    )
}

/// Whether nothing is known of what became of a whole batch of writes.
fn is_lost<P>(answer: &BatchResult<Written<P>>) -> bool {
    let unknown = FaultKind::Hold(Reason::OutcomeUnknown);
    match answer {
        Ok(answers) => answers.iter().all(|answer| match answer {
            Ok(written) => matches!(written, Written::Unsure(_)),
            Err(fault) => fault.kind == unknown,
        }),
        Err(Trouble::Record(fault)) => fault.kind == unknown,
        Err(Trouble::Run(_)) => false,
    }
}

/// The system that failed as a whole, if a record failed with it.
fn down_of<T>(answer: &Result<T, Fault>) -> Option<System> {
    answer.as_ref().err()?.of_a_system()
}

/// The answer of a call for each of its records.
fn each<T>(answer: BatchResult<T>, records: usize) -> Option<Vec<Result<T, Fault>>> {
    match answer {
        Ok(answers) => Some(answers),
        Err(Trouble::Record(fault)) => Some((0..records).map(|_| Err(fault.clone())).collect()),
        Err(Trouble::Run(_)) => None,
    }
}

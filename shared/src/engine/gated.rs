//! Past the gate: each record goes where its row sends it.

use super::confirming::transaction_of;
use super::conveyor::Conveyor;
use super::entry::{Arrival, Entry, Origin, Stage, may_be_there_since};
use super::fault::Fault;
use super::gating::{By, Circumstances, Gate, gate};
use super::stages::Next;
use super::tally::{Tally, plain};
use super::workflow::{BatchResult, Feed, OnLoss, Workflow};
use crate::domain::outcome::{Outcome, RecordReport};
use crate::domain::reason::Reason;
use crate::domain::record::RecordKey;
use crate::store::{RecordRow, RecordState, Rows, StoreError};

impl<W: Workflow> Conveyor<'_, W> {
    pub(super) fn gated(
        &mut self,
        arrivals: Vec<Arrival<W>>,
        rows: Result<Rows<W::Place>, StoreError>,
        tally: &mut Tally<'_>,
    ) {
        self.busy.gating -= 1;
        let mut rows = match rows {
            Ok(rows) => rows,
            Err(error) => {
                self.ungated.extend(arrivals);
                return self.halt(error.into());
            }
        };
        for arrival in arrivals {
            if rows.unreadable.contains(&arrival.key) {
                self.unreadable(&arrival.key, tally);
                continue;
            }
            let row = rows.readable.remove(&arrival.key);
            match (arrival.origin, row) {
                (Origin::Offered, row) => self.decide(arrival, row, tally),
                (_, None) => self.finish(&arrival.key),
                (Origin::Ledger | Origin::Shown, row) => {
                    self.unseen.remove(&arrival.key);
                    self.decide(arrival, row, tally);
                }
                (Origin::Vanished, Some(row)) => self.vanished(arrival, row, tally),
            }
        }
    }

    /// Nothing is known of a record whose row cannot be read, so nothing is done with it; its neighbours go on.
    fn unreadable(&mut self, key: &RecordKey, tally: &mut Tally<'_>) {
        self.unseen.remove(key);
        tally.add(RecordReport {
            reason: Some(Reason::UnreadableRow),
            ..plain(key.clone(), Outcome::Held)
        });
        self.finish(key);
    }

    fn decide(
        &mut self,
        arrival: Arrival<W>,
        row: Option<RecordRow<W::Place>>,
        tally: &mut Tally<'_>,
    ) {
        let Arrival {
            key,
            origin,
            again,
            mut brought,
        } = arrival;
        let run = self.run;
        let now = run.around.clock.now();
        // What a person asks for is one attempt, of what was held before: what this run makes of a record is not tried again at once.
        let ours = row
            .as_ref()
            .is_some_and(|row| row.run_id == run.lease.run_id);
        // What may be there already goes only for a person who names it.
        let for_all = row
            .as_ref()
            .and_then(|row| row.reason)
            .is_none_or(|reason| !reason.may_be_there_already());
        let asked = run.request.wants(&key) && (for_all || run.request.names(&key));
        let released = !again && !ours && run.request.release_held && asked;
        let circumstances = Circumstances {
            now,
            longest_pause: run.longest_pause(),
            in_force: row
                .as_ref()
                .is_some_and(|row| run.is_in_force(&row.profile_version)),
            version: brought
                .as_ref()
                .and_then(|brought| brought.version.as_deref()),
            by: match (origin, run.character.feed) {
                (Origin::Offered | Origin::Shown, Feed::Pending) => By::List,
                (Origin::Offered | Origin::Shown, Feed::Changes { .. }) => By::Change,
                (Origin::Ledger | Origin::Vanished, _) => By::Ledger,
            },
            named: !again && run.request.names(&key),
            released,
        };
        let decision = gate(row.as_ref(), circumstances);
        let as_listed = is_as_listed(row.as_ref(), circumstances);
        let fault = brought.as_mut().and_then(|brought| brought.fault.take());
        let mut entry = Entry::new(key, brought, row, now);
        entry.released |= released && entry.was() == Some(RecordState::Held);
        if let Some(place) = self.arrived(&entry) {
            entry.place = Some(place);
            return self.complete_arrived(&entry, tally);
        }
        match (decision, fault) {
            (Gate::Absorbed, _) => self.absorbed(&entry, tally),
            // What is wrong with the newer version is told once the older one is settled.
            (Gate::Supersede, Some(_)) => self.supersede(&entry, true, tally),
            (Gate::Confirm, _) => self.ask_after(entry, tally),
            (Gate::OpenIfChanged, Some(_)) if entry.was() == Some(RecordState::Held) => {
                self.leave_held(entry, tally);
            }
            // Whatever the source shows, a write of unknown fate stays one.
            (Gate::NotDue, fault)
                if fault.is_none() || entry.was() == Some(RecordState::Sending) =>
            {
                tally.add_seen(&entry, Outcome::Deferred);
                self.leave_waiting(&entry);
            }
            (Gate::Lost, _) if run.character.unaskable != Some(OnLoss::Resend) => {
                self.settle(
                    entry,
                    Fault::hold(Reason::OutcomeUnknown, Vec::new()),
                    tally,
                );
            }
            (_, Some(fault)) => {
                // What the ledger remembers is not what was just seen.
                entry.fingerprint = None;
                self.settle(entry, fault, tally);
            }
            (gate @ (Gate::Open | Gate::OpenIfChanged), None)
                if as_listed && is_a_look(gate, &entry) =>
            {
                self.looks.push(entry);
            }
            (Gate::Open | Gate::OpenIfChanged, None) => {
                entry.begins_anew(now);
                self.let_in(entry, tally);
            }
            (Gate::Tell, None) => self.tell_again(entry, tally),
            (Gate::Look | Gate::NotDue | Gate::Lost | Gate::Supersede, None) => {
                self.let_in(entry, tally);
            }
        }
    }

    /// Lets a record in to be worked on, unless the run has been asked to stop at a number.
    pub(super) fn let_in(&mut self, entry: Entry<W>, tally: &mut Tally<'_>) {
        if self
            .run
            .request
            .limit
            .is_some_and(|limit| self.let_in >= limit)
        {
            return self.defer(&entry, tally);
        }
        self.let_in += 1;
        let refused_alike = entry.before.as_ref().and_then(|row| row.refused_alike);
        if refused_alike.is_some() {
            // Its row says that it is due, so the source may be read on meanwhile.
            self.discovery.rowed(&entry.key);
            return self.last.push_back(entry);
        }
        self.streaks.others_due |= entry.was() != Some(RecordState::Held);
        self.due.push_back(entry);
    }

    /// Puts a record off to the next run. If no row says when it is due, the cursor may not pass it.
    pub(super) fn defer(&mut self, entry: &Entry<W>, tally: &mut Tally<'_>) {
        tally.add_seen(entry, Outcome::Deferred);
        let is_due_by_row = matches!(
            entry.was(),
            Some(RecordState::Written | RecordState::Verified | RecordState::Retry)
        );
        if is_due_by_row {
            self.finish(&entry.key);
        } else {
            self.discovery.put_off(&entry.key);
        }
    }

    /// The record is settled in this run. What came of it anew meanwhile, is next.
    pub(super) fn finish(&mut self, key: &RecordKey) {
        let again = self.discovery.finish(key);
        self.ungated.extend(again);
    }

    /// It is not due yet. Where the source shows it elsewhere than the ledger has it, it is looked at in both places when it is.
    fn leave_waiting(&mut self, entry: &Entry<W>) {
        let row = entry.before.as_ref().and_then(|before| {
            let (known, found) = (before.place.as_ref()?, entry.found_at.as_ref()?);
            let place = self.run.workflow.both(known, found)?;
            Some(RecordRow {
                place: Some(place),
                ..self.run.same_row(entry, before)
            })
        });
        match row {
            Some(row) => self.begin_keeping(row, Next::Finish),
            None => self.finish(&entry.key),
        }
    }

    /// Nothing is new: it counts as its row says.
    fn absorbed(&mut self, entry: &Entry<W>, tally: &mut Tally<'_>) {
        let outcome = match entry.was() {
            Some(RecordState::Held) => Outcome::Held,
            Some(RecordState::Skipped) => Outcome::Skipped,
            Some(RecordState::AwaitingConfirmation) => Outcome::AwaitingConfirmation,
            _ => Outcome::AlreadyInPlace,
        };
        tally.add_unchanged(entry, outcome);
        self.finish(&entry.key);
    }

    fn ask_after(&mut self, entry: Entry<W>, tally: &mut Tally<'_>) {
        match entry.before.as_ref().and_then(transaction_of) {
            Some(transaction) => self.queue_confirmation(entry, transaction, true),
            None => self.settle(
                entry,
                Fault::hold(Reason::OutcomeUnknown, Vec::new()),
                tally,
            ),
        }
    }

    /// The source lists all that is pending, and this no longer: what it was told arrived, or the referral was taken back.
    fn vanished(&mut self, arrival: Arrival<W>, row: RecordRow<W::Place>, tally: &mut Tally<'_>) {
        let state = row.state;
        let entry = Entry::new(arrival.key, None, Some(row), self.run.around.clock.now());
        match state {
            RecordState::Written | RecordState::Verified if entry.place.is_some() => {
                self.to_look.push_back(entry);
            }
            RecordState::Held if entry.stage != Stage::New && entry.place.is_some() => {
                self.to_look.push_back(entry);
            }
            RecordState::Verified
            | RecordState::Written
            | RecordState::Retry
            | RecordState::Held => {
                self.settle(entry, Fault::skip(Reason::NotPending), tally);
            }
            _ if self.run.request.names(&entry.key) => self.absorbed(&entry, tally),
            _ => self.finish(&entry.key),
        }
    }

    /// What was in place by the ledger, and is no longer listed, was looked for.
    pub(super) fn looked(
        &mut self,
        entries: Vec<Entry<W>>,
        answer: BatchResult<bool>,
        tally: &mut Tally<'_>,
    ) {
        let destination = self.run.character.name.destination();
        let Some(answers) = self.answers(answer, entries.len(), Some(destination)) else {
            return self.to_look.extend(entries);
        };
        for (entry, answer) in entries.into_iter().zip(answers) {
            match answer {
                Ok(true) => self.complete(&entry, tally),
                Ok(false) => self.settle(entry, Fault::skip(Reason::NotPending), tally),
                Err(fault) => self.settle(entry, fault, tally),
            }
        }
    }

    /// Where a record is that may be at a destination that cannot be asked, if another workflow has seen it there since.
    fn arrived(&self, entry: &Entry<W>) -> Option<W::Place> {
        let seen = self.sighted.get(&entry.key)?;
        let row = entry.before.as_ref()?;
        let began = may_be_there_since(row)?;
        let running = row.state == RecordState::Sending
            && row.next_attempt_at > Some(self.run.around.clock.now());
        if running {
            return None;
        }
        self.run.workflow.arrived(row.place.as_ref()?, seen, began)
    }

    /// It came after all: nothing more is to be sent.
    fn complete_arrived(&mut self, entry: &Entry<W>, tally: &mut Tally<'_>) {
        tally.add_seen(entry, Outcome::Delivered);
        self.begin_keeping(self.run.done_row(entry, 0), Next::Finish);
    }

    /// At the end: what a person named and nobody knows.
    pub(super) fn not_found(&mut self, tally: &mut Tally<'_>) {
        if !self.discovery.is_over() {
            return;
        }
        for key in std::mem::take(&mut self.unseen) {
            let key = if key.ends_in_an_id() {
                key
            } else {
                RecordKey::of_no_key()
            };
            tally.add(RecordReport {
                reason: Some(Reason::NotFound),
                ..plain(key, Outcome::Skipped)
            });
        }
    }
}

/// Whether a list shows a record as its row has it, as far as it shows anything.
fn is_as_listed<P>(row: Option<&RecordRow<P>>, at: Circumstances<'_>) -> bool {
    let changed = |row: &RecordRow<P>| at.version.is_some() && row.version.as_deref() != at.version;
    at.by == By::List && !at.named && !row.is_some_and(changed)
}

/// Whether a record that is listed as before is only looked at, so that it can wait.
fn is_a_look<W: Workflow>(gate: Gate, entry: &Entry<W>) -> bool {
    match entry.was() {
        Some(RecordState::Held) => gate == Gate::OpenIfChanged,
        Some(RecordState::Skipped) => true,
        _ => false,
    }
}

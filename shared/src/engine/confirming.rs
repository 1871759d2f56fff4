//! Confirming: what the destination accepted is asked after, shortly in the run that sent it, and once a run later on, until it has
//! the final word.

use jiff::Timestamp;

use super::conveyor::Conveyor;
use super::entry::{Arrival, Entry, Origin};
use super::fault::Fault;
use super::stages::Next;
use super::tally::Tally;
use super::workflow::{BatchResult, Confirmation, Workflow};
use crate::clock::later;
use crate::domain::fingerprint::Fingerprint;
use crate::domain::ids::TransactionId;
use crate::domain::outcome::Outcome;
use crate::domain::reason::Reason;
use crate::store::{RecordRow, RecordState};

/// Records that were accepted under one transaction.
pub struct Confirming<W: Workflow> {
    pub transaction: TransactionId,
    pub entries: Vec<Entry<W>>,
    /// When to ask.
    pub at: Timestamp,
    /// How often this run has asked.
    pub checks: u32,
    /// Whether an earlier run sent them.
    pub earlier: bool,
}

impl<W: Workflow> Conveyor<'_, W> {
    /// Queues a record behind those of the same transaction that nobody has asked after yet.
    pub(super) fn queue_confirmation(
        &mut self,
        entry: Entry<W>,
        transaction: TransactionId,
        earlier: bool,
    ) {
        let same = |group: &&mut Confirming<W>| {
            group.checks == 0 && group.earlier == earlier && group.transaction == transaction
        };
        if let Some(group) = self.to_confirm.iter_mut().rev().find(same) {
            group.entries.push(entry);
            return;
        }
        let around = self.run.around;
        let now = around.clock.now();
        let at = if earlier {
            now
        } else {
            later(now, around.settings.confirm_after)
        };
        self.to_confirm.push_back(Confirming {
            transaction,
            entries: vec![entry],
            at,
            checks: 0,
            earlier,
        });
    }

    /// Asks after everything that is ripe. Records of earlier runs get a fifth of the time; whoever comes later waits for the next run.
    pub(super) fn launch_confirming(&mut self, now: Timestamp, tally: &mut Tally<'_>) {
        // The records of one transaction may still be on their way through the gate.
        let gating = self.busy.gating > 0 && !self.to_confirm.is_empty();
        let mut waiting = std::mem::take(&mut self.to_confirm);
        while let Some(group) = waiting.pop_front() {
            if group.earlier && now >= self.confirm_until {
                for entry in group.entries {
                    tally.add_accepted(&entry, &group.transaction, Outcome::AwaitingConfirmation);
                    self.finish(&entry.key);
                }
            } else if group.at > now
                || (group.earlier && gating)
                || self.busy.confirming >= self.run.around.settings.concurrency
            {
                self.to_confirm.push_back(group);
            } else {
                self.begin_confirming(group);
            }
        }
    }

    /// When something is next to be asked after, if there is time for it.
    pub(super) fn next_confirmation(&self, now: Timestamp) -> Option<Timestamp> {
        let deadline = &self.run.around.deadline;
        let next = self.to_confirm.iter().map(|group| group.at).min()?;
        deadline.open(next.max(now)).then_some(next)
    }

    pub(super) fn confirmed(
        &mut self,
        group: Confirming<W>,
        answer: BatchResult<Confirmation<W::Place>>,
        tally: &mut Tally<'_>,
    ) {
        let destination = self.run.character.name.destination();
        let Some(answers) = self.answers(answer, group.entries.len(), Some(destination)) else {
            return self.to_confirm.push_back(group);
        };
        let Confirming {
            transaction,
            entries,
            checks,
            earlier,
            ..
        } = group;
        let mut waiting = Vec::new();
        for (mut entry, answer) in entries.into_iter().zip(answers) {
            match answer {
                Ok(Confirmation::Confirmed) => {
                    self.confirmed_for_good(&entry, &transaction, tally);
                }
                Ok(Confirmation::ConfirmedAt(place)) => {
                    entry.place = Some(place);
                    self.confirmed_for_good(&entry, &transaction, tally);
                }
                Ok(Confirmation::Rejected) => self.rejected(entry, &transaction, tally),
                Ok(Confirmation::Unsure(place)) => self.unsure(entry, place, tally),
                Ok(Confirmation::Incomplete(place)) if earlier => {
                    self.unsure(entry, place, tally);
                }
                Ok(Confirmation::Unknown) => {
                    tally.measures.unknown_codes += 1;
                    waiting.push(entry);
                }
                // A destination that cannot be asked now is asked another time.
                Ok(Confirmation::NotYet | Confirmation::Incomplete(_)) | Err(_) => {
                    waiting.push(entry);
                }
            }
        }
        if waiting.is_empty() {
            return;
        }
        let checks = checks + 1;
        let settings = self.run.around.settings;
        if !earlier && checks < settings.confirm_checks {
            let pause = settings.confirm_after * 2_u32.saturating_pow(checks);
            self.to_confirm.push_back(Confirming {
                transaction,
                entries: waiting,
                at: later(self.run.around.clock.now(), pause),
                checks,
                earlier,
            });
            return;
        }
        for entry in waiting {
            self.leave_awaiting(entry, &transaction, tally);
        }
    }

    fn confirmed_for_good(
        &mut self,
        entry: &Entry<W>,
        transaction: &TransactionId,
        tally: &mut Tally<'_>,
    ) {
        if is_superseded(entry) {
            let delivered = entry.fingerprint.clone();
            return self.look_anew(entry, delivered, tally);
        }
        tally.add_accepted(entry, transaction, entry.success());
        let mut row = self.run.done_row(entry, 0);
        row.transaction_id = Some(transaction.to_string());
        self.begin_keeping(row, Next::Finish);
    }

    fn rejected(
        &mut self,
        mut entry: Entry<W>,
        transaction: &TransactionId,
        tally: &mut Tally<'_>,
    ) {
        entry.began_at = None;
        if is_superseded(&entry) {
            return self.look_anew(&entry, None, tally);
        }
        let mut fault = Fault::hold(Reason::RejectedByProgres, Vec::new());
        fault.transaction_id = Some(transaction.to_string());
        self.settle(entry, fault, tally);
    }

    /// The source changed while the destination's word was awaited: now the newer version may go, if it differs from what was
    /// delivered.
    fn look_anew(
        &mut self,
        entry: &Entry<W>,
        delivered: Option<Fingerprint>,
        tally: &mut Tally<'_>,
    ) {
        tally.add_seen(entry, entry.success());
        if !self.run.request.dry_run {
            let anew = Arrival::from_ledger(entry.key.clone(), Origin::Ledger);
            self.discovery.again(anew);
        }
        let row = RecordRow {
            delivered,
            ..self.run.due_row(entry)
        };
        self.begin_keeping(row, Next::Finish);
    }

    /// A later attempt is made, with a place that says what may be there already.
    pub(super) fn unsure(&mut self, mut entry: Entry<W>, place: W::Place, tally: &mut Tally<'_>) {
        entry.place = Some(place);
        self.settle(entry, Fault::retry(Reason::OutcomeUnknown), tally);
    }

    /// The destination has not spoken: a later run asks again, unless it is overdue.
    fn leave_awaiting(
        &mut self,
        entry: Entry<W>,
        transaction: &TransactionId,
        tally: &mut Tally<'_>,
    ) {
        let now = self.run.around.clock.now();
        let Some(before) = awaiting(&entry) else {
            // This run sent it; its row waits already.
            tally.add_accepted(&entry, transaction, Outcome::AwaitingConfirmation);
            return self.finish(&entry.key);
        };
        let accepted_at = before.accepted_at.unwrap_or(before.updated_at);
        if now >= later(accepted_at, self.run.around.settings.confirm_overdue) {
            let mut fault = Fault::hold(Reason::ConfirmationOverdue, Vec::new());
            fault.transaction_id = Some(transaction.to_string());
            return self.settle(entry, fault, tally);
        }
        let checks = before.checks + 1;
        let row = RecordRow {
            checks,
            next_attempt_at: Some(later(now, self.run.pause(checks))),
            updated_at: now,
            ..self.run.same_row(&entry, before)
        };
        tally.add_accepted(&entry, transaction, Outcome::AwaitingConfirmation);
        self.begin_keeping(row, Next::Finish);
    }

    /// Both sides know.
    pub(super) fn complete(&mut self, entry: &Entry<W>, tally: &mut Tally<'_>) {
        tally.add_seen(entry, entry.success());
        self.begin_keeping(self.run.done_row(entry, 0), Next::Finish);
    }

    /// The source shows a record anew whose confirmation is awaited. Where it cannot be looked at, it counts as changed: once it is
    /// confirmed it is compared with what was delivered.
    pub(super) fn supersede(&mut self, entry: &Entry<W>, changed: bool, tally: &mut Tally<'_>) {
        let Some(before) = &entry.before else {
            return;
        };
        let mut row = self.run.same_row(entry, before);
        // What was sent is what the row has to remember, or the newer version would look like the one that went.
        row.fingerprint.clone_from(&before.fingerprint);
        let prints = before.fingerprint.as_ref().zip(entry.fingerprint.as_ref());
        let comparable = prints.is_some_and(|(before, now)| before.compares_to(now));
        // What was found elsewhere meanwhile is not taken back by what is found here.
        let comparable = comparable && entry.place == before.place;
        row.superseded = changed || (before.superseded && !comparable);
        if changed {
            row.place.clone_from(&entry.place);
        }
        tally.add_unchanged(entry, Outcome::AwaitingConfirmation);
        self.begin_keeping(row, Next::Finish);
    }
}

fn awaiting<W: Workflow>(entry: &Entry<W>) -> Option<&RecordRow<W::Place>> {
    let row = entry.before.as_ref()?;
    (row.state == RecordState::AwaitingConfirmation).then_some(row)
}

fn is_superseded<W: Workflow>(entry: &Entry<W>) -> bool {
    awaiting(entry).is_some_and(|row| row.superseded)
}

/// Which of a row's transaction is to be asked after.
pub fn transaction_of<P>(row: &RecordRow<P>) -> Option<TransactionId> {
    row.transaction_id.as_deref().map(TransactionId::new)
}

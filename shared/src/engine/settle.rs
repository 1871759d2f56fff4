//! The end of a record in a run: its row says where it stands, the report says why.

use super::conveyor::Conveyor;
use super::entry::{Entry, Item, News, Telling};
use super::fault::{Fault, FaultKind};
use super::stages::Next;
use super::tally::{Tally, plain};
use super::workflow::Workflow;
use crate::domain::outcome::{Outcome, RecordReport};
use crate::domain::reason::Reason;
use crate::store::{RecordRow, RecordState};

impl<W: Workflow> Conveyor<'_, W> {
    /// Ends a record that is at work on its partition.
    pub(super) fn settle_item(&mut self, item: Item<W>, fault: Fault, tally: &mut Tally<'_>) {
        self.leave(&item.partition);
        let noted = self.run.character.unaskable.is_some() || item.entry.noted.is_some();
        if fault.kind == FaultKind::Defer && noted {
            // Its row may say that it is there, although nothing was sent.
            let mut item = item;
            item.entry.was_not_sent();
            self.out_of_time = true;
            tally.add_seen(&item.entry, Outcome::Deferred);
            return self.begin_keeping(self.run.due_row(&item.entry), Next::Finish);
        }
        self.settle(item.entry, fault, tally);
    }

    /// Ends a record in this run: its row says where it stands, the report says why.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a fault ends here together with its record"
    )]
    pub(super) fn settle(&mut self, entry: Entry<W>, fault: Fault, tally: &mut Tally<'_>) {
        let alike = self.may_be_refused_alike(&entry, &fault);
        let mut row = match fault.kind {
            FaultKind::Defer => {
                self.out_of_time = true;
                return self.defer(&entry, tally);
            }
            FaultKind::Settled => return self.leave_done(&entry, tally),
            FaultKind::Skip { reason, tell } => return self.skip(entry, reason, tell, tally),
            FaultKind::Hold(reason) => self.run.held_row(&entry, reason, fault.fields.clone()),
            FaultKind::Yield(reason) => self.run.yielding_row(&entry, reason),
            FaultKind::Retry { reason, .. } if entry.is_told_already() => {
                return self.leave_told(&entry, reason, tally);
            }
            FaultKind::Retry { reason, .. } => self.run.waiting_row(&entry, reason),
        };
        row.transaction_id.clone_from(&fault.transaction_id);
        if fault.refusal.is_some() {
            // Another secret may lead to another user, or another system.
            row.profile_version = self.run.versions();
        }
        let held = row.state == RecordState::Held;
        row.in_place = held && entry.is_in_place();
        let same_hold = entry
            .before
            .as_ref()
            .filter(|before| is_same_hold(before, &row));
        if let Some(before) = same_hold {
            row.told = before.told;
        }
        let unchanged = same_hold.is_some();
        if held && entry.was() != Some(RecordState::Held) {
            tally.measures.newly_held += 1;
        }
        if row.reason == Some(Reason::UnknownCode) {
            tally.measures.unknown_codes += 1;
        }
        let outcome = if held {
            Outcome::Held
        } else {
            Outcome::WillRetry
        };
        if alike {
            tally.count_once(entry.key.clone());
            self.note_refused(&entry, &row, &fault);
        }
        self.note_failed(&entry, &row, &fault);
        if unchanged {
            tally.add_unchanged(&entry, outcome);
        } else {
            tally.add_row(&entry, &row, outcome);
        }
        let next = match entry.place.clone() {
            Some(place) if held && self.is_to_be_told(&row) => {
                let news = News::Held(Box::new(row.clone()));
                Next::Tell(Telling { entry, place, news })
            }
            _ => Next::Finish,
        };
        self.begin_keeping(row, next);
    }

    /// What both sides know could not be looked at, or written once more: it stays done, and is looked at again as long as it is listed.
    pub(super) fn leave_told(&mut self, entry: &Entry<W>, reason: Reason, tally: &mut Tally<'_>) {
        tally.add(RecordReport {
            reason: Some(reason),
            ..plain(entry.key.clone(), Outcome::WillRetry)
        });
        self.finish(&entry.key);
    }

    /// What changed at the source does not concern a record that is done, or was so before a look at it failed.
    fn leave_done(&mut self, entry: &Entry<W>, tally: &mut Tally<'_>) {
        tally.add_unchanged(entry, Outcome::AlreadyInPlace);
        let row = match &entry.before {
            Some(before) if before.state == RecordState::Done => self.run.same_row(entry, before),
            _ => self.run.done_row(entry, 0),
        };
        let is_news = |before: &RecordRow<_>| {
            before.state != row.state
                || before.version != row.version
                || before.fingerprint != row.fingerprint
                || before.remarks != row.remarks
        };
        if entry.before.as_ref().is_none_or(is_news) {
            self.begin_keeping(row, Next::Finish);
        } else {
            self.finish(&entry.key);
        }
    }

    /// Not ours to send; the source may want to hear of it all the same.
    fn skip(&mut self, entry: Entry<W>, reason: Reason, tell: bool, tally: &mut Tally<'_>) {
        let row = self.run.skipped_row(&entry, reason);
        match entry.place.clone() {
            Some(place) if tell && self.run.source_listens() => {
                let news = News::Skipped(Box::new(row));
                self.to_tell.push_back(Telling { entry, place, news });
            }
            _ => {
                tally.add_row(&entry, &row, Outcome::Skipped);
                self.begin_keeping(row, Next::Finish);
            }
        }
    }
}

/// Whether a record is held again as it was before.
fn is_same_hold<P>(before: &RecordRow<P>, now: &RecordRow<P>) -> bool {
    let held = |row: &RecordRow<P>| row.state == RecordState::Held;
    held(before)
        && held(now)
        && (&before.fingerprint, &before.reason, &before.fields)
            == (&now.fingerprint, &now.reason, &now.fields)
}

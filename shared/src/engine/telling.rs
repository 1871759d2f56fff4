//! What the source is told of a record, and what follows from its answer.

use super::conveyor::Conveyor;
use super::entry::{Entry, News, Telling};
use super::stages::Next;
use super::tally::Tally;
use super::workflow::{BatchResult, Fault, Workflow};
use crate::domain::outcome::{Outcome, RecordReport};
use crate::domain::reason::Reason;
use crate::store::{Lease, RecordRow, RecordState};

/// How often the source is told again of a record that it still lists.
const MOST_TOLD: u32 = 3;

impl<W: Workflow> Conveyor<'_, W> {
    pub(super) fn tell_again(&mut self, entry: Entry<W::Place>, tally: &mut Tally<'_>) {
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

    pub(super) fn tell_in_place(&mut self, mut entry: Entry<W::Place>, place: W::Place) {
        entry.place = Some(place.clone());
        self.to_tell.push_back(Telling {
            entry,
            place,
            news: News::InPlace,
        });
    }

    pub(super) fn told(
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

    /// A record that was held and has not changed stays as it is. Its row is written anew only if the fingerprint's key was rotated,
    /// or once the source has been told.
    pub(super) fn leave_held(&mut self, entry: Entry<W::Place>, tally: &mut Tally<'_>) {
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
    pub(super) fn is_to_be_told(&self, held: &RecordRow<W::Place>) -> bool {
        self.run.workflow.tells_held() && held.told == 0 && !held.in_place
    }
}

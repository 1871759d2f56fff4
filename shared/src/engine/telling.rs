//! What the source is told of a record, and what follows from its answer.

use super::conveyor::Conveyor;
use super::entry::{Entry, News, Stage, Telling};
use super::fault::{Fault, FaultKind};
use super::run::Run;
use super::stages::Next;
use super::tally::Tally;
use super::workflow::{BatchResult, Feed, Notice, Precedence, Tells, Workflow};
use crate::clock::later;
use crate::domain::outcome::Outcome;
use crate::domain::reason::{Reason, Stop};
use crate::store::{RecordRow, RecordState};

/// How often the source is told again of a record that it still lists.
const MOST_TOLD: u32 = 3;

/// What became of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// The source took it.
    Told,
    /// It was left out: what another workflow tells of the record outranks it.
    Nothing,
}

impl<W: Workflow> Run<'_, W> {
    /// Tells the source, as long as the lease is ours, all but what is outranked.
    pub(super) async fn say(&self, notices: &[Notice<W::Place>]) -> BatchResult<Said> {
        self.still_ours_for(self.around.call_timeout)
            .map_err(Stop::from)?;
        let ranks = self.workflow.precedence(notices, self.ledger()).await?;
        let rank = |at: usize| ranks.get(at).copied().unwrap_or(Precedence::Told);
        let told = notices.iter().enumerate();
        let told = told.filter(|(at, _)| rank(*at) == Precedence::Told);
        let told: Vec<Notice<W::Place>> = told.map(|(_, notice)| notice.clone()).collect();
        let mut answers = if told.is_empty() {
            Vec::new().into_iter()
        } else {
            self.workflow.report(&told).await?.into_iter()
        };
        let said = |at: usize| match rank(at) {
            Precedence::Told => answers.next().map_or_else(
                || Err(Fault::hold(Reason::InternalError, Vec::new())),
                |answer| answer.map(|()| Said::Told),
            ),
            Precedence::Silent => Ok(Said::Nothing),
            Precedence::StillPending => Err(Fault::hold(Reason::StillPendingAtSource, Vec::new())),
        };
        Ok((0..notices.len()).map(said).collect())
    }

    /// A dry run tells nobody, and a source that does not ask is not told.
    pub(super) fn source_listens(&self) -> bool {
        !self.request.dry_run && self.character.tells != Tells::Nothing
    }
}

impl<W: Workflow> Conveyor<'_, W> {
    pub(super) fn tell_again(&mut self, entry: Entry<W>, tally: &mut Tally<'_>) {
        let done = entry.was() == Some(RecordState::Done);
        let told = entry.before.as_ref().map_or(0, |row| row.told);
        match entry.place.clone() {
            None => self.let_in(entry, tally),
            Some(_) if done && told >= MOST_TOLD => {
                let fault = Fault::hold(Reason::StillPendingAtSource, Vec::new());
                self.settle(entry, fault, tally);
            }
            Some(place) => {
                let news = if done { News::Again } else { News::InPlace };
                self.tell(Telling { entry, place, news }, tally);
            }
        }
    }

    /// The effect is seen at the destination: the source is told, if it wants to know.
    ///
    /// Its row says so first: should the run die over the telling, nobody takes what was delivered for taken back.
    pub(super) fn tell_in_place(
        &mut self,
        entry: Entry<W>,
        place: W::Place,
        tally: &mut Tally<'_>,
    ) {
        let telling = Self::news_in_place(entry, place);
        let entry = &telling.entry;
        let is_known = |row: &RecordRow<_>| {
            row.state == RecordState::Verified && !entry.wrote && row.place == entry.place
        };
        if !self.run.source_listens() || entry.before.as_ref().is_some_and(is_known) {
            return self.tell(telling, tally);
        }
        let row = self.run.row(entry, RecordState::Verified);
        self.begin_keeping(row, Next::Tell(telling));
    }

    /// The destination shows its effect: a source that was told in an earlier run and still lists it is told again.
    pub(super) fn found_in_place(
        &mut self,
        mut entry: Entry<W>,
        place: W::Place,
        tally: &mut Tally<'_>,
    ) {
        if self.run.character.feed == Feed::Pending && entry.is_told_already() {
            entry.place = Some(place);
            return self.tell_again(entry, tally);
        }
        entry.stage = Stage::Verified;
        self.tell_in_place(entry, place, tally);
    }

    pub(super) fn news_in_place(mut entry: Entry<W>, place: W::Place) -> Telling<W> {
        entry.place = Some(place.clone());
        Telling {
            entry,
            place,
            news: News::InPlace,
        }
    }

    /// Where nobody listens the record is complete already.
    pub(super) fn tell(&mut self, telling: Telling<W>, tally: &mut Tally<'_>) {
        if self.run.source_listens() {
            return self.to_tell.push_back(telling);
        }
        match telling.news {
            News::Again => {
                tally.add_plain(telling.entry.key.clone(), Outcome::AlreadyInPlace);
                self.finish(&telling.entry.key);
            }
            _ => self.complete(&telling.entry, tally),
        }
    }

    pub(super) fn told(
        &mut self,
        tellings: Vec<Telling<W>>,
        answer: BatchResult<Said>,
        tally: &mut Tally<'_>,
    ) {
        let source = self.run.character.name.source();
        let Some(answers) = self.answers(answer, tellings.len(), Some(source)) else {
            self.to_tell.extend(tellings);
            return;
        };
        if answers.iter().any(Result::is_ok) {
            self.begin_keeping_site();
        }
        for (telling, answer) in tellings.into_iter().zip(answers) {
            let Telling { entry, news, .. } = telling;
            if answer.is_ok() {
                self.note_taken();
            }
            match (news, answer) {
                (News::InPlace, Ok(_)) => self.complete(&entry, tally),
                (News::Again, Ok(Said::Nothing)) => {
                    tally.add_plain(entry.key.clone(), Outcome::AlreadyInPlace);
                    self.finish(&entry.key);
                }
                (News::Again, Ok(Said::Told)) => {
                    let told = entry.before.as_ref().map_or(0, |row| row.told);
                    self.begin_keeping(self.run.done_row(&entry, told + 1), Next::Finish);
                    tally.add_plain(entry.key, Outcome::AlreadyInPlace);
                }
                (News::Held(mut row), Ok(_)) => {
                    row.told = 1;
                    row.updated_at = self.run.around.clock.now();
                    self.begin_keeping(*row, Next::Finish);
                }
                (News::Held(..), Err(fault)) => {
                    tracing::warn!(record = %entry.key, kind = ?fault.kind, "the source could not be told of a held record");
                    self.finish(&entry.key);
                }
                (News::Skipped(row), Ok(_)) => {
                    tally.add_row(&entry, &row, Outcome::Skipped);
                    self.begin_keeping(*row, Next::Finish);
                }
                // It stays done: as long as the source lists it, it is told again in any case.
                (
                    News::Again,
                    Err(Fault {
                        kind: FaultKind::Retry { reason, .. },
                        ..
                    }),
                ) => {
                    self.leave_told(&entry, reason, tally);
                }
                (News::InPlace | News::Again | News::Skipped(_), Err(fault)) => {
                    self.settle(entry, fault, tally);
                }
            }
        }
    }

    /// A record that was held and has not changed stays as it is. Its row is written anew only if the fingerprint's key was rotated, a
    /// new version of the source record was looked at, or the source has been told.
    pub(super) fn leave_held(&mut self, entry: Entry<W>, tally: &mut Tally<'_>) {
        let Some(before) = &entry.before else {
            return;
        };
        tally.add_unchanged(&entry, Outcome::Held);
        let mut row = self.run.same_row(&entry, before);
        if before.next_attempt_at <= Some(self.run.around.clock.now()) {
            row.next_attempt_at = row.reason.and_then(|reason| self.run.next_look(reason));
        }
        let is_news = row.fingerprint != before.fingerprint
            || row.version != before.version
            || row.remarks != before.remarks
            || row.next_attempt_at != before.next_attempt_at
            || self.looks.rotates;
        if self.looks.rotates {
            row.updated_at = self.run.around.clock.now();
        }
        match entry.place.clone() {
            Some(place) if self.is_to_be_told(&row) => {
                let news = News::Held(Box::new(row));
                self.to_tell.push_back(Telling { entry, place, news });
            }
            _ if is_news => self.begin_keeping(row, Next::Finish),
            _ => self.finish(&entry.key),
        }
    }

    /// A held record that could not be looked at stays as it is, and is looked at again before long; a list shows it again by itself.
    pub(super) fn look_again(&mut self, entry: &Entry<W>, tally: &mut Tally<'_>) {
        tally.add_unchanged(entry, Outcome::Held);
        match &entry.before {
            Some(before) if self.run.character.feed != Feed::Pending => {
                let mut row = self.run.same_row(entry, before);
                // What it shows now was not looked at.
                row.version.clone_from(&before.version);
                row.next_attempt_at = Some(later(self.run.around.clock.now(), self.run.pause(1)));
                self.begin_keeping(row, Next::Finish);
            }
            _ => self.finish(&entry.key),
        }
    }

    /// Whether the source wants to know of this held record, and does not. What is in place at the destination must never be told as
    /// a failure.
    pub(super) fn is_to_be_told(&self, held: &RecordRow<W::Place>) -> bool {
        let wants = self.run.character.tells == Tells::HeldToo && !self.run.request.dry_run;
        wants && held.told == 0 && !held.in_place
    }
}

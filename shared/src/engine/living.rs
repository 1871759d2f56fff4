//! A life under way: the record, what it counts as, and what it holds meanwhile.

use super::line::Line;
use super::obstacle::Answer;
use super::record::Record;
use super::report::Account;
use super::runtime::{Places, Runtime, Wanted};
use super::source::Owed;
use super::window::Seat;
use super::workflow::{Notice, Tells, Workflow};
use crate::domain::outcome::Outcome;
use crate::store::RecordRow;

/// What the source is to be told of a record.
pub enum Ack<P> {
    /// The effect is in place.
    InPlace,
    /// The same again: the source was told in an earlier run and still lists the record.
    Again,
    /// The record is held, by this row.
    Held(Box<RecordRow<P>>),
    /// The record is skipped, by this row, and the source wants to hear of it as if it were in place.
    Skipped(Box<RecordRow<P>>),
}

/// How a stretch of a life ends: settled, with something to tell the source, or at an obstacle.
pub type Ahead<P> = Answer<Option<Ack<P>>>;

/// A life under way.
pub struct Life<'e, W: Workflow> {
    pub runtime: &'e Runtime<'e, W>,
    pub record: Record<W>,
    /// What it counts as, were it to end now.
    pub account: Account<'e>,
    /// What its page waits for.
    pub owed: Option<Owed>,
    /// Its part in what may live at once.
    pub seat: Option<Seat>,
    /// Its places in source order.
    pub places: Option<Places<'e>>,
    /// Whether it is to be looked at once more in this run.
    pub looks_again: bool,
}

impl<W: Workflow> Life<'_, W> {
    /// Its row says when it is due, though its life goes on.
    pub fn has_row(&mut self) {
        if let Some(owed) = self.owed.take() {
            owed.pay();
        }
    }

    /// It is not brought, so those behind it in source order pass.
    pub fn steps_aside(&mut self) {
        self.places = None;
    }

    /// It waits for the end of the list, which needs its seat, and those behind it pass.
    pub fn gives_way(&mut self) {
        self.seat = None;
        self.places = None;
    }

    /// What is asked of the source.
    pub fn wanted(&mut self) -> Wanted<W> {
        let record = &mut self.record;
        record.read_at = Some(self.runtime.run.context.now());
        Wanted {
            key: record.key.clone(),
            place: record.found_at.clone().or_else(|| record.place.clone()),
            known: record.before.as_ref().and_then(|row| row.place.clone()),
            offer: record.offer.take(),
        }
    }

    pub fn notice(&self, ack: &Ack<W::Place>) -> Option<Notice<W::Place>> {
        let held = match ack {
            Ack::Held(row) => row.reason.map(|reason| (reason, row.fields.clone())),
            Ack::InPlace | Ack::Again | Ack::Skipped(_) => None,
        };
        Some(Notice {
            key: self.record.key.clone(),
            place: self.record.place.clone()?,
            again: matches!(ack, Ack::Again),
            held,
        })
    }

    /// A dry run tells nobody, and a source that does not ask is not told.
    pub fn source_listens(&self) -> bool {
        let run = self.runtime.run;
        !run.request.dry_run && run.traits.tells != Tells::Nothing
    }

    /// It counts as this, whatever comes.
    pub fn stands_as(&mut self, line: impl FnOnce(&Record<W>) -> Line) {
        self.account.set_for_good(line(&self.record));
    }

    /// It counts as this from now on.
    pub fn counts_as(&mut self, outcome: Outcome) {
        self.account.set(Line::seen(&self.record, outcome));
    }

    /// It may be at its destination, or is there and its row is not kept.
    pub fn is_under_way(&mut self) {
        self.account.set(Line::under_way(&self.record));
    }

    /// Keeps its last row.
    pub async fn ends_with(&self, row: &RecordRow<W::Place>) -> Ahead<W::Place> {
        self.runtime.keep(row).await?;
        Ok(None)
    }
}

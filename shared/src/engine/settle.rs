//! The end of a record in a run: its row says where it stands, the report says why.

use super::conveyor::Conveyor;
use super::entry::{Entry, Item, News, Stage, Telling};
use super::stages::Next;
use super::tally::Tally;
use super::workflow::{Fault, FaultKind, Workflow};
use crate::domain::outcome::{Outcome, RecordReport};
use crate::store::RecordState;

impl<W: Workflow> Conveyor<'_, W> {
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
}

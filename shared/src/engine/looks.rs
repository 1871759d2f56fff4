//! Held and skipped records of a list. What shows a change goes at once; of the others each run reads those that were not read for the
//! longest time, so that a thousand of them cost a few calls, and the corrections of a small country go with the next run.

use super::conveyor::Conveyor;
use super::entry::Entry;
use super::tally::Tally;
use super::workflow::Workflow;
use crate::domain::outcome::Outcome;
use crate::store::RecordState;

/// Most looks of one run.
const MOST: usize = 100;

/// Records that are listed as before.
pub struct Looks<W: Workflow> {
    waiting: Vec<Entry<W>>,
    /// Whether there were more than one run looks at, so that a look has to be remembered.
    pub rotates: bool,
}

impl<W: Workflow> Default for Looks<W> {
    fn default() -> Self {
        Self {
            waiting: Vec::new(),
            rotates: false,
        }
    }
}

impl<W: Workflow> Looks<W> {
    pub fn push(&mut self, entry: Entry<W>) {
        self.waiting.push(entry);
    }

    /// Counts what is not looked at in this run as its rows say.
    pub fn drain_into(&mut self, tally: &mut Tally<'_>) {
        for entry in self.waiting.drain(..) {
            let outcome = match entry.was() {
                Some(RecordState::Skipped) => Outcome::Skipped,
                _ => Outcome::Held,
            };
            tally.add_unchanged(&entry, outcome);
        }
    }
}

impl<W: Workflow> Conveyor<'_, W> {
    /// Once the whole list is known, those go that were not looked at for the longest time.
    pub(super) fn launch_looks(&mut self, tally: &mut Tally<'_>) {
        let listed = self.discovery.is_over() && self.ungated.is_empty() && self.busy.gating == 0;
        if !listed || self.looks.waiting.is_empty() {
            return;
        }
        let mut waiting = std::mem::take(&mut self.looks.waiting);
        let read_at = |entry: &Entry<W>| entry.before.as_ref().map(|row| row.updated_at);
        waiting.sort_by_key(read_at);
        self.looks.rotates |= waiting.len() > MOST;
        self.looks.waiting = waiting.split_off(MOST.min(waiting.len()));
        self.looks.drain_into(tally);
        for mut entry in waiting {
            entry.begins_anew(self.run.around.clock.now());
            self.let_in(entry, tally);
        }
    }
}

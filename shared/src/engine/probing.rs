//! A destination that was down: one record goes before all others in the next run. Where it cannot be asked what became of a write, a
//! record that meets an answer of unknown fate waits for a person, so no more than one an hour is risked as long as that goes on.

use std::time::Duration;

use super::conveyor::Conveyor;
use super::workflow::Workflow;
use crate::clock::later;
use crate::domain::reason::Stop;
use crate::domain::system::System;
use crate::store::Probe;

/// How long the next record waits after one whose fate is unknown.
const AFTER_A_LOST_ONE: Duration = Duration::from_hours(1);

/// What the next run has to know of a destination that was down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextProbe {
    /// What it knows already.
    AsBefore,
    /// The destination is well again.
    Over,
    /// One record goes before all others.
    Alone(Probe),
}

impl<W: Workflow> Conveyor<'_, W> {
    /// Whether the record that is sent alone has to wait: for a question to be answered first, or for its time. A run that has
    /// something to send before that time ends.
    pub(super) fn probe_waits(&mut self) -> bool {
        let Some(probe) = self.run.lease.probe.filter(|_| self.streaks.probing) else {
            return false;
        };
        if self.busy.writing > 0 || self.busy.confirming > 0 || !self.to_confirm.is_empty() {
            return true;
        }
        let early = probe.not_before.is_some_and(|at| !self.run.is_due(at));
        if early && !self.to_write.is_empty() {
            self.halt(Stop::Unavailable(self.run.character.name.destination()));
        }
        early
    }

    /// What the next run has to know of the destination, if that changed in this one.
    pub(super) fn next_probe(&self, silent: Option<System>) -> NextProbe {
        let destination = self.run.character.name.destination();
        let down =
            silent == Some(destination) || self.stops.contains(&Stop::Unavailable(destination));
        if self.streaks.has_written() && !down {
            return match self.run.lease.probe {
                Some(_) => NextProbe::Over,
                None => NextProbe::AsBefore,
            };
        }
        if !down || !self.streaks.has_failed(destination) {
            return NextProbe::AsBefore;
        }
        let cannot_be_asked = self.run.character.cannot_be_asked();
        let not_before = (self.streaks.lost_write && cannot_be_asked)
            .then(|| later(self.run.around.clock.now(), AFTER_A_LOST_ONE));
        NextProbe::Alone(Probe { not_before })
    }
}

//! What a run may do: time, writes, and failures in a row. Asked where a call begins, and told what
//! came of it.

use std::cell::{Cell, Ref, RefCell, RefMut};
use std::time::Duration;

use jiff::Timestamp;

use super::context::Context;
use super::failures::Failures;
use super::flow::{Flow, Stage};
use super::obstacle::Closed;
use super::request::Request;
use super::workflow::Traits;
use crate::clock::later;
use crate::domain::reason::Stop;
use crate::domain::system::System;
use crate::store::{Lease, Probe};

/// How long the next record waits after one whose fate is unknown.
const AFTER_A_LOST_ONE: Duration = Duration::from_hours(1);

/// Whether a call may begin now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum May {
    /// For so many records at most.
    Go(usize),
    /// Not before something else has ended.
    Wait,
    /// Not in this run any more.
    Not(Closed),
}

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

/// Time, writes, and failures in a row.
pub struct Limits<'r, P> {
    context: &'r Context<'r>,
    traits: Traits,
    request: &'r Request,
    probe: Option<Probe>,
    most_writes: usize,
    /// Whether the run ends at the first record that it would send.
    looks_first: bool,
    /// Until when earlier runs' records are asked after.
    recheck_until: Timestamp,
    /// Whether the destination is ready for records.
    pub prepared: Cell<bool>,
    /// Writes begun at the destination.
    pub writes: Cell<usize>,
    /// Whether any record was brought further.
    pub moved: Cell<bool>,
    /// Whether a call found no time left for its records.
    pub out_of_time: Cell<bool>,
    /// Whether records were left that no call was made for.
    pub left: Cell<bool>,
    let_in: Cell<usize>,
    stops: RefCell<Vec<Stop>>,
    failures: RefCell<Failures<P>>,
}

impl<'r, P> Limits<'r, P> {
    /// The limits of a run that begins now.
    pub fn new(
        context: &'r Context<'r>,
        traits: Traits,
        request: &'r Request,
        lease: &Lease,
        looks_first: bool,
    ) -> Self {
        let now = context.clock.now();
        let settings = context.settings;
        // Bounds the harm of a bad profile; the first run that ever writes under it is bounded more
        // tightly. A dry run writes nothing, and looks at everything.
        let most_writes = if request.dry_run {
            usize::MAX
        } else if is_proven(context, lease) {
            settings.max_writes_per_run
        } else {
            settings.first_run_writes
        };
        Self {
            context,
            traits,
            request,
            probe: lease.probe,
            most_writes,
            looks_first,
            recheck_until: later(now, context.deadline.open_for(now) / 5),
            prepared: Cell::new(false),
            writes: Cell::new(0),
            moved: Cell::new(false),
            out_of_time: Cell::new(false),
            left: Cell::new(false),
            let_in: Cell::new(0),
            stops: RefCell::default(),
            failures: RefCell::new(Failures::new(lease.probe.is_some())),
        }
    }

    /// Whether new work may begin.
    pub fn is_open(&self) -> bool {
        let now = self.context.clock.now();
        !self.is_stopped() && self.context.deadline.open(now)
    }

    /// The most that the run may write.
    pub const fn most_writes(&self) -> usize {
        self.most_writes
    }

    /// Whether the run has written as much as it may.
    pub const fn is_spent(&self) -> bool {
        self.writes.get() >= self.most_writes
    }

    /// Lets one more record in to be worked on, unless the run was asked to stop at a number.
    pub fn let_in(&self) -> Result<(), Closed> {
        if self.has_let_in_all() {
            return Err(Closed::Limit);
        }
        self.let_in.set(self.let_in.get() + 1);
        Ok(())
    }

    /// Whether as many records were let in as the run was asked for.
    pub fn has_let_in_all(&self) -> bool {
        let limit = self.request.limit;
        limit.is_some_and(|limit| self.let_in.get() >= limit)
    }

    /// Whether a call may begin at this stage now.
    pub fn may(&self, stage: Stage, flow: &Flow) -> May {
        if let Err(closed) = self.is_in_time(stage, self.context.clock.now()) {
            return May::Not(closed);
        }
        let waits_for_preparing = !self.prepared.get();
        match stage {
            Stage::Fetch | Stage::Locate | Stage::Reread | Stage::Write if self.is_spent() => {
                May::Not(Closed::Limit)
            }
            Stage::Locate | Stage::Write | Stage::Look if waits_for_preparing => May::Wait,
            Stage::Locate if self.failures().probing => {
                let ahead = [Stage::Write];
                let one_is_out = flow.out_at(Stage::Locate) > 0 || flow.is_busy(&ahead);
                if one_is_out { May::Wait } else { May::Go(1) }
            }
            Stage::Write => self.may_write(flow),
            _ => May::Go(usize::MAX),
        }
    }

    /// Whether a call of this stage that begins at this moment is in time.
    pub fn is_in_time(&self, stage: Stage, at: Timestamp) -> Result<(), Closed> {
        if self.is_stopped() {
            return Err(Closed::Stopped);
        }
        let (deadline, timeout) = (&self.context.deadline, self.context.call_timeout);
        let open = deadline.open(at);
        let in_time = match stage {
            Stage::Verify | Stage::Acknowledge => deadline.finishing(at),
            // The lease outlives the deadline.
            Stage::Reread | Stage::Write => open && deadline.has_room(at, timeout),
            Stage::Recheck => open && at < self.recheck_until,
            _ => open,
        };
        if in_time { Ok(()) } else { Err(Closed::Time) }
    }

    fn may_write(&self, flow: &Flow) -> May {
        if self.looks_first {
            self.stop(Stop::LedgerEmpty);
            return May::Not(Closed::Stopped);
        }
        let out = flow.out_at(Stage::Write);
        let concurrency = self.context.settings.concurrency;
        if self.failures().room_to_write(concurrency, out) == 0 {
            return May::Wait;
        }
        match self.probe.filter(|_| self.failures().probing) {
            Some(probe) => self.may_probe(probe, flow),
            None => May::Go(self.most_writes - self.writes.get()),
        }
    }

    /// Whether the record that is sent alone may go: after every question is answered, and not before
    /// its time. A run that has something to send before that time ends.
    ///
    /// Where the destination cannot be asked what became of a write, a record that meets an answer of
    /// unknown fate waits for a person, so no more than one an hour is risked as long as that goes on.
    fn may_probe(&self, probe: Probe, flow: &Flow) -> May {
        let asking = [Stage::Recheck, Stage::BeforeConfirm, Stage::Confirm];
        if flow.out_at(Stage::Write) > 0 || flow.is_busy(&asking) {
            return May::Wait;
        }
        if probe.not_before.is_some_and(|at| !self.context.is_due(at)) {
            self.stop(Stop::Unavailable(self.traits.name.destination()));
            return May::Not(Closed::Stopped);
        }
        May::Go(1)
    }

    /// The run cannot go on: the first reason counts, the others are remembered.
    pub fn stop(&self, stop: Stop) {
        let mut stops = self.stops.borrow_mut();
        if !stops.contains(&stop) {
            stops.push(stop);
        }
    }

    /// Whether the run cannot go on.
    pub fn is_stopped(&self) -> bool {
        !self.stops.borrow().is_empty()
    }

    /// Whether this stop is among the reasons why the run cannot go on.
    pub fn is_stopped_by(&self, stop: &Stop) -> bool {
        self.stops.borrow().contains(stop)
    }

    /// Whether this run may, or can, write nothing more to the table.
    pub fn is_cut_from_the_store(&self) -> bool {
        let of_the_store =
            |stop: &Stop| matches!(stop, Stop::LeaseLost | Stop::StoreUnavailable(_));
        self.stops.borrow().iter().any(of_the_store)
    }

    /// Why the run could not go on; empty if it could.
    pub fn stops(&self) -> Vec<Stop> {
        self.stops.borrow().clone()
    }

    /// What failed in a row.
    pub fn failures(&self) -> Ref<'_, Failures<P>> {
        self.failures.borrow()
    }

    /// What failed in a row, to be told more.
    pub fn failures_mut(&self) -> RefMut<'_, Failures<P>> {
        self.failures.borrow_mut()
    }

    /// A call failed as a whole.
    pub fn note_failure(&self, at: Stage, system: System) {
        let destination = self.traits.name.destination();
        let stop = self.failures_mut().note_failure(at, system, destination);
        if let Some(stop) = stop {
            self.stop(stop);
        }
    }

    /// What the next run has to know of the destination, if that changed in this one. `silent` is a
    /// system of which every call failed.
    pub fn next_probe(&self, silent: Option<System>) -> NextProbe {
        let destination = self.traits.name.destination();
        let down =
            silent == Some(destination) || self.is_stopped_by(&Stop::Unavailable(destination));
        let failures = self.failures();
        if failures.has_written() && !down {
            return match self.probe {
                Some(_) => NextProbe::Over,
                None => NextProbe::AsBefore,
            };
        }
        if !down || !failures.has_failed(destination) {
            return NextProbe::AsBefore;
        }
        let lost = failures.lost_write && self.traits.cannot_be_asked();
        let not_before = lost.then(|| later(self.context.clock.now(), AFTER_A_LOST_ONE));
        NextProbe::Alone(Probe { not_before })
    }
}

/// Whether a whole run has written under the profile in force, so that the first run's limit is over.
pub fn is_proven(context: &Context<'_>, lease: &Lease) -> bool {
    lease.written_under.as_deref() == Some(&context.profile_version)
}

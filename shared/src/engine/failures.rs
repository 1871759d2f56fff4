//! Failures in a row: a system that is down, and refusals that are nobody's own. Both end the run,
//! and no record pays for them: what the rows said of it is put back at the end of the run.
//!
//! Every answer is judged where it comes in, so "in a row" is the order of answers over all that is
//! in flight. A row is kept at once as if the failure were the record's own, and put back only after
//! the run has come to rest. So no row is written twice at the same time, and a crash between costs
//! one attempt at most.

use std::collections::{HashMap, HashSet};

use super::fault::Refusal;
use super::flow::Stage;
use crate::domain::reason::{Reason, Stop};
use crate::domain::system::System;
use crate::store::RecordRow;

/// How many failures in a row, of a whole system or alike, end the run.
pub const THAT_STOP: usize = 5;

/// A record that failed, with the row that it has if that was not its own fault.
pub struct Failed<P> {
    /// Where it failed.
    pub at: Stage,
    /// Whose failure it may be.
    pub system: System,
    /// Its row in that case.
    pub put_back: RecordRow<P>,
}

/// What failed in a row so far. Each kind of call has its own row of failures, for a system may
/// answer questions and take nothing.
pub struct Failures<P> {
    /// Failures in a row of each system as a whole. Systems that never failed are not in it.
    of_systems: HashMap<System, usize>,
    of_stages: HashMap<Stage, usize>,
    /// What failed since its stage came through last.
    failed: Vec<Failed<P>>,
    /// What was refused alike, and by whom, since its stage took anything.
    refused: HashMap<Stage, (Refusal, Reason, Vec<Failed<P>>)>,
    /// The stages that took anything in this run.
    taken: HashSet<Stage>,
    /// Whether the last write ended with nothing known of its fate.
    pub lost_write: bool,
    /// Whether anything came to be worked on that was not refused alike before.
    pub others_due: bool,
    /// One record is sent before all others, for the destination was down.
    pub probing: bool,
}

/// Both ways of reading, of looking and of asking after a record are one kind of call each.
const fn kind(stage: Stage) -> Stage {
    match stage {
        Stage::Reread => Stage::Fetch,
        Stage::Look => Stage::Verify,
        Stage::Recheck => Stage::Confirm,
        stage => stage,
    }
}

impl<P> Failures<P> {
    /// Nothing failed yet. `probing` says whether the destination was down when the run before this
    /// one ended.
    pub fn new(probing: bool) -> Self {
        Self {
            of_systems: HashMap::new(),
            of_stages: HashMap::new(),
            failed: Vec::new(),
            refused: HashMap::new(),
            taken: HashSet::new(),
            lost_write: false,
            others_due: false,
            probing,
        }
    }

    /// Systems that failed as a whole at some time.
    pub fn of_systems(&self) -> impl Iterator<Item = System> {
        self.of_systems.keys().copied()
    }

    /// Whether this system failed last when it was called.
    pub fn has_failed(&self, system: System) -> bool {
        self.of_systems.get(&system).is_some_and(|count| *count > 0)
    }

    /// How many more writes may go out: never more since the last one came through than end the run,
    /// or are out at once. So an outage finds no more on their way than were there when it began.
    pub fn room_to_write(&self, concurrency: usize, out: usize) -> usize {
        let lost = self.of_stages.get(&Stage::Write).copied().unwrap_or(0);
        let most = concurrency.max(THAT_STOP).saturating_sub(lost + out);
        most.min(concurrency.saturating_sub(out))
    }

    /// Whether a write came through.
    pub fn has_written(&self) -> bool {
        self.taken.contains(&Stage::Write)
    }

    /// Whether this stage took anything in this run.
    pub fn has_taken(&self, stage: Stage) -> bool {
        self.taken.contains(&kind(stage))
    }

    /// A call failed as a whole. Answers what stops the run, if this does.
    pub fn note_failure(&mut self, at: Stage, system: System, destination: System) -> Option<Stop> {
        let in_a_row = self.of_systems.entry(system).or_default();
        *in_a_row += 1;
        let of_stage = self.of_stages.entry(kind(at)).or_default();
        *of_stage += 1;
        let most = (*in_a_row).max(*of_stage);
        let probed = self.probing && system == destination;
        (probed || most >= THAT_STOP).then_some(Stop::Unavailable(system))
    }

    /// A call came through. `system` is the one that spoke, if it is sure that one did.
    pub fn note_answer(&mut self, at: Stage, system: Option<System>) {
        if let Some(in_a_row) = system.and_then(|system| self.of_systems.get_mut(&system)) {
            *in_a_row = 0;
        }
        let at = kind(at);
        self.of_stages.remove(&at);
        self.failed.retain(|failed| failed.at != at);
        if at == Stage::Write {
            self.lost_write = false;
        }
    }

    /// A record was taken: those that were refused before it are refused for themselves.
    pub fn note_taken(&mut self, at: Stage) {
        let at = kind(at);
        self.taken.insert(at);
        self.refused.remove(&at);
        if at == Stage::Write {
            self.probing = false;
        }
    }

    /// A record failed that may have failed with its system.
    pub fn note_failed(&mut self, failed: Failed<P>) {
        let at = kind(failed.at);
        self.failed.push(Failed { at, ..failed });
    }

    /// A record was refused without a field named. Answers what stops the run, if this does.
    pub fn note_refused(
        &mut self,
        refusal: Refusal,
        reason: Reason,
        failed: Failed<P>,
    ) -> Option<Stop> {
        let streak = self.refused.entry(kind(failed.at));
        let (last, alike, records) = streak.or_insert((refusal, reason, Vec::new()));
        if *alike != reason {
            records.clear();
        }
        (*last, *alike) = (refusal, reason);
        records.push(failed);
        if records.len() < THAT_STOP {
            return None;
        }
        let system = refusal.system;
        Some(match refusal.route {
            Some(route) if reason == Reason::NoAccess => Stop::PermissionDenied { system, route },
            _ => Stop::RefusedAlike { system, reason },
        })
    }

    /// The rows of what failed with a system that is down.
    pub fn take_failed(&mut self, down: impl Fn(System) -> bool) -> Vec<RecordRow<P>> {
        let failed = std::mem::take(&mut self.failed).into_iter();
        let failed = failed.filter(|failed| down(failed.system));
        failed.map(|failed| failed.put_back).collect()
    }

    /// What was refused alike at a stage that ended the run.
    pub fn take_refused_alike(&mut self) -> Vec<(Reason, RecordRow<P>)> {
        let streaks = self.refused.drain().map(|(_, streak)| streak);
        let ended = streaks.filter(|(_, _, records)| records.len() >= THAT_STOP);
        let rows = ended.flat_map(|(_, reason, records)| {
            let rows = records.into_iter().map(|failed| failed.put_back);
            rows.map(move |row| (reason, row))
        });
        rows.collect()
    }
}

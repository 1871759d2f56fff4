//! Failures in a row: a system that is down, and refusals that are nobody's own. Both end the run, and no record pays for them: what the
//! rows said of it is put back at the end of the run.
//!
//! Every answer is judged where it comes in, so "in a row" is the order of answers over all that is in flight. A row is kept at once
//! as if the failure were the record's own, and put back only after the run has come to rest: so no row is written twice at the same
//! time, and a crash between costs one attempt at most.

use std::collections::{HashMap, HashSet};

use super::conveyor::Conveyor;
use super::entry::{Entry, Stage};
use super::fault::{Fault, FaultKind, Refusal};
use super::run::Run;
use super::tally::{Tally, plain};
use super::workflow::Workflow;
use crate::domain::outcome::{Outcome, RecordReport};
use crate::domain::reason::{Reason, Stop};
use crate::domain::system::System;
use crate::store::{RecordRow, RecordState};

/// How many failures in a row, of a whole system or alike, end the run.
const THAT_STOP: usize = 5;

/// In how many runs records are refused alike, and nothing else is due, before they are held.
const REFUSED_RUNS: u32 = 3;

/// The kinds of calls. Each has its own row of failures, for a system may answer questions and take nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Line {
    #[default]
    Fetch,
    Locate,
    Write,
    Verify,
    Confirm,
    Tell,
}

/// A record that failed, with the row that it has if that was not its own fault.
pub struct Failed<P> {
    line: Line,
    system: System,
    put_back: RecordRow<P>,
}

/// What failed in a row so far.
pub struct Streaks<P> {
    /// The calls whose answers are being judged.
    pub at: Line,
    /// Failures in a row of each system as a whole. Systems that never failed are not in it.
    of_systems: HashMap<System, usize>,
    of_lines: HashMap<Line, usize>,
    /// What failed since its line came through last.
    failed: Vec<Failed<P>>,
    /// What was refused alike, and by whom, since its line took anything.
    refused: HashMap<Line, (Refusal, Reason, Vec<Failed<P>>)>,
    /// The lines that took anything in this run.
    taken: HashSet<Line>,
    /// Whether the last write ended with nothing known of its fate.
    pub lost_write: bool,
    /// Whether anything came to be worked on that was not refused alike before.
    pub others_due: bool,
    /// One record is sent before all others, for the destination was down.
    pub probing: bool,
}

impl<P> Streaks<P> {
    /// Nothing failed yet. `probing` says whether the destination was down when the run before this one ended.
    pub fn new(probing: bool) -> Self {
        Self {
            at: Line::default(),
            of_systems: HashMap::new(),
            of_lines: HashMap::new(),
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

    /// How many more writes may go out: never more since the last one came through than end the run, or are out at once. So an outage
    /// finds no more on their way than were there when it began.
    pub fn room_to_write(&self, concurrency: usize, under_way: usize) -> usize {
        let lost = self.of_lines.get(&Line::Write).copied().unwrap_or(0);
        let most = concurrency.max(THAT_STOP).saturating_sub(lost + under_way);
        most.min(concurrency.saturating_sub(under_way))
    }

    /// Whether a write came through.
    pub fn has_written(&self) -> bool {
        self.taken.contains(&Line::Write)
    }

    /// What was refused alike on a line that ended the run.
    fn refused_alike(&mut self) -> Vec<(Reason, Failed<P>)> {
        let streaks = self.refused.drain().map(|(_, streak)| streak);
        let ended = streaks.filter(|(_, _, records)| records.len() >= THAT_STOP);
        ended
            .flat_map(|(_, reason, records)| records.into_iter().map(move |one| (reason, one)))
            .collect()
    }
}

impl<W: Workflow> Conveyor<'_, W> {
    /// Counts a call that failed as a whole.
    pub(super) fn note_failure(&mut self, system: System) {
        let streaks = &mut self.streaks;
        let in_a_row = streaks.of_systems.entry(system).or_default();
        *in_a_row += 1;
        let on_line = streaks.of_lines.entry(streaks.at).or_default();
        *on_line += 1;
        let most = (*in_a_row).max(*on_line);
        let probed = streaks.probing && system == self.run.character.name.destination();
        if probed || most >= THAT_STOP {
            self.halt(Stop::Unavailable(system));
        }
    }

    /// A call came through. `system` is the one that spoke, if it is sure that one did.
    pub(super) fn note_answer(&mut self, system: Option<System>) {
        let streaks = &mut self.streaks;
        if let Some(in_a_row) = system.and_then(|system| streaks.of_systems.get_mut(&system)) {
            *in_a_row = 0;
        }
        let at = streaks.at;
        streaks.of_lines.remove(&at);
        streaks.failed.retain(|failed| failed.line != at);
        if at == Line::Write {
            streaks.lost_write = false;
        }
    }

    /// A record was taken: those that were refused before it are refused for themselves.
    pub(super) fn note_taken(&mut self) {
        let streaks = &mut self.streaks;
        streaks.taken.insert(streaks.at);
        streaks.refused.remove(&streaks.at);
        if streaks.at == Line::Write {
            streaks.probing = false;
        }
    }

    /// A record that failed keeps `row`, unless the failure turns out to be the system's.
    pub(super) fn note_failed(
        &mut self,
        entry: &Entry<W>,
        row: &RecordRow<W::Place>,
        fault: &Fault,
    ) {
        let FaultKind::Retry { reason, down } = fault.kind else {
            return;
        };
        let unknown = reason == Reason::OutcomeUnknown;
        let destination = self.run.character.name.destination();
        let Some(system) = down.or(unknown.then_some(destination)) else {
            return;
        };
        let put_back = RecordRow {
            reason: Some(reason),
            ..Run::<W>::put_back_row(entry, row)
        };
        self.streaks.failed.push(Failed {
            line: self.streaks.at,
            system,
            put_back,
        });
    }

    /// Whether a refusal may be nobody's own: it names no field, and the record was not held for it already, nor refused again after
    /// others were taken.
    pub(super) fn may_be_refused_alike(&self, entry: &Entry<W>, fault: &Fault) -> bool {
        let FaultKind::Hold(reason) = fault.kind else {
            return false;
        };
        let row = entry.before.as_ref();
        let known =
            row.is_some_and(|row| row.state == RecordState::Held && row.reason == Some(reason));
        let marked = row.is_some_and(|row| row.refused_alike.is_some());
        let taken = self.streaks.taken.contains(&self.streaks.at);
        fault.refusal.is_some() && !known && !(marked && taken)
    }

    /// A record was refused without a field named: five in a row end the run.
    pub(super) fn note_refused(
        &mut self,
        entry: &Entry<W>,
        row: &RecordRow<W::Place>,
        fault: &Fault,
    ) {
        let (FaultKind::Hold(reason), Some(refusal)) = (fault.kind, fault.refusal) else {
            return;
        };
        let failed = Failed {
            line: self.streaks.at,
            system: refusal.system,
            put_back: Run::<W>::put_back_row(entry, row),
        };
        let streak = self.streaks.refused.entry(self.streaks.at);
        let (last, alike, records) = streak.or_insert((refusal, reason, Vec::new()));
        if *alike != reason {
            records.clear();
        }
        (*last, *alike) = (refusal, reason);
        records.push(failed);
        if records.len() < THAT_STOP {
            return;
        }
        let system = refusal.system;
        self.halt(match refusal.route {
            Some(route) if reason == Reason::NoAccess => Stop::PermissionDenied { system, route },
            _ => Stop::RefusedAlike { system, reason },
        });
    }

    /// The rows of what failed for no fault of its own, as they are to be put back; counted anew where that changes how a record ended.
    pub(super) fn put_back(
        &mut self,
        silent: Option<System>,
        tally: &mut Tally<'_>,
    ) -> Vec<RecordRow<W::Place>> {
        let down = |system: System| {
            silent == Some(system) || self.stops.contains(&Stop::Unavailable(system))
        };
        let failed = std::mem::take(&mut self.streaks.failed).into_iter();
        let failed = failed.filter(|failed| down(failed.system));
        let mut rows: Vec<_> = failed.map(|failed| failed.put_back).collect();
        for (reason, failed) in self.streaks.refused_alike() {
            let before = failed.put_back.refused_alike;
            let runs = before.map_or(0, |runs| runs + u32::from(!self.streaks.others_due));
            let held = runs >= REFUSED_RUNS;
            let reason = if held { Reason::RefusedAlike } else { reason };
            let mut row = failed.put_back;
            row.reason = Some(reason);
            row.refused_alike = (!held).then_some(runs);
            if held {
                row = self.run.held_for_good(row);
            }
            let outcome = if held {
                Outcome::Held
            } else {
                Outcome::WillRetry
            };
            tally.add(RecordReport {
                reason: Some(reason),
                fields: row.fields.clone(),
                ..plain(row.key.clone(), outcome)
            });
            if !held {
                tally.measures.newly_held = tally.measures.newly_held.saturating_sub(1);
            }
            rows.push(row);
        }
        rows
    }
}

impl<W: Workflow> Run<'_, W> {
    /// The row of a record that failed for no fault of its own: as it was before this attempt, and due.
    fn put_back_row(entry: &Entry<W>, row: &RecordRow<W::Place>) -> RecordRow<W::Place> {
        let state = match entry.stage {
            Stage::New => RecordState::Retry,
            Stage::Written => RecordState::Written,
            Stage::Verified => RecordState::Verified,
        };
        RecordRow {
            state,
            attempts: entry.attempts(),
            next_attempt_at: Some(row.updated_at),
            refused_alike: entry.before.as_ref().and_then(|row| row.refused_alike),
            told: 0,
            in_place: false,
            ..row.clone()
        }
    }

    /// The same held for a person, until the profile or a secret changes.
    fn held_for_good(&self, row: RecordRow<W::Place>) -> RecordRow<W::Place> {
        RecordRow {
            state: RecordState::Held,
            attempts: 0,
            next_attempt_at: self.next_look(Reason::RefusedAlike),
            profile_version: self.versions(),
            ..row
        }
    }

    /// Puts rows back, after everything else was kept.
    pub(super) async fn keep_put_back(&self, rows: Vec<RecordRow<W::Place>>) -> Result<(), Stop> {
        if self.request.dry_run {
            return Ok(());
        }
        for row in rows {
            self.put_record(&row).await?;
        }
        Ok(())
    }
}

//! One run: lease, discovery, conveyor, report.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tracing::Instrument as _;
use ulid::Ulid;

use super::conveyor::Conveyor;
use super::panics::guarded_run;
use super::sign_in;
use super::tally::{Progress, Tally};
use super::workflow::{LedgerView, Workflow};
use crate::clock::{Clock, later};
use crate::deadline::Deadline;
use crate::domain::ids::Deployment;
use crate::domain::outcome::{Calls, CursorMove, RunReport, RunStatus};
use crate::domain::reason::Stop;
use crate::domain::system::System;
use crate::entropy::Entropy;
use crate::profile::EngineSettings;
use crate::store::{Lease, LeaseTaken, Store};

/// The lease outlives the run's hard deadline by this much, so that a run that ends late still ends alone.
const LEASE_SLACK: Duration = Duration::from_mins(1);

/// Everything a run needs beside its workflow.
pub struct Surroundings<'r> {
    /// Which deployment.
    pub deployment: &'r Deployment,
    /// The version of the profile in force: a held record opens again under a new one.
    pub profile_version: String,
    /// The versions of the secrets in use: a sign-in refused under one is not tried again under it.
    pub secret_versions: HashMap<System, String>,
    /// Limits and waiting times.
    pub settings: &'r EngineSettings,
    /// The workflow's rows.
    pub store: &'r Store,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<Entropy>,
    /// When the run must have ended.
    pub deadline: Deadline,
    /// Sees every record as it settles.
    pub watch: &'r dyn Fn(&Progress<'_>),
}

/// A run in progress: what every stage may use.
pub(super) struct Run<'r, W: Workflow> {
    pub workflow: &'r W,
    pub around: &'r Surroundings<'r>,
    pub lease: Lease,
}

/// How a run ended: its report, and the error that stopped it.
#[derive(Debug)]
pub struct Finished {
    /// What was done. Saved in the table, unless another run held the lease.
    pub report: RunReport,
    /// Set when the run could not go on. The report names it, too.
    pub stop: Option<Stop>,
}

/// Runs a workflow once. A failure inside is part of what is returned; the report is never lost to it.
pub async fn run<W: Workflow>(workflow: &W, around: &Surroundings<'_>) -> Finished {
    let report = blank_report(workflow, around);
    let span = tracing::info_span!(
        "run",
        deployment = %report.deployment,
        workflow = %report.workflow,
        run_id = report.run_id,
    );
    // On the heap: a run is large, and every caller keeps it inside its own future.
    Box::pin(run_under_lease(workflow, around, report))
        .instrument(span)
        .await
}

async fn run_under_lease<W: Workflow>(
    workflow: &W,
    around: &Surroundings<'_>,
    mut report: RunReport,
) -> Finished {
    let lease_ends = later(around.deadline.end(), LEASE_SLACK);
    let lease = match around
        .store
        .take_lease(&report.run_id, report.started_at, lease_ends)
        .await
    {
        Ok(LeaseTaken::Taken(lease)) => lease,
        Ok(LeaseTaken::HeldByAnother) => {
            report.status = RunStatus::AlreadyRunning;
            return finished(report, None, workflow, around);
        }
        Err(error) => return finished(report, Some(error.into()), workflow, around),
    };
    let run = Run {
        workflow,
        around,
        lease,
    };
    let mut tally = Tally::new(around.watch);
    let stop = match deliver(&run, &mut tally).await {
        Ok(out_of_time) => {
            report.status = if out_of_time {
                RunStatus::Truncated
            } else {
                RunStatus::Completed
            };
            None
        }
        Err(stop) => Some(stop),
    };
    report.counts = tally.counts.clone();
    report.reasons = std::mem::take(&mut tally.reasons);
    report.records = tally.records();
    let released = around
        .store
        .release_lease(&run.lease, tally.writes > 0)
        .await
        .err()
        .map(Stop::from);
    let mut end = finished(report, stop.or(released), workflow, around);
    // The saving itself is the last call and counts.
    end.report.calls.state += 1;
    if let Err(error) = around.store.put_run(&end.report).await {
        let stop = end.stop.get_or_insert(error.into());
        end.report.status = RunStatus::Failed;
        end.report.error.get_or_insert(stop.to_string());
    }
    end
}

/// Moves everything the source offers, unless the credentials are known to be refused; true if time ran out before all of it.
async fn deliver<W: Workflow>(run: &Run<'_, W>, tally: &mut Tally<'_>) -> Result<bool, Stop> {
    sign_in::refuse_known_failures(run.around).await?;
    match move_all(run, tally).await {
        Err(stop) => {
            sign_in::remember(run.around, &stop).await?;
            Err(stop)
        }
        moved => moved,
    }
}

async fn move_all<W: Workflow>(run: &Run<'_, W>, tally: &mut Tally<'_>) -> Result<bool, Stop> {
    // Side by side: the two systems do not wait for each other.
    let (discovered, prepared) = futures::join!(
        guarded_run(run.workflow.discover()),
        guarded_run(run.workflow.prepare(LedgerView(run.around.store))),
    );
    if let (Err(_), Err(other)) = (&discovered, &prepared) {
        // Only one of the two ends the run, but a refused sign-in of either must be remembered.
        sign_in::remember(run.around, other).await?;
    }
    let conveyor = Conveyor::load(run, discovered?, prepared.err());
    let end = conveyor.drive(tally).await;
    let progress = tally.writes > 0 || tally.worked_on() > 0;
    match end.stop {
        Some(stop) => Err(stop),
        None if end.out_of_time && !progress => Err(Stop::NoProgress),
        None => Ok(end.out_of_time),
    }
}

fn blank_report<W: Workflow>(workflow: &W, around: &Surroundings<'_>) -> RunReport {
    let now = around.clock.now();
    let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or(0);
    RunReport {
        run_id: Ulid::from_parts(milliseconds, around.entropy.bits()).to_string(),
        deployment: around.deployment.clone(),
        workflow: workflow.name(),
        status: RunStatus::Completed,
        error: None,
        started_at: now,
        finished_at: now,
        dry_run: false,
        counts: <_>::default(),
        reasons: <_>::default(),
        cursor: CursorMove::default(),
        calls: Calls::default(),
        records: Vec::new(),
    }
}

fn finished<W: Workflow>(
    mut report: RunReport,
    stop: Option<Stop>,
    workflow: &W,
    around: &Surroundings<'_>,
) -> Finished {
    report.finished_at = around.clock.now();
    report.calls = Calls {
        state: around.store.calls(),
        ..workflow.calls()
    };
    if let Some(stop) = &stop {
        report.status = RunStatus::Failed;
        report.error = Some(stop.to_string());
        tracing::error!(error = %stop, "run failed");
    }
    log_end(&report);
    Finished { report, stop }
}

/// The one line that names a run's end, with all counts.
fn log_end(report: &RunReport) {
    let counts = &report.counts;
    tracing::info!(
        status = report.status.as_str(),
        discovered = counts.discovered,
        delivered = counts.delivered,
        already_in_place = counts.already_in_place,
        awaiting_confirmation = counts.awaiting_confirmation,
        skipped = counts.skipped,
        deferred = counts.deferred,
        held = counts.held,
        will_retry = counts.will_retry,
        "run ended"
    );
}

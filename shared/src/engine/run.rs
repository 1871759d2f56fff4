//! One run: lease, what is due, lives, report.

use std::cell::Cell;
use std::time::Duration;

use tracing::Instrument as _;
use ulid::Ulid;

use super::context::Context;
use super::first_run::refuse_empty_ledger;
use super::pass::pass;
use super::report::Report;
use super::request::Request;
use super::under_way::Run;
use super::workflow::{SourceKind, Workflow};
use super::{sign_in, site};
use crate::clock::later;
use crate::domain::outcome::{Calls, CursorMove, Measures, RunReport, RunStatus};
use crate::domain::reason::{Reason, Stop};
use crate::store::{Lease, LeaseTaken};

/// The lease outlives the run's hard deadline by this much, so that a run that ends late still ends alone.
const LEASE_SLACK: Duration = Duration::from_mins(1);

/// How a run ended: its report, and the error that stopped it.
#[derive(Debug)]
pub struct Finished {
    /// What was done. Saved in the table.
    pub report: RunReport,
    /// Set when the run could not go on. The report names it, too.
    pub stop: Option<Stop>,
    /// What the metrics show beside the report.
    pub measures: Measures,
}

/// Runs a workflow once. A failure inside is part of what is returned; the report is never lost to it.
pub async fn run<W: Workflow>(workflow: &W, request: &Request, context: &Context<'_>) -> Finished {
    let report = blank_report(workflow, request, context);
    let span = tracing::info_span!(
        "run",
        deployment = %report.deployment,
        workflow = %report.workflow,
        run_id = report.run_id,
        dry_run = request.dry_run.then_some(true),
    );
    let run = async {
        if request.dry_run {
            run_dry(workflow, request, context, report).await
        } else {
            run_under_lease(workflow, request, context, report).await
        }
    };
    // On the heap: a run is large, and every caller keeps it inside its own future.
    Box::pin(run).instrument(span).await
}

async fn run_under_lease<W: Workflow>(
    workflow: &W,
    request: &Request,
    context: &Context<'_>,
    mut report: RunReport,
) -> Finished {
    let lease_ends = later(context.deadline.end(), LEASE_SLACK);
    let measures = Measures::default();
    let (store, run_id) = (context.store, &report.run_id);
    let taken = if context.alone {
        store.take_over_lease(run_id, lease_ends).await
    } else {
        store
            .take_lease(run_id, report.started_at, lease_ends)
            .await
    };
    let lease = match taken {
        Ok(LeaseTaken::Taken(lease)) => lease,
        Ok(LeaseTaken::HeldByAnother) => {
            report.status = RunStatus::AlreadyRunning;
            let end = finished(report, None, measures, workflow, context);
            return saved(end, context).await;
        }
        Err(error) => return finished(report, Some(error.into()), measures, workflow, context),
    };
    let run = Run {
        workflow,
        context,
        request,
        traits: workflow.traits(),
        lease,
        site_kept: Cell::new(false),
        looks_first: false,
    };
    let counted = Report::new(context.watch, false);
    let (moved, writes) = move_all(&run, &mut report, &counted).await;
    let released = context
        .store
        .release_lease(&run.lease, writes > 0, written_under(&run, writes))
        .await
        .err()
        .map(Stop::from);
    let stop = moved.err().or(released);
    let measures = counted.sums().measures();
    let end = finished(report, stop, measures, workflow, context);
    saved(end, context).await
}

async fn saved(mut end: Finished, context: &Context<'_>) -> Finished {
    // The saving itself is the last call and counts.
    end.report.calls.state += 1;
    if let Err(error) = context.store.put_run(&end.report).await {
        let stop = end.stop.get_or_insert(error.into());
        end.report.status = RunStatus::Failed;
        end.report.error.get_or_insert(stop.to_string());
    }
    end
}

/// The same without a lease, and nothing is stored: but a refused sign-in, which counts whoever tried it.
async fn run_dry<W: Workflow>(
    workflow: &W,
    request: &Request,
    context: &Context<'_>,
    mut report: RunReport,
) -> Finished {
    let counted = Report::new(context.watch, true);
    let moved = match context.store.has_written().await {
        Ok(has_written) => {
            let run = Run {
                workflow,
                context,
                request,
                traits: workflow.traits(),
                lease: Lease {
                    run_id: report.run_id.clone(),
                    fence: 0,
                    expires_at: context.deadline.end(),
                    has_written,
                    site: None,
                    predates_sites: false,
                    written_under: None,
                    probe: None,
                },
                site_kept: Cell::new(false),
                looks_first: false,
            };
            move_all(&run, &mut report, &counted).await.0
        }
        Err(error) => Err(error.into()),
    };
    let measures = counted.sums().measures();
    finished(report, moved.err(), measures, workflow, context)
}

/// Moves everything that is due, unless the systems are elsewhere or the credentials are known to be
/// refused, and writes into the report what became of it. Answers also how many writes were begun.
async fn move_all<W: Workflow>(
    run: &Run<'_, W>,
    report: &mut RunReport,
    counted: &Report<'_>,
) -> (Result<(), Stop>, usize) {
    let mut writes = 0;
    let moved = async {
        site::check(run).await?;
        sign_in::refuse_known_failures(run.context).await?;
        let cursor = match run.traits.source_kind {
            SourceKind::Pending => None,
            SourceKind::Changes { .. } => run.context.store.cursor().await?,
        };
        if run.request.dry_run || run.is_the_first(cursor.as_ref()).await? {
            run.workflow.examine(run.ledger()).await?;
        }
        refuse_empty_ledger(run, cursor.as_ref(), report).await?;
        let passed = pass(run, cursor, report, counted).await?;
        writes = passed.writes;
        passed.ended
    };
    let moved = moved.await;
    let mut sums = counted.sums();
    report.counts = sums.counts.clone();
    report.reasons = std::mem::take(&mut sums.reasons);
    report.remarks = std::mem::take(&mut sums.remarks);
    report.records = sums.records();
    let moved = moved.map(|out_of_time| {
        if out_of_time {
            report.status = RunStatus::Truncated;
        }
    });
    (moved, writes)
}

/// A run that might write as much as it found is the canary for the profile under which it did.
fn written_under<'r, W: Workflow>(run: &Run<'r, W>, writes: usize) -> Option<&'r str> {
    let whole = run.request.limit.is_none() && run.request.only.is_none();
    (whole && writes > 0).then_some(&*run.context.profile_version)
}

fn blank_report<W: Workflow>(workflow: &W, request: &Request, context: &Context<'_>) -> RunReport {
    let now = context.clock.now();
    let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or(0);
    RunReport {
        run_id: Ulid::from_parts(milliseconds, context.entropy.bits()).to_string(),
        deployment: context.deployment.clone(),
        workflow: workflow.traits().name,
        status: RunStatus::Completed,
        error: None,
        started_at: now,
        finished_at: now,
        dry_run: request.dry_run,
        counts: <_>::default(),
        reasons: <_>::default(),
        remarks: <_>::default(),
        cursor: CursorMove::default(),
        write_limit: None,
        calls: Calls::default(),
        records: Vec::new(),
        checks: Vec::new(),
    }
}

fn finished<W: Workflow>(
    mut report: RunReport,
    stop: Option<Stop>,
    mut measures: Measures,
    workflow: &W,
    context: &Context<'_>,
) -> Finished {
    report.finished_at = context.clock.now();
    report.calls = Calls {
        state: context.store.calls(),
        ..workflow.calls()
    };
    report.checks = workflow.checks();
    let failed = workflow.failed_calls();
    measures.failed_calls = failed.ping + failed.primero;
    if let Some(stop) = &stop {
        report.status = RunStatus::Failed;
        report.error = Some(stop.to_string());
        tracing::error!(error = %stop, "run failed");
    }
    log_end(&report, &measures);
    Finished {
        report,
        stop,
        measures,
    }
}

/// The one line that names a run's end, with all counts: the dashboard asks the logs for them.
fn log_end(report: &RunReport, measures: &Measures) {
    let counts = &report.counts;
    let substituted = report.remarks.get(&Reason::ContactSubstituted);
    tracing::info!(
        status = report.status.as_str(),
        discovered = counts.discovered,
        delivered = counts.delivered,
        would_deliver = report.dry_run.then_some(counts.would_deliver),
        already_in_place = counts.already_in_place,
        awaiting_confirmation = counts.awaiting_confirmation,
        skipped = counts.skipped,
        deferred = counts.deferred,
        held = counts.held,
        will_retry = counts.will_retry,
        held_now = measures.standing.map(|standing| standing.held),
        newly_held = measures.newly_held,
        unknown_codes = measures.unknown_codes,
        contact_substituted = substituted.copied().unwrap_or_default(),
        calls_ping = report.calls.ping,
        calls_primero = report.calls.primero,
        failed_calls = measures.failed_calls,
        run_seconds = report
            .finished_at
            .duration_since(report.started_at)
            .as_secs(),
        "run ended"
    );
}

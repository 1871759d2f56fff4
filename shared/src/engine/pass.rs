//! One pass over everything that is due, and what is to be remembered of how it ended.

use super::drive::{Rest, drive};
use super::due;
use super::limits::{NextProbe, is_proven};
use super::report::Report;
use super::sign_in;
use super::under_way::Run;
use super::workflow::Workflow;
use crate::domain::outcome::{CursorMove, RunReport};
use crate::domain::reason::Stop;
use crate::store::Cursor;

/// How a pass ended.
pub struct Passed {
    /// Whether time ran out before everything was moved; or why it could not go on.
    pub ended: Result<bool, Stop>,
    /// Writes begun at the destination.
    pub writes: usize,
}

/// Moves everything that is due, from this cursor on, and writes into the report where the cursor
/// stands then.
pub async fn pass<W: Workflow>(
    run: &Run<'_, W>,
    cursor: Option<Cursor>,
    report: &mut RunReport,
    counted: &Report<'_>,
) -> Result<Passed, Stop> {
    let position = cursor.as_ref().map(|cursor| cursor.position);
    report.cursor = CursorMove {
        before: position,
        after: position,
    };
    let start = due::start(run, cursor, counted).await?;
    let rest = drive(run, start, counted).await;
    if let Some(cursor) = &rest.cursor {
        report.cursor.after = Some(cursor.position);
    }
    let writes = rest.writes;
    let ended = conclude(run, rest, report).await;
    Ok(Passed { ended, writes })
}

async fn conclude<W: Workflow>(
    run: &Run<'_, W>,
    rest: Rest<W::Place>,
    report: &mut RunReport,
) -> Result<bool, Stop> {
    let context = run.context;
    for stop in &rest.stops {
        // Only one of them ends the run, but a refused sign-in of either system must be remembered.
        sign_in::remember(context, stop, report.started_at).await?;
    }
    if !run.request.dry_run {
        // Rows are put back after everything else was kept.
        for row in &rest.put_back {
            run.put_record(row).await?;
        }
        match rest.probe {
            NextProbe::AsBefore => {}
            NextProbe::Over => context.store.put_probe(&run.lease, None).await?,
            NextProbe::Alone(probe) => context.store.put_probe(&run.lease, Some(&probe)).await?,
        }
    }
    if rest.limited {
        let limit = named_limit(run);
        tracing::warn!(
            limit,
            "the run has written as much as it may; the rest is deferred"
        );
        report.write_limit = Some(limit);
    }
    match rest.stops.into_iter().next() {
        Some(stop) => Err(stop),
        None if let Some(system) = rest.silent => Err(Stop::Unavailable(system)),
        None if context.deadline.is_stopped() => Ok(true),
        None if rest.out_of_time && !rest.progress => Err(Stop::NoProgress),
        None => Ok(rest.out_of_time),
    }
}

/// The limit of this run's writes, as the profile says it.
fn named_limit<W: Workflow>(run: &Run<'_, W>) -> String {
    let settings = run.context.settings;
    if is_proven(run.context, &run.lease) {
        format!(
            "limits.max_writes_per_run = {}",
            settings.max_writes_per_run
        )
    } else {
        format!("limits.first_run_writes = {}", settings.first_run_writes)
    }
}

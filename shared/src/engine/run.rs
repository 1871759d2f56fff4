//! One run: lease, what is due, conveyor, report.

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tracing::Instrument as _;
use ulid::Ulid;

use super::conveyor::{Conveyor, is_of_the_store};
use super::first_run::refuse_empty_ledger;
use super::probing::NextProbe;
use super::request::Request;
use super::tally::{Progress, Tally};
use super::workflow::{Character, Feed, Workflow};
use super::{sign_in, site};
use crate::clock::{Clock, later};
use crate::deadline::Deadline;
use crate::domain::ids::Deployment;
use crate::domain::outcome::{Calls, CursorMove, Measures, RunReport, RunStatus};
use crate::domain::reason::{Reason, Stop};
use crate::domain::record::RecordKey;
use crate::domain::site::Site;
use crate::domain::system::System;
use crate::entropy::Entropy;
use crate::profile::EngineSettings;
use crate::store::{
    Cursor, Lease, LeaseTaken, RecordRow, RecordState, Sightings, Store, StoreError, Unfinished,
};

/// The lease outlives the run's hard deadline by this much, so that a run that ends late still ends alone.
const LEASE_SLACK: Duration = Duration::from_mins(1);

/// A held record is looked at again after this long.
const DAY: Duration = Duration::from_hours(24);

/// Everything a run needs beside its workflow.
pub struct Surroundings<'r> {
    /// Which deployment.
    pub deployment: &'r Deployment,
    /// The version of the profile in force: a held record opens again under a new one.
    pub profile_version: String,
    /// The versions of the secrets in use: a sign-in refused under one is not tried again under it.
    pub secret_versions: HashMap<System, String>,
    /// Where both systems are.
    pub site: &'r Site,
    /// Whether no other run of this ledger can be alive, so that a lease that is held is a dead run's.
    pub alone: bool,
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
    /// The longest one call to either system may take.
    pub call_timeout: Duration,
    /// Sees every record as it settles.
    pub watch: &'r dyn Fn(&Progress<'_>),
}

/// A run in progress: what every stage may use.
pub(super) struct Run<'r, W: Workflow> {
    pub workflow: &'r W,
    pub around: &'r Surroundings<'r>,
    pub request: &'r Request,
    pub character: Character,
    pub lease: Lease,
    /// Whether the table knows where both systems are.
    pub site_kept: Cell<bool>,
    /// Whether this is the dry look that an empty ledger asks for: it ends at the first record that it would send.
    pub looks_first: bool,
}

impl<W: Workflow> Run<'_, W> {
    /// The versions of profile and secrets in force, by which what was refused without a field is remembered.
    pub(super) fn versions(&self) -> String {
        let mut secrets: Vec<String> = (self.around.secret_versions.iter())
            .map(|(system, version)| format!("{system}={version}"))
            .collect();
        secrets.sort_unstable();
        format!("{}+{}", self.around.profile_version, secrets.join(","))
    }

    /// Whether a row was written under the profile in force, and the secrets if it remembers them.
    pub(super) fn is_in_force(&self, version: &str) -> bool {
        version == self.around.profile_version || version == self.versions()
    }

    /// Whether a whole run has written under the profile in force, so that the first run's limit is over.
    pub(super) fn is_proven(&self) -> bool {
        self.lease.written_under.as_deref() == Some(&self.around.profile_version)
    }

    /// Whether a time has come. One that lies further ahead than any pause was written by a wrong clock.
    pub(super) fn is_due(&self, at: Timestamp) -> bool {
        let now = self.around.clock.now();
        at <= now || at > later(now, self.longest_pause())
    }

    /// The longest that a row ever waits.
    pub(super) fn longest_pause(&self) -> Duration {
        self.around.settings.retry_cap.max(DAY)
    }

    /// A run that stalled past the end of its lease writes nothing more, whether another has begun or not.
    pub(super) fn still_ours(&self) -> Result<(), StoreError> {
        if self.around.clock.now() < self.lease.expires_at {
            Ok(())
        } else {
            Err(StoreError::Superseded)
        }
    }

    /// Whether the lease outlasts a call to either system that begins now.
    pub(super) fn still_ours_for(&self, timeout: Duration) -> Result<(), StoreError> {
        if later(self.around.clock.now(), timeout) <= self.lease.expires_at {
            Ok(())
        } else {
            Err(StoreError::Superseded)
        }
    }

    /// Keeps a row, as long as the lease is ours.
    pub(super) async fn put_record(&self, row: &RecordRow<W::Place>) -> Result<(), StoreError> {
        self.still_ours()?;
        self.around.store.put_record(row).await
    }
}

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
pub async fn run<W: Workflow>(
    workflow: &W,
    request: &Request,
    around: &Surroundings<'_>,
) -> Finished {
    let report = blank_report(workflow, request, around);
    let span = tracing::info_span!(
        "run",
        deployment = %report.deployment,
        workflow = %report.workflow,
        run_id = report.run_id,
        dry_run = request.dry_run.then_some(true),
    );
    let run = async {
        if request.dry_run {
            run_dry(workflow, request, around, report).await
        } else {
            run_under_lease(workflow, request, around, report).await
        }
    };
    // On the heap: a run is large, and every caller keeps it inside its own future.
    Box::pin(run).instrument(span).await
}

async fn run_under_lease<W: Workflow>(
    workflow: &W,
    request: &Request,
    around: &Surroundings<'_>,
    mut report: RunReport,
) -> Finished {
    let lease_ends = later(around.deadline.end(), LEASE_SLACK);
    let measures = Measures::default();
    let (store, run_id) = (around.store, &report.run_id);
    let taken = if around.alone {
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
            let end = finished(report, None, measures, workflow, around);
            return saved(end, around).await;
        }
        Err(error) => return finished(report, Some(error.into()), measures, workflow, around),
    };
    let run = Run {
        workflow,
        around,
        request,
        character: workflow.character(),
        lease,
        site_kept: Cell::new(false),
        looks_first: false,
    };
    let mut tally = Tally::new(around.watch);
    let moved = move_all(&run, &mut report, &mut tally).await;
    let released = around
        .store
        .release_lease(&run.lease, tally.writes > 0, written_under(&run, &tally))
        .await
        .err()
        .map(Stop::from);
    let stop = moved.err().or(released);
    let end = finished(report, stop, tally.measures(), workflow, around);
    saved(end, around).await
}

async fn saved(mut end: Finished, around: &Surroundings<'_>) -> Finished {
    // The saving itself is the last call and counts.
    end.report.calls.state += 1;
    if let Err(error) = around.store.put_run(&end.report).await {
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
    around: &Surroundings<'_>,
    mut report: RunReport,
) -> Finished {
    let mut tally = Tally::new(around.watch);
    tally.dry_run = true;
    let moved = match around.store.has_written().await {
        Ok(has_written) => {
            let run = Run {
                workflow,
                around,
                request,
                character: workflow.character(),
                lease: Lease {
                    run_id: report.run_id.clone(),
                    fence: 0,
                    expires_at: around.deadline.end(),
                    has_written,
                    site: None,
                    predates_sites: false,
                    written_under: None,
                    probe: None,
                },
                site_kept: Cell::new(false),
                looks_first: false,
            };
            move_all(&run, &mut report, &mut tally).await
        }
        Err(error) => Err(error.into()),
    };
    finished(report, moved.err(), tally.measures(), workflow, around)
}

/// Moves everything that is due, unless the systems are elsewhere or the credentials are known to be refused, and writes into the report what became of it.
async fn move_all<W: Workflow>(
    run: &Run<'_, W>,
    report: &mut RunReport,
    tally: &mut Tally<'_>,
) -> Result<(), Stop> {
    let moved = async {
        site::check(run).await?;
        sign_in::refuse_known_failures(run.around).await?;
        let cursor = match run.character.feed {
            Feed::Pending => None,
            Feed::Changes { .. } => run.around.store.cursor().await?,
        };
        refuse_empty_ledger(run, cursor.as_ref(), report).await?;
        drive(run, cursor, report, tally).await
    };
    let moved = moved.await;
    report.counts = tally.counts.clone();
    report.reasons = std::mem::take(&mut tally.reasons);
    report.remarks = std::mem::take(&mut tally.remarks);
    report.records = tally.records();
    if moved? {
        report.status = RunStatus::Truncated;
    }
    Ok(())
}

/// True if time ran out before everything was moved.
pub(super) async fn drive<W: Workflow>(
    run: &Run<'_, W>,
    cursor: Option<Cursor>,
    report: &mut RunReport,
    tally: &mut Tally<'_>,
) -> Result<bool, Stop> {
    let store = run.around.store;
    report.cursor = CursorMove {
        before: cursor.as_ref().map(|cursor| cursor.position),
        after: cursor.as_ref().map(|cursor| cursor.position),
    };
    let unfinished = store.unfinished().await?;
    tally.read_ledger(&unfinished);
    let mut named = named_and_known(run).await?;
    let sighted = sighted(run, &unfinished).await?;
    let mut conveyor = Conveyor::new(run, cursor, !named.all_known);
    match run.character.feed {
        Feed::Pending => {
            conveyor.unfinished = unfinished.into_iter().map(|row| row.key).collect();
            conveyor.unfinished.extend(named.known.drain(..));
        }
        Feed::Changes { .. } => {
            for row in unfinished {
                // What is named comes aboard by its name.
                let due = is_due(run, &row) || sighted.contains_key(&row.key);
                if !run.request.names(&row.key) && due {
                    tally.count_once(row.key.clone());
                    conveyor.take_from_ledger(row.key);
                }
            }
        }
    }
    for key in named.known {
        tally.count_once(key.clone());
        conveyor.take_from_ledger(key);
    }
    conveyor.unseen = named.unknown;
    conveyor.sighted = sighted;
    let rest = conveyor.drive(tally).await;
    if let Some(cursor) = rest.cursor {
        report.cursor.after = Some(cursor.position);
    }
    for stop in &rest.stops {
        // Only one of them ends the run, but a refused sign-in of either system must be remembered.
        sign_in::remember(run.around, stop, report.started_at).await?;
    }
    if !rest.stops.iter().any(is_of_the_store) {
        run.keep_put_back(rest.put_back).await?;
        match rest.probe {
            NextProbe::Over if !run.request.dry_run => store.put_probe(&run.lease, None).await?,
            NextProbe::Alone(probe) if !run.request.dry_run => {
                store.put_probe(&run.lease, Some(&probe)).await?;
            }
            _ => {}
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
    let progress = tally.writes > 0 || rest.moved;
    match rest.stops.into_iter().next() {
        Some(stop) => Err(stop),
        None if let Some(system) = rest.silent => Err(Stop::Unavailable(system)),
        None if run.around.deadline.is_stopped() => Ok(true),
        None if rest.out_of_time && !progress => Err(Stop::NoProgress),
        None => Ok(rest.out_of_time),
    }
}

/// What another workflow has seen of records that may be at a destination that cannot be asked.
async fn sighted<W: Workflow>(
    run: &Run<'_, W>,
    unfinished: &[Unfinished],
) -> Result<HashMap<RecordKey, Sightings>, Stop> {
    let Some(by) = run.workflow.sighted_by() else {
        return Ok(HashMap::new());
    };
    let may_be_there = |row: &&Unfinished| {
        let for_a_person = row.reason.is_some_and(Reason::may_be_there_already);
        for_a_person || row.state == RecordState::Sending
    };
    let keys = unfinished.iter().filter(may_be_there);
    let keys: Vec<RecordKey> = keys
        .filter(|row| run.request.wants(&row.key))
        .map(|row| row.key.clone())
        .collect();
    Ok(run.around.store.of(by).seen(&keys).await?)
}

/// The limit of this run's writes, as the profile says it.
fn named_limit<W: Workflow>(run: &Run<'_, W>) -> String {
    let settings = run.around.settings;
    if run.is_proven() {
        format!(
            "limits.max_writes_per_run = {}",
            settings.max_writes_per_run
        )
    } else {
        format!("limits.first_run_writes = {}", settings.first_run_writes)
    }
}

/// A run that might write as much as it found is the canary for the profile under which it did.
fn written_under<'r, W: Workflow>(run: &Run<'r, W>, tally: &Tally<'_>) -> Option<&'r str> {
    let whole = run.request.limit.is_none() && run.request.only.is_none();
    (whole && tally.writes > 0).then_some(&*run.around.profile_version)
}

/// What a person named, by whether the ledger knows it.
struct Named {
    known: Vec<RecordKey>,
    unknown: BTreeSet<RecordKey>,
    /// Whether the source need not be asked what it offers. A list is always asked.
    all_known: bool,
}

async fn named_and_known<W: Workflow>(run: &Run<'_, W>) -> Result<Named, Stop> {
    let unknown = run.request.only.clone().unwrap_or_default();
    let mut named = Named {
        known: Vec::new(),
        unknown,
        all_known: false,
    };
    if named.unknown.is_empty() {
        return Ok(named);
    }
    let keys: Vec<RecordKey> = named.unknown.iter().cloned().collect();
    let store = run.around.store;
    let rows = store.each_record::<serde_json::Value>(&keys).await?;
    for key in rows.readable.into_keys().chain(rows.unreadable) {
        named.unknown.remove(&key);
        named.known.push(key);
    }
    let followed = run.character.feed != Feed::Pending;
    named.all_known = followed && named.unknown.is_empty() && run.request.since.is_none();
    Ok(named)
}

/// Whether this run brings a row of the index aboard: it may be due, or its hold may be over.
fn is_due<W: Workflow>(run: &Run<'_, W>, row: &Unfinished) -> bool {
    if !run.request.wants(&row.key) {
        return false;
    }
    let due = |due| run.is_due(due);
    match row.state {
        RecordState::Held => {
            run.request.release_held
                || !run.is_in_force(&row.profile_version)
                || row.next_attempt_at.is_some_and(due)
        }
        _ => row.next_attempt_at.is_none_or(due),
    }
}

fn blank_report<W: Workflow>(
    workflow: &W,
    request: &Request,
    around: &Surroundings<'_>,
) -> RunReport {
    let now = around.clock.now();
    let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or(0);
    RunReport {
        run_id: Ulid::from_parts(milliseconds, around.entropy.bits()).to_string(),
        deployment: around.deployment.clone(),
        workflow: workflow.character().name,
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
    around: &Surroundings<'_>,
) -> Finished {
    report.finished_at = around.clock.now();
    report.calls = Calls {
        state: around.store.calls(),
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

//! `bridge bench`: what a workflow costs in time, calls and memory, over generated records.
//!
//! The simulated systems and the state table are in a process of their own, so that what is measured here is the bridge alone: they
//! count the calls and the time, this process knows its own memory and processor time.

mod cost;
mod systems;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{bail, ensure};
use clap::Args;
use embedded_dynamodb::Served;
use referral_bridge::clock::{Clock as _, SystemClock, later};
use referral_bridge::domain::outcome::RunReport;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::store::{LeaseTaken, Store};
use referral_bridge::workflows::Installation;
use serde_json::{Value, json};

pub use self::systems::BenchSystems;
use self::systems::{Addresses, Running, Seen, Systems};
use crate::output::print;
use crate::simulated;

/// Long enough for any number of records: the deadline is not what is measured.
const TIMEOUT: Duration = Duration::from_hours(12);

/// Measures one workflow over generated records against simulated systems in a process of their own.
#[derive(Args)]
pub struct Bench {
    /// The workflow's name or number, such as `referrals-to-primero` or `1.1`.
    workflow: WorkflowName,
    #[command(flatten)]
    systems: Systems,
    /// Ends with one line of JSON for machines.
    #[arg(long)]
    json: bool,
}

impl Bench {
    /// Exit code 0 only if every record arrived that could: the cost of a run that fails means nothing.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let mut systems = Running::start(self.workflow, &self.systems).await?;
        let installation = self.installation(&systems.addresses).await?;
        if self.systems.sent_before {
            ensure!(
                self.workflow == WorkflowName::DecisionsToPrimero,
                "--sent-before means nothing to {}",
                self.workflow
            );
            run_once(&installation, WorkflowName::ReferralsToProgres).await?;
            systems.decide()?;
        }
        used_before(&installation, self.workflow).await?;
        let report = run_once(&installation, self.workflow).await?;
        let cost = cost::of_this_process();
        let seen = systems.end().await?;

        let arrivals = self.systems.records - self.systems.bad();
        ensure!(
            seen.arrived == arrivals,
            "{} of {arrivals} records arrived; the run's counts: {}",
            seen.arrived,
            json!(report.counts),
        );
        let result = self.result(&report, &seen, &cost);
        if self.json {
            print(&result)?;
        } else {
            show(&result)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn installation(&self, addresses: &Addresses) -> anyhow::Result<Installation> {
        let state = Served::client(&addresses.state, &addresses.state_key);
        let mut installation = simulated::installation(&addresses.secrets, state).await?;
        // The limits of writes bound the harm of a bad profile; they are no setting of speed, and here they would only end the run.
        let limits = &mut installation.profile.engine;
        limits.max_writes_per_run = limits.max_writes_per_run.max(self.systems.records);
        limits.first_run_writes = limits.max_writes_per_run;
        Ok(installation)
    }

    fn result(&self, report: &RunReport, seen: &Seen, cost: &cost::Cost) -> Value {
        let (ping, primero) = (&seen.traffic.ping, &seen.traffic.primero);
        let state = report.calls.state;
        json!({
            "workflow": self.workflow.as_str(),
            "records": self.systems.records,
            "latency_ms": self.systems.latency_ms,
            "bad_percent": self.systems.bad_percent,
            "existing_percent": self.systems.existing_percent,
            "delivered": seen.arrived,
            "seconds": rounded(seen.seconds),
            "calls": { "ping": ping.requests, "primero": primero.requests, "state": state },
            "calls_per_record": self.per_record(ping.requests + primero.requests),
            "state_calls_per_record": self.per_record(usize::try_from(state).unwrap_or(usize::MAX)),
            "peak_mb": cost.peak_mb.map(rounded),
            "cpu_seconds": cost.cpu_seconds.map(rounded),
            "calls_by_route": { "ping": ping.by_route, "primero": primero.by_route },
        })
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of calls and records are far below 2^52"
    )]
    fn per_record(&self, calls: usize) -> f64 {
        rounded(calls as f64 / self.systems.records.max(1) as f64)
    }
}

/// Lets the ledger know of an earlier run that wrote. The first run of all looks at the whole
/// deployment besides, and that is not what is measured.
async fn used_before(installation: &Installation, workflow: WorkflowName) -> anyhow::Result<()> {
    let store = Store::new(
        installation.state.clone(),
        installation.table.clone(),
        &installation.profile.deployment,
        workflow,
    );
    let now = SystemClock.now();
    let taken = store.take_lease("an earlier run", now, later(now, TIMEOUT));
    match taken.await? {
        LeaseTaken::Taken(lease) => Ok(store.release_lease(&lease, true, None).await?),
        LeaseTaken::HeldByAnother => bail!("the ledger of {workflow} is in use"),
    }
}

async fn run_once(
    installation: &Installation,
    workflow: WorkflowName,
) -> anyhow::Result<RunReport> {
    let end = later(SystemClock.now(), TIMEOUT);
    let finished = installation
        .run(workflow, &simulated::first_run(), end, &|_| {})
        .await;
    match finished.stop {
        Some(stop) => bail!("{workflow} stopped: {stop}"),
        None => Ok(finished.report),
    }
}

/// To thousandths: what follows is noise.
fn rounded(figure: f64) -> f64 {
    (figure * 1000.0).round() / 1000.0
}

/// The result for people, a line a figure.
fn show(result: &Value) -> std::io::Result<()> {
    for (name, figure) in result.as_object().into_iter().flatten() {
        print(format_args!("{name:<24}{figure}"))?;
    }
    Ok(())
}

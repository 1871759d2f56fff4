//! `bridge demo`: the whole exchange on one machine, with an independent check of what became of every record.

mod show;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use embedded_dynamodb::EmbeddedDynamoDb;
use referral_bridge::clock::{Clock as _, SystemClock, later};
use referral_bridge::domain::ids::InterventionId;
use referral_bridge::domain::outcome::RunReport;
use referral_bridge::domain::record::RecordKey;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::engine::Request;
use referral_bridge::store::{RecordRow, RecordState, Store};
use referral_bridge::workflows::Installation;
use sandbox::demo::{Claims, HeldClaim, Ledger, Plant, Verdict};
use sandbox::{Sandbox, SandboxOptions, Workflow};
use serde_json::{Value, json};

use self::show::Show;
use crate::simulated::{self, TABLE};

const WORKFLOW: WorkflowName = WorkflowName::ReferralsToPrimero;
const TIMEOUT: Duration = Duration::from_mins(5);

/// Runs the workflows against simulated systems with sample referrals, and checks both systems afterwards.
#[derive(Args)]
pub struct Demo {
    /// Ends with one line of JSON for machines.
    #[arg(long)]
    json: bool,
    /// Spoils the result before it is checked, to show that the check can fail.
    #[arg(long, value_name = "lost|duplicated|wrong-case|wrong-decision")]
    plant: Option<Plant>,
}

impl Demo {
    /// Exit code 0 only if every record arrived exactly once, or is held for the right reason, and a second run changes nothing.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let sandbox = Sandbox::start(SandboxOptions::default())
            .await
            .context("the simulated systems did not start")?;
        let records = sandbox::demo::load(&sandbox).map_err(|error| anyhow!(error))?;
        let embedded = EmbeddedDynamoDb::in_memory().await?;
        let installation = simulated::installation(&sandbox.secrets(), embedded.client()).await?;

        let show = Show::start(records, self.json);
        let report = run_once(&installation, &|progress| show.progress(progress)).await?;
        show.end();
        let effects = effective_writes(&sandbox);
        run_once(&installation, &|_| {}).await?;
        let second_run = effective_writes(&sandbox) - effects;

        if let Some(plant) = self.plant {
            sandbox::demo::plant(&sandbox, plant).map_err(|error| anyhow!(error))?;
        }
        let held = held_claims(&sandbox, &installation).await?;
        let ledger = Ledger::from([(Workflow::ReferralsToPrimero, held)]);
        let verdict = sandbox::demo::check(&sandbox, &ledger, SystemClock.now());
        let summary = summary(&report, &verdict, second_run);
        if self.json {
            println!("{summary}");
        } else {
            show::table(&verdict, &report, second_run);
        }
        let faultless = verdict.is_clean();
        Ok(if faultless && second_run == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

async fn run_once(
    installation: &Installation,
    watch: &dyn Fn(&referral_bridge::engine::Progress<'_>),
) -> anyhow::Result<RunReport> {
    let end = later(SystemClock.now(), TIMEOUT);
    let finished = installation
        .run(WORKFLOW, &Request::default(), end, watch)
        .await;
    if let Some(stop) = finished.stop {
        bail!("{WORKFLOW} stopped: {stop}");
    }
    Ok(finished.report)
}

fn effective_writes(sandbox: &Sandbox) -> usize {
    let traffic = sandbox.traffic();
    traffic.ping.effective_writes + traffic.primero.effective_writes
}

/// The ledger's word on what is still pending in proGres.
async fn held_claims(sandbox: &Sandbox, installation: &Installation) -> anyhow::Result<Claims> {
    let keys: Vec<RecordKey> = sandbox
        .ping
        .pending()
        .iter()
        .filter_map(|id| id.parse::<InterventionId>().ok().map(RecordKey::from))
        .collect();
    let store = Store::new(
        installation.state.clone(),
        TABLE.to_owned(),
        &installation.profile.deployment,
        WORKFLOW,
    );
    let rows = store.records::<Value>(&keys).await?;
    let held = rows
        .into_values()
        .filter(|row: &RecordRow<Value>| row.state == RecordState::Held);
    Ok(held
        .filter_map(|row| {
            let reason = row.reason?.code().to_owned();
            Some((
                row.key.to_string(),
                HeldClaim {
                    reason,
                    fields: row.fields,
                },
            ))
        })
        .collect())
}

fn summary(report: &RunReport, verdict: &Verdict, second_run: usize) -> Value {
    let sums = verdict.sums;
    json!({
        "workflows": { WORKFLOW.as_str(): { "counts": report.counts, "reasons": report.reasons, "calls": report.calls } },
        "records": verdict.records.len(),
        "lost": sums.lost,
        "duplicated": sums.duplicated,
        "wrong_case": sums.wrong_case,
        "wrong_decision": sums.wrong_decision,
        "unexpected": sums.unexpected,
        "second_run_effective_writes": second_run,
    })
}

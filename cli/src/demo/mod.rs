//! `bridge demo`: the whole exchange on one machine, with an independent check of what became of every record.

mod show;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
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
use referral_bridge::entropy::Entropy;
use referral_bridge::profile::Profile;
use referral_bridge::secrets::Secrets;
use referral_bridge::store::{RecordRow, RecordState, Store, table};
use referral_bridge::transport::http_client;
use referral_bridge::workflows::Installation;
use sandbox::demo::{HeldClaim, Plant, Verdict};
use sandbox::{Sandbox, SandboxOptions};
use serde_json::{Value, json};

use self::show::Show;

const TABLE: &str = "referral-bridge";
const WORKFLOW: WorkflowName = WorkflowName::ReferralsToPrimero;
const TIMEOUT: Duration = Duration::from_mins(5);
/// The demo's data is made for this deployment.
const PROFILE: &str = include_str!("../../../infra/profiles/gambella.toml");
/// Keys the fingerprints of invented records, for as long as the demo runs.
const FINGERPRINT_KEY: &str = "demo fingerprints of invented records only";

/// Runs the workflows against simulated systems with sample referrals, and checks both systems afterwards.
#[derive(Args)]
pub struct Demo {
    /// Ends with one line of JSON for machines.
    #[arg(long)]
    json: bool,
    /// Spoils the result before it is checked, to show that the check can fail.
    #[arg(long, value_name = "lost|duplicated|wrong-case")]
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
        let installation = installation(&sandbox, &embedded).await?;

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
        let verdict = sandbox::demo::check(&sandbox, &held, SystemClock.now());
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

async fn installation(
    sandbox: &Sandbox,
    embedded: &EmbeddedDynamoDb,
) -> anyhow::Result<Installation> {
    let state = embedded.client();
    table::ensure(&state, TABLE).await?;
    let mut secrets = sandbox.secrets().as_object().cloned().unwrap_or_default();
    secrets.insert(
        "ledger".to_owned(),
        json!({ "fingerprint_key": FINGERPRINT_KEY }),
    );
    Ok(Installation {
        profile: Profile::parse(PROFILE)?,
        secrets: Secrets::from_json(secrets)?,
        state,
        table: TABLE.to_owned(),
        http: http_client()?,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(Entropy::from_system()),
    })
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
async fn held_claims(
    sandbox: &Sandbox,
    installation: &Installation,
) -> anyhow::Result<BTreeMap<String, HeldClaim>> {
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
    json!({
        "workflows": { WORKFLOW.as_str(): { "counts": report.counts, "reasons": report.reasons, "calls": report.calls } },
        "records": verdict.records.len(),
        "lost": verdict.lost,
        "duplicated": verdict.duplicated,
        "wrong_case": verdict.wrong_case,
        "unexpected": verdict.unexpected,
        "second_run_effective_writes": second_run,
    })
}

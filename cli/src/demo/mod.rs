//! `bridge demo`: the whole exchange on one machine, with an independent check of what became of every record.

mod show;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use embedded_dynamodb::EmbeddedDynamoDb;
use jiff::SignedDuration;
use referral_bridge::clock::{Clock as _, SystemClock, later};
use referral_bridge::domain::outcome::RunReport;
use referral_bridge::domain::record::RecordKey;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::engine::Progress;
use referral_bridge::store::{RecordState, Store};
use referral_bridge::workflows::Installation;
use sandbox::demo::{Claims, HeldClaim, Ledger, Plant, Verdict};
use sandbox::{Sandbox, SandboxOptions};
use serde_json::{Value, json};

use self::show::Show;
use crate::output::print;
use crate::simulated::{self, TABLE};

const TIMEOUT: Duration = Duration::from_mins(5);
/// Changes are read up to five seconds before Primero's own time, so that much passes there after people have worked.
const PEOPLE_REST: SignedDuration = SignedDuration::from_secs(6);

/// Runs the four workflows round trip between simulated systems with sample referrals, and checks both systems afterwards.
#[derive(Args)]
pub struct Demo {
    /// Ends with one line of JSON for machines.
    #[arg(long)]
    json: bool,
    /// Spoils the result before it is checked, to show that the check can fail.
    #[arg(long, value_name = "lost|duplicated|wrong-case|wrong-decision")]
    plant: Option<Plant>,
}

/// What people do before a workflow runs; answers how many records wait for it.
type People = fn(&Sandbox) -> Result<usize, String>;

/// One leg of the round trip.
struct Leg {
    workflow: WorkflowName,
    what: &'static str,
    people: People,
}

const ROUND_TRIP: [Leg; 4] = [
    Leg {
        workflow: WorkflowName::ReferralsToPrimero,
        what: "UNHCR refers children to UNICEF",
        people: sandbox::demo::load,
    },
    Leg {
        workflow: WorkflowName::DecisionsToProgres,
        what: "case workers in Primero decide",
        people: sandbox::demo::case_workers_decide,
    },
    Leg {
        workflow: WorkflowName::ReferralsToProgres,
        what: "case workers in Primero refer children to UNHCR",
        people: sandbox::demo::case_workers_refer,
    },
    Leg {
        workflow: WorkflowName::DecisionsToPrimero,
        what: "UNHCR's staff decide",
        people: sandbox::demo::unhcr_decides,
    },
];

/// The reports of the four workflows, in the order of the round trip.
type Reports = Vec<RunReport>;

impl Demo {
    /// Exit code 0 only if every record arrived exactly once, or is held for the right reason, and a second round changes nothing.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let sandbox = Sandbox::start(SandboxOptions::default())
            .await
            .context("the simulated systems did not start")?;
        let embedded = EmbeddedDynamoDb::in_memory().await?;
        let installation = simulated::installation(&sandbox.secrets(), embedded.client()).await?;

        let reports = self.round_trip(&sandbox, &installation).await?;
        let effects = effective_writes(&sandbox);
        for leg in &ROUND_TRIP {
            run_once(&installation, leg.workflow, &|_| {}).await?;
        }
        let second_round = effective_writes(&sandbox) - effects;

        if let Some(plant) = self.plant {
            sandbox::demo::plant(&sandbox, plant).map_err(|error| anyhow!(error))?;
        }
        let ledger = ledger(&sandbox, &installation).await?;
        let verdict = sandbox::demo::check(&sandbox, &ledger, SystemClock.now());
        if self.json {
            print(summary(&reports, &verdict, second_round))?;
        } else {
            show::table(&verdict, &reports, second_round)?;
        }
        let faultless = verdict.is_clean();
        Ok(if faultless && second_round == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    async fn round_trip(
        &self,
        sandbox: &Sandbox,
        installation: &Installation,
    ) -> anyhow::Result<Reports> {
        let mut reports = Reports::new();
        let mut passed = SignedDuration::ZERO;
        for leg in &ROUND_TRIP {
            let waiting = (leg.people)(sandbox).map_err(|error| anyhow!(error))?;
            passed += PEOPLE_REST;
            sandbox.primero.set_clock_offset(passed);
            let show = Show::start(leg, waiting, self.json);
            let watch = |progress: &Progress<'_>| show.progress(progress);
            reports.push(run_once(installation, leg.workflow, &watch).await?);
            show.end();
        }
        Ok(reports)
    }
}

async fn run_once(
    installation: &Installation,
    workflow: WorkflowName,
    watch: &dyn Fn(&Progress<'_>),
) -> anyhow::Result<RunReport> {
    let end = later(SystemClock.now(), TIMEOUT);
    let finished = installation
        .run(workflow, &simulated::first_run(), end, watch)
        .await;
    if let Some(stop) = finished.stop {
        bail!("{workflow} stopped: {stop}");
    }
    Ok(finished.report)
}

fn effective_writes(sandbox: &Sandbox) -> usize {
    let traffic = sandbox.traffic();
    traffic.ping.effective_writes + traffic.primero.effective_writes
}

/// The ledger's word on what each workflow did not deliver.
async fn ledger(sandbox: &Sandbox, installation: &Installation) -> anyhow::Result<Ledger> {
    let mut ledger = Ledger::new();
    for leg in &ROUND_TRIP {
        let workflow = leg
            .workflow
            .number()
            .parse()
            .map_err(|error| anyhow!("{error}"))?;
        let keys = sandbox::demo::keys(sandbox, workflow);
        let keys: Vec<RecordKey> = keys.iter().map(|key| RecordKey::written(key)).collect();
        let deployment = &installation.profile.deployment;
        let (state, table) = (installation.state.clone(), TABLE.to_owned());
        let store = Store::new(state, table, deployment, leg.workflow);
        let rows = store.records::<Value>(&keys).await?.into_values();
        let kept_back =
            rows.filter(|row| matches!(row.state, RecordState::Held | RecordState::Skipped));
        let claims: Claims = kept_back
            .filter_map(|row| {
                let reason = row.reason?.code().to_owned();
                let fields = row.fields;
                Some((row.key.to_string(), HeldClaim { reason, fields }))
            })
            .collect();
        ledger.insert(workflow, claims);
    }
    Ok(ledger)
}

fn summary(reports: &Reports, verdict: &Verdict, second_round: usize) -> Value {
    let sums = verdict.sums;
    let workflows: BTreeMap<_, _> = reports
        .iter()
        .map(|report| {
            let shown = json!({ "counts": report.counts, "reasons": report.reasons, "remarks": report.remarks, "calls": report.calls });
            (report.workflow.as_str(), shown)
        })
        .collect();
    json!({
        "workflows": workflows,
        "records": verdict.records.len(),
        "lost": sums.lost,
        "duplicated": sums.duplicated,
        "wrong_case": sums.wrong_case,
        "wrong_decision": sums.wrong_decision,
        "unexpected": sums.unexpected,
        "second_run_effective_writes": second_round,
    })
}

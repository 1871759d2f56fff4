//! `bridge run`: one workflow, once, against real systems. The same code as the function; a cron line is enough for a small office.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use embedded_dynamodb::StartError;
use jiff::{SignedDuration, Timestamp};
use referral_bridge::clock::{Clock as _, SystemClock, later};
use referral_bridge::deadline::StopSignal;
use referral_bridge::domain::outcome::RunStatus;
use referral_bridge::domain::record::RecordKey;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::engine::Request;
use referral_bridge::entropy::Entropy;
use referral_bridge::function::acceptable;
use referral_bridge::store::LONGEST_RUN;
use referral_bridge::workflows::Installation;
use referral_bridge::{observe, secrets, transport};
use tokio::signal::unix::{SignalKind, signal};

use crate::doctor;
use crate::output::{print, tell};
use crate::profile_file::read_profile;
use crate::state::StateTable;

/// Runs one workflow once, against real systems. Prints the run's report as JSON.
#[derive(Args)]
pub struct Run {
    /// The workflow's name or number, such as `referrals-to-primero` or `1.1`.
    workflow: WorkflowName,
    /// The deployment's profile, a TOML file.
    #[arg(long)]
    profile: PathBuf,
    /// A JSON file with the secrets, readable by its owner alone. Without it they come from the environment variables
    /// `PING_SECRET`, `PRIMERO_SECRET` and `LEDGER_SECRET`.
    #[arg(long)]
    secrets: Option<PathBuf>,
    #[command(flatten)]
    state: StateTable,
    #[command(flatten)]
    asked: Asked,
    /// The run ends by itself after this long.
    #[arg(long, default_value = "15m")]
    timeout: SignedDuration,
}

/// What is asked of the run beside the ordinary.
#[derive(Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag that a person may give by itself"
)]
struct Asked {
    /// Look at both sides and tell what would be done; write nothing anywhere.
    #[arg(long)]
    dry_run: bool,
    /// Only this record, whether it is due or not. May be given several times.
    #[arg(long, value_name = "KEY")]
    only: Vec<String>,
    /// Read changes from here on, such as 2026-01-01T00:00:00Z, and leave the cursor alone (1.2 and 2.1).
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Work on so many records at most; the rest is left to the next run.
    #[arg(long, value_name = "NUMBER")]
    limit: Option<NonZeroUsize>,
    /// Release what is held: of the records named by `--only`, or all.
    #[arg(long)]
    release_held: bool,
    /// The systems have moved, and the secrets name where they are now; or this deployment takes over a Primero from another one.
    #[arg(long)]
    accept_move: bool,
    /// The ledger is rightly empty: this is the very first run of 1.2 or 2.1. Without it, such a run sends nothing.
    #[arg(long)]
    first_run: bool,
    /// Goes on in spite of the fault that this check found (`bridge doctor` names them). May be given several times.
    #[arg(long, value_name = "CHECK")]
    accept: Vec<String>,
}

impl Asked {
    fn request(self, workflow: WorkflowName) -> anyhow::Result<Request> {
        ensure!(
            self.since.is_none() || workflow.follows_changes(),
            "--since means nothing to {workflow}: its source lists what is pending"
        );
        let keys = self.only.iter();
        let keys = keys.map(|key| RecordKey::named(key, workflow));
        // What is written in place of a key may be a name, and is not repeated.
        let only: Option<BTreeSet<RecordKey>> = keys.collect();
        let only = only.with_context(|| {
            format!(
                "--only is no key of a record of {workflow}: its ids, as reports and logs show them"
            )
        })?;
        let accept = acceptable(self.accept.iter().map(String::as_str));
        let accept = accept.context(
            "--accept takes keys of checks, as docs/CHECKS.md names them, and none about the user's scope",
        )?;
        Ok(Request {
            dry_run: self.dry_run,
            only: (!only.is_empty()).then_some(only),
            since: self.since,
            limit: self.limit.map(NonZeroUsize::get),
            release_held: self.release_held,
            accept_move: self.accept_move,
            first_run: self.first_run,
            accept,
        })
    }
}

/// What a script is told by when another run is at work, and this one did nothing: it may try later.
const AT_WORK: u8 = 75;
/// What the run may take beyond `--timeout` before it is ended from outside: it ends by itself before that, unless something hangs.
const GRACE: Duration = Duration::from_secs(1);

impl Run {
    /// Exit code 0 unless the run failed, or another one was at work.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        observe::start();
        let stop = stop_on_signals()?;
        let timeout = Duration::try_from(self.timeout).context("--timeout must not be negative")?;
        ensure!(
            timeout <= LONGEST_RUN,
            "--timeout must be at most {} hours",
            LONGEST_RUN.as_secs() / 3600
        );
        let end = later(SystemClock.now(), timeout);
        match tokio::time::timeout(timeout + GRACE, self.run_until(end, stop)).await {
            Ok(ended) => ended,
            Err(_) => bail!(
                "the run was ended by force: it hung beyond --timeout, most likely at the state table. The next run looks at what it had begun"
            ),
        }
    }

    async fn run_until(self, end: Timestamp, stop: StopSignal) -> anyhow::Result<ExitCode> {
        let request = self.asked.request(self.workflow)?;
        let profile = read_profile(&self.profile)?;
        for warning in &profile.warnings {
            tell(format_args!("warning: {warning}"));
        }
        let secrets = match &self.secrets {
            Some(file) => secrets::from_file(file)
                .with_context(|| format!("{} cannot be used", file.display())),
            None => {
                secrets::from_environment().context("the secrets in the environment cannot be used")
            }
        }?;
        let state = match self.state.open().await {
            Err(error) if is_at_work(&error) => {
                tell(format_args!("bridge: {error:#}"));
                return Ok(ExitCode::from(AT_WORK));
            }
            opened => opened?,
        };
        let installation = Installation {
            profile,
            secrets,
            state: state.client.clone(),
            table: state.table.clone(),
            http: transport::http_client()?,
            alone: state.alone,
            stop,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(Entropy::from_system()),
        };
        let finished = installation
            .run(self.workflow, &request, end, &|_| {})
            .await;
        doctor::tell_all(&finished.report.checks);
        print(serde_json::to_string_pretty(&finished.report)?)?;
        Ok(match (finished.stop, finished.report.status) {
            (Some(_), _) => ExitCode::FAILURE,
            (None, RunStatus::AlreadyRunning) => ExitCode::from(AT_WORK),
            (None, _) => ExitCode::SUCCESS,
        })
    }
}

/// Whether a state could not be opened because another process works on it.
fn is_at_work(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(StartError::InUse(_)))
}

/// SIGTERM and Ctrl-C end the run in order; the second of them ends it at once.
fn stop_on_signals() -> anyhow::Result<StopSignal> {
    let stop = StopSignal::default();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let asked = stop.clone();
    tokio::spawn(async move {
        let mut next = async || {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        next().await;
        asked.raise(SystemClock.now());
        next().await;
        std::process::exit(1);
    });
    Ok(stop)
}

//! `bridge run`: one workflow, once, against real systems. The same code as the function; a cron line is enough for a small office.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use referral_bridge::clock::{Clock as _, SystemClock, later};
use referral_bridge::domain::record::RecordKey;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::engine::Request;
use referral_bridge::entropy::Entropy;
use referral_bridge::workflows::Installation;
use referral_bridge::{observe, secrets, transport};

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
        Ok(Request {
            dry_run: self.dry_run,
            only: (!only.is_empty()).then_some(only),
            since: self.since,
            limit: self.limit.map(NonZeroUsize::get),
            release_held: self.release_held,
        })
    }
}

impl Run {
    /// Exit code 0 unless the run failed.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        observe::start();
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
        let timeout = Duration::try_from(self.timeout).context("--timeout must not be negative")?;
        let state = self.state.open().await?;
        let installation = Installation {
            profile,
            secrets,
            state: state.client.clone(),
            table: state.table.clone(),
            http: transport::http_client()?,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(Entropy::from_system()),
        };
        let end = later(SystemClock.now(), timeout);
        let finished = installation
            .run(self.workflow, &request, end, &|_| {})
            .await;
        print(serde_json::to_string_pretty(&finished.report)?)?;
        Ok(if finished.stop.is_none() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

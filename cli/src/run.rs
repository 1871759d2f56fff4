//! `bridge run`: one workflow, once, against real systems. The same code as the function; a cron line is enough for a small office.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use jiff::SignedDuration;
use referral_bridge::clock::{Clock as _, SystemClock, later};
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::engine::Request;
use referral_bridge::entropy::Entropy;
use referral_bridge::workflows::Installation;
use referral_bridge::{observe, secrets, transport};

use crate::state::{StateTable, read_profile};

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
    /// The run ends by itself after this long.
    #[arg(long, default_value = "15m")]
    timeout: SignedDuration,
}

impl Run {
    /// Exit code 0 unless the run failed.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        observe::start();
        let profile = read_profile(&self.profile)?;
        for warning in &profile.warnings {
            eprintln!("warning: {warning}");
        }
        let secrets = match &self.secrets {
            Some(file) => secrets::from_file(file),
            None => secrets::from_environment(),
        };
        let secrets = secrets.context("the secrets cannot be used")?;
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
            .run(self.workflow, &Request::default(), end, &|_| {})
            .await;
        println!("{}", serde_json::to_string_pretty(&finished.report)?);
        Ok(if finished.stop.is_none() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

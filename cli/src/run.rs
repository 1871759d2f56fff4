//! `bridge run`: one workflow, once, against real systems. The same code as the function; a cron line is enough for a small office.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use embedded_dynamodb::EmbeddedDynamoDb;
use jiff::SignedDuration;
use referral_bridge::clock::{Clock as _, SystemClock, later};
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::engine::Request;
use referral_bridge::entropy::Entropy;
use referral_bridge::profile::Profile;
use referral_bridge::workflows::Installation;
use referral_bridge::{observe, secrets, store, transport};

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
    /// Where the state is kept: `sqlite:FILE` on this machine, or `dynamodb` with the credentials of the environment.
    #[arg(long, default_value = "sqlite:referral-bridge.sqlite")]
    state: State,
    /// The state table's name.
    #[arg(long, default_value = "referral-bridge")]
    table: String,
    /// The run ends by itself after this long.
    #[arg(long, default_value = "15m")]
    timeout: SignedDuration,
}

/// Where state is kept.
#[derive(Clone, Debug)]
enum State {
    Sqlite(PathBuf),
    DynamoDb,
}

impl FromStr for State {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("sqlite", file)) if !file.is_empty() => Ok(Self::Sqlite(file.into())),
            None if text == "dynamodb" => Ok(Self::DynamoDb),
            _ => Err("expected sqlite:FILE or dynamodb".to_owned()),
        }
    }
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
        let (state, _embedded) = self.open_state().await?;
        let installation = Installation {
            profile,
            secrets,
            state,
            table: self.table,
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

    /// The client, and the embedded DynamoDB behind it where there is one.
    async fn open_state(
        &self,
    ) -> anyhow::Result<(aws_sdk_dynamodb::Client, Option<EmbeddedDynamoDb>)> {
        match &self.state {
            State::Sqlite(file) => {
                let embedded = EmbeddedDynamoDb::on_file(file).await?;
                let client = embedded.client();
                store::table::ensure(&client, &self.table).await?;
                Ok((client, Some(embedded)))
            }
            State::DynamoDb => {
                let aws = aws_config::defaults(aws_config::BehaviorVersion::latest())
                    .load()
                    .await;
                Ok((aws_sdk_dynamodb::Client::new(&aws), None))
            }
        }
    }
}

fn read_profile(file: &Path) -> anyhow::Result<Profile> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("{} cannot be read", file.display()))?;
    Profile::parse(&text).with_context(|| format!("{} cannot be used", file.display()))
}

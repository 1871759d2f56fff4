//! Where a deployment's state is, and whose it is: what every command on the ledger is told.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::bail;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::Client;
use clap::Args;
use embedded_dynamodb::{EmbeddedDynamoDb, StateFile};
use referral_bridge::domain::ids::Deployment;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::store::{Store, table};

use crate::profile_file::read_profile;

/// The longest that one try of a call to AWS may take.
const LONGEST_TRY: Duration = Duration::from_secs(5);

/// The state table.
#[derive(Args)]
pub struct StateTable {
    /// Where the state is kept: `sqlite:FILE` on this machine, or `dynamodb` with the credentials of the environment.
    #[arg(long, default_value = "sqlite:referral-bridge.sqlite")]
    state: State,
    /// The state table's name. By default what the stack on AWS calls it, and `referral-bridge` on this machine.
    #[arg(long)]
    table: Option<String>,
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
            // What SQLite would take for no file at all, so that nothing is kept and everything is sent again.
            Some(("sqlite", name)) if name == ":memory:" || name.starts_with("file:") => {
                Err(format!(
                    "{name} keeps no state, or not where it says; name a file, as in sqlite:referral-bridge.sqlite"
                ))
            }
            Some(("sqlite", file)) if !file.is_empty() => Ok(Self::Sqlite(file.into())),
            None if text == "dynamodb" => Ok(Self::DynamoDb),
            _ => Err("expected sqlite:FILE or dynamodb".to_owned()),
        }
    }
}

/// An open state table.
pub struct OpenState {
    /// The API that holds it.
    pub client: Client,
    /// Its name.
    pub table: String,
    /// Whether no other process works on it: the lock on its file is the proof.
    pub alone: bool,
    _embedded: Option<EmbeddedDynamoDb>,
}

impl StateTable {
    /// Opens the table for a run. On this machine it is locked, and made if there is none.
    pub async fn open(self) -> anyhow::Result<OpenState> {
        let table = self.table();
        let State::Sqlite(file) = &self.state else {
            return Ok(of_aws(table).await);
        };
        let make = async |client: Client| {
            table::ensure(&client, &table).await?;
            anyhow::Ok(())
        };
        let embedded = StateFile::lock(file)?.open(make).await?;
        Ok(OpenState {
            client: embedded.client(),
            table,
            alone: true,
            _embedded: Some(embedded),
        })
    }

    /// Opens the table beside a run that may be at work. It must be there: a mistyped file name would look like a ledger without records.
    async fn look(self) -> anyhow::Result<OpenState> {
        let table = self.table();
        let State::Sqlite(file) = &self.state else {
            return Ok(of_aws(table).await);
        };
        let embedded = EmbeddedDynamoDb::beside(file)?;
        Ok(OpenState {
            client: embedded.client(),
            table,
            alone: false,
            _embedded: Some(embedded),
        })
    }

    /// Opens the table if it is there, beside a run that may be at work. None for a file that is not there yet.
    pub async fn look_if_there(&self) -> anyhow::Result<Option<OpenState>> {
        let table = self.table();
        let State::Sqlite(file) = &self.state else {
            return Ok(Some(of_aws(table).await));
        };
        if !file.exists() {
            return Ok(None);
        }
        let embedded = EmbeddedDynamoDb::beside(file)?;
        Ok(Some(OpenState {
            client: embedded.client(),
            table,
            alone: false,
            _embedded: Some(embedded),
        }))
    }

    /// A table that is forgotten: for who looks where there is none yet.
    pub async fn none_yet(&self) -> anyhow::Result<OpenState> {
        let table = self.table();
        let embedded = EmbeddedDynamoDb::in_memory().await?;
        table::ensure(&embedded.client(), &table).await?;
        Ok(OpenState {
            client: embedded.client(),
            table,
            alone: true,
            _embedded: Some(embedded),
        })
    }

    /// The state file of this machine.
    pub fn file(&self) -> anyhow::Result<&Path> {
        match &self.state {
            State::Sqlite(file) => Ok(file),
            State::DynamoDb => bail!(
                "a table on AWS has backups of its own (point-in-time recovery); name a file with --state"
            ),
        }
    }

    fn table(&self) -> String {
        let by_default = match &self.state {
            State::Sqlite(_) => "referral-bridge",
            State::DynamoDb => "referral-bridge-state",
        };
        self.table.clone().unwrap_or_else(|| by_default.to_owned())
    }
}

async fn of_aws(table: String) -> OpenState {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(LONGEST_TRY);
    let aws = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .timeout_config(timeouts.build())
        .load()
        .await;
    OpenState {
        client: Client::new(&aws),
        table,
        alone: false,
        _embedded: None,
    }
}

/// One deployment's part of the state table, for commands that look at what runs have left there.
#[derive(Args)]
pub struct DeploymentState {
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    state: StateTable,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Whose {
    /// The deployment's name.
    #[arg(long)]
    deployment: Option<Deployment>,
    /// The deployment's profile, a TOML file.
    #[arg(long)]
    profile: Option<PathBuf>,
}

/// An open state table, and the deployment whose rows are meant.
pub struct OpenDeployment {
    state: OpenState,
    deployment: Deployment,
}

impl DeploymentState {
    /// Opens the table, which must be there and know the deployment: a mistyped name would look like one without records.
    pub async fn open(self) -> anyhow::Result<OpenDeployment> {
        let deployment = match (self.whose.deployment, self.whose.profile) {
            (Some(deployment), _) => deployment,
            (None, Some(file)) => read_profile(&file)?.deployment,
            (None, None) => bail!("--deployment or --profile is needed"),
        };
        let open = OpenDeployment {
            state: self.state.look().await?,
            deployment,
        };
        open.ensure_known().await?;
        Ok(open)
    }
}

impl OpenDeployment {
    async fn ensure_known(&self) -> anyhow::Result<()> {
        let store = self.store(WorkflowName::ReferralsToPrimero);
        if store.is_known().await? {
            return Ok(());
        }
        let known = store.known_deployments().await?;
        let known = match &*known {
            [] => "no run of any deployment has left anything there".to_owned(),
            known => format!("it knows {}", known.join(", ")),
        };
        bail!("the state has nothing of {}; {known}", self.deployment)
    }

    /// The rows of one workflow.
    pub fn store(&self, workflow: WorkflowName) -> Store {
        let (client, table) = (self.state.client.clone(), self.state.table.clone());
        Store::new(client, table, &self.deployment, workflow)
    }
}

//! Where a deployment's state is, and whose it is: what every command on the ledger is told.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{bail, ensure};
use aws_sdk_dynamodb::Client;
use clap::Args;
use embedded_dynamodb::EmbeddedDynamoDb;
use referral_bridge::domain::ids::Deployment;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::store::{Store, table};

use crate::profile_file::read_profile;

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
    _embedded: Option<EmbeddedDynamoDb>,
}

impl StateTable {
    /// Opens the table. On this machine it is made if there is none.
    pub async fn open(self) -> anyhow::Result<OpenState> {
        let by_default = match &self.state {
            State::Sqlite(_) => "referral-bridge",
            State::DynamoDb => "referral-bridge-state",
        };
        let table = self.table.unwrap_or_else(|| by_default.to_owned());
        let (client, embedded) = match &self.state {
            State::Sqlite(file) => {
                let embedded = EmbeddedDynamoDb::on_file(file).await?;
                let client = embedded.client();
                table::ensure(&client, &table).await?;
                (client, Some(embedded))
            }
            State::DynamoDb => {
                let aws = aws_config::defaults(aws_config::BehaviorVersion::latest())
                    .load()
                    .await;
                (Client::new(&aws), None)
            }
        };
        Ok(OpenState {
            client,
            table,
            _embedded: embedded,
        })
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
        if let State::Sqlite(file) = &self.state.state {
            ensure!(file.exists(), "{} does not exist", file.display());
        }
        let open = OpenDeployment {
            state: self.state.open().await?,
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

//! A function's own process, with everything around it that it would meet in an account.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use embedded_dynamodb::{EmbeddedDynamoDb, Served};
use referral_bridge::store::table;
use sandbox::Sandbox;
use serde_json::json;
use tokio::process::{Child, Command};

use crate::{Answer, RuntimeApi, SecretsManager};

/// The name of the state table.
pub const TABLE: &str = "state";

/// A running function with a Runtime API, a DynamoDB, a Secrets Manager and both simulated systems. Every profile is packaged with it; the
/// one deployment with secrets is `gambella`.
pub struct Function {
    /// What the function talks to.
    pub sandbox: Sandbox,
    /// Where its state is.
    pub state: EmbeddedDynamoDb,
    /// Where its secrets are, under `rb/gambella/<name>`.
    pub secrets: SecretsManager,
    /// The port at which the function reaches its state.
    _served: Served,
    runtime: RuntimeApi,
    started: Instant,
    process: Child,
}

impl Function {
    /// Starts a binary beside these systems. An error is anything that does not start.
    pub async fn start(binary: impl AsRef<Path>, sandbox: Sandbox) -> anyhow::Result<Self> {
        let runtime = RuntimeApi::start().await?;
        let state = EmbeddedDynamoDb::in_memory().await?;
        table::ensure(&state.client(), TABLE).await?;
        let served = state.serve().await?;
        let systems = sandbox.secrets();
        let ledger = json!({ "fingerprint_key": "an invented key of 32 characters" });
        let secrets = SecretsManager::serving(BTreeMap::from([
            ("rb/gambella/ping".to_owned(), systems["ping"].clone()),
            ("rb/gambella/primero".to_owned(), systems["primero"].clone()),
            ("rb/gambella/ledger".to_owned(), ledger),
        ]))
        .await?;
        let profiles = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/profiles");
        let started = Instant::now();
        let process = Command::new(binary.as_ref())
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", runtime.authority())
            .env("AWS_LAMBDA_FUNCTION_NAME", "function")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", served.access_key())
            .env("AWS_SECRET_ACCESS_KEY", "local")
            .env("AWS_ENDPOINT_URL_DYNAMODB", served.endpoint())
            .env("AWS_ENDPOINT_URL_SECRETS_MANAGER", secrets.endpoint())
            .env("TABLE_NAME", TABLE)
            .env("SECRET_PREFIX", "rb")
            .env("PROFILES_DIR", profiles)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self {
            sandbox,
            state,
            secrets,
            _served: served,
            runtime,
            started,
            process,
        })
    }

    /// How long the process took to ask for its first event. An error is one that never asks.
    pub async fn init_time(&mut self) -> anyhow::Result<Duration> {
        let polled = self.runtime.polled().await;
        let polled = polled.context("the function never polled")?;
        Ok(polled.duration_since(self.started))
    }

    /// Hands it an event, with so much time until its deadline. An error is a function that gives no answer.
    pub async fn invoke(&mut self, event: impl Display, time: Duration) -> anyhow::Result<Answer> {
        let answer = self.runtime.invoke(event, time).await;
        answer.context("the function gave no answer")
    }

    /// The process id, while it runs.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.process.id()
    }
}

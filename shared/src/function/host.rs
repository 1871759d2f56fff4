//! A function's surroundings: built once in its init phase, used by every invocation while it is warm.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tracing::Instrument as _;

use super::aws::Clients;
use super::event::{Event, EventFaults};
use super::metrics;
use crate::checks::Thoroughness;
use crate::clock::{SystemClock, later};
use crate::deadline::StopSignal;
use crate::document::{Document, Faults};
use crate::domain::ids::Deployment;
use crate::domain::outcome::RunReport;
use crate::domain::reason::Stop;
use crate::domain::system::WorkflowName;
use crate::engine::{Finished, Request};
use crate::entropy::Entropy;
use crate::profile::Profile;
use crate::secrets::{Secrets, from_secrets_manager};
use crate::transport::http_client;
use crate::workflows::{Diagnosis, Installation};

/// The longest that Lambda lets a function run.
const LONGEST: Duration = Duration::from_mins(15);

/// What a function needs before it can take events.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An environment variable is missing or unreadable.
    #[error("the environment variable {0} is not set")]
    Environment(&'static str),
    /// The HTTP client could not be built.
    #[error("the HTTP client could not be built")]
    Http(#[from] reqwest::Error),
}

/// Why an invocation brought no completed run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The event is not what a run takes.
    #[error(transparent)]
    Event(#[from] EventFaults),
    /// No deployment was named and none is the default, or there is no profile of that name.
    #[error("unknown deployment {named}; packaged: {}", .packaged.join(", "))]
    UnknownDeployment {
        /// The name, or a word for its absence.
        named: String,
        /// The deployments that have a profile.
        packaged: Vec<String>,
    },
    /// The profile has faults.
    #[error("invalid profile:\n{0}")]
    Profile(Faults),
    /// A profile's file is named after another deployment than its own: a run would work on the wrong ledger.
    #[error("invalid profile: {file}.toml is the profile of {deployment}")]
    Misnamed {
        /// The name of the file, without its ending.
        file: String,
        /// The deployment that the file names inside.
        deployment: Deployment,
    },
    /// The secrets are missing or have faults.
    #[error("invalid secrets:\n{0}")]
    Secrets(Faults),
    /// The run could not go on; its report is in the state table.
    #[error(transparent)]
    Stopped(#[from] Stop),
}

impl RunError {
    /// A stable code for the kind of error: the function's `errorType`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Event(_) => "invalid_event",
            Self::UnknownDeployment { .. } => "unknown_deployment",
            Self::Profile(_) | Self::Misnamed { .. } => "invalid_profile",
            Self::Secrets(_) => "invalid_secrets",
            Self::Stopped(stop) => stop.code(),
        }
    }
}

/// What an invocation brought.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answered {
    /// A run, and how it ended.
    Ran(Box<RunReport>),
    /// What was found of the whole deployment.
    Examined(Box<Diagnosis>),
}

/// Clients and settings of a function.
pub struct Host {
    state: aws_sdk_dynamodb::Client,
    secrets: aws_sdk_secretsmanager::Client,
    http: reqwest::Client,
    profiles: PathBuf,
    table: String,
    secret_prefix: String,
    default_deployment: Option<String>,
}

impl Host {
    /// Builds the clients. Reads what Lambda sets, and `TABLE_NAME`, `SECRET_PREFIX` (default `referral-bridge`), `DEPLOYMENT` (optional) and
    /// `PROFILES_DIR` (default: `profiles` in the package).
    pub fn from_environment() -> Result<Self, StartError> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let region = variable("AWS_REGION").ok_or(StartError::Environment("AWS_REGION"))?;
        let Clients { state, secrets } = Clients::new(region, variable);
        let package = variable("LAMBDA_TASK_ROOT").unwrap_or_else(|| ".".to_owned());
        let profiles = variable("PROFILES_DIR").map(PathBuf::from);
        Ok(Self {
            state,
            secrets,
            http: http_client()?,
            profiles: profiles.unwrap_or_else(|| Path::new(&package).join("profiles")),
            table: variable("TABLE_NAME").ok_or(StartError::Environment("TABLE_NAME"))?,
            secret_prefix: variable("SECRET_PREFIX")
                .unwrap_or_else(|| "referral-bridge".to_owned()),
            default_deployment: variable("DEPLOYMENT"),
        })
    }

    /// Runs a workflow as `event` asks; it will have ended by `end`. What is logged before the run begins, which has an id of its own, is
    /// known by `request`, the id of the invocation: so is the message that a failed one leaves in the queue.
    pub async fn run(
        &self,
        workflow: WorkflowName,
        event: &Document,
        end: Timestamp,
        request: &str,
    ) -> Result<Answered, RunError> {
        let invocation = tracing::info_span!("invocation", %workflow, request_id = request);
        self.run_asked(workflow, event, end)
            .instrument(invocation)
            .await
    }

    async fn run_asked(
        &self,
        workflow: WorkflowName,
        event: &Document,
        end: Timestamp,
    ) -> Result<Answered, RunError> {
        let result = self.answer(workflow, event, end).await;
        match &result {
            // A run that has begun logs its own end.
            Ok(_) | Err(RunError::Stopped(_)) => {}
            Err(error) => tracing::error!(error = error.code(), "run failed"),
        }
        result
    }

    async fn answer(
        &self,
        workflow: WorkflowName,
        event: &Document,
        end: Timestamp,
    ) -> Result<Answered, RunError> {
        let event = Event::read(event, workflow)?;
        let end = believable(end, Timestamp::now());
        let profile = self.profile(event.deployment)?;
        let deployment = profile.deployment.clone();
        if event.request.dry_run {
            for warning in &profile.warnings {
                tracing::warn!(%deployment, "the profile: {warning}");
            }
        }
        let mut installation = Installation {
            secrets: self.secrets_of(&deployment).await?,
            profile,
            state: self.state.clone(),
            table: self.table.clone(),
            http: self.http.clone(),
            alone: false,
            stop: StopSignal::default(),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(Entropy::from_system()),
        };
        if event.check {
            let asked = Thoroughness::default();
            let diagnosis = Box::pin(installation.examine(asked, true, end)).await;
            return Ok(Answered::Examined(Box::new(diagnosis)));
        }
        let request = &event.request;
        let mut finished = run_once(&installation, workflow, request, end).await;
        if let Some(Stop::AuthenticationFailed(_)) = finished.stop {
            // It may have been rotated since the run began; one that is still the same is not tried again.
            let fresh = self.secrets_of(&deployment).await?;
            if fresh.versions() != installation.secrets.versions() {
                installation.secrets = fresh;
                finished = run_once(&installation, workflow, request, end).await;
            }
        }
        finished
            .stop
            .map_or(Ok(Answered::Ran(Box::new(finished.report))), |stop| {
                Err(stop.into())
            })
    }

    fn profile(&self, named: Option<Deployment>) -> Result<Profile, RunError> {
        let packaged = self.packaged();
        let named = named
            .map(String::from)
            .or_else(|| self.default_deployment.clone());
        let named = match (named, &*packaged) {
            (Some(named), _) => named,
            (None, [only]) => only.clone(),
            (None, _) => "(none named)".to_owned(),
        };
        if !packaged.contains(&named) {
            return Err(RunError::UnknownDeployment { named, packaged });
        }
        let text = std::fs::read_to_string(self.profiles.join(format!("{named}.toml")))
            .unwrap_or_default();
        let profile = Profile::parse(&text).map_err(RunError::Profile)?;
        if profile.deployment.as_str() == named {
            Ok(profile)
        } else {
            Err(RunError::Misnamed {
                file: named,
                deployment: profile.deployment,
            })
        }
    }

    fn packaged(&self) -> Vec<String> {
        let files = std::fs::read_dir(&self.profiles)
            .into_iter()
            .flatten()
            .flatten();
        let mut names: Vec<String> = files
            .filter_map(|file| {
                file.file_name()
                    .to_str()?
                    .strip_suffix(".toml")
                    .map(str::to_owned)
            })
            .collect();
        names.sort();
        names
    }

    /// Read for every run: what was kept from an earlier one may name a server that is no longer the right one.
    async fn secrets_of(&self, deployment: &Deployment) -> Result<Secrets, RunError> {
        let secrets = from_secrets_manager(&self.secrets, &self.secret_prefix, deployment).await;
        secrets.map_err(RunError::Secrets)
    }
}

/// The end of the invocation. Who is invoked has time left, so an end that lies behind is none (local emulators of Lambda give one): then
/// it is the longest that Lambda grants.
fn believable(end: Timestamp, now: Timestamp) -> Timestamp {
    if end > now {
        return end;
    }
    tracing::warn!(
        "the invocation came with a deadline that has passed; it is taken to have 15 minutes"
    );
    later(now, LONGEST)
}

/// Runs once, and tells the metrics.
async fn run_once(
    installation: &Installation,
    workflow: WorkflowName,
    request: &Request,
    end: Timestamp,
) -> Finished {
    let finished = installation.run(workflow, request, end, &|_| {}).await;
    if metrics::write(&finished, std::io::stdout()).is_err() {
        tracing::error!("the metrics of the run could not be written");
    }
    finished
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_that_lies_behind_is_none() {
        let now = Timestamp::constant(1_790_000_000, 0);
        let soon = later(now, Duration::from_secs(3));
        assert_eq!(believable(soon, now), soon);
        assert_eq!(believable(Timestamp::UNIX_EPOCH, now), later(now, LONGEST));
    }
}

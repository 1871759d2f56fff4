//! One deployment with everything it takes to run its workflows: the same for a function, the command line and a test.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::decisions_to_primero::DecisionsToPrimero;
use super::decisions_to_progres::DecisionsToProgres;
use super::referrals_to_primero::ReferralsToPrimero;
use super::referrals_to_progres::ReferralsToProgres;
use crate::clock::Clock;
use crate::deadline::{Deadline, StopSignal};
use crate::domain::system::WorkflowName;
use crate::engine::{Context, Finished, Progress, Request, SignInLedger, run};
use crate::entropy::Entropy;
use crate::primero::PrimeroClient;
use crate::profile::Profile;
use crate::progres::PingClient;
use crate::secrets::Secrets;
use crate::store::Store;
use crate::transport::Conditions;

/// What a run needs, ready to be used again for the next one.
pub struct Installation {
    /// What differs between deployments.
    pub profile: Profile,
    /// How to sign in, and the key for fingerprints.
    pub secrets: Secrets,
    /// The API that holds the state table.
    pub state: aws_sdk_dynamodb::Client,
    /// The state table's name.
    pub table: String,
    /// See [`crate::transport::http_client`].
    pub http: reqwest::Client,
    /// Whether no other run of this state can be alive: on one machine the lock on its file is the proof.
    pub alone: bool,
    /// Asks runs to end before their time.
    pub stop: StopSignal,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<Entropy>,
}

impl Installation {
    /// Runs a workflow once, as it is asked; it will have ended by `end`. `watch` sees every record as it settles.
    pub async fn run(
        &self,
        workflow: WorkflowName,
        request: &Request,
        end: Timestamp,
        watch: &dyn Fn(&Progress<'_>),
    ) -> Finished {
        let deadline = Deadline::new(self.clock.now(), end).heeding(self.stop.clone());
        let (profile, secrets) = (&self.profile, &self.secrets);
        let store = Store::new(
            self.state.clone(),
            self.table.clone(),
            &profile.deployment,
            workflow,
        );
        let call_timeout = profile.ping.timeout.max(profile.primero.timeout);
        let sign_ins = SignInLedger::new(
            store.of(workflow),
            secrets.versions(),
            Arc::clone(&self.clock),
            Uuid::now_v7().to_string(),
            call_timeout,
            request.dry_run,
        );
        let conditions = Conditions {
            clock: Arc::clone(&self.clock),
            entropy: Arc::clone(&self.entropy),
            deadline: deadline.clone(),
            sign_ins: Arc::new(sign_ins),
        };
        let ping = PingClient::new(
            self.http.clone(),
            secrets.ping.clone(),
            profile.ping.clone(),
            conditions.clone(),
        );
        let primero = PrimeroClient::new(
            self.http.clone(),
            &secrets.primero,
            secrets.primero.user_of(workflow, request.dry_run),
            profile.primero.clone(),
            conditions,
        );
        let site = secrets.site(&profile.progres.agency);
        let around = Context {
            deployment: &profile.deployment,
            profile_version: profile.version.to_string(),
            secret_versions: secrets.versions(),
            site: &site,
            alone: self.alone,
            settings: &profile.engine,
            store: &store,
            clock: Arc::clone(&self.clock),
            entropy: Arc::clone(&self.entropy),
            deadline,
            call_timeout,
            watch,
        };
        let fingerprints = secrets.ledger.fingerprints();
        match workflow {
            WorkflowName::ReferralsToPrimero => {
                let clock = Arc::clone(&self.clock);
                run(
                    &ReferralsToPrimero::new(profile, &ping, &primero, fingerprints, clock),
                    request,
                    &around,
                )
                .await
            }
            WorkflowName::DecisionsToProgres => {
                let workflow = DecisionsToProgres::new(profile, &ping, &primero, fingerprints);
                run(&workflow, request, &around).await
            }
            WorkflowName::ReferralsToProgres => {
                let workflow = ReferralsToProgres::new(profile, &ping, &primero, fingerprints);
                run(&workflow, request, &around).await
            }
            WorkflowName::DecisionsToPrimero => {
                let workflow = DecisionsToPrimero::new(profile, &ping, &primero, fingerprints);
                run(&workflow, request, &around).await
            }
        }
    }
}

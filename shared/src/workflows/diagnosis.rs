//! What an examination of a whole deployment found, as people and programs read it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::Installation;
use super::mapped::mapped;
use super::traffic;
use crate::checks::{
    Doctor, Examined, Ground, Looked, Thoroughness, faults, session, warnings, without_consequences,
};
use crate::deadline::Deadline;
use crate::domain::check::{Area, Check, CheckKey};
use crate::domain::ids::Deployment;
use crate::domain::outcome::Calls;
use crate::domain::system::{System, WorkflowName};
use crate::engine::{LedgerView, SignInLedger};
use crate::primero::PrimeroClient;
use crate::progres::{PingClient, Shape};
use crate::secrets::{PrimeroAuth, PrimeroSecret};
use crate::store::{Store, StoreError};
use crate::transport::Conditions;

/// What was found of a deployment.
#[derive(Debug, Serialize)]
pub struct Diagnosis {
    /// Which deployment; none where its profile cannot be read.
    pub deployment: Option<Deployment>,
    /// How many checks found something that must be mended.
    pub faults: usize,
    /// How many found something that somebody should know.
    pub warnings: usize,
    /// What is otherwise than it should be.
    pub checks: Vec<Check>,
    /// What was looked at.
    pub looked: Vec<Looked>,
    /// Requests sent.
    pub calls: Calls,
    /// What the answers of PING looked like, without a value. Not part of what is printed.
    #[serde(skip)]
    pub shapes: BTreeMap<String, Shape>,
}

impl Diagnosis {
    /// What an examination found, and the calls that it took.
    #[must_use]
    pub fn of(deployment: Option<Deployment>, examined: Examined, calls: Calls) -> Self {
        let findings = examined.findings.into_iter();
        let mut checks: Vec<Check> = findings.map(|finding| finding.check).collect();
        // What must be mended first comes first.
        checks.sort_by_key(|check| check.severity);
        let faults = faults(&checks);
        Self {
            deployment,
            faults,
            warnings: checks.len() - faults,
            checks,
            looked: examined.looked,
            calls,
            shapes: examined.shapes,
        }
    }

    /// Adds what was found elsewhere.
    #[must_use]
    pub fn with(mut self, area: Area, told: &str, checks: Vec<Check>) -> Self {
        self.looked.push(Looked {
            area,
            told: told.to_owned(),
        });
        self.faults += faults(&checks);
        self.checks.extend(checks);
        self.checks.sort_by_key(|check| check.severity);
        self.warnings = self.checks.len() - self.faults;
        self
    }
}

impl Installation {
    /// Looks at the whole deployment, and writes nothing but what became of a refused sign-in. `knows_a_ledger` is false where the state
    /// table is none that was there before.
    pub async fn examine(
        &self,
        thoroughness: Thoroughness,
        knows_a_ledger: bool,
        end: Timestamp,
    ) -> Diagnosis {
        const ANY: WorkflowName = WorkflowName::ReferralsToPrimero;
        let (profile, secrets) = (&self.profile, &self.secrets);
        let now = self.clock.now();
        let store = Store::new(
            self.state.clone(),
            self.table.clone(),
            &profile.deployment,
            ANY,
        );
        let sign_ins = SignInLedger::new(
            store.of(ANY),
            secrets.versions(),
            self.clock.clone(),
            Uuid::now_v7().to_string(),
            profile.ping.timeout.max(profile.primero.timeout),
            true,
        );
        let conditions = Conditions {
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            deadline: Deadline::new(now, end).heeding(self.stop.clone()),
            sign_ins: std::sync::Arc::new(sign_ins),
        };
        let (http, ping) = (&self.http, &profile.ping);
        let ping = PingClient::new(
            http.clone(),
            secrets.ping.clone(),
            ping.clone(),
            conditions.clone(),
        );
        let signs_in = without_taking_a_session(&secrets.primero);
        let primero = PrimeroClient::new(
            http.clone(),
            &signs_in,
            &signs_in.user,
            profile.primero.clone(),
            conditions,
        );
        let accepted = BTreeSet::new();
        let ground = Ground::new(profile, &primero);
        let mapped = mapped(profile);
        let doctor = Doctor {
            ground: &ground,
            ping: &ping,
            mapped: &mapped,
            ledger: knows_a_ledger.then(|| LedgerView::outside(&store, now, &accepted)),
            now,
            thoroughness,
        };
        let mut examined = Box::pin(doctor.examine()).await;
        let warnings = without_consequences(warnings(profile), &examined);
        let of_settings = warnings.into_iter().chain(session(secrets)).collect();
        examined.add(Area::Profile, "", of_settings);
        let calls = Calls {
            state: store.calls(),
            ..traffic::calls(&ping, &primero)
        };
        let diagnosis = Diagnosis::of(Some(profile.deployment.clone()), examined, calls);
        for check in &diagnosis.checks {
            tracing::warn!(check = &*check.key, severity = %check.severity, "a check found a fault");
        }
        diagnosis
    }
}

impl Installation {
    /// Looks at the state table, which takes more rights than a function has.
    pub async fn examine_ledger(&self) -> Vec<Check> {
        let fingerprints = self.secrets.ledger.fingerprints();
        let store = |workflow| {
            let (state, table) = (self.state.clone(), self.table.clone());
            Store::new(state, table, &self.profile.deployment, workflow)
        };
        let lacking = store(WorkflowName::ReferralsToPrimero).lacks().await;
        let lacking = lacking.unwrap_or_else(|error| vec![error.to_string()]);
        if !lacking.is_empty() {
            return vec![Check::of(CheckKey::LedgerTable, lacking.join("; "))];
        }
        let mut found = Vec::new();
        let (mut others, mut running) = (0, Vec::new());
        for workflow in WorkflowName::ALL {
            let store = store(*workflow);
            let looked = async {
                let foreign = store.of_other_keys(|id| fingerprints.knows(id)).await?;
                let runs = store.is_running(self.clock.now()).await?;
                Ok::<_, StoreError>((foreign.0, runs))
            };
            match looked.await {
                Ok((foreign, runs)) => {
                    others += foreign;
                    running.extend(runs.then(|| workflow.number()));
                }
                Err(error) => {
                    return vec![Check::of(CheckKey::LedgerTable, error.to_string())];
                }
            }
        }
        if others > 0 {
            let told = format!("{others} rows are of another key");
            found.push(Check::of(CheckKey::LedgerKey, told));
        }
        if !running.is_empty() {
            let told = format!("{} at work", running.join(", "));
            found.push(Check::of(CheckKey::LedgerRunning, told));
        }
        found
    }
}

/// A new session of a user ends its others. So where a workflow may be at work under the user that looks, that one signs in call by call.
fn without_taking_a_session(secret: &PrimeroSecret) -> PrimeroSecret {
    let mut secret = secret.clone();
    let all = WorkflowName::ALL.iter();
    let is_shared = all.map(|workflow| &secret.user_of(*workflow, false).username);
    let is_shared = is_shared
        .into_iter()
        .any(|name| *name == secret.user.username);
    if secret.auth == PrimeroAuth::Session && is_shared {
        secret.auth = PrimeroAuth::Basic;
    }
    secret
}

impl Diagnosis {
    /// Whether a system refused its secret.
    #[must_use]
    pub fn refused_sign_in(&self) -> Option<System> {
        let refused = |key: &str| self.checks.iter().any(|check| check.key == key);
        if refused("ping_sign_in") {
            Some(System::Ping)
        } else {
            refused("primero_sign_in").then_some(System::Primero)
        }
    }
}

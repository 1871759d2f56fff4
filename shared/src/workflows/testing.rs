//! Both gates, and whole runs, against the simulated systems, for the tests of the workflows between them.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use embedded_dynamodb::EmbeddedDynamoDb;
use jiff::Timestamp;
use sandbox::faults::{Fault, Rule, Target};
use sandbox::journal::System;
use sandbox::primero::{FormSet, PrimeroOptions};
use sandbox::{FrontLimits, Sandbox, SandboxOptions};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::Installation;
use crate::clock::{Clock as _, VirtualClock, later};
use crate::deadline::StopSignal;
use crate::domain::fingerprint::FingerprintKey;
use crate::domain::outcome::RunReport;
use crate::domain::system::WorkflowName;
use crate::engine::Request;
use crate::entropy::Entropy;
use crate::primero::PrimeroClient;
use crate::profile::Profile;
use crate::progres::PingClient;
use crate::secrets::Secrets;
use crate::store::table;
use crate::transport::http_client;
use crate::transport::testing::run_of;

/// The profile that ships for Gambella.
pub fn profile() -> Profile {
    let profile = Profile::parse(include_str!("../../../infra/profiles/gambella.toml"));
    profile.expect("the shipped profile has no faults")
}

/// A key for fingerprints.
pub fn keys() -> FingerprintKey {
    FingerprintKey::new(&SecretString::from("0123456789abcdef0123456789abcdef"))
}

/// The simulated systems, and a gate to each.
pub struct Scene {
    pub sandbox: Sandbox,
    pub ping: PingClient,
    pub primero: PrimeroClient,
    pub profile: Profile,
}

impl Scene {
    pub async fn start() -> Self {
        let sandbox = sandbox().await;
        let secrets = secrets(&sandbox);
        let profile = profile();
        let (_, conditions) = run_of(900);
        let http = http_client().expect("a client");
        let ping = profile.ping.clone();
        let primero = profile.primero.clone();
        Self {
            ping: PingClient::new(http.clone(), secrets.ping, ping, conditions.clone()),
            primero: PrimeroClient::new(
                http,
                &secrets.primero,
                &secrets.primero.user,
                primero,
                conditions,
            ),
            sandbox,
            profile,
        }
    }

    /// Requests of a system whose route contains this text meet a fault: one, after so many that do not.
    pub fn fault(&self, system: System, route: &str, after: u32, fault: Fault) {
        add_fault(&self.sandbox, system, route, after, fault);
    }

    /// How often a route was called, by a part of its name.
    pub fn calls(&self, system: System, route: &str) -> usize {
        calls(&self.sandbox, system, route)
    }

    /// Puts a case into Primero.
    pub fn insert(&self, case: Value) {
        let inserted = self.sandbox.primero.insert_case(case);
        inserted.expect("it is new");
    }
}

/// A whole installation between the simulated systems, in a time that only the tests and waiting move.
pub struct Bridge {
    pub sandbox: Sandbox,
    pub installation: Installation,
    clock: Arc<VirtualClock>,
    _state: EmbeddedDynamoDb,
}

impl Bridge {
    pub async fn start() -> Self {
        let sandbox = sandbox().await;
        let now: Timestamp = "2026-11-23T10:00:00Z".parse().expect("a moment");
        sandbox.primero.stop_clock_at(now);
        let state = EmbeddedDynamoDb::in_memory().await.expect("it starts");
        let made = table::ensure(&state.client(), "state").await;
        made.expect("a table");
        // The deployment is not new: its first runs were on an earlier day.
        for workflow in WorkflowName::ALL {
            let put = state.client().put_item().table_name("state");
            let put = put.item(
                "pk",
                AttributeValue::S(format!("{}#{workflow}", profile().deployment)),
            );
            let put = put.item(
                "sk",
                AttributeValue::S("record#of-an-earlier-day".to_owned()),
            );
            put.send().await.expect("it answers");
        }
        let clock = Arc::new(VirtualClock::at(now));
        let installation = Installation {
            profile: profile(),
            secrets: secrets(&sandbox),
            state: state.client(),
            table: "state".to_owned(),
            http: http_client().expect("a client"),
            alone: false,
            stop: StopSignal::default(),
            clock: Arc::<VirtualClock>::clone(&clock),
            entropy: Arc::new(Entropy::from_seed(1)),
        };
        Self {
            sandbox,
            installation,
            clock,
            _state: state,
        }
    }

    /// Lets time pass for all.
    pub fn pass(&self, time: Duration) {
        self.clock.advance(time);
        self.sandbox.primero.stop_clock_at(self.clock.now());
    }

    /// Runs a workflow a minute after what was done before, and demands that nothing stops it.
    pub async fn run(&self, workflow: WorkflowName) -> RunReport {
        let request = Request {
            first_run: true,
            ..Request::default()
        };
        self.asked(workflow, &request).await
    }

    /// The same as a person asks for it.
    pub async fn asked(&self, workflow: WorkflowName, request: &Request) -> RunReport {
        self.pass(Duration::from_mins(1));
        let end = later(self.clock.now(), Duration::from_mins(15));
        let run = self.installation.run(workflow, request, end, &|_| {});
        let finished = run.await;
        assert_eq!(finished.stop, None);
        finished.report
    }

    /// As [`Scene::fault`].
    pub fn fault(&self, system: System, route: &str, after: u32, fault: Fault) {
        add_fault(&self.sandbox, system, route, after, fault);
    }

    /// As [`Scene::calls`].
    pub fn calls(&self, system: System, route: &str) -> usize {
        calls(&self.sandbox, system, route)
    }
}

async fn sandbox() -> Sandbox {
    let options = SandboxOptions {
        primero: PrimeroOptions {
            forms: FormSet::Exchange,
            ..PrimeroOptions::default()
        },
        // As Primero ships, but for the requests a second: these tests run in a time of their own.
        primero_limits: FrontLimits {
            requests_a_second: None,
            ..FrontLimits::NGINX
        },
        ..SandboxOptions::default()
    };
    Sandbox::start(options).await.expect("it starts")
}

fn secrets(sandbox: &Sandbox) -> Secrets {
    let mut secrets = sandbox.secrets();
    secrets["ledger"] = json!({ "fingerprint_key": "an invented key of 32 characters" });
    let secrets = secrets.as_object().cloned().expect("an object");
    Secrets::from_json(secrets).expect("no faults")
}

fn add_fault(sandbox: &Sandbox, system: System, route: &str, after: u32, fault: Fault) {
    let on = Target::Containing(route.to_owned());
    let rule = Rule {
        after,
        ..Rule::once(on, fault)
    };
    sandbox.faults(system).add(rule);
}

fn calls(sandbox: &Sandbox, system: System, route: &str) -> usize {
    let traffic = sandbox.traffic();
    let counts = match system {
        System::Ping => traffic.ping.by_route,
        System::Primero => traffic.primero.by_route,
    };
    let calls = counts.into_iter().filter(|(name, _)| name.contains(route));
    calls.map(|(_, calls)| calls).sum()
}

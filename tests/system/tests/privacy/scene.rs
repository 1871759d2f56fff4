//! A bridge between two simulated systems, its secrets canaries as well, and all that it ever says.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use embedded_dynamodb::EmbeddedDynamoDb;
use jiff::Timestamp;
use referral_bridge::clock::{Clock, VirtualClock, later};
use referral_bridge::deadline::StopSignal;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::engine::{Finished, Request};
use referral_bridge::entropy::Entropy;
use referral_bridge::function::{RunError, metrics};
use referral_bridge::profile::Profile;
use referral_bridge::secrets::Secrets;
use referral_bridge::workflows::{Installation, sheet};
use referral_bridge::{store, transport};
use sandbox::{Sandbox, SandboxOptions};
use serde_json::json;

use crate::canaries::Canaries;

const TABLE: &str = "privacy";
const NOW: &str = "2026-11-23T10:00:00Z";

pub struct Scene {
    pub sandbox: Sandbox,
    pub canaries: Canaries,
    pub clock: Arc<VirtualClock>,
    /// What was said besides the log: reports, errors and metrics, each with its place.
    pub said: Vec<(String, String)>,
    /// The outcomes and reasons that records met.
    pub outcomes: BTreeSet<&'static str>,
    pub reasons: BTreeSet<&'static str>,
    installation: Installation,
    _state: EmbeddedDynamoDb,
}

/// Gambella's profile with fields of a country's own, which are as personal as the others.
pub fn profile() -> Profile {
    let profile = include_str!("../../../../infra/profiles/gambella.toml");
    let own = "[extra.case]\n\
         camp_zone = { from = \"progres_campzone\" }\n\
         [extra.submission]\n\
         progres_poccampzone = { from = \"camp_zone\" }\n\
         [primero]";
    Profile::parse(&profile.replace("[primero]", own)).expect("a valid profile")
}

/// Every key of the source that a workflow maps, but for those that say nothing of a person.
pub fn mapped(workflow: &str, impersonal: &[&str]) -> Vec<String> {
    let lines = sheet::lines(Some(&profile()));
    let lines = lines.iter().filter(|line| line.workflow == workflow);
    let keys = lines.flat_map(|line| line.from.split(", "));
    let keys = keys.filter(|key| !key.is_empty() && !impersonal.contains(key));
    keys.map(str::to_owned).collect()
}

impl Scene {
    pub async fn new() -> Self {
        let mut options = SandboxOptions::default();
        options.ping.own_fields = vec!["progres_poccampzone"];
        let sandbox = Sandbox::start(options).await.expect("the sandbox starts");
        let now: Timestamp = NOW.parse().expect("a time");
        sandbox.primero.stop_clock_at(now);
        let state = EmbeddedDynamoDb::in_memory()
            .await
            .expect("the state store starts");
        store::table::ensure(&state.client(), TABLE)
            .await
            .expect("the table is made");
        let mut canaries = Canaries::default();
        let mut secrets = sandbox.secrets().as_object().cloned().expect("an object");
        let key = format!("{}{}", canaries.text("ledgerkey"), "0".repeat(32));
        secrets.insert("ledger".to_owned(), json!({ "fingerprint_key": key }));
        for (system, key) in [
            ("ping", "password"),
            ("ping", "subscription_key"),
            ("ping", "username"),
            ("ping", "client_id"),
            ("primero", "username"),
            ("primero", "password"),
        ] {
            canaries.note(secrets[system][key].as_str().expect("a text"));
        }
        // What every token of the simulated PING begins with.
        canaries.note("simulated.");
        let mut profile = profile();
        profile.report_delivery_fail = true;
        let clock = Arc::new(VirtualClock::at(now));
        let installation = Installation {
            profile,
            secrets: Secrets::from_json(secrets).expect("valid secrets"),
            state: state.client(),
            table: TABLE.to_owned(),
            http: transport::http_client().expect("a client"),
            alone: false,
            stop: StopSignal::default(),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            entropy: Arc::new(Entropy::from_seed(1)),
        };
        Self {
            sandbox,
            canaries,
            clock,
            said: Vec::new(),
            outcomes: BTreeSet::new(),
            reasons: BTreeSet::new(),
            installation,
            _state: state,
        }
    }

    /// Time passes on both sides.
    pub fn pass(&self, time: Duration) {
        self.clock.advance(time);
        self.sandbox.primero.stop_clock_at(self.clock.now());
    }

    /// Runs every workflow once, and keeps all that it says.
    pub async fn run_all(&mut self, act: &str, request: &Request) {
        self.pass(Duration::from_secs(6));
        for workflow in WorkflowName::ALL {
            let finished = self.run(*workflow, request).await;
            self.keep(&format!("{act}: {workflow}"), finished);
        }
    }

    async fn run(&self, workflow: WorkflowName, request: &Request) -> Finished {
        let end = later(self.clock.now(), Duration::from_mins(15));
        let request = Request {
            first_run: true,
            ..request.clone()
        };
        let run = self.installation.run(workflow, &request, end, &|_| {});
        run.await
    }

    fn keep(&mut self, place: &str, finished: Finished) {
        let report = serde_json::to_string(&finished.report).expect("a report");
        let mut line = Vec::new();
        metrics::write(&finished, &mut line).expect("a Vec takes it");
        let line = String::from_utf8(line).expect("the metrics are text");
        let records = finished.report.records.iter();
        self.outcomes
            .extend(records.map(|one| one.outcome.as_str()));
        let reasons = finished.report.reasons.keys();
        let reasons = reasons.chain(finished.report.remarks.keys());
        self.reasons.extend(reasons.map(|reason| reason.code()));
        let mut keep = |what, text| self.said.push((format!("{place}, {what}"), text));
        keep("report", report);
        keep("metrics", line);
        keep("all of the run", format!("{finished:?}"));
        if let Some(stop) = finished.stop {
            let error = RunError::from(stop);
            let text = format!("{}: {error} {error:?}", error.code());
            keep("function error", text);
        }
    }

    pub async fn keep_table(&mut self) {
        let scan = self.installation.state.scan().table_name(TABLE).send();
        let items = scan.await.expect("a scan");
        assert!(items.last_evaluated_key.is_none(), "one page holds it");
        assert!(items.count() > 40, "it is no empty table");
        let table = format!("{:?}", items.items());
        self.said.push(("the state table".to_owned(), table));
    }
}

//! A bridge between two simulated systems, with its own state table and a clock that stands still.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use embedded_dynamodb::EmbeddedDynamoDb;
use jiff::Timestamp;
use referral_bridge::clock::{Clock as _, VirtualClock, later};
use referral_bridge::deadline::StopSignal;
use referral_bridge::domain::outcome::{Counts, RunReport};
use referral_bridge::domain::record::RecordKey;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::engine::{Finished, Request};
use referral_bridge::entropy::Entropy;
use referral_bridge::profile::Profile;
use referral_bridge::secrets::Secrets;
use referral_bridge::store::{RecordRow, Store, table};
use referral_bridge::transport::http_client;
use referral_bridge::workflows::Installation;
use sandbox::faults::{Fault, Rule, Target};
use sandbox::journal::System;
use sandbox::primero::{FormSet, PrimeroOptions, ReleaseLine};
use sandbox::{FrontLimits, Sandbox, SandboxOptions};
use serde_json::{Value, json};

use crate::referral::Referral;

/// When the stories take place.
pub const NOW: &str = "2026-11-23T10:00:00Z";
/// The number of the child whose case is there from the start.
pub const CONTROL: &str = "606-100000001";

const TABLE: &str = "state";
const PROFILE: &str = include_str!("../../../../infra/profiles/gambella.toml");
const WORKFLOW: WorkflowName = WorkflowName::ReferralsToPrimero;

/// What a dry run counts, as the real run that follows counts it.
pub fn foreseen(dry: &Counts) -> Counts {
    Counts {
        delivered: dry.would_deliver,
        would_deliver: 0,
        ..dry.clone()
    }
}

/// What a client address gets of Primero's own nginx. How many requests a second that takes is left out: stories run in a time of
/// their own.
const FRONT: FrontLimits = FrontLimits {
    requests_a_second: None,
    ..FrontLimits::NGINX
};

/// How a story begins; the default is the Gambella profile, the forms of the exchange and one case in Primero.
pub struct Beginning {
    forms: FormSet,
    release: ReleaseLine,
    without_fields: Vec<String>,
    empty_primero: bool,
    untried: bool,
    front: FrontLimits,
    profile: Profile,
    primero: Vec<(&'static str, &'static str)>,
    ping: Vec<(&'static str, &'static str)>,
}

pub struct TestBridge {
    pub sandbox: Sandbox,
    pub clock: Arc<VirtualClock>,
    pub installation: Installation,
    /// Whether every run says that an empty ledger is right.
    pub first_run: bool,
    _state: EmbeddedDynamoDb,
}

impl Beginning {
    pub fn forms(mut self, forms: FormSet) -> Self {
        self.forms = forms;
        self
    }

    pub fn release(mut self, release: ReleaseLine) -> Self {
        self.release = release;
        self
    }

    /// No form of Primero has these fields.
    pub fn without_fields(mut self, fields: &[&'static str]) -> Self {
        self.without_fields = fields.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    /// Primero has no case at all.
    pub fn empty_primero(mut self) -> Self {
        self.empty_primero = true;
        self
    }

    /// No workflow of the deployment has ever run: its first run examines the deployment.
    pub fn untried(mut self) -> Self {
        self.untried = true;
        self
    }

    /// Primero's nginx as it ships, slow as it is.
    pub fn whole_front(mut self) -> Self {
        self.front = FrontLimits::NGINX;
        self
    }

    pub fn profile(mut self, change: impl FnOnce(&mut Profile)) -> Self {
        change(&mut self.profile);
        self
    }

    /// Replaces a field of the secret for Primero.
    pub fn primero_secret(mut self, field: &'static str, value: &'static str) -> Self {
        self.primero.push((field, value));
        self
    }

    /// Replaces a field of the secret for PING.
    pub fn ping_secret(mut self, field: &'static str, value: &'static str) -> Self {
        self.ping.push((field, value));
        self
    }

    pub async fn start(self) -> TestBridge {
        let primero = PrimeroOptions {
            forms: self.forms,
            release: self.release,
            without_fields: self.without_fields,
            ..PrimeroOptions::default()
        };
        let options = SandboxOptions {
            primero,
            primero_limits: self.front,
            ..SandboxOptions::default()
        };
        let sandbox = Sandbox::start(options).await.expect("it starts");
        let now: Timestamp = NOW.parse().expect("a time");
        sandbox.primero.stop_clock_at(now);
        let state = EmbeddedDynamoDb::in_memory().await.expect("it starts");
        table::ensure(&state.client(), TABLE)
            .await
            .expect("a table");
        if !self.untried {
            let client = state.client();
            for workflow in WorkflowName::ALL {
                let pk = format!("{}#{workflow}", self.profile.deployment);
                let put = client.put_item().table_name(TABLE);
                let put = put.item("pk", AttributeValue::S(pk));
                let put = put.item(
                    "sk",
                    AttributeValue::S("record#of-an-earlier-day".to_owned()),
                );
                put.send().await.expect("it answers");
            }
        }
        let clock = Arc::new(VirtualClock::at(now));

        let mut secrets = sandbox.secrets();
        for (field, value) in self.primero {
            secrets["primero"][field] = json!(value);
        }
        for (field, value) in self.ping {
            secrets["ping"][field] = json!(value);
        }
        secrets["ledger"] =
            json!({ "fingerprint_key": "an invented key for stories about nobody" });
        let secrets = secrets.as_object().cloned().expect("an object");
        let installation = Installation {
            profile: self.profile,
            secrets: Secrets::from_json(secrets).expect("no faults"),
            state: state.client(),
            table: TABLE.to_owned(),
            http: http_client().expect("a client"),
            alone: false,
            stop: StopSignal::default(),
            clock: Arc::clone(&clock) as Arc<_>,
            entropy: Arc::new(Entropy::from_seed(1)),
        };
        let bridge = TestBridge {
            sandbox,
            clock,
            installation,
            first_run: true,
            _state: state,
        };
        if !self.empty_primero {
            bridge.insert_case(CONTROL);
        }
        bridge
    }
}

impl TestBridge {
    pub fn beginning() -> Beginning {
        Beginning {
            forms: FormSet::Exchange,
            release: ReleaseLine::default(),
            without_fields: Vec::new(),
            empty_primero: false,
            untried: false,
            front: FRONT,
            profile: Profile::parse(PROFILE).expect("it ships without faults"),
            primero: Vec::new(),
            ping: Vec::new(),
        }
    }

    pub async fn start() -> Self {
        Self::beginning().start().await
    }

    /// Runs workflow 1.1 once.
    pub async fn run(&self) -> Finished {
        self.ask(WORKFLOW, &Request::default()).await
    }

    /// Runs workflow 1.1 once and demands that nothing stops it.
    pub async fn complete(&self) -> RunReport {
        self.completed(WORKFLOW).await
    }

    /// Runs a workflow once and demands that nothing stops it.
    pub async fn completed(&self, workflow: WorkflowName) -> RunReport {
        let finished = self.ask(workflow, &Request::default()).await;
        assert_eq!(finished.stop, None);
        finished.report
    }

    /// Runs a workflow once, as it is asked, in a quarter of an hour.
    pub async fn ask(&self, workflow: WorkflowName, request: &Request) -> Finished {
        self.ask_within(Duration::from_mins(15), workflow, request)
            .await
    }

    /// The same in another time. Every record counts once.
    pub async fn ask_within(
        &self,
        time: Duration,
        workflow: WorkflowName,
        request: &Request,
    ) -> Finished {
        let end = later(self.clock.now(), time);
        let request = Request {
            first_run: request.first_run || self.first_run,
            ..request.clone()
        };
        let run = self.installation.run(workflow, &request, end, &|_| {});
        let finished = run.await;
        let counts = &finished.report.counts;
        let settled = counts.delivered
            + counts.would_deliver
            + counts.already_in_place
            + counts.awaiting_confirmation
            + counts.skipped
            + counts.deferred
            + counts.held
            + counts.will_retry;
        assert_eq!(settled, counts.discovered, "{:?}", finished.report);
        finished
    }

    /// Time passes on both sides, so that what people saved lies before the end of the next window.
    pub fn pass(&self, time: Duration) {
        self.clock.advance(time);
        self.sandbox.primero.stop_clock_at(self.clock.now());
    }

    pub fn refer(&self, referral: &Referral) {
        self.sandbox.ping.refer(referral.rows()).expect("it is new");
    }

    /// Refers children of their own, and answers their referrals.
    pub fn refer_many(&self, count: u32) -> Vec<Referral> {
        let referrals: Vec<Referral> = (1..=count).map(Referral::numbered).collect();
        for referral in &referrals {
            self.refer(referral);
        }
        referrals
    }

    /// An open case without services for the child with this number; answers its id.
    pub fn insert_case(&self, individual_no: &str) -> String {
        let case = json!({
            "status": "open", "module_id": "primeromodule-cp", "owned_by": "worker1",
            "name_first": "Achol", "name_last": "Omot", "sex": "female", "date_of_birth": "2012-04-05",
            "unhcr_individual_no": individual_no, "services_section": [],
        });
        self.sandbox.primero.insert_case(case).expect("it is new")
    }

    /// The next request to a route that contains this text meets a fault.
    pub fn once(&self, system: System, route: &str, fault: Fault) {
        let on = Target::Containing(route.to_owned());
        self.sandbox.faults(system).add(Rule::once(on, fault));
    }

    pub fn cases_of(&self, individual_no: &str) -> Vec<Value> {
        let mut cases = self.sandbox.primero.cases();
        cases.retain(|case| case["unhcr_individual_no"] == individual_no);
        cases
    }

    /// Every service in Primero with this referral's intervention number, with the case that it is on.
    pub fn services_of(&self, referral: &Referral) -> Vec<(Value, Value)> {
        let number = referral.intervention_number();
        let mut found = Vec::new();
        for case in self.sandbox.primero.cases() {
            for service in services(&case) {
                if service["progres_interventionnumber"] == number {
                    found.push((case.clone(), service.clone()));
                }
            }
        }
        found
    }

    /// Asserts that the referral is in Primero exactly once, on a case of its child, and that proGres was told of just that case.
    pub fn assert_delivered_once(&self, referral: &Referral) {
        let found = self.services_of(referral);
        assert_eq!(found.len(), 1, "{referral:?}: {found:?}");
        let case = &found[0].0;
        assert_eq!(case["unhcr_individual_no"], referral.individual_no);
        let statuses = self
            .sandbox
            .ping
            .transfer_statuses_of(&referral.intervention);
        assert!(!statuses.is_empty(), "{referral:?}: proGres does not know");
        for status in &statuses {
            assert_eq!(
                status.field("progres_primerotransferstatus"),
                Some("125080002")
            );
            assert_eq!(status.field("progres_primeroid"), case["case_id"].as_str());
        }
    }

    /// How often a route was called, by a part of its name.
    pub fn calls(&self, system: System, route: &str) -> usize {
        let traffic = self.sandbox.traffic();
        let counts = match system {
            System::Ping => traffic.ping,
            System::Primero => traffic.primero,
        };
        let routes = counts
            .by_route
            .iter()
            .filter(|(name, _)| name.contains(route));
        routes.map(|(_, calls)| calls).sum()
    }

    pub fn effective_writes(&self) -> usize {
        let traffic = self.sandbox.traffic();
        traffic.ping.effective_writes + traffic.primero.effective_writes
    }

    /// The ledger's row of a referral of workflow 1.1.
    pub async fn row(&self, intervention: &str) -> Option<RecordRow<Value>> {
        self.row_of(WORKFLOW, intervention).await
    }

    /// The row of a record in a workflow's ledger.
    pub async fn row_of(&self, workflow: WorkflowName, key: &str) -> Option<RecordRow<Value>> {
        let key = RecordKey::written(key);
        let mut rows = self
            .store_of(workflow)
            .records(std::slice::from_ref(&key))
            .await
            .expect("it answers");
        rows.remove(&key)
    }

    /// The row of a referral of workflow 1.1 says this in one field.
    pub async fn spoil_row(&self, intervention: &str, field: &str, value: &str) {
        let deployment = &self.installation.profile.deployment;
        let text = |text: String| AttributeValue::S(text);
        let spoil = self.installation.state.update_item().table_name(TABLE);
        let spoil = spoil
            .key("pk", text(format!("{deployment}#{WORKFLOW}")))
            .key("sk", text(format!("record#{intervention}")))
            .update_expression("SET #field = :value")
            .expression_attribute_names("#field", field)
            .expression_attribute_values(":value", text(value.to_owned()));
        spoil.send().await.expect("it answers");
    }

    /// A workflow's part of the state table.
    pub fn store_of(&self, workflow: WorkflowName) -> Store {
        Store::new(
            self.installation.state.clone(),
            TABLE.to_owned(),
            &self.installation.profile.deployment,
            workflow,
        )
    }
}

pub fn services(case: &Value) -> &[Value] {
    case["services_section"]
        .as_array()
        .map_or(&[], Vec::as_slice)
}

//! One deployment of the made-up exchange over several runs. After every run it is checked that the report is true in itself.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::types::AttributeValue;
use embedded_dynamodb::EmbeddedDynamoDb;
use jiff::Timestamp;

use super::exchange::Exchange;
use super::fate::{Fate, OfTheStore};
use super::systems::{Systems, key};
use crate::clock::{Clock, VirtualClock, later};
use crate::deadline::{Deadline, StopSignal};
use crate::domain::ids::Deployment;
use crate::domain::outcome::{Counts, Outcome, RunReport, RunStatus};
use crate::domain::reason::{Reason, Stop};
use crate::domain::site::Site;
use crate::domain::system::{System, WorkflowName};
use crate::engine::{Batches, Context, Finished, Request, Workflow, run};
use crate::entropy::Entropy;
use crate::profile::EngineSettings;
use crate::store::{RecordRow, Store, table};

pub const START: Timestamp = Timestamp::constant(1_790_000_000, 0);
const TABLE: &str = "state";

pub struct Scenario {
    pub systems: Systems,
    pub clock: Arc<VirtualClock>,
    pub fate: Arc<Fate>,
    pub settings: EngineSettings,
    pub batches: Batches,
    pub tells_held: bool,
    /// What is asked of a run.
    pub request: Request,
    pub profile_version: String,
    /// How long a run may take.
    pub time: Duration,
    /// Keys the fingerprints.
    pub secret: &'static str,
    /// The versions of the credentials in use.
    pub secret_versions: HashMap<System, String>,
    pub deployment: Deployment,
    /// Where both systems are.
    pub site: Site,
    pub alone: bool,
    pub stop: StopSignal,
    entropy: Arc<Entropy>,
    client: Client,
    state: Arc<EmbeddedDynamoDb>,
}

impl Scenario {
    /// Records 1 to `count` are offered, each of its own household.
    pub async fn offering(count: u128) -> Self {
        Self::of(Systems::offering(count)).await
    }

    pub async fn of(systems: Systems) -> Self {
        let state = EmbeddedDynamoDb::in_memory().await.expect("it starts");
        let state = Arc::new(state);
        table::ensure(&state.client(), TABLE)
            .await
            .expect("a table");
        let fate = Arc::new(Fate::default());
        let config = state.client().config().to_builder();
        let config = config
            .retry_config(RetryConfig::disabled())
            .interceptor(OfTheStore(Arc::clone(&fate)));
        let client = Client::from_conf(config.build());
        Self {
            systems,
            clock: Arc::new(VirtualClock::at(START)),
            fate,
            settings: EngineSettings {
                concurrency: 4,
                max_writes_per_run: 1000,
                first_run_writes: 1000,
                verify_after: Duration::from_secs(2),
                retry_base: Duration::from_mins(10),
                retry_cap: Duration::from_hours(24),
                retry_attempts: 12,
                confirm_after: Duration::from_secs(2),
                confirm_checks: 5,
                confirm_overdue: Duration::from_hours(7 * 24),
            },
            batches: Batches {
                fetch: 3,
                locate: 4,
                write: 1,
                verify: 4,
                report: 3,
            },
            tells_held: false,
            request: Request {
                first_run: true,
                ..Request::default()
            },
            profile_version: "v1".to_owned(),
            time: Duration::from_mins(15),
            secret: "an invented key of the made-up exchange",
            secret_versions: HashMap::new(),
            deployment: "made-up".parse().expect("a name"),
            site: site("primero.example"),
            alone: false,
            stop: StopSignal::default(),
            entropy: Arc::new(Entropy::from_seed(7)),
            client,
            state,
        }
    }

    /// Runs once. The report has to be true in itself, and saved.
    pub async fn run(&self) -> Finished {
        let store = self.store();
        let finished = self.run_with(&store).await;
        self.assert_true(&finished, &store).await;
        finished
    }

    /// What must hold of every run, whatever happened: of its report, and of what is saved of it.
    pub async fn assert_true(&self, finished: &Finished, store: &Store) {
        assert_true_in_itself(finished);
        assert_eq!(finished.report.calls.state, store.calls());
        let kept =
            !finished.report.dry_run && !matches!(finished.stop, Some(Stop::StoreUnavailable(_)));
        let saved = self.saved_report(&finished.report.run_id).await;
        assert_eq!(saved, kept.then(|| finished.report.clone()));
    }

    /// Runs once and demands that nothing stops it.
    pub async fn complete(&self) -> RunReport {
        let finished = self.run().await;
        assert_eq!(finished.stop, None);
        finished.report
    }

    /// Runs once under a decree; none if the process died.
    pub async fn run_to_its_fate(&self) -> Option<Finished> {
        let store = self.store();
        let finished = self.fate.befall(self.run_with(&store)).await;
        finished.iter().for_each(assert_true_in_itself);
        finished
    }

    async fn run_with(&self, store: &Store) -> Finished {
        let exchange = Exchange {
            systems: &self.systems,
            fate: &self.fate,
            clock: &self.clock,
            batches: self.batches,
            tells_held: self.tells_held,
            secret: self.secret,
        };
        self.run_workflow(&exchange, store).await
    }

    /// Runs any made-up workflow once.
    pub async fn run_workflow<W: Workflow>(&self, workflow: &W, store: &Store) -> Finished {
        let now = self.clock.now();
        let around = Context {
            deployment: &self.deployment,
            profile_version: self.profile_version.clone(),
            secret_versions: self.secret_versions.clone(),
            site: &self.site,
            alone: self.alone,
            settings: &self.settings,
            store,
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            entropy: Arc::clone(&self.entropy),
            deadline: Deadline::new(now, later(now, self.time)).heeding(self.stop.clone()),
            call_timeout: Duration::from_secs(30),
            watch: &|_| {},
        };
        run(workflow, &self.request, &around).await
    }

    pub fn store(&self) -> Store {
        let workflow = WorkflowName::ReferralsToPrimero;
        Store::new(
            self.client.clone(),
            TABLE.to_owned(),
            &self.deployment,
            workflow,
        )
    }

    /// The ledger's row of a record.
    pub async fn find_row(&self, number: u128) -> Option<RecordRow<String>> {
        let rows = self.store().records(&[key(number)]).await;
        rows.expect("the store answers").remove(&key(number))
    }

    pub async fn row(&self, number: u128) -> RecordRow<String> {
        self.find_row(number).await.expect("it has a row")
    }

    pub async fn saved_report(&self, run_id: &str) -> Option<RunReport> {
        let item = self.item(&format!("run#{run_id}")).await?;
        Some(serde_dynamo::from_item(item).expect("a report"))
    }

    /// An item as it is stored.
    pub async fn item(
        &self,
        sk: &str,
    ) -> Option<std::collections::HashMap<String, AttributeValue>> {
        // Beside the client under test, which fate may have cut off.
        let client = self.state.client();
        let pk = format!("{}#{}", self.deployment, WorkflowName::ReferralsToPrimero);
        let answer = client
            .get_item()
            .table_name(TABLE)
            .key("pk", AttributeValue::S(pk))
            .key("sk", AttributeValue::S(sk.to_owned()))
            .consistent_read(true)
            .send()
            .await;
        answer.expect("the store answers").item
    }

    /// The row of a record says this in one field.
    pub async fn spoil(&self, number: u128, field: &str, value: AttributeValue) {
        let pk = format!("{}#{}", self.deployment, WorkflowName::ReferralsToPrimero);
        let sk = format!("record#{}", key(number));
        let client = self.state.client();
        let spoil = client.update_item().table_name(TABLE);
        let spoil = spoil
            .key("pk", AttributeValue::S(pk))
            .key("sk", AttributeValue::S(sk))
            .update_expression("SET #field = :value")
            .expression_attribute_names("#field", field)
            .expression_attribute_values(":value", value);
        spoil.send().await.expect("the store answers");
    }

    /// What stands beside the lease of a destination that was down.
    pub async fn store_lease_probe(&self) -> Option<AttributeValue> {
        self.item("lease").await?.remove("probe")
    }

    /// How many items the deployment has, of any kind.
    pub async fn rows(&self) -> i32 {
        let pk = format!("{}#{}", self.deployment, WorkflowName::ReferralsToPrimero);
        let client = self.state.client();
        let query = client
            .query()
            .table_name(TABLE)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(pk))
            .send();
        query.await.expect("the store answers").count
    }

    /// The deployment that the table names as the one at this Primero.
    pub async fn owner(&self) -> Option<AttributeValue> {
        let client = self.state.client();
        let pk = format!("owner#{}", self.site.owned);
        let answer = client
            .get_item()
            .table_name(TABLE)
            .key("pk", AttributeValue::S(pk))
            .key("sk", AttributeValue::S("owner".to_owned()))
            .send()
            .await;
        answer
            .expect("the store answers")
            .item?
            .remove("deployment")
    }

    /// Makes the lease row what it was before sites were kept.
    pub async fn forget_site(&self) {
        let pk = format!("{}#{}", self.deployment, WorkflowName::ReferralsToPrimero);
        let client = self.state.client();
        let forgotten = client
            .update_item()
            .table_name(TABLE)
            .key("pk", AttributeValue::S(pk))
            .key("sk", AttributeValue::S("lease".to_owned()))
            .update_expression("REMOVE ping_url, primero_url, owned, sites_since")
            .send()
            .await;
        forgotten.expect("the store answers");
    }

    /// Whether another run could begin now.
    pub async fn lease_is_free(&self) -> bool {
        let lease = self.item("lease").await;
        lease.is_none_or(|lease| !lease.contains_key("holder"))
    }
}

/// The made-up exchange with Primero at this host.
pub fn site(host: &str) -> Site {
    Site {
        ping: "https://ping.example".to_owned(),
        primero: format!("https://{host}"),
        owned: format!("{host}#unhcr"),
    }
}

/// What a dry run counts, as the real run that follows counts it.
pub fn foreseen(dry: &Counts) -> Counts {
    Counts {
        delivered: dry.would_deliver,
        would_deliver: 0,
        ..dry.clone()
    }
}

/// What must hold of every report, whatever happened.
pub fn assert_true_in_itself(finished: &Finished) {
    let Finished { report, stop, .. } = finished;
    let counts = &report.counts;
    let settled = counts.delivered
        + counts.would_deliver
        + counts.already_in_place
        + counts.awaiting_confirmation
        + counts.skipped
        + counts.deferred
        + counts.held
        + counts.will_retry;
    assert_eq!(
        settled, counts.discovered,
        "each record counts once: {report:?}"
    );
    let reasons: u64 = report.reasons.values().sum();
    assert_eq!(
        reasons,
        counts.held + counts.will_retry + counts.skipped,
        "each has its reason: {report:?}"
    );
    let listed = u64::try_from(report.records.len()).expect("at most 100");
    assert_eq!(listed, counts.discovered.min(100), "{report:?}");
    let never = if report.dry_run {
        counts.delivered
    } else {
        counts.would_deliver
    };
    assert_eq!(never, 0, "a dry run delivers nothing: {report:?}");
    let well = |outcome| {
        matches!(
            outcome,
            Outcome::Delivered | Outcome::WouldDeliver | Outcome::AlreadyInPlace
        )
    };
    let order: Vec<bool> = report
        .records
        .iter()
        .map(|record| well(record.outcome))
        .collect();
    assert!(
        order.is_sorted(),
        "what was not delivered comes first: {report:?}"
    );
    let failed = report.status == RunStatus::Failed;
    assert_eq!(failed, stop.is_some());
    assert_eq!(report.error, stop.as_ref().map(Stop::to_string));
}

/// The reason in a report's line about a record.
pub fn reason_of(report: &RunReport, number: u128) -> Option<Reason> {
    let line = report
        .records
        .iter()
        .find(|record| record.key == key(number));
    line.expect("it is listed").reason
}

/// The outcome in a report's line about a record.
pub fn outcome_of(report: &RunReport, number: u128) -> Outcome {
    let line = report
        .records
        .iter()
        .find(|record| record.key == key(number));
    line.expect("it is listed").outcome
}

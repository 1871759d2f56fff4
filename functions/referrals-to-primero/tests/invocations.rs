//! The function's own binary under the Lambda runtime protocol, with a DynamoDB, a Secrets Manager and simulated systems to talk to.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};

use embedded_dynamodb::EmbeddedDynamoDb;
use referral_bridge::store::table;
use sandbox::faults::{Fault, Rule, Target};
use sandbox::generated::{Generated, arrived};
use sandbox::journal::System;
use sandbox::{Sandbox, SandboxOptions, Workflow};
use serde_json::{Value, json};
use system_tests::{Answer, RuntimeApi, SecretsManager};
use tokio::process::{Child, Command};

const TABLE: &str = "state";

/// A function process with everything around it.
struct Scene {
    runtime: RuntimeApi,
    sandbox: Sandbox,
    state: EmbeddedDynamoDb,
    _secrets: SecretsManager,
    _function: Child,
}

impl Scene {
    /// With the demo's referrals pending.
    async fn start() -> Self {
        let sandbox = Sandbox::start(SandboxOptions::default())
            .await
            .expect("the sandbox starts");
        sandbox::demo::load(&sandbox).expect("the systems take the data");
        Self::around(sandbox).await
    }

    async fn around(sandbox: Sandbox) -> Self {
        let runtime = RuntimeApi::start().await.expect("the Runtime API starts");
        let state = EmbeddedDynamoDb::in_memory()
            .await
            .expect("the state store starts");
        table::ensure(&state.client(), TABLE)
            .await
            .expect("the table is made");
        let systems = sandbox.secrets();
        let secrets = SecretsManager::serving(BTreeMap::from([
            ("rb/gambella/ping".to_owned(), systems["ping"].clone()),
            ("rb/gambella/primero".to_owned(), systems["primero"].clone()),
            (
                "rb/gambella/ledger".to_owned(),
                json!({ "fingerprint_key": "an invented key of 32 characters" }),
            ),
        ]));
        let secrets = secrets.await.expect("Secrets Manager starts");
        let function = Command::new(env!("CARGO_BIN_EXE_referrals-to-primero"))
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", runtime.authority())
            .env("AWS_LAMBDA_FUNCTION_NAME", "referrals-to-primero")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "local")
            .env("AWS_SECRET_ACCESS_KEY", "local")
            .env("AWS_ENDPOINT_URL_DYNAMODB", state.endpoint())
            .env("AWS_ENDPOINT_URL_SECRETS_MANAGER", secrets.endpoint())
            .env("TABLE_NAME", TABLE)
            .env("SECRET_PREFIX", "rb")
            .env(
                "PROFILES_DIR",
                concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/profiles"),
            )
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the function starts");
        Self {
            runtime,
            sandbox,
            state,
            _secrets: secrets,
            _function: function,
        }
    }

    async fn invoke(&mut self, event: Value) -> Answer {
        self.invoke_within(Duration::from_mins(2), event).await
    }

    async fn invoke_within(&mut self, time: Duration, event: Value) -> Answer {
        let answer = self.runtime.invoke(event, time).await;
        answer.expect("an answer")
    }

    /// `errorType` and `errorMessage` of an event that is refused.
    async fn refusal(&mut self, event: Value) -> (String, String) {
        match self.invoke(event).await {
            Answer::Failure(error) => {
                let text = |key: &str| error[key].as_str().expect("a text").to_owned();
                (text("errorType"), text("errorMessage"))
            }
            success @ Answer::Success(_) => panic!("{success:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_runs_the_workflow_and_answers_with_its_report() {
    let mut scene = Scene::start().await;
    let Answer::Success(report) = scene.invoke(json!({ "deployment": "gambella" })).await else {
        panic!("the run failed");
    };
    assert_eq!(report["status"], "completed");
    assert_eq!(report["workflow"], "referrals-to-primero");
    assert_eq!(report["counts"]["delivered"], 15);
    assert_eq!(report["counts"]["discovered"], 28);
    assert_eq!(scene.sandbox.ping.pending().len(), 9);
    let rows = scene
        .state
        .client()
        .scan()
        .table_name(TABLE)
        .send()
        .await
        .expect("a scan");
    // 28 records, the lease and the report.
    assert_eq!(rows.count(), 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_event_is_a_function_error_that_names_what_is_wrong() {
    let mut scene = Scene::start().await;
    let (kind, message) = scene.refusal(json!({ "deploiment": "gambella" })).await;
    assert_eq!(kind, "invalid_event");
    assert!(message.contains("deploiment"), "{message}");
    let (kind, message) = scene.refusal(json!({ "deployment": 3 })).await;
    assert_eq!(
        (kind.as_str(), message.contains("deployment")),
        ("invalid_event", true)
    );
    let (kind, message) = scene.refusal(json!({ "deployment": "atlantis" })).await;
    assert_eq!(kind, "unknown_deployment");
    assert!(
        message.contains("atlantis") && message.contains("gambella"),
        "{message}"
    );
    let (kind, _) = scene.refusal(json!({})).await;
    assert_eq!(
        kind, "unknown_deployment",
        "several are packaged and none is named"
    );
    let (kind, message) = scene.refusal(json!({ "deployment": "reference" })).await;
    assert_eq!(kind, "invalid_secrets");
    assert!(message.contains("rb/reference/ping"), "{message}");
    assert_eq!(scene.sandbox.traffic().ping.requests, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_cannot_go_on_is_a_function_error_with_a_stable_type() {
    let mut scene = Scene::start().await;
    let fault = Fault::Status {
        status: 403,
        retry_after: None,
        after_effect: false,
    };
    let forbidden = Rule::always(Target::Containing("/cases".to_owned()), fault);
    scene.sandbox.faults(System::Primero).add(forbidden);
    let (kind, message) = scene.refusal(json!({ "deployment": "gambella" })).await;
    assert_eq!(kind, "permission_denied");
    assert!(
        message.contains("primero") && message.contains("list cases"),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn with_three_seconds_a_run_every_run_brings_some_of_two_hundred_records() {
    let sandbox = Sandbox::start(SandboxOptions::default())
        .await
        .expect("the sandbox starts");
    let referrals = Generated {
        workflow: Workflow::ReferralsToPrimero,
        records: 200,
        seed: 7,
        existing_percent: 0,
        bad_percent: 0,
    };
    referrals.load(&sandbox).expect("the systems take the data");
    for system in [System::Ping, System::Primero] {
        let slow = Fault::Latency { milliseconds: 30 };
        let rule = Rule::always(Target::Everything, slow);
        sandbox.faults(system).add(rule);
    }
    let mut scene = Scene::around(sandbox).await;
    let time = Duration::from_secs(3);
    let mut runs = 0;
    loop {
        let before = arrived(&scene.sandbox, Workflow::ReferralsToPrimero);
        let begun = Instant::now();
        let answer = scene
            .invoke_within(time, json!({ "deployment": "gambella" }))
            .await;
        runs += 1;
        assert!(begun.elapsed() < time, "run {runs} ended late");
        let Answer::Success(report) = answer else {
            panic!("run {runs}: {answer:?}");
        };
        let after = arrived(&scene.sandbox, Workflow::ReferralsToPrimero);
        println!(
            "run {runs}: {} arrived, {}",
            after - before,
            report["counts"]
        );
        assert!(after > before, "run {runs} brought nothing: {report}");
        if report["status"] == "completed" {
            break;
        }
        assert_eq!(report["status"], "truncated");
    }
    assert!(runs > 1, "200 writes take longer than one run has");
    assert_eq!(arrived(&scene.sandbox, Workflow::ReferralsToPrimero), 200);
    // The bystander of the generated data has the one case more.
    assert_eq!(scene.sandbox.primero.cases().len(), 201);
}

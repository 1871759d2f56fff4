//! The function's own binary under the Lambda runtime protocol, with a DynamoDB, a Secrets Manager and simulated systems to talk to.

use std::fmt::Display;
use std::time::{Duration, Instant};

use sandbox::faults::{Fault, Rule, Target};
use sandbox::generated::{Generated, arrived};
use sandbox::journal::System;
use sandbox::{FrontLimits, Sandbox, SandboxOptions, Workflow};
use serde_json::json;
use system_tests::{Answer, Function, TABLE};

/// The running function, with what a test asks of it.
struct Scene {
    function: Function,
}

impl Scene {
    /// With the demo's referrals pending.
    async fn start() -> Self {
        let sandbox = systems().await;
        sandbox::demo::load(&sandbox).expect("the systems take the data");
        Self::around(sandbox).await
    }

    async fn around(sandbox: Sandbox) -> Self {
        let binary = env!("CARGO_BIN_EXE_referrals-to-primero");
        let function = Function::start(binary, sandbox).await;
        Self {
            function: function.expect("the function starts"),
        }
    }

    async fn invoke(&mut self, event: impl Display) -> Answer {
        self.invoke_within(Duration::from_mins(2), event).await
    }

    async fn invoke_within(&mut self, time: Duration, event: impl Display) -> Answer {
        let answer = self.function.invoke(event, time).await;
        answer.expect("an answer")
    }

    /// `errorType` and `errorMessage` of an event that is refused.
    async fn refusal(&mut self, event: impl Display) -> (String, String) {
        match self.invoke(event).await {
            Answer::Failure(error) => {
                let text = |key: &str| error[key].as_str().expect("a text").to_owned();
                (text("errorType"), text("errorMessage"))
            }
            success @ Answer::Success(_) => panic!("{success:?}"),
        }
    }
}

async fn systems() -> Sandbox {
    let sandbox = Sandbox::start(SandboxOptions::default()).await;
    sandbox.expect("the sandbox starts")
}

/// Runs of a few seconds do not fit behind a limit of so many requests a second.
async fn systems_without_limits() -> Sandbox {
    let options = SandboxOptions {
        primero_limits: FrontLimits::NONE,
        ..SandboxOptions::default()
    };
    Sandbox::start(options).await.expect("the sandbox starts")
}

/// So many referrals of children without a case.
fn referrals(records: usize) -> Generated {
    Generated {
        workflow: Workflow::ReferralsToPrimero,
        records,
        seed: 7,
        existing_percent: 0,
        bad_percent: 0,
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
    assert_eq!(scene.function.sandbox.ping.pending().len(), 9);
    let rows = scene
        .function
        .state
        .client()
        .scan()
        .table_name(TABLE)
        .send()
        .await
        .expect("a scan");
    // 28 records, the lease, the report, whose Primero it is, what its user sees there, that it signed in, and that
    // nobody tries to sign in to either system just now.
    assert_eq!(rows.count(), 35);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_event_is_a_function_error_that_names_what_is_wrong() {
    let mut scene = Scene::start().await;
    let (kind, message) = scene.refusal(json!({ "deploiment": "gambella" })).await;
    assert_eq!(kind, "invalid_event");
    assert!(message.contains("deploiment"), "{message}");
    let twice = r#"{ "deployment": "gambella", "dry_run": true, "dry_run": false }"#;
    let beside = r#"{ "detail-type": "Scheduled Event", "detail": {}, "dry_run": true }"#;
    for event in [twice, beside] {
        let (kind, message) = scene.refusal(event).await;
        assert_eq!(kind, "invalid_event");
        assert!(message.contains("dry_run"), "{message}");
    }
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
    assert_eq!(scene.function.sandbox.traffic().ping.requests, 0);
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
    scene
        .function
        .sandbox
        .faults(System::Primero)
        .add(forbidden);
    let (kind, message) = scene.refusal(json!({ "deployment": "gambella" })).await;
    assert_eq!(kind, "permission_denied");
    assert!(
        message.contains("primero") && message.contains("list cases"),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_function_takes_a_rotated_secret_after_one_refusal_and_tries_none_twice() {
    let mut scene = Scene::start().await;
    let right = scene.function.sandbox.secrets()["primero"].clone();
    let mut wrong = right.clone();
    wrong["password"] = json!("not-the-one");
    let id = "rb/gambella/primero";
    scene.function.secrets.put(id, wrong);
    let event = json!({ "deployment": "gambella" });
    for _ in 0..2 {
        let (kind, _) = scene.refusal(event.clone()).await;
        assert_eq!(kind, "authentication_failed");
    }
    let tries = scene.function.sandbox.traffic().primero.requests;
    assert_eq!(tries, 1);

    scene.function.secrets.put(id, right);
    let answer = scene.invoke(event).await;

    let Answer::Success(report) = answer else {
        panic!("{answer:?}");
    };
    assert!(report["counts"]["delivered"].as_u64() > Some(0), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_function_takes_a_changed_secret_at_once_and_a_moved_system_only_when_it_is_accepted()
 {
    let mut scene = Scene::start().await;
    let event = json!({ "deployment": "gambella" });
    let Answer::Success(_) = scene.invoke(event.clone()).await else {
        panic!("the first run failed");
    };
    let other = systems().await;
    sandbox::demo::load(&other).expect("the systems take the data");
    let first = scene.function.sandbox.traffic().primero.requests;
    let id = "rb/gambella/primero";
    let moved = other.secrets()["primero"].clone();
    scene.function.secrets.put(id, moved);

    let (kind, message) = scene.refusal(event.clone()).await;
    assert_eq!(kind, "system_moved");
    assert!(message.contains("primero"), "{message}");
    assert_eq!(other.traffic().primero.requests, 0);

    // Without anything to do nothing is asked of Primero, the new one or the old.
    let more = referrals(1).load(&scene.function.sandbox);
    more.expect("proGres takes it");
    let accepted = json!({ "deployment": "gambella", "accept_move": true });
    let answer = scene.invoke(accepted).await;
    assert!(matches!(answer, Answer::Success(_)), "{answer:?}");
    assert!(other.traffic().primero.requests > 0);
    let answer = scene.invoke(event).await;
    assert!(matches!(answer, Answer::Success(_)), "{answer:?}");
    let after = scene.function.sandbox.traffic().primero.requests;
    assert_eq!(after, first, "the old one is asked no more");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_four_seconds_a_run_every_run_brings_some_of_four_hundred_records() {
    let sandbox = systems_without_limits().await;
    let referrals = referrals(400);
    referrals.load(&sandbox).expect("the systems take the data");
    for system in [System::Ping, System::Primero] {
        let slow = Fault::Latency { milliseconds: 30 };
        let rule = Rule::always(Target::Everything, slow);
        sandbox.faults(system).add(rule);
    }
    let mut scene = Scene::around(sandbox).await;
    // The first run of all looks at the whole deployment, for which it has time.
    let first = json!({ "deployment": "gambella", "limit": 1 });
    let first = scene.invoke(first).await;
    assert!(matches!(first, Answer::Success(_)), "{first:?}");
    // A run proves its user, the forms and its first write before it writes the others.
    let time = Duration::from_secs(4);
    let mut runs = 0;
    loop {
        let before = arrived(&scene.function.sandbox, Workflow::ReferralsToPrimero);
        let begun = Instant::now();
        let answer = scene
            .invoke_within(time, json!({ "deployment": "gambella" }))
            .await;
        runs += 1;
        assert!(begun.elapsed() < time, "run {runs} ended late");
        let Answer::Success(report) = answer else {
            panic!("run {runs}: {answer:?}");
        };
        let after = arrived(&scene.function.sandbox, Workflow::ReferralsToPrimero);
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
    assert!(runs > 1, "400 writes take longer than one run has");
    assert_eq!(
        arrived(&scene.function.sandbox, Workflow::ReferralsToPrimero),
        400
    );
    // The bystander of the generated data has the one case more.
    assert_eq!(scene.function.sandbox.primero.cases().len(), 401);
}

#[tokio::test]
async fn a_check_looks_at_the_whole_deployment_and_runs_nothing() {
    let mut scene = Scene::start().await;
    let asked = json!({ "deployment": "gambella", "check": true });
    let Answer::Success(told) = scene.invoke(&asked).await else {
        panic!("it is answered");
    };
    assert_eq!(told["deployment"], "gambella");
    assert_eq!(told["faults"], 0, "{told}");
    assert!(told["calls"]["ping"].as_u64() > Some(0), "{told}");
    assert_eq!(told.get("run_id"), None, "{told}");
    let traffic = scene.function.sandbox.traffic();
    assert_eq!(
        traffic.ping.effective_writes + traffic.primero.effective_writes,
        0
    );
}

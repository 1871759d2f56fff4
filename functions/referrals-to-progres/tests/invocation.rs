//! The function's own binary under the Lambda runtime protocol: that it runs its workflow, and no other. What all functions share is
//! tested with the first one.

use std::time::Duration;

use sandbox::{Sandbox, SandboxOptions};
use serde_json::json;
use system_tests::{Answer, Function};

#[tokio::test(flavor = "multi_thread")]
async fn an_event_runs_the_workflow_and_answers_with_its_report() {
    let sandbox = Sandbox::start(SandboxOptions::default()).await;
    let binary = env!("CARGO_BIN_EXE_referrals-to-progres");
    let function = Function::start(binary, sandbox.expect("it starts")).await;
    let event = json!({ "deployment": "gambella", "first_run": true });
    let mut function = function.expect("it starts");
    let answer = function.invoke(event, Duration::from_mins(2)).await;

    let Answer::Success(report) = answer.expect("an answer") else {
        panic!("the run failed");
    };
    assert_eq!(report["workflow"], "referrals-to-progres");
    assert_eq!(report["status"], "completed");
}

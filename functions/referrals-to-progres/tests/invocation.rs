//! The function's own binary under the Lambda runtime protocol: that it runs its workflow, and no other. What all functions share is
//! tested with the first one.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use embedded_dynamodb::EmbeddedDynamoDb;
use referral_bridge::store::table;
use sandbox::{Sandbox, SandboxOptions};
use serde_json::json;
use system_tests::{Answer, RuntimeApi, SecretsManager};
use tokio::process::Command;

#[tokio::test(flavor = "multi_thread")]
async fn an_event_runs_the_workflow_and_answers_with_its_report() {
    let mut runtime = RuntimeApi::start().await.expect("it starts");
    let sandbox = Sandbox::start(SandboxOptions::default()).await;
    let systems = sandbox.as_ref().expect("it starts").secrets();
    let state = EmbeddedDynamoDb::in_memory().await.expect("it starts");
    let made = table::ensure(&state.client(), "state").await;
    made.expect("the table is made");
    let ledger = json!({ "fingerprint_key": "an invented key of 32 characters" });
    let secrets = SecretsManager::serving(BTreeMap::from([
        ("rb/gambella/ping".to_owned(), systems["ping"].clone()),
        ("rb/gambella/primero".to_owned(), systems["primero"].clone()),
        ("rb/gambella/ledger".to_owned(), ledger),
    ]));
    let secrets = secrets.await.expect("it starts");
    let profiles = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/profiles");
    let _function = Command::new(env!("CARGO_BIN_EXE_referrals-to-progres"))
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", runtime.authority())
        .env("AWS_LAMBDA_FUNCTION_NAME", "referrals-to-progres")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .env("AWS_ENDPOINT_URL_DYNAMODB", state.endpoint())
        .env("AWS_ENDPOINT_URL_SECRETS_MANAGER", secrets.endpoint())
        .env("TABLE_NAME", "state")
        .env("SECRET_PREFIX", "rb")
        .env("PROFILES_DIR", profiles)
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("it starts");

    let event = json!({ "deployment": "gambella" });
    let answer = runtime.invoke(event, Duration::from_mins(2)).await;

    let Answer::Success(report) = answer.expect("an answer") else {
        panic!("the run failed");
    };
    assert_eq!(report["workflow"], "referrals-to-progres");
    assert_eq!(report["status"], "completed");
}

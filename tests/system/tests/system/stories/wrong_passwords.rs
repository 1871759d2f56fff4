//! A wrong password costs exactly one try to sign in, over all four workflows and all their runs: six lock the account.

use referral_bridge::domain::reason::Stop;
use referral_bridge::domain::system::{System as Bridged, WorkflowName};
use referral_bridge::engine::Request;
use referral_bridge::secrets::Secrets;
use sandbox::journal::System;
use sandbox::primero::ReleaseLine;
use serde_json::{Value, json};

use crate::bridge::{Beginning, TestBridge};
use crate::waiting::Waiting;

fn records_for_all(bridge: &TestBridge) -> Vec<Waiting> {
    let all = WorkflowName::ALL.iter();
    all.flat_map(|workflow| bridge.waiting(*workflow, 3))
        .collect()
}

/// Runs every workflow three times; every run must be refused.
async fn assert_refused(bridge: &TestBridge, system: Bridged) {
    let dry = Request {
        dry_run: true,
        ..Request::default()
    };
    for request in [Request::default(), Request::default(), dry] {
        for workflow in WorkflowName::ALL {
            let finished = bridge.ask(*workflow, &request).await;
            let refused = Some(Stop::AuthenticationFailed(system));
            assert_eq!(finished.stop, refused, "{workflow}");
        }
    }
    assert_eq!(bridge.effective_writes(), 0);
}

/// The secret is rotated: now it has what the systems ask for.
fn rotate(bridge: &mut TestBridge, auth: &str) {
    let mut secrets = bridge.sandbox.secrets();
    secrets["primero"]["auth"] = json!(auth);
    secrets["ledger"] = json!({ "fingerprint_key": "an invented key for stories about nobody" });
    let Value::Object(secrets) = secrets else {
        panic!("secrets are an object");
    };
    bridge.installation.secrets = Secrets::from_json(secrets).expect("no faults");
}

async fn assert_all_arrive(bridge: &TestBridge, records: &[Waiting]) {
    for workflow in WorkflowName::ALL {
        bridge.completed(*workflow).await;
    }
    bridge.assert_each_arrived_once(records);
}

#[tokio::test]
async fn of_ping() {
    let beginning = TestBridge::beginning().ping_secret("password", "not-the-one");
    let mut bridge = beginning.start().await;
    let records = records_for_all(&bridge);
    assert_refused(&bridge, Bridged::Ping).await;
    assert_eq!(bridge.sandbox.ping.sign_ins().refused, 1);

    rotate(&mut bridge, "basic");
    assert_all_arrive(&bridge, &records).await;
    assert_eq!(bridge.sandbox.ping.sign_ins().refused, 1);
}

/// `tried` counts the tries to sign in that Primero saw.
async fn of_primero(beginning: Beginning, auth: &'static str, tried: fn(&TestBridge) -> usize) {
    let beginning = beginning
        .primero_secret("auth", auth)
        .primero_secret("password", "not-the-one");
    let mut bridge = beginning.start().await;
    let records = records_for_all(&bridge);
    assert_refused(&bridge, Bridged::Primero).await;
    assert_eq!(tried(&bridge), 1, "{auth}");

    rotate(&mut bridge, auth);
    assert_all_arrive(&bridge, &records).await;
}

fn log_ins(bridge: &TestBridge) -> usize {
    bridge.calls(System::Primero, "POST /api/v2/tokens")
}

#[tokio::test]
async fn of_primero_by_basic_sign_in() {
    // Every call is a try.
    let requests = |bridge: &TestBridge| bridge.sandbox.traffic().primero.requests;
    of_primero(TestBridge::beginning(), "basic", requests).await;
}

#[tokio::test]
async fn of_primero_by_session() {
    of_primero(TestBridge::beginning(), "session", log_ins).await;
}

#[tokio::test]
async fn of_primero_by_token() {
    let older = TestBridge::beginning().release(ReleaseLine::Older);
    of_primero(older, "token", log_ins).await;
}

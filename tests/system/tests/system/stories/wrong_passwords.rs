//! A wrong password costs exactly one try to sign in, over all four workflows and all their runs: six lock the account.

use std::sync::Arc;
use std::time::Duration;

use referral_bridge::clock::{SystemClock, later};
use referral_bridge::domain::reason::Stop;
use referral_bridge::domain::system::{System as Bridged, WorkflowName};
use referral_bridge::engine::Request;
use referral_bridge::secrets::Secrets;
use sandbox::faults::{Fault, Rule, Target};
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

/// All four workflows begin in the same minute.
async fn all_at_once(bridge: &TestBridge) -> Vec<Option<Stop>> {
    let request = Request {
        first_run: true,
        ..Request::default()
    };
    let installation = &bridge.installation;
    let end = later(installation.clock.now(), Duration::from_mins(15));
    let run = |workflow| Box::pin(installation.run(workflow, &request, end, &|_| {}));
    let (first, second, third, fourth) = tokio::join!(
        run(WorkflowName::ReferralsToPrimero),
        run(WorkflowName::DecisionsToProgres),
        run(WorkflowName::ReferralsToProgres),
        run(WorkflowName::DecisionsToPrimero),
    );
    let finished = [first, second, third, fourth].into_iter();
    finished.map(|finished| finished.stop).collect()
}

#[tokio::test]
async fn four_workflows_that_begin_at_once_make_one_try() {
    for system in [Bridged::Ping, Bridged::Primero] {
        let beginning = TestBridge::beginning();
        let beginning = match system {
            Bridged::Ping => beginning.ping_secret("password", "not-the-one"),
            Bridged::Primero => beginning.primero_secret("password", "not-the-one"),
        };
        let mut bridge = beginning.start().await;
        records_for_all(&bridge);
        // In bent time those who wait would wait for no time at all, and the try under way would seem to take forever.
        bridge.installation.clock = Arc::new(SystemClock);

        let stops = all_at_once(&bridge).await;

        let refused = Some(Stop::AuthenticationFailed(system));
        assert!(stops.contains(&refused), "{stops:?}");
        assert!(stops.iter().all(Option::is_some), "{stops:?}");
        let tried = match system {
            Bridged::Ping => bridge.sandbox.ping.sign_ins().refused,
            Bridged::Primero => bridge.sandbox.traffic().primero.requests,
        };
        assert_eq!(tried, 1, "{system}");
    }
}

#[tokio::test]
async fn four_workflows_that_begin_at_once_with_the_right_password_all_go_on() {
    let bridge = TestBridge::start().await;
    let records = records_for_all(&bridge);

    assert_eq!(all_at_once(&bridge).await, [None, None, None, None]);

    bridge.assert_each_arrived_once(&records);
}

/// The next calls to a route are answered with this status.
fn answered(bridge: &TestBridge, system: System, route: &str, status: u16, times: u32) {
    let fault = Fault::Status {
        status,
        retry_after: None,
        after_effect: false,
    };
    let on = Target::Containing(route.to_owned());
    let rule = Rule::always(on, fault).times(times);
    bridge.sandbox.faults(system).add(rule);
}

#[tokio::test]
async fn one_stray_401_under_basic_sign_in_stops_nobody_for_longer_than_an_hour() {
    let workflow = WorkflowName::ReferralsToPrimero;
    let bridge = TestBridge::start().await;
    // The version has signed in before.
    bridge.completed(WorkflowName::DecisionsToProgres).await;
    let records = bridge.waiting(workflow, 3);
    answered(&bridge, System::Primero, "GET ", 401, 1);
    let refused = Some(Stop::AuthenticationFailed(Bridged::Primero));

    assert_eq!(
        bridge.ask(workflow, &Request::default()).await.stop,
        refused
    );
    let asked = bridge.sandbox.traffic().primero.requests;
    bridge.pass(Duration::from_mins(59));
    assert_eq!(
        bridge.ask(workflow, &Request::default()).await.stop,
        refused
    );
    assert_eq!(bridge.sandbox.traffic().primero.requests, asked);

    bridge.pass(Duration::from_mins(2));
    bridge.completed(workflow).await;
    bridge.assert_each_arrived_once(&records);
    // A success counts the tries anew, and the version is used freely again.
    bridge.completed(WorkflowName::DecisionsToProgres).await;
}

#[tokio::test]
async fn a_password_that_worked_before_is_tried_three_times_and_then_left_to_a_person() {
    // These ask Primero in every run.
    let following = [
        WorkflowName::DecisionsToProgres,
        WorkflowName::ReferralsToProgres,
    ];
    let workflow = following[0];
    let bridge = TestBridge::start().await;
    bridge.completed(workflow).await;
    let unauthorized = Fault::Status {
        status: 401,
        retry_after: None,
        after_effect: false,
    };
    let primero = bridge.sandbox.faults(System::Primero);
    primero.add(Rule::always(Target::Everything, unauthorized));
    let before = bridge.sandbox.traffic().primero.requests;

    for hours in 0..50 {
        let finished = bridge.ask(following[hours % 2], &Request::default()).await;
        let refused = Some(Stop::AuthenticationFailed(Bridged::Primero));
        assert_eq!(finished.stop, refused, "{hours}");
        bridge.pass(Duration::from_hours(1));
    }
    let tried = bridge.sandbox.traffic().primero.requests - before;
    assert_eq!(tried, 3);

    // A person allows one more.
    primero.clear();
    let store = bridge.store_of(workflow);
    let allowed = store.forget_refused_sign_in(Bridged::Primero).await;
    assert_eq!(allowed, Ok(true));
    bridge.completed(workflow).await;
}

#[tokio::test]
async fn what_is_no_refused_password_is_over_in_the_next_run() {
    for (route, status, times) in [("/token", 400, 1), ("/token", 401, 1), ("SHP-2747", 401, 2)] {
        let bridge = TestBridge::start().await;
        let workflow = WorkflowName::ReferralsToPrimero;
        let records = bridge.waiting(workflow, 3);
        answered(&bridge, System::Ping, route, status, times);

        let finished = bridge.ask(workflow, &Request::default()).await;
        let later = Some(Stop::Unavailable(Bridged::Ping));
        assert_eq!(finished.stop, later, "{route} {status}");

        let all = [None, None, None, None];
        assert_eq!(all_at_once(&bridge).await, all, "{route} {status}");
        bridge.assert_each_arrived_once(&records);
    }
}

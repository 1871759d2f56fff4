//! Systems that are slow, busy or down for a while.

use std::time::Duration;

use referral_bridge::clock::{Clock as _, until};
use referral_bridge::domain::reason::{Reason, Stop};
use referral_bridge::domain::system as bridge_system;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::engine::Request;
use sandbox::faults::{Fault, Rule, Target};
use sandbox::journal::System;

use crate::bridge::{NOW, TestBridge};
use crate::referral::Referral;

const fn status(status: u16, retry_after: Option<u32>) -> Fault {
    Fault::Status {
        status,
        retry_after,
        after_effect: false,
    }
}

/// How long the story has lasted by the bridge's clock.
fn passed(bridge: &TestBridge) -> Duration {
    until(NOW.parse().expect("a time"), bridge.clock.now())
}

#[tokio::test]
async fn a_busy_primero_is_waited_for_as_long_as_it_asks() {
    for busy in [429, 503] {
        let bridge = TestBridge::start().await;
        let referral = Referral::numbered(1);
        bridge.refer(&referral);
        bridge.once(
            System::Primero,
            "POST /api/v2/cases",
            status(busy, Some(30)),
        );
        bridge.complete().await;
        bridge.assert_delivered_once(&referral);
        assert_eq!(
            bridge.calls(System::Primero, "POST /api/v2/cases"),
            2,
            "{busy}"
        );
        assert!(
            passed(&bridge) >= Duration::from_secs(30),
            "{:?}",
            passed(&bridge)
        );
    }
}

#[tokio::test]
async fn a_busy_ping_is_waited_for_as_long_as_it_asks() {
    for busy in [429, 503] {
        let bridge = TestBridge::start().await;
        let referral = Referral::numbered(1);
        bridge.refer(&referral);
        bridge.once(System::Ping, "SHP-2748", status(busy, Some(40)));
        bridge.complete().await;
        bridge.assert_delivered_once(&referral);
        assert!(
            passed(&bridge) >= Duration::from_secs(40),
            "{:?}",
            passed(&bridge)
        );
    }
}

#[tokio::test]
async fn a_wait_that_reaches_into_the_reserve_is_left_to_the_next_run() {
    let bridge = TestBridge::start().await;
    let referral = Referral::numbered(1);
    bridge.refer(&referral);
    bridge.once(
        System::Primero,
        "POST /api/v2/cases",
        status(503, Some(3600)),
    );
    let report = bridge.complete().await;
    assert_eq!(report.reasons[&Reason::PrimeroUnavailable], 1);
    assert!(passed(&bridge) < Duration::from_mins(15));
    bridge.clock.advance(Duration::from_hours(1));
    bridge.complete().await;
    bridge.assert_delivered_once(&referral);
}

#[tokio::test]
async fn a_token_that_expires_within_a_run_is_renewed_once() {
    for operation in ["SHP-2358", "SHP-2748"] {
        let bridge = TestBridge::start().await;
        let referrals = bridge.refer_many(3);
        bridge.once(System::Ping, operation, Fault::ExpiredToken);
        bridge.complete().await;
        for referral in &referrals {
            bridge.assert_delivered_once(referral);
        }
        assert_eq!(bridge.sandbox.ping.sign_ins().granted, 2, "{operation}");
    }
}

#[tokio::test]
async fn while_primero_is_down_nothing_is_lost_and_the_next_run_delivers() {
    let bridge = TestBridge::start().await;
    let referrals = bridge.refer_many(5);
    let down = Rule::always(Target::Everything, status(503, None));
    bridge.sandbox.faults(System::Primero).add(down);
    let finished = bridge.run().await;
    assert_eq!(
        finished.stop,
        Some(Stop::Unavailable(bridge_system::System::Primero))
    );
    assert_eq!(finished.report.counts.deferred, 5);
    bridge.sandbox.faults(System::Primero).clear();
    bridge.clock.advance(Duration::from_mins(15));
    bridge.complete().await;
    for referral in &referrals {
        bridge.assert_delivered_once(referral);
    }
}

#[tokio::test]
async fn while_ping_is_down_the_run_stops_and_the_next_one_delivers() {
    let bridge = TestBridge::start().await;
    let referral = Referral::numbered(1);
    bridge.refer(&referral);
    let down = Rule::always(Target::Everything, Fault::DropBeforeEffect);
    bridge.sandbox.faults(System::Ping).add(down);
    let finished = bridge.run().await;
    assert_eq!(
        finished.stop,
        Some(Stop::Unavailable(bridge_system::System::Ping))
    );
    bridge.sandbox.faults(System::Ping).clear();
    bridge.complete().await;
    bridge.assert_delivered_once(&referral);
}

#[tokio::test]
async fn a_system_that_never_answers_fails_the_run_however_little_there_is_to_do() {
    for workflow in WorkflowName::ALL {
        for system in [System::Ping, System::Primero] {
            let bridge = TestBridge::start().await;
            let records = bridge.waiting(*workflow, 1);
            let down = Rule::always(Target::Everything, status(503, None));
            bridge.sandbox.faults(system).add(down);

            let finished = bridge.ask(*workflow, &Request::default()).await;

            let down = match system {
                System::Ping => bridge_system::System::Ping,
                System::Primero => bridge_system::System::Primero,
            };
            let expected = Some(Stop::Unavailable(down));
            assert_eq!(finished.stop, expected, "{workflow}");
            bridge.sandbox.faults(system).clear();
            bridge.pass(Duration::from_mins(15));
            bridge.completed(*workflow).await;
            bridge.assert_each_arrived_once(&records);
        }
    }
}

#[tokio::test]
async fn when_progres_takes_no_news_the_next_run_tells_and_writes_nothing_to_primero() {
    let bridge = TestBridge::start().await;
    let referrals = bridge.refer_many(4);
    let on = Target::Containing("SHP-2748".to_owned());
    bridge
        .sandbox
        .faults(System::Ping)
        .add(Rule::always(on, status(503, None)));
    let report = bridge.complete().await;
    assert_eq!(report.reasons[&Reason::PingUnavailable], 4);
    bridge.sandbox.faults(System::Ping).clear();
    bridge.clock.advance(Duration::from_mins(15));
    let asked = bridge.calls(System::Primero, "");
    let written = bridge.sandbox.traffic().primero.effective_writes;
    let report = bridge.complete().await;
    assert_eq!(report.counts.delivered, 4);
    assert_eq!(
        bridge.calls(System::Primero, "") - asked,
        5,
        "what is verified is looked for before it is told: the user, what it may do, the forms, a control entry, one look-up"
    );
    let written_since = bridge.sandbox.traffic().primero.effective_writes - written;
    assert_eq!(written_since, 0);
    for referral in &referrals {
        bridge.assert_delivered_once(referral);
    }
}

//! Sign-ins that end in the middle of a run, and systems that ask to be left alone for a while, in all four workflows.

use std::time::Duration;

use jiff::SignedDuration;
use referral_bridge::clock::{Clock as _, until};
use referral_bridge::domain::system::WorkflowName;
use sandbox::faults::{Fault, Rule, Target};
use sandbox::journal::System;

use crate::bridge::TestBridge;

use WorkflowName::{
    DecisionsToPrimero, DecisionsToProgres, ReferralsToPrimero, ReferralsToProgres,
};

/// Every kind of call that a workflow makes of PING.
const OF_PING: [(WorkflowName, &str); 9] = [
    (ReferralsToPrimero, "SHP-2747"),
    (ReferralsToPrimero, "SHP-2358"),
    (ReferralsToPrimero, "/data#SHP-2748"),
    (DecisionsToProgres, "/data#SHP-2748"),
    (DecisionsToProgres, "checkstatus"),
    (ReferralsToProgres, "/asyncdata#SHP-2731"),
    (DecisionsToPrimero, "SHP-2795"),
    (DecisionsToPrimero, "SHP-2796"),
    (DecisionsToPrimero, "/data#SHP-2284"),
];

/// Every kind of call that a workflow makes of Primero.
const OF_PRIMERO: [(WorkflowName, &str); 9] = [
    (ReferralsToPrimero, "GET /api/v2/cases"),
    (ReferralsToPrimero, "GET /api/v2/forms"),
    (ReferralsToPrimero, "POST /api/v2/cases"),
    (DecisionsToProgres, "GET /api/v2/cases"),
    (ReferralsToProgres, "GET /api/v2/cases"),
    (ReferralsToProgres, "GET /api/v2/cases/:id/referrals"),
    (ReferralsToProgres, "GET /api/v2/users"),
    (DecisionsToPrimero, "GET /api/v2/cases/:id/referrals"),
    (DecisionsToPrimero, "PATCH /api/v2/cases/:id/referrals/:id"),
];

fn target(system: System, route: &str) -> Target {
    match system {
        System::Ping => Target::Containing(route.to_owned()),
        System::Primero => Target::Exactly(route.to_owned()),
    }
}

async fn with_session() -> TestBridge {
    let beginning = TestBridge::beginning().primero_secret("auth", "session");
    beginning.start().await
}

#[tokio::test]
async fn a_token_of_ping_that_expires_at_any_call_is_renewed_once_and_nothing_is_doubled() {
    for (workflow, route) in OF_PING {
        let bridge = TestBridge::start().await;
        let records = bridge.waiting(workflow, 4);
        let rule = Rule::once(target(System::Ping, route), Fault::ExpiredToken);
        bridge.sandbox.faults(System::Ping).add(rule);

        let report = bridge.completed(workflow).await;

        assert_eq!(report.counts.delivered, 4, "{workflow} {route}: {report:?}");
        assert_eq!(
            bridge.sandbox.faults(System::Ping).hits(),
            1,
            "{workflow} {route}"
        );
        assert_eq!(
            bridge.sandbox.ping.sign_ins().granted,
            2,
            "{workflow} {route}"
        );
        bridge.assert_each_arrived_once(&records);
    }
}

#[tokio::test]
async fn a_session_of_primero_that_expires_at_any_call_is_renewed_and_nothing_is_doubled() {
    for (workflow, route) in OF_PRIMERO {
        let bridge = with_session().await;
        let records = bridge.waiting(workflow, 4);
        let rule = Rule::once(target(System::Primero, route), Fault::ExpiredToken);
        bridge.sandbox.faults(System::Primero).add(rule);

        let report = bridge.completed(workflow).await;

        assert_eq!(report.counts.delivered, 4, "{workflow} {route}: {report:?}");
        assert_eq!(
            bridge.sandbox.faults(System::Primero).hits(),
            1,
            "{workflow} {route}"
        );
        let sign_ins = bridge.calls(System::Primero, "POST /api/v2/tokens");
        assert_eq!(sign_ins, 2, "{workflow} {route}");
        bridge.assert_each_arrived_once(&records);
    }
}

#[tokio::test]
async fn a_session_whose_hour_is_over_in_the_middle_of_a_run_is_renewed() {
    for workflow in WorkflowName::ALL {
        let bridge = with_session().await;
        let records = bridge.waiting(*workflow, 4);
        let over = bridge.clock.now() + SignedDuration::from_mins(61);
        bridge
            .sandbox
            .primero
            .after_each_listing(move |primero, listings| {
                if listings == 1 {
                    primero.stop_clock_at(over);
                }
            });

        let report = bridge.completed(*workflow).await;

        assert_eq!(report.counts.delivered, 4, "{workflow}: {report:?}");
        let sign_ins = bridge.calls(System::Primero, "POST /api/v2/tokens");
        assert_eq!(sign_ins, 2, "{workflow}");
        bridge.assert_each_arrived_once(&records);
    }
}

#[tokio::test]
async fn a_system_that_is_busy_is_left_alone_as_long_as_it_asks_and_then_gets_each_record_once() {
    let of =
        |system| move |(workflow, route): (WorkflowName, &'static str)| (system, workflow, route);
    let calls = OF_PING.into_iter().map(of(System::Ping));
    let calls = calls.chain(OF_PRIMERO.into_iter().map(of(System::Primero)));
    for (at, (system, workflow, route)) in calls.enumerate() {
        let bridge = TestBridge::start().await;
        let records = bridge.waiting(workflow, 4);
        // A 503 to a write that cannot be asked after may come after its effect.
        let is_unaskable = matches!(
            (workflow, system),
            (
                WorkflowName::DecisionsToProgres | WorkflowName::ReferralsToProgres,
                System::Ping
            )
        );
        let busy = Fault::Status {
            status: if at % 2 == 0 && !is_unaskable {
                503
            } else {
                429
            },
            retry_after: Some(30),
            after_effect: false,
        };
        bridge
            .sandbox
            .faults(system)
            .add(Rule::once(target(system, route), busy));
        let began = bridge.clock.now();

        let report = bridge.completed(workflow).await;

        assert_eq!(report.counts.delivered, 4, "{workflow} {route}: {report:?}");
        assert_eq!(
            bridge.sandbox.faults(system).hits(),
            1,
            "{workflow} {route}"
        );
        let waited = until(began, bridge.clock.now());
        assert!(
            waited >= Duration::from_secs(30),
            "{workflow} {route}: {waited:?}"
        );
        bridge.assert_each_arrived_once(&records);
    }
}

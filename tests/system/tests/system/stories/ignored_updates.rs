//! Primero says 200 to an answer that it ignores: what proGres hears is what Primero shows, not what it said (2.2 after 2.1).

use std::time::Duration;

use referral_bridge::domain::outcome::RunReport;
use referral_bridge::domain::reason::Reason;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::engine::Request;
use referral_bridge::store::RecordState;
use sandbox::journal::System;
use sandbox::ping::Decision;
use serde_json::Value;

use crate::bridge::{TestBridge, foreseen};
use crate::wish::{ACCEPTED, REJECTED, Wish};

const ANSWER: &str = "PATCH /api/v2/cases/:id/referrals/:id";
const LIST: &str = "GET /api/v2/cases/:id/referrals";

/// Services that 2.1 has submitted, so that 2.2 knows their referrals without a look-up.
async fn submitted<const N: usize>(bridge: &TestBridge) -> [Wish; N] {
    let mut number = 0;
    let wishes: [Wish; N] = std::array::from_fn(|_| {
        number += 1;
        bridge.wish(number)
    });
    bridge.pass(Duration::from_secs(6));
    let report = bridge.completed(WorkflowName::ReferralsToProgres).await;
    assert_eq!(report.counts.delivered, u64::from(number));
    wishes.map(|wish| {
        let interop = bridge
            .sandbox
            .ping
            .referral_of(&wish.case_id, &wish.service);
        Wish {
            interop: interop.expect("it was submitted"),
            ..wish
        }
    })
}

fn unhcr_decides(bridge: &TestBridge, wish: &Wish, status: u32) {
    let decision = Decision {
        status: Some(status.into()),
        review_date: Some("2026-11-23T00:00:00Z".to_owned()),
        ..Decision::default()
    };
    let decided = bridge.sandbox.ping.decide_referral(wish.interop, &decision);
    decided.expect("it was submitted");
}

fn status(bridge: &TestBridge, wish: &Wish) -> Value {
    bridge.referral(&wish.referral)["status"].clone()
}

async fn reason(bridge: &TestBridge, wish: &Wish) -> (RecordState, Option<Reason>) {
    let key = wish.interop.to_string();
    let row = bridge.row_of(WorkflowName::DecisionsToPrimero, &key).await;
    let row = row.expect("nothing is dropped without a row");
    (row.state, row.reason)
}

/// Runs twice and answers the first report: the second run must find nothing to do.
async fn brought(bridge: &TestBridge) -> RunReport {
    let report = bridge.bring_decisions().await;
    let effects = bridge.effective_writes();
    bridge.bring_decisions().await;
    assert_eq!(bridge.effective_writes(), effects, "by the second run");
    report
}

#[tokio::test]
async fn a_referral_withdrawn_meanwhile_is_left_so_and_marked_as_known() {
    let bridge = TestBridge::start().await;
    let [accepted, rejected] = submitted(&bridge).await;
    unhcr_decides(&bridge, &accepted, ACCEPTED);
    unhcr_decides(&bridge, &rejected, REJECTED);
    for wish in [&accepted, &rejected] {
        bridge
            .sandbox
            .primero
            .revoke_referral(&wish.referral)
            .unwrap();
    }

    let report = brought(&bridge).await;

    assert_eq!(report.reasons[&Reason::Withdrawn], 2, "{report:?}");
    assert_eq!(
        bridge.calls(System::Primero, ANSWER),
        2,
        "it was said 200 to"
    );
    for wish in [&accepted, &rejected] {
        assert_eq!(status(&bridge, wish), "revoked");
        assert_eq!(bridge.marks_on(wish).len(), 1);
        assert_eq!(
            reason(&bridge, wish).await,
            (RecordState::Skipped, Some(Reason::Withdrawn))
        );
    }
}

#[tokio::test]
async fn a_referral_answered_by_hand_as_unhcr_decided_is_in_place() {
    let bridge = TestBridge::start().await;
    let [accepted, finished, rejected] = submitted(&bridge).await;
    let primero = &bridge.sandbox.primero;
    primero.accept_referral(&accepted.referral).unwrap();
    primero.accept_referral(&finished.referral).unwrap();
    primero.finish_referral(&finished.referral).unwrap();
    primero
        .reject_referral(&rejected.referral, "by hand")
        .unwrap();
    unhcr_decides(&bridge, &accepted, ACCEPTED);
    unhcr_decides(&bridge, &finished, ACCEPTED);
    unhcr_decides(&bridge, &rejected, REJECTED);

    brought(&bridge).await;

    for (wish, expected) in [
        (&accepted, "accepted"),
        (&finished, "done"),
        (&rejected, "rejected"),
    ] {
        assert_eq!(status(&bridge, wish), expected);
        assert_eq!(bridge.marks_on(wish), [wish.referral.as_str()]);
        assert_eq!(reason(&bridge, wish).await, (RecordState::Done, None));
    }
    assert_eq!(
        bridge.referral(&rejected.referral)["rejected_reason"],
        "by hand"
    );
}

#[tokio::test]
async fn a_referral_answered_by_hand_otherwise_is_held_and_progres_is_not_told() {
    let bridge = TestBridge::start().await;
    let [accepted, finished, rejected] = submitted(&bridge).await;
    let primero = &bridge.sandbox.primero;
    primero.accept_referral(&accepted.referral).unwrap();
    primero.accept_referral(&finished.referral).unwrap();
    primero.finish_referral(&finished.referral).unwrap();
    primero
        .reject_referral(&rejected.referral, "by hand")
        .unwrap();
    unhcr_decides(&bridge, &accepted, REJECTED);
    unhcr_decides(&bridge, &finished, REJECTED);
    unhcr_decides(&bridge, &rejected, ACCEPTED);

    let report = brought(&bridge).await;

    assert_eq!(report.reasons[&Reason::ReferralNotPending], 3, "{report:?}");
    for (wish, expected) in [
        (&accepted, "accepted"),
        (&finished, "done"),
        (&rejected, "rejected"),
    ] {
        assert_eq!(status(&bridge, wish), expected);
        assert!(bridge.marks_on(wish).is_empty());
        let held = (RecordState::Held, Some(Reason::ReferralNotPending));
        assert_eq!(reason(&bridge, wish).await, held);
    }
}

#[tokio::test]
async fn what_changes_between_looking_and_answering_is_seen_in_the_answer() {
    for (expected, marks) in [(Reason::Withdrawn, 1), (Reason::ReferralNotPending, 0)] {
        let bridge = TestBridge::start().await;
        let wish = bridge.wish(1);
        bridge.decide(wish.decision(ACCEPTED));
        let worker = async {
            // Ours has seen it pending and is about to answer it.
            while bridge.calls(System::Primero, LIST) == 0 {
                tokio::task::yield_now().await;
            }
            let primero = &bridge.sandbox.primero;
            match expected {
                Reason::Withdrawn => primero.revoke_referral(&wish.referral),
                _ => primero.reject_referral(&wish.referral, "by hand"),
            }
            .unwrap();
        };

        let (report, ()) = tokio::join!(bridge.bring_decisions(), worker);

        assert_eq!(
            bridge.calls(System::Primero, ANSWER),
            1,
            "the story is the one meant"
        );
        assert_eq!(report.reasons[&expected], 1, "{report:?}");
        assert_eq!(bridge.marks_on(&wish).len(), marks);
    }
}

#[tokio::test]
async fn a_dry_run_foresees_what_primero_will_ignore() {
    let bridge = TestBridge::start().await;
    let [pending, accepted, withdrawn, rejected] = submitted(&bridge).await;
    let primero = &bridge.sandbox.primero;
    primero.accept_referral(&accepted.referral).unwrap();
    primero.revoke_referral(&withdrawn.referral).unwrap();
    primero
        .reject_referral(&rejected.referral, "by hand")
        .unwrap();
    for wish in [&pending, &accepted, &withdrawn, &rejected] {
        unhcr_decides(&bridge, wish, ACCEPTED);
    }
    let dry = Request {
        dry_run: true,
        ..Request::default()
    };
    let effects = bridge.effective_writes();

    let looked = bridge.ask(WorkflowName::DecisionsToPrimero, &dry).await;

    assert_eq!(bridge.effective_writes(), effects);
    let real = bridge.bring_decisions().await;
    assert_eq!(foreseen(&looked.report.counts), real.counts);
    assert_eq!(looked.report.reasons, real.reasons);
}

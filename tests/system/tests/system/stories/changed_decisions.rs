//! Case workers change their minds: proGres hears of it once, and in order (1.2).

use std::time::Duration;

use referral_bridge::domain::system::WorkflowName;
use referral_bridge::store::RecordState;
use sandbox::primero::ServiceDecision;
use serde_json::json;

use crate::asked::{ACKNOWLEDGED, Asked, COMMENT, REFUSED, rejected};
use crate::bridge::TestBridge;

const REFUSAL: &str = "Referral rejected by PRIMERO: Moved away";

async fn state(bridge: &TestBridge, asked: &Asked) -> RecordState {
    let workflow = WorkflowName::DecisionsToProgres;
    let row = bridge.row_of(workflow, &asked.intervention).await;
    row.expect("it was seen").state
}

#[tokio::test]
async fn a_decision_changed_from_accepted_to_rejected_is_sent_again() {
    let bridge = TestBridge::start().await;
    let asked = bridge.accepted(1);
    bridge.report_decisions().await;

    bridge.answer(&asked, &rejected("Moved away"));
    let report = bridge.report_decisions().await;

    assert_eq!(report.counts.delivered, 1, "{report:?}");
    assert_eq!(bridge.codes_told(&asked), [ACKNOWLEDGED, REFUSED]);
    assert_eq!(bridge.comments(&asked), [COMMENT, REFUSAL]);
}

#[tokio::test]
async fn a_decision_that_is_made_undone_and_made_the_same_again_is_sent_once() {
    let bridge = TestBridge::start().await;
    let asked = bridge.accepted(1);
    bridge.report_decisions().await;

    bridge.answer(&asked, &ServiceDecision::Pending);
    bridge.report_decisions().await;
    bridge.answer(&asked, &ServiceDecision::Accepted);
    bridge.report_decisions().await;

    assert_eq!(bridge.codes_told(&asked), [ACKNOWLEDGED]);
}

#[tokio::test]
async fn another_reason_makes_another_decision() {
    let bridge = TestBridge::start().await;
    let asked = bridge.asked(1);
    bridge.answer(&asked, &rejected("An adult"));
    bridge.report_decisions().await;

    bridge.answer(&asked, &rejected("Moved away"));
    bridge.report_decisions().await;

    assert_eq!(bridge.codes_told(&asked), [REFUSED; 2]);
    let first = "Referral rejected by PRIMERO: An adult";
    assert_eq!(bridge.comments(&asked), [first, REFUSAL]);
}

#[tokio::test]
async fn an_unchanged_decision_is_never_sent_again_however_much_its_case_changes() {
    let bridge = TestBridge::start().await;
    let asked = bridge.accepted(1);
    bridge.report_decisions().await;
    let writes = bridge.effective_writes();

    for turn in 0..5 {
        let primero = &bridge.sandbox.primero;
        let name = json!({ "name_first": format!("Nyabol {turn}") });
        let edited = primero.worker_updates_case(&asked.case, name);
        edited.expect("there is such a case");
        bridge.answer(&asked, &ServiceDecision::Accepted);
        bridge.report_decisions().await;
        bridge.pass(Duration::from_hours(7));
    }

    assert_eq!(bridge.effective_writes(), writes);
    assert_eq!(bridge.codes_told(&asked), [ACKNOWLEDGED]);
}

#[tokio::test]
async fn a_newer_decision_waits_until_the_first_is_confirmed() {
    let bridge = TestBridge::start().await;
    let asked = bridge.accepted(1);
    bridge.sandbox.ping.set_checks_before_result(8);
    let first = bridge.report_decisions().await;
    assert_eq!(first.counts.awaiting_confirmation, 1, "{first:?}");

    bridge.answer(&asked, &rejected("Moved away"));
    let second = bridge.report_decisions().await;
    assert_eq!(second.counts.awaiting_confirmation, 1, "{second:?}");
    assert_eq!(bridge.codes_told(&asked), [ACKNOWLEDGED]);

    bridge.sandbox.ping.set_checks_before_result(0);
    for _ in 0..6 {
        bridge.pass(Duration::from_hours(12));
        bridge.report_decisions().await;
    }

    assert_eq!(bridge.codes_told(&asked), [ACKNOWLEDGED, REFUSED]);
    assert_eq!(bridge.comments(&asked), [COMMENT, REFUSAL]);
    assert_eq!(state(&bridge, &asked).await, RecordState::Done);
}

#[tokio::test]
async fn a_decision_that_changes_twice_while_the_first_is_awaited_ends_as_the_last() {
    let bridge = TestBridge::start().await;
    let (turned, back) = (bridge.accepted(1), bridge.accepted(2));
    bridge.sandbox.ping.set_checks_before_result(8);
    bridge.report_decisions().await;

    for asked in [&turned, &back] {
        bridge.answer(asked, &rejected("Moved away"));
    }
    bridge.report_decisions().await;
    bridge.answer(&turned, &rejected("An adult"));
    bridge.answer(&back, &ServiceDecision::Accepted);
    bridge.report_decisions().await;
    bridge.sandbox.ping.set_checks_before_result(0);
    for _ in 0..6 {
        bridge.pass(Duration::from_hours(12));
        bridge.report_decisions().await;
    }

    let adult = "Referral rejected by PRIMERO: An adult";
    assert_eq!(bridge.codes_told(&turned), [ACKNOWLEDGED, REFUSED]);
    assert_eq!(bridge.comments(&turned), [COMMENT, adult]);
    assert_eq!(
        bridge.codes_told(&back).last().map(String::as_str),
        Some(ACKNOWLEDGED)
    );
    assert_eq!(bridge.comments(&back), [COMMENT]);
    for asked in [&turned, &back] {
        assert_eq!(state(&bridge, asked).await, RecordState::Done);
    }
}

#[tokio::test]
async fn decisions_of_different_children_do_not_wait_for_each_other() {
    let bridge = TestBridge::start().await;
    let slow = bridge.accepted(1);
    bridge.sandbox.ping.set_checks_before_result(100);
    bridge.report_decisions().await;
    bridge.sandbox.ping.set_checks_before_result(0);

    let quick = bridge.accepted(2);
    let report = bridge.report_decisions().await;

    assert_eq!(report.counts.delivered, 1, "{report:?}");
    assert_eq!(state(&bridge, &quick).await, RecordState::Done);
    let awaited = RecordState::AwaitingConfirmation;
    assert_eq!(state(&bridge, &slow).await, awaited);
    for asked in [&slow, &quick] {
        assert_eq!(bridge.codes_told(asked), [ACKNOWLEDGED]);
    }
}

//! PING accepts decisions at once and says later, or never, what became of each (1.2).

use std::time::Duration;

use referral_bridge::domain::outcome::Outcome;
use referral_bridge::domain::reason::Reason;
use referral_bridge::domain::system::WorkflowName;
use sandbox::faults::{Fault, Rule, Target};
use sandbox::journal::System;

use crate::asked::{ACKNOWLEDGED, Asked, COMMENT, REFUSED, rejected};
use crate::bridge::TestBridge;
use crate::child::{assert_only, release};

const WORKFLOW: WorkflowName = WorkflowName::DecisionsToProgres;

/// PING says of nothing what became of it, until its faults are cleared.
fn fall_silent(bridge: &TestBridge) {
    let on = Target::Containing("checkstatus".to_owned());
    let silent = Rule::always(on, Fault::NotYet);
    bridge.sandbox.faults(System::Ping).add(silent);
}

fn speak(bridge: &TestBridge) {
    bridge.sandbox.faults(System::Ping).clear();
}

/// The receipt of the first of a decision's submissions.
fn receipt(bridge: &TestBridge, asked: &Asked) -> String {
    let sent = bridge
        .sandbox
        .ping
        .transfer_statuses_of(&asked.intervention);
    sent[0].transaction.to_string()
}

#[tokio::test]
async fn a_decision_rejected_after_the_run_is_held_with_its_receipt_and_those_beside_it_are_done() {
    let bridge = TestBridge::start().await;
    let all: Vec<_> = (1..=5).map(|number| bridge.accepted(number)).collect();
    let refused = &all[3];
    let ping = &bridge.sandbox.ping;
    ping.reject_record_later(&refused.intervention, "closed");
    fall_silent(&bridge);
    let report = bridge.report_decisions().await;
    assert_eq!(report.counts.awaiting_confirmation, 5, "{report:?}");

    speak(&bridge);
    bridge.pass(Duration::from_hours(1));
    let report = bridge.report_decisions().await;

    let counts = &report.counts;
    assert_eq!(
        (counts.discovered, counts.delivered, counts.held),
        (5, 4, 1),
        "{report:?}"
    );
    assert_only(&report, Reason::RejectedByProgres);
    let line = &report.records[0];
    assert_eq!(line.outcome, Outcome::Held);
    assert_eq!(line.key.as_str(), refused.intervention);
    assert_eq!(line.transaction_id, Some(receipt(&bridge, refused)));
}

#[tokio::test]
async fn a_decision_that_changes_before_the_first_is_rejected_goes_in_its_place() {
    let bridge = TestBridge::start().await;
    let asked = bridge.accepted(1);
    let ping = &bridge.sandbox.ping;
    ping.reject_record_later(&asked.intervention, "not now");
    fall_silent(&bridge);
    bridge.report_decisions().await;
    bridge.answer(&asked, &rejected("Moved away"));
    bridge.report_decisions().await;
    assert_eq!(bridge.codes_told(&asked), [ACKNOWLEDGED]);

    speak(&bridge);
    bridge.pass(Duration::from_hours(1));
    let report = bridge.report_decisions().await;

    assert_eq!(report.counts.held, 0, "{report:?}");
    assert_eq!(bridge.codes_told(&asked), [ACKNOWLEDGED, REFUSED]);
    let kept = bridge.comments(&asked);
    assert_eq!(kept, ["Referral rejected by PRIMERO: Moved away"]);
}

#[tokio::test]
async fn a_decision_that_changes_to_and_fro_while_the_first_is_awaited_has_one_comment() {
    let bridge = TestBridge::start().await;
    let asked = bridge.accepted(1);
    fall_silent(&bridge);
    bridge.report_decisions().await;
    for decision in [
        rejected("A slip"),
        sandbox::primero::ServiceDecision::Accepted,
    ] {
        bridge.answer(&asked, &decision);
        bridge.pass(Duration::from_hours(1));
        bridge.report_decisions().await;
    }

    speak(&bridge);
    bridge.pass(Duration::from_hours(3));
    bridge.report_decisions().await;

    let told = bridge.codes_told(&asked);
    assert!(told.iter().all(|code| code == ACKNOWLEDGED), "{told:?}");
    assert_eq!(bridge.comments(&asked), [COMMENT]);
}

#[tokio::test]
async fn a_decision_that_ping_never_speaks_of_is_held_after_a_week_and_has_one_comment_even_if_released()
 {
    let bridge = TestBridge::start().await;
    let asked = bridge.accepted(1);
    fall_silent(&bridge);
    for _ in 0..7 {
        let report = bridge.report_decisions().await;
        assert_eq!(report.counts.awaiting_confirmation, 1, "{report:?}");
        bridge.pass(Duration::from_hours(24));
    }
    bridge.pass(Duration::from_hours(24));
    let report = bridge.report_decisions().await;
    assert_only(&report, Reason::ConfirmationOverdue);
    let line = &report.records[0];
    assert_eq!(line.transaction_id, Some(receipt(&bridge, &asked)));
    bridge.pass(Duration::from_hours(48));
    bridge.report_decisions().await;
    assert_eq!(bridge.codes_told(&asked), [ACKNOWLEDGED]);

    speak(&bridge);
    let finished = bridge.ask(WORKFLOW, &release(&asked.intervention)).await;

    assert_eq!(finished.report.counts.delivered, 1, "{finished:?}");
    assert_eq!(bridge.codes_told(&asked), [ACKNOWLEDGED, ACKNOWLEDGED]);
    assert_eq!(bridge.comments(&asked), [COMMENT]);
}

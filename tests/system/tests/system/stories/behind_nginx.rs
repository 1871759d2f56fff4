//! Primero behind the nginx that it ships with: it takes short requests, few at once, and few a second.

use referral_bridge::domain::system::WorkflowName;

use crate::bridge::TestBridge;
use crate::referral::Referral;
use crate::wish::ACCEPTED;

#[tokio::test]
async fn referrals_of_many_children_get_through_in_one_run() {
    let bridge = TestBridge::beginning().whole_front().start().await;
    let referrals: Vec<Referral> = (1..=60).map(Referral::numbered).collect();
    for referral in &referrals[..30] {
        bridge.insert_case(&referral.individual_no);
    }
    bridge.refer_many(60);

    let report = bridge.complete().await;

    assert_eq!(report.counts.delivered, 60, "{report:?}");
    // No request was refused and sent again: 60 writes, 15 look-ups, some readings back, and the proofs of
    // user, forms and control entry.
    let calls = report.calls.primero;
    assert!(calls <= 60 + 16 + 8 + 4, "{calls} calls");
}

#[tokio::test]
async fn decisions_on_many_cases_get_through_in_one_run() {
    let bridge = TestBridge::beginning().whole_front().start().await;
    for number in 1..=30 {
        let wish = bridge.wish(number);
        bridge.decide(wish.decision(ACCEPTED));
    }

    let report = bridge.completed(WorkflowName::DecisionsToPrimero).await;

    assert_eq!(report.counts.delivered, 30, "{report:?}");
    let calls = report.calls.primero;
    assert!(calls <= 30 + 30 + 8 + 2, "{calls} calls");
}

//! The demo's data, judged by the independent checker.

use referral_bridge::clock::Clock as _;
use referral_bridge::store::RecordState;
use sandbox::Workflow;
use sandbox::demo::{self, Claims, HeldClaim, Ledger};

use crate::bridge::TestBridge;

/// The ledger's word on what is still pending in proGres.
async fn held(bridge: &TestBridge) -> Claims {
    let mut claims = Claims::new();
    for intervention in bridge.sandbox.ping.pending() {
        let row = bridge
            .row(&intervention)
            .await
            .expect("nothing is without a row");
        assert_eq!(row.state, RecordState::Held, "{intervention}");
        let claim = HeldClaim {
            reason: row.reason.expect("held for a reason").code().to_owned(),
            fields: row.fields,
        };
        claims.insert(intervention, claim);
    }
    claims
}

#[tokio::test]
async fn the_demo_data_arrives_exactly_as_expected_and_a_second_run_changes_nothing() {
    let bridge = TestBridge::beginning().empty_primero().start().await;
    demo::load(&bridge.sandbox).expect("it takes the data");
    bridge.complete().await;
    let effects = bridge.effective_writes();
    bridge.complete().await;
    assert_eq!(
        bridge.effective_writes() - effects,
        0,
        "effective writes of the second run"
    );

    let ledger = Ledger::from([(Workflow::ReferralsToPrimero, held(&bridge).await)]);
    let verdict = demo::check(&bridge.sandbox, &ledger, bridge.clock.now());
    for record in verdict
        .records
        .iter()
        .filter(|record| !record.problems.is_empty())
    {
        println!("{}: {:?}", record.key, record.problems);
    }
    assert!(verdict.is_clean());
}

#[tokio::test]
async fn generated_referrals_arrive_exactly_once() {
    let bridge = TestBridge::start().await;
    let referrals = bridge.refer_many(60);
    for referral in referrals.iter().step_by(3) {
        bridge.insert_case(&referral.individual_no);
    }
    let report = bridge.complete().await;
    assert_eq!(report.counts.delivered, 60);
    for referral in &referrals {
        bridge.assert_delivered_once(referral);
        assert_eq!(bridge.cases_of(&referral.individual_no).len(), 1);
    }
    assert!(bridge.sandbox.ping.pending().is_empty());
}

//! Answers of Primero that are not what they seem: filters that it ignored in silence, and errors that look like "nothing found".

use referral_bridge::domain::reason::Stop;
use referral_bridge::domain::system::WorkflowName;
use sandbox::faults::{Fault, Rule, Target};
use sandbox::journal::System;
use serde_json::json;

use crate::bridge::{CONTROL, TestBridge, services};
use crate::referral::Referral;
use crate::waiting::Waiting;

const CASES: &str = "GET /api/v2/cases";

fn on_listings(bridge: &TestBridge, rule: fn(Target, Fault) -> Rule, fault: Fault, after: u32) {
    let rule = rule(Target::Exactly(CASES.to_owned()), fault);
    bridge
        .sandbox
        .faults(System::Primero)
        .add(rule.after(after));
}

/// A case that nobody has touched since long before the exchange began, and that no window has.
fn insert_old_case(bridge: &TestBridge) {
    let old = json!({
        "status": "open", "module_id": "primeromodule-cp", "unhcr_individual_no": "606-900000001",
        "created_at": "2021-01-01T00:00:00.000Z", "services_section": [],
    });
    bridge.sandbox.primero.insert_case(old).expect("it is new");
}

#[tokio::test]
async fn a_filter_that_primero_ignores_stops_the_run_before_any_write() {
    let filters = [
        (WorkflowName::ReferralsToPrimero, "unhcr_individual_no"),
        (WorkflowName::DecisionsToProgres, "last_updated_at"),
        (WorkflowName::ReferralsToProgres, "last_updated_at"),
        (WorkflowName::DecisionsToPrimero, "case_id"),
    ];
    for (workflow, field) in filters {
        let bridge = TestBridge::start().await;
        insert_old_case(&bridge);
        let records = bridge.waiting(workflow, 3);
        on_listings(&bridge, Rule::always, Fault::FiltersIgnored, 0);

        let finished = bridge.ask(workflow, &<_>::default()).await;

        let expected = Stop::FilterNotApplied { field };
        assert_eq!(finished.stop, Some(expected), "{workflow}");
        assert_eq!(bridge.effective_writes(), 0, "{workflow}");
        assert_eq!(finished.report.cursor.after, None, "{workflow}");
        bridge.sandbox.faults(System::Primero).clear();
        bridge.completed(workflow).await;
        bridge.assert_each_arrived_once(&records);
    }
}

#[tokio::test]
async fn whichever_listing_says_falsely_that_it_found_nothing_no_second_case_is_made_and_nothing_lost()
 {
    for workflow in WorkflowName::ALL {
        for listing in 0..6 {
            let bridge = TestBridge::start().await;
            let mut records = bridge.waiting(*workflow, 3);
            if *workflow == WorkflowName::ReferralsToPrimero {
                let known = Referral::numbered(99).of(CONTROL);
                bridge.refer(&known);
                records.push(Waiting::Referral(known));
            }
            on_listings(&bridge, Rule::once, Fault::FoundNothing, listing);
            bridge.ask(*workflow, &<_>::default()).await;

            bridge.sandbox.faults(System::Primero).clear();
            bridge.pass(std::time::Duration::from_hours(1));
            bridge.completed(*workflow).await;

            bridge.assert_each_arrived_once(&records);
            assert_eq!(bridge.cases_of(CONTROL).len(), 1, "{workflow} {listing}");
            for record in &records {
                if let Waiting::Referral(referral) = record {
                    let cases = bridge.cases_of(&referral.individual_no);
                    assert_eq!(cases.len(), 1, "{listing}: {referral:?}");
                    assert_eq!(services(&cases[0]).len(), 1, "{listing}: {referral:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn while_every_look_up_says_falsely_that_it_found_nothing_nothing_is_written() {
    for workflow in [
        WorkflowName::ReferralsToPrimero,
        WorkflowName::DecisionsToPrimero,
    ] {
        let bridge = TestBridge::start().await;
        let records = bridge.waiting(workflow, 3);
        // The choice of the control entry is the last thing that Primero answers truly.
        on_listings(&bridge, Rule::always, Fault::FoundNothing, 1);

        let finished = bridge.ask(workflow, &<_>::default()).await;

        let untrue = matches!(
            finished.stop,
            Some(Stop::ControlMissing | Stop::NoControlCase { .. })
        );
        assert!(untrue, "{workflow}: {:?}", finished.stop);
        assert_eq!(bridge.effective_writes(), 0, "{workflow}");
        bridge.sandbox.faults(System::Primero).clear();
        bridge.completed(workflow).await;
        bridge.assert_each_arrived_once(&records);
    }
}

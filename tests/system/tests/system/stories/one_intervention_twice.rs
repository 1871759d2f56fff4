//! One intervention stands on two cases in Primero, say after a merge gone wrong: proGres must not hear two voices (1.2).

use std::time::Duration;

use referral_bridge::domain::reason::Reason;
use referral_bridge::domain::system::WorkflowName;
use sandbox::faults::{Fault, Rule, Target};
use sandbox::journal::System;
use sandbox::primero::ServiceDecision;
use serde_json::{Value, json};

use crate::asked::{ACKNOWLEDGED, Asked, REFUSED, rejected};
use crate::bridge::TestBridge;
use crate::child::{assert_only, release};

/// The same service on another case.
fn copied(bridge: &TestBridge, asked: &Asked) -> Asked {
    let primero = &bridge.sandbox.primero;
    let mut case = primero.case(&asked.case).expect("it is there");
    let fields = case.as_object_mut().expect("an object");
    fields.retain(|field, _| !field.contains("id") || field == "services_section");
    let case: Value = json!(fields);
    Asked {
        case: primero.insert_case(case).expect("it is new"),
        ..asked.clone()
    }
}

#[tokio::test]
async fn two_cases_that_decide_the_same_are_one_decision() {
    let bridge = TestBridge::start().await;
    let asked = bridge.asked(1);
    let copy = copied(&bridge, &asked);
    for one in [&asked, &copy] {
        bridge.answer(one, &ServiceDecision::Accepted);
    }

    for _ in 0..3 {
        let report = bridge.report_decisions().await;
        assert_eq!(report.counts.discovered, 1, "{report:?}");
        assert_eq!(report.counts.held, 0, "{report:?}");
        bridge.answer(&copy, &ServiceDecision::Accepted);
    }

    assert_eq!(bridge.codes_told(&asked), [ACKNOWLEDGED]);
}

#[tokio::test]
async fn a_second_case_that_decides_otherwise_is_held_until_a_person_chooses() {
    let bridge = TestBridge::start().await;
    let asked = bridge.accepted(1);
    let copy = copied(&bridge, &asked);
    bridge.report_decisions().await;
    bridge.answer(&copy, &rejected("Moved away"));

    let report = bridge.report_decisions().await;

    assert_only(&report, Reason::AmbiguousCase);
    assert_eq!(bridge.codes_told(&asked), [ACKNOWLEDGED]);
    for one in [&asked, &copy] {
        let fields = json!({ "address_current": "Zone 4" });
        let primero = &bridge.sandbox.primero;
        primero.worker_updates_case(&one.case, fields).unwrap();
        bridge.report_decisions().await;
    }
    assert_eq!(bridge.codes_told(&asked), [ACKNOWLEDGED], "no turns");

    let workflow = WorkflowName::DecisionsToProgres;
    let finished = bridge.ask(workflow, &release(&asked.intervention)).await;

    assert_eq!(finished.report.counts.delivered, 1, "{finished:?}");
    assert_eq!(bridge.codes_told(&asked), [ACKNOWLEDGED, REFUSED]);
}

#[tokio::test]
async fn a_second_case_that_decides_while_the_first_is_awaited_is_held_once_that_is_confirmed() {
    let bridge = TestBridge::start().await;
    let asked = bridge.accepted(1);
    let copy = copied(&bridge, &asked);
    let on = Target::Containing("checkstatus".to_owned());
    let ping = bridge.sandbox.faults(System::Ping);
    ping.add(Rule::always(on, Fault::NotYet));
    bridge.report_decisions().await;
    bridge.answer(&copy, &rejected("Moved away"));
    bridge.report_decisions().await;
    bridge.answer(&asked, &ServiceDecision::Accepted);
    let report = bridge.report_decisions().await;
    assert_eq!(report.counts.awaiting_confirmation, 1, "{report:?}");

    ping.clear();
    bridge.pass(Duration::from_hours(1));
    let report = bridge.report_decisions().await;

    assert_only(&report, Reason::AmbiguousCase);
    assert_eq!(bridge.codes_told(&asked), [ACKNOWLEDGED]);
}

#[tokio::test]
async fn a_second_case_that_decides_while_the_first_waits_to_be_told_again_is_held_then() {
    let bridge = TestBridge::start().await;
    let asked = bridge.accepted(1);
    let copy = copied(&bridge, &asked);
    let on = Target::Containing("SHP-2748".to_owned());
    let ping = bridge.sandbox.faults(System::Ping);
    ping.add(Rule::always(on, Fault::DropBeforeEffect));
    for _ in 0..4 {
        bridge.pass(Duration::from_hours(24));
        bridge.report_decisions().await;
    }
    ping.clear();
    bridge.answer(&copy, &rejected("Moved away"));
    let report = bridge.report_decisions().await;
    assert_eq!(report.counts.deferred, 1, "{report:?}");
    // What another child brings moves the cursor past both cases.
    bridge.pass(Duration::from_mins(15));
    bridge.accepted(2);
    bridge.report_decisions().await;

    bridge.pass(Duration::from_hours(24));
    let report = bridge.report_decisions().await;

    assert_only(&report, Reason::AmbiguousCase);
    assert_eq!(bridge.codes_told(&asked), [""; 0]);
}

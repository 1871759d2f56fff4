//! One intervention stands on two cases in Primero, say after a merge gone wrong: proGres must not hear two voices (1.2).

use std::time::Duration;

use referral_bridge::domain::reason::Reason;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::store::{RecordRow, RecordState};
use sandbox::faults::{Fault, Rule, Target};
use sandbox::journal::System;
use sandbox::primero::ServiceDecision;
use serde_json::{Value, json};

use crate::asked::{ACKNOWLEDGED, Asked, REFUSED, rejected};
use crate::bridge::TestBridge;
use crate::child::{assert_only, release};
use crate::referral::Referral;

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

/// The row of 1.2 of an intervention.
async fn row(bridge: &TestBridge, asked: &Asked) -> RecordRow<Value> {
    let row = bridge
        .row_of(WorkflowName::DecisionsToProgres, &asked.intervention)
        .await;
    row.expect("it was seen")
}

/// What is remarked in the report, and in the row.
fn is_taken_back(row: &RecordRow<Value>) -> bool {
    row.remarks.contains_key(&Reason::DecisionTakenBack)
}

fn disable(bridge: &TestBridge, asked: &Asked) {
    let disabled = bridge.sandbox.primero.disable_case(&asked.case);
    disabled.expect("it is there");
}

#[tokio::test]
async fn opposite_decisions_on_two_cases_in_one_page_are_held_and_none_is_told() {
    for later_first in [false, true] {
        let bridge = TestBridge::start().await;
        let asked = bridge.asked(1);
        let copy = copied(&bridge, &asked);
        let neighbour = bridge.accepted(2);
        let refusal = rejected("Moved away");
        let mut answers = [(&asked, &ServiceDecision::Accepted), (&copy, &refusal)];
        if later_first {
            answers.reverse();
        }
        for (one, decision) in answers {
            bridge.answer(one, decision);
            bridge.pass(Duration::from_secs(2));
        }

        let report = bridge.report_decisions().await;

        assert_only(&report, Reason::AmbiguousCase);
        assert_eq!((report.counts.held, report.counts.delivered), (1, 1));
        assert_eq!(bridge.codes_told(&asked), [""; 0]);
        assert_eq!(bridge.codes_told(&neighbour), [ACKNOWLEDGED]);
        let place = row(&bridge, &asked).await.place.expect("a place");
        let mut cases = [place["case"].clone(), place["rival"].clone()];
        cases.sort_by_key(Value::to_string);
        let mut both = [json!(asked.case), json!(copy.case)];
        both.sort_by_key(Value::to_string);
        assert_eq!(cases, both, "the row keeps both");

        // Once only one of them decides, that one goes.
        bridge.answer(&copy, &ServiceDecision::Pending);
        let report = bridge.report_decisions().await;
        assert_eq!(report.counts.delivered, 1, "{report:?}");
        assert_eq!(bridge.codes_told(&asked), [ACKNOWLEDGED]);
    }
}

#[tokio::test]
async fn another_case_decides_once_the_first_one_does_so_no_longer() {
    for disabled in [false, true] {
        let bridge = TestBridge::start().await;
        let asked = bridge.accepted(1);
        let copy = copied(&bridge, &asked);
        bridge.report_decisions().await;
        // Long ago, so that only a look at the first case itself tells.
        if disabled {
            disable(&bridge, &asked);
        } else {
            bridge.answer(&asked, &ServiceDecision::Pending);
        }
        bridge.pass(Duration::from_mins(15));
        bridge.accepted(2);
        bridge.report_decisions().await;
        bridge.pass(Duration::from_mins(15));
        bridge.answer(&copy, &rejected("Moved away"));

        let report = bridge.report_decisions().await;

        assert_eq!(report.counts.held, 0, "{report:?}");
        assert_eq!(bridge.codes_told(&asked), [ACKNOWLEDGED, REFUSED]);
        let row = row(&bridge, &asked).await;
        assert_eq!(row.place.expect("a place")["case"], json!(copy.case));
    }
}

#[tokio::test]
async fn a_decision_that_is_taken_back_after_it_went_is_remarked_until_it_is_made_anew() {
    let bridge = TestBridge::start().await;
    let asked = bridge.accepted(1);
    bridge.report_decisions().await;
    bridge.answer(&asked, &ServiceDecision::Pending);

    let report = bridge.report_decisions().await;

    assert_only(&report, Reason::DecisionTakenBack);
    let taken_back = row(&bridge, &asked).await;
    assert!(is_taken_back(&taken_back));
    assert_eq!(taken_back.state, RecordState::Done, "proGres has it still");
    let again = bridge.report_decisions().await;
    assert!(again.remarks.is_empty(), "said once: {again:?}");
    assert!(is_taken_back(&row(&bridge, &asked).await));

    bridge.answer(&asked, &ServiceDecision::Accepted);
    bridge.report_decisions().await;
    assert!(!is_taken_back(&row(&bridge, &asked).await));
    assert_eq!(bridge.codes_told(&asked), [ACKNOWLEDGED], "not twice");

    bridge.answer(&asked, &ServiceDecision::Pending);
    bridge.report_decisions().await;
    bridge.answer(&asked, &rejected("Moved away"));
    bridge.report_decisions().await;
    assert!(!is_taken_back(&row(&bridge, &asked).await));
    assert_eq!(bridge.codes_told(&asked), [ACKNOWLEDGED, REFUSED]);
}

#[tokio::test]
async fn a_decision_that_is_taken_back_while_its_word_is_awaited_is_remarked() {
    let bridge = TestBridge::start().await;
    let asked = bridge.accepted(1);
    bridge.sandbox.ping.set_checks_before_result(8);
    bridge.report_decisions().await;
    bridge.answer(&asked, &ServiceDecision::Pending);
    let report = bridge.report_decisions().await;
    assert_eq!(report.remarks.get(&Reason::DecisionTakenBack), Some(&1));

    bridge.sandbox.ping.set_checks_before_result(0);
    for _ in 0..6 {
        bridge.pass(Duration::from_hours(12));
        bridge.report_decisions().await;
    }

    let row = row(&bridge, &asked).await;
    assert_eq!(row.state, RecordState::Done);
    assert!(is_taken_back(&row));
    assert_eq!(bridge.codes_told(&asked), [ACKNOWLEDGED]);
}

#[tokio::test]
async fn what_nobody_has_decided_leaves_no_trace() {
    let bridge = TestBridge::start().await;
    let asked = bridge.asked(1);

    let report = bridge.report_decisions().await;

    assert_eq!(report.counts.discovered, 0, "{report:?}");
    let workflow = WorkflowName::DecisionsToProgres;
    assert!(bridge.row_of(workflow, &asked.intervention).await.is_none());
}

#[tokio::test]
async fn a_decision_on_a_disabled_case_is_held_until_the_case_is_enabled() {
    let bridge = TestBridge::start().await;
    let asked = bridge.accepted(1);
    disable(&bridge, &asked);

    let report = bridge.report_decisions().await;

    assert_only(&report, Reason::CaseDisabled);
    assert_eq!(report.counts.held, 1, "{report:?}");
    assert_eq!(bridge.codes_told(&asked), [""; 0]);
    let enabled = json!({ "record_state": true });
    let primero = &bridge.sandbox.primero;
    primero.worker_updates_case(&asked.case, enabled).unwrap();
    let report = bridge.report_decisions().await;
    assert_eq!(report.counts.delivered, 1, "{report:?}");
    assert_eq!(bridge.codes_told(&asked), [ACKNOWLEDGED]);
}

#[tokio::test]
async fn a_case_that_is_disabled_after_its_decision_was_told_holds_nothing() {
    let bridge = TestBridge::start().await;
    let asked = bridge.accepted(1);
    bridge.report_decisions().await;
    disable(&bridge, &asked);

    let report = bridge.report_decisions().await;

    assert_eq!(report.counts.held, 0, "{report:?}");
    assert!(report.remarks.is_empty(), "{report:?}");
    assert_eq!(row(&bridge, &asked).await.state, RecordState::Done);
    let enabled = json!({ "record_state": true });
    let primero = &bridge.sandbox.primero;
    primero.worker_updates_case(&asked.case, enabled).unwrap();
    bridge.report_decisions().await;
    assert_eq!(bridge.codes_told(&asked), [ACKNOWLEDGED]);
}

#[tokio::test]
async fn a_decision_that_changed_on_a_case_before_it_was_disabled_is_held() {
    let bridge = TestBridge::start().await;
    let asked = bridge.accepted(1);
    bridge.report_decisions().await;
    bridge.answer(&asked, &rejected("Moved away"));
    disable(&bridge, &asked);

    let report = bridge.report_decisions().await;

    assert_only(&report, Reason::CaseDisabled);
    assert_eq!(bridge.codes_told(&asked), [ACKNOWLEDGED]);
}

#[tokio::test]
async fn a_disabled_case_holds_nothing_where_the_page_has_an_enabled_one_with_the_intervention() {
    let bridge = TestBridge::start().await;
    let asked = bridge.accepted(1);
    let copy = copied(&bridge, &asked);
    bridge.answer(&copy, &ServiceDecision::Pending);
    disable(&bridge, &asked);
    let report = bridge.report_decisions().await;
    assert_eq!(report.counts.held, 0, "{report:?}");

    bridge.answer(&copy, &ServiceDecision::Accepted);
    let report = bridge.report_decisions().await;

    assert_eq!(report.counts.delivered, 1, "{report:?}");
    assert_eq!(bridge.codes_told(&asked), [ACKNOWLEDGED]);
}

#[tokio::test]
async fn a_disabled_case_holds_nothing_where_the_receipt_names_an_enabled_one() {
    let bridge = TestBridge::start().await;
    let referral = Referral::numbered(1);
    bridge.refer(&referral);
    bridge.complete().await;
    let (case, service) = bridge.services_of(&referral).remove(0);
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let placed = Asked {
        intervention: referral.intervention.clone(),
        case: text(&case["id"]),
        service: text(&service["unique_id"]),
    };
    // The case that 1.1 made is not in the window any more.
    bridge.report_decisions().await;
    bridge.pass(Duration::from_mins(15));
    bridge.accepted(2);
    bridge.report_decisions().await;
    bridge.pass(Duration::from_mins(15));
    let copy = copied(&bridge, &placed);
    bridge.answer(&copy, &rejected("Moved away"));
    disable(&bridge, &copy);

    let report = bridge.report_decisions().await;

    assert_eq!(report.counts.held, 0, "{report:?}");
    let row = row(&bridge, &placed).await;
    assert_eq!(row.place.expect("a place")["case"], json!(placed.case));
    // Were that one disabled, too, a person would have to look.
    disable(&bridge, &placed);
    bridge.answer(&copy, &rejected("Gone"));
    let report = bridge.report_decisions().await;
    assert_only(&report, Reason::CaseDisabled);
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

//! Several services of one child: each is handled by itself, whichever agency's it is and however alike their numbers are.

use std::time::Duration;

use referral_bridge::domain::outcome::RunReport;
use referral_bridge::domain::reason::Reason;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::store::RecordState;
use sandbox::primero::ServiceDecision;
use serde_json::{Value, json};

use crate::bridge::{CONTROL, TestBridge, services};
use crate::child::{assert_only, service_of, wanted};
use crate::referral::Referral;

const ACCEPTED: &str = "125080003";
const REJECTED: &str = "125080004";
const NUMBER: &str = "progres_interventionnumber";

/// A minute later, runs 1.2 once.
async fn report_decisions(bridge: &TestBridge) -> RunReport {
    bridge.pass(Duration::from_mins(1));
    bridge.completed(WorkflowName::DecisionsToProgres).await
}

/// What proGres was told of workers' decisions on a referral.
fn decisions_on(bridge: &TestBridge, referral: &Referral) -> Vec<String> {
    let ping = &bridge.sandbox.ping;
    let statuses = ping.transfer_statuses_of(&referral.intervention);
    let codes = statuses
        .iter()
        .filter_map(|status| status.field("progres_primerotransferstatus"));
    codes
        .filter(|code| [ACCEPTED, REJECTED].contains(code))
        .map(str::to_owned)
        .collect()
}

fn decide(bridge: &TestBridge, referral: &Referral, decision: &ServiceDecision) {
    let primero = &bridge.sandbox.primero;
    let decided = primero.worker_decides_intervention(&referral.intervention, decision);
    decided.expect("the service is there");
}

/// A service that UNHCR asked for, with this decision on it.
fn decided(place: u32, number: &str, status: &str) -> Value {
    json!({
        "unique_id": service_of(place), "service_type": "alternative_care",
        "service_request_external": true, "service_request_agency": "UNHCR",
        "service_implementing_agency": "UNICEF", "service_referral": "external_referral",
        "unhcr_referral_status": status, NUMBER: number,
    })
}

/// The first part of a service's number.
fn first_part(service: &Value) -> &str {
    let number = service[NUMBER].as_str().expect("a text");
    number.split(',').next().expect("a part")
}

#[tokio::test]
async fn several_referrals_of_a_child_become_one_case_and_each_gets_its_own_decision() {
    let bridge = TestBridge::start().await;
    let referrals: Vec<Referral> = (1..=3)
        .map(|number| Referral::numbered(number).of("606-300000077"))
        .collect();
    for referral in &referrals {
        bridge.refer(referral);
    }

    let report = bridge.complete().await;

    assert_eq!(report.counts.delivered, 3, "{report:?}");
    let cases = bridge.cases_of("606-300000077");
    assert_eq!(cases.len(), 1);
    assert_eq!(services(&cases[0]).len(), 3);
    for referral in &referrals {
        bridge.assert_delivered_once(referral);
    }

    bridge.pass(Duration::from_mins(1));
    let elsewhere = ServiceDecision::Rejected(Some("Moved away".to_owned()));
    decide(&bridge, &referrals[0], &ServiceDecision::Accepted);
    decide(&bridge, &referrals[1], &elsewhere);
    let report = report_decisions(&bridge).await;

    assert_eq!(report.counts.delivered, 2, "{report:?}");
    assert_eq!(decisions_on(&bridge, &referrals[0]), [ACCEPTED]);
    assert_eq!(decisions_on(&bridge, &referrals[1]), [REJECTED]);
    assert!(decisions_on(&bridge, &referrals[2]).is_empty());
}

#[tokio::test]
async fn several_referrals_of_a_child_whose_case_is_there_are_added_to_it() {
    let bridge = TestBridge::start().await;
    let referrals = [1, 2, 3].map(|number| Referral::numbered(number).of(CONTROL));
    for referral in &referrals {
        bridge.refer(referral);
    }

    let report = bridge.complete().await;

    assert_eq!(report.counts.delivered, 3, "{report:?}");
    assert_eq!(bridge.cases_of(CONTROL).len(), 1);
    for referral in &referrals {
        bridge.assert_delivered_once(referral);
    }
}

#[tokio::test]
async fn several_services_of_a_child_are_a_submission_each() {
    let bridge = TestBridge::start().await;
    let ids = [service_of(11), service_of(12), service_of(13)];
    let services: Vec<Value> = ids.iter().map(|id| wanted(id)).collect();
    let child = bridge.child_with(1, &json!({ "services_section": services }));
    for id in &ids {
        bridge.ask_unhcr(&child, id);
    }

    let report = bridge.send_to_progres().await;

    assert_eq!(report.counts.delivered, 3, "{report:?}");
    for id in &ids {
        assert_eq!(bridge.submissions_of(&child, id).len(), 1, "{id}");
    }
}

#[tokio::test]
async fn another_agencys_service_on_the_same_case_is_not_submitted() {
    let bridge = TestBridge::start().await;
    let (ours, theirs) = (service_of(11), service_of(12));
    let mut other = wanted(&theirs);
    other["service_implementing_agency"] = json!("UNICEF");
    let mut lenient = wanted(&ours);
    lenient["service_implementing_agency"] = json!(" unhcr ");
    let child = bridge.child_with(1, &json!({ "services_section": [other, lenient] }));
    bridge.ask_unhcr(&child, &theirs);
    bridge.ask_unhcr(&child, &ours);

    let report = bridge.send_to_progres().await;

    assert_eq!(report.counts.discovered, 1, "{report:?}");
    assert_eq!(bridge.submissions_of(&child, &ours).len(), 1);
    assert_eq!(bridge.sandbox.ping.submissions().len(), 1);
}

#[tokio::test]
async fn a_decision_on_another_agencys_service_of_the_same_case_is_not_reported() {
    let bridge = TestBridge::start().await;
    let [ours, theirs, internal] = [1, 2, 3].map(Referral::numbered);
    for referral in [&ours, &theirs, &internal] {
        let known = bridge.sandbox.ping.add_delivered(referral.rows());
        known.expect("it is new");
    }
    let mut other = decided(2, &theirs.intervention_number(), "accepted");
    other["service_request_agency"] = json!("WFP");
    let mut within = decided(3, &internal.intervention_number(), "accepted");
    within["service_referral"] = json!("advice");
    let mine = decided(1, &ours.intervention_number(), "rejected");
    bridge.child_with(1, &json!({ "services_section": [other, within, mine] }));

    let report = report_decisions(&bridge).await;

    assert_eq!(report.counts.discovered, 1, "{report:?}");
    assert_eq!(decisions_on(&bridge, &ours), [REJECTED]);
    assert!(decisions_on(&bridge, &theirs).is_empty());
    assert!(decisions_on(&bridge, &internal).is_empty());
}

#[tokio::test]
async fn a_referral_is_not_taken_for_one_whose_number_begins_or_goes_on_like_its_own() {
    const PLAIN: &str = "606-26-PRTITV-0000001";
    const LONGER: &str = "606-26-PRTITV-00000012";
    for (there, referred) in [(PLAIN, LONGER), (LONGER, PLAIN)] {
        for legacy in [true, false] {
            let bridge = TestBridge::beginning().empty_primero().start().await;
            let before = Referral::numbered(8);
            let unit = "577ccdf6-86de-e811-80d8-001dd8b71fe3";
            let number = if legacy {
                there.to_owned()
            } else {
                format!("{there},{},{unit}", before.intervention)
            };
            let service = decided(1, &number, "pending");
            bridge.child_with(1, &json!({ "services_section": [service] }));
            let referral = Referral::numbered(9)
                .of("606-500000001")
                .with(NUMBER, referred);
            bridge.refer(&referral);

            let report = bridge.complete().await;

            assert_eq!(report.counts.delivered, 1, "{referred}: {report:?}");
            let cases = bridge.cases_of("606-500000001");
            let numbers: Vec<&str> = services(&cases[0]).iter().map(first_part).collect();
            assert_eq!(numbers, [there, referred], "legacy {legacy}");
        }
    }
}

#[tokio::test]
async fn decisions_on_services_whose_numbers_begin_alike_are_not_mixed_up() {
    let bridge = TestBridge::start().await;
    let (plain, longer) = (Referral::numbered(1), Referral::numbered(2));
    for referral in [&plain, &longer] {
        let known = bridge.sandbox.ping.add_delivered(referral.rows());
        known.expect("it is new");
    }
    let unit = "577ccdf6-86de-e811-80d8-001dd8b71fe3";
    let number = |number: &str, of: &Referral| format!("{number},{},{unit}", of.intervention);
    let services = json!([
        decided(1, &number("606-26-PRTITV-1.1", &plain), "accepted"),
        decided(2, &number("606-26-PRTITV-1.12", &longer), "rejected"),
    ]);
    bridge.child_with(1, &json!({ "services_section": services }));

    let report = report_decisions(&bridge).await;

    assert_eq!(report.counts.delivered, 2, "{report:?}");
    assert_eq!(decisions_on(&bridge, &plain), [ACCEPTED]);
    assert_eq!(decisions_on(&bridge, &longer), [REJECTED]);
}

#[tokio::test]
async fn a_referral_that_is_there_under_its_legacy_number_is_not_added_again() {
    let bridge = TestBridge::beginning().empty_primero().start().await;
    let referral = Referral::numbered(9).of("606-500000001");
    let full = referral.intervention_number();
    let first = full.split(',').next().expect("a part");
    let service = decided(1, first, "accepted");
    let child = bridge.child_with(1, &json!({ "services_section": [service] }));
    bridge.refer(&referral);

    let report = bridge.complete().await;

    assert_eq!(report.counts.already_in_place, 1, "{report:?}");
    let case = bridge.sandbox.primero.case(&child.case).expect("a case");
    assert_eq!(services(&case).len(), 1);
    assert_eq!(services(&case)[0]["unhcr_referral_status"], "accepted");
    let told = bridge
        .sandbox
        .ping
        .transfer_statuses_of(&referral.intervention);
    assert_eq!(told.len(), 1);
    let case_id = told[0].field("progres_primeroid");
    assert_eq!(case_id, Some(child.case_id.as_str()));
}

#[tokio::test]
async fn a_decision_under_a_legacy_number_is_held_until_the_number_is_completed() {
    let bridge = TestBridge::start().await;
    let (legacy, whole) = (Referral::numbered(1), Referral::numbered(2));
    for referral in [&legacy, &whole] {
        let known = bridge.sandbox.ping.add_delivered(referral.rows());
        known.expect("it is new");
    }
    let full = legacy.intervention_number();
    let first = full.split(',').next().expect("a part");
    let services = json!([
        decided(1, first, "accepted"),
        decided(2, &whole.intervention_number(), "accepted"),
    ]);
    let child = bridge.child_with(1, &json!({ "services_section": services }));

    let report = report_decisions(&bridge).await;

    assert_eq!((report.counts.held, report.counts.delivered), (1, 1));
    assert_only(&report, Reason::LegacyInterventionNumber);
    let key = &report.records[0].key;
    let row = bridge
        .row_of(WorkflowName::DecisionsToProgres, key.as_str())
        .await
        .expect("it is not dropped");
    assert_eq!(row.state, RecordState::Held);
    assert!(decisions_on(&bridge, &legacy).is_empty());

    let primero = &bridge.sandbox.primero;
    let completed = json!({ NUMBER: full });
    primero
        .worker_updates_service(&child.case, &child.service, completed)
        .expect("it is there");
    let report = report_decisions(&bridge).await;
    assert_eq!(report.counts.delivered, 1, "{report:?}");
    assert_eq!(decisions_on(&bridge, &legacy), [ACCEPTED]);
    assert_eq!(decisions_on(&bridge, &whole), [ACCEPTED]);
}

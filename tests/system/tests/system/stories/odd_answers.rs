//! A gateway that gives its answers another shape than agreed: what can be understood goes, what cannot holds only itself.

use referral_bridge::domain::reason::Reason;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::store::RecordState;
use sandbox::faults::{Fault, Rule, Target};
use sandbox::journal::System;
use sandbox::shape::Shape;
use serde_json::json;

use crate::bridge::TestBridge;
use crate::referral::Referral;

const GIVEN_NAME: &str = "progres_individual.individuals.progres_givenname";
const ID: &str = "progres_lpinterventionid";
const PENDING: &str = "SHP-2747";
const DETAILS: &str = "SHP-2358";
const DECISION_DETAILS: &str = "SHP-2796";

/// From now on, answers of a PING operation come in another shape.
fn shape(bridge: &TestBridge, process: &str, shape: Shape) {
    let on = Target::Containing(process.to_owned());
    let rule = Rule::always(on, Fault::OtherShape { shape });
    bridge.sandbox.faults(System::Ping).add(rule);
}

fn without(key: &str) -> Shape {
    Shape::WithoutKey {
        key: key.to_owned(),
    }
}

#[tokio::test]
async fn one_detail_row_that_cannot_be_read_is_held_and_its_neighbours_arrive() {
    let bridge = TestBridge::start().await;
    let referrals: Vec<_> = (1..=5)
        .map(|number| Referral::numbered(number).with(GIVEN_NAME, format!("Nyakong-{number}")))
        .collect();
    for referral in &referrals {
        bridge.refer(referral);
    }
    let after = "Nyakong-3".to_owned();
    shape(&bridge, DETAILS, Shape::HalfCharacter { after });

    for _ in 0..2 {
        bridge.complete().await;
    }

    for (at, referral) in referrals.iter().enumerate().filter(|(at, _)| *at != 2) {
        assert_eq!(bridge.services_of(referral).len(), 1, "{at}");
        bridge.assert_delivered_once(referral);
    }
    let row = bridge.row(&referrals[2].intervention).await;
    let row = row.expect("it has a row");
    assert_eq!(row.state, RecordState::Held);
    assert_eq!(row.reason, Some(Reason::UnreadableRecord));
    assert_eq!(row.fields, [GIVEN_NAME]);

    bridge.sandbox.faults(System::Ping).clear();
    bridge.complete().await;
    bridge.assert_delivered_once(&referrals[2]);
}

#[tokio::test]
async fn a_text_that_came_as_a_list_is_held_by_its_name_and_one_as_a_number_arrives() {
    let bridge = TestBridge::start().await;
    let listed = Referral::numbered(1).with(GIVEN_NAME, json!(["Nyakong", "Akol"]));
    let phone = "progres_individual.individuals.progres_primaryphonenumber";
    let numeric = Referral::numbered(2).with(phone, json!(251_911_000_001_i64));
    bridge.refer(&listed);
    bridge.refer(&numeric);

    bridge.complete().await;

    let row = bridge.row(&listed.intervention).await;
    let row = row.expect("it has a row");
    assert_eq!(row.reason, Some(Reason::UnreadableRecord));
    assert_eq!(row.fields, [GIVEN_NAME]);
    bridge.assert_delivered_once(&numeric);
    let case = &bridge.services_of(&numeric)[0].0;
    assert_eq!(case["telephone_current"], "251911000001");
}

#[tokio::test]
async fn details_without_an_id_go_to_the_record_that_has_their_number_in_the_list() {
    let bridge = TestBridge::start().await;
    let referrals = bridge.refer_many(5);
    shape(&bridge, DETAILS, without(ID));

    let report = bridge.complete().await;

    assert_eq!(report.counts.delivered, 5, "{report:?}");
    for referral in &referrals {
        bridge.assert_delivered_once(referral);
    }
    assert_eq!(bridge.calls(System::Ping, DETAILS), 1);
}

#[tokio::test]
async fn details_that_nothing_tells_apart_are_asked_for_one_by_one() {
    let bridge = TestBridge::start().await;
    let referrals = bridge.refer_many(5);
    shape(&bridge, PENDING, without("progres_interventionnumber"));
    shape(&bridge, DETAILS, without(ID));

    let report = bridge.complete().await;

    assert_eq!(report.counts.delivered, 5, "{report:?}");
    for referral in &referrals {
        bridge.assert_delivered_once(referral);
    }
    assert_eq!(bridge.calls(System::Ping, DETAILS), 6);
}

#[tokio::test]
async fn decisions_whose_details_have_no_id_are_asked_for_one_by_one() {
    let bridge = TestBridge::start().await;
    let records = bridge.waiting(WorkflowName::DecisionsToPrimero, 4);
    let id = "progres_interoperabilityreferralid";
    shape(&bridge, DECISION_DETAILS, without(id));

    let report = bridge.completed(WorkflowName::DecisionsToPrimero).await;

    assert_eq!(report.counts.delivered, 4, "{report:?}");
    bridge.assert_each_arrived_once(&records);
    assert_eq!(bridge.calls(System::Ping, DECISION_DETAILS), 5);
}

#[tokio::test]
async fn every_workflow_understands_other_spellings_a_mark_and_a_lone_row() {
    for spelling in [
        Shape::CamelKeys,
        Shape::ShoutedKeys,
        Shape::ByteOrderMark,
        Shape::LoneRow,
    ] {
        for workflow in WorkflowName::ALL {
            let bridge = TestBridge::start().await;
            let records = bridge.waiting(*workflow, 1);
            shape(&bridge, "/", spelling.clone());

            let report = bridge.completed(*workflow).await;

            let counts = &report.counts;
            assert_eq!(counts.delivered, 1, "{workflow} {spelling:?}: {report:?}");
            bridge.assert_each_arrived_once(&records);
        }
    }
}

#[tokio::test]
async fn a_report_that_is_answered_with_nothing_or_a_bare_text_is_taken() {
    let workflows = [
        WorkflowName::ReferralsToPrimero,
        WorkflowName::DecisionsToPrimero,
    ];
    for body in ["", "Accepted"] {
        for workflow in workflows {
            let bridge = TestBridge::start().await;
            let records = bridge.waiting(workflow, 2);
            let on = Target::Containing("/data#".to_owned());
            let body = body.to_owned();
            let rule = Rule::always(on, Fault::OtherBody { body });
            bridge.sandbox.faults(System::Ping).add(rule);

            let report = bridge.completed(workflow).await;

            assert_eq!(report.counts.delivered, 2, "{workflow}: {report:?}");
            bridge.assert_each_arrived_once(&records);
            assert_eq!(bridge.calls(System::Ping, "/data#"), 1, "{workflow}");
        }
    }
}

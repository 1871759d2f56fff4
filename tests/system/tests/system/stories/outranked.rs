//! What is said to whom, and when: a decision outranks a receipt, nothing is told that was not looked at, and what arrived after all is
//! known by the decision on it.

use std::time::Duration;

use referral_bridge::clock::Clock as _;
use referral_bridge::clock::later;
use referral_bridge::domain::outcome::Outcome;
use referral_bridge::domain::reason::Reason;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::engine::Request;
use referral_bridge::store::RecordState;
use sandbox::faults::{Fault, Rule, Target};
use sandbox::journal::System;
use sandbox::primero::ServiceDecision;
use serde_json::json;

use crate::bridge::{TestBridge, services};
use crate::referral::Referral;
use crate::wish::ACCEPTED;

const REPORT: &str = "/data#SHP-2748";
const RECEIVED: &str = "125080002";
const ACKNOWLEDGED: &str = "125080003";

/// A referral that is in Primero, and of which proGres could not be told.
async fn received() -> (TestBridge, Referral) {
    let bridge = TestBridge::start().await;
    let referral = Referral::numbered(1);
    bridge.refer(&referral);
    let ping = bridge.sandbox.faults(System::Ping);
    let report = Target::Containing(REPORT.to_owned());
    ping.add(Rule::always(report, Fault::DropBeforeEffect));
    bridge.run().await;
    ping.clear();
    let row = bridge.row(&referral.intervention).await.expect("a row");
    assert_eq!(row.state, RecordState::Verified);
    (bridge, referral)
}

fn codes(bridge: &TestBridge, referral: &Referral) -> Vec<String> {
    let told = bridge.told(referral);
    let code = |field: Option<&str>| field.unwrap_or("none").to_owned();
    told.iter()
        .map(|one| code(one.field("progres_primerotransferstatus")))
        .collect()
}

#[tokio::test]
async fn a_receipt_never_follows_the_decision_on_the_same_intervention() {
    let (bridge, referral) = received().await;
    bridge.worker_decides(&referral, &ServiceDecision::Accepted);
    bridge.pass(Duration::from_mins(1));
    let told = bridge.completed(WorkflowName::DecisionsToProgres).await;
    assert_eq!(told.counts.delivered, 1, "{told:?}");

    bridge.pass(Duration::from_hours(1));
    bridge.complete().await;

    assert_eq!(codes(&bridge, &referral), [ACKNOWLEDGED]);
    let row = bridge.row(&referral.intervention).await.expect("a row");
    assert_eq!(row.state, RecordState::Done);
}

#[tokio::test]
async fn a_decision_waits_for_the_run_that_has_its_receipt_in_hand_and_for_no_other() {
    let (bridge, referral) = received().await;
    bridge.worker_decides(&referral, &ServiceDecision::Accepted);
    bridge.pass(Duration::from_mins(1));
    let other = bridge.store_of(WorkflowName::ReferralsToPrimero);
    let now = bridge.clock.now();
    let ends = later(now, Duration::from_mins(5));
    other
        .take_lease("another run", now, ends)
        .await
        .expect("free");

    let waits = bridge.completed(WorkflowName::DecisionsToProgres).await;
    assert_eq!(waits.reasons[&Reason::ReceiptUnderWay], 1, "{waits:?}");
    assert!(codes(&bridge, &referral).is_empty());

    // That run is long dead.
    bridge.pass(Duration::from_mins(6));
    let goes = bridge.completed(WorkflowName::DecisionsToProgres).await;
    assert_eq!(goes.counts.delivered, 1, "{goes:?}");
    assert_eq!(codes(&bridge, &referral), [ACKNOWLEDGED]);
    let comments = bridge.sandbox.ping.comments_of(&referral.intervention);
    assert_eq!(comments.len(), 1);
}

#[tokio::test]
async fn a_service_never_stands_on_the_cases_of_two_children() {
    let (bridge, referral) = received().await;
    let other = "606-300000077";
    bridge.insert_case(other);
    let corrected = referral.clone().of(other);
    bridge
        .sandbox
        .ping
        .edit(corrected.rows())
        .expect("it is there");

    bridge.pass(Duration::from_hours(1));
    let report = bridge.complete().await;

    assert_eq!(
        report.reasons[&Reason::CaseIdentityChanged],
        1,
        "{report:?}"
    );
    assert_eq!(bridge.services_of(&referral).len(), 1);
    assert!(codes(&bridge, &referral).is_empty());
}

#[tokio::test]
async fn a_service_that_was_deleted_is_written_again_before_progres_is_told_again() {
    let (bridge, referral) = received().await;
    bridge.pass(Duration::from_hours(1));
    bridge.sandbox.ping.reject_later(1, "an invented reason");
    bridge.complete().await;
    let (case, service) = bridge.services_of(&referral).remove(0);
    let deleted = json!({ "unique_id": service["unique_id"], "_destroy": true });
    let emptied = json!({ "services_section": [deleted] });
    let case = case["id"].as_str().expect("a text").to_owned();
    let primero = &bridge.sandbox.primero;
    primero.worker_updates_case(&case, emptied).expect("there");
    assert!(bridge.services_of(&referral).is_empty());

    let report = bridge.complete().await;

    let line = &report.records[0];
    assert_eq!(line.outcome, Outcome::Delivered, "{report:?}");
    assert_eq!(bridge.services_of(&referral).len(), 1);
    assert_eq!(
        codes(&bridge, &referral).last().map(String::as_str),
        Some(RECEIVED)
    );
}

#[tokio::test]
async fn a_number_that_is_edited_while_its_case_is_written_makes_no_second_case() {
    let bridge = TestBridge::start().await;
    let referral = Referral::numbered(1);
    let case = bridge.insert_case(&referral.individual_no);
    bridge.refer(&referral);
    let number = referral.individual_no.clone();
    bridge
        .sandbox
        .primero
        .after_each_listing(move |primero, _| {
            // As soon as the service is there, and before it is read back for good.
            let found = primero.case(&case).expect("it is there");
            let written = !services(&found).is_empty();
            if written && found["unhcr_individual_no"] == number.as_str() {
                let edit = json!({ "unhcr_individual_no": "606-399999999" });
                primero
                    .worker_updates_case(&case, edit)
                    .expect("it is there");
            }
        });

    let first = bridge.complete().await;
    bridge.sandbox.primero.leave_listings_alone();
    bridge.pass(Duration::from_hours(1));
    let second = bridge.complete().await;

    for report in [first, second] {
        assert_eq!(
            report.reasons[&Reason::CaseIdentityChanged],
            1,
            "{report:?}"
        );
    }
    assert_eq!(bridge.sandbox.primero.cases().len(), 2);
}

#[tokio::test]
async fn a_submission_of_unknown_fate_is_done_once_unhcr_decides_on_it() {
    let bridge = TestBridge::start().await;
    let wish = bridge.wish(1);
    bridge.pass(Duration::from_secs(6));
    bridge.once(System::Ping, "/asyncdata", Fault::DropAfterEffect);
    let held = bridge.completed(WorkflowName::ReferralsToProgres).await;
    assert_eq!(held.reasons[&Reason::OutcomeUnknown], 1, "{held:?}");

    bridge.pass(Duration::from_mins(5));
    let all = Request {
        release_held: true,
        ..Request::default()
    };
    let released = bridge.ask(WorkflowName::ReferralsToProgres, &all).await;
    assert_eq!(released.report.counts.delivered, 0, "{released:?}");

    bridge.decide(wish.decision(ACCEPTED));
    bridge.bring_decisions().await;
    bridge.pass(Duration::from_mins(5));
    let done = bridge.completed(WorkflowName::ReferralsToProgres).await;

    assert_eq!(done.counts.delivered, 1, "{done:?}");
    let key = wish.key();
    let row = bridge.row_of(WorkflowName::ReferralsToProgres, &key);
    assert_eq!(row.await.expect("a row").state, RecordState::Done);
    assert_eq!(bridge.submitted(&wish).len(), 1);
}

//! Whole runs of 1.2 between the simulated systems.

use std::time::Duration;

use sandbox::faults::Fault;
use sandbox::journal::System;
use serde_json::{Value, json};

use super::testing::{BUSINESS_UNIT, CASE, INTERVENTION, SERVICE, accepted, service};
use crate::domain::outcome::{Outcome, RunReport};
use crate::domain::reason::Reason;
use crate::domain::system::WorkflowName;
use crate::workflows::testing::Bridge;

const DATA: &str = "SHP-2748";

/// A bridge over which UNHCR has referred a child, with this service in Primero.
async fn referred(service: Value) -> Bridge {
    let bridge = Bridge::start().await;
    let row = json!({ "progres_lpinterventionid": INTERVENTION });
    bridge.sandbox.ping.refer(vec![row]).expect("it is new");
    insert(&bridge, CASE, &service);
    bridge
}

fn insert(bridge: &Bridge, case: &str, service: &Value) {
    let case = json!({
        "id": case,
        "module_id": "primeromodule-cp",
        "status": "open",
        "owned_by": "worker1",
        "unhcr_individual_no": "803-1",
        "services_section": [service],
    });
    bridge.sandbox.primero.insert_case(case).expect("it is new");
}

async fn run(bridge: &Bridge) -> RunReport {
    bridge.run(WorkflowName::DecisionsToProgres).await
}

fn decide(bridge: &Bridge, case: &str, status: &str, reason: Option<&str>) {
    let fields = json!({
        "unhcr_referral_status": status,
        "unhcr_referral_rejection_reason": reason,
    });
    let primero = &bridge.sandbox.primero;
    let decided = primero.worker_updates_service(case, SERVICE, fields);
    decided.expect("there is such a service");
}

/// What proGres was told: status and comments of each message.
fn told(bridge: &Bridge) -> Vec<(String, Vec<String>)> {
    let told = bridge.sandbox.ping.transfer_statuses_of(INTERVENTION);
    told.into_iter()
        .map(|told| {
            let status = told.field("progres_primerotransferstatus");
            (status.unwrap_or_default().to_owned(), told.attachments)
        })
        .collect()
}

const ACKNOWLEDGED: &str = "Referral acknowledged by PRIMERO";

fn message(status: &str, comments: &[&str]) -> (String, Vec<String>) {
    let comments = comments.iter().map(|comment| (*comment).to_owned());
    (status.to_owned(), comments.collect())
}

#[tokio::test]
async fn a_decision_is_told_once_however_often_its_case_changes() {
    let bridge = referred(accepted()).await;

    let first = run(&bridge).await;
    let primero = &bridge.sandbox.primero;
    let edited = primero.worker_updates_case(CASE, json!({ "name_first": "Achol" }));
    edited.expect("there is such a case");
    let second = run(&bridge).await;
    let third = run(&bridge).await;

    assert_eq!(first.counts.delivered, 1, "{first:?}");
    assert_eq!(told(&bridge), [message("125080003", &[ACKNOWLEDGED])]);
    for later in [second, third] {
        assert_eq!(later.counts.delivered, 0, "{later:?}");
    }
}

#[tokio::test]
async fn a_changed_decision_is_told_with_its_own_comment() {
    let bridge = referred(accepted()).await;
    run(&bridge).await;

    decide(&bridge, CASE, "rejected", Some("Moved away"));
    let report = run(&bridge).await;

    assert_eq!(report.counts.delivered, 1, "{report:?}");
    assert_eq!(
        told(&bridge)[1],
        message("125080004", &["Referral rejected by PRIMERO: Moved away"])
    );
}

#[tokio::test]
async fn a_decision_whose_answer_is_lost_is_told_again_without_its_comment() {
    let bridge = referred(accepted()).await;
    bridge.fault(System::Ping, DATA, 0, Fault::DropAfterEffect);

    let first = run(&bridge).await;
    assert_eq!(first.counts.will_retry, 1, "{first:?}");
    bridge.pass(Duration::from_hours(1));
    let second = run(&bridge).await;

    assert_eq!(second.counts.delivered, 1, "{second:?}");
    assert_eq!(second.remarks.get(&Reason::CommentUnconfirmed), Some(&1));
    assert_eq!(
        told(&bridge),
        [
            message("125080003", &[ACKNOWLEDGED]),
            message("125080003", &[])
        ]
    );
}

#[tokio::test]
async fn a_number_that_lacks_a_part_is_held_until_it_is_whole() {
    let bridge = referred(service("progres_interventionnumber", "803-26")).await;

    let first = run(&bridge).await;
    let whole = accepted()["progres_interventionnumber"].clone();
    let fields = json!({ "progres_interventionnumber": whole });
    let primero = &bridge.sandbox.primero;
    let completed = primero.worker_updates_service(CASE, SERVICE, fields);
    completed.expect("there is such a service");
    let second = run(&bridge).await;

    assert_eq!(first.records[0].outcome, Outcome::Held);
    assert_eq!(
        first.records[0].reason,
        Some(Reason::LegacyInterventionNumber)
    );
    assert_eq!(second.counts.delivered, 1, "{second:?}");
}

#[tokio::test]
async fn two_cases_that_decide_one_intervention_do_not_take_turns() {
    let bridge = referred(accepted()).await;
    run(&bridge).await;
    let other = "506b539a-e662-425e-810b-47e4fa7da496";
    bridge.pass(Duration::from_mins(20));
    let contrary = service("unhcr_referral_status", "rejected");
    insert(&bridge, other, &contrary);

    let second = run(&bridge).await;
    let edited = bridge
        .sandbox
        .primero
        .worker_updates_case(CASE, json!({ "name_first": "Achol" }));
    edited.expect("there is such a case");
    bridge.pass(Duration::from_mins(20));
    let third = run(&bridge).await;

    assert_eq!(second.records[0].reason, Some(Reason::AmbiguousCase));
    assert_eq!(third.counts.delivered, 0, "{third:?}");
    assert_eq!(told(&bridge).len(), 1);
}

#[tokio::test]
async fn two_cases_that_decide_the_same_in_one_page_count_as_one_record() {
    let bridge = referred(accepted()).await;
    insert(&bridge, "506b539a-e662-425e-810b-47e4fa7da496", &accepted());

    let report = run(&bridge).await;

    assert_eq!(report.counts.discovered, 1, "{report:?}");
    assert_eq!(report.counts.delivered, 1);
    assert_eq!(report.records.len(), 1);
    assert_eq!(told(&bridge).len(), 1);
}

#[tokio::test]
async fn what_progres_rejects_later_is_held_with_its_receipt() {
    let bridge = referred(accepted()).await;
    bridge.sandbox.ping.reject_later(1, "the record is locked");

    let report = run(&bridge).await;

    assert_eq!(report.records[0].reason, Some(Reason::RejectedByProgres));
    assert!(report.records[0].transaction_id.is_some());
    assert_eq!(bridge.calls(System::Ping, DATA), 2);
}

#[tokio::test]
async fn many_decisions_take_few_calls() {
    let bridge = Bridge::start().await;
    for n in 0..200_u128 {
        let id = uuid::Uuid::from_u128(n + 1);
        let row = json!({ "progres_lpinterventionid": id });
        bridge.sandbox.ping.refer(vec![row]).expect("it is new");
        let number = format!("803-{n},{id},{BUSINESS_UNIT}");
        let decided = service("progres_interventionnumber", number);
        insert(
            &bridge,
            &uuid::Uuid::from_u128(n + 1_000).to_string(),
            &decided,
        );
    }

    let report = run(&bridge).await;

    assert_eq!(report.counts.delivered, 200, "{:?}", report.counts);
    let calls = report.calls.ping + report.calls.primero;
    assert!(calls <= 20, "{:?}", report.calls);
}

#[tokio::test]
async fn a_case_of_which_nobody_can_tell_what_it_decides_is_held_and_stops_nobody() {
    let bridge = referred(accepted()).await;
    let odd = json!({
        "id": "00000000-0000-4000-8000-000000000077",
        "module_id": "primeromodule-cp",
        "status": "open",
        "services_section": { "0": { "unhcr_referral_status": "accepted" } },
    });
    bridge.sandbox.primero.insert_case(odd).expect("it is new");

    let report = run(&bridge).await;
    bridge.pass(Duration::from_hours(25));
    let second = run(&bridge).await;

    assert_eq!(report.counts.delivered, 1, "{report:?}");
    assert_eq!(report.counts.held, 1, "{report:?}");
    assert_eq!(report.reasons.get(&Reason::UnreadableRecord), Some(&1));
    assert_eq!(second.counts.skipped, 0, "{second:?}");
}

//! Others save the same cases: Primero has no locking, and a concurrent save can swallow ours while both are told "saved".

use sandbox::faults::Fault;
use sandbox::journal::System;
use sandbox::primero::DEFAULT_PASSWORD;
use serde_json::json;

use crate::bridge::{CONTROL, TestBridge, services};
use crate::referral::Referral;

#[tokio::test]
async fn a_service_that_is_gone_when_read_back_is_written_again_before_progres_is_told() {
    let bridge = TestBridge::start().await;
    // The first append of a run is read back at once; the second one is the story's.
    let other = Referral::numbered(1);
    let referral = Referral::numbered(2).of(CONTROL);
    bridge.refer(&other);
    bridge.refer(&referral);
    let swallowing = async {
        let (case, service) = loop {
            if let Some(found) = bridge.services_of(&referral).pop() {
                break found;
            }
            tokio::task::yield_now().await;
        };
        let row = json!({ "unique_id": service["unique_id"], "_destroy": true });
        let id = case["id"].as_str().unwrap();
        let swallowed = json!({ "services_section": [row] });
        bridge
            .sandbox
            .primero
            .worker_updates_case(id, swallowed)
            .unwrap();
        assert!(
            bridge.services_of(&referral).is_empty(),
            "the story is the one meant"
        );
        assert!(
            bridge
                .sandbox
                .ping
                .transfer_statuses_of(&referral.intervention)
                .is_empty()
        );
    };
    let (report, ()) = tokio::join!(bridge.complete(), swallowing);
    assert_eq!(report.counts.delivered, 2);
    assert_eq!(bridge.calls(System::Primero, "PATCH "), 2, "written again");
    bridge.assert_delivered_once(&referral);
    assert_eq!(
        bridge
            .sandbox
            .ping
            .transfer_statuses_of(&referral.intervention)
            .len(),
        1
    );
}

#[tokio::test]
async fn of_two_saves_at_once_ours_is_in_place_in_the_end_whichever_was_swallowed() {
    let bridge = TestBridge::start().await;
    let referral = Referral::numbered(1).of(CONTROL);
    bridge.refer(&referral);
    let case = bridge.cases_of(CONTROL)[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    bridge.sandbox.primero.hold_saves();
    let worker = async {
        // Ours has read the case and is about to write it back.
        bridge.sandbox.primero.saves_held(1).await;
        let url = format!("{}/api/v2/cases/{case}", bridge.sandbox.primero_url());
        let request = bridge.installation.http.patch(url);
        let request = request.json(&json!({ "data": { "age": 14 } }));
        let save = async {
            let answer = request.basic_auth("worker1", Some(DEFAULT_PASSWORD)).send();
            let status = answer.await.unwrap().status();
            assert!(
                status.is_success(),
                "the worker was told that it is saved: {status}"
            );
        };
        let release = async {
            bridge.sandbox.primero.saves_held(2).await;
            bridge.sandbox.primero.release_saves();
        };
        tokio::join!(save, release);
    };
    let (report, ()) = tokio::join!(bridge.complete(), worker);
    assert_eq!(report.counts.delivered, 1);
    bridge.assert_delivered_once(&referral);
    assert_eq!(services(&bridge.cases_of(CONTROL)[0]).len(), 1);
}

#[tokio::test]
async fn a_case_closed_while_we_are_at_it_is_reported_by_its_service_all_the_same() {
    let bridge = TestBridge::start().await;
    let referral = Referral::numbered(1).of(CONTROL);
    bridge.refer(&referral);
    bridge.once(System::Ping, "SHP-2748", Fault::DropBeforeEffect);
    let case = bridge.cases_of(CONTROL)[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let closing = async {
        while bridge.services_of(&referral).is_empty() {
            tokio::task::yield_now().await;
        }
        bridge.sandbox.primero.close_case(&case).unwrap();
    };
    let (report, ()) = tokio::join!(bridge.complete(), closing);
    assert_eq!(report.counts.delivered, 1);
    bridge.assert_delivered_once(&referral);
}

//! The system did as it was asked, and the connection broke before we heard of it.

use referral_bridge::domain::reason::Stop;
use sandbox::faults::Fault;
use sandbox::journal::System;

use crate::bridge::{CONTROL, TestBridge};
use crate::referral::Referral;

#[tokio::test]
async fn a_create_whose_answer_is_lost_makes_no_second_case() {
    let bridge = TestBridge::start().await;
    let referral = Referral::numbered(1);
    bridge.refer(&referral);
    bridge.once(
        System::Primero,
        "POST /api/v2/cases",
        Fault::DropAfterEffect,
    );
    bridge.complete().await;
    assert_eq!(
        bridge.sandbox.faults(System::Primero).hits(),
        1,
        "the story is the one meant"
    );
    assert_eq!(bridge.cases_of(&referral.individual_no).len(), 1);
    bridge.assert_delivered_once(&referral);
}

#[tokio::test]
async fn an_append_whose_answer_is_lost_is_asked_after_and_not_repeated() {
    let bridge = TestBridge::start().await;
    let referral = Referral::numbered(1).of(CONTROL);
    bridge.refer(&referral);
    bridge.once(System::Primero, "PATCH ", Fault::DropAfterEffect);
    bridge.complete().await;
    assert_eq!(
        bridge.sandbox.faults(System::Primero).hits(),
        1,
        "the story is the one meant"
    );
    assert_eq!(bridge.calls(System::Primero, "PATCH "), 1);
    bridge.assert_delivered_once(&referral);
}

#[tokio::test]
async fn an_append_that_never_arrived_is_asked_after_and_repeated() {
    let bridge = TestBridge::start().await;
    let referral = Referral::numbered(1).of(CONTROL);
    bridge.refer(&referral);
    bridge.once(System::Primero, "PATCH ", Fault::DropBeforeEffect);
    bridge.complete().await;
    assert_eq!(bridge.calls(System::Primero, "PATCH "), 2);
    bridge.assert_delivered_once(&referral);
}

#[tokio::test]
async fn a_server_error_after_the_effect_of_an_append_makes_no_second_service() {
    for status in [500, 502, 504] {
        let bridge = TestBridge::start().await;
        let referral = Referral::numbered(1).of(CONTROL);
        bridge.refer(&referral);
        let fault = Fault::Status {
            status,
            retry_after: None,
            after_effect: true,
        };
        bridge.once(System::Primero, "PATCH ", fault);
        bridge.complete().await;
        assert_eq!(bridge.calls(System::Primero, "PATCH "), 1, "{status}");
        bridge.assert_delivered_once(&referral);
    }
}

#[tokio::test]
async fn an_answer_to_an_append_that_breaks_off_makes_no_second_service() {
    let bridge = TestBridge::start().await;
    let referral = Referral::numbered(1).of(CONTROL);
    bridge.refer(&referral);
    bridge.once(System::Primero, "PATCH ", Fault::TruncatedBody);
    bridge.complete().await;
    bridge.assert_delivered_once(&referral);
}

#[tokio::test]
async fn a_status_whose_answer_is_lost_is_reported_again_and_the_service_stays_one() {
    let bridge = TestBridge::start().await;
    let referral = Referral::numbered(1);
    bridge.refer(&referral);
    bridge.once(System::Ping, "SHP-2748", Fault::DropAfterEffect);
    let report = bridge.complete().await;
    assert_eq!(report.counts.delivered, 1);
    let told = bridge
        .sandbox
        .ping
        .transfer_statuses_of(&referral.intervention);
    assert_eq!(told.len(), 2, "the same again, which has no second effect");
    assert_eq!(told[0].fields, told[1].fields);
    bridge.assert_delivered_once(&referral);
}

#[tokio::test]
async fn a_status_that_progres_accepts_and_drops_is_reported_again_by_later_runs() {
    let bridge = TestBridge::start().await;
    let referral = Referral::numbered(1);
    bridge.refer(&referral);
    bridge.sandbox.ping.reject_later(1, "later");
    bridge.complete().await;
    assert_eq!(
        bridge.sandbox.ping.pending().len(),
        1,
        "the story is the one meant"
    );
    let report = bridge.complete().await;
    assert_eq!(report.counts.already_in_place, 1);
    assert!(bridge.sandbox.ping.pending().is_empty());
    bridge.assert_delivered_once(&referral);
}

#[tokio::test]
async fn a_redirect_after_the_effect_of_a_write_to_primero_stops_the_run_and_nothing_is_doubled() {
    let known = Referral::numbered(1).of(CONTROL);
    for (referral, write) in [(known, "PATCH "), (Referral::numbered(2), "POST ")] {
        let bridge = TestBridge::start().await;
        bridge.refer(&referral);
        bridge.once(System::Primero, write, Fault::Redirect);
        let finished = bridge.run().await;
        assert!(
            matches!(finished.stop, Some(Stop::UnreadableAnswer { .. })),
            "{write}: {:?}",
            finished.stop
        );
        let report = bridge.complete().await;
        assert_eq!(report.counts.already_in_place, 1, "{write}: {report:?}");
        assert_eq!(bridge.calls(System::Primero, write), 1, "{write}");
        bridge.assert_delivered_once(&referral);
    }
}

//! Children, cases and services.

use referral_bridge::domain::reason::Reason;
use sandbox::journal::System;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::bridge::{CONTROL, TestBridge, services};
use crate::referral::Referral;

const NAMESPACE: Uuid = Uuid::from_u128(0x6c1f_6f1e_5f0b_5c53_9a3e_0d6f_2a3c_7b10);
const FAMILY_NAME: &str = "progres_individual.individuals.progres_familyname";

#[tokio::test]
async fn two_referrals_of_one_child_make_one_case_with_two_services() {
    let bridge = TestBridge::start().await;
    let first = Referral::numbered(1);
    let second = Referral::numbered(2).of(&first.individual_no);
    bridge.refer(&first);
    bridge.refer(&second);
    bridge.complete().await;
    let cases = bridge.cases_of(&first.individual_no);
    assert_eq!(cases.len(), 1);
    assert_eq!(services(&cases[0]).len(), 2);
    bridge.assert_delivered_once(&first);
    bridge.assert_delivered_once(&second);
}

#[tokio::test]
async fn an_append_leaves_everything_else_of_the_case_as_it_is() {
    let bridge = TestBridge::start().await;
    let before = bridge.cases_of(CONTROL).remove(0);
    let referral = Referral::numbered(1).of(CONTROL);
    bridge.refer(&referral);
    bridge.complete().await;
    bridge.assert_delivered_once(&referral);
    let after = bridge.cases_of(CONTROL).remove(0);
    for field in [
        "name_first",
        "name_last",
        "sex",
        "date_of_birth",
        "status",
        "owned_by",
    ] {
        assert_eq!(after[field], before[field], "{field}");
    }
}

#[tokio::test]
async fn a_workers_answer_is_not_reset_by_a_referral_that_comes_again() {
    let bridge = TestBridge::start().await;
    let referral = Referral::numbered(1).of(CONTROL);
    bridge.refer(&referral);
    // proGres does not take the news, so it goes on listing the referral.
    bridge.sandbox.ping.reject_later(1, "later");
    bridge.complete().await;
    let (case, service) = bridge.services_of(&referral).remove(0);
    let (case, service) = (
        case["id"].as_str().unwrap(),
        service["unique_id"].as_str().unwrap(),
    );
    let accepted = json!({ "unhcr_referral_status": "accepted" });
    bridge
        .sandbox
        .primero
        .worker_updates_service(case, service, accepted)
        .unwrap();
    bridge.complete().await;
    assert_eq!(
        bridge.services_of(&referral)[0].1["unhcr_referral_status"],
        "accepted"
    );
    bridge.assert_delivered_once(&referral);
}

#[tokio::test]
async fn what_is_still_pending_at_the_source_stays_held_though_progres_shows_our_case() {
    let bridge = TestBridge::start().await;
    let referral = Referral::numbered(1);
    bridge.refer(&referral);
    bridge.sandbox.ping.reject_later(4, "later");
    for _ in 0..4 {
        bridge.complete().await;
    }
    let (case, _) = bridge.services_of(&referral).remove(0);
    let shown = referral.with("progres_primeroid", case["case_id"].clone());
    bridge.sandbox.ping.edit(shown.rows()).unwrap();

    for _ in 0..2 {
        let report = bridge.complete().await;
        assert_eq!(report.reasons[&Reason::StillPendingAtSource], 1);
    }
}

#[tokio::test]
async fn a_case_under_our_id_that_is_another_childs_is_left_alone_and_the_referral_held() {
    let bridge = TestBridge::start().await;
    let referral = Referral::numbered(1);
    let name = format!("case/gambella/{}", referral.individual_no);
    let taken = json!({
        "id": Uuid::new_v5(&NAMESPACE, name.as_bytes()), "status": "open",
        "module_id": "primeromodule-cp", "unhcr_individual_no": "606-399999999",
        "services_section": [],
    });
    bridge.sandbox.primero.insert_case(taken).unwrap();
    bridge.refer(&referral);
    let report = bridge.complete().await;
    assert_eq!(report.reasons[&Reason::CaseIdentityChanged], 1);
    assert!(bridge.services_of(&referral).is_empty());
    assert!(services(&bridge.cases_of("606-399999999")[0]).is_empty());
    assert!(
        bridge
            .sandbox
            .ping
            .transfer_statuses_of(&referral.intervention)
            .is_empty()
    );
}

#[tokio::test]
async fn of_an_invalid_referral_progres_hears_nothing_unless_the_profile_says_so() {
    let bridge = TestBridge::start().await;
    let referral = Referral::numbered(1).with(FAMILY_NAME, " ");
    bridge.refer(&referral);
    let report = bridge.complete().await;
    assert_eq!(report.reasons[&Reason::MissingRequiredField], 1);
    assert!(
        bridge
            .sandbox
            .ping
            .transfer_statuses_of(&referral.intervention)
            .is_empty()
    );
}

#[tokio::test]
async fn with_report_delivery_fail_progres_is_told_once_why_a_referral_is_held() {
    let bridge = TestBridge::beginning()
        .profile(|profile| profile.report_delivery_fail = true)
        .start()
        .await;
    let invalid = Referral::numbered(1).with(FAMILY_NAME, Value::Null);
    let valid = Referral::numbered(2);
    bridge.refer(&invalid);
    bridge.refer(&valid);
    bridge.complete().await;
    bridge.complete().await;
    let told = bridge
        .sandbox
        .ping
        .transfer_statuses_of(&invalid.intervention);
    assert_eq!(told.len(), 1, "once");
    assert_eq!(
        told[0].field("progres_primerotransferstatus"),
        Some("125080001")
    );
    let comment = format!("missing_required_field: {FAMILY_NAME}");
    assert_eq!(
        told[0].field("progres_comments_displayfield"),
        Some(comment.as_str())
    );
    assert_eq!(told[0].field("progres_primeroid"), None);
    bridge.assert_delivered_once(&valid);
}

#[tokio::test]
async fn a_referral_told_as_failed_is_delivered_once_it_is_corrected() {
    let bridge = TestBridge::beginning()
        .profile(|profile| profile.report_delivery_fail = true)
        .start()
        .await;
    bridge.refer(&Referral::numbered(1).with(FAMILY_NAME, ""));
    bridge.complete().await;
    let corrected = Referral::numbered(1);
    bridge.sandbox.ping.edit(corrected.rows()).unwrap();
    bridge.complete().await;
    assert_eq!(bridge.services_of(&corrected).len(), 1);
    let told = bridge
        .sandbox
        .ping
        .transfer_statuses_of(&corrected.intervention);
    let statuses: Vec<_> = told
        .iter()
        .map(|status| status.field("progres_primerotransferstatus"))
        .collect();
    assert_eq!(statuses, [Some("125080001"), Some("125080002")]);
}

#[tokio::test]
async fn a_referral_whose_details_fail_every_batch_does_not_fail_its_neighbours() {
    let bridge = TestBridge::start().await;
    let referrals = bridge.refer_many(20);
    bridge.sandbox.ping.poison(&referrals[6].intervention);
    let report = bridge.complete().await;
    assert_eq!((report.counts.delivered, report.counts.will_retry), (19, 1));
    assert_eq!(report.reasons[&Reason::PingError], 1);
    for (at, referral) in referrals.iter().enumerate().filter(|(at, _)| *at != 6) {
        assert_eq!(bridge.services_of(referral).len(), 1, "{at}");
    }
    bridge.sandbox.ping.heal(&referrals[6].intervention);
    bridge.clock.advance(std::time::Duration::from_mins(10));
    assert_eq!(bridge.complete().await.counts.delivered, 1);
    bridge.assert_delivered_once(&referrals[6]);
}

#[tokio::test]
async fn look_ups_are_batched() {
    let bridge = TestBridge::start().await;
    bridge.refer_many(50);
    bridge.complete().await;
    assert_eq!(bridge.calls(System::Primero, "POST /api/v2/cases"), 50);
    assert!(
        bridge.calls(System::Primero, "GET ") <= 24,
        "13 look-ups of four, readings back, forms, control, the own user and its forms, an owner"
    );
    assert!(
        bridge.calls(System::Ping, "") <= 6,
        "sign-in, list, two of details, two of statuses"
    );
}

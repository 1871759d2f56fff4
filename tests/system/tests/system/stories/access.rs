//! What the bridge may see, and what it does if it may not.

use referral_bridge::domain::reason::Stop;
use referral_bridge::domain::system as bridge_system;
use sandbox::faults::Fault;
use sandbox::journal::System;
use sandbox::primero::{FormSet, ReleaseLine};

use crate::bridge::{CONTROL, TestBridge};
use crate::referral::Referral;

fn field_not_accepted(stop: Option<&Stop>) -> bool {
    matches!(stop, Some(Stop::FieldNotAccepted(field)) if field.contains("progres_interventionnumber"))
}

#[tokio::test]
async fn forms_without_the_intervention_number_stop_the_run_before_any_write() {
    let bridge = TestBridge::beginning()
        .forms(FormSet::Standard)
        .start()
        .await;
    bridge.refer_many(3);
    let finished = bridge.run().await;
    assert!(
        field_not_accepted(finished.stop.as_ref()),
        "{:?}",
        finished.stop
    );
    assert_eq!(bridge.effective_writes(), 0);
    assert_eq!(
        bridge.sandbox.primero.cases().len(),
        1,
        "the one from the start"
    );
}

/// The user may not read Primero's forms.
fn hide_forms(bridge: &TestBridge) {
    let forbidden = Fault::Status {
        status: 403,
        retry_after: None,
        after_effect: false,
    };
    bridge.once(System::Primero, "GET /api/v2/forms", forbidden);
}

#[tokio::test]
async fn a_user_who_may_not_read_forms_finds_out_by_one_write_that_they_drop_the_number() {
    // The 2.14 line takes options that it does not know, so nothing but the reading back can tell.
    let bridge = TestBridge::beginning()
        .forms(FormSet::Standard)
        .release(ReleaseLine::A)
        .start()
        .await;
    bridge.refer_many(9);
    hide_forms(&bridge);
    let finished = bridge.run().await;
    assert!(
        field_not_accepted(finished.stop.as_ref()),
        "{:?}",
        finished.stop
    );
    assert_eq!(bridge.effective_writes(), 1);
    assert_eq!(
        bridge.sandbox.ping.pending().len(),
        9,
        "proGres was told of nothing"
    );
}

#[tokio::test]
async fn a_role_that_cannot_see_individual_numbers_writes_nothing() {
    let bridge = TestBridge::beginning()
        .primero_secret("username", "limited")
        .start()
        .await;
    bridge.refer(&Referral::numbered(1).of(CONTROL));
    let finished = bridge.run().await;
    // The forms it is shown lack the field as well, but that no case shows a number says more.
    let expected = Stop::NoControlCase {
        field: "unhcr_individual_no",
    };
    assert_eq!(finished.stop, Some(expected));
    assert_eq!(bridge.effective_writes(), 0);
}

#[tokio::test]
async fn without_a_case_whose_number_can_be_seen_nothing_is_written() {
    let bridge = TestBridge::beginning()
        .primero_secret("username", "limited")
        .start()
        .await;
    hide_forms(&bridge);
    bridge.refer(&Referral::numbered(1).of(CONTROL));
    let expected = Stop::NoControlCase {
        field: "unhcr_individual_no",
    };
    assert_eq!(bridge.run().await.stop, Some(expected));
    assert_eq!(bridge.effective_writes(), 0);
}

#[tokio::test]
async fn a_case_that_comes_back_without_its_number_stops_the_run_even_where_primero_may_be_empty() {
    let bridge = TestBridge::beginning()
        .primero_secret("username", "limited")
        .profile(|profile| profile.primero.allow_empty = true)
        .start()
        .await;
    hide_forms(&bridge);
    bridge.refer(&Referral::numbered(1).of(CONTROL));
    let expected = Stop::FilterNotApplied {
        field: "unhcr_individual_no",
    };
    assert_eq!(bridge.run().await.stop, Some(expected));
    assert_eq!(bridge.effective_writes(), 0);
}

#[tokio::test]
async fn a_wrong_primero_password_costs_one_try_over_all_runs_until_it_changes() {
    let mut bridge = TestBridge::beginning()
        .primero_secret("password", "not-the-one")
        .start()
        .await;
    bridge.refer_many(20);
    let refused = Stop::AuthenticationFailed(bridge_system::System::Primero);
    for _ in 0..7 {
        assert_eq!(bridge.run().await.stop, Some(refused.clone()));
    }
    assert_eq!(bridge.sandbox.traffic().primero.requests, 1);
    let right = bridge.sandbox.secrets()["primero"]["password"].clone();
    let right = right.as_str().expect("a text").to_owned();
    bridge.installation.secrets.primero.user.password = right.into();
    assert_eq!(bridge.run().await.report.counts.delivered, 20);
}

#[tokio::test]
async fn a_wrong_ping_password_costs_one_try_over_all_runs() {
    let bridge = TestBridge::beginning()
        .ping_secret("password", "not-the-one")
        .start()
        .await;
    bridge.refer_many(2);
    for _ in 0..3 {
        let refused = Stop::AuthenticationFailed(bridge_system::System::Ping);
        assert_eq!(bridge.run().await.stop, Some(refused));
    }
    assert_eq!(bridge.sandbox.ping.sign_ins().refused, 1);
    assert_eq!(bridge.effective_writes(), 0);
}

#[tokio::test]
async fn a_wrong_primero_password_is_remembered_even_if_progres_fails_as_well() {
    let bridge = TestBridge::beginning()
        .primero_secret("password", "not-the-one")
        .start()
        .await;
    let fault = sandbox::faults::Fault::Status {
        status: 403,
        retry_after: None,
        after_effect: false,
    };
    // Primero is asked once there is something to do, while proGres is asked for the details of it.
    bridge.refer_many(2);
    let list = sandbox::faults::Target::Containing("SHP-2358".to_owned());
    let board = bridge.sandbox.faults(sandbox::journal::System::Ping);
    board.add(sandbox::faults::Rule::always(list, fault));
    for _ in 0..7 {
        assert!(bridge.run().await.stop.is_some());
    }
    assert_eq!(bridge.sandbox.traffic().primero.requests, 1);
}

#[tokio::test]
async fn an_empty_primero_stops_the_run() {
    let bridge = TestBridge::beginning().empty_primero().start().await;
    bridge.refer_many(2);
    let finished = bridge.run().await;
    assert!(
        matches!(finished.stop, Some(Stop::NoControlCase { .. })),
        "{:?}",
        finished.stop
    );
    assert!(bridge.sandbox.primero.cases().is_empty());
}

#[tokio::test]
async fn an_empty_primero_is_filled_where_the_profile_allows_it() {
    let bridge = TestBridge::beginning()
        .empty_primero()
        .profile(|profile| profile.primero.allow_empty = true)
        .start()
        .await;
    let referrals = bridge.refer_many(12);
    bridge.complete().await;
    for referral in &referrals {
        bridge.assert_delivered_once(referral);
    }
    assert_eq!(bridge.sandbox.primero.cases().len(), 12);
}

#[tokio::test]
async fn a_primero_that_is_empty_although_it_was_delivered_to_stops_the_run() {
    let bridge = TestBridge::beginning()
        .empty_primero()
        .profile(|profile| profile.primero.allow_empty = true)
        .start()
        .await;
    bridge.refer(&Referral::numbered(1));
    bridge.complete().await;
    let case = bridge.sandbox.primero.cases()[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    bridge.sandbox.primero.disable_case(&case).unwrap();
    bridge.refer(&Referral::numbered(2));
    let finished = bridge.run().await;
    assert!(
        matches!(finished.stop, Some(Stop::NoControlCase { .. })),
        "{:?}",
        finished.stop
    );
    assert_eq!(bridge.sandbox.primero.cases().len(), 1);
}

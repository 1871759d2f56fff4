//! A service that is referred more than once, or that shares its id; referrals that are old or name no service (2.1).

use std::time::Duration;

use referral_bridge::domain::reason::Reason;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::profile::ReferredAgain;
use referral_bridge::store::RecordState;
use sandbox::ping::Decision;
use sandbox::primero::NewReferral;
use serde_json::json;

use crate::bridge::TestBridge;
use crate::child::{Child, assert_only, release, service_of, wanted};
use crate::wish::{ACCEPTED, REJECTED};

/// UNHCR decides on the newest submission of the child's service, and Primero hears of it.
async fn decided(bridge: &TestBridge, child: &Child, status: u32) {
    let ping = &bridge.sandbox.ping;
    let submitted = ping.referral_of(&child.case_id, &child.service);
    let decision = Decision {
        status: Some(u64::from(status)),
        ..Decision::default()
    };
    ping.decide_referral(submitted.expect("it was submitted"), &decision)
        .expect("it is there");
    bridge.pass(Duration::from_mins(1));
    let report = bridge.completed(WorkflowName::DecisionsToPrimero).await;
    assert_eq!(report.counts.delivered, 1, "{report:?}");
}

/// A child whose first referral UNHCR rejected, and the second referral, made a minute later.
async fn rejected_and_asked_again(bridge: &TestBridge) -> (Child, String, String) {
    let child = bridge.child(1);
    let first = bridge.ask_unhcr(&child, &child.service);
    let sent = bridge.send_to_progres().await;
    assert_eq!(sent.counts.delivered, 1, "{sent:?}");
    decided(bridge, &child, REJECTED).await;
    assert_eq!(bridge.referral(&first)["status"], "rejected");
    bridge.pass(Duration::from_mins(1));
    let second = bridge.ask_unhcr(&child, &child.service);
    (child, first, second)
}

#[tokio::test]
async fn a_referral_made_again_after_unhcr_rejected_it_is_held_and_sent_when_a_person_releases_it()
{
    let bridge = TestBridge::start().await;
    let (child, first, second) = rejected_and_asked_again(&bridge).await;

    let report = bridge.send_to_progres().await;

    assert_only(&report, Reason::ReferredAgain);
    assert_eq!(report.counts.held, 1, "{report:?}");
    bridge.assert_submitted(&child, 1);

    let released = release(&child.key(&child.service));
    let report = bridge.send_asked(&released).await;
    assert_eq!(report.counts.delivered, 1, "{report:?}");
    bridge.assert_submitted(&child, 2);

    decided(&bridge, &child, ACCEPTED).await;
    assert_eq!(bridge.referral(&first)["status"], "rejected");
    assert_eq!(bridge.referral(&second)["status"], "accepted");
}

#[tokio::test]
async fn a_referral_made_again_is_sent_by_itself_where_the_profile_says_so() {
    let bridge = TestBridge::beginning()
        .profile(|profile| profile.progres.referred_again = ReferredAgain::Send)
        .start()
        .await;
    let (child, _, second) = rejected_and_asked_again(&bridge).await;

    let report = bridge.send_to_progres().await;

    assert_eq!(report.counts.delivered, 1, "{report:?}");
    bridge.assert_submitted(&child, 2);
    bridge.pass(Duration::from_hours(24));
    bridge.send_to_progres().await;
    bridge.assert_submitted(&child, 2);
    decided(&bridge, &child, ACCEPTED).await;
    assert_eq!(bridge.referral(&second)["status"], "accepted");
}

#[tokio::test]
async fn a_decision_on_the_first_submission_does_not_touch_the_second() {
    let bridge = TestBridge::beginning()
        .profile(|profile| profile.progres.referred_again = ReferredAgain::Send)
        .start()
        .await;
    let child = bridge.child(1);
    let (ping, primero) = (&bridge.sandbox.ping, &bridge.sandbox.primero);
    let submit = async || {
        let referral = bridge.ask_unhcr(&child, &child.service);
        bridge.send_to_progres().await;
        let interop = ping.referral_of(&child.case_id, &child.service);
        (referral, interop.expect("it was submitted"))
    };
    let (first, about_first) = submit().await;
    primero.revoke_referral(&first).expect("it waits");
    bridge.pass(Duration::from_mins(1));
    let (second, about_second) = submit().await;
    let decide = |interop, status: u32| {
        let decision = Decision {
            status: Some(u64::from(status)),
            review_date: Some("2026-11-24T00:00:00Z".to_owned()),
            ..Decision::default()
        };
        let decided = ping.decide_referral(interop, &decision);
        decided.expect("it is there");
    };

    decide(about_first, REJECTED);
    let report = bridge.completed(WorkflowName::DecisionsToPrimero).await;

    assert_only(&report, Reason::Withdrawn);
    assert_eq!(bridge.referral(&first)["status"], "revoked");
    assert_eq!(bridge.referral(&second)["status"], "in_progress");
    decide(about_second, ACCEPTED);
    bridge.completed(WorkflowName::DecisionsToPrimero).await;
    assert_eq!(bridge.referral(&second)["status"], "accepted");
}

#[tokio::test]
async fn several_pending_referrals_of_one_service_are_one_submission_with_the_newest_date() {
    let bridge = TestBridge::start().await;
    let child = bridge.asking_child(1);
    bridge.pass(Duration::from_hours(24));
    bridge.ask_unhcr(&child, &child.service);

    let report = bridge.send_to_progres().await;

    assert_eq!(report.counts.delivered, 1, "{report:?}");
    let submissions = bridge.submissions_of(&child, &child.service);
    assert_eq!(submissions.len(), 1);
    let date = submissions[0].field("progres_referraldate");
    assert_eq!(date, Some("2026-11-24"));
    bridge.ask_unhcr(&child, &child.service);
    bridge.send_to_progres().await;
    bridge.assert_submitted(&child, 1);
}

#[tokio::test]
async fn the_same_service_id_on_two_childrens_cases_is_two_submissions() {
    let bridge = TestBridge::start().await;
    let shared = service_of(1);
    let copy = json!({ "services_section": [wanted(&shared)], "name_first": "Gatluak" });
    let (one, other) = (bridge.child(1), bridge.child_with(2, &copy));
    bridge.ask_unhcr(&one, &shared);
    bridge.ask_unhcr(&other, &shared);

    let report = bridge.send_to_progres().await;

    assert_eq!(report.counts.delivered, 2, "{report:?}");
    for (child, name) in [(&one, "Nyabol"), (&other, "Gatluak")] {
        let sent = bridge.submissions_of(child, &shared);
        assert_eq!(sent.len(), 1, "{name}");
        assert_eq!(sent[0].field("progres_pocfirstname"), Some(name));
        assert_eq!(sent[0].external_id, child.case_id);
    }
}

#[tokio::test]
async fn the_decision_on_a_shared_service_id_reaches_the_child_that_it_is_about() {
    let bridge = TestBridge::start().await;
    let shared = service_of(1);
    let copy = json!({ "services_section": [wanted(&shared)] });
    let one = bridge.child(1);
    let other = Child {
        service: shared.clone(),
        ..bridge.child_with(2, &copy)
    };
    let of_one = bridge.ask_unhcr(&one, &shared);
    let of_other = bridge.ask_unhcr(&other, &shared);
    bridge.send_to_progres().await;

    decided(&bridge, &other, ACCEPTED).await;

    assert_eq!(bridge.referral(&of_one)["status"], "in_progress");
    assert_eq!(bridge.referral(&of_other)["status"], "accepted");
}

#[tokio::test]
async fn a_referral_older_than_the_start_is_skipped_though_its_case_changed_since() {
    let bridge = TestBridge::beginning()
        .profile(|profile| {
            profile.window.start_from = "2026-11-23T12:00:00Z".parse().expect("a time");
        })
        .start()
        .await;
    let old = bridge.asking_child(1);
    bridge.pass(Duration::from_hours(4));
    let touched = json!({ "name_middle": "Akello" });
    let primero = &bridge.sandbox.primero;
    primero
        .worker_updates_case(&old.case, touched)
        .expect("it is there");
    let new = bridge.asking_child(2);

    let report = bridge.send_to_progres().await;

    assert_only(&report, Reason::BeforeStart);
    bridge.assert_submitted(&old, 0);
    bridge.assert_submitted(&new, 1);
    let row = bridge.child_row(&old).await;
    assert_eq!(row.state, RecordState::Skipped);

    // Referred once more, it is new.
    bridge.ask_unhcr(&old, &old.service);
    let report = bridge.send_to_progres().await;
    assert_eq!(report.counts.delivered, 1, "{report:?}");
    bridge.assert_submitted(&old, 1);
}

#[tokio::test]
async fn a_referral_without_a_service_is_held_beside_one_that_is_sent() {
    let bridge = TestBridge::start().await;
    let child = bridge.asking_child(1);
    let lone = NewReferral {
        transitioned_to: "unhcr_cw".to_owned(),
        ..NewReferral::default()
    };
    let made = bridge.sandbox.primero.refer(&child.case, &lone);
    let lone = made.expect("the rules allow it");

    let report = bridge.send_to_progres().await;

    assert_eq!((report.counts.delivered, report.counts.held), (1, 1));
    assert_only(&report, Reason::ReferralWithoutService);
    assert!(report.records[0].key.as_str().contains(&lone), "{report:?}");
    bridge.assert_submitted(&child, 1);
    assert_eq!(bridge.sandbox.ping.submissions().len(), 1);
}

#[tokio::test]
async fn a_referral_without_a_service_that_is_withdrawn_is_no_longer_held() {
    let bridge = TestBridge::start().await;
    let child = bridge.asking_child(1);
    let lone = NewReferral {
        transitioned_to: "unhcr_cw".to_owned(),
        ..NewReferral::default()
    };
    let primero = &bridge.sandbox.primero;
    let lone = primero.refer(&child.case, &lone).expect("it may");
    let held = bridge.send_to_progres().await;
    let key = held.records[0].key.clone();
    primero.revoke_referral(&lone).expect("it waits");

    bridge.send_to_progres().await;

    let row = bridge
        .row_of(WorkflowName::ReferralsToProgres, key.as_str())
        .await
        .expect("it has a row");
    assert_eq!(
        (row.state, row.reason),
        (RecordState::Skipped, Some(Reason::NotPending))
    );
}

#[tokio::test]
async fn a_referral_to_another_user_is_none_of_ours() {
    let bridge = TestBridge::start().await;
    let child = bridge.child(1);
    let elsewhere = NewReferral {
        transitioned_to: "worker3".to_owned(),
        service_record_id: Some(child.service.clone()),
        ..NewReferral::default()
    };
    let made = bridge.sandbox.primero.refer(&child.case, &elsewhere);
    made.expect("the rules allow it");

    let report = bridge.send_to_progres().await;

    assert_only(&report, Reason::ReferredToAnother);
    bridge.assert_submitted(&child, 0);
}

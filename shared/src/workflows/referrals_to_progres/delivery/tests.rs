//! Referrals on their way, against the simulated systems.

use std::collections::BTreeMap;

use sandbox::faults;
use sandbox::journal::System;
use sandbox::primero::NewReferral;
use serde_json::{Value, json};

use super::super::testing::{CASE, CASE_ID, SERVICE, TODAY, case_json, service_json};
use super::*;
use crate::domain::ids::CaseId;
use crate::engine::{History, Workflow as _};
use crate::workflows::testing::{Scene, keys};

const SUBMIT: &str = "SHP-2731";
const REFERRALS: &str = "GET /api/v2/cases/:id/referrals";
const USERS: &str = "GET /api/v2/users";

fn workflow(scene: &Scene) -> ReferralsToProgres<'_> {
    ReferralsToProgres::new(&scene.profile, &scene.ping, &scene.primero, keys())
}

/// A scene with the case of the samples, which belongs to `worker1`.
async fn with_case() -> Scene {
    let scene = Scene::start().await;
    let mut case = case_json();
    case["owned_by"] = json!("worker1");
    case["module_id"] = json!("primeromodule-cp");
    scene.insert(case);
    scene
}

fn refer(scene: &Scene, service: Option<&str>) {
    let referral = NewReferral {
        transitioned_to: "unhcr_cw".to_owned(),
        service_record_id: service.map(str::to_owned),
        ..NewReferral::default()
    };
    let made = scene.sandbox.primero.refer(CASE, &referral);
    made.expect("the rules allow it");
}

fn key(part: &str) -> RecordKey {
    RecordKey::of_service(&CaseId::new(CASE_ID), part.parse().expect("a GUID"))
}

fn place() -> Place {
    Place {
        case: CASE.parse().expect("a GUID"),
        submitted: None,
        confirmed: BTreeMap::new(),
    }
}

/// Reads these keys by their place, as a retry does.
async fn read(workflow: &ReferralsToProgres<'_>, keys: &[RecordKey]) -> Vec<Result<Source, Fault>> {
    let place = place();
    let asked: Vec<_> = keys
        .iter()
        .map(|key| Asked {
            key,
            place: Some(&place),
            known: None,
            offer: None,
        })
        .collect();
    workflow
        .read(&asked, LoneOnes::Noted)
        .await
        .expect("nothing stops the run")
}

/// The referral of the case's service, ready to be submitted.
async fn ready(workflow: &ReferralsToProgres<'_>) -> Referral {
    let source = read(workflow, &[key(SERVICE)]).await.remove(0);
    let now = TODAY.to_zoned_datetime(jiff::tz::TimeZone::UTC);
    let unknown = History {
        place: None,
        done: false,
        released: false,
        may_be_there: false,
    };
    let source = source.expect("it is there");
    let now = now.expect("a day").timestamp();
    let mapped = workflow.map(&key(SERVICE), source, unknown, now);
    mapped.result.expect("it is ready").1
}

#[tokio::test]
async fn the_referrals_of_a_case_are_read_once_and_its_owner_is_known() {
    let scene = with_case().await;
    refer(&scene, Some(SERVICE));
    let workflow = workflow(&scene);

    let keys = [key(SERVICE), key("2e5be7bd-7357-4790-a880-ccaca3f47b5a")];
    let sources = read(&workflow, &keys).await;

    for source in sources {
        let source = source.expect("it is there");
        assert_eq!(source.referrals.len(), 1);
        let owner = source.owner.expect("a known user");
        assert_eq!(owner.user_name, Pii::new("worker1".to_owned()));
    }
    assert_eq!(scene.calls(System::Primero, REFERRALS), 1);
    read(&workflow, &keys).await;
    assert_eq!(scene.calls(System::Primero, USERS), 1);
    assert!(workflow.found().is_empty());
}

#[tokio::test]
async fn users_are_not_asked_for_where_nothing_can_be_sent() {
    let scene = with_case().await;

    let sources = read(&workflow(&scene), &[key(SERVICE)]).await;

    assert!(sources[0].as_ref().expect("it is there").owner.is_none());
    assert_eq!(scene.calls(System::Primero, USERS), 0);
}

#[tokio::test]
async fn a_case_that_does_not_come_back_is_read_again_later() {
    let scene = Scene::start().await;

    let sources = read(&workflow(&scene), &[key(SERVICE)]).await;

    let missing = Fault::retry(Reason::DetailsMissing);
    assert_eq!(sources[0].as_ref().err(), Some(&missing));
}

#[tokio::test]
async fn a_case_whose_referrals_cannot_be_read_keeps_no_other() {
    let scene = with_case().await;
    let fault = faults::Fault::Status {
        status: 404,
        retry_after: None,
        after_effect: false,
    };
    scene.fault(System::Primero, REFERRALS, 0, fault);

    let sources = read(&workflow(&scene), &[key(SERVICE)]).await;

    let system = crate::domain::system::System::Primero;
    let refused = Fault::hold(Reason::NoAccess, vec![CASE.to_owned()]);
    let refused = refused.refused(system, Some("list referrals"));
    assert_eq!(sources[0].as_ref().err(), Some(&refused));
}

#[tokio::test]
async fn a_referral_without_a_service_comes_to_light_beside_the_others() {
    let scene = with_case().await;
    refer(&scene, None);
    let workflow = workflow(&scene);
    read(&workflow, &[key(SERVICE)]).await;

    let found = workflow.found();

    assert_eq!(found.len(), 1);
    assert!(workflow.found().is_empty());
    let lone = &scene.sandbox.primero.referrals()[0]["id"];
    let id = lone.as_str().expect("an id");
    assert_eq!(found[0].key.as_str(), format!("{CASE_ID}/{id}"));
    // What discovery brought is enough to judge it.
    let asked = Asked {
        key: &found[0].key,
        place: found[0].place.as_ref(),
        known: None,
        offer: found[0].offer.as_ref(),
    };
    let source = workflow
        .read(&[asked], LoneOnes::Noted)
        .await
        .expect("no stop")
        .remove(0);
    assert_eq!(scene.calls(System::Primero, REFERRALS), 1);
    let unknown = History {
        place: None,
        done: false,
        released: false,
        may_be_there: false,
    };
    let now = "2026-11-23T10:00:00Z".parse().expect("a moment");
    let mapped = workflow.map(&found[0].key, source.expect("it is there"), unknown, now);
    let field = vec!["service_record_id".to_owned()];
    let held = Fault::hold(Reason::ReferralWithoutService, field);
    assert_eq!(mapped.result.err(), Some(held));
}

#[tokio::test]
async fn a_referral_is_submitted_and_confirmed() {
    let scene = with_case().await;
    refer(&scene, Some(SERVICE));
    let workflow = workflow(&scene);
    let referral = ready(&workflow).await;

    let written = workflow.submit(&[(&referral, &())]).await;

    let Ok([Ok(Written::Accepted(place, transaction))]) = written.as_deref() else {
        panic!("{written:?}");
    };
    let submissions = scene.sandbox.ping.submissions();
    assert_eq!(submissions.len(), 1);
    assert_eq!(submissions[0].external_guid.as_deref(), Some(CASE));
    assert_eq!(submissions[0].field("progres_orgreferralid"), Some(SERVICE));
    // `worker1` has neither a phone number nor a position.
    assert!(referral.contact_substituted);
    let made = &scene.sandbox.primero.referrals()[0]["id"];
    let submitted = place.submitted.as_ref().expect("it is remembered");
    assert_eq!(*made, submitted.referral.to_string());
    let key = key(SERVICE);
    let words = workflow.ask_after(transaction, &[(&key, place)]).await;
    let made = scene.sandbox.ping.submissions()[0].referral;
    let made = InteropReferralId::new(made.expect("PING made a referral of it"));
    let submitted = place.submitted.as_ref().expect("it is there");
    let named = Place {
        confirmed: BTreeMap::from([(made, submitted.referral)]),
        ..place.clone()
    };
    assert_eq!(words, Ok(vec![Ok(Confirmation::ConfirmedAt(named))]));
}

#[test]
fn a_submission_that_ping_confirms_without_naming_it_is_confirmed() {
    let place = place();
    assert_eq!(confirmed(&place, None), Confirmation::Confirmed);
}

#[tokio::test]
async fn a_referral_that_progres_rejects_later_is_rejected() {
    let scene = with_case().await;
    refer(&scene, Some(SERVICE));
    scene.sandbox.ping.reject_later(1, "no such individual");
    let workflow = workflow(&scene);
    let referral = ready(&workflow).await;
    let written = workflow.submit(&[(&referral, &())]).await;
    let Ok([Ok(Written::Accepted(place, transaction))]) = written.as_deref() else {
        panic!("{written:?}");
    };

    let key = key(SERVICE);
    let words = workflow.ask_after(transaction, &[(&key, place)]).await;

    assert_eq!(words, Ok(vec![Ok(Confirmation::Rejected)]));
}

#[tokio::test]
async fn a_submission_whose_answer_is_lost_is_held_unless_the_profile_says_otherwise() {
    let mut scene = with_case().await;
    refer(&scene, Some(SERVICE));
    for (ambiguity, fault) in [
        (
            Ambiguity::Hold,
            Fault::hold(Reason::OutcomeUnknown, Vec::new()),
        ),
        (Ambiguity::Resend, Fault::retry(Reason::OutcomeUnknown)),
    ] {
        scene.profile.ping.ambiguity = ambiguity;
        scene.fault(System::Ping, SUBMIT, 0, faults::Fault::DropAfterEffect);
        let workflow = workflow(&scene);
        let referral = ready(&workflow).await;

        let written = workflow.submit(&[(&referral, &())]).await;

        assert_eq!(written, Ok(vec![Err(fault)]));
    }
    assert_eq!(scene.sandbox.ping.submissions().len(), 2);
}

#[tokio::test]
async fn discovery_brings_every_service_of_unhcr_with_its_case() {
    let scene = with_case().await;
    let mut others: Value = service_json();
    others["unique_id"] = json!("2e5be7bd-7357-4790-a880-ccaca3f47b5a");
    others["service_implementing_agency"] = json!("UNICEF");
    let changed = scene
        .sandbox
        .primero
        .worker_updates_case(CASE, json!({ "services_section": [others] }));
    changed.expect("there is such a case");
    let workflow = workflow(&scene);

    let opened = workflow.open(None).await.expect("Primero answers");
    let mut pages = opened.pages;
    let mut found = Vec::new();
    while let Some(page) = workflow.next_page(&mut pages).await.expect("it answers") {
        found.extend(page.records);
    }

    // A case saved within the last five seconds is left for the next run.
    assert!(found.is_empty());
    let later = jiff::SignedDuration::from_secs(10);
    scene.sandbox.primero.set_clock_offset(later);
    let mut pages = workflow.open(None).await.expect("Primero answers").pages;
    let page = workflow.next_page(&mut pages).await.expect("it answers");
    let records = page.expect("a page").records;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].key, key(SERVICE));
    assert_eq!(records[0].place, Some(place()));
    assert!(records[0].version.is_some());
}

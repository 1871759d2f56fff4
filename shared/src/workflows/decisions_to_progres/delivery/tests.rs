//! Decisions on their way, against the simulated systems.

use sandbox::faults;
use sandbox::journal::System;
use serde_json::{Value, json};

use super::super::testing::{
    BUSINESS_UNIT, CASE, INTERVENTION, accepted, case, case_with, decision, keys, rejected, service,
};
use super::*;
use crate::domain::ids::InterventionId;
use crate::domain::reason::Stop;
use crate::domain::system;
use crate::workflows::testing::Scene;

const DATA: &str = "SHP-2748";
const OTHER: &str = "82698a1d-aa24-ee11-9cbc-0022488b6523";
const OTHER_CASE: &str = "506b539a-e662-425e-810b-47e4fa7da496";

fn workflow(scene: &Scene) -> DecisionsToProgres<'_> {
    DecisionsToProgres::new(&scene.profile, &scene.ping, &scene.primero, keys())
}

/// A scene in which proGres has referred both interventions.
async fn referred() -> Scene {
    let scene = Scene::start().await;
    for id in [INTERVENTION, OTHER] {
        let row = json!({ "progres_lpinterventionid": id });
        scene.sandbox.ping.refer(vec![row]).expect("it is new");
    }
    scene
}

/// An acceptance and a rejection, of one intervention each.
fn two() -> [Decision; 2] {
    let mut other = rejected("Duplicate");
    other["progres_interventionnumber"] = json!(format!("803-2,{OTHER},{BUSINESS_UNIT}"));
    [decision(&case(&[accepted()])), decision(&case(&[other]))]
}

fn key(id: &str) -> RecordKey {
    id.parse::<InterventionId>().expect("a GUID").into()
}

fn comments(scene: &Scene, intervention: &str) -> Vec<Vec<String>> {
    let told = scene.sandbox.ping.transfer_statuses_of(intervention);
    told.into_iter().map(|told| told.attachments).collect()
}

fn transaction(written: &Result<Written<Place>, Fault>) -> TransactionId {
    match written {
        Ok(Written::Accepted(_, transaction)) => transaction.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn decisions_go_in_one_request_and_are_confirmed_one_by_one() {
    let scene = referred().await;
    let workflow = workflow(&scene);
    let [one, other] = two();

    let told = workflow.tell(&[(&one, &()), (&other, &())]).await;

    let told = told.expect("nothing stops the run");
    assert_eq!(scene.calls(System::Ping, DATA), 1);
    assert_eq!(
        comments(&scene, INTERVENTION),
        [["Referral acknowledged by PRIMERO"]]
    );
    assert_eq!(
        comments(&scene, OTHER),
        [["Referral rejected by PRIMERO: Duplicate"]]
    );
    assert_eq!(transaction(&told[0]), transaction(&told[1]));
    assert!(matches!(&told[0], Ok(Written::Accepted(place, _)) if place.sent_with == 2));
    let (first, second) = (key(INTERVENTION), key(OTHER));
    let records = [(&first, &one.place), (&second, &other.place)];
    let words = workflow.ask_after(&transaction(&told[0]), &records).await;
    let confirmed = || Ok(Confirmation::Confirmed);
    assert_eq!(words, Ok(vec![confirmed(), confirmed()]));
}

#[tokio::test]
async fn only_the_decision_that_progres_rejects_later_is_rejected() {
    let scene = referred().await;
    let workflow = workflow(&scene);
    let [one, other] = two();
    scene.sandbox.ping.reject_later(1, "the record is locked");
    let told = workflow.tell(&[(&one, &()), (&other, &())]).await;
    let told = told.expect("nothing stops the run");

    let (first, second) = (key(INTERVENTION), key(OTHER));
    let records = [(&second, &other.place), (&first, &one.place)];
    let words = workflow.ask_after(&transaction(&told[0]), &records).await;

    assert_eq!(
        words,
        Ok(vec![
            Ok(Confirmation::Confirmed),
            Ok(Confirmation::Rejected)
        ])
    );
}

#[tokio::test]
async fn a_decision_whose_comment_may_be_there_goes_alone_and_without_it() {
    let scene = referred().await;
    let [one, mut other] = two();
    other.comment_may_be_there = true;

    let told = workflow(&scene).tell(&[(&one, &()), (&other, &())]).await;

    let told = told.expect("nothing stops the run");
    assert_ne!(transaction(&told[0]), transaction(&told[1]));
    assert_eq!(scene.calls(System::Ping, DATA), 2);
    assert_eq!(comments(&scene, OTHER), [[""; 0]]);
    assert_eq!(comments(&scene, INTERVENTION).len(), 1);
}

#[tokio::test]
async fn decisions_whose_answer_is_lost_are_unsure_and_remember_their_comment() {
    let scene = referred().await;
    scene.fault(System::Ping, DATA, 0, faults::Fault::DropAfterEffect);
    let [one, other] = two();

    let told = workflow(&scene).tell(&[(&one, &()), (&other, &())]).await;

    let unsure = |decision: &Decision| Ok(Written::Unsure(decision.place.clone()));
    assert_eq!(told, Ok(vec![unsure(&one), unsure(&other)]));
    assert!(one.place.commented.is_some());
    assert_eq!(scene.calls(System::Ping, DATA), 1);
}

#[tokio::test]
async fn one_bad_decision_does_not_keep_its_neighbour() {
    let scene = referred().await;
    scene.sandbox.ping.poison(OTHER);
    let [one, other] = two();

    let told = workflow(&scene).tell(&[(&one, &()), (&other, &())]).await;

    let told = told.expect("nothing stops the run");
    assert!(matches!(&told[0], Ok(Written::Accepted(..))));
    // Its comment may have been taken with the first request, so its place says so.
    let Ok(Written::Otherwise(place, fault)) = &told[1] else {
        panic!("{:?}", told[1]);
    };
    assert_eq!(place, &other.place);
    assert_eq!(fault.kind, Fault::retry(Reason::PingError).kind);
    assert!(fault.transaction_id.is_some());
}

#[tokio::test]
async fn decisions_of_which_some_were_taken_go_once_more_alone_and_without_their_comments() {
    let scene = referred().await;
    let message = "a passing trouble".to_owned();
    let in_part = faults::Fault::TakenInPart {
        records: 1,
        message,
    };
    scene.fault(System::Ping, DATA, 0, in_part);
    let [one, other] = two();

    let told = workflow(&scene).tell(&[(&one, &()), (&other, &())]).await;

    let told = told.expect("nothing stops the run");
    assert_ne!(transaction(&told[0]), transaction(&told[1]));
    assert_eq!(scene.calls(System::Ping, DATA), 3);
    let with_it = vec![vec!["Referral acknowledged by PRIMERO".to_owned()], vec![]];
    assert_eq!(comments(&scene, INTERVENTION), with_it);
    assert_eq!(comments(&scene, OTHER), [[""; 0]]);
}

#[test]
fn what_was_taken_without_a_receipt_cannot_be_asked_after() {
    let [one, _] = two();
    let unsure = Ok(Written::Unsure(one.place.clone()));
    assert_eq!(written(&one, &Ok(None), &[]), unsure);
}

#[tokio::test]
async fn what_was_told_before_the_run_is_stopped_is_not_forgotten() {
    let forbidden = || faults::Fault::Status {
        status: 403,
        retry_after: None,
        after_effect: false,
    };
    let stop = Stop::PermissionDenied {
        system: system::System::Ping,
        route: "write decisions",
    };
    let [mut one, other] = two();
    one.comment_may_be_there = true;
    let batch = [(&other, &()), (&one, &())];

    let scene = referred().await;
    scene.fault(System::Ping, DATA, 0, forbidden());
    let told = workflow(&scene).tell(&batch).await;
    assert_eq!(told, Err(stop.into()));

    let scene = referred().await;
    scene.fault(System::Ping, DATA, 1, forbidden());
    let told = workflow(&scene).tell(&batch).await;
    let told = told.expect("something was told");
    assert_eq!(told[0], Err(Fault::defer()));
    assert!(matches!(&told[1], Ok(Written::Accepted(..))));
}

#[tokio::test]
async fn what_discovery_showed_is_not_read_again() {
    let scene = Scene::start().await;
    let shown = vec![Arc::new(case(&[accepted()]))];
    let key = key(INTERVENTION);
    let asked = Asked {
        key: &key,
        place: None,
        known: None,
        offer: Some(&shown),
    };

    let read = workflow(&scene).read(&[asked]).await;

    let read = read.expect("nothing stops the run");
    let source = read[0].as_ref().expect("a case");
    assert!(Arc::ptr_eq(&source.cases[0], &shown[0]));
    assert_eq!(scene.calls(System::Primero, "cases"), 0);
}

fn stored(case: &str, services: &[Value]) -> Value {
    json!({
        "id": case,
        "module_id": "primeromodule-cp",
        "status": "open",
        "services_section": services,
    })
}

#[tokio::test]
async fn a_case_is_read_again_with_the_one_that_contradicts_it() {
    let scene = Scene::start().await;
    scene.insert(stored(CASE, &[accepted()]));
    scene.insert(stored(
        OTHER_CASE,
        &[service("unhcr_referral_status", "pending")],
    ));
    let key = key(INTERVENTION);
    let id = |text: &str| text.parse().expect("a GUID");
    let contested = Place {
        case: id(CASE),
        rival: Some(id(OTHER_CASE)),
        commented: None,
        repeated: false,
        sent_with: 0,
    };
    let gone = Place {
        case: case_with("id", INTERVENTION, &[]).case.id,
        rival: None,
        commented: None,
        repeated: false,
        sent_with: 0,
    };
    let places = [Some(&contested), Some(&gone), None];
    let asked = places.map(|place| Asked {
        key: &key,
        place,
        known: None,
        offer: None,
    });

    let read = workflow(&scene).read(&asked).await;

    let read = read.expect("nothing stops the run");
    let found = read[0].as_ref().expect("it is there");
    let found: Vec<_> = found.cases.iter().map(|case| case.case.id).collect();
    assert_eq!(found, [id(OTHER_CASE), id(CASE)]);
    let missing = Fault::retry(Reason::DetailsMissing);
    for other in &read[1..] {
        assert_eq!(other.as_ref().err(), Some(&missing));
    }
}

#[tokio::test]
async fn the_case_that_the_ledger_knows_is_read_beside_another_that_discovery_shows() {
    let scene = Scene::start().await;
    scene.insert(stored(OTHER_CASE, &[rejected("Duplicate")]));
    let key = key(INTERVENTION);
    let shown = vec![Arc::new(case(&[accepted()]))];
    let place = |case: &str| Place {
        case: case.parse().expect("a GUID"),
        rival: None,
        commented: None,
        repeated: false,
        sent_with: 0,
    };
    let (known, found) = (place(OTHER_CASE), place(CASE));
    let asked = Asked {
        key: &key,
        place: Some(&found),
        known: Some(&known),
        offer: Some(&shown),
    };

    let read = workflow(&scene).read(&[asked]).await;

    let read = read.expect("nothing stops the run");
    let source = read[0].as_ref().expect("both are there");
    let ids: Vec<_> = source.cases.iter().map(|case| case.case.id).collect();
    assert_eq!(ids, [known.case, found.case]);
}

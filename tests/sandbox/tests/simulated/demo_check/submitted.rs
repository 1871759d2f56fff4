//! 2.1: what the checker says of referrals in proGres.

use sandbox::Workflow;
use serde_json::{Value, json};

use super::by_hand::{Run, sums};
use super::expected::expected_submissions;

const WORKFLOW: Workflow = Workflow::ReferralsToProgres;

/// The record with a value in every field.
fn first() -> Value {
    let key = "cafe0041-b938-4319-80af-bbc59ee45d41/5efb0041-0606-4436-8f3d-c748867d913b";
    expected_submissions()[key]["submitted"].clone()
}

/// Everything but the record of [`first`] is there; `submitted` takes its place.
async fn with_first_as(submitted: &Value) -> Run {
    let mut run = Run::after(Workflow::DecisionsToProgres).await;
    run.play_before(WORKFLOW);
    let service = first()["fields"]["progres_orgreferralid"].clone();
    run.sandbox
        .ping
        .reject_record_later(service.as_str().unwrap(), "replaced by the test");
    run.work(WORKFLOW).await;
    run.submit(submitted).await;
    run
}

#[tokio::test]
async fn a_referral_submitted_twice_is_a_duplicate() {
    let run = Run::after(WORKFLOW).await;
    run.submit(&first()).await;
    assert_eq!(sums(&run.verdict()), [0, 1, 0, 0, 0]);
}

#[tokio::test]
async fn a_referral_rejected_later_is_lost() {
    let mut run = Run::after(Workflow::DecisionsToProgres).await;
    run.play_before(WORKFLOW);
    run.sandbox.ping.reject_later(1, "closed individual");
    run.work(WORKFLOW).await;
    assert_eq!(sums(&run.verdict()), [1, 0, 0, 0, 0]);
}

#[tokio::test]
async fn every_field_of_a_submission_is_compared() {
    assert!(with_first_as(&first()).await.verdict().is_clean());
    let ids = ["progres_offlineid", "progres_orgreferralid"];
    let guids = ["progres_requestedservice", "progres_spneedcategory"];
    let fields = first()["fields"].as_object().unwrap().clone();
    for (name, right) in fields
        .iter()
        .filter(|(name, _)| !ids.contains(&name.as_str()))
    {
        let wrong = match right {
            _ if guids.contains(&name.as_str()) => "406b539a-e662-425e-810b-47e4fa7da496",
            _ if name == "progres_pocsex" => "125080003",
            _ if name == "progres_pocdateofbirth" => "2001-01-01",
            _ => "something else",
        };
        let mut submitted = first();
        submitted["fields"][name] = json!(wrong);
        let run = with_first_as(&submitted).await;
        assert_eq!(sums(&run.verdict()), [0, 0, 0, 0, 1], "{name}");
    }
}

#[tokio::test]
async fn a_field_that_is_not_there_at_all_is_unexpected() {
    let mut submitted = first();
    let fields = submitted["fields"].as_object_mut().unwrap();
    fields.remove("progres_pocotheridnumber").unwrap();
    let verdict = with_first_as(&submitted).await.verdict();
    assert_eq!(sums(&verdict), [0, 0, 0, 0, 2]);
}

#[tokio::test]
async fn a_service_under_the_ids_of_another_case_is_on_the_wrong_case() {
    let mut submitted = first();
    let other = "cafe0042-b938-4319-80af-bbc59ee45d42";
    submitted["fields"]["progres_offlineid"] = json!(other);
    let verdict = with_first_as(&submitted).await.verdict();
    assert_eq!(sums(&verdict), [1, 0, 1, 0, 0]);
    let mut submitted = first();
    submitted["external_guid"] = json!("c0de0042-e662-4e5e-810b-47e4fa7da496");
    let verdict = with_first_as(&submitted).await.verdict();
    assert_eq!(sums(&verdict), [0, 0, 1, 0, 0]);
}

#[tokio::test]
async fn a_withdrawn_referral_must_not_be_sent() {
    let run = Run::after(WORKFLOW).await;
    let mut submitted = first();
    for (name, value) in [
        ("progres_offlineid", "cafe0046-b938-4319-80af-bbc59ee45d46"),
        (
            "progres_orgreferralid",
            "5efb0046-0606-4436-8f3d-c748867d913b",
        ),
    ] {
        submitted["fields"][name] = json!(value);
    }
    run.submit(&submitted).await;
    assert!(run.verdict().sums.unexpected > 0);
}

#[tokio::test]
async fn a_fallback_contact_must_say_something() {
    let mut run = Run::after(Workflow::DecisionsToProgres).await;
    run.play_before(WORKFLOW);
    let records = expected_submissions();
    let incomplete = records
        .values()
        .find(|expected| expected["submitted"]["filled"].is_array())
        .unwrap();
    let mut submitted = incomplete["submitted"].clone();
    let service = submitted["fields"]["progres_orgreferralid"].clone();
    let service = service.as_str().unwrap();
    run.sandbox
        .ping
        .reject_record_later(service, "replaced by the test");
    run.work(WORKFLOW).await;
    let filled = submitted["filled"].take();
    for name in filled.as_array().unwrap() {
        submitted["fields"][name.as_str().unwrap()] = Value::Null;
    }
    run.submit(&submitted).await;
    assert_eq!(sums(&run.verdict()), [0, 0, 0, 0, 3]);
}

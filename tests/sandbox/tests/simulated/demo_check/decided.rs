//! 1.2: what the checker says of decisions in proGres.

use sandbox::Workflow;
use serde_json::{Value, json};

use super::by_hand::{Run, problems, sums};
use super::expected::expected_decisions;

const ACCEPTED: &str = "7d2e0001-4879-4e11-8179-000d3a43f6eb";
const UNDECIDED: &str = "7d2e0004-4879-4e11-8179-000d3a43f6eb";

async fn finished() -> Run {
    Run::after(Workflow::DecisionsToProgres).await
}

/// Everything decided, but the decision of [`ACCEPTED`] is changed by `change` before it is told.
async fn with_one_changed(change: impl FnOnce(&mut Value)) -> Run {
    let mut run = Run::after(Workflow::ReferralsToPrimero).await;
    run.play_before(Workflow::DecisionsToProgres);
    let mut expected = expected_decisions();
    let claims = finished()
        .await
        .claims(Workflow::DecisionsToProgres)
        .clone();
    run.ledger.insert(Workflow::DecisionsToProgres, claims);
    change(&mut expected.get_mut(ACCEPTED).unwrap()["told"]);
    for (key, expected) in expected {
        if expected["told"].is_object() {
            run.tell(&key, &expected["told"]).await;
        }
    }
    run
}

#[tokio::test]
async fn a_decision_told_twice_is_a_duplicate() {
    let run = finished().await;
    let told = &expected_decisions()[ACCEPTED]["told"];
    run.tell(ACCEPTED, told).await;
    assert_eq!(sums(&run.verdict()), [0, 1, 0, 0, 0]);
}

#[tokio::test]
async fn the_opposite_decision_is_wrong() {
    let run = with_one_changed(|told| {
        told["report"]["progres_primerotransferstatus"] = json!("125080004");
    })
    .await;
    let verdict = run.verdict();
    assert_eq!(sums(&verdict), [0, 0, 0, 1, 0], "{:?}", problems(&verdict));
}

#[tokio::test]
async fn a_decision_that_nobody_made_is_wrong() {
    let run = finished().await;
    let mut told = expected_decisions()[ACCEPTED]["told"].clone();
    told["case"] = json!({ "individual": "606-100000003", "existing": null });
    run.tell(UNDECIDED, &told).await;
    assert_eq!(sums(&run.verdict()), [0, 0, 0, 1, 0]);
}

#[tokio::test]
async fn the_decision_on_another_agencys_service_is_not_to_be_told() {
    let run = finished().await;
    let told = &expected_decisions()[ACCEPTED]["told"];
    run.tell("7d2e0034-4879-4e11-8179-000d3a43f6eb", told).await;
    assert_eq!(sums(&run.verdict()), [0, 0, 0, 1, 0]);
}

#[tokio::test]
async fn a_decision_told_of_another_childs_case_is_on_the_wrong_case() {
    let run = with_one_changed(|told| {
        told["case"] = json!({ "individual": "606-100000003", "existing": null });
    })
    .await;
    assert_eq!(sums(&run.verdict()), [0, 0, 1, 0, 0]);
}

#[tokio::test]
async fn another_comment_and_another_case_worker_are_unexpected() {
    let run = with_one_changed(|told| {
        told["comment"] = json!("Referral accepted");
        told["report"]["progres_primerocaseworker"] = json!("worker5");
    })
    .await;
    assert_eq!(sums(&run.verdict()), [0, 0, 0, 0, 2]);
}

#[tokio::test]
async fn a_decision_rejected_later_was_never_told() {
    let mut run = Run::after(Workflow::ReferralsToPrimero).await;
    run.play_before(Workflow::DecisionsToProgres);
    run.sandbox.ping.reject_record_later(ACCEPTED, "locked");
    run.work(Workflow::DecisionsToProgres).await;
    assert_eq!(sums(&run.verdict()), [1, 0, 0, 0, 0]);
}

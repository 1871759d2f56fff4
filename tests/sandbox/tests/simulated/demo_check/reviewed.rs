//! 2.2: what the checker says of UNHCR's decisions in Primero.

use sandbox::Workflow;
use sandbox::demo;

use super::by_hand::{Run, sums};

const WORKFLOW: Workflow = Workflow::DecisionsToPrimero;

fn ids(number: u8) -> (String, String) {
    let case_id = format!("cafe00{number}-b938-4319-80af-bbc59ee45d{number}");
    let service = format!("5efb00{number}-0606-4436-8f3d-c748867d913b");
    (case_id, service)
}

fn interop(run: &Run, number: u8) -> String {
    let (case_id, service) = ids(number);
    let found = run.sandbox.ping.referral_of(&case_id, &service);
    found.unwrap().to_string()
}

fn referral(run: &Run, number: u8) -> String {
    let (case_id, service) = ids(number);
    run.referral(&case_id, &service)["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// UNHCR has decided, and nothing was done about it but what `act` does before the rest.
async fn with_before(act: impl FnOnce(&Run)) -> Run {
    let mut run = Run::after(Workflow::ReferralsToProgres).await;
    run.play_before(WORKFLOW);
    act(&run);
    run.work(WORKFLOW).await;
    run
}

#[tokio::test]
async fn a_rejection_in_place_of_an_acceptance_is_a_wrong_decision() {
    let run = with_before(|run| {
        let referral = referral(run, 41);
        run.sandbox.primero.reject_referral(&referral, "").unwrap();
    })
    .await;
    assert_eq!(sums(&run.verdict()), [0, 0, 0, 1, 0]);
}

#[tokio::test]
async fn an_unknown_code_must_never_become_a_decision() {
    let run = Run::after(WORKFLOW).await;
    let undecided = referral(&run, 45);
    run.sandbox.primero.accept_referral(&undecided).unwrap();
    assert_eq!(sums(&run.verdict()), [0, 0, 0, 1, 0]);
}

#[tokio::test]
async fn another_reason_is_unexpected() {
    let run = with_before(|run| {
        let referral = referral(run, 42);
        let primero = &run.sandbox.primero;
        primero
            .reject_referral(&referral, "Individual Not Found")
            .unwrap();
    })
    .await;
    assert_eq!(sums(&run.verdict()), [0, 0, 0, 0, 1]);
}

#[tokio::test]
async fn a_second_mark_is_a_duplicate_unless_it_is_allowed() {
    let run = Run::after(WORKFLOW).await;
    run.mark(&interop(&run, 41), &referral(&run, 41)).await;
    assert_eq!(sums(&run.verdict()), [0, 1, 0, 0, 0]);
    let verdict = demo::check_with(&run.sandbox, &run.ledger, run.now, 2);
    assert!(verdict.is_clean());
}

#[tokio::test]
async fn a_mark_on_a_decision_that_primero_does_not_have_is_unexpected() {
    let run = Run::after(WORKFLOW).await;
    run.mark(&interop(&run, 45), &referral(&run, 45)).await;
    assert_eq!(sums(&run.verdict()), [0, 0, 0, 0, 1]);
}

#[tokio::test]
async fn a_mark_that_names_another_referral_is_on_the_wrong_case() {
    let mut run = Run::after(Workflow::ReferralsToProgres).await;
    run.play_before(WORKFLOW);
    let id = interop(&run, 41);
    run.sandbox
        .ping
        .reject_record_later(&id, "replaced by the test");
    run.work(WORKFLOW).await;
    run.mark(&id, &referral(&run, 45)).await;
    assert_eq!(sums(&run.verdict()), [0, 0, 1, 0, 0]);
}

#[tokio::test]
async fn a_decision_in_primero_of_which_progres_was_not_told_is_lost() {
    let mut run = Run::after(Workflow::ReferralsToProgres).await;
    run.play_before(WORKFLOW);
    let id = interop(&run, 41);
    run.sandbox.ping.reject_record_later(&id, "locked");
    run.work(WORKFLOW).await;
    assert_eq!(sums(&run.verdict()), [1, 0, 0, 0, 0]);
}

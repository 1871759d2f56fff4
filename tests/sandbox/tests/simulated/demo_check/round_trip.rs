//! The whole round trip, and the order of it.

use sandbox::Workflow;
use sandbox::demo::{self, Claims, Kind, Plant};

use super::by_hand::{Run, problems};

#[tokio::test]
async fn a_correct_round_trip_has_no_problem_after_any_workflow() {
    let mut run = Run::start().await;
    for workflow in Workflow::ALL {
        run.play_before(workflow);
        run.work(workflow).await;
        let verdict = run.verdict();
        assert_eq!(problems(&verdict), Vec::<String>::new(), "{workflow}");
        assert!(verdict.is_clean());
        let mut records = verdict.records.iter();
        assert!(
            records.all(|record| record.expected == record.found),
            "{workflow}"
        );
        assert_eq!(verdict.workflows.len(), run.ledger.len());
    }
}

#[tokio::test]
async fn what_people_do_between_two_workflows_is_no_fault() {
    let mut run = Run::start().await;
    for workflow in Workflow::ALL {
        run.play_before(workflow);
        assert!(run.verdict().is_clean(), "before {workflow}");
        run.work(workflow).await;
    }
}

#[tokio::test]
async fn a_workflow_that_did_nothing_lost_its_records() {
    for workflow in Workflow::ALL.into_iter().skip(1) {
        let mut run = Run::start().await;
        for earlier in Workflow::ALL.into_iter().filter(|one| *one < workflow) {
            run.play_before(earlier);
            run.work(earlier).await;
        }
        run.play_before(workflow);
        run.ledger.insert(workflow, Claims::new());
        let sums = run.verdict().workflows[&workflow];
        assert!(sums.lost > 0, "{workflow}");
        assert_eq!(sums.lost, sums.total(), "{workflow}");
    }
}

#[tokio::test]
async fn a_workflow_that_has_not_run_must_not_have_done_anything() {
    for workflow in Workflow::ALL.into_iter().skip(1) {
        let mut run = Run::after(workflow).await;
        run.ledger.remove(&workflow);
        let verdict = run.verdict();
        assert!(verdict.sums.unexpected > 0, "{workflow}");
        assert_eq!(verdict.sums.unexpected, verdict.sums.total(), "{workflow}");
    }
}

#[tokio::test]
async fn every_plant_shows_in_its_own_counter_after_the_round_trip() {
    for (name, kind) in [
        ("lost", Kind::Lost),
        ("duplicated", Kind::Duplicated),
        ("wrong-case", Kind::WrongCase),
        ("wrong-decision", Kind::WrongDecision),
    ] {
        let run = Run::after(Workflow::DecisionsToPrimero).await;
        let plant: Plant = name.parse().unwrap();
        assert_eq!(plant.shows_as(), kind);
        demo::plant(&run.sandbox, plant).unwrap();
        let verdict = run.verdict();
        assert_eq!(verdict.sums.of(kind), 1, "{name}: {:?}", problems(&verdict));
        assert_eq!(verdict.sums.total(), 1, "{name}: {:?}", problems(&verdict));
    }
}

#[tokio::test]
async fn a_wrong_decision_cannot_be_planted_before_any_was_reported() {
    let run = Run::after(Workflow::ReferralsToPrimero).await;
    demo::plant(&run.sandbox, Plant::WrongDecision).unwrap_err();
}

#[tokio::test]
async fn the_keys_are_those_of_the_claims() {
    let run = Run::after(Workflow::DecisionsToPrimero).await;
    for (workflow, claims) in &run.ledger {
        let keys = demo::keys(&run.sandbox, *workflow);
        assert!(!claims.is_empty());
        for key in claims.keys() {
            assert!(keys.contains(key), "{workflow}: {key}");
        }
    }
}

#[tokio::test]
async fn a_claim_about_a_record_that_nobody_knows_is_unexpected() {
    for workflow in Workflow::ALL {
        let mut run = Run::after(Workflow::DecisionsToPrimero).await;
        let claims = run.claims(workflow);
        let any = claims.values().next().unwrap().clone();
        claims.insert("7d2e0099-4879-4e11-8179-000d3a43f6eb".to_owned(), any);
        assert_eq!(run.verdict().workflows[&workflow].unexpected, 1);
    }
}

#[tokio::test]
async fn a_record_kept_back_in_silence_is_lost_and_a_wrong_reason_unexpected() {
    for workflow in Workflow::ALL {
        let mut run = Run::after(Workflow::DecisionsToPrimero).await;
        let keys: Vec<String> = run.claims(workflow).keys().cloned().collect();
        for key in keys {
            let claim = run.claims(workflow).remove(&key).unwrap();
            assert_eq!(
                run.verdict().workflows[&workflow].lost,
                1,
                "{workflow} {key}"
            );
            let wrong = demo::HeldClaim {
                reason: "internal_error".to_owned(),
                ..claim.clone()
            };
            run.claims(workflow).insert(key.clone(), wrong);
            assert_eq!(
                run.verdict().workflows[&workflow].unexpected,
                1,
                "{workflow} {key}"
            );
            run.claims(workflow).insert(key, claim);
        }
        assert!(run.verdict().is_clean());
    }
}

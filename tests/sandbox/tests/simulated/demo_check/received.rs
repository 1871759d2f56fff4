//! 1.1: what the checker says of referrals in Primero.

use sandbox::Workflow;
use sandbox::demo::{self, Claims, Plant};
use serde_json::{Value, json};
use uuid::Uuid;

use super::by_hand::{Run, problems, sums};
use super::expected::expected_referrals;

const WORKFLOW: Workflow = Workflow::ReferralsToPrimero;

#[tokio::test]
async fn a_correct_end_state_has_no_problem() {
    let verdict = Run::after(WORKFLOW).await.verdict();
    assert_eq!(problems(&verdict), Vec::<String>::new());
    assert!(verdict.is_clean());
    assert!(
        verdict
            .records
            .iter()
            .all(|record| record.expected == record.found)
    );
}

#[tokio::test]
async fn before_any_run_everything_is_lost() {
    let mut run = Run::start().await;
    run.ledger.insert(WORKFLOW, Claims::new());
    let verdict = run.verdict();
    let expected = expected_referrals();
    let delivered = expected
        .values()
        .filter(|one| one["already_in_place"].is_null());
    // What is in place already lacks its report to proGres.
    assert_eq!(sums(&verdict), [delivered.count() + 4, 0, 0, 0, 0]);
}

#[tokio::test]
async fn every_plant_shows_in_its_own_counter() {
    for plant in [Plant::Lost, Plant::Duplicated, Plant::WrongCase] {
        let run = Run::after(WORKFLOW).await;
        demo::plant(&run.sandbox, plant).unwrap();
        let verdict = run.verdict();
        let faults = problems(&verdict);
        assert_eq!(
            verdict.sums.of(plant.shows_as()),
            1,
            "{plant:?}: {faults:?}"
        );
        assert_eq!(verdict.sums.total(), 1, "{plant:?}: {faults:?}");
    }
}

#[tokio::test]
async fn a_changed_demographic_of_an_existing_case_is_unexpected_referrals() {
    let run = Run::after(WORKFLOW).await;
    let case = run
        .case_of(&json!({ "individual": "606-100000002" }))
        .unwrap();
    let id = case["id"].as_str().unwrap();
    let fields = json!({ "name_first": "Ujulu" });
    run.sandbox.primero.worker_updates_case(id, fields).unwrap();
    let verdict = run.verdict();
    assert!(verdict.sums.unexpected > 0);
    assert_eq!(verdict.sums.unexpected, verdict.sums.total());
}

#[tokio::test]
async fn a_wrong_value_in_a_service_is_unexpected_referrals() {
    let run = Run::after(WORKFLOW).await;
    let case = run
        .case_of(&json!({ "individual": "606-100000001" }))
        .unwrap();
    let service = &case["services_section"][0];
    let (case, service) = (&case["id"], &service["unique_id"]);
    let fields = json!({ "service_appointment_date": "2026-11-01" });
    let (case, service) = (case.as_str().unwrap(), service.as_str().unwrap());
    run.sandbox
        .primero
        .worker_updates_service(case, service, fields)
        .unwrap();
    let verdict = run.verdict();
    assert_eq!((verdict.sums.lost, verdict.sums.unexpected), (0, 1));
}

/// Another value of the same type.
fn other(value: &Value) -> Value {
    match value {
        Value::Bool(flag) => json!(!flag),
        Value::Array(_) => json!(["language8"]),
        _ => json!("something else"),
    }
}

#[tokio::test]
async fn every_mapped_field_of_a_service_is_compared() {
    let run = Run::after(WORKFLOW).await;
    let case = run
        .case_of(&json!({ "individual": "606-100000001" }))
        .unwrap();
    let service = &case["services_section"][0];
    let change = |fields: Value| {
        let (case, id) = (
            case["id"].as_str().unwrap(),
            service["unique_id"].as_str().unwrap(),
        );
        run.sandbox
            .primero
            .worker_updates_service(case, id, fields)
            .unwrap();
    };
    let expected = expected_referrals();
    let fields = expected.values().next().unwrap()["delivered"]["service"]
        .as_object()
        .unwrap();
    for (name, right) in fields.iter().filter(|(name, _)| *name != "unique_id") {
        change(json!({ name: other(right) }));
        assert!(run.verdict().sums.unexpected > 0, "{name}");
        change(json!({ name: right }));
    }
    assert!(run.verdict().is_clean());
}

#[tokio::test]
async fn every_mapped_field_of_a_new_case_is_compared() {
    let run = Run::after(WORKFLOW).await;
    let case = run
        .case_of(&json!({ "individual": "606-100000001" }))
        .unwrap();
    let change = |fields: Value| {
        let id = case["id"].as_str().unwrap();
        run.sandbox.primero.worker_updates_case(id, fields).unwrap();
    };
    let expected = expected_referrals();
    let fields = expected.values().next().unwrap()["delivered"]["case_fields"]
        .as_object()
        .unwrap();
    let age = json!({ "age": case["age"] });
    for (name, right) in fields.iter().chain(age.as_object().unwrap()) {
        change(json!({ name: other(right) }));
        let verdict = run.verdict();
        assert!(verdict.sums.lost + verdict.sums.unexpected > 0, "{name}");
        change(json!({ name: right }));
    }
    assert!(run.verdict().is_clean());
}

#[tokio::test]
async fn an_extra_case_and_an_extra_service_are_unexpected_referrals() {
    let run = Run::after(WORKFLOW).await;
    let service = json!({ "unique_id": Uuid::from_u128(1), "service_type": "alternative_care" });
    let case = json!({ "unhcr_individual_no": "606-100000009", "services_section": [service] });
    run.sandbox.primero.insert_case(case).unwrap();
    assert_eq!(run.verdict().sums.unexpected, 2);
}

#[tokio::test]
async fn a_held_record_must_be_claimed_with_its_reason_and_fields() {
    let mut run = Run::after(WORKFLOW).await;
    let reason_of = |reason: &str, held: &Claims| {
        let mut claims = held.iter();
        claims
            .find(|(_, claim)| claim.reason == reason)
            .unwrap()
            .0
            .clone()
    };
    let silent = reason_of("case_closed", run.claims(WORKFLOW));
    run.claims(WORKFLOW).remove(&silent);
    assert_eq!(run.verdict().sums.lost, 1);

    let wrong = reason_of("ambiguous_case", run.claims(WORKFLOW));
    run.claims(WORKFLOW).get_mut(&wrong).unwrap().reason = "case_closed".to_owned();
    assert_eq!(run.verdict().sums.unexpected, 1);

    let nameless = reason_of("missing_required_field", run.claims(WORKFLOW));
    run.claims(WORKFLOW)
        .get_mut(&nameless)
        .unwrap()
        .fields
        .clear();
    assert_eq!(run.verdict().sums.unexpected, 2);
}

#[tokio::test]
async fn a_second_report_is_a_duplicate_unless_it_is_allowed() {
    let run = Run::after(WORKFLOW).await;
    let (key, expected) = expected_referrals().into_iter().next().unwrap();
    run.report(&key, &expected["delivered"]["case"]).await;
    assert_eq!(run.verdict().sums.duplicated, 1);
    let verdict = demo::check_with(&run.sandbox, &run.ledger, run.now, 2);
    assert!(verdict.is_clean());
}

#[tokio::test]
async fn a_reported_failure_does_not_count_as_a_report_of_arrival() {
    let mut run = Run::start().await;
    run.ledger.insert(WORKFLOW, Claims::new());
    let before = run.verdict();
    let (key, expected) = expected_referrals().into_iter().next().unwrap();
    run.deliver(&expected["delivered"]).await;
    run.report_status(&key, &expected["delivered"]["case"], "125080001")
        .await;
    let after = run.verdict();
    assert_eq!(
        (after.sums.lost, after.sums.unexpected),
        (before.sums.lost, before.sums.unexpected + 1)
    );
}

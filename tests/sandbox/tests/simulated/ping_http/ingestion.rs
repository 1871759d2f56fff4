//! Transfer statuses, submissions and marks, and what checkstatus tells about them.

use sandbox::ping::{Decision, PingOptions, StatusShape};
use serde_json::{Value, json};
use uuid::Uuid;

use super::gate::{
    ASYNC_DATA, CHECK, DATA, Gate, RETRIEVAL, check, details, error_of, refer, retrieval,
    status_write, submission,
};

#[tokio::test]
async fn a_field_value_must_be_text_or_null() {
    let gate = Gate::open(PingOptions::default()).await;
    let ids = refer(&gate, 1);
    let mut body = status_write(&ids[0], "125080002");
    body["Data"][0]["Fields"][3]["Value"] = json!(7);
    let answer = gate.post(DATA, &body).await;
    assert!(error_of(&answer).contains("string or null"));
    assert!(gate.sandbox.ping.transfer_statuses_of(&ids[0]).is_empty());
}

#[tokio::test]
async fn a_received_status_takes_the_intervention_off_the_list_but_a_failure_does_not() {
    let gate = Gate::open(PingOptions::default()).await;
    let ids = refer(&gate, 2);
    gate.report(&ids[0], "125080002").await;
    gate.report(&ids[1], "125080001").await;
    assert_eq!(gate.sandbox.ping.pending(), ids[1..]);
    assert_eq!(gate.sandbox.traffic().ping.effective_writes, 2);
}

#[tokio::test]
async fn details_show_what_was_written_of_primero() {
    let gate = Gate::open(PingOptions::default()).await;
    let ids = refer(&gate, 1);
    gate.report(&ids[0], "125080001").await;
    let answer = gate.post(RETRIEVAL, &details(&ids)).await;
    for row in answer["Data"].as_array().unwrap() {
        assert_eq!(row["progres_primerotransferstatus"], "125080001");
        assert_eq!(row["progres_primerotransferstatusdate"], "2026-11-23");
    }
}

#[tokio::test]
async fn a_submission_is_known_only_by_its_transaction_until_it_is_processed() {
    let gate = Gate::open(PingOptions {
        checks_before_result: 1,
        ..PingOptions::default()
    })
    .await;
    let answer = gate.post(ASYNC_DATA, &submission("service-1")).await;
    let check = check("SHP-2731", &answer);
    assert_eq!(gate.post(CHECK, &check).await["Data"], Value::Null);
    assert_eq!(
        gate.post(CHECK, &check).await["Data"][0]["Status"],
        "Success"
    );
}

#[tokio::test]
async fn a_submission_can_be_rejected_after_it_was_accepted() {
    let gate = Gate::open(PingOptions::default()).await;
    gate.sandbox.ping.reject_later(1, "closed individual");
    gate.post(ASYNC_DATA, &submission("service-1")).await;
    let received = &gate.sandbox.ping.submissions()[0];
    assert!(!received.applied);
    assert_eq!(gate.sandbox.traffic().ping.effective_writes, 0);
}

#[tokio::test]
async fn a_repeated_submission_makes_a_second_referral() {
    let gate = Gate::open(PingOptions::default()).await;
    gate.post(ASYNC_DATA, &submission("service-1")).await;
    gate.post(ASYNC_DATA, &submission("service-1")).await;
    let received = gate.sandbox.ping.submissions();
    assert_ne!(received[0].referral, received[1].referral);
}

#[tokio::test]
async fn almost_json_has_quotes_that_are_not_escaped() {
    let gate = Gate::open(PingOptions {
        status_shape: StatusShape::AlmostJson,
        ..PingOptions::default()
    })
    .await;
    let ids = refer(&gate, 1);
    let answer = gate.report(&ids[0], "125080002").await;
    let check = check("SHP-2748", &answer);
    let answer = gate.post(CHECK, &check).await;
    let text = answer["Data"].as_str().unwrap();
    assert!(text.contains(r#""Data":"{""#));
    assert!(serde_json::from_str::<Value>(text).is_err());
}

#[tokio::test]
async fn a_decision_is_listed_until_it_is_marked_as_synced() {
    let gate = Gate::open(PingOptions {
        list_synced_decisions: false,
        ..PingOptions::default()
    })
    .await;
    gate.post(ASYNC_DATA, &submission("service-1")).await;
    let referral = gate.sandbox.ping.submissions()[0].referral.unwrap();
    let decision = Decision {
        status: Some(125_080_001),
        ..Decision::default()
    };
    gate.sandbox
        .ping
        .decide_referral(referral, &decision)
        .unwrap();
    let listed = gate.all(retrieval("SHP-2795")).await;
    assert_eq!(
        listed[0]["progres_interoperabilityreferralid"],
        json!(referral)
    );
    let mark = json!({
        "ShippingProcessId": "SHP-2284",
        "InteropId": "INT-1436",
        "Data": [{ "ExternalId": "x", "Fields": [
            { "Name": "progres_interoperabilityreferralid", "Value": referral },
            { "Name": "progres_interoperabilityreferralstatus", "Value": "125080003" },
        ]}],
    });
    gate.post(DATA, &mark).await;
    assert_eq!(gate.sandbox.ping.marks()[&referral].len(), 1);
    assert!(gate.all(retrieval("SHP-2795")).await.is_empty());
}

#[tokio::test]
async fn a_recognised_repeat_keeps_the_first_referral() {
    let gate = Gate::open(PingOptions {
        recognise_repeats: true,
        ..PingOptions::default()
    })
    .await;
    gate.post(ASYNC_DATA, &submission("service-1")).await;
    gate.post(ASYNC_DATA, &submission("service-1")).await;
    let received = gate.sandbox.ping.submissions();
    assert_eq!(received[0].referral, received[1].referral);
    assert_eq!(gate.sandbox.traffic().ping.effective_writes, 1);
}

#[tokio::test]
async fn a_transfer_status_can_be_rejected_after_it_was_accepted() {
    let gate = Gate::open(PingOptions::default()).await;
    let ids = refer(&gate, 1);
    gate.sandbox.ping.reject_later(1, "locked");
    let answer = gate.report(&ids[0], "125080002").await;
    let result = gate.post(CHECK, &check("SHP-2748", &answer)).await;
    assert_eq!(result["Data"][0]["Status"], "Failed");
    assert_eq!(result["Data"][0]["ErrorMessage"], "locked");
    assert_eq!(gate.sandbox.ping.pending(), ids);
}

#[tokio::test]
async fn an_interim_word_can_stand_for_not_yet() {
    let gate = Gate::open(PingOptions {
        checks_before_result: 1,
        interim_word: Some("Queued".to_owned()),
        ..PingOptions::default()
    })
    .await;
    let answer = gate.post(ASYNC_DATA, &submission("service-1")).await;
    let result = gate.post(CHECK, &check("SHP-2731", &answer)).await;
    assert_eq!(result["Data"][0]["Status"], "Queued");
}

#[tokio::test]
async fn one_bad_record_refuses_its_neighbours() {
    let gate = Gate::open(PingOptions::default()).await;
    let ids = refer(&gate, 1);
    let mut body = status_write(&ids[0], "125080002");
    let stranger = status_write(&Uuid::from_u128(99).to_string(), "125080002");
    let records = body["Data"].as_array_mut().unwrap();
    records.push(stranger["Data"][0].clone());
    error_of(&gate.post(DATA, &body).await);
    assert_eq!(gate.sandbox.ping.pending(), ids);
}

#[tokio::test]
async fn an_unknown_transaction_is_an_error() {
    let gate = Gate::open(PingOptions::default()).await;
    let unknown = json!({ "SPHTransactionId": Uuid::from_u128(1) });
    error_of(&gate.post(CHECK, &check("SHP-2731", &unknown)).await);
}

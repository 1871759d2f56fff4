//! Decisions reported to proGres, and what checkstatus tells of them when it is at its worst.

use sandbox::faults::{Fault, Rule, Target};
use sandbox::journal::System;
use sandbox::ping::{PingOptions, StatusShape};
use serde_json::{Value, json};

use super::gate::{
    ASYNC_DATA, CHECK, DATA, Gate, check, decision_write, error_of, refer, submission,
};

fn fault(gate: &Gate, on: &str, fault: Fault) {
    let target = Target::Containing(on.to_owned());
    gate.sandbox
        .faults(System::Ping)
        .add(Rule::once(target, fault));
}

/// One call that reports a decision on each intervention, and what checkstatus says of it.
async fn decide(gate: &Gate, ids: &[String]) -> Value {
    let mut body = decision_write(&ids[0], "125080003", "acknowledged");
    let records = ids
        .iter()
        .map(|id| decision_write(id, "125080003", "acknowledged")["Data"][0].clone());
    body["Data"] = records.collect();
    let answer = gate.post(DATA, &body).await;
    gate.post(CHECK, &check("SHP-2748", &answer)).await
}

fn inner(result: &Value) -> Value {
    serde_json::from_str(result["Data"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn statuses_and_comments_of_an_intervention_are_kept_in_order() {
    let gate = Gate::open(PingOptions::default()).await;
    let ids = refer(&gate, 1);
    for (status, comment) in [("125080003", "first"), ("125080004", "second")] {
        let body = decision_write(&ids[0], status, comment);
        gate.post(DATA, &body).await;
    }
    let received = gate.sandbox.ping.transfer_statuses_of(&ids[0]);
    let statuses = received
        .iter()
        .map(|one| one.field("progres_primerotransferstatus").unwrap());
    assert_eq!(statuses.collect::<Vec<_>>(), ["125080003", "125080004"]);
    assert_eq!(gate.sandbox.ping.comments_of(&ids[0]), ["first", "second"]);
}

#[tokio::test]
async fn each_result_of_a_batch_names_its_intervention() {
    let gate = Gate::open(PingOptions::default()).await;
    let ids = refer(&gate, 2);
    let told = decide(&gate, &ids).await;
    for (id, result) in ids.iter().zip(told["Data"].as_array().unwrap()) {
        assert_eq!(inner(result)["progres_lpinterventionid"], json!(id));
    }
}

#[tokio::test]
async fn one_record_of_a_batch_can_be_rejected_later() {
    let gate = Gate::open(PingOptions::default()).await;
    let ids = refer(&gate, 3);
    gate.sandbox.ping.reject_record_later(&ids[1], "locked");
    let told = decide(&gate, &ids).await;
    let results = told["Data"].as_array().unwrap().iter();
    let words: Vec<&str> = results
        .map(|result| result["Status"].as_str().unwrap())
        .collect();
    assert_eq!(words, ["Success", "Failed", "Success"]);
    assert!(gate.sandbox.ping.comments_of(&ids[1]).is_empty());
    decide(&gate, &ids[1..2]).await;
    assert_eq!(gate.sandbox.ping.comments_of(&ids[1]).len(), 1);
}

#[tokio::test]
async fn results_can_be_made_late_while_the_gate_is_open() {
    let gate = Gate::open(PingOptions::default()).await;
    let ids = refer(&gate, 1);
    gate.sandbox.ping.set_checks_before_result(2);
    assert_eq!(decide(&gate, &ids).await["Data"], Value::Null);
    gate.sandbox.ping.set_checks_before_result(0);
    assert_eq!(decide(&gate, &ids).await["Data"][0]["Status"], "Success");
}

#[tokio::test]
async fn a_status_word_can_be_one_that_nobody_knows() {
    for shape in [StatusShape::Records, StatusShape::AlmostJson] {
        let gate = Gate::open(PingOptions {
            status_shape: shape,
            ..PingOptions::default()
        })
        .await;
        let ids = refer(&gate, 1);
        let word = "Parked".to_owned();
        fault(&gate, "checkstatus", Fault::StatusWord { word });
        assert!(
            decide(&gate, &ids).await["Data"]
                .to_string()
                .contains("Parked")
        );
        assert!(
            !decide(&gate, &ids).await["Data"]
                .to_string()
                .contains("Parked")
        );
    }
}

#[tokio::test]
async fn results_can_name_no_record() {
    let gate = Gate::open(PingOptions::default()).await;
    let ids = refer(&gate, 2);
    fault(&gate, "checkstatus", Fault::StatusWithoutIds);
    let told = decide(&gate, &ids).await;
    assert_eq!(told["Data"].as_array().unwrap().len(), 2);
    assert_eq!(
        inner(&told["Data"][0]),
        json!({ "Message": "Record created" })
    );
}

#[tokio::test]
async fn a_checkstatus_can_be_unreadable() {
    let gate = Gate::open(PingOptions::default()).await;
    let ids = refer(&gate, 1);
    fault(&gate, "checkstatus", Fault::UnreadableStatus);
    let told = decide(&gate, &ids).await;
    let text = told["Data"].as_str().unwrap();
    assert!(!text.ends_with(']'), "{text}");
}

#[tokio::test]
async fn an_answer_can_lack_its_transaction_though_the_record_was_taken() {
    let gate = Gate::open(PingOptions::default()).await;
    fault(&gate, "asyncdata", Fault::WithoutTransaction);
    let answer = gate.post(ASYNC_DATA, &submission("service-1")).await;
    assert_eq!(answer["SPHTransactionId"], Value::Null);
    assert!(gate.sandbox.ping.submissions()[0].applied);
}

#[tokio::test]
async fn a_poisoned_service_cannot_be_submitted() {
    let gate = Gate::open(PingOptions::default()).await;
    gate.sandbox.ping.poison("service-1");
    error_of(&gate.post(ASYNC_DATA, &submission("service-1")).await);
    gate.sandbox.ping.heal("service-1");
    gate.post(ASYNC_DATA, &submission("service-1")).await;
    assert_eq!(gate.sandbox.ping.submissions().len(), 1);
}

#[tokio::test]
async fn an_intervention_delivered_long_ago_is_not_listed_but_takes_its_decision() {
    let gate = Gate::open(PingOptions::default()).await;
    let id = "7d2e0001-4879-4e11-8179-000d3a43f6eb".to_owned();
    let row = json!({ "progres_lpinterventionid": id });
    gate.sandbox.ping.add_delivered(vec![row]).unwrap();
    assert!(gate.sandbox.ping.pending().is_empty());
    decide(&gate, std::slice::from_ref(&id)).await;
    assert_eq!(gate.sandbox.ping.comments_of(&id), ["acknowledged"]);
}

#[tokio::test]
async fn a_fault_can_reject_every_second_record_of_a_batch() {
    let gate = Gate::open(PingOptions::default()).await;
    let ids = refer(&gate, 4);
    let rejected = Fault::RejectedLater {
        message: "locked".to_owned(),
        every: 2,
    };
    fault(&gate, "SHP-2748", rejected);
    let told = decide(&gate, &ids).await;
    let results = told["Data"].as_array().unwrap().iter();
    let words: Vec<&str> = results
        .map(|result| result["Status"].as_str().unwrap())
        .collect();
    assert_eq!(words, ["Success", "Failed", "Success", "Failed"]);
}

#[tokio::test]
async fn a_fault_can_make_a_result_late() {
    let gate = Gate::open(PingOptions::default()).await;
    let ids = refer(&gate, 1);
    fault(&gate, "checkstatus", Fault::NotYet);
    assert_eq!(decide(&gate, &ids).await["Data"], Value::Null);
    assert_eq!(decide(&gate, &ids).await["Data"][0]["Status"], "Success");
}

#[tokio::test]
async fn a_late_decision_can_overtake_a_newer_one() {
    let gate = Gate::open(PingOptions::default()).await;
    let ids = refer(&gate, 1);
    fault(&gate, "SHP-2748", Fault::LateEffect);
    let first = decision_write(&ids[0], "125080003", "first");
    gate.send(DATA, &first).await.unwrap_err();
    let second = decision_write(&ids[0], "125080004", "second");
    gate.post(DATA, &second).await;
    assert_eq!(gate.sandbox.ping.comments_of(&ids[0]), ["second"]);

    assert_eq!(gate.sandbox.carry_out_late(System::Ping).await, 1);
    assert_eq!(gate.sandbox.ping.comments_of(&ids[0]), ["second", "first"]);
    assert_eq!(gate.sandbox.traffic().ping.effective_writes, 2);
}

//! Faults between the gate and the client.

use reqwest::StatusCode;
use sandbox::faults::{Fault, Rule, Target};
use sandbox::journal::System;
use sandbox::ping::PingOptions;
use serde_json::Value;

use crate::gate::{DATA, Gate, RETRIEVAL, error_of, refer, retrieval, status_write};

#[tokio::test]
async fn a_dropped_answer_still_had_its_effect_and_a_dropped_request_had_none() {
    let gate = Gate::open(PingOptions::default()).await;
    let ids = refer(&gate, 2);
    let faults = gate.sandbox.faults(System::Ping);
    let target = || Target::Containing("SHP-2748".to_owned());
    faults.add(Rule::once(target(), Fault::DropBeforeEffect));
    gate.send(DATA, &status_write(&ids[0], "125080002"))
        .await
        .unwrap_err();
    assert_eq!(gate.sandbox.ping.pending().len(), 2);
    faults.add(Rule::once(target(), Fault::DropAfterEffect));
    gate.send(DATA, &status_write(&ids[0], "125080002"))
        .await
        .unwrap_err();
    assert_eq!(gate.sandbox.ping.pending(), ids[1..]);
    assert_eq!(gate.sandbox.traffic().ping.effective_writes, 1);
}

#[tokio::test]
async fn faults_of_the_answer_reach_the_client() {
    let gate = Gate::open(PingOptions::default()).await;
    refer(&gate, 2);
    let faults = gate.sandbox.faults(System::Ping);
    let list = retrieval("SHP-2747");
    let next = |fault| faults.add(Rule::once(Target::Everything, fault));

    next(Fault::TruncatedBody);
    let answer = gate.send(RETRIEVAL, &list).await.unwrap();
    answer.bytes().await.unwrap_err();

    next(Fault::MalformedBody);
    let answer = gate.send(RETRIEVAL, &list).await.unwrap();
    answer.json::<Value>().await.unwrap_err();

    next(Fault::ErrorInside {
        message: "busy".to_owned(),
    });
    assert_eq!(error_of(&gate.post(RETRIEVAL, &list).await), "busy");

    next(Fault::Status {
        status: 503,
        retry_after: Some(7),
        after_effect: false,
    });
    let answer = gate.send(RETRIEVAL, &list).await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()["retry-after"], "7");

    next(Fault::ExpiredToken);
    let answer = gate.send(RETRIEVAL, &list).await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);

    next(Fault::PageDrift);
    let answer = gate.post(RETRIEVAL, &list).await;
    assert_eq!(answer["Data"].as_array().unwrap().len(), 1);

    next(Fault::SlowBody { milliseconds: 16 });
    assert_eq!(gate.all(list).await.len(), 2);
}

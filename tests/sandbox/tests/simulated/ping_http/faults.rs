//! Faults between the gate and the client.

use reqwest::StatusCode;
use sandbox::faults::{Fault, Rule, Target};
use sandbox::journal::System;
use sandbox::ping::PingOptions;
use sandbox::shape::Shape;
use serde_json::Value;

use super::gate::{
    ASYNC_DATA, CHECK, DATA, Gate, RETRIEVAL, check, error_of, refer, retrieval, status_write,
    submission,
};

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

    next(Fault::OtherBody {
        body: "Accepted".to_owned(),
    });
    let answer = gate.send(RETRIEVAL, &list).await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "Accepted");

    next(Fault::OtherShape {
        shape: Shape::CamelKeys,
    });
    let answer = gate.post(RETRIEVAL, &list).await;
    assert_eq!(answer["data"].as_array().unwrap().len(), 2);

    next(Fault::Redirect);
    let answer = gate.send(RETRIEVAL, &list).await.unwrap();
    assert_eq!(answer.url().path(), "/elsewhere", "it was followed");

    next(Fault::OverLongBody { bytes: 1000 });
    let answer = gate.send(RETRIEVAL, &list).await.unwrap();
    let body = answer.text().await.unwrap();
    assert!(body.ends_with(&" ".repeat(1000)));

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

#[tokio::test]
async fn the_third_submission_can_be_refused_and_so_can_one_service_however_often_it_is_repeated() {
    let gate = Gate::open(PingOptions::default()).await;
    let refused = |status, retry_after| Fault::Status {
        status,
        retry_after,
        after_effect: false,
    };
    let submissions = || Target::Exactly(format!("POST {ASYNC_DATA}#SHP-2731"));
    let faults = gate.sandbox.faults(System::Ping);
    faults.add(Rule::once(submissions(), refused(500, None)).after(2));
    faults.add(
        Rule::always(submissions(), refused(503, Some(1)))
            .times(2)
            .carrying("service-9"),
    );
    let mut statuses = Vec::new();
    for service in [1, 2, 3, 3, 9, 9, 9] {
        let body = submission(&format!("service-{service}"));
        let answer = gate.send(ASYNC_DATA, &body).await.unwrap();
        statuses.push(answer.status().as_u16());
    }
    assert_eq!(statuses, [200, 200, 500, 200, 503, 503, 200]);
    assert_eq!(gate.sandbox.ping.submissions().len(), 4);
}

#[tokio::test]
async fn a_write_can_be_taken_in_part_and_answered_with_an_error() {
    let gate = Gate::open(PingOptions::default()).await;
    let ids = refer(&gate, 2);
    let in_part = Fault::TakenInPart {
        records: 1,
        message: "a passing trouble".to_owned(),
    };
    let faults = gate.sandbox.faults(System::Ping);
    faults.add(Rule::once(Target::Everything, in_part));
    let mut both = status_write(&ids[0], "125080002");
    let other = status_write(&ids[1], "125080002")["Data"][0].clone();
    both["Data"].as_array_mut().unwrap().push(other);

    let answer = gate.post(DATA, &both).await;

    assert_eq!(error_of(&answer), "a passing trouble");
    assert_eq!(gate.sandbox.ping.pending(), ids[1..]);
}

#[tokio::test]
async fn checkstatus_can_fail_like_any_route() {
    let gate = Gate::open(PingOptions::default()).await;
    let answer = gate.post(ASYNC_DATA, &submission("service-1")).await;
    let check = check("SHP-2731", &answer);
    let target = || Target::Containing("checkstatus".to_owned());
    let faults = gate.sandbox.faults(System::Ping);
    faults.add(Rule::once(target(), Fault::DropBeforeEffect));
    gate.send(CHECK, &check).await.unwrap_err();
    faults.add(Rule::once(target(), Fault::DropAfterEffect));
    gate.send(CHECK, &check).await.unwrap_err();
    assert_eq!(
        gate.post(CHECK, &check).await["Data"][0]["Status"],
        "Success"
    );
}

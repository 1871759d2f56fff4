//! What stands before Primero, and what a slow database costs.

use std::time::Duration;

use reqwest::Client;
use sandbox::faults::{Fault, Rule, Target};
use sandbox::journal::System;
use sandbox::primero::DEFAULT_PASSWORD;
use sandbox::{FrontLimits, Sandbox, SandboxOptions};

/// `GET ` and ` HTTP/1.1` around the target.
const AROUND: usize = 13;

async fn limited(primero_limits: FrontLimits) -> Sandbox {
    let options = SandboxOptions {
        primero_limits,
        ..SandboxOptions::default()
    };
    Sandbox::start(options).await.unwrap()
}

async fn get(sandbox: &Sandbox, target: &str) -> reqwest::Response {
    let url = format!("{}{target}", sandbox.primero_url());
    let request = Client::new()
        .get(url)
        .basic_auth("bridge_api", Some(DEFAULT_PASSWORD));
    request.send().await.unwrap()
}

/// A list of cases whose request line has so many bytes.
fn line_of(bytes: usize) -> String {
    let target = "/api/v2/cases?unhcr_individual_no=";
    format!("{target}{}", "x".repeat(bytes - AROUND - target.len()))
}

#[tokio::test]
async fn a_request_line_of_a_kilobyte_is_too_long_for_nginx() {
    let sandbox = limited(FrontLimits::NGINX).await;
    assert_eq!(get(&sandbox, &line_of(1023)).await.status(), 200);
    assert_eq!(get(&sandbox, &line_of(1024)).await.status(), 414);
    let free = limited(FrontLimits::NONE).await;
    assert_eq!(get(&free, &line_of(1024)).await.status(), 200);
}

#[tokio::test]
async fn the_twenty_first_connection_at_once_is_refused() {
    let sandbox = limited(FrontLimits {
        requests_a_second: None,
        ..FrontLimits::NGINX
    })
    .await;
    // Saves are held, so that twenty requests stay under way.
    sandbox.primero.hold_saves();
    let body = serde_json::json!({ "data": { "module_id": "primeromodule-cp" } });
    let url = format!("{}/api/v2/cases", sandbox.primero_url());
    let (client, mut writes) = (Client::new(), Vec::new());
    for _ in 0..20 {
        let write = client
            .post(&url)
            .basic_auth("bridge_api", Some(DEFAULT_PASSWORD))
            .json(&body);
        writes.push(tokio::spawn(write.send()));
    }
    sandbox.primero.saves_held(20).await;

    assert_eq!(get(&sandbox, "/api/v2/cases").await.status(), 503);

    sandbox.primero.release_saves();
    for write in writes {
        assert_eq!(write.await.unwrap().unwrap().status(), 200);
    }
    assert_eq!(get(&sandbox, "/api/v2/cases").await.status(), 200);
    let counted = sandbox.traffic().primero;
    assert_eq!((counted.requests, counted.effective_writes), (22, 20));
}

#[tokio::test]
async fn what_the_front_refuses_uses_up_no_fault() {
    let sandbox = limited(FrontLimits::NGINX).await;
    let fault = Fault::Status {
        status: 500,
        retry_after: None,
        after_effect: false,
    };
    sandbox
        .faults(System::Primero)
        .add(Rule::once(Target::Everything, fault));
    assert_eq!(get(&sandbox, &line_of(2000)).await.status(), 414);
    assert_eq!(get(&sandbox, "/api/v2/cases").await.status(), 500);
}

#[tokio::test]
async fn every_answer_has_a_date_or_none_has() {
    let sandbox = limited(FrontLimits::NGINX).await;
    sandbox
        .primero
        .stop_clock_at("2030-01-02T03:04:05Z".parse().unwrap());
    for dated in [true, false] {
        sandbox.primero.set_sends_date(dated);
        for target in ["/api/v2/cases", "/api/v2/nowhere", &line_of(1024)] {
            let answer = get(&sandbox, target).await;
            let date = answer
                .headers()
                .get("date")
                .map(|date| date.to_str().unwrap());
            let expected = dated.then_some("Wed, 02 Jan 2030 03:04:05 GMT");
            assert_eq!(date, expected, "{target}");
        }
    }
}

/// Each alternative beyond the fifth costs an hour here.
#[tokio::test]
async fn five_alternatives_are_found_by_index_and_six_by_reading_the_table() {
    let sandbox = limited(FrontLimits::NONE).await;
    sandbox
        .primero
        .set_look_up_entry_costs(Duration::from_hours(1));
    let either = |count: usize| {
        let entries = (0..count).map(|i| format!("or[{i}][unhcr_individual_no]=606-{i}"));
        format!("/api/v2/cases?{}", entries.collect::<Vec<_>>().join("&"))
    };
    assert_eq!(get(&sandbox, &either(5)).await.status(), 200);
    let url = format!("{}{}", sandbox.primero_url(), either(6));
    let request = Client::new()
        .get(url)
        .basic_auth("bridge_api", Some(DEFAULT_PASSWORD));
    let answer = request.timeout(Duration::from_millis(100)).send().await;
    assert!(answer.is_err_and(|error| error.is_timeout()));
}

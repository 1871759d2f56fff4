//! Every way of signing in, and what a wrong password costs.

use std::time::Duration;

use sandbox::faults::{Fault, Rule, Target};
use sandbox::journal;
use wiremock::matchers::header_exists;

use super::*;
use crate::domain::ids::ServiceId;

const LOG_IN: &str = "POST /api/v2/tokens";
const LIST: &str = "GET /api/v2/cases";

fn refused() -> Stop {
    Stop::AuthenticationFailed(System::Primero)
}

fn no_fields() -> Pii<serde_json::Map<String, Value>> {
    let fields = json!({ "module_id": "primeromodule-cp", "name_first": "Ayan" });
    Pii::new(fields.as_object().unwrap().clone())
}

fn some_id(n: u128) -> CaseRecordId {
    CaseRecordId::new(uuid::Uuid::from_u128(0x4000_8000_0000_0000_0000 + n))
}

async fn create(client: &PrimeroClient, n: u128) -> Result<Created, GateError> {
    client.create_case(some_id(n), &no_fields()).await
}

#[tokio::test]
async fn basic_signs_every_call_and_keeps_nothing() {
    let bridge = Bridge::start().await;

    assert_eq!(create(&bridge.client, 1).await, Ok(Created::New));
    bridge.client.choose_control(true).await.unwrap();

    assert_eq!(bridge.requests(LOG_IN), 0);
    assert_eq!(bridge.sandbox.traffic().primero.requests, 2);
}

#[tokio::test]
async fn session_logs_in_once_and_writes_with_the_current_csrf_token() {
    let bridge = Bridge::signing_in(PrimeroAuth::Session, ReleaseLine::B).await;

    // The log-in itself replaced the CSRF token, so a write that comes first shows whether the new one was fetched.
    assert_eq!(create(&bridge.client, 1).await, Ok(Created::New));
    let service = Pii::new(serde_json::Map::from_iter([(
        "unique_id".to_owned(),
        json!(ServiceId::new(uuid::Uuid::from_u128(7)).to_string()),
    )]));
    bridge
        .client
        .append_service(some_id(1), &service)
        .await
        .unwrap();
    assert_eq!(create(&bridge.client, 2).await, Ok(Created::New));

    assert_eq!(bridge.requests(LOG_IN), 1);
    assert_eq!(bridge.requests("GET /api/v2/identity_providers"), 2);
}

#[tokio::test]
async fn session_is_shared_by_calls_that_start_at_once() {
    let bridge = Bridge::signing_in(PrimeroAuth::Session, ReleaseLine::A).await;

    let calls = (1..=8).map(|n| create(&bridge.client, n));
    let created = futures::future::join_all(calls).await;

    assert!(
        created.iter().all(|one| *one == Ok(Created::New)),
        "{created:?}"
    );
    assert_eq!(bridge.requests(LOG_IN), 1);
}

#[tokio::test]
async fn session_that_ended_is_renewed_once_for_reads_and_for_writes() {
    let bridge = Bridge::signing_in(PrimeroAuth::Session, ReleaseLine::B).await;
    create(&bridge.client, 1).await.unwrap();

    bridge
        .sandbox
        .primero
        .set_clock_offset(jiff::SignedDuration::from_mins(61));
    assert_eq!(create(&bridge.client, 2).await, Ok(Created::New));
    assert_eq!(bridge.requests(LOG_IN), 2);

    bridge
        .sandbox
        .primero
        .set_clock_offset(jiff::SignedDuration::from_mins(122));
    bridge.client.choose_control(true).await.unwrap();
    assert_eq!(bridge.requests(LOG_IN), 3);
}

#[tokio::test]
async fn session_that_another_log_in_ended_is_renewed_once() {
    let bridge = Bridge::signing_in(PrimeroAuth::Session, ReleaseLine::B).await;
    create(&bridge.client, 1).await.unwrap();
    let other = bridge.client_as(PrimeroAuth::Session, API, DEFAULT_PASSWORD);
    create(&other, 2).await.unwrap();

    let calls = (3..=10).map(|n| create(&bridge.client, n));
    let created = futures::future::join_all(calls).await;

    assert!(
        created.iter().all(|one| *one == Ok(Created::New)),
        "{created:?}"
    );
    assert_eq!(bridge.requests(LOG_IN), 3);
}

#[tokio::test]
async fn session_without_cookies_is_refused_with_a_clear_error() {
    let server = MockServer::start().await;
    Mock::given(path("/api/v2/identity_providers"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "data": [] })))
        .mount(&server)
        .await;
    let client = client(&server.uri(), PrimeroAuth::Session, API, DEFAULT_PASSWORD);

    let Stop::UnreadableAnswer { route, place, .. } = stop(client.choose_control(true).await)
    else {
        panic!("the cookies are out of contract");
    };

    assert_eq!(route, "sign in");
    assert!(place.contains("cookies"), "{place}");
}

#[tokio::test]
async fn token_signs_in_to_an_older_release_once() {
    let bridge = Bridge::signing_in(PrimeroAuth::Token, ReleaseLine::Older).await;

    let calls = (1..=8).map(|n| create(&bridge.client, n));
    let created = futures::future::join_all(calls).await;

    assert!(
        created.iter().all(|one| *one == Ok(Created::New)),
        "{created:?}"
    );
    assert_eq!(bridge.requests(LOG_IN), 1);
}

#[tokio::test]
async fn token_that_expired_is_renewed_once() {
    let bridge = Bridge::signing_in(PrimeroAuth::Token, ReleaseLine::Older).await;
    create(&bridge.client, 1).await.unwrap();
    bridge
        .sandbox
        .primero
        .set_clock_offset(jiff::SignedDuration::from_mins(61));

    let calls = (2..=9).map(|n| create(&bridge.client, n));
    let created = futures::future::join_all(calls).await;

    assert!(
        created.iter().all(|one| *one == Ok(Created::New)),
        "{created:?}"
    );
    assert_eq!(bridge.requests(LOG_IN), 2);
}

#[tokio::test]
async fn a_session_that_ends_as_soon_as_it_begins_is_no_wrong_password() {
    let bridge = Bridge::signing_in(PrimeroAuth::Session, ReleaseLine::B).await;
    let ended = Rule::always(Target::Exactly(LIST.to_owned()), Fault::ExpiredToken).times(2);
    bridge.sandbox.faults(journal::System::Primero).add(ended);

    let failed = bridge.client.choose_control(true).await;

    assert_eq!(failed.err(), Some(GateError::Unavailable(System::Primero)));
    assert!(bridge.client.choose_control(true).await.is_ok());
}

#[tokio::test]
async fn a_token_that_is_refused_although_it_is_new_ends_it() {
    let bridge = Bridge::signing_in(PrimeroAuth::Token, ReleaseLine::Older).await;
    let expired = Rule::always(Target::Exactly(LIST.to_owned()), Fault::ExpiredToken);
    bridge.sandbox.faults(journal::System::Primero).add(expired);

    for _ in 0..3 {
        assert_eq!(stop(bridge.client.choose_control(true).await), refused());
    }

    assert_eq!(bridge.requests(LOG_IN), 2);
    assert_eq!(bridge.requests(LIST), 2);
}

#[tokio::test]
async fn a_wrong_password_costs_one_try_although_eight_calls_start_at_once() {
    for (auth, release, route) in [
        (PrimeroAuth::Basic, ReleaseLine::B, LIST),
        (PrimeroAuth::Session, ReleaseLine::B, LOG_IN),
        (PrimeroAuth::Token, ReleaseLine::Older, LOG_IN),
    ] {
        let bridge = Bridge::signing_in(auth, release).await;
        let client = bridge.client_as(auth, API, "wrong");

        for _ in 0..2 {
            let calls = (0..8).map(|_| client.choose_control(true));
            for answer in futures::future::join_all(calls).await {
                assert_eq!(stop(answer), refused(), "{auth:?}");
            }
        }

        assert_eq!(bridge.requests(route), 1, "{auth:?}");
        let right = bridge.client.choose_control(true).await;
        assert_eq!(right, Ok(()), "{auth:?}: the account is not locked");
    }
}

#[tokio::test]
async fn a_log_in_whose_answer_is_lost_is_not_repeated() {
    for (auth, release, route) in [
        (PrimeroAuth::Session, ReleaseLine::B, LOG_IN),
        (PrimeroAuth::Token, ReleaseLine::Older, LOG_IN),
    ] {
        let bridge = Bridge::signing_in(auth, release).await;
        let lost = Rule::once(Target::Exactly(route.to_owned()), Fault::DropAfterEffect);
        bridge.sandbox.faults(journal::System::Primero).add(lost);

        for _ in 0..2 {
            let answer = bridge.client.choose_control(true).await;
            assert_eq!(
                answer,
                Err(GateError::Unavailable(System::Primero)),
                "{auth:?}"
            );
        }

        assert_eq!(bridge.requests(route), 1, "{auth:?}");
    }
}

#[tokio::test]
async fn a_first_try_that_is_put_off_is_repeated() {
    for (auth, release, route) in [
        (PrimeroAuth::Basic, ReleaseLine::B, LIST),
        (PrimeroAuth::Token, ReleaseLine::Older, LOG_IN),
    ] {
        let bridge = Bridge::signing_in(auth, release).await;
        let busy = Fault::Status {
            status: 429,
            retry_after: None,
            after_effect: false,
        };
        let rule = Rule::once(Target::Exactly(route.to_owned()), busy);
        bridge.sandbox.faults(journal::System::Primero).add(rule);

        assert_eq!(bridge.client.choose_control(true).await, Ok(()), "{auth:?}");
    }
}

#[tokio::test]
async fn under_basic_a_first_read_whose_answer_is_lost_is_repeated() {
    let bridge = Bridge::start().await;
    let lost = Rule::once(Target::Exactly(LIST.to_owned()), Fault::DropAfterEffect);
    bridge.sandbox.faults(journal::System::Primero).add(lost);

    assert_eq!(bridge.client.choose_control(true).await, Ok(()));
}

#[tokio::test]
async fn a_missing_permission_is_no_ended_session() {
    let bridge = Bridge::signing_in(PrimeroAuth::Session, ReleaseLine::B).await;
    let reader = bridge.client_as(PrimeroAuth::Session, "reader", DEFAULT_PASSWORD);

    let denied = Stop::PermissionDenied {
        system: System::Primero,
        route: "create case",
    };
    assert_eq!(stop(create(&reader, 1).await), denied);

    assert_eq!(bridge.requests(LOG_IN), 1);
}

#[tokio::test]
async fn a_newer_release_that_gives_no_token_is_named_as_such() {
    let bridge = Bridge::signing_in(PrimeroAuth::Token, ReleaseLine::B).await;

    let stopped = stop(bridge.client.choose_control(true).await);

    assert_eq!(stopped, Stop::TokenNotGiven);
    assert!(stopped.to_string().contains("basic or session"));
    assert_eq!(bridge.requests(LOG_IN), 1);
}

#[tokio::test]
async fn a_log_in_whose_answer_has_no_token_is_named_as_such() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "id": "1" })))
        .mount(&server)
        .await;
    let client = client(&server.uri(), PrimeroAuth::Token, API, DEFAULT_PASSWORD);

    assert_eq!(stop(client.choose_control(true).await), Stop::TokenNotGiven);
}

#[tokio::test]
async fn credentials_never_go_to_the_public_route() {
    let server = MockServer::start().await;
    Mock::given(header_exists("Authorization"))
        .respond_with(ResponseTemplate::new(500))
        .mount(&server)
        .await;
    let (client, _clock) =
        client_and_clock(&server.uri(), PrimeroAuth::Session, API, DEFAULT_PASSWORD);

    assert!(client.choose_control(true).await.is_err());

    for request in server.received_requests().await.unwrap() {
        assert_eq!(request.headers.get("authorization"), None);
    }
}

#[tokio::test]
async fn a_slow_first_call_does_not_let_others_try_the_password() {
    let server = MockServer::start().await;
    let refusal = ResponseTemplate::new(401)
        .set_body_json(json!({ "error": "Invalid user name or password." }))
        .set_delay(Duration::from_millis(200));
    Mock::given(method("GET"))
        .respond_with(refusal)
        .mount(&server)
        .await;
    let client = client(&server.uri(), PrimeroAuth::Basic, API, "wrong");

    let calls = (0..8).map(|_| client.choose_control(true));
    for answer in futures::future::join_all(calls).await {
        assert_eq!(stop(answer), refused());
    }

    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

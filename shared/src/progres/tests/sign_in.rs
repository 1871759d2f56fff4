//! Signing in to PING.

use super::*;

fn refused() -> Stop {
    Stop::AuthenticationFailed(System::Ping)
}

#[tokio::test]
async fn one_token_serves_calls_that_start_at_once() {
    let bridge = Bridge::start().await;

    let calls = (0..8).map(|_| pending(&bridge.client));
    for answer in futures::future::join_all(calls).await {
        answer.unwrap();
    }

    assert_eq!(bridge.sandbox.ping.sign_ins().granted, 1);
}

#[tokio::test]
async fn a_token_that_expired_is_renewed_once_for_all_calls() {
    let bridge = Bridge::start().await;
    pending(&bridge.client).await.unwrap();
    bridge.sandbox.ping.expire_tokens();

    let calls = (0..8).map(|_| pending(&bridge.client));
    for answer in futures::future::join_all(calls).await {
        answer.unwrap();
    }

    assert_eq!(bridge.sandbox.ping.sign_ins().granted, 2);
}

#[tokio::test]
async fn a_token_that_is_refused_although_it_is_new_stops_the_run() {
    let (client, server) = answering(ResponseTemplate::new(401)).await;

    let later = Stop::Unavailable(System::Ping);
    assert_eq!(stop(pending(&client).await), later);

    // Two tokens, two calls.
    assert_eq!(server.received_requests().await.unwrap().len(), 4);
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_although_eight_calls_start_at_once() {
    let bridge = Bridge::start().await;
    let wrong = PingSecret {
        password: "wrong".into(),
        ..secret(&bridge.sandbox)
    };
    let client = client(wrong);

    for _ in 0..2 {
        let calls = (0..8).map(|_| pending(&client));
        for answer in futures::future::join_all(calls).await {
            assert_eq!(stop(answer), refused());
        }
    }

    assert_eq!(bridge.sandbox.ping.sign_ins().refused, 1);
}

#[tokio::test]
async fn a_sign_in_whose_answer_is_lost_is_not_repeated() {
    let bridge = Bridge::start().await;
    let token = Target::Containing("/token".to_owned());
    let lost = Rule::once(token, Fault::DropAfterEffect);
    bridge.sandbox.faults(journal::System::Ping).add(lost);

    for _ in 0..2 {
        let answer = pending(&bridge.client).await;
        assert_eq!(answer, Err(GateError::Unavailable(System::Ping)));
    }

    assert_eq!(bridge.requests("/token"), 1);
}

#[tokio::test]
async fn the_cookie_of_the_profile_goes_to_the_token_endpoint() {
    let bridge = Bridge::to(PingOptions {
        token_cookie: Some("x-ms-cpim-geo=EU".to_owned()),
        expires_in_as_text: true,
        ..PingOptions::default()
    })
    .await;

    assert_eq!(pending(&bridge.client).await, Ok(Vec::new()));
}

#[tokio::test]
async fn a_sign_in_that_fails_otherwise_blames_no_record() {
    let server = MockServer::start().await;
    Mock::given(path("/token"))
        .respond_with(ResponseTemplate::new(404))
        .mount(&server)
        .await;
    let client = client(forged_secret(&server));

    let Stop::UnreadableAnswer { route, place, .. } = stop(pending(&client).await) else {
        panic!("404 is out of contract");
    };
    assert_eq!((route, &*place), ("sign in", "status 404"));
}

async fn signing_in_answered(answer: ResponseTemplate) -> (Stop, usize) {
    let server = MockServer::start().await;
    Mock::given(path("/token"))
        .respond_with(answer)
        .mount(&server)
        .await;
    let client = client(forged_secret(&server));
    let stop = stop(pending(&client).await);
    pending(&client).await.unwrap_err();
    (stop, server.received_requests().await.unwrap().len())
}

#[tokio::test]
async fn only_a_refused_grant_is_a_refused_sign_in() {
    for (status, error) in [
        (400, "invalid_grant"),
        (400, "access_denied"),
        (401, "invalid_client"),
        (400, "unauthorized_client"),
        (403, "INVALID_GRANT"),
    ] {
        let body = json!({ "error": error, "error_description": "x" });
        let answer = ResponseTemplate::new(status).set_body_json(body);
        assert_eq!(
            signing_in_answered(answer).await,
            (refused(), 1),
            "{status} {error}"
        );
    }
    for status in [400, 401, 403] {
        for body in [
            r#"{"error":"temporarily_unavailable","error_codes":[90033]}"#,
            r#"{"error":"server_error"}"#,
            r#"{"statusCode":401,"message":"Access denied"}"#,
            "<html>invalid_grant</html>",
            "",
        ] {
            let answer = ResponseTemplate::new(status).set_body_string(body);
            let later = Stop::Unavailable(System::Ping);
            assert_eq!(
                signing_in_answered(answer).await,
                (later, 1),
                "{status} {body}"
            );
        }
    }
}

#[tokio::test]
async fn a_route_that_ping_does_not_have_ends_the_run() {
    for status in [404, 405, 410] {
        let (client, _server) = answering(ResponseTemplate::new(status)).await;

        let expected = Stop::NoSuchRoute {
            system: System::Ping,
            route: "list pending referrals",
        };
        assert_eq!(stop(pending(&client).await), expected);
    }
}

#[tokio::test]
async fn a_call_that_is_denied_names_its_route() {
    let (client, _server) = answering(ResponseTemplate::new(403)).await;

    let denied = Stop::PermissionDenied {
        system: System::Ping,
        route: "list pending referrals",
    };
    assert_eq!(stop(pending(&client).await), denied);
}

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

    assert_eq!(stop(pending(&client).await), refused());

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

#[tokio::test]
async fn a_call_that_is_denied_names_its_route() {
    let (client, _server) = answering(ResponseTemplate::new(403)).await;

    let denied = Stop::PermissionDenied {
        system: System::Ping,
        route: "list pending referrals",
    };
    assert_eq!(stop(pending(&client).await), denied);
}

//! Signing in, and tokens that expire.

use reqwest::StatusCode;
use sandbox::ping::PingOptions;

use super::gate::{Gate, RETRIEVAL, retrieval};

#[tokio::test]
async fn a_wrong_password_is_refused_and_counted() {
    let gate = Gate::open(PingOptions::default()).await;
    let (status, answer) = gate.ask_token("wrong").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(answer["error"], "access_denied");
    assert_eq!(gate.sandbox.ping.sign_ins().refused, 1);
    assert_eq!(gate.sandbox.traffic().ping.effective_writes, 0);
}

#[tokio::test]
async fn an_expired_token_is_turned_away_until_the_next_sign_in() {
    let mut gate = Gate::open(PingOptions::default()).await;
    gate.sandbox
        .ping
        .advance_clock(jiff::SignedDuration::from_mins(61));
    let answer = gate.send(RETRIEVAL, &retrieval("SHP-2747")).await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    gate.sign_in().await;
    gate.post(RETRIEVAL, &retrieval("SHP-2747")).await;
}

#[tokio::test]
async fn the_life_of_a_token_can_come_as_text() {
    let gate = Gate::open(PingOptions {
        expires_in_as_text: true,
        ..PingOptions::default()
    })
    .await;
    let (_, answer) = gate.ask_token("simulated-ping-password").await;
    assert_eq!(answer["expires_in"], "3600");
}

//! What the transport promises: bounded, repeated only where that is safe, and silent about content.

use std::io;
use std::time::Duration;

use reqwest::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::testing::{LIMITS, START, run_of};
use super::*;
use crate::clock::VirtualClock;

const ROUTE: &str = "list cases";
/// Stands in every URL of these tests; no error may show it.
const NUMBER: &str = "803-CANARY";

struct Way {
    transport: Transport,
    clock: Arc<VirtualClock>,
    url: String,
}

impl Way {
    fn to(base: &str, limits: Limits, seconds: u64) -> Self {
        let (clock, conditions) = run_of(seconds);
        let http = http_client().unwrap();
        Self {
            transport: Transport::new(System::Primero, http, limits, conditions),
            clock,
            url: format!("{base}/api?number={NUMBER}"),
        }
    }

    async fn send(&self, repeat: Repeat) -> Result<Answer, GateError> {
        self.transport
            .send(ROUTE, repeat, |http| http.get(&self.url))
            .await
    }

    fn waited(&self) -> Duration {
        until(START, self.clock.now())
    }
}

async fn server(answers: Vec<ResponseTemplate>) -> MockServer {
    let server = MockServer::start().await;
    let last = answers.len();
    for (i, answer) in (1..).zip(answers) {
        let mock = Mock::given(any()).respond_with(answer);
        let mock = if i == last {
            mock
        } else {
            mock.up_to_n_times(1)
        };
        mock.mount(&server).await;
    }
    server
}

fn status(status: u16) -> ResponseTemplate {
    ResponseTemplate::new(status)
}

fn unavailable() -> GateError {
    GateError::Unavailable(System::Primero)
}

fn place(error: &GateError) -> &str {
    match error {
        GateError::Run(Stop::UnreadableAnswer { place, .. }) => place,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_passing_failure_is_repeated_until_it_has_passed() {
    let server = server(vec![status(503), status(429), status(200)]).await;
    let way = Way::to(&server.uri(), LIMITS, 900);

    let answer = way.send(Repeat::AfterAsking).await.unwrap();

    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(way.transport.calls(), 3);
}

#[tokio::test]
async fn a_call_is_tried_four_times_and_no_more() {
    let server = server(vec![status(503)]).await;
    let way = Way::to(&server.uri(), LIMITS, 900);

    assert_eq!(way.send(Repeat::Freely).await.unwrap_err(), unavailable());

    assert_eq!(server.received_requests().await.unwrap().len(), 4);
    assert_eq!(way.transport.calls(), 4);
    let (least, most) = (Duration::from_millis(1750), Duration::from_millis(3500));
    assert!((least..=most).contains(&way.waited()), "{:?}", way.waited());
}

#[tokio::test]
async fn retry_after_is_honoured() {
    let busy = status(503).insert_header("Retry-After", "60");
    let server = server(vec![busy, status(200)]).await;
    let way = Way::to(&server.uri(), LIMITS, 900);

    assert!(way.send(Repeat::AfterAsking).await.is_ok());

    assert_eq!(way.waited(), Duration::from_mins(1));
}

#[tokio::test]
async fn retry_after_never_reaches_into_the_reserve() {
    let busy = status(503).insert_header("Retry-After", "60");
    let server = server(vec![busy, status(200)]).await;
    // Of eighty seconds the last twenty are the reserve: sixty are left, and the wait would end where it begins.
    let way = Way::to(&server.uri(), LIMITS, 80);

    assert_eq!(way.send(Repeat::Freely).await.unwrap_err(), unavailable());

    assert_eq!(way.waited(), Duration::ZERO);
    assert_eq!(way.transport.calls(), 1);
}

#[tokio::test]
async fn a_write_of_unknown_fate_is_not_repeated() {
    for unknown in [408, 500, 501, 502, 504, 520] {
        let server = server(vec![status(unknown), status(200)]).await;
        let way = Way::to(&server.uri(), LIMITS, 900);

        let error = way.send(Repeat::AfterAsking).await.unwrap_err();

        assert_eq!(error, GateError::Ambiguous(System::Primero), "{unknown}");
        assert_eq!(way.transport.calls(), 1, "{unknown}");
    }
}

#[tokio::test]
async fn a_write_that_cannot_be_asked_after_is_of_unknown_fate_after_a_503_too() {
    let server = server(vec![status(503), status(200)]).await;
    let way = Way::to(&server.uri(), LIMITS, 900);

    let error = way.send(Repeat::Unaskable).await.unwrap_err();

    assert_eq!(error, GateError::Ambiguous(System::Primero));
    assert!(error.may_have_been_applied());
    assert_eq!(way.transport.calls(), 1);
}

#[tokio::test]
async fn what_the_gateway_is_known_to_answer_before_the_effect_is_repeated() {
    let throttled = status(503).insert_header("X-Throttled", "1");
    let full = status(502).set_body_string("<h1>Over Capacity</h1>");
    let server = server(vec![throttled, full, status(503), status(200)]).await;
    let mut way = Way::to(&server.uri(), LIMITS, 900);
    let known = ["503 header:X-Throttled", "502 body:over capacity"];
    let known = known.map(|text| text.parse().expect("a refusal"));
    way.transport = way.transport.through_gateway(known.to_vec());

    let error = way.send(Repeat::Unaskable).await.unwrap_err();

    // Two that are known, and a 503 that may have come after the effect.
    assert_eq!(error, GateError::Ambiguous(System::Primero));
    assert_eq!(way.transport.calls(), 3);
}

#[tokio::test]
async fn a_refusal_that_speaks_of_quota_or_asks_to_wait_is_later_and_no_missing_permission() {
    let quota = status(403).set_body_string("Out of call volume Quota. It returns in 05:12:33.");
    let wait = status(403).insert_header("Retry-After", "7");
    for later in [quota, wait] {
        let server = server(vec![later, status(200)]).await;
        let way = Way::to(&server.uri(), LIMITS, 900);

        let answer = way.send(Repeat::Unaskable).await.unwrap();

        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(way.transport.calls(), 2);
    }
    let server = server(vec![status(403).set_body_string("Forbidden")]).await;
    let way = Way::to(&server.uri(), LIMITS, 900);
    let answer = way.send(Repeat::Unaskable).await.unwrap();
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_read_of_unknown_fate_is_repeated() {
    let server = server(vec![status(500), status(504), status(200)]).await;
    let way = Way::to(&server.uri(), LIMITS, 900);

    assert!(way.send(Repeat::Freely).await.is_ok());
}

#[tokio::test]
async fn a_write_that_times_out_is_ambiguous_and_not_repeated() {
    let slow = status(200).set_delay(Duration::from_mins(1));
    let server = server(vec![slow]).await;
    let limits = Limits {
        timeout: Duration::from_millis(100),
        ..LIMITS
    };
    let way = Way::to(&server.uri(), limits, 900);

    let error = way.send(Repeat::AfterAsking).await.unwrap_err();

    assert_eq!(error, GateError::Ambiguous(System::Primero));
    assert_eq!(way.transport.calls(), 1);
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_request_leaves_a_write_ambiguous() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let hang_up = async {
        let (mut socket, _) = listener.accept().await?;
        let mut request = [0; 4096];
        let read = socket.read(&mut request).await?;
        socket.shutdown().await?;
        io::Result::Ok(read)
    };
    let way = Way::to(&base, LIMITS, 900);

    let (answer, read) = futures::join!(way.send(Repeat::AfterAsking), hang_up);

    assert!(read.unwrap() > 0);
    assert_eq!(answer.unwrap_err(), GateError::Ambiguous(System::Primero));
}

#[tokio::test]
async fn a_connection_that_was_never_made_is_a_passing_failure_of_a_write_too() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let way = Way::to(&base, LIMITS, 900);

    let error = way.send(Repeat::AfterAsking).await.unwrap_err();

    assert_eq!(error, unavailable());
    assert_eq!(way.transport.calls(), 4);
}

#[tokio::test]
async fn an_over_long_body_is_refused() {
    let server = server(vec![status(200).set_body_bytes(vec![b'a'; 2000])]).await;
    let limits = Limits {
        max_body_bytes: 1999,
        ..LIMITS
    };
    let way = Way::to(&server.uri(), limits, 900);

    let error = way.send(Repeat::Freely).await.unwrap_err();

    assert_eq!(place(&error), "a body of more than 1999 bytes");
    assert_eq!(way.transport.calls(), 1);
}

#[tokio::test]
async fn an_over_long_body_is_refused_although_its_length_was_not_announced() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let stream = async {
        let (mut socket, _) = listener.accept().await?;
        let mut request = [0; 4096];
        let _ = socket.read(&mut request).await?;
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        socket.write_all(head.as_bytes()).await?;
        let chunk = format!("10000\r\n{}\r\n", "a".repeat(0x10000));
        // Without end, until the client has enough and hangs up.
        while socket.write_all(chunk.as_bytes()).await.is_ok() {}
        io::Result::Ok(())
    };
    let way = Way::to(&base, LIMITS, 900);

    let (answer, _) = futures::join!(way.send(Repeat::Freely), stream);

    assert_eq!(
        place(&answer.unwrap_err()),
        "a body of more than 1048576 bytes"
    );
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_read() {
    let server = server(vec![status(200).set_body_bytes(vec![b'a'; 2000])]).await;
    let limits = Limits {
        max_body_bytes: 2000,
        ..LIMITS
    };
    let way = Way::to(&server.uri(), limits, 900);

    assert_eq!(way.send(Repeat::Freely).await.unwrap().body.len(), 2000);
}

#[tokio::test]
async fn a_redirect_to_another_host_is_refused() {
    let other = server(vec![status(200)]).await;
    let elsewhere = status(307).insert_header("Location", other.uri());
    let server = server(vec![elsewhere]).await;
    let way = Way::to(&server.uri(), LIMITS, 900);

    let error = way.send(Repeat::Freely).await.unwrap_err();

    assert_eq!(place(&error), "a redirect, which is never followed");
    assert_eq!(other.received_requests().await.unwrap().len(), 0);
}

#[tokio::test]
async fn nothing_is_sent_after_the_end_of_the_run() {
    let server = server(vec![status(200)]).await;
    let way = Way::to(&server.uri(), LIMITS, 900);
    way.clock.advance(Duration::from_mins(15));

    let error = way.send(Repeat::Freely).await.unwrap_err();

    assert_eq!(error, GateError::OutOfTime);
    assert_eq!(way.transport.calls(), 0);
}

#[tokio::test]
async fn no_error_shows_an_address_or_a_value() {
    let long = status(200).set_body_string(NUMBER.repeat(200_000));
    let moved = status(302).insert_header("Location", format!("/{NUMBER}"));
    let broken = status(503).set_body_string(NUMBER);
    for answer in [long, moved, broken, status(500).set_body_string(NUMBER)] {
        let server = server(vec![answer]).await;
        let way = Way::to(&server.uri(), LIMITS, 900);
        for repeat in [Repeat::Freely, Repeat::AfterAsking] {
            let error = way.send(repeat).await.unwrap_err();
            for text in [format!("{error}"), format!("{error:?}")] {
                assert!(!text.contains(NUMBER), "{text}");
                assert!(!text.contains("http"), "{text}");
                assert!(!text.contains("127.0.0.1"), "{text}");
            }
        }
    }
}

#[tokio::test]
async fn json_out_of_contract_is_named_by_its_path_and_never_by_its_value() {
    #[derive(Debug, serde::Deserialize)]
    struct Listing {
        #[serde(rename = "data")]
        _data: Vec<Row>,
    }
    #[derive(Debug, serde::Deserialize)]
    struct Row {
        #[serde(rename = "age")]
        _age: u8,
    }
    let body = format!(r#"{{"data":[{{"age":9}},{{"age":"{NUMBER}"}}]}}"#);
    let server = server(vec![status(200).set_body_string(body)]).await;
    let way = Way::to(&server.uri(), LIMITS, 900);
    let answer = way.send(Repeat::Freely).await.unwrap();

    let error = way.transport.json::<Listing>(ROUTE, &answer).unwrap_err();

    assert_eq!(place(&error), "`data[1].age`");
    assert!(!format!("{error} {error:?}").contains(NUMBER));
}

#[tokio::test]
async fn the_systems_own_time_is_read_from_its_date() {
    let dated = status(200).insert_header("Date", "Mon, 23 Nov 2026 10:00:30 GMT");
    let server = server(vec![dated]).await;
    let way = Way::to(&server.uri(), LIMITS, 900);

    let answer = way.send(Repeat::Freely).await.unwrap();

    assert_eq!(answer.date(), Some("2026-11-23T10:00:30Z".parse().unwrap()));
}

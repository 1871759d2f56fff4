//! The Lambda Runtime API, as a function's process sees it: the next event, and where to send the answer.

use std::fmt::Display;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

/// One event for the function.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The event, as it is sent.
    pub event: String,
    /// How long the function has.
    pub timeout: Duration,
}

/// What the function made of an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Its result.
    Success(Value),
    /// Its error: `{"errorType": …, "errorMessage": …}`.
    Failure(Value),
}

/// A running Runtime API for one function process.
pub struct RuntimeApi {
    address: SocketAddr,
    events: mpsc::UnboundedSender<Invocation>,
    answers: mpsc::UnboundedReceiver<Answer>,
    polls: mpsc::UnboundedReceiver<Instant>,
    server: JoinHandle<()>,
}

struct Desk {
    events: Mutex<mpsc::UnboundedReceiver<Invocation>>,
    answers: mpsc::UnboundedSender<Answer>,
    polls: mpsc::UnboundedSender<Instant>,
}

impl RuntimeApi {
    /// Starts one on a free loopback port.
    pub async fn start() -> std::io::Result<Self> {
        let (events, next) = mpsc::unbounded_channel();
        let (answered, answers) = mpsc::unbounded_channel();
        let (polled, polls) = mpsc::unbounded_channel();
        let desk = Desk {
            events: Mutex::new(next),
            answers: answered,
            polls: polled,
        };
        let app = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next_event))
            .route(
                "/2018-06-01/runtime/invocation/{id}/response",
                post(success),
            )
            .route("/2018-06-01/runtime/invocation/{id}/error", post(failure))
            .with_state(Arc::new(desk));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let server = tokio::spawn(async move {
            // Serves until it is aborted.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self {
            address,
            events,
            answers,
            polls,
            server,
        })
    }

    /// What the function finds in `AWS_LAMBDA_RUNTIME_API`.
    #[must_use]
    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    /// Waits for the function to ask for an event; none if it never will.
    pub async fn polled(&mut self) -> Option<Instant> {
        self.polls.recv().await
    }

    /// Hands the function an event and waits for its answer; none if it never comes.
    pub async fn invoke(&mut self, event: impl Display, timeout: Duration) -> Option<Answer> {
        let event = event.to_string();
        self.events.send(Invocation { event, timeout }).ok()?;
        self.answers.recv().await
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next_event(State(desk): State<Arc<Desk>>) -> impl IntoResponse {
    // A send fails only when nobody listens any more.
    let _ = desk.polls.send(Instant::now());
    let Some(invocation) = desk.events.lock().await.recv().await else {
        return (StatusCode::GONE, HeaderMap::new(), String::new());
    };
    let end = SystemTime::now() + invocation.timeout;
    let end = end
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (
            "lambda-runtime-aws-request-id",
            "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned(),
        ),
        ("lambda-runtime-deadline-ms", end.to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:eu-west-1:123456789012:function:test".to_owned(),
        ),
        (
            "lambda-runtime-trace-id",
            "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0".to_owned(),
        ),
    ] {
        headers.insert(name, value.parse().expect("plain ASCII"));
    }
    (StatusCode::OK, headers, invocation.event)
}

async fn success(
    State(desk): State<Arc<Desk>>,
    Path(_id): Path<String>,
    body: String,
) -> StatusCode {
    answer(
        &desk,
        Answer::Success(serde_json::from_str(&body).unwrap_or_default()),
    )
}

async fn failure(
    State(desk): State<Arc<Desk>>,
    Path(_id): Path<String>,
    body: String,
) -> StatusCode {
    answer(
        &desk,
        Answer::Failure(serde_json::from_str(&body).unwrap_or_default()),
    )
}

fn answer(desk: &Desk, answer: Answer) -> StatusCode {
    // A send fails only when nobody listens any more.
    let _ = desk.answers.send(answer);
    StatusCode::ACCEPTED
}

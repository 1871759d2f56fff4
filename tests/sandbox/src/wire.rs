//! The one layer around each simulated system: it counts the request, lets the faults at it, and passes it on.

use std::convert::Infallible;
use std::io;
use std::mem;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use futures::{StreamExt, stream};
use serde_json::{Value, json};

use crate::faults::{Fault, Faults, Looked};
use crate::front::Front;
use crate::journal::{Effect, Entry, Journal, System, locked};

/// A body larger than this is refused with 413; far above anything a bridge should send.
const LARGEST_BODY: usize = 64 * 1024 * 1024;

/// One system's counters and switchboard.
pub(crate) struct Wire {
    pub(crate) system: System,
    pub(crate) journal: Journal,
    pub(crate) faults: Faults,
    pub(crate) front: Front,
    /// Requests to be carried out later, in the order in which they came.
    pub(crate) late: Mutex<Vec<(Request, Next)>>,
}

impl Wire {
    /// Carries out what was kept; answers how many requests that was.
    pub(crate) async fn carry_out_late(&self) -> usize {
        let late = mem::take(&mut *locked(&self.late));
        let count = late.len();
        for (request, next) in late {
            let response = next.run(request).await;
            if response.extensions().get::<Effect>().is_some() {
                self.journal.note_effect();
            }
        }
        count
    }
}

pub(crate) async fn watch(State(wire): State<Arc<Wire>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, LARGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let route = route_of(&parts.method, parts.uri.path(), &bytes);
    let _under_way = match wire.front.admit(&parts).await {
        Ok(under_way) => under_way,
        Err(refused) => {
            wire.journal.note(&Entry {
                system: wire.system,
                route: &route,
                status: Some(refused.status().as_u16()),
                duration: started.elapsed(),
                changed: false,
            });
            return refused;
        }
    };
    let faults = wire.faults.draw(&Looked {
        route: &route,
        path: parts.uri.path(),
        body: &bytes,
    });
    let request = Request::from_parts(parts, Body::from(bytes));

    let answer = answer(&wire, request, next, &faults).await;
    wire.journal.note(&Entry {
        system: wire.system,
        route: &route,
        status: answer
            .reaches_client
            .then(|| answer.response.status().as_u16()),
        duration: started.elapsed(),
        changed: answer.changed,
    });
    answer.response
}

/// A fault that only the handler of the request can make. Put into the request's extensions.
#[derive(Clone)]
pub(crate) struct HandlersFault(pub(crate) Fault);

struct Answer {
    response: Response,
    changed: bool,
    reaches_client: bool,
}

/// Waits for this long and hardly longer: the timer alone would add up to two milliseconds, which a measurement would take for ours.
async fn wait(duration: Duration) {
    let start = Instant::now();
    tokio::time::sleep(duration.saturating_sub(Duration::from_millis(2))).await;
    while start.elapsed() < duration {
        tokio::task::yield_now().await;
    }
}

async fn answer(wire: &Wire, mut request: Request, next: Next, faults: &[Fault]) -> Answer {
    burden(&mut request, faults).await;
    let untouched = |response| Answer {
        response,
        changed: false,
        reaches_client: true,
    };
    for fault in faults {
        match fault {
            Fault::DropBeforeEffect => return cut(false),
            Fault::LateEffect => {
                locked(&wire.late).push((request, next));
                return cut(false);
            }
            Fault::Status {
                status,
                retry_after,
                after_effect: false,
            } => return untouched(status_answer(wire.system, *status, *retry_after)),
            Fault::ErrorInside { message } => {
                return untouched(error_inside(wire.system, message));
            }
            _ => {}
        }
    }
    let mut response = next.run(request).await;
    let changed = response.extensions().get::<Effect>().is_some();
    for fault in faults {
        response = match fault {
            Fault::DropAfterEffect => return cut(changed),
            Fault::Status {
                status,
                retry_after,
                after_effect: true,
            } => status_answer(wire.system, *status, *retry_after),
            Fault::Redirect => Redirect::temporary("/elsewhere").into_response(),
            Fault::TruncatedBody
            | Fault::MalformedBody
            | Fault::OtherBody { .. }
            | Fault::OtherShape { .. }
            | Fault::OverLongBody { .. }
            | Fault::PageDrift
            | Fault::FoundNothing
            | Fault::WithoutTransaction => {
                with_other_body(response, |body| spoiled(fault, body)).await
            }
            Fault::SlowBody { milliseconds } => slowed(response, *milliseconds).await,
            _ => response,
        };
    }
    Answer {
        response,
        changed,
        reaches_client: true,
    }
}

/// The faults that let a request through to its handler, but not as it came.
async fn burden(request: &mut Request, faults: &[Fault]) {
    for fault in faults {
        match fault {
            Fault::Latency { milliseconds } => {
                wait(Duration::from_millis(*milliseconds)).await;
            }
            Fault::ExpiredToken => spoil_sign_in(request),
            Fault::FiltersIgnored => drop_filters(request),
            Fault::StatusWord { .. }
            | Fault::StatusWithoutIds
            | Fault::UnreadableStatus
            | Fault::NotYet
            | Fault::TakenInPart { .. }
            | Fault::RejectedLater { .. } => {
                request
                    .extensions_mut()
                    .insert(HandlersFault(fault.clone()));
            }
            _ => {}
        }
    }
}

/// `METHOD /path`, ids written `:id`, a PING operation named by its shipping process. Ids are left out so
/// that one route is one counter; queries are left out because they may hold individual numbers.
fn route_of(method: &axum::http::Method, path: &str, body: &Bytes) -> String {
    let path: Vec<&str> = path
        .split('/')
        .map(|part| {
            if uuid::Uuid::try_parse(part).is_ok() {
                ":id"
            } else {
                part
            }
        })
        .collect();
    let operation = serde_json::from_slice::<Value>(body)
        .ok()
        .and_then(|body| {
            body.get("ShippingProcessId")?
                .as_str()
                .map(|name| format!("#{name}"))
        })
        .unwrap_or_default();
    format!("{method} {}{operation}", path.join("/"))
}

fn spoil_sign_in(request: &mut Request) {
    let headers = request.headers_mut();
    headers.remove(COOKIE);
    headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer expired"));
}

/// What is left of a query is what is shown, in which order, and on which page.
fn drop_filters(request: &mut Request) {
    const KEPT: [&str; 5] = ["fields", "per", "page", "order_by", "order"];
    let is_kept = |pair: &&str| {
        KEPT.iter()
            .any(|name| pair.split('=').next() == Some(*name))
    };
    let query = request.uri().query().unwrap_or_default();
    let kept: Vec<&str> = query.split('&').filter(is_kept).collect();
    let everything = format!("{}?{}", request.uri().path(), kept.join("&"));
    if let Ok(uri) = everything.parse() {
        *request.uri_mut() = uri;
    }
}

fn status_answer(system: System, status: u16, retry_after: Option<u32>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let words = status.canonical_reason().unwrap_or_default();
    let mut response = match (system, status) {
        // Of a record that is gone Primero speaks in its own words; a route that it lacks it answers with nothing.
        (System::Primero, StatusCode::NOT_FOUND) => {
            let gone = json!({ "errors": [{ "status": 404, "message": words }] });
            (status, axum::Json(gone)).into_response()
        }
        _ => (status, words).into_response(),
    };
    if let Some(seconds) = retry_after {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn error_inside(system: System, message: &str) -> Response {
    let body = match system {
        System::Ping => json!({
            "Data": null,
            "ErrorMessage": message,
            "RecordCount": 0,
            "SPHTransactionId": null,
            "PagingSummary": null,
        }),
        System::Primero => json!({ "errors": [{ "status": 500, "message": message }] }),
    };
    axum::Json(body).into_response()
}

/// A body that fails at its first byte makes the server close the connection before it has sent anything.
fn cut(changed: bool) -> Answer {
    let broken = stream::iter([Err::<Bytes, io::Error>(
        io::ErrorKind::ConnectionReset.into(),
    )]);
    Answer {
        response: Response::new(Body::from_stream(broken)),
        changed,
        reaches_client: false,
    }
}

async fn with_other_body(response: Response, change: impl FnOnce(Bytes) -> Body) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let body = change(bytes);
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, body)
}

fn spoiled(fault: &Fault, body: Bytes) -> Body {
    match fault {
        Fault::TruncatedBody => {
            // Without the pause the server would close the connection before it has sent the first half.
            let half = stream::iter([Ok(body.slice(..body.len() / 2))]);
            let end = stream::once(async {
                tokio::task::yield_now().await;
                Err::<Bytes, io::Error>(io::ErrorKind::ConnectionReset.into())
            });
            Body::from_stream(half.chain(end))
        }
        Fault::MalformedBody => Body::from([&body[..body.len() / 2], b"<html>"].concat()),
        Fault::OtherBody { body } => Body::from(body.clone()),
        Fault::OtherShape { shape } => Body::from(shape.of(body)),
        Fault::OverLongBody { bytes } => Body::from([&body[..], &vec![b' '; *bytes]].concat()),
        Fault::PageDrift => Body::from(without_first_row(&body).unwrap_or(body)),
        Fault::FoundNothing => Body::from(without_any_row(&body).unwrap_or(body)),
        Fault::WithoutTransaction => Body::from(without_transaction(&body).unwrap_or(body)),
        _ => Body::from(body),
    }
}

fn without_first_row(body: &Bytes) -> Option<Bytes> {
    let mut answer: Value = serde_json::from_slice(body).ok()?;
    for key in ["Data", "data"] {
        if let Some(rows) = answer.get_mut(key).and_then(Value::as_array_mut)
            && !rows.is_empty()
        {
            rows.remove(0);
        }
    }
    serde_json::to_vec(&answer).ok().map(Bytes::from)
}

fn without_any_row(body: &Bytes) -> Option<Bytes> {
    let mut answer: Value = serde_json::from_slice(body).ok()?;
    for key in ["Data", "data"] {
        if let Some(rows) = answer.get_mut(key) {
            *rows = json!([]);
        }
    }
    for total in ["/metadata/total", "/RecordCount"] {
        if let Some(total) = answer.pointer_mut(total) {
            *total = json!(0);
        }
    }
    serde_json::to_vec(&answer).ok().map(Bytes::from)
}

fn without_transaction(body: &Bytes) -> Option<Bytes> {
    let mut answer: Value = serde_json::from_slice(body).ok()?;
    *answer.get_mut("SPHTransactionId")? = Value::Null;
    serde_json::to_vec(&answer).ok().map(Bytes::from)
}

/// Sends the body in eight pieces spread over the given time.
async fn slowed(response: Response, milliseconds: u64) -> Response {
    const PIECES: u32 = 8;
    let pause = Duration::from_millis(milliseconds) / PIECES;
    with_other_body(response, |body| {
        let piece = body.len().div_ceil(PIECES as usize).max(1);
        Body::from_stream(stream::unfold(body, move |mut rest| async move {
            if rest.is_empty() {
                return None;
            }
            tokio::time::sleep(pause).await;
            let now = rest.split_to(piece.min(rest.len()));
            Some((Ok::<Bytes, Infallible>(now), rest))
        }))
    })
    .await
}

/// A JSON answer with its status; kept here because PING and the controls send such answers.
pub(crate) fn json_answer(status: StatusCode, body: &Value) -> Response {
    (
        status,
        [(CONTENT_TYPE, "application/json; charset=utf-8")],
        body.to_string(),
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Method;

    #[test]
    fn a_listing_without_its_filters_still_shows_what_was_asked_in_its_order() {
        let uri = "/api/v2/cases?or[0][case_id]=x&fields=a,b&last_updated_at=x..y&per=5&order=asc";
        let mut request = Request::get(uri).body(Body::empty()).unwrap_or_default();
        drop_filters(&mut request);
        let left = request.uri().to_string();
        assert_eq!(left, "/api/v2/cases?fields=a,b&per=5&order=asc");
    }

    #[test]
    fn an_answer_that_found_nothing_keeps_its_shape() {
        let listing = br#"{"data":[{"id":1}],"metadata":{"total":1,"per":20}}"#;
        let body = without_any_row(&Bytes::from_static(listing));
        let expected = br#"{"data":[],"metadata":{"per":20,"total":0}}"#;
        assert!(body.is_some_and(|body| {
            serde_json::from_slice::<Value>(&body).ok() == serde_json::from_slice(expected).ok()
        }));
    }

    #[test]
    fn a_route_names_the_operation_and_hides_ids() {
        let body = Bytes::from_static(br#"{"ShippingProcessId":"SHP-9"}"#);
        assert_eq!(route_of(&Method::POST, "/a/v3", &body), "POST /a/v3#SHP-9");
        let path = "/api/v2/cases/52114ed9-4c1d-4e2b-8351-74e5359bdebf/referrals";
        assert_eq!(
            route_of(&Method::GET, path, &Bytes::new()),
            "GET /api/v2/cases/:id/referrals"
        );
    }
}

//! The HTTP side: which request goes where, and what every answer carries.

use super::access::View;
use super::call::Call;
use super::error_body::{Refusal, empty_response, json_response};
use super::filters::{self, Condition};
use super::moment::header_text;
use super::users::{self, User};
use super::{Primero, ReleaseLine, cases, installation, listing, referrals};
use crate::journal::Effect;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::response::Response;
use serde_json::{Value, json};
use std::time::Duration;

/// What a request got when nothing stood against it.
#[derive(Debug)]
pub(super) struct Answer {
    /// `None`: 204 without a body.
    body: Option<Value>,
    changed: bool,
}

impl Answer {
    pub(super) fn unchanged(body: Value) -> Self {
        Self {
            body: Some(body),
            changed: false,
        }
    }

    pub(super) fn changed(body: Value) -> Self {
        Self {
            body: Some(body),
            changed: true,
        }
    }

    pub(super) fn changed_without_body() -> Self {
        Self {
            body: None,
            changed: true,
        }
    }

    fn respond(&self) -> Response {
        let mut response = match &self.body {
            Some(body) => json_response(200, body),
            None => empty_response(204),
        };
        if self.changed {
            response.extensions_mut().insert(Effect);
        }
        response
    }
}

pub(super) fn router(primero: Primero) -> Router {
    Router::new()
        .fallback(serve)
        .layer(DefaultBodyLimit::disable())
        .with_state(primero)
}

async fn serve(
    State(primero): State<Primero>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let call = Call::read(method, &uri, headers, body);
    let outcome = answer(&primero, &call).await;
    let mut response = match &outcome {
        Ok(answer) => answer.respond(),
        Err(refusal) => refusal.respond(&call.path),
    };
    if has_session(&primero, &call) && !matches!(outcome, Err(Refusal::NoSuchRoute)) {
        let with_csrf = !outcome.is_err_and(|refusal| refusal.ends_session());
        set_cookies(&primero, &call, with_csrf, &mut response);
    }
    primero.date(&mut response);
    response
}

impl Primero {
    /// Writes the server's time on an answer, unless it is told not to.
    pub(crate) fn date(&self, response: &mut Response) {
        if self.sends_date() {
            let date = header_text(self.now());
            let date = HeaderValue::from_str(&date).expect("a date is plain ASCII");
            response.headers_mut().insert(header::DATE, date);
        }
    }

    /// How much longer the database takes for so many alternatives. Five it finds by its index; for more it scans the table.
    fn cost_of(&self, conditions: &[Condition]) -> Duration {
        const BY_INDEX: usize = 5;
        let alternatives: usize = conditions.iter().map(Condition::alternatives).sum();
        let more = u32::try_from(alternatives.saturating_sub(BY_INDEX)).unwrap_or(u32::MAX);
        self.habits().look_up_entry_costs.saturating_mul(more)
    }
}

async fn answer(primero: &Primero, call: &Call) -> Result<Answer, Refusal> {
    let segments: Vec<&str> = call
        .path
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    let segments = match segments.as_slice() {
        ["health"] if call.method == Method::GET => {
            return Ok(Answer {
                body: None,
                changed: false,
            });
        }
        ["api", "v2", rest @ ..] => rest,
        _ => return Err(Refusal::NoSuchRoute),
    };
    match (call.method.as_str(), segments) {
        ("GET", ["identity_providers"]) => {
            let metadata = json!({ "use_identity_provider": false });
            Ok(Answer::unchanged(
                json!({ "data": [], "metadata": metadata }),
            ))
        }
        ("POST", ["tokens"]) => log_in(primero, call),
        ("DELETE", ["tokens"]) => {
            let now = primero.now();
            primero
                .state()
                .sign_ins
                .log_out(call, now)
                .map(Answer::unchanged)
        }
        ("GET" | "POST", ["cases"] | ["cases", _, "referrals"])
        | ("GET" | "PATCH" | "PUT" | "DELETE", ["cases", _])
        | ("PATCH" | "DELETE", ["cases", _, "referrals", _])
        | (
            "GET",
            [
                "users"
                | "lookups"
                | "forms"
                | "agencies"
                | "primero_modules"
                | "contact_information",
            ]
            | ["users", _],
        ) => {
            let user = caller(primero, call)?;
            signed_in(primero, call, &user, segments).await
        }
        _ => Err(Refusal::NoSuchRoute),
    }
}

async fn signed_in(
    primero: &Primero,
    call: &Call,
    user: &User,
    segments: &[&str],
) -> Result<Answer, Refusal> {
    match (call.method.as_str(), segments) {
        ("GET", ["cases"]) => {
            let conditions = filters::read(&call.query, user, primero.forms())?;
            tokio::time::sleep(primero.cost_of(&conditions)).await;
            let listed = listing::list(&primero.state(), View::of(user, primero), &call.query);
            primero.listing_answered(&call.query);
            listed
        }
        ("POST", ["cases"]) => cases::create(primero, user, call).await,
        ("GET", ["cases", id]) => cases::show(primero, user, call, id),
        ("PATCH" | "PUT", ["cases", id]) => cases::change(primero, user, call, id).await,
        ("DELETE", ["cases", id]) => cases::delete(primero, user, id),
        ("GET", ["cases", id, "referrals"]) => referrals::list(primero, user, id),
        ("POST", ["cases", id, "referrals"]) => referrals::refer(primero, user, call, id),
        ("PATCH", ["cases", id, "referrals", referral]) => {
            referrals::respond(primero, user, call, id, referral)
        }
        ("DELETE", ["cases", id, "referrals", referral]) => {
            referrals::revoke(primero, user, id, referral)
        }
        ("GET", ["users"]) => users::list(&primero.state(), user, &call.query),
        ("GET", ["users", id]) => users::show(primero, user, &call.query, id),
        ("GET", ["agencies"]) => installation::agencies(primero, user, &call.query),
        ("GET", ["primero_modules"]) => installation::modules(primero, user),
        ("GET", ["contact_information"]) => Ok(installation::contact(primero)),
        ("GET", ["lookups"]) => list_lookups(primero, call),
        ("GET", ["forms"]) => Ok(list_forms(primero, call)),
        _ => Err(Refusal::NoSuchRoute),
    }
}

fn log_in(primero: &Primero, call: &Call) -> Result<Answer, Refusal> {
    let now = primero.now();
    let mut state = primero.state();
    let super::state::State {
        sign_ins,
        users,
        ids,
        ..
    } = &mut *state;
    let fresh = &mut || ids.fresh();
    sign_ins
        .log_in(call, users, primero.release(), now, fresh)
        .map(Answer::unchanged)
}

fn caller(primero: &Primero, call: &Call) -> Result<User, Refusal> {
    let now = primero.now();
    let mut state = primero.state();
    let super::state::State {
        sign_ins, users, ..
    } = &mut *state;
    sign_ins.caller(call, users, primero.release(), now)
}

fn list_lookups(primero: &Primero, call: &Call) -> Result<Answer, Refusal> {
    let all = primero.forms().lookups.to_json();
    let page = listing::Page::read(&call.query)?;
    let metadata = page.metadata(all.len());
    let shown: Vec<Value> = page.cut(all.into_iter()).collect();
    Ok(Answer::unchanged(
        json!({ "data": shown, "metadata": metadata }),
    ))
}

/// Everybody sees all forms, whatever the role reads or writes. Forms of other records and of other modules are none of this sandbox's
/// business.
fn list_forms(primero: &Primero, call: &Call) -> Answer {
    let asked = |name, ours| call.query.plain(name).is_none_or(|value| value == ours);
    if !asked("record_type", "case") || !asked("module_id", super::forms::CHILD_PROTECTION) {
        return Answer::unchanged(json!({ "data": [] }));
    }
    let nested = call.query.plain("include_subforms") == Some("true");
    Answer::unchanged(primero.forms().list(nested))
}

/// Cookies are for the API over HTTPS, and for callers that do not send their credentials each time.
fn has_session(primero: &Primero, call: &Call) -> bool {
    primero.release() != ReleaseLine::Older
        && call.path.starts_with("/api/")
        && call.header("authorization").is_none()
        && (primero.is_behind_tls() || call.header("x-forwarded-proto") == Some("https"))
}

fn set_cookies(primero: &Primero, call: &Call, with_csrf: bool, response: &mut Response) {
    let now = primero.now();
    let mut state = primero.state();
    let super::state::State { sign_ins, ids, .. } = &mut *state;
    let cookies = sign_ins
        .sessions
        .cookies(call, with_csrf, now, &mut || ids.fresh());
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

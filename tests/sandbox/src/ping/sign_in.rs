//! The token endpoint (password grant) and the gateway's check of every call.

use axum::Json;
use axum::extract::{Form, Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Ping;
use crate::wire::json_answer;

/// How often somebody tried to sign in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SignIns {
    /// Tries that got a token.
    pub granted: usize,
    /// Tries that did not.
    pub refused: usize,
}

#[derive(Deserialize)]
pub(super) struct Grant {
    #[serde(rename = "grant_type")]
    kind: Option<String>,
    username: Option<String>,
    password: Option<String>,
    client_id: Option<String>,
    scope: Option<String>,
    response_type: Option<String>,
}

pub(super) async fn token(
    State(ping): State<Ping>,
    headers: HeaderMap,
    Form(grant): Form<Grant>,
) -> Response {
    match refusal(&ping, &headers, &grant) {
        Some((status, error, description)) => {
            ping.state().sign_ins.refused += 1;
            json_answer(
                status,
                &json!({ "error": error, "error_description": description }),
            )
        }
        None => granted(&ping),
    }
}

type TokenError = (StatusCode, &'static str, &'static str);

fn refusal(ping: &Ping, headers: &HeaderMap, grant: &Grant) -> Option<TokenError> {
    let options = ping.options();
    let is = |given: &Option<String>, wanted: &str| given.as_deref() == Some(wanted);
    if !is(&grant.kind, "password") || !is(&grant.response_type, "token") {
        return Some((
            StatusCode::BAD_REQUEST,
            "unsupported_grant_type",
            "AADB2C90086: The supplied grant_type is not supported.",
        ));
    }
    if !is(&grant.client_id, &options.client_id) {
        return Some((
            StatusCode::BAD_REQUEST,
            "unauthorized_client",
            "AADB2C90018: The client id is not registered in the tenant.",
        ));
    }
    if !is(&grant.scope, &options.scope) {
        return Some((
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "AADB2C90117: The scope provided in the request is not supported.",
        ));
    }
    if let Some(cookie) = &options.token_cookie
        && !header(headers, COOKIE.as_str()).is_some_and(|sent| sent.contains(cookie.as_str()))
    {
        return Some((
            StatusCode::UNAUTHORIZED,
            "temporarily_unavailable",
            "The request reached another region.",
        ));
    }
    let right = is(&grant.username, &options.username) && is(&grant.password, &options.password);
    (!right).then_some((
        StatusCode::BAD_REQUEST,
        "access_denied",
        "AADB2C90225: The username or password provided in the request are invalid.",
    ))
}

fn granted(ping: &Ping) -> Response {
    let lifetime = ping.options().token_lifetime;
    let token = format!("simulated.{}", ping.new_id().simple());
    let now = ping.now();
    let lasts = SignedDuration::try_from(lifetime).unwrap_or(SignedDuration::from_hours(24));
    let mut state = ping.state();
    state.sign_ins.granted += 1;
    state.tokens.retain(|_, end| *end > now);
    state.tokens.insert(token.clone(), now + lasts);
    drop(state);
    let seconds = lifetime.as_secs();
    let expires_in = if ping.options().expires_in_as_text {
        json!(seconds.to_string())
    } else {
        json!(seconds)
    };
    let body = json!({ "access_token": token, "token_type": "Bearer", "expires_in": expires_in });
    ([(CACHE_CONTROL, "no-store")], Json::<Value>(body)).into_response()
}

/// Lets a call through to PING only with a live token, the subscription key and a JSON body.
pub(super) async fn gateway(State(ping): State<Ping>, request: Request, next: Next) -> Response {
    match turned_away(&ping, request.headers()) {
        Some((status, message)) => json_answer(
            status,
            &json!({ "statusCode": status.as_u16(), "message": message }),
        ),
        None => next.run(request).await,
    }
}

fn turned_away(ping: &Ping, headers: &HeaderMap) -> Option<(StatusCode, &'static str)> {
    let key = header(headers, "ocp-apim-subscription-key");
    if key != Some(ping.options().subscription_key.as_str()) {
        let message = if key.is_none() {
            "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API."
        } else {
            "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription."
        };
        return Some((StatusCode::UNAUTHORIZED, message));
    }
    let live = header(headers, AUTHORIZATION.as_str())
        .and_then(|value| value.strip_prefix("Bearer "))
        .and_then(|token| ping.state().tokens.get(token).copied())
        .is_some_and(|expires| ping.now() < expires);
    if !live {
        return Some((
            StatusCode::UNAUTHORIZED,
            "Unauthorized. Access token is missing or invalid.",
        ));
    }
    let json = header(headers, CONTENT_TYPE.as_str())
        .is_some_and(|value| value.starts_with("application/json"));
    (!json).then_some((
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "The content type must be application/json.",
    ))
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

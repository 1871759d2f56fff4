//! Cookie sessions and their CSRF tokens.

use super::call::Call;
use super::error_body::Refusal;
use super::query_string::decode;
use axum::http::HeaderValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use std::collections::HashMap;
use uuid::Uuid;

const SESSION_COOKIE: &str = "_app_session";
const CSRF_COOKIE: &str = "CSRF-TOKEN";

/// All sessions by the value of their cookie.
#[derive(Debug, Default)]
pub(super) struct Sessions(HashMap<String, Session>);

#[derive(Clone, Debug)]
struct Session {
    /// Nobody yet, before the login.
    user: Option<String>,
    /// What a write must send in `X-CSRF-Token`.
    csrf: String,
    /// What the next answer puts into the cookie: a login answers with the token of the session
    /// that it just replaced, so the client has to read once more before it can write.
    shown_csrf: String,
    /// When the login runs out; none before it.
    until: Option<Timestamp>,
}

impl Sessions {
    /// The user signed in through the call's cookie.
    pub(super) fn user_of(&self, call: &Call, now: Timestamp) -> Option<String> {
        self.current(call, now)?.user.clone()
    }

    pub(super) fn check_csrf(&self, call: &Call, now: Timestamp) -> Result<(), Refusal> {
        let session = self.current(call, now).ok_or(Refusal::CsrfMissing)?;
        let sent = call.header("x-csrf-token").ok_or(Refusal::CsrfMissing)?;
        if sent == session.csrf {
            Ok(())
        } else {
            Err(Refusal::CsrfMissing)
        }
    }

    /// Signs the call's session in and ends every other session of the user.
    pub(super) fn log_in(
        &mut self,
        call: &Call,
        user_name: &str,
        until: Timestamp,
        fresh: &mut dyn FnMut() -> Uuid,
    ) {
        let Some(key) = call.cookie(SESSION_COOKIE) else {
            return;
        };
        self.0
            .retain(|id, session| *id == key || session.user.as_deref() != Some(user_name));
        if let Some(session) = self.0.get_mut(&key) {
            session.user = Some(user_name.to_owned());
            session.shown_csrf = std::mem::replace(&mut session.csrf, new_token(fresh));
            session.until = Some(until);
        }
    }

    pub(super) fn log_out(&mut self, call: &Call) {
        if let Some(key) = call.cookie(SESSION_COOKIE) {
            self.0.remove(&key);
        }
    }

    /// The `Set-Cookie` values of an answer: the session, made if the call names none that lives,
    /// and (unless the answer ends the session) its CSRF token, URL-encoded.
    pub(super) fn cookies(
        &mut self,
        call: &Call,
        with_csrf: bool,
        now: Timestamp,
        fresh: &mut dyn FnMut() -> Uuid,
    ) -> Vec<HeaderValue> {
        let named = call
            .cookie(SESSION_COOKIE)
            .filter(|_| self.current(call, now).is_some());
        let key = named.unwrap_or_else(|| fresh().simple().to_string());
        let session = self.0.entry(key.clone()).or_insert_with(|| {
            let csrf = new_token(fresh);
            Session {
                user: None,
                shown_csrf: csrf.clone(),
                csrf,
                until: None,
            }
        });
        let mut cookies = vec![format!("{SESSION_COOKIE}={key}; path=/; HttpOnly")];
        if with_csrf {
            let shown = std::mem::replace(&mut session.shown_csrf, session.csrf.clone());
            cookies.insert(0, format!("{CSRF_COOKIE}={}; path=/", encoded(&shown)));
        }
        let value = |cookie: String| HeaderValue::from_str(&cookie);
        cookies
            .into_iter()
            .map(value)
            .map(|v| v.expect("cookies are plain ASCII"))
            .collect()
    }

    fn current(&self, call: &Call, now: Timestamp) -> Option<&Session> {
        let session = self.0.get(&call.cookie(SESSION_COOKIE)?)?;
        session
            .until
            .is_none_or(|until| now < until)
            .then_some(session)
    }
}

/// Base64 with padding, as Rails makes it: a client that does not URL-decode the cookie is found out.
fn new_token(fresh: &mut dyn FnMut() -> Uuid) -> String {
    STANDARD.encode([fresh().into_bytes(), fresh().into_bytes()].concat())
}

fn encoded(token: &str) -> String {
    token
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D")
}

impl Call {
    fn cookie(&self, name: &str) -> Option<String> {
        let cookies = self.header("cookie")?.split(';');
        let mut pairs = cookies.filter_map(|cookie| cookie.trim().split_once('='));
        pairs
            .find(|(key, _)| *key == name)
            .map(|(_, value)| decode(value))
    }
}

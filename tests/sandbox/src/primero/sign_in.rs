//! The three ways to sign in, the lock after wrong passwords and the limit on logins.

use super::ReleaseLine;
use super::call::Call;
use super::error_body::Refusal;
use super::moment::instant_text;
use super::sessions::Sessions;
use super::users::{User, number_of};
use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::HashMap;
use uuid::Uuid;

const WRONG_TRIES_ALLOWED: u32 = 6;
const LOCK: SignedDuration = SignedDuration::from_mins(30);
const LOGINS_A_MINUTE: usize = 6;
const LIFETIME: SignedDuration = SignedDuration::from_mins(60);

/// Wrong tries, logins, sessions and tokens of all users.
#[derive(Debug, Default)]
pub(super) struct SignIns {
    accounts: HashMap<String, Account>,
    pub(super) sessions: Sessions,
    tokens: HashMap<String, (String, Timestamp)>,
}

#[derive(Debug, Default)]
struct Account {
    wrong_tries: u32,
    locked_until: Option<Timestamp>,
    recent_logins: Vec<Timestamp>,
    /// When the count of wrong tries last changed: it is part of the user's record.
    updated_at: Option<Timestamp>,
}

impl SignIns {
    /// When signing in last changed the user's record, as the API writes it.
    pub(super) fn updated_at(&self, user_name: &str) -> Option<String> {
        self.accounts.get(user_name)?.updated_at.map(instant_text)
    }

    /// Who sends this call. A write that rests on a session also needs its CSRF token.
    pub(super) fn caller(
        &mut self,
        call: &Call,
        users: &[User],
        release: ReleaseLine,
        now: Timestamp,
    ) -> Result<User, Refusal> {
        if release == ReleaseLine::Older {
            return self.bearer(call, users, now);
        }
        if let Some((user_name, password)) = basic_credentials(call) {
            return self
                .check_password(users, &user_name, &password, now)
                .cloned();
        }
        if call.method != Method::GET {
            self.sessions.check_csrf(call, now)?;
        }
        let signed_in = self
            .sessions
            .user_of(call, now)
            .ok_or(Refusal::NotSignedIn)?;
        find(users, &signed_in).cloned().ok_or(Refusal::NotSignedIn)
    }

    /// `POST /api/v2/tokens`: the body on success; a session's cookies are set by the server.
    pub(super) fn log_in(
        &mut self,
        call: &Call,
        users: &[User],
        release: ReleaseLine,
        now: Timestamp,
        fresh: &mut dyn FnMut() -> Uuid,
    ) -> Result<Value, Refusal> {
        let body = call.json();
        let asked = body.as_ref().map_or(&Value::Null, |body| &body["user"]);
        let (name, password) = (&asked["user_name"], &asked["password"]);
        let (name, password) = (name.as_str().unwrap_or(""), password.as_str().unwrap_or(""));
        self.throttle(name, now)?;
        if release != ReleaseLine::Older {
            self.sessions.check_csrf(call, now)?;
        }
        body.as_ref().map_err(Clone::clone)?;
        let user = self.check_password(users, name, password, now)?;
        let mut answer = json!({
            "id": number_of(users, name),
            "user_name": name,
            "group_permission": user.scope.as_str(),
        });
        if release == ReleaseLine::Older {
            answer["token"] = json!(self.issue_token(name, now, fresh()));
        } else {
            self.sessions.log_in(call, name, now + LIFETIME, fresh);
        }
        Ok(answer)
    }

    /// `DELETE /api/v2/tokens`.
    pub(super) fn log_out(&mut self, call: &Call, now: Timestamp) -> Result<Value, Refusal> {
        if let Some(token) = bearer_token(call) {
            self.tokens.remove(token);
            return Ok(json!({}));
        }
        self.sessions.check_csrf(call, now)?;
        self.sessions.log_out(call);
        Ok(json!({}))
    }

    /// A sliding minute over every login of a name, right or wrong.
    fn throttle(&mut self, user_name: &str, now: Timestamp) -> Result<(), Refusal> {
        let recent = &mut self
            .accounts
            .entry(user_name.to_owned())
            .or_default()
            .recent_logins;
        recent.retain(|at| now.duration_since(*at) < SignedDuration::from_mins(1));
        if recent.len() >= LOGINS_A_MINUTE {
            return Err(Refusal::TooManySignIns);
        }
        recent.push(now);
        Ok(())
    }

    /// The right password of an account that is not locked; the refusal never tells which it was.
    fn check_password<'u>(
        &mut self,
        users: &'u [User],
        user_name: &str,
        password: &str,
        now: Timestamp,
    ) -> Result<&'u User, Refusal> {
        let user = find(users, user_name).ok_or(Refusal::WrongPassword)?;
        let account = self.accounts.entry(user_name.to_owned()).or_default();
        if account.locked_until.is_some_and(|until| now < until) {
            return Err(Refusal::WrongPassword);
        }
        if user.password == password {
            if account.wrong_tries > 0 {
                account.updated_at = Some(now);
            }
            account.wrong_tries = 0;
            account.locked_until = None;
            return Ok(user);
        }
        account.updated_at = Some(now);
        account.wrong_tries += 1;
        if account.wrong_tries >= WRONG_TRIES_ALLOWED {
            account.wrong_tries = 0;
            account.locked_until = Some(now + LOCK);
        }
        Err(Refusal::WrongPassword)
    }

    fn bearer(&self, call: &Call, users: &[User], now: Timestamp) -> Result<User, Refusal> {
        let token = bearer_token(call).and_then(|token| self.tokens.get(token));
        let (name, until) = token.ok_or(Refusal::NotSignedIn)?;
        let user = find(users, name).filter(|_| now < *until);
        user.cloned().ok_or(Refusal::NotSignedIn)
    }

    fn issue_token(&mut self, user_name: &str, now: Timestamp, id: Uuid) -> String {
        let until = now + LIFETIME;
        let part = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let header = part(json!({ "alg": "HS256" }));
        let claims =
            json!({ "jti": id, "sub": user_name, "scp": "user", "exp": until.as_second() });
        let signature = URL_SAFE_NO_PAD.encode(id.as_bytes());
        let token = format!("{header}.{}.{signature}", part(claims));
        self.tokens
            .insert(token.clone(), (user_name.to_owned(), until));
        token
    }
}

fn find<'u>(users: &'u [User], user_name: &str) -> Option<&'u User> {
    users
        .iter()
        .find(|user| user.user_name == user_name && !user.disabled)
}

fn basic_credentials(call: &Call) -> Option<(String, String)> {
    let encoded = call.header("authorization")?.strip_prefix("Basic ")?;
    let decoded = STANDARD.decode(encoded.trim()).unwrap_or_default();
    let decoded = String::from_utf8_lossy(&decoded);
    let (name, password) = decoded.split_once(':').unwrap_or((&decoded, ""));
    Some((name.to_owned(), password.to_owned()))
}

fn bearer_token(call: &Call) -> Option<&str> {
    call.header("authorization")?.strip_prefix("Bearer ")
}

//! Signing in to PING: an Azure AD B2C password grant. One token serves the run; a sign-in that was refused, or whose answer was lost, is
//! never repeated. Only a refused grant counts as refused: any other error of the sign-in service passes.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::PingClient;
use super::keys::member;
use super::text;
use crate::domain::reason::Stop;
use crate::domain::system::System;
use crate::transport::{GateError, Repeat};

/// A bearer token.
pub type Token = SecretString;

const ROUTE: &str = "sign in";

impl PingClient {
    /// The run's token. With `expired`, a new one, unless another call has renewed that one already.
    pub(super) async fn token(
        &self,
        expired: Option<&Arc<Token>>,
    ) -> Result<Arc<Token>, GateError> {
        let transport = &self.transport;
        self.session.pass(expired, transport, self.sign_in()).await
    }

    async fn sign_in(&self) -> Result<Token, GateError> {
        let secret = &self.secret;
        let form = [
            ("grant_type", "password"),
            ("username", &secret.username),
            ("password", secret.password.expose_secret()),
            ("client_id", &secret.client_id),
            ("scope", &secret.scope),
            ("response_type", "token"),
        ];
        let answer = self
            .transport
            // A sign-in whose answer was lost may have been refused: it counts as the one try.
            .send(ROUTE, Repeat::AfterAsking, |http| {
                let request = http.post(&secret.token_url).form(&form);
                match &self.settings.token_cookie {
                    Some(cookie) => request.header("Cookie", cookie),
                    None => request,
                }
            })
            .await?;
        match answer.status.as_u16() {
            200 => {
                let granted: Map<String, Value> =
                    serde_json::from_str(&text::of(&answer.body)).unwrap_or_default();
                let token = member(&granted, "accesstoken").as_str();
                let token = token.filter(|token| !token.trim().is_empty());
                let unreadable = || {
                    self.transport
                        .unreadable(ROUTE, "`access_token`".to_owned())
                };
                token.map(SecretString::from).ok_or_else(unreadable)
            }
            400 | 401 | 403 if refuses(&answer.body) => {
                Err(Stop::AuthenticationFailed(System::Ping).into())
            }
            // The sign-in service, or what stands before it, is not well; nobody looked at the password.
            400 | 401 | 403 => Err(Stop::Unavailable(System::Ping).into()),
            // No record is to blame for a sign-in that fails.
            status => Err(self.transport.unreadable(ROUTE, format!("status {status}"))),
        }
    }
}

/// Errors by which the sign-in service refuses what the secret says, and no trouble of its own.
const REFUSALS: [&str; 9] = [
    "invalid_grant",
    "invalid_client",
    "unauthorized_client",
    "access_denied",
    "invalid_request",
    "invalid_scope",
    "unsupported_grant_type",
    "interaction_required",
    "consent_required",
];

/// Whether an error body refuses the grant. B2C says `access_denied` of a wrong password, Azure AD `invalid_grant`.
fn refuses(body: &[u8]) -> bool {
    let body: Map<String, Value> = serde_json::from_str(&text::of(body)).unwrap_or_default();
    let error = member(&body, "error").as_str().unwrap_or_default();
    REFUSALS.contains(&error.trim().to_lowercase().as_str())
}

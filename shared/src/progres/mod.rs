//! The gate to proGres: UNHCR's PING middleware.
//!
//! What is not publicly known of PING is a profile setting, never an assumption in code.

mod almost_json;
mod batch;
mod check_status;
mod envelope;
mod ingestion;
mod keys;
mod probe;
mod retrieval;
mod row;
mod sign_in;
#[cfg(test)]
mod tests;
mod text;

use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::Client;
use secrecy::ExposeSecret;
use serde_json::Value;

pub use self::check_status::{Checked, Operation, RecordStatus, Status};
use self::envelope::Envelope;
pub use self::ingestion::{FieldValue, Receipt, Submission, Submitted};
pub use self::probe::{Probed, Shape};
pub use self::retrieval::{Details, Pages};
pub use self::row::{Row, text_of};
use self::sign_in::Token;
use crate::domain::reason::Stop;
use crate::domain::system::System;
use crate::profile::PingSettings;
use crate::secrets::PingSecret;
use crate::transport::{Answer, Conditions, GateError, Limits, OneTry, Repeat, Transport};

/// PING, for one run.
pub struct PingClient {
    transport: Transport,
    secret: PingSecret,
    settings: PingSettings,
    session: OneTry<Token>,
    /// Whether the gateway refused a call under a token that had just been granted.
    refused_token: AtomicBool,
}

impl PingClient {
    /// The way to the PING that the secret names.
    #[must_use]
    pub fn new(
        http: Client,
        secret: PingSecret,
        settings: PingSettings,
        conditions: Conditions,
    ) -> Self {
        let limits = Limits {
            timeout: settings.timeout,
            max_body_bytes: settings.max_body_bytes,
        };
        Self {
            transport: Transport::new(System::Ping, http, limits, conditions)
                .through_gateway(settings.refused_before_effect.clone()),
            secret,
            settings,
            session: OneTry::default(),
            refused_token: AtomicBool::new(false),
        }
    }

    /// Requests sent so far, sign-in included.
    pub fn calls(&self) -> u64 {
        self.transport.calls()
    }

    /// How many of them brought an error or no answer.
    pub fn failed_calls(&self) -> u64 {
        self.transport.failed_calls()
    }

    /// Posts a question, and reads its answer.
    async fn ask(
        &self,
        route: &'static str,
        path: &str,
        body: &Value,
    ) -> Result<Envelope, GateError> {
        let answer = self.post(route, path, body, Repeat::Freely).await?;
        Envelope::of_read(&self.transport, route, &answer)
    }

    /// Posts a write, and reads its answer.
    async fn tell(
        &self,
        route: &'static str,
        path: &str,
        body: &Value,
        repeat: Repeat,
    ) -> Result<Envelope, GateError> {
        let answer = self.post(route, path, body, repeat).await?;
        Envelope::of_write(&self.transport, route, &answer)
            .map_err(|error| taken_if_unreadable(error, repeat))
    }

    /// Posts a body under a token, which is renewed once if it has expired, and judges the answer's status.
    async fn post(
        &self,
        route: &'static str,
        path: &str,
        body: &Value,
        repeat: Repeat,
    ) -> Result<Answer, GateError> {
        let mut token = self.token(None).await?;
        let mut answer = self.post_with(&token, route, path, body, repeat).await?;
        if answer.status.as_u16() == 401 {
            token = self.token(Some(&token)).await?;
            answer = self.post_with(&token, route, path, body, repeat).await?;
        }
        match answer.status.as_u16() {
            200..=299 => Ok(answer),
            401 => {
                self.refused_token.store(true, Ordering::Relaxed);
                tracing::warn!(
                    "PING refused a token that it had just granted; is the subscription key right?"
                );
                Err(Stop::Unavailable(System::Ping).into())
            }
            403 => Err(Stop::PermissionDenied {
                system: System::Ping,
                route,
            }
            .into()),
            // No route of PING names a record.
            404 | 405 | 410 => Err(Stop::NoSuchRoute {
                system: System::Ping,
                route,
            }
            .into()),
            status => Err(GateError::Refused {
                system: System::Ping,
                status,
                fields: Vec::new(),
            }),
        }
    }

    async fn post_with(
        &self,
        token: &Token,
        route: &'static str,
        path: &str,
        body: &Value,
        repeat: Repeat,
    ) -> Result<Answer, GateError> {
        let url = format!("{}{path}", self.secret.base_url.trim_end_matches('/'));
        let key = self.secret.subscription_key.expose_secret();
        let build = |http: &Client| {
            http.post(&url)
                .bearer_auth(token.expose_secret())
                .header("Ocp-Apim-Subscription-Key", key)
                .json(body)
        };
        let answer = self.transport.send(route, repeat, build).await;
        answer.map_err(|error| taken_if_unreadable(error, repeat))
    }
}

/// A write whose answer cannot be read may have been taken, with what receipt nobody knows.
fn taken_if_unreadable(error: GateError, repeat: Repeat) -> GateError {
    match error {
        GateError::Run(Stop::UnreadableAnswer { system, .. }) if repeat.would_double() => {
            GateError::Ambiguous(system)
        }
        error => error,
    }
}

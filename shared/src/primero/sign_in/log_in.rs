//! Logging in for a session or a token.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::cookies::Cookies;
use super::{LogIn, Pass, refused};
use crate::domain::reason::Stop;
use crate::domain::system::System;
use crate::primero::PrimeroClient;
use crate::transport::{Answer, GateError, Repeat};

const ROUTE: &str = "sign in";
/// Answers everybody, and sets cookies.
const PUBLIC: &str = "/api/v2/identity_providers";

#[derive(Deserialize)]
struct Granted {
    token: Option<SecretString>,
}

impl PrimeroClient {
    pub(super) async fn log_in(&self, way: LogIn) -> Result<Pass, GateError> {
        match way {
            LogIn::Session => self.begin_session().await.map(Pass::Session),
            LogIn::Token => self.fetch_token().await.map(Pass::Token),
        }
    }

    /// The log-in needs a CSRF token, so something public is read before it; it replaces that token without telling, so something
    /// is read after it, too.
    async fn begin_session(&self) -> Result<Cookies, GateError> {
        let cookies = Cookies::default();
        self.read_public(&cookies).await?;
        let answer = self.send_password(Some(&cookies)).await?;
        cookies.take(&answer.headers);
        self.read_public(&cookies).await?;
        Ok(cookies)
    }

    async fn fetch_token(&self) -> Result<SecretString, GateError> {
        let answer = match self.send_password(None).await {
            // A release that keeps sessions asks for a CSRF token before it looks at the password.
            Err(GateError::Run(Stop::PermissionDenied { .. })) => {
                return Err(Stop::TokenNotGiven.into());
            }
            answer => answer?,
        };
        let granted: Granted = self.transport.json(ROUTE, &answer)?;
        granted.token.ok_or_else(|| Stop::TokenNotGiven.into())
    }

    async fn read_public(&self, cookies: &Cookies) -> Result<(), GateError> {
        let url = self.url(PUBLIC);
        let answer = self
            .transport
            .send(ROUTE, Repeat::Freely, |http| cookies.sign(http.get(&url)))
            .await?;
        self.judge_log_in(&answer)?;
        cookies.take(&answer.headers);
        if cookies.are_complete() {
            return Ok(());
        }
        let place = "its cookies: a session and a CSRF token are needed".to_owned();
        Err(self.transport.unreadable(ROUTE, place))
    }

    async fn send_password(&self, cookies: Option<&Cookies>) -> Result<Answer, GateError> {
        let url = self.url("/api/v2/tokens");
        let user = json!({
            "user_name": self.user.username,
            "password": self.user.password.expose_secret(),
        });
        let body = json!({ "user": user });
        // A repeat after a lost answer could be a second wrong try.
        let answer = self
            .transport
            .send(ROUTE, Repeat::AfterAsking, |http| {
                let request = http.post(&url).json(&body);
                match cookies {
                    Some(cookies) => cookies.sign(request),
                    None => request,
                }
            })
            .await?;
        self.judge_log_in(&answer)?;
        Ok(answer)
    }

    fn judge_log_in(&self, answer: &Answer) -> Result<(), GateError> {
        match answer.status.as_u16() {
            200..=299 => Ok(()),
            401 => Err(refused()),
            403 => Err(Stop::PermissionDenied {
                system: System::Primero,
                route: ROUTE,
            }
            .into()),
            status => Err(self.transport.unreadable(ROUTE, format!("status {status}"))),
        }
    }
}

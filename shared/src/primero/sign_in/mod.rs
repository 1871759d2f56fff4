//! Signing in to Primero, in the way that the secret names.
//!
//! Six wrong tries lock an account for half an hour and look the same as one, so whichever the way, a run tries a password once:
//! the first call goes alone, the others wait for its fate, and what was refused stays refused.

mod basic;
mod cookies;
mod log_in;

use reqwest::{Client, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};

use self::basic::Standing;
use self::cookies::Cookies;
use super::PrimeroClient;
use super::answer::lacks_csrf_token;
use crate::domain::reason::Stop;
use crate::domain::system::System;
use crate::secrets::PrimeroAuth;
use crate::transport::{Answer, GateError, OneTry, Repeat};

/// Our sign-in in this run.
pub enum SignIn {
    /// HTTP Basic with every call: nothing is kept but whether it works.
    Basic(Standing),
    /// A log-in whose session or token serves all calls until it ends.
    LogIn(LogIn, OneTry<Pass>),
}

/// What a log-in gives.
#[derive(Clone, Copy, Debug)]
pub enum LogIn {
    /// Cookies and a CSRF token (2.11 and later).
    Session,
    /// A bearer token (up to 2.10).
    Token,
}

/// What a call is signed with.
pub enum Pass {
    Session(Cookies),
    Token(SecretString),
}

impl SignIn {
    /// The way that the secret names, nothing tried yet.
    pub fn by(auth: PrimeroAuth) -> Self {
        match auth {
            PrimeroAuth::Basic => Self::Basic(Standing::default()),
            PrimeroAuth::Session => Self::LogIn(LogIn::Session, OneTry::default()),
            PrimeroAuth::Token => Self::LogIn(LogIn::Token, OneTry::default()),
        }
    }
}

impl Pass {
    fn sign(&self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::Session(cookies) => cookies.sign(request),
            Self::Token(token) => request.bearer_auth(token.expose_secret()),
        }
    }

    /// Whether the pass has ended, by time or because the same user signed in elsewhere. A write under an ended session is told
    /// so by its CSRF token; it was not carried out.
    fn has_ended(&self, answer: &Answer) -> bool {
        match (answer.status.as_u16(), self) {
            (401, _) => true,
            (403, Self::Session(_)) => lacks_csrf_token(&answer.body),
            _ => false,
        }
    }

    /// An answer may bring newer cookies.
    fn keep(&self, answer: &Answer) {
        if let Self::Session(cookies) = self {
            cookies.take(&answer.headers);
        }
    }
}

impl PrimeroClient {
    /// Sends a signed-in call. A session or token that has ended is renewed once, and the call sent again.
    pub(super) async fn send_signed_in(
        &self,
        route: &'static str,
        repeat: Repeat,
        build: impl Fn(&Client) -> RequestBuilder,
    ) -> Result<Answer, GateError> {
        let (way, log_in) = match &self.sign_in {
            SignIn::Basic(standing) => {
                let signed = |http: &Client| basic::sign(build(http), &self.user);
                return standing
                    .prove(&self.transport, self.transport.send(route, repeat, signed))
                    .await;
            }
            SignIn::LogIn(way, log_in) => (*way, log_in),
        };
        let mut pass = log_in.pass(None, &self.transport, self.log_in(way)).await?;
        let mut answer = self.send_under(&pass, route, repeat, &build).await?;
        if pass.has_ended(&answer) {
            pass = log_in
                .pass(Some(&pass), &self.transport, self.log_in(way))
                .await?;
            answer = self.send_under(&pass, route, repeat, &build).await?;
        }
        if !pass.has_ended(&answer) {
            pass.keep(&answer);
            return Ok(answer);
        }
        match way {
            // Another run of the same user may end a session at once; the password is the right one.
            LogIn::Session => Err(GateError::Unavailable(System::Primero)),
            LogIn::Token => Err(log_in.give_up(refused()).await),
        }
    }

    async fn send_under(
        &self,
        pass: &Pass,
        route: &'static str,
        repeat: Repeat,
        build: &impl Fn(&Client) -> RequestBuilder,
    ) -> Result<Answer, GateError> {
        let signed = |http: &Client| pass.sign(build(http));
        self.transport.send(route, repeat, signed).await
    }
}

fn refused() -> GateError {
    Stop::AuthenticationFailed(System::Primero).into()
}

//! Signing in to Primero, in the way that the secret names.
//!
//! Six wrong tries lock an account for half an hour and look the same as one, so whichever the way, a run tries a password once:
//! the first call goes alone, the others wait for its fate, and what was refused stays refused.

mod basic;
mod cookies;
mod log_in;

use std::sync::Arc;

use reqwest::{Client, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use self::basic::Standing;
use self::cookies::Cookies;
use super::PrimeroClient;
use super::answer::lacks_csrf_token;
use crate::domain::reason::Stop;
use crate::domain::system::System;
use crate::secrets::PrimeroAuth;
use crate::transport::{Answer, GateError, Repeat};

/// Our sign-in in this run.
pub enum SignIn {
    /// HTTP Basic with every call: nothing is kept but whether it works.
    Basic(Standing),
    /// A log-in whose session or token serves all calls until it ends.
    LogIn(LogIn, Mutex<State>),
}

/// What a log-in gives.
#[derive(Clone, Copy, Debug)]
pub enum LogIn {
    /// Cookies and a CSRF token (2.11 and later).
    Session,
    /// A bearer token (up to 2.10).
    Token,
}

/// What became of our log-in.
#[derive(Default)]
pub enum State {
    /// Nobody has called yet.
    #[default]
    New,
    /// Good until a call says otherwise.
    SignedIn(Arc<Pass>),
    /// Not to be tried again in this run.
    Over(GateError),
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
            PrimeroAuth::Session => Self::LogIn(LogIn::Session, Mutex::default()),
            PrimeroAuth::Token => Self::LogIn(LogIn::Token, Mutex::default()),
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
        let (way, state) = match &self.sign_in {
            SignIn::Basic(standing) => {
                let signed = |http: &Client| basic::sign(build(http), &self.user);
                return standing
                    .prove(self.transport.send(route, repeat, signed))
                    .await;
            }
            SignIn::LogIn(way, state) => (*way, state),
        };
        let mut pass = self.pass(way, state, None).await?;
        let mut answer = self.send_under(&pass, route, repeat, &build).await?;
        if pass.has_ended(&answer) {
            pass = self.pass(way, state, Some(&pass)).await?;
            answer = self.send_under(&pass, route, repeat, &build).await?;
        }
        if !pass.has_ended(&answer) {
            pass.keep(&answer);
            return Ok(answer);
        }
        match way {
            // Another run of the same user may end a session at once; the password is the right one.
            LogIn::Session => Err(GateError::Unavailable(System::Primero)),
            LogIn::Token => {
                *state.lock().await = State::Over(refused());
                Err(refused())
            }
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

    /// The run's pass. With `ended`, a new one, unless another call has renewed that one already.
    async fn pass(
        &self,
        way: LogIn,
        state: &Mutex<State>,
        ended: Option<&Arc<Pass>>,
    ) -> Result<Arc<Pass>, GateError> {
        // Held over the log-in, so that side-by-side calls share one.
        let mut state = state.lock().await;
        match &*state {
            State::Over(error) => return Err(error.clone()),
            State::SignedIn(pass) if ended.is_none_or(|old| !Arc::ptr_eq(old, pass)) => {
                return Ok(Arc::clone(pass));
            }
            _ => {}
        }
        match self.log_in(way).await {
            Ok(pass) => {
                let pass = Arc::new(pass);
                *state = State::SignedIn(Arc::clone(&pass));
                Ok(pass)
            }
            // Whether the password was looked at is unknown, so this was the run's one try.
            Err(GateError::Ambiguous(system)) => {
                *state = State::Over(GateError::Unavailable(system));
                Err(GateError::Unavailable(system))
            }
            Err(error) => {
                if error == refused() {
                    *state = State::Over(error.clone());
                }
                Err(error)
            }
        }
    }
}

fn refused() -> GateError {
    Stop::AuthenticationFailed(System::Primero).into()
}

//! A sign-in that serves a whole run, and is tried once.

use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard};

use super::{GateError, SignInOutcome, Transport};
use crate::domain::reason::Stop;

/// What became of our sign-in in this run. `P` signs the calls.
pub struct OneTry<P>(Mutex<State<P>>);

enum State<P> {
    /// Nobody has called yet.
    New,
    /// Good until a call says otherwise.
    SignedIn(Arc<P>),
    /// Not to be tried again in this run.
    Over(GateError),
}

impl<P> Default for OneTry<P> {
    fn default() -> Self {
        Self(Mutex::new(State::New))
    }
}

impl<P> OneTry<P> {
    /// The run's pass. With `ended`, a new one, unless another call has renewed that one already. A sign-in that was refused, or whose
    /// answer was lost, is not repeated.
    pub async fn pass(
        &self,
        ended: Option<&Arc<P>>,
        transport: &Transport,
        sign_in: impl Future<Output = Result<P, GateError>>,
    ) -> Result<Arc<P>, GateError> {
        // Held over the sign-in, so that side-by-side calls share one.
        let mut state = self.0.lock().await;
        match &*state {
            State::Over(error) => return Err(error.clone()),
            State::SignedIn(pass) if ended.is_none_or(|old| !Arc::ptr_eq(old, pass)) => {
                return Ok(Arc::clone(pass));
            }
            _ => {}
        }
        if let Err(stop) = transport.leave_to_sign_in().await {
            return Err(end(&mut state, stop.into()));
        }
        let signed_in = sign_in.await;
        let outcome = match &signed_in {
            Ok(_) => SignInOutcome::Accepted,
            Err(GateError::Run(Stop::AuthenticationFailed(_))) => SignInOutcome::Refused,
            Err(GateError::Ambiguous(_) | GateError::Failed(_)) => SignInOutcome::Unknown,
            Err(_) => SignInOutcome::NotJudged,
        };
        transport.heard_of_sign_in(outcome).await?;
        match signed_in {
            Ok(pass) => {
                let pass = Arc::new(pass);
                *state = State::SignedIn(Arc::clone(&pass));
                Ok(pass)
            }
            // Whether the password was looked at is unknown, so this was the run's one try.
            Err(GateError::Ambiguous(system)) => {
                Err(end(&mut state, GateError::Unavailable(system)))
            }
            Err(error @ GateError::Run(Stop::AuthenticationFailed(_) | Stop::Unavailable(_))) => {
                Err(end(&mut state, error))
            }
            Err(error) => Err(error),
        }
    }

    /// Tries no more in this run, and answers every call with this error.
    pub async fn give_up(&self, error: GateError) -> GateError {
        end(&mut self.0.lock().await, error)
    }
}

fn end<P>(state: &mut MutexGuard<'_, State<P>>, error: GateError) -> GateError {
    **state = State::Over(error.clone());
    error
}

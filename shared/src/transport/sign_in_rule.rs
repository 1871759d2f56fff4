//! Who says whether a sign-in may be tried, and hears what became of it.

use futures::future::{BoxFuture, FutureExt, ready};

use crate::domain::reason::Stop;
use crate::domain::system::System;

/// What became of a try to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInOutcome {
    /// The system let us in.
    Accepted,
    /// The system looked at the credentials and refused them.
    Refused,
    /// The system, or what stands before it, answered without looking at them.
    NotJudged,
    /// Nobody knows whether it looked at them.
    Unknown,
}

/// A rule about tries, over more than one run.
pub trait SignInRule: Send + Sync {
    /// Answers once the next try to sign in may be made; the stop if it may not.
    fn leave(&self, system: System) -> BoxFuture<'_, Result<(), Stop>>;

    /// Takes note of what became of a try.
    fn heard(&self, system: System, outcome: SignInOutcome) -> BoxFuture<'_, Result<(), Stop>>;
}

/// No rule beyond that of one try a run.
pub struct AnyTry;

impl SignInRule for AnyTry {
    fn leave(&self, _system: System) -> BoxFuture<'_, Result<(), Stop>> {
        ready(Ok(())).boxed()
    }

    fn heard(&self, _system: System, _outcome: SignInOutcome) -> BoxFuture<'_, Result<(), Stop>> {
        ready(Ok(())).boxed()
    }
}

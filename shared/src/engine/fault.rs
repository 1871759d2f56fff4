//! Why a record, or a run, did not get on.

use crate::domain::reason::{Reason, Stop};
use crate::domain::system::System;
use crate::store::StoreError;

/// Why one record did not get on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What becomes of the record.
    pub kind: FaultKind,
    /// Names of the fields at fault.
    pub fields: Vec<String>,
    /// PING's receipt, where there is one.
    pub transaction_id: Option<String>,
    /// Set if the system refused the record without naming a field: five such in a row are nobody's own fault.
    pub refusal: Option<Refusal>,
}

/// A refusal that names no field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The system that refused.
    pub system: System,
    /// The route without ids, if it is known.
    pub route: Option<&'static str>,
}

/// What becomes of a record with a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// A person or changed source data is needed.
    Hold(Reason),
    /// It passes by itself. `down` names a system that failed as a whole: five such failures in a row stop the run.
    Retry {
        /// Why.
        reason: Reason,
        /// The system that failed as a whole.
        down: Option<System>,
    },
    /// Another workflow comes first; it is due in the next run, and this was no attempt.
    Yield(Reason),
    /// There was no time left for it in this run.
    Defer,
    /// It is not ours to send. With `tell` the source is told all the same, as if it were in place.
    Skip {
        /// Why.
        reason: Reason,
        /// Whether the source is told.
        tell: bool,
    },
    /// Nothing is to be done: what changed at the source does not concern a record that is `done`.
    Settled,
}

impl Fault {
    /// A record to be held, with the names of the fields at fault.
    #[must_use]
    pub const fn hold(reason: Reason, fields: Vec<String>) -> Self {
        Self {
            kind: FaultKind::Hold(reason),
            fields,
            transaction_id: None,
            refusal: None,
        }
    }

    /// The same, of a system that refused the record without naming a field.
    #[must_use]
    pub const fn refused(mut self, system: System, route: Option<&'static str>) -> Self {
        self.refusal = Some(Refusal { system, route });
        self
    }

    /// A record to be tried again in a later run.
    #[must_use]
    pub const fn retry(reason: Reason) -> Self {
        Self::of(FaultKind::Retry { reason, down: None })
    }

    /// A record to be tried again because a whole system failed.
    #[must_use]
    pub const fn down(system: System) -> Self {
        let reason = match system {
            System::Ping => Reason::PingUnavailable,
            System::Primero => Reason::PrimeroUnavailable,
        };
        Self::of(FaultKind::Retry {
            reason,
            down: Some(system),
        })
    }

    /// A record that comes after what another workflow is just doing.
    #[must_use]
    pub const fn yields(reason: Reason) -> Self {
        Self::of(FaultKind::Yield(reason))
    }

    /// The system that failed as a whole, if it did.
    #[must_use]
    pub const fn of_a_system(&self) -> Option<System> {
        match self.kind {
            FaultKind::Retry { down, .. } => down,
            _ => None,
        }
    }

    /// A record for which there was no time.
    #[must_use]
    pub const fn defer() -> Self {
        Self::of(FaultKind::Defer)
    }

    /// A record that is not ours to send.
    #[must_use]
    pub const fn skip(reason: Reason) -> Self {
        Self::of(FaultKind::Skip {
            reason,
            tell: false,
        })
    }

    /// A record that is not ours to send, of which the source is told all the same.
    #[must_use]
    pub const fn skip_and_tell(reason: Reason) -> Self {
        Self::of(FaultKind::Skip { reason, tell: true })
    }

    /// A `done` record that stays so.
    #[must_use]
    pub const fn settled() -> Self {
        Self::of(FaultKind::Settled)
    }

    /// Why it passes by itself, if it does.
    #[must_use]
    pub const fn passes(&self) -> Option<Reason> {
        match self.kind {
            FaultKind::Retry { reason, .. } => Some(reason),
            _ => None,
        }
    }

    const fn of(kind: FaultKind) -> Self {
        Self {
            kind,
            fields: Vec::new(),
            transaction_id: None,
            refusal: None,
        }
    }
}

/// What a failed call means: for the records in it, or for the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// Every record of the call has this fault.
    Record(Fault),
    /// The run cannot go on.
    Run(Stop),
}

impl From<Stop> for CallError {
    fn from(stop: Stop) -> Self {
        Self::Run(stop)
    }
}

impl From<Fault> for CallError {
    fn from(fault: Fault) -> Self {
        Self::Record(fault)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Superseded => Self::LeaseLost,
            StoreError::Illegal => Self::InternalError,
            StoreError::Unavailable(what) | StoreError::Unreadable(what) => {
                Self::StoreUnavailable(what)
            }
        }
    }
}

//! What a failed call means, by what the caller does next.

use uuid::Uuid;

use crate::domain::ids::TransactionId;
use crate::domain::reason::Stop;
use crate::domain::system::System;

/// A call that did not succeed. Holds no address, no body and no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GateError {
    /// Nothing more can be done with this system in this run.
    #[error(transparent)]
    Run(#[from] Stop),
    /// The system could not be reached or was not ready, several times over: try again in a later run.
    #[error("{0} is unavailable")]
    Unavailable(System),
    /// No answer came in time, or a gateway gave one in the system's place, as often as it was asked: it is not ready, or one record in
    /// the request takes it too long.
    #[error("{0} did not answer the request")]
    Unanswered(System),
    /// The request for this record fails, while the same for another is answered.
    #[error("{0} fails on this record alone")]
    FailsOnRecord(System),
    /// The system answered 500 to every try: it is broken, or breaks on one record in the request.
    #[error("{0} failed on the request")]
    Failed(System),
    /// The system may or may not have applied the write: ask before repeating.
    #[error("it is unknown whether {0} applied the write")]
    Ambiguous(System),
    /// The system refused this request for good: a person must look at the record.
    #[error("{system} refused the request with status {status}")]
    Refused {
        /// Which system.
        system: System,
        /// The HTTP status.
        status: u16,
        /// Names of the fields it objects to, as far as it says.
        fields: Vec<String>,
    },
    /// The user may use the route, but not for this record.
    #[error("{system}: the user may not use {route} for record {id}")]
    NoAccess {
        /// Which system.
        system: System,
        /// The route, without ids.
        route: &'static str,
        /// The record as the system's URLs name it.
        id: Uuid,
    },
    /// The system has no such record.
    #[error("{system}: {route} found no record {id}")]
    Gone {
        /// Which system.
        system: System,
        /// The route, without ids.
        route: &'static str,
        /// The record as the system's URLs name it.
        id: Uuid,
    },
    /// PING answered 200 with an error message: the request, or one record in it, is at fault.
    #[error("PING answered with an error message")]
    Reported(Option<TransactionId>),
    /// PING answered 200 with an error message to a write of several records that must not be doubled. Any of them may have been taken:
    /// ask by the receipt, or send each alone and without what must not stand there twice.
    #[error("PING answered a write of several records with an error message")]
    ReportedOfMany(Option<TransactionId>),
    /// What the system says of one record is out of contract; the rest of the answer is not.
    #[error("{system}: {route} answered out of contract at {place}")]
    UnreadableRecord {
        /// Which system.
        system: System,
        /// The route, without ids.
        route: &'static str,
        /// Where it broke: a path, never a value.
        place: String,
    },
    /// The run's time is up; nothing was sent.
    #[error("no time is left for the call")]
    OutOfTime,
}

impl GateError {
    /// Whether a write that failed so may have had its effect all the same. With any other error it was refused before the effect.
    #[must_use]
    pub const fn may_have_been_applied(&self) -> bool {
        matches!(self, Self::Ambiguous(_) | Self::ReportedOfMany(_))
    }

    /// Whether one record in a batch can be the cause, so that halving the batch finds it.
    #[must_use]
    pub const fn may_be_one_record(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Reported(_)) || self.may_be_the_system()
    }

    /// Whether the system can be the cause as well as one record.
    #[must_use]
    pub const fn may_be_the_system(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::UnreadableRecord { .. })
    }

    /// What it means for a record that is known to be the cause.
    #[must_use]
    pub fn of_one_record(self) -> Self {
        match self {
            Self::Failed(system) | Self::Unanswered(system) => Self::FailsOnRecord(system),
            error => error,
        }
    }

    /// What it means where no record is the cause.
    #[must_use]
    pub fn of_the_system(self) -> Self {
        match self {
            Self::Failed(system) | Self::Unanswered(system) => Self::Unavailable(system),
            Self::UnreadableRecord {
                system,
                route,
                place,
            } => Self::Run(Stop::UnreadableAnswer {
                system,
                route,
                place,
            }),
            error => error,
        }
    }
}

//! What a gate's error means for a record or for the run.

use crate::domain::reason::Reason;
use crate::domain::system::System;
use crate::engine::{BatchResult, CallError, Fault};
use crate::transport::GateError;

impl From<GateError> for CallError {
    fn from(error: GateError) -> Self {
        match error {
            GateError::Run(stop) => Self::Run(stop),
            GateError::Unavailable(system)
            | GateError::Unanswered(system)
            | GateError::Failed(system)
            | GateError::Ambiguous(system) => Self::Record(Fault::down(system)),
            GateError::UnreadableRecord { place, .. } => {
                let path = place.trim_matches('`').to_owned();
                Self::Record(Fault::hold(Reason::UnreadableRecord, vec![path]))
            }
            GateError::NoAccess { system, route, id } | GateError::Gone { system, route, id } => {
                let fault = Fault::hold(Reason::NoAccess, vec![id.to_string()]);
                Self::Record(fault.refused(system, Some(route)))
            }
            GateError::FailsOnRecord(system) => Self::Record(refused(system, Vec::new())),
            GateError::Refused { system, fields, .. } => Self::Record(refused(system, fields)),
            GateError::Reported(transaction) | GateError::ReportedOfMany(transaction) => {
                let mut fault = Fault::retry(Reason::PingError);
                fault.transaction_id = transaction.map(|id| id.to_string());
                Self::Record(fault)
            }
            GateError::OutOfTime => Self::Record(Fault::defer()),
        }
    }
}

/// Where no field is named, it may be nobody's own fault.
fn refused(system: System, fields: Vec<String>) -> Fault {
    let reason = match system {
        System::Ping => Reason::RefusedByPing,
        System::Primero => Reason::RefusedByPrimero,
    };
    let unnamed = fields.is_empty();
    let fault = Fault::hold(reason, fields);
    if unnamed {
        fault.refused(system, None)
    } else {
        fault
    }
}

/// One answer a record. A trouble that ends the run is everybody's.
pub fn per_record<T, E: Into<CallError>>(
    answers: impl IntoIterator<Item = Result<T, E>>,
) -> BatchResult<T> {
    let answer = |answer: Result<T, E>| match answer.map_err(Into::into) {
        Ok(answer) => Ok(Ok(answer)),
        Err(CallError::Record(fault)) => Ok(Err(fault)),
        Err(stop @ CallError::Run(_)) => Err(stop),
    };
    answers.into_iter().map(answer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_cannot_be_read_is_held_with_the_place() {
        let unreadable = GateError::UnreadableRecord {
            system: System::Primero,
            route: "list referrals",
            place: "`data[0].created_at`".to_owned(),
        };
        let path = vec!["data[0].created_at".to_owned()];
        let held = Fault::hold(Reason::UnreadableRecord, path);
        assert_eq!(CallError::from(unreadable), CallError::Record(held));
    }
}

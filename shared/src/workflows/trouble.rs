//! What a gate's error means for a record or for the run.

use crate::domain::reason::Reason;
use crate::domain::system::System;
use crate::engine::{Fault, FaultKind, Trouble};
use crate::transport::GateError;

impl From<GateError> for Trouble {
    fn from(error: GateError) -> Self {
        match error {
            GateError::Run(stop) => Self::Run(stop),
            GateError::Unavailable(system) | GateError::Ambiguous(system) => {
                Self::Record(Fault::down(system))
            }
            GateError::Refused { system, fields, .. } => {
                let reason = match system {
                    System::Ping => Reason::RefusedByPing,
                    System::Primero => Reason::RefusedByPrimero,
                };
                Self::Record(Fault::hold(reason, fields))
            }
            GateError::Reported(transaction) => Self::Record(Fault {
                kind: FaultKind::Retry {
                    reason: Reason::PingError,
                    down: None,
                },
                fields: Vec::new(),
                transaction_id: transaction.map(|id| id.to_string()),
            }),
            GateError::OutOfTime => Self::Record(Fault::defer()),
        }
    }
}

//! Faults of one record, collected so that a person can mend it in one go.

use crate::domain::reason::Reason;
use crate::engine::Fault;

/// What was found wrong with a record so far: why, and which field.
#[derive(Debug, Default)]
pub struct Faults(Vec<(Reason, &'static str)>);

impl Faults {
    /// Passes a value on; notes a fault of this field if there is none.
    pub fn noted<T>(&mut self, value: Option<T>, reason: Reason, field: &'static str) -> Option<T> {
        if value.is_none() {
            self.0.push((reason, field));
        }
        value
    }

    /// What was read, if it was read without fault. The first kind of fault gives the reason, missing fields before all others; the
    /// fields of every kind are named.
    pub fn finish<T>(mut self, read: Option<T>) -> Result<T, Fault> {
        self.0.sort_by_key(|(reason, _)| *reason);
        let reason = self.0.first().map(|(reason, _)| *reason);
        match (read, reason) {
            (Some(read), None) => Ok(read),
            (_, reason) => {
                let fields = self.0.iter().map(|(_, field)| (*field).to_owned());
                Err(Fault::hold(
                    reason.unwrap_or(Reason::InternalError),
                    fields.collect(),
                ))
            }
        }
    }
}

//! The lease: at most one run of a workflow at a time, and a number that tells a stalled run that it is no longer the one.

use aws_sdk_dynamodb::types::ReturnValue;
use jiff::Timestamp;

use super::{Store, StoreError, failed, number, text};

/// The right to run, until it expires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The run that holds it.
    pub run_id: String,
    /// Rises by one with every run that takes the lease; every row keeps the number of its last writer. The first run has 1.
    pub fence: u64,
    /// When another run may take it.
    pub expires_at: Timestamp,
    /// Whether any run of this workflow ever wrote to its destination.
    pub has_written: bool,
}

/// The answer to a request for the lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaseTaken {
    /// It is ours.
    Taken(Lease),
    /// Another run holds it.
    HeldByAnother,
}

impl Store {
    /// Takes the lease if it is free, has expired at `now`, or is this run's already: the client repeats a request whose answer was
    /// lost.
    pub async fn take_lease(
        &self,
        run_id: &str,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<LeaseTaken, StoreError> {
        let answer = self
            .counted()
            .update_item()
            .table_name(&self.table)
            .key("pk", self.pk())
            .key("sk", text("lease"))
            .condition_expression(
                "attribute_not_exists(holder) OR holder = :run OR lease_ends < :now",
            )
            .update_expression("SET holder = :run, lease_ends = :ends ADD fence :one")
            .expression_attribute_values(":now", number(now.as_millisecond()))
            .expression_attribute_values(":run", text(run_id))
            .expression_attribute_values(":ends", number(expires_at.as_millisecond()))
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        let row = match answer.map_err(|error| failed("take_lease", &error)) {
            Ok(answer) => answer.attributes.unwrap_or_default(),
            Err(StoreError::Superseded) => return Ok(LeaseTaken::HeldByAnother),
            Err(error) => return Err(error),
        };
        let fence = row
            .get("fence")
            .and_then(|value| value.as_n().ok())
            .and_then(|digits| digits.parse().ok())
            .ok_or(StoreError::Unreadable("lease"))?;
        Ok(LeaseTaken::Taken(Lease {
            run_id: run_id.to_owned(),
            fence,
            expires_at,
            has_written: row.contains_key("has_written"),
        }))
    }

    /// Whether any run of this workflow ever wrote to its destination, without taking the lease.
    pub async fn has_written(&self) -> Result<bool, StoreError> {
        let row = self.read("lease", "read_lease").await?;
        Ok(row.is_some_and(|row| row.contains_key("has_written")))
    }

    /// Gives the lease back; the row and its number stay, and whether this run wrote is remembered. A lease that another run has
    /// taken meanwhile is left alone.
    pub async fn release_lease(&self, lease: &Lease, wrote: bool) -> Result<(), StoreError> {
        let release = "REMOVE holder, lease_ends";
        let update = if wrote {
            format!("SET has_written = :run {release}")
        } else {
            release.to_owned()
        };
        let answer = self
            .counted()
            .update_item()
            .table_name(&self.table)
            .key("pk", self.pk())
            .key("sk", text("lease"))
            .condition_expression("holder = :run")
            .update_expression(update)
            .expression_attribute_values(":run", text(&lease.run_id))
            .send()
            .await;
        match answer.map_err(|error| failed("release_lease", &error)) {
            Ok(_) | Err(StoreError::Superseded) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

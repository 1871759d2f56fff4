//! A run under way: who runs, for whom, and under which lease.

use std::cell::Cell;

use super::context::Context;
use super::request::Request;
use super::workflow::{LedgerView, Traits, Workflow};
use crate::clock::later;
use crate::store::{Cursor, Lease, RecordRow, StoreError};

/// A run under way.
pub struct Run<'r, W: Workflow> {
    pub workflow: &'r W,
    pub context: &'r Context<'r>,
    pub request: &'r Request,
    pub traits: Traits,
    pub lease: Lease,
    /// Whether the table knows where both systems are.
    pub site_kept: Cell<bool>,
    /// Whether this is the dry look that an empty ledger asks for: it ends at the first record that
    /// it would send.
    pub looks_first: bool,
}

impl<W: Workflow> Run<'_, W> {
    /// What the workflow may ask the ledger.
    pub fn ledger(&self) -> LedgerView<'_> {
        LedgerView {
            store: self.context.store,
            dry_run: self.request.dry_run,
            now: self.context.now(),
            accept: &self.request.accept,
        }
    }

    /// Whether this workflow has neither cursor nor record.
    pub async fn is_the_first(&self, cursor: Option<&Cursor>) -> Result<bool, StoreError> {
        let is_used = cursor.is_some() || self.lease.has_written;
        Ok(!is_used && !self.context.store.has_records().await?)
    }

    /// A run that stalled past the end of its lease writes nothing more, whether another has begun or
    /// not.
    pub fn still_ours(&self) -> Result<(), StoreError> {
        if self.context.now() < self.lease.expires_at {
            Ok(())
        } else {
            Err(StoreError::Superseded)
        }
    }

    /// Whether the lease outlasts a call to either system that begins now.
    pub fn outlasts_a_call(&self) -> Result<(), StoreError> {
        if later(self.context.now(), self.context.call_timeout) <= self.lease.expires_at {
            Ok(())
        } else {
            Err(StoreError::Superseded)
        }
    }

    /// Keeps a row, as long as the lease is ours.
    pub async fn put_record(&self, row: &RecordRow<W::Place>) -> Result<(), StoreError> {
        self.still_ours()?;
        self.context.store.put_record(row).await
    }
}

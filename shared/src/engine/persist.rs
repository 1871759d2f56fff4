//! The ledger rows that a record can leave behind.

use std::time::Duration;

use jiff::Timestamp;

use super::context::Context;
use super::record::{Effect, Record};
use super::workflow::{SourceKind, Workflow};
use crate::clock::later;
use crate::domain::ids::TransactionId;
use crate::domain::reason::Reason;
use crate::store::{Lease, RecordRow, RecordState};

/// A row of a source that lists what is pending is forgotten this long after the source last listed the record. A source that is
/// followed by time of change could offer it again at any time, so its rows stay.
const KEPT: Duration = Duration::from_hours(400 * 24);

/// A held record is looked at again after this long, for a source that is followed by time of change: what ends its hold may be another
/// record than the one whose change would be seen.
const HELD_LOOK: Duration = Duration::from_hours(24);

/// A record of a list that is held for what stands in Primero is looked for there after this long.
const PRIMERO_LOOK: Duration = Duration::from_hours(1);

/// Writes the rows of one run.
pub struct Persist<'r> {
    /// What the run has to go by.
    pub context: &'r Context<'r>,
    /// Whose rows they are.
    pub lease: &'r Lease,
    /// How the source offers records.
    pub source_kind: SourceKind,
}

impl Persist<'_> {
    /// The row of this record in a new state, without reason or waiting time.
    pub fn row<W: Workflow>(&self, record: &Record<W>, state: RecordState) -> RecordRow<W::Place> {
        let now = self.context.clock.now();
        RecordRow {
            key: record.key.clone(),
            state,
            reason: None,
            remarks: record.remarks.clone(),
            fields: Vec::new(),
            transaction_id: None,
            fingerprint: record.fingerprint.clone(),
            delivered: record.delivered.clone(),
            version: record.version.clone(),
            profile_version: self.context.profile_version.clone(),
            place: record.place.clone(),
            attempts: record.attempts(),
            next_attempt_at: None,
            accepted_at: None,
            began_at: record.began_at,
            checks: 0,
            superseded: false,
            released: record.released && !matches!(state, RecordState::Held | RecordState::Done),
            told: 0,
            in_place: false,
            refused_alike: None,
            first_seen_at: record.first_seen_at,
            updated_at: now,
            run_id: self.lease.run_id.clone(),
            fence: self.lease.fence,
            ttl: None,
        }
    }

    /// The row that the ledger has, as this run leaves it: nothing in it changed but what the source shows.
    pub fn same_row<W: Workflow>(
        &self,
        record: &Record<W>,
        before: &RecordRow<W::Place>,
    ) -> RecordRow<W::Place> {
        RecordRow {
            fingerprint: record.fingerprint.clone(),
            version: record.version.clone(),
            remarks: record.remarks.clone(),
            run_id: self.lease.run_id.clone(),
            fence: self.lease.fence,
            ..before.clone()
        }
    }

    /// The row of a record that both sides know; `told` counts how often the source was told again.
    pub fn done_row<W: Workflow>(&self, record: &Record<W>, told: u32) -> RecordRow<W::Place> {
        let mut row = self.row(record, RecordState::Done);
        row.attempts = 0;
        row.delivered = None;
        row.began_at = None;
        row.told = told;
        row.ttl = self.expiry(row.updated_at);
        row
    }

    /// The row of a held record.
    pub fn held_row<W: Workflow>(
        &self,
        record: &Record<W>,
        reason: Reason,
        fields: Vec<String>,
    ) -> RecordRow<W::Place> {
        let mut row = self.row(record, RecordState::Held);
        row.reason = Some(reason);
        row.fields = fields;
        row.next_attempt_at = self.next_look(reason);
        row
    }

    /// When a record held for this reason is looked at again by itself, if ever. A list shows it in
    /// every run.
    pub fn next_look(&self, reason: Reason) -> Option<Timestamp> {
        let listed = self.source_kind == SourceKind::Pending;
        let pause = match reason {
            _ if listed && reason.shows_in_primero() => PRIMERO_LOOK,
            _ if listed && !reason.opens_by_itself() => return None,
            _ if reason.opens_only_by_release() => return None,
            _ => HELD_LOOK,
        };
        let context = self.context;
        Some(later(context.now(), context.entropy.jitter(pause)))
    }

    /// The row of a record that is not ours to send. One that a list goes on to offer is looked at again from time to time.
    pub fn skipped_row<W: Workflow>(
        &self,
        record: &Record<W>,
        reason: Reason,
    ) -> RecordRow<W::Place> {
        let mut row = self.row(record, RecordState::Skipped);
        row.reason = Some(reason);
        if self.source_kind == SourceKind::Pending {
            let looks = match record.was() {
                Some(RecordState::Skipped) => record.attempts() + 1,
                _ => 1,
            };
            row.attempts = looks;
            row.next_attempt_at = Some(later(row.updated_at, self.context.pause(looks)));
            row.ttl = self.expiry(row.updated_at);
        }
        row
    }

    /// The row of a record that is about to be written to a destination that cannot be asked. Nobody touches it before this run and
    /// its last call are surely over.
    pub fn sending_row<W: Workflow>(&self, record: &Record<W>) -> RecordRow<W::Place> {
        let mut row = self.row(record, RecordState::Sending);
        row.delivered = None;
        row.place = record.noted.clone().or(row.place);
        row.next_attempt_at = Some(later(self.lease.expires_at, self.context.call_timeout));
        row
    }

    /// The row of a record that the destination accepted under this transaction, and may refuse yet.
    pub fn awaiting_row<W: Workflow>(
        &self,
        record: &Record<W>,
        transaction: &TransactionId,
    ) -> RecordRow<W::Place> {
        let mut row = self.row(record, RecordState::AwaitingConfirmation);
        row.transaction_id = Some(transaction.to_string());
        row.accepted_at = Some(row.updated_at);
        row.next_attempt_at = Some(later(row.updated_at, self.context.pause(1)));
        row
    }

    /// The row that is kept before a write whose effect must not come twice, though the write may: it is due at once in any run, and says
    /// what may be there.
    pub fn noted_row<W: Workflow>(&self, record: &Record<W>) -> Option<RecordRow<W::Place>> {
        let place = record.noted.clone()?;
        let mut row = self.due_row(record);
        row.delivered = None;
        row.place = Some(place);
        Some(row)
    }

    /// The row of a record that another workflow is just telling of: it is due at once in the next run, and that is no failed attempt.
    pub fn yielding_row<W: Workflow>(
        &self,
        record: &Record<W>,
        reason: Reason,
    ) -> RecordRow<W::Place> {
        let mut row = self.due_row(record);
        row.reason = Some(reason);
        row
    }

    /// The row of a record that is due at once in any run.
    pub fn due_row<W: Workflow>(&self, record: &Record<W>) -> RecordRow<W::Place> {
        let mut row = self.row(record, RecordState::Retry);
        row.next_attempt_at = Some(row.updated_at);
        row
    }

    /// The row of a record that failed for a passing reason once more: it keeps its stage and waits, or is held after the last
    /// attempt.
    pub fn waiting_row<W: Workflow>(
        &self,
        record: &Record<W>,
        reason: Reason,
    ) -> RecordRow<W::Place> {
        let attempts = match record.was() {
            Some(RecordState::Skipped) => 1,
            _ => record.attempts() + 1,
        };
        if attempts >= self.context.settings.retry_attempts {
            let mut row = self.held_row(record, Reason::AttemptsExhausted, Vec::new());
            row.attempts = attempts;
            return row;
        }
        let mut row = self.row(record, state_of(record.effect));
        row.reason = Some(reason);
        row.attempts = attempts;
        row.next_attempt_at = Some(later(row.updated_at, self.context.pause(attempts)));
        row
    }

    fn expiry(&self, now: Timestamp) -> Option<i64> {
        (self.source_kind == SourceKind::Pending).then(|| later(now, KEPT).as_second())
    }

    /// The row of a record that failed for no fault of its own: as it was before this attempt, and
    /// due.
    pub fn put_back<W: Workflow>(
        record: &Record<W>,
        row: &RecordRow<W::Place>,
    ) -> RecordRow<W::Place> {
        RecordRow {
            state: state_of(record.effect),
            attempts: record.attempts(),
            next_attempt_at: Some(row.updated_at),
            refused_alike: record.before.as_ref().and_then(|row| row.refused_alike),
            told: 0,
            in_place: false,
            ..row.clone()
        }
    }

    /// The same held for a person, until the profile or a secret changes.
    pub fn held_for_good<P>(&self, row: RecordRow<P>) -> RecordRow<P> {
        RecordRow {
            state: RecordState::Held,
            reason: Some(Reason::RefusedAlike),
            refused_alike: None,
            attempts: 0,
            next_attempt_at: self.next_look(Reason::RefusedAlike),
            profile_version: self.context.versions(),
            ..row
        }
    }
}

/// The state of a record that waits, by how far its effect has come.
const fn state_of(effect: Effect) -> RecordState {
    match effect {
        Effect::New => RecordState::Retry,
        Effect::Written => RecordState::Written,
        Effect::Verified => RecordState::Verified,
    }
}

//! The ledger rows that a record can leave behind.

use std::time::Duration;

use jiff::Timestamp;

use super::entry::{Entry, Stage};
use super::run::Run;
use super::workflow::{Feed, Workflow};
use crate::clock::later;
use crate::domain::ids::TransactionId;
use crate::domain::reason::Reason;
use crate::store::{RecordRow, RecordState};

/// A row of a source that lists what is pending is forgotten this long after the source last listed the record. A source that is
/// followed by time of change could offer it again at any time, so its rows stay.
const KEPT: Duration = Duration::from_hours(400 * 24);

/// A held record is looked at again after this long, for a source that is followed by time of change: what ends its hold may be another
/// entry than the one whose change would be seen.
const HELD_LOOK: Duration = Duration::from_hours(24);

/// A record of a list that is held for what stands in Primero is looked for there after this long.
const PRIMERO_LOOK: Duration = Duration::from_hours(1);

impl<W: Workflow> Run<'_, W> {
    /// The row of this record in a new state, without reason or waiting time.
    pub fn row(&self, entry: &Entry<W>, state: RecordState) -> RecordRow<W::Place> {
        let now = self.around.clock.now();
        RecordRow {
            key: entry.key.clone(),
            state,
            reason: None,
            remarks: entry.remarks.clone(),
            fields: Vec::new(),
            transaction_id: None,
            fingerprint: entry.fingerprint.clone(),
            delivered: entry.delivered.clone(),
            version: entry.version.clone(),
            profile_version: self.around.profile_version.clone(),
            place: entry.place.clone(),
            attempts: entry.attempts(),
            next_attempt_at: None,
            accepted_at: None,
            began_at: entry.began_at,
            checks: 0,
            superseded: false,
            released: entry.released && !matches!(state, RecordState::Held | RecordState::Done),
            told: 0,
            in_place: false,
            refused_alike: None,
            first_seen_at: entry.first_seen_at,
            updated_at: now,
            run_id: self.lease.run_id.clone(),
            fence: self.lease.fence,
            ttl: None,
        }
    }

    /// The row that the ledger has, as this run leaves it: nothing in it changed but what the source shows.
    pub fn same_row(&self, entry: &Entry<W>, before: &RecordRow<W::Place>) -> RecordRow<W::Place> {
        RecordRow {
            fingerprint: entry.fingerprint.clone(),
            version: entry.version.clone(),
            remarks: entry.remarks.clone(),
            run_id: self.lease.run_id.clone(),
            fence: self.lease.fence,
            ..before.clone()
        }
    }

    /// The row of a record that both sides know; `told` counts how often the source was told again.
    pub fn done_row(&self, entry: &Entry<W>, told: u32) -> RecordRow<W::Place> {
        let mut row = self.row(entry, RecordState::Done);
        row.attempts = 0;
        row.delivered = None;
        row.began_at = None;
        row.told = told;
        row.ttl = self.expiry(row.updated_at);
        row
    }

    /// The row of a held record.
    pub fn held_row(
        &self,
        entry: &Entry<W>,
        reason: Reason,
        fields: Vec<String>,
    ) -> RecordRow<W::Place> {
        let mut row = self.row(entry, RecordState::Held);
        row.reason = Some(reason);
        row.fields = fields;
        row.next_attempt_at = self.next_look(reason);
        row
    }

    /// When a record held for this reason is looked at again by itself, if ever. A list shows it in every run.
    pub fn next_look(&self, reason: Reason) -> Option<Timestamp> {
        let listed = self.character.feed == Feed::Pending;
        let pause = match reason {
            _ if listed && reason.shows_in_primero() => PRIMERO_LOOK,
            _ if listed && !reason.opens_by_itself() => return None,
            _ if reason.opens_only_by_release() => return None,
            _ => HELD_LOOK,
        };
        let around = self.around;
        Some(later(around.clock.now(), around.entropy.jitter(pause)))
    }

    /// The row of a record that is not ours to send. One that a list goes on to offer is looked at again from time to time.
    pub fn skipped_row(&self, entry: &Entry<W>, reason: Reason) -> RecordRow<W::Place> {
        let mut row = self.row(entry, RecordState::Skipped);
        row.reason = Some(reason);
        if self.character.feed == Feed::Pending {
            let looks = match entry.was() {
                Some(RecordState::Skipped) => entry.attempts() + 1,
                _ => 1,
            };
            row.attempts = looks;
            row.next_attempt_at = Some(later(row.updated_at, self.pause(looks)));
            row.ttl = self.expiry(row.updated_at);
        }
        row
    }

    /// The row of a record that is about to be written to a destination that cannot be asked. Nobody touches it before this run and
    /// its last call are surely over.
    pub fn sending_row(&self, entry: &Entry<W>) -> RecordRow<W::Place> {
        let mut row = self.row(entry, RecordState::Sending);
        row.delivered = None;
        row.place = entry.noted.clone().or(row.place);
        row.next_attempt_at = Some(later(self.lease.expires_at, self.around.call_timeout));
        row
    }

    /// The row of a record that the destination accepted under this transaction, and may refuse yet.
    pub fn awaiting_row(
        &self,
        entry: &Entry<W>,
        transaction: &TransactionId,
    ) -> RecordRow<W::Place> {
        let mut row = self.row(entry, RecordState::AwaitingConfirmation);
        row.transaction_id = Some(transaction.to_string());
        row.accepted_at = Some(row.updated_at);
        row.next_attempt_at = Some(later(row.updated_at, self.pause(1)));
        row
    }

    /// The row that is kept before a write whose effect must not come twice, though the write may: it is due at once in any run, and says
    /// what may be there.
    pub fn noted_row(&self, entry: &Entry<W>) -> Option<RecordRow<W::Place>> {
        let place = entry.noted.clone()?;
        let mut row = self.due_row(entry);
        row.delivered = None;
        row.place = Some(place);
        Some(row)
    }

    /// The row of a record that another workflow is just telling of: it is due at once in the next run, and that is no failed attempt.
    pub fn yielding_row(&self, entry: &Entry<W>, reason: Reason) -> RecordRow<W::Place> {
        let mut row = self.due_row(entry);
        row.reason = Some(reason);
        row
    }

    /// The row of a record that is due at once in any run.
    pub fn due_row(&self, entry: &Entry<W>) -> RecordRow<W::Place> {
        let mut row = self.row(entry, RecordState::Retry);
        row.next_attempt_at = Some(row.updated_at);
        row
    }

    /// The row of a record that failed for a passing reason once more: it keeps its stage and waits, or is held after the last
    /// attempt.
    pub fn waiting_row(&self, entry: &Entry<W>, reason: Reason) -> RecordRow<W::Place> {
        let attempts = match entry.was() {
            Some(RecordState::Skipped) => 1,
            _ => entry.attempts() + 1,
        };
        if attempts >= self.around.settings.retry_attempts {
            let mut row = self.held_row(entry, Reason::AttemptsExhausted, Vec::new());
            row.attempts = attempts;
            return row;
        }
        let state = match entry.stage {
            Stage::New => RecordState::Retry,
            Stage::Written => RecordState::Written,
            Stage::Verified => RecordState::Verified,
        };
        let mut row = self.row(entry, state);
        row.reason = Some(reason);
        row.attempts = attempts;
        row.next_attempt_at = Some(later(row.updated_at, self.pause(attempts)));
        row
    }

    /// How long to wait after the `attempt`-th try.
    pub fn pause(&self, attempt: u32) -> Duration {
        let settings = self.around.settings;
        let factor = 2_u32.saturating_pow(attempt.saturating_sub(1));
        let wait = settings.retry_base.saturating_mul(factor);
        self.around.entropy.jitter(wait.min(settings.retry_cap))
    }

    fn expiry(&self, now: Timestamp) -> Option<i64> {
        (self.character.feed == Feed::Pending).then(|| later(now, KEPT).as_second())
    }
}

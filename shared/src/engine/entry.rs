//! A record on the conveyor, and the ledger rows it can leave behind.

use std::time::Duration;

use jiff::Timestamp;

use super::run::Run;
use super::workflow::{Partition, Workflow};
use crate::clock::later;
use crate::domain::fingerprint::Fingerprint;
use crate::domain::outcome::Outcome;
use crate::domain::reason::Reason;
use crate::domain::record::RecordKey;
use crate::store::{RecordRow, RecordState};

/// A `done` row is forgotten this long after the source last listed the record.
const DONE_KEPT: Duration = Duration::from_hours(400 * 24);

/// What is known of a record at any stage.
pub struct Entry<P> {
    pub key: RecordKey,
    /// Its row when the run met it.
    pub before: Option<RecordRow<P>>,
    pub fingerprint: Option<Fingerprint>,
    pub place: Option<P>,
    pub stage: Stage,
    /// When any run first met it.
    pub first_seen_at: Timestamp,
    /// Whether this run wrote its effect.
    pub wrote: bool,
}

/// How far a record's effect has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing is known to be at the destination.
    New,
    /// Written, not read back.
    Written,
    /// Seen at the destination.
    Verified,
}

/// A mapped record between fetching and verification.
pub struct Item<W: Workflow> {
    pub entry: Entry<W::Place>,
    pub partition: Partition,
    pub record: W::Record,
    /// How often it was written in this run.
    pub writes: u32,
    /// When what was written may be read back.
    pub verify_at: Timestamp,
}

/// A record about which the source is to be told something.
pub struct Telling<P> {
    pub entry: Entry<P>,
    pub place: P,
    pub news: News<P>,
}

/// What the source is told.
pub enum News<P> {
    /// The effect is in place.
    InPlace,
    /// The same again: the source was told in an earlier run and still lists the record.
    Again,
    /// The record is held, by this row.
    Held(Box<RecordRow<P>>),
}

impl<P: Clone> Entry<P> {
    /// A record that is met now, with the row that the ledger has of it.
    pub fn new(key: RecordKey, before: Option<RecordRow<P>>, now: Timestamp) -> Self {
        let (fingerprint, place) = before
            .as_ref()
            .map(|row| (row.fingerprint.clone(), row.place.clone()))
            .unwrap_or_default();
        let stage = before.as_ref().map_or(Stage::New, |row| match row.state {
            RecordState::Written => Stage::Written,
            RecordState::Verified | RecordState::Done => Stage::Verified,
            RecordState::Held if row.in_place => Stage::Written,
            RecordState::Retry | RecordState::Held => Stage::New,
        });
        let first_seen_at = before.as_ref().map_or(now, |row| row.first_seen_at);
        Self {
            key,
            before,
            fingerprint,
            place,
            stage,
            first_seen_at,
            wrote: false,
        }
    }

    /// Failed attempts in a row, before this run. A record that was held or done starts over.
    pub fn attempts(&self) -> u32 {
        self.before.as_ref().map_or(0, |row| match row.state {
            RecordState::Written | RecordState::Verified | RecordState::Retry => row.attempts,
            RecordState::Held | RecordState::Done => 0,
        })
    }

    /// The outcome once both sides know.
    pub fn success(&self) -> Outcome {
        let written_before = self
            .before
            .as_ref()
            .is_some_and(|row| matches!(row.state, RecordState::Written | RecordState::Verified));
        if self.wrote || written_before {
            Outcome::Delivered
        } else {
            Outcome::AlreadyInPlace
        }
    }
}

impl<W: Workflow> Run<'_, W> {
    /// The row of this record in a new state, without reason or waiting time.
    pub fn row(&self, entry: &Entry<W::Place>, state: RecordState) -> RecordRow<W::Place> {
        let now = self.around.clock.now();
        RecordRow {
            key: entry.key.clone(),
            state,
            reason: None,
            fields: Vec::new(),
            transaction_id: None,
            fingerprint: entry.fingerprint.clone(),
            profile_version: self.around.profile_version.clone(),
            place: entry.place.clone(),
            attempts: entry.attempts(),
            next_attempt_at: None,
            told: 0,
            in_place: false,
            first_seen_at: entry.first_seen_at,
            updated_at: now,
            run_id: self.lease.run_id.clone(),
            fence: self.lease.fence,
            ttl: None,
        }
    }

    /// The row of a record that both sides know; `told` counts how often the source was told again.
    pub fn done_row(&self, entry: &Entry<W::Place>, told: u32) -> RecordRow<W::Place> {
        let mut row = self.row(entry, RecordState::Done);
        row.attempts = 0;
        row.told = told;
        row.ttl = Some(later(row.updated_at, DONE_KEPT).as_second());
        row
    }

    /// The row of a held record.
    pub fn held_row(
        &self,
        entry: &Entry<W::Place>,
        reason: Reason,
        fields: Vec<String>,
    ) -> RecordRow<W::Place> {
        let mut row = self.row(entry, RecordState::Held);
        row.reason = Some(reason);
        row.fields = fields;
        row
    }

    /// The row of a record that failed for a passing reason once more: it keeps its stage and waits, or is held after the last
    /// attempt.
    pub fn waiting_row(&self, entry: &Entry<W::Place>, reason: Reason) -> RecordRow<W::Place> {
        let settings = self.around.settings;
        let attempts = entry.attempts() + 1;
        if attempts >= settings.retry_attempts {
            let mut row = self.held_row(entry, Reason::AttemptsExhausted, Vec::new());
            row.attempts = attempts;
            return row;
        }
        let factor = 2_u32.saturating_pow(attempts - 1);
        let wait = settings
            .retry_base
            .saturating_mul(factor)
            .min(settings.retry_cap);
        let state = match entry.stage {
            Stage::New => RecordState::Retry,
            Stage::Written => RecordState::Written,
            Stage::Verified => RecordState::Verified,
        };
        let mut row = self.row(entry, state);
        row.reason = Some(reason);
        row.attempts = attempts;
        row.next_attempt_at = Some(later(row.updated_at, self.around.entropy.jitter(wait)));
        row
    }
}

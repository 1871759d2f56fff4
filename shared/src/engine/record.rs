//! What is known of a record at any moment of its life.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::gate::changed;
use super::workflow::{Discovered, Workflow};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::outcome::Outcome;
use crate::domain::reason::Reason;
use crate::domain::record::RecordKey;
use crate::engine::fault::Fault;
use crate::store::{RecordRow, RecordState};

/// A record that comes to a run. Most bring nothing but their key, and there may be many.
pub struct Offered<W: Workflow> {
    pub key: RecordKey,
    pub origin: Origin,
    /// Whether this run looked at it before.
    pub again: bool,
    pub shown: Option<Box<Shown<W>>>,
}

/// What brings a record to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The source offers it.
    Source,
    /// The source shows it, which matters only if the ledger knows it.
    Shown,
    /// The ledger says that it is due, or a person named it.
    Ledger,
    /// The ledger has it unfinished, and the source, which lists all that is pending, no longer
    /// lists it.
    Vanished,
}

/// What the source shows of a record as it offers it.
pub struct Shown<W: Workflow> {
    pub version: Option<String>,
    pub place: Option<W::Place>,
    pub offer: Option<W::Offer>,
    pub fault: Option<Fault>,
}

impl<W: Workflow> Offered<W> {
    /// A record that the ledger brings.
    pub const fn by_ledger(key: RecordKey, origin: Origin) -> Self {
        Self {
            key,
            origin,
            again: false,
            shown: None,
        }
    }

    /// Where the source shows it.
    pub fn place(&self) -> Option<&W::Place> {
        self.shown.as_ref()?.place.as_ref()
    }
}

impl<W: Workflow> From<Discovered<W>> for Offered<W> {
    fn from(record: Discovered<W>) -> Self {
        let Discovered {
            key,
            version,
            place,
            offer,
            fault,
            only_if_known,
        } = record;
        let any = version.is_some() || place.is_some() || offer.is_some() || fault.is_some();
        let shown = any.then(|| {
            Box::new(Shown {
                version,
                place,
                offer,
                fault,
            })
        });
        Self {
            key,
            origin: if only_if_known {
                Origin::Shown
            } else {
                Origin::Source
            },
            again: false,
            shown,
        }
    }
}

/// What is known of a record at any stage.
pub struct Record<W: Workflow> {
    pub key: RecordKey,
    /// Its row when the run met it.
    pub before: Option<RecordRow<W::Place>>,
    pub fingerprint: Option<Fingerprint>,
    /// What it looked like when both sides last knew it, as long as nothing was written since.
    pub delivered: Option<Fingerprint>,
    pub version: Option<String>,
    /// The ledger's until it is mapped: only the ledger knows what may be at the destination.
    pub place: Option<W::Place>,
    /// Where discovery found it in this run.
    pub found_at: Option<W::Place>,
    pub offer: Option<W::Offer>,
    pub effect: Effect,
    /// When this run asked the source for it.
    pub read_at: Option<Timestamp>,
    /// When any run first met it, or met it again after it was done or skipped.
    pub first_seen_at: Timestamp,
    /// Whether this run wrote its effect.
    pub wrote: bool,
    /// Whether a person released it, and it has not been held or done since.
    pub released: bool,
    /// Since when it may be at a destination that cannot be asked.
    pub began_at: Option<Timestamp>,
    /// Its place by the row that was kept before its write.
    pub noted: Option<W::Place>,
    /// What a person should know of it whatever its state, and since when.
    pub remarks: BTreeMap<Reason, Timestamp>,
}

/// How far a record's effect has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing is known to be at the destination.
    New,
    /// Written, not read back.
    Written,
    /// Seen at the destination.
    Verified,
}

impl<W: Workflow> Record<W> {
    /// A record that is met now, with the row that the ledger has of it.
    pub fn new(
        key: RecordKey,
        shown: Option<Box<Shown<W>>>,
        before: Option<RecordRow<W::Place>>,
        now: Timestamp,
    ) -> Self {
        let (version, found_at, offer) = shown
            .map(|shown| (shown.version, shown.place, shown.offer))
            .unwrap_or_default();
        let row = before.as_ref();
        let effect = row.map_or(Effect::New, |row| match row.state {
            RecordState::Written => Effect::Written,
            RecordState::Verified | RecordState::Done => Effect::Verified,
            RecordState::Held if row.in_place => Effect::Written,
            RecordState::Sending
            | RecordState::AwaitingConfirmation
            | RecordState::Retry
            | RecordState::Held
            | RecordState::Skipped => Effect::New,
        });
        Self {
            key,
            fingerprint: row.and_then(|row| row.fingerprint.clone()),
            delivered: row.and_then(|row| match row.state {
                RecordState::Done => row.fingerprint.clone(),
                _ => row.delivered.clone(),
            }),
            version: version.or_else(|| row?.version.clone()),
            place: row
                .and_then(|row| row.place.clone())
                .or_else(|| found_at.clone()),
            found_at,
            offer,
            effect,
            read_at: None,
            first_seen_at: row.map_or(now, |row| row.first_seen_at),
            wrote: false,
            released: row.is_some_and(|row| row.released),
            began_at: row.and_then(may_be_there_since),
            noted: None,
            remarks: row.map(remarks_of).unwrap_or_default(),
            before,
        }
    }

    /// What is sent of it now takes the place of what was remarked on the sending before.
    pub fn remark_on_write(&mut self, remark: Option<Reason>, now: Timestamp) {
        remark_on_write(&mut self.remarks, remark, now);
    }

    /// What the source shows now: each of these remarks stands, or does not.
    pub fn remark_on_sight(&mut self, remarks: &[(Reason, bool)], now: Timestamp) {
        for (word, stands) in remarks {
            if *stands {
                self.remarks.entry(*word).or_insert(now);
            } else {
                self.remarks.remove(word);
            }
        }
    }

    /// Whether it looks otherwise than its row says.
    pub fn is_new(&self) -> bool {
        let (before, now) = (self.before.as_ref(), self.fingerprint.as_ref());
        before.is_none_or(|row| now.is_none_or(|now| changed(row, now)))
    }

    /// The remarks that its row did not have when the run met it.
    pub fn new_remarks(&self) -> Vec<Reason> {
        let before = self.before.as_ref().map(remarks_of).unwrap_or_default();
        let words = self.remarks.keys().copied();
        words.filter(|word| !before.contains_key(word)).collect()
    }

    /// Where the ledger had it when the run met it.
    pub fn was(&self) -> Option<RecordState> {
        self.before.as_ref().map(|row| row.state)
    }

    /// Failed attempts in a row, before this run. A record that was settled starts over.
    pub fn attempts(&self) -> u32 {
        self.before.as_ref().map_or(0, |row| match row.state {
            RecordState::Sending
            | RecordState::Written
            | RecordState::Verified
            | RecordState::AwaitingConfirmation
            | RecordState::Retry
            | RecordState::Skipped => row.attempts,
            RecordState::Held | RecordState::Done => 0,
        })
    }

    /// What the ledger has in place is another version, or may be: this one has its whole way before it.
    pub fn begins_anew(&mut self, now: Timestamp) {
        if let Some(RecordState::Skipped | RecordState::Done) = self.was() {
            self.first_seen_at = now;
        }
        if let Some(RecordState::Verified | RecordState::Done) = self.was() {
            self.effect = Effect::New;
        }
    }

    /// Whether any version of it is, or may be, at the destination.
    pub fn is_in_place(&self) -> bool {
        let row = self.before.as_ref();
        let verified =
            |row: &RecordRow<_>| matches!(row.state, RecordState::Verified | RecordState::Done);
        self.effect != Effect::New || self.delivered.is_some() || row.is_some_and(verified)
    }

    /// Whether it is, or may be, at its destination.
    pub fn may_be_there(&self) -> bool {
        let sent = matches!(
            self.was(),
            Some(RecordState::AwaitingConfirmation | RecordState::Done)
        );
        sent || self.began_at.is_some() || self.delivered.is_some()
    }

    /// Nothing of this attempt is at the destination.
    pub fn was_not_sent(&mut self) {
        self.began_at = self.before.as_ref().and_then(may_be_there_since);
        self.noted = None;
    }

    /// This attempt may be at the destination: its row says so, and where.
    pub fn may_have_arrived(&mut self) {
        if let Some(place) = self.noted.take() {
            self.place = Some(place);
        }
    }

    /// Whether both sides knew it when the run met it, and it has not begun anew.
    pub fn is_told_already(&self) -> bool {
        self.was() == Some(RecordState::Done) && self.effect != Effect::New && !self.wrote
    }

    /// This run has written its effect.
    pub fn has_written(&mut self, effect: Effect, place: W::Place) {
        self.wrote = true;
        self.delivered = None;
        self.effect = effect;
        self.place = Some(place);
    }

    /// The outcome once both sides know.
    pub fn success(&self) -> Outcome {
        let written_before = matches!(
            self.was(),
            Some(RecordState::Written | RecordState::Verified | RecordState::AwaitingConfirmation)
        );
        if self.wrote || written_before {
            Outcome::Delivered
        } else {
            Outcome::AlreadyInPlace
        }
    }
}

fn remark_on_write(
    remarks: &mut BTreeMap<Reason, Timestamp>,
    remark: Option<Reason>,
    now: Timestamp,
) {
    remarks.retain(|word, _| !word.is_of_a_write() || Some(*word) == remark);
    if let Some(word) = remark {
        remarks.entry(word).or_insert(now);
    }
}

/// Since when a record may be at a destination that cannot be asked. Rows of earlier releases do not say when it was sent.
pub fn may_be_there_since<P>(row: &RecordRow<P>) -> Option<Timestamp> {
    let unknown = match row.state {
        RecordState::Sending => true,
        RecordState::Held => row.reason.is_some_and(Reason::may_be_there_already),
        RecordState::Retry => row.reason == Some(Reason::OutcomeUnknown),
        RecordState::AwaitingConfirmation
        | RecordState::Written
        | RecordState::Verified
        | RecordState::Skipped
        | RecordState::Done => false,
    };
    row.began_at.or(unknown.then_some(row.updated_at))
}

/// The remarks of a row. Earlier releases kept one in place of a reason while PING's word was awaited.
fn remarks_of<P>(row: &RecordRow<P>) -> BTreeMap<Reason, Timestamp> {
    let mut remarks = row.remarks.clone();
    let awaiting = row.state == RecordState::AwaitingConfirmation;
    if let Some(word) = row.reason.filter(|word| awaiting && word.is_remark()) {
        remarks.entry(word).or_insert(row.updated_at);
    }
    remarks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::later;
    use crate::engine::testing::row;

    const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

    fn remarks(words: &[(Reason, Timestamp)]) -> BTreeMap<Reason, Timestamp> {
        words.iter().copied().collect()
    }

    #[test]
    fn a_remark_that_an_earlier_release_kept_as_a_reason_is_read_as_one() {
        let mut before = row(RecordState::AwaitingConfirmation);
        before.reason = Some(Reason::ContactSubstituted);
        let since = before.updated_at;
        assert_eq!(
            remarks_of(&before),
            remarks(&[(Reason::ContactSubstituted, since)])
        );
        before.state = RecordState::Held;
        assert_eq!(remarks_of(&before), remarks(&[]));
    }

    #[test]
    fn a_remark_that_stands_keeps_its_time() {
        let mut before = row(RecordState::Done);
        before.remarks.insert(Reason::CommentUnconfirmed, NOW);
        let since = remarks_of(&before)[&Reason::CommentUnconfirmed];
        let again = later(NOW, std::time::Duration::from_mins(1));
        let mut stands = remarks_of(&before);
        remark_on_write(&mut stands, Some(Reason::CommentUnconfirmed), again);
        assert_eq!(stands[&Reason::CommentUnconfirmed], since);
        remark_on_write(&mut stands, None, again);
        assert!(stands.is_empty());
    }
}

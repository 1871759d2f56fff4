//! Gating: what the ledger says about a record that the source offers. Pure.

use jiff::Timestamp;

use crate::domain::fingerprint::Fingerprint;
use crate::store::{RecordRow, RecordState};

/// What is to be done with an offered record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Work on it from the start.
    Open,
    /// It is held: look whether its source data changed, and work on it only then.
    OpenIfChanged,
    /// Its effect is at the destination; only the source has to be told.
    Tell,
    /// It waits for a later time.
    NotDue,
}

/// Decides by the row, which may be missing, the time and the version of the profile in force.
pub fn gate<P>(row: Option<&RecordRow<P>>, now: Timestamp, profile_version: &str) -> Gate {
    let Some(row) = row else { return Gate::Open };
    let waits = row.next_attempt_at.is_some_and(|due| due > now);
    match row.state {
        RecordState::Held if row.profile_version == profile_version => Gate::OpenIfChanged,
        RecordState::Written | RecordState::Verified | RecordState::Retry if waits => Gate::NotDue,
        RecordState::Held | RecordState::Written | RecordState::Retry => Gate::Open,
        RecordState::Verified | RecordState::Done => Gate::Tell,
    }
}

/// Whether a held record's source data changed since it was held.
pub fn changed<P>(row: &RecordRow<P>, now: &Fingerprint) -> bool {
    row.fingerprint
        .as_ref()
        .is_none_or(|before| before.changed_to(now))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::later;
    use crate::engine::testing::row;

    const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

    #[test]
    fn an_unknown_record_is_open() {
        assert_eq!(gate::<()>(None, NOW, "v1"), Gate::Open);
    }

    #[test]
    fn a_held_record_opens_only_by_change_of_data_or_profile() {
        let held = row(RecordState::Held);
        assert_eq!(gate(Some(&held), NOW, "v1"), Gate::OpenIfChanged);
        assert_eq!(gate(Some(&held), NOW, "v2"), Gate::Open);
    }

    #[test]
    fn a_waiting_record_is_not_due_before_its_time() {
        for state in [
            RecordState::Retry,
            RecordState::Written,
            RecordState::Verified,
        ] {
            let mut waiting = row(state);
            waiting.next_attempt_at = Some(later(NOW, Duration::from_secs(1)));
            assert_eq!(gate(Some(&waiting), NOW, "v1"), Gate::NotDue);
            waiting.next_attempt_at = Some(NOW);
            assert_ne!(gate(Some(&waiting), NOW, "v1"), Gate::NotDue);
        }
    }

    #[test]
    fn what_is_in_place_is_only_told_to_the_source() {
        assert_eq!(
            gate(Some(&row(RecordState::Verified)), NOW, "v1"),
            Gate::Tell
        );
        assert_eq!(gate(Some(&row(RecordState::Done)), NOW, "v1"), Gate::Tell);
        assert_eq!(
            gate(Some(&row(RecordState::Written)), NOW, "v1"),
            Gate::Open
        );
    }
}

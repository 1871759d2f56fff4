//! The gate: what the ledger says about a record that the source offers, or that is due by the ledger itself. Pure.

use std::time::Duration;

use jiff::Timestamp;

use crate::clock::later;
use crate::domain::fingerprint::Fingerprint;
use crate::domain::reason::Reason;
use crate::store::{RecordRow, RecordState};

/// What is to be done with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Work on it from the start.
    Open,
    /// It is held or done: look whether its source data changed, and work on it only then.
    OpenIfChanged,
    /// Its effect is at the destination; only the source has to be told.
    Tell,
    /// Its effect was at the destination, and the source lists it: it is looked at on both sides before the source is told.
    Look,
    /// The destination's word is to be asked for.
    Confirm,
    /// The destination's word is awaited, and the source shows the record anew: note it if it changed.
    Supersede,
    /// A run died while it wrote what cannot be asked for.
    Lost,
    /// It waits for a later time.
    NotDue,
    /// Nothing is new: it stays as its row says.
    Absorbed,
}

/// Who brings a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The source lists it as pending, so it has not heard of it.
    List,
    /// The source shows it as changed.
    Change,
    /// The ledger alone.
    Ledger,
}

/// By what a record is gated, beside its row.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'c> {
    /// The present.
    pub now: Timestamp,
    /// The longest that a row ever waits: what is later was written by a wrong clock, and is due.
    pub longest_pause: Duration,
    /// Whether the row was written under the profile in force, and under the secrets in force if it remembers them.
    pub in_force: bool,
    /// The version of the source record, where the source has versions.
    pub version: Option<&'c str>,
    /// Who brings it.
    pub by: By,
    /// Whether a person named it: then no waiting time counts.
    pub named: bool,
    /// Whether a person releases it if it is held.
    pub released: bool,
}

/// Decides by the row, which may be missing, and the circumstances.
pub fn gate<P>(row: Option<&RecordRow<P>>, at: Circumstances<'_>) -> Gate {
    let Some(row) = row else { return Gate::Open };
    let ahead = |due: Timestamp| due > at.now && due <= later(at.now, at.longest_pause);
    let waits = !at.named && row.next_attempt_at.is_some_and(ahead);
    let offered = at.by != By::Ledger;
    let looked_for = offered || at.named;
    let same = at.version.is_some() && row.version.as_deref() == at.version;
    // A list shows too little of a record to tell that the rest of it is the same; that what it shows is not, it does tell.
    let seen = same && at.by != By::List;
    let overtaken = at.by == By::List && !same && at.version.is_some() && row.version.is_some();
    match row.state {
        RecordState::Held => gate_held(row, at, seen),
        RecordState::Written | RecordState::Verified | RecordState::Retry if waits => Gate::NotDue,
        RecordState::Verified if overtaken => Gate::Open,
        RecordState::Verified if at.by == By::List => Gate::Look,
        RecordState::Verified => Gate::Tell,
        // Not even a person may open what another run may be writing.
        RecordState::Sending if row.next_attempt_at.is_some_and(ahead) => Gate::NotDue,
        RecordState::Sending => Gate::Lost,
        RecordState::AwaitingConfirmation if offered && !seen => Gate::Supersede,
        RecordState::AwaitingConfirmation if offered || waits => Gate::Absorbed,
        RecordState::AwaitingConfirmation => Gate::Confirm,
        RecordState::Skipped if (waits && !overtaken) || seen || !looked_for => Gate::Absorbed,
        RecordState::Written | RecordState::Retry | RecordState::Skipped => Gate::Open,
        RecordState::Done if at.by == By::List && !overtaken => Gate::Look,
        RecordState::Done if seen || !looked_for => Gate::Absorbed,
        RecordState::Done => Gate::OpenIfChanged,
    }
}

fn gate_held<P>(row: &RecordRow<P>, at: Circumstances<'_>, seen: bool) -> Gate {
    let for_a_person = row.reason.is_some_and(Reason::opens_only_by_release);
    if at.released {
        Gate::Open
    } else if for_a_person {
        Gate::Absorbed
    } else if !at.in_force || opens(row, at.now) {
        Gate::Open
    } else if row
        .next_attempt_at
        .is_some_and(|look| look <= at.now || look > later(at.now, at.longest_pause))
    {
        Gate::OpenIfChanged
    } else if seen || (at.by == By::Ledger && !at.named) {
        Gate::Absorbed
    } else {
        Gate::OpenIfChanged
    }
}

/// Whether a held record opens by itself now: what kept it may be over, and nothing at the source would show it.
pub fn opens<P>(row: &RecordRow<P>, now: Timestamp) -> bool {
    let by_itself = |reason: Reason| reason.opens_by_itself() || reason.shows_in_primero();
    let by_itself = row.reason.is_some_and(by_itself);
    by_itself && row.next_attempt_at.is_none_or(|look| look <= now)
}

/// Whether a record's source data changed since its row was written.
pub fn changed<P>(row: &RecordRow<P>, now: &Fingerprint) -> bool {
    row.fingerprint
        .as_ref()
        .is_none_or(|before| before.changed_to(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::testing::row;

    const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

    /// An ordinary offer of a source that lists what is pending.
    const LISTED: Circumstances<'static> = Circumstances {
        now: NOW,
        longest_pause: Duration::from_hours(24),
        in_force: true,
        version: None,
        by: By::List,
        named: false,
        released: false,
    };

    /// A change seen at a source that is followed by time of change.
    const CHANGED: Circumstances<'static> = Circumstances {
        version: Some("second"),
        by: By::Change,
        ..LISTED
    };

    fn seen_before(state: RecordState) -> RecordRow<()> {
        RecordRow {
            version: Some("second".to_owned()),
            ..row(state)
        }
    }

    #[test]
    fn an_unknown_record_is_open() {
        assert_eq!(gate::<()>(None, LISTED), Gate::Open);
    }

    #[test]
    fn a_held_record_opens_by_change_of_data_or_profile_or_by_release() {
        let held = row(RecordState::Held);
        let new_profile = Circumstances {
            in_force: false,
            ..LISTED
        };
        let released = Circumstances {
            released: true,
            ..LISTED
        };
        assert_eq!(gate(Some(&held), LISTED), Gate::OpenIfChanged);
        assert_eq!(gate(Some(&held), new_profile), Gate::Open);
        assert_eq!(gate(Some(&held), released), Gate::Open);
    }

    #[test]
    fn what_may_be_at_a_destination_that_cannot_be_asked_opens_by_release_alone() {
        let mut held = row(RecordState::Held);
        held.reason = Some(Reason::OutcomeUnknown);
        for at in [
            LISTED,
            CHANGED,
            Circumstances {
                in_force: false,
                ..CHANGED
            },
        ] {
            assert_eq!(gate(Some(&held), at), Gate::Absorbed);
        }
        let released = Circumstances {
            released: true,
            ..CHANGED
        };
        assert_eq!(gate(Some(&held), released), Gate::Open);
    }

    #[test]
    fn a_waiting_record_is_not_due_before_its_time_unless_a_person_names_it() {
        let named = Circumstances {
            named: true,
            ..LISTED
        };
        for state in [
            RecordState::Retry,
            RecordState::Written,
            RecordState::Verified,
        ] {
            let mut waiting = row(state);
            waiting.next_attempt_at = Some(later(NOW, Duration::from_secs(1)));
            assert_eq!(gate(Some(&waiting), LISTED), Gate::NotDue);
            assert_ne!(gate(Some(&waiting), named), Gate::NotDue);
            waiting.next_attempt_at = Some(NOW);
            assert_ne!(gate(Some(&waiting), LISTED), Gate::NotDue);
        }
    }

    #[test]
    fn what_another_run_may_be_writing_is_left_alone_until_its_lease_is_over() {
        let mut sending = row(RecordState::Sending);
        sending.next_attempt_at = Some(later(NOW, Duration::from_secs(1)));
        let named = Circumstances {
            named: true,
            ..CHANGED
        };
        assert_eq!(gate(Some(&sending), named), Gate::NotDue);
        sending.next_attempt_at = Some(NOW);
        assert_eq!(gate(Some(&sending), CHANGED), Gate::Lost);
    }

    #[test]
    fn what_is_in_place_and_listed_is_looked_at_before_the_source_is_told() {
        for (state, expected) in [
            (RecordState::Verified, Gate::Look),
            (RecordState::Done, Gate::Look),
            (RecordState::Written, Gate::Open),
        ] {
            assert_eq!(gate(Some(&row(state)), LISTED), expected);
        }
    }

    #[test]
    fn a_list_that_shows_another_version_of_what_is_in_place_is_not_just_told() {
        let listed = |version| Circumstances {
            version: Some(version),
            ..LISTED
        };
        let gated = |state, version| gate(Some(&seen_before(state)), listed(version));
        assert_eq!(gated(RecordState::Done, "second"), Gate::Look);
        assert_eq!(gated(RecordState::Done, "third"), Gate::OpenIfChanged);
        assert_eq!(gated(RecordState::Verified, "second"), Gate::Look);
        assert_eq!(gated(RecordState::Verified, "third"), Gate::Open);
    }

    #[test]
    fn a_list_shows_too_little_to_leave_a_held_or_skipped_record_alone() {
        let listed = Circumstances {
            version: Some("second"),
            ..LISTED
        };
        for (state, expected) in [
            (RecordState::Held, Gate::OpenIfChanged),
            (RecordState::Skipped, Gate::Open),
        ] {
            assert_eq!(gate(Some(&seen_before(state)), listed), expected);
        }
    }

    #[test]
    fn the_same_version_of_what_is_settled_is_not_looked_at_again() {
        for state in [
            RecordState::Held,
            RecordState::Skipped,
            RecordState::Done,
            RecordState::AwaitingConfirmation,
        ] {
            assert_eq!(gate(Some(&seen_before(state)), CHANGED), Gate::Absorbed);
        }
    }

    #[test]
    fn a_new_version_of_what_is_settled_is_looked_at() {
        for (state, expected) in [
            (RecordState::Held, Gate::OpenIfChanged),
            (RecordState::Skipped, Gate::Open),
            (RecordState::Done, Gate::OpenIfChanged),
            (RecordState::AwaitingConfirmation, Gate::Supersede),
        ] {
            assert_eq!(gate(Some(&row(state)), CHANGED), expected);
        }
    }

    #[test]
    fn a_skipped_record_of_a_list_is_looked_at_from_time_to_time() {
        let mut skipped = row(RecordState::Skipped);
        skipped.next_attempt_at = Some(later(NOW, Duration::from_secs(1)));
        assert_eq!(gate(Some(&skipped), LISTED), Gate::Absorbed);
        skipped.next_attempt_at = Some(NOW);
        assert_eq!(gate(Some(&skipped), LISTED), Gate::Open);
    }

    #[test]
    fn the_ledger_alone_opens_only_what_waits() {
        let by_ledger = Circumstances {
            by: By::Ledger,
            ..LISTED
        };
        for (state, expected) in [
            (RecordState::Retry, Gate::Open),
            (RecordState::AwaitingConfirmation, Gate::Confirm),
            (RecordState::Held, Gate::Absorbed),
            (RecordState::Skipped, Gate::Absorbed),
            (RecordState::Done, Gate::Absorbed),
        ] {
            assert_eq!(gate(Some(&row(state)), by_ledger), expected);
        }
    }
}

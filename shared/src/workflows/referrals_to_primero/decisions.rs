//! What 1.2 tells of the same interventions: a decision outranks the receipt of the referral.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::Place;
use crate::clock::later;
use crate::domain::reason::Stop;
use crate::domain::record::RecordKey;
use crate::domain::system::WorkflowName;
use crate::engine::{LedgerView, Notice, Precedence};
use crate::store::{RecordRow, RecordState};
use crate::workflows::decisions_to_progres;

/// proGres takes a while to stop listing what it was told a decision of.
const TAKES: Duration = Duration::from_hours(24);

/// What comes first for each of these notices, by the rows of 1.2.
pub async fn precedence(
    notices: &[Notice<Place>],
    ledger: LedgerView<'_>,
) -> Result<Vec<Precedence>, Stop> {
    let keys: Vec<RecordKey> = notices.iter().map(|notice| notice.key.clone()).collect();
    let rows = ledger
        .rows_of(WorkflowName::DecisionsToProgres, &keys)
        .await?;
    let of_notice = |notice: &Notice<Place>| of_row(notice, rows.get(&notice.key), ledger.now());
    Ok(notices.iter().map(of_notice).collect())
}

/// A decision that went, or is about to go, leaves nothing to say; one that is held or is none any more, does not.
fn of_row(notice: &Notice<Place>, row: Option<&RecordRow<Value>>, now: Timestamp) -> Precedence {
    let Some(row) = row else {
        return Precedence::Told;
    };
    match row.state {
        RecordState::Done if notice.again && later(row.updated_at, TAKES) <= now => {
            Precedence::StillPending
        }
        RecordState::Retry if !may_have_gone(row) => Precedence::Told,
        RecordState::Sending
        | RecordState::AwaitingConfirmation
        | RecordState::Retry
        | RecordState::Done => Precedence::Silent,
        RecordState::Held | RecordState::Skipped | RecordState::Written | RecordState::Verified => {
            Precedence::Told
        }
    }
}

/// Whether a decision may be in proGres, by the row that is kept before it goes.
fn may_have_gone(row: &RecordRow<Value>) -> bool {
    let place = row.place.clone().unwrap_or_default();
    let place = serde_json::from_value::<decisions_to_progres::Place>(place);
    place.is_ok_and(|place| place.commented.is_some())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::ids::InterventionId;

    const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

    fn row(state: &str, commented: bool, age: Duration) -> RecordRow<Value> {
        let written = NOW - jiff::SignedDuration::try_from(age).expect("a short time");
        let print = json!({ "key_id": "k", "hash": "h" });
        let row = json!({
            "key": "68b20e2a-4879-ee11-8179-000d3a43f6eb", "state": state, "profile_version": "v1",
            "place": {
                "case": "406b539a-e662-425e-810b-47e4fa7da496", "rival": null,
                "commented": if commented { print } else { Value::Null },
            },
            "attempts": 0, "told": 0, "first_seen_at": written, "updated_at": written,
            "run_id": "earlier", "fence": 1,
        });
        serde_json::from_value(row).expect("a row")
    }

    fn notice(again: bool) -> Notice<Place> {
        let id: InterventionId = "68b20e2a-4879-ee11-8179-000d3a43f6eb"
            .parse()
            .expect("a GUID");
        Notice {
            key: id.into(),
            place: Place {
                business_unit: "577ccdf6-86de-e811-80d8-001dd8b71fe3".to_owned(),
                case: None,
                case_id: None,
            },
            again,
            held: None,
        }
    }

    #[test]
    fn a_decision_that_went_or_is_about_to_go_leaves_the_receipt_out() {
        let hour = Duration::from_hours(1);
        let day = Duration::from_hours(25);
        for (state, commented, age, again, expected) in [
            (
                "awaiting_confirmation",
                true,
                hour,
                false,
                Precedence::Silent,
            ),
            ("awaiting_confirmation", true, day, true, Precedence::Silent),
            ("retry", true, hour, false, Precedence::Silent),
            ("retry", false, hour, false, Precedence::Told),
            ("held", true, hour, false, Precedence::Told),
            ("skipped", true, day, true, Precedence::Told),
            ("done", true, hour, true, Precedence::Silent),
            ("done", true, day, false, Precedence::Silent),
            ("done", true, day, true, Precedence::StillPending),
        ] {
            let row = row(state, commented, age);
            let rank = of_row(&notice(again), Some(&row), NOW);
            assert_eq!(rank, expected, "{state}, {age:?}, again: {again}");
        }
        assert_eq!(of_row(&notice(false), None, NOW), Precedence::Told);
    }
}

//! Rows that cannot be read, or that a newer release has written.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

use super::scenario::{Scenario, outcome_of, reason_of};
use super::systems::{Mishap, Stage, key};
use crate::domain::outcome::Outcome;
use crate::domain::reason::Reason;
use crate::engine::Fault;
use crate::store::RecordState;

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

/// Three records, of which the second waits to be tried again.
async fn second_waits() -> Scenario {
    let scenario = Scenario::offering(3).await;
    let missing = Mishap::Record(Fault::retry(Reason::DetailsMissing));
    scenario.systems.with(2, 1, Stage::Fetch, missing);
    scenario.complete().await;
    scenario.clock.advance(Duration::from_hours(1));
    scenario
}

#[tokio::test]
async fn a_row_that_cannot_be_read_puts_off_that_record_alone_and_is_listed_as_held() {
    for field in ["attempts", "profile_version", "state", "first_seen_at"] {
        let scenario = second_waits().await;
        scenario.spoil(2, field, AttributeValue::Bool(true)).await;
        scenario.systems.offer(4, "household 4");
        for _ in 0..2 {
            let report = scenario.complete().await;
            assert_eq!(report.counts.held, 1, "{field}");
            let reason = reason_of(&report, 2);
            assert_eq!(reason, Some(Reason::UnreadableRow), "{field}");
            let held = scenario.store().held_records::<String>().await;
            let held = held.expect("it answers");
            assert_eq!(held.len(), 1, "{field}");
            assert_eq!(
                (&held[0].key, held[0].reason),
                (&key(2), Some(Reason::UnreadableRow)),
                "{field}"
            );
        }
        assert_eq!(scenario.systems.copies(2), 0, "{field}");
        assert_eq!(scenario.systems.copies(4), 1, "{field}");
    }
}

#[tokio::test]
async fn a_reason_that_is_not_known_reads_as_other_and_waits_for_a_person() {
    let mut scenario = Scenario::offering(1).await;
    let refused = Mishap::Record(Fault::hold(Reason::RefusedByPrimero, Vec::new()));
    scenario.systems.with(1, 1, Stage::Write, refused);
    scenario.complete().await;
    scenario.spoil(1, "reason", text("not_invented_yet")).await;
    scenario.profile_version = "v2".to_owned();
    let report = scenario.complete().await;
    assert_eq!(reason_of(&report, 1), Some(Reason::Other));
    scenario.request.release_held = true;
    let report = scenario.complete().await;
    assert_eq!(outcome_of(&report, 1), Outcome::Delivered);
}

#[tokio::test]
async fn a_state_that_is_not_known_reads_as_held() {
    let mut scenario = second_waits().await;
    scenario.spoil(2, "state", text("not_invented_yet")).await;
    scenario.profile_version = "v2".to_owned();
    let report = scenario.complete().await;
    assert_eq!(outcome_of(&report, 2), Outcome::Held);
    assert_eq!(scenario.row(2).await.state, RecordState::Held);
    assert_eq!(scenario.systems.copies(2), 0);
}

//! What was written is read back before anybody is told.

use std::time::Duration;

use super::scenario::{Scenario, outcome_of, reason_of};
use super::systems::{Mishap, Stage};
use crate::clock::until;
use crate::domain::outcome::Outcome;
use crate::domain::reason::Reason;
use crate::store::RecordState;

#[tokio::test]
async fn what_was_written_is_read_back_two_seconds_later_at_the_earliest() {
    let scenario = Scenario::offering(3).await;
    scenario.complete().await;
    let written = scenario
        .systems
        .ended(Stage::Write)
        .last()
        .expect("written")
        .at;
    let read = scenario.systems.begun(Stage::Verify)[0].at;
    assert!(until(written, read) >= Duration::from_secs(2));
}

#[tokio::test]
async fn a_swallowed_write_is_noticed_and_written_again() {
    let scenario = Scenario::offering(3).await;
    scenario.systems.with(2, 1, Stage::Write, Mishap::Swallowed);
    let report = scenario.complete().await;
    assert_eq!(report.counts.delivered, 3);
    assert_eq!(scenario.systems.copies(2), 1);
    assert_eq!(scenario.systems.told_in_place(2), 1);
    assert_eq!(scenario.systems.begun(Stage::Write).len(), 4);
}

#[tokio::test]
async fn a_write_swallowed_three_times_is_left_to_a_later_run() {
    let scenario = Scenario::offering(1).await;
    scenario.systems.with(1, 3, Stage::Write, Mishap::Swallowed);
    let report = scenario.complete().await;
    assert_eq!(outcome_of(&report, 1), Outcome::WillRetry);
    assert_eq!(reason_of(&report, 1), Some(Reason::NotVerified));
    assert_eq!(scenario.systems.begun(Stage::Write).len(), 3);
    assert_eq!(
        scenario.systems.told_in_place(1),
        0,
        "the source is told of nothing unseen"
    );
    let row = scenario.row(1).await;
    assert_eq!((row.state, row.attempts), (RecordState::Written, 1));

    scenario.clock.advance(Duration::from_mins(10));
    let report = scenario.complete().await;
    assert_eq!(outcome_of(&report, 1), Outcome::Delivered);
    assert_eq!(scenario.systems.copies(1), 1);
}

#[tokio::test]
async fn a_swallowed_write_waits_its_turn_in_its_partition() {
    let scenario = Scenario::offering(1).await;
    scenario.systems.offer(2, "household 1");
    scenario.systems.with(1, 1, Stage::Write, Mishap::Swallowed);
    let report = scenario.complete().await;
    assert_eq!(report.counts.delivered, 2);
    assert_eq!(
        (scenario.systems.copies(1), scenario.systems.copies(2)),
        (1, 1)
    );
}

#[tokio::test]
async fn a_failed_reading_back_leaves_the_record_written_and_the_next_run_finds_it() {
    let scenario = Scenario::offering(2).await;
    let down = crate::engine::Fault::down(crate::domain::system::System::Primero);
    scenario
        .systems
        .once(Stage::Verify, Mishap::Fails(down.into()));
    let report = scenario.complete().await;
    assert_eq!(report.counts.will_retry, 2);
    assert_eq!(scenario.row(1).await.state, RecordState::Written);
    scenario.clock.advance(Duration::from_mins(10));
    let report = scenario.complete().await;
    assert_eq!(report.counts.delivered, 2);
    assert_eq!(
        scenario.systems.begun(Stage::Write).len(),
        2,
        "nothing is written again"
    );
}

#[tokio::test]
async fn what_is_held_when_read_back_is_told_neither_as_in_place_nor_as_a_failure() {
    let mut scenario = Scenario::offering(1).await;
    scenario.tells_held = true;
    let lost = crate::engine::Fault::hold(Reason::InterventionNumberLost, Vec::new());
    scenario
        .systems
        .with(1, 1, Stage::Verify, Mishap::Record(lost));
    let report = scenario.complete().await;
    assert_eq!(reason_of(&report, 1), Some(Reason::InterventionNumberLost));
    scenario.complete().await;
    assert!(scenario.systems.told.borrow().is_empty());
}

//! A panic in one record is that record's fault, never the run's.

use super::scenario::{Scenario, outcome_of, reason_of};
use super::systems::{Mishap, Stage};
use crate::domain::outcome::{Outcome, RunStatus};
use crate::domain::reason::{Reason, Stop};
use crate::store::RecordState;

/// Record 2 of six panics whenever it comes to this stage.
async fn panics_at(stage: Stage) {
    let scenario = Scenario::offering(6).await;
    scenario.systems.with(2, usize::MAX, stage, Mishap::Panics);
    let report = scenario.complete().await;
    assert_eq!(report.status, RunStatus::Completed);
    assert_eq!(
        reason_of(&report, 2),
        Some(Reason::InternalError),
        "at {stage:?}"
    );
    for number in [1, 3, 4, 5, 6] {
        assert_eq!(
            outcome_of(&report, number),
            Outcome::Delivered,
            "{number} at {stage:?}"
        );
        assert_eq!(scenario.systems.copies(number), 1);
    }
    assert_eq!(scenario.row(2).await.state, RecordState::Held);
    assert!(scenario.lease_is_free().await);
    assert!(scenario.saved_report(&report.run_id).await.is_some());
}

#[tokio::test]
async fn a_panic_while_fetching_holds_only_the_record_at_fault() {
    panics_at(Stage::Fetch).await;
}

#[tokio::test]
async fn a_panic_while_mapping_holds_only_the_record_at_fault() {
    panics_at(Stage::Map).await;
}

#[tokio::test]
async fn a_panic_while_locating_holds_only_the_record_at_fault() {
    panics_at(Stage::Locate).await;
}

#[tokio::test]
async fn a_panic_while_writing_holds_only_the_record_at_fault() {
    panics_at(Stage::Write).await;
}

#[tokio::test]
async fn a_panic_while_verifying_holds_only_the_record_at_fault() {
    panics_at(Stage::Verify).await;
}

#[tokio::test]
async fn a_panic_while_reporting_holds_only_the_record_at_fault() {
    panics_at(Stage::Report).await;
}

#[tokio::test]
async fn the_next_of_a_household_follows_one_that_panicked() {
    let scenario = Scenario::offering(1).await;
    scenario.systems.offer(2, "household 1");
    scenario
        .systems
        .with(1, usize::MAX, Stage::Write, Mishap::Panics);
    let report = scenario.complete().await;
    assert_eq!(reason_of(&report, 1), Some(Reason::InternalError));
    assert_eq!(outcome_of(&report, 2), Outcome::Delivered);
}

#[tokio::test]
async fn a_panic_outside_any_record_stops_the_run_with_its_lease_released_and_its_report_saved() {
    for stage in [Stage::Discover, Stage::Prepare] {
        let scenario = Scenario::offering(2).await;
        scenario.systems.once(stage, Mishap::Panics);
        let finished = scenario.run().await;
        assert_eq!(finished.stop, Some(Stop::InternalError), "{stage:?}");
        assert!(scenario.lease_is_free().await);
        let report = scenario.saved_report(&finished.report.run_id).await;
        assert_eq!(report.map(|report| report.status), Some(RunStatus::Failed));
        assert_eq!(scenario.complete().await.counts.delivered, 2);
    }
}

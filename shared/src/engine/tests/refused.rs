//! Refusals that name no field: of one record, or of whoever comes.

use std::time::Duration;

use super::scenario::{Scenario, outcome_of, reason_of};
use super::systems::{Mishap, Stage, key};
use crate::domain::outcome::Outcome;
use crate::domain::reason::{Reason, Stop};
use crate::domain::system::System;
use crate::engine::Fault;
use crate::store::RecordState;

const DAY: Duration = Duration::from_hours(24);
const ALIKE: Stop = Stop::RefusedAlike {
    system: System::Primero,
    reason: Reason::RefusedByPrimero,
};

fn refused() -> Fault {
    Fault::hold(Reason::RefusedByPrimero, Vec::new()).refused(System::Primero, None)
}

fn refuse(scenario: &Scenario, numbers: impl IntoIterator<Item = u128>) {
    for number in numbers {
        let refused = Mishap::Record(refused());
        let systems = &scenario.systems;
        systems.with(number, usize::MAX, Stage::Write, refused);
    }
}

/// One at a time, in the order of the list.
async fn offering(count: u128) -> Scenario {
    let mut scenario = Scenario::offering(count).await;
    scenario.settings.concurrency = 1;
    scenario.batches.fetch = 9;
    scenario.batches.locate = 9;
    scenario
}

#[tokio::test]
async fn five_in_a_row_end_the_run_and_wait_without_an_attempt() {
    let scenario = offering(8).await;
    refuse(&scenario, 1..=8);
    let finished = scenario.run().await;
    assert_eq!(finished.stop, Some(ALIKE));
    assert_eq!(finished.report.counts.will_retry, 5);
    assert_eq!(finished.report.counts.held, 0);
    assert_eq!(scenario.systems.begun(Stage::Write).len(), 5);
    for number in 1..=5 {
        let row = scenario.row(number).await;
        assert_eq!((row.state, row.attempts), (RecordState::Retry, 0));
        assert_eq!(row.refused_alike, Some(0));
        let reason = reason_of(&finished.report, number);
        assert_eq!(reason, Some(Reason::RefusedByPrimero));
    }
}

#[tokio::test]
async fn with_one_taken_between_each_is_held_for_itself() {
    let scenario = offering(9).await;
    refuse(&scenario, (1..=9).filter(|number| *number != 5));
    let report = scenario.complete().await;
    assert_eq!((report.counts.held, report.counts.delivered), (8, 1));
}

#[tokio::test]
async fn a_refusal_that_names_a_field_is_that_records_own() {
    let scenario = offering(8).await;
    for number in 1..=8 {
        let fault = Fault::hold(Reason::RefusedByPrimero, vec!["/age".to_owned()]);
        let systems = &scenario.systems;
        systems.with(number, 1, Stage::Write, Mishap::Record(fault));
    }
    assert_eq!(scenario.complete().await.counts.held, 8);
}

#[tokio::test]
async fn next_time_they_go_last_and_are_held_if_another_is_taken_before_them() {
    let scenario = offering(5).await;
    refuse(&scenario, 1..=5);
    scenario.run().await;
    scenario.systems.offer(6, "household 6");
    scenario.systems.events.borrow_mut().clear();
    let report = scenario.complete().await;
    assert_eq!(scenario.systems.asked(Stage::Write)[0], key(6));
    assert_eq!((report.counts.delivered, report.counts.held), (1, 5));
    assert_eq!(scenario.row(1).await.refused_alike, None);
}

#[tokio::test]
async fn once_the_permission_is_back_all_go() {
    let scenario = offering(7).await;
    refuse(&scenario, 1..=7);
    scenario.run().await;
    scenario.run().await;
    scenario.systems.heal();
    assert_eq!(scenario.complete().await.counts.delivered, 7);
}

#[tokio::test]
async fn where_nothing_else_is_due_in_three_runs_they_are_held_and_the_run_still_fails() {
    let mut scenario = offering(5).await;
    refuse(&scenario, 1..=5);
    for runs in 0..3 {
        assert_eq!(scenario.run().await.stop, Some(ALIKE));
        assert_eq!(scenario.row(3).await.refused_alike, Some(runs));
    }
    let finished = scenario.run().await;
    assert_eq!(finished.stop, Some(ALIKE));
    assert_eq!(finished.report.counts.held, 5);
    assert_eq!(reason_of(&finished.report, 1), Some(Reason::RefusedAlike));
    scenario.systems.heal();
    assert_eq!(scenario.complete().await.counts.held, 5);
    scenario
        .secret_versions
        .insert(System::Primero, "mended".to_owned());
    assert_eq!(scenario.complete().await.counts.delivered, 5);
}

#[tokio::test]
async fn what_is_held_as_refused_opens_with_a_changed_secret_and_with_a_changed_profile() {
    let mut scenario = offering(2).await;
    refuse(&scenario, [1]);
    scenario.complete().await;
    scenario.systems.heal();
    assert_eq!(scenario.complete().await.counts.held, 1);
    scenario
        .secret_versions
        .insert(System::Primero, "mended".to_owned());
    assert_eq!(
        outcome_of(&scenario.complete().await, 1),
        Outcome::Delivered
    );
}

#[tokio::test]
async fn a_record_without_access_is_held_and_looked_at_again_after_a_day() {
    let scenario = offering(3).await;
    let hidden = Fault::hold(Reason::NoAccess, vec![key(2).to_string()]);
    let hidden = Mishap::Record(hidden.refused(System::Primero, Some("append service")));
    scenario.systems.with(2, 1, Stage::Write, hidden);
    let report = scenario.complete().await;
    assert_eq!((report.counts.delivered, report.counts.held), (2, 1));
    assert_eq!(scenario.complete().await.counts.held, 1);
    scenario.clock.advance(DAY);
    assert_eq!(
        outcome_of(&scenario.complete().await, 2),
        Outcome::Delivered
    );
}

#[tokio::test]
async fn five_without_access_in_a_row_name_the_permission_that_is_missing() {
    let scenario = offering(6).await;
    for number in 1..=6 {
        let hidden = Fault::hold(Reason::NoAccess, vec![key(number).to_string()]);
        let hidden = Mishap::Record(hidden.refused(System::Primero, Some("append service")));
        scenario.systems.with(number, 1, Stage::Write, hidden);
    }
    let stop = Stop::PermissionDenied {
        system: System::Primero,
        route: "append service",
    };
    let finished = scenario.run().await;
    assert_eq!(finished.stop, Some(stop));
    assert_eq!(finished.report.counts.held, 0);
}

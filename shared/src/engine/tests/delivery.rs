//! What goes well.

use std::time::Duration;

use super::scenario::{START, Scenario, outcome_of};
use super::systems::{Stage, key};
use crate::clock::later;
use crate::domain::outcome::{Outcome, RunStatus};
use crate::store::RecordState;

#[tokio::test]
async fn every_record_is_delivered_once_and_told_once() {
    let scenario = Scenario::offering(10).await;
    let report = scenario.complete().await;
    assert_eq!(report.status, RunStatus::Completed);
    assert_eq!(
        (report.counts.discovered, report.counts.delivered),
        (10, 10)
    );
    for number in 1..=10 {
        assert_eq!(scenario.systems.copies(number), 1);
        assert_eq!(scenario.systems.told_in_place(number), 1);
    }
    assert!(scenario.lease_is_free().await);
}

#[tokio::test]
async fn a_second_run_asks_for_nothing_and_writes_nothing() {
    let scenario = Scenario::offering(5).await;
    scenario.complete().await;
    let rows = futures::future::join_all((1..=5).map(|number| scenario.row(number))).await;
    scenario.systems.events.borrow_mut().clear();
    let report = scenario.complete().await;
    assert_eq!(report.counts.discovered, 0);
    assert_eq!(
        scenario.systems.events.borrow().len(),
        2,
        "the list, asked and answered; with nothing to do nothing is prepared"
    );
    let after = futures::future::join_all((1..=5).map(|number| scenario.row(number))).await;
    assert_eq!(after, rows);
}

#[tokio::test]
async fn what_is_at_the_destination_already_is_only_told() {
    let scenario = Scenario::offering(2).await;
    scenario.systems.shelf.borrow_mut().push(key(1));
    let report = scenario.complete().await;
    assert_eq!(outcome_of(&report, 1), Outcome::AlreadyInPlace);
    assert_eq!(outcome_of(&report, 2), Outcome::Delivered);
    assert_eq!(scenario.systems.asked(Stage::Write), [key(2)]);
    assert_eq!(scenario.systems.told_in_place(1), 1);
}

#[tokio::test]
async fn a_record_listed_twice_is_one_record() {
    let scenario = Scenario::offering(3).await;
    scenario.systems.offer(2, "household 2");
    let report = scenario.complete().await;
    assert_eq!((report.counts.discovered, report.counts.delivered), (3, 3));
    assert_eq!(scenario.systems.copies(2), 1);
}

#[tokio::test]
async fn with_nothing_offered_a_run_completes_and_fetches_nothing() {
    let scenario = Scenario::offering(0).await;
    let report = scenario.complete().await;
    assert_eq!(report.status, RunStatus::Completed);
    assert!(scenario.systems.begun(Stage::Fetch).is_empty());
}

#[tokio::test]
async fn the_row_of_a_delivered_record_says_where_it_is_and_is_forgotten_after_400_days() {
    let scenario = Scenario::offering(1).await;
    let report = scenario.complete().await;
    let row = scenario.row(1).await;
    assert_eq!(
        (row.state, row.reason, row.attempts, row.told),
        (RecordState::Done, None, 0, 0)
    );
    assert_eq!(row.place.as_deref(), Some("household 1"));
    assert_eq!((row.run_id, row.fence), (report.run_id, 1));
    let kept = later(row.updated_at, Duration::from_hours(400 * 24));
    assert_eq!(row.ttl, Some(kept.as_second()));
    assert_eq!(
        row.first_seen_at, START,
        "before it was written, and two seconds before it was read back"
    );
    assert!(row.fingerprint.is_some());
}

#[tokio::test]
async fn batches_are_filled_before_they_are_sent() {
    let scenario = Scenario::offering(12).await;
    scenario.complete().await;
    let sizes = |stage| {
        let calls = scenario.systems.begun(stage).into_iter();
        calls.map(|call| call.keys.len()).collect::<Vec<_>>()
    };
    assert_eq!(sizes(Stage::Fetch), [3; 4]);
    assert!(sizes(Stage::Locate).len() <= 4);
    assert_eq!(sizes(Stage::Verify), [4; 3]);
    assert_eq!(sizes(Stage::Report), [3; 4]);
    assert_eq!(sizes(Stage::Prepare).len(), 1);
}

//! Two runs of one workflow.

use std::time::Duration;

use super::scenario::Scenario;
use super::systems::{Mishap, Stage};
use crate::clock::{Clock, later};
use crate::domain::outcome::RunStatus;
use crate::domain::reason::Stop;
use crate::store::{LeaseTaken, RecordState};

#[tokio::test]
async fn while_another_run_holds_the_lease_nothing_is_done() {
    let scenario = Scenario::offering(2).await;
    let now = scenario.clock.now();
    let store = scenario.store();
    let taken = store.take_lease("another", now, later(now, Duration::from_mins(16)));
    assert!(matches!(taken.await, Ok(LeaseTaken::Taken(_))));
    let report = scenario.complete().await;
    assert_eq!(report.status, RunStatus::AlreadyRunning);
    assert_eq!(
        report.calls.state, 2,
        "the question for the lease, and the report"
    );
    assert!(scenario.systems.events.borrow().is_empty());
    assert!(!scenario.lease_is_free().await, "it is still the other's");
}

#[tokio::test]
async fn an_expired_lease_is_taken_over_with_a_higher_fence() {
    let scenario = Scenario::offering(1).await;
    let now = scenario.clock.now();
    let ends = later(now, Duration::from_mins(16));
    scenario
        .store()
        .take_lease("another", now, ends)
        .await
        .expect("it is free");
    scenario
        .clock
        .advance(Duration::from_mins(16) + Duration::from_millis(1));
    let report = scenario.complete().await;
    assert_eq!(report.counts.delivered, 1);
    assert_eq!(scenario.row(1).await.fence, 2);
}

#[tokio::test]
async fn on_one_machine_the_lease_of_a_run_that_was_killed_is_taken_at_once() {
    let mut scenario = Scenario::offering(1).await;
    let now = scenario.clock.now();
    let ends = later(now, Duration::from_mins(16));
    let killed = scenario.store().take_lease("killed", now, ends).await;
    assert!(matches!(killed, Ok(LeaseTaken::Taken(_))));
    scenario.alone = true;
    assert_eq!(scenario.complete().await.counts.delivered, 1);
    assert_eq!(scenario.row(1).await.fence, 2);
}

#[tokio::test]
async fn a_second_run_leaves_its_report() {
    let scenario = Scenario::offering(1).await;
    let now = scenario.clock.now();
    let ends = later(now, Duration::from_mins(16));
    let store = scenario.store();
    let first = store.take_lease("another", now, ends).await;
    assert!(matches!(first, Ok(LeaseTaken::Taken(_))));
    scenario.complete().await;
    let runs = store.last_runs(10).await.expect("the store answers");
    let statuses: Vec<_> = runs.iter().map(|run| run.status).collect();
    assert_eq!(statuses, [RunStatus::AlreadyRunning]);
}

#[tokio::test]
async fn the_lease_lasts_a_minute_longer_than_the_run_may() {
    let scenario = Scenario::offering(1).await;
    scenario.systems.once(Stage::Write, Mishap::Stalls);
    let meanwhile = async {
        scenario.systems.reached(Stage::Write).await;
        let ends = scenario.item("lease").await.expect("taken")["lease_ends"].clone();
        scenario.systems.go_on();
        ends
    };
    let begun = scenario.clock.now();
    let (_, ends) = futures::join!(scenario.complete(), meanwhile);
    let expected = later(begun, scenario.time + Duration::from_mins(1)).as_millisecond();
    assert_eq!(ends.as_n(), Ok(&expected.to_string()));
}

#[tokio::test]
async fn a_run_that_ends_gives_the_lease_back_whatever_stopped_it() {
    let scenario = Scenario::offering(1).await;
    scenario
        .systems
        .once(Stage::Discover, Mishap::Fails(Stop::ControlMissing.into()));
    assert_eq!(scenario.run().await.stop, Some(Stop::ControlMissing));
    assert!(scenario.lease_is_free().await);
    scenario.complete().await;
    assert_eq!(scenario.row(1).await.fence, 2, "the number goes on rising");
}

/// Waits until a run writes, and then for the end of its lease.
async fn outlive_the_first_write(scenario: &Scenario) {
    scenario.systems.reached(Stage::Write).await;
    scenario
        .clock
        .advance(scenario.time + Duration::from_mins(2));
}

#[tokio::test]
async fn a_stalled_run_that_wakes_after_its_successor_writes_nothing_to_the_store() {
    let scenario = Scenario::offering(3).await;
    scenario.systems.once(Stage::Write, Mishap::Stalls);
    let successor = async {
        outlive_the_first_write(&scenario).await;
        let report = scenario.complete().await;
        let rows = futures::future::join_all((1..=3).map(|number| scenario.row(number))).await;
        scenario.systems.go_on();
        (report, rows)
    };
    let (stalled, (report, rows)) = futures::join!(scenario.run(), successor);
    assert_eq!(stalled.stop, Some(Stop::LeaseLost));
    assert_eq!(stalled.report.counts.delivered, 0);
    assert_eq!(report.counts.delivered + report.counts.already_in_place, 3);
    for (number, row) in (1..).zip(rows) {
        assert_eq!(scenario.systems.copies(number), 1, "{number}");
        assert_eq!(scenario.row(number).await, row);
        assert_eq!((row.state, row.fence), (RecordState::Done, 2));
    }
}

#[tokio::test]
async fn a_stalled_run_that_wakes_writes_no_row_even_where_its_successor_wrote_none() {
    let scenario = Scenario::offering(1).await;
    scenario.systems.once(Stage::Write, Mishap::Stalls);
    let successor = async {
        outlive_the_first_write(&scenario).await;
        scenario.systems.offers.borrow_mut().clear();
        assert_eq!(scenario.complete().await.counts.discovered, 0);
        scenario.systems.go_on();
    };
    let (stalled, ()) = futures::join!(scenario.run(), successor);
    assert_eq!(stalled.stop, Some(Stop::LeaseLost));
    assert_eq!(scenario.find_row(1).await, None);
}

#[tokio::test]
async fn a_stalled_run_that_wakes_does_not_free_its_successors_lease() {
    let scenario = Scenario::offering(1).await;
    scenario.systems.once(Stage::Write, Mishap::Stalls);
    let successor = async {
        outlive_the_first_write(&scenario).await;
        let now = scenario.clock.now();
        let ends = later(now, Duration::from_mins(16));
        scenario
            .store()
            .take_lease("successor", now, ends)
            .await
            .expect("it has expired");
        scenario.systems.go_on();
    };
    futures::join!(scenario.run(), successor);
    let lease = scenario.item("lease").await.expect("taken");
    assert_eq!(lease["holder"].as_s().map(String::as_str), Ok("successor"));
}

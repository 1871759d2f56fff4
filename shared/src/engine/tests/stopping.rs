//! Runs that cannot go on.

use std::time::Duration;

use super::fate::Doom;
use super::scenario::Scenario;
use super::systems::{Mishap, Stage};
use crate::domain::reason::{Reason, Stop};
use crate::domain::system::System;
use crate::engine::Fault;
use crate::store::RecordState;

fn primero_is_down() -> Mishap {
    Mishap::Fails(Fault::down(System::Primero).into())
}

#[tokio::test]
async fn five_failures_of_a_whole_system_in_a_row_stop_the_run() {
    let mut scenario = Scenario::offering(30).await;
    scenario.settings.concurrency = 1;
    scenario.systems.always(Stage::Write, primero_is_down());
    let finished = scenario.run().await;
    assert_eq!(finished.stop, Some(Stop::Unavailable(System::Primero)));
    assert_eq!(scenario.systems.begun(Stage::Write).len(), 5);
    assert_eq!(finished.report.counts.will_retry, 5);
    assert_eq!(finished.report.counts.deferred, 25);
}

#[tokio::test]
async fn a_success_in_between_starts_the_count_again() {
    let mut scenario = Scenario::offering(9).await;
    scenario.settings.concurrency = 1;
    scenario.batches.locate = 9;
    for number in [1, 2, 3, 4, 6, 7, 8, 9] {
        scenario
            .systems
            .with(number, 1, Stage::Write, primero_is_down());
    }
    let report = scenario.complete().await;
    assert_eq!((report.counts.will_retry, report.counts.delivered), (8, 1));
    assert_eq!(report.reasons[&Reason::PrimeroUnavailable], 8);
}

#[tokio::test]
async fn answers_of_the_other_system_do_not_start_the_count_again() {
    let scenario = Scenario::offering(60).await;
    scenario.systems.always(Stage::Locate, primero_is_down());
    let finished = scenario.run().await;
    assert_eq!(finished.stop, Some(Stop::Unavailable(System::Primero)));
    assert!(finished.report.counts.deferred > 0, "{:?}", finished.report);
}

#[tokio::test]
async fn a_system_that_fails_record_by_record_in_a_batch_is_a_failure_of_the_system_too() {
    let mut scenario = Scenario::offering(40).await;
    scenario.batches.report = 1;
    for number in 1..=40 {
        let down = Mishap::Record(Fault::down(System::Ping));
        scenario.systems.with(number, 1, Stage::Report, down);
    }
    let finished = scenario.run().await;
    assert_eq!(finished.stop, Some(Stop::Unavailable(System::Ping)));
}

#[tokio::test]
async fn a_refusal_of_one_record_is_no_failure_of_the_system() {
    let scenario = Scenario::offering(12).await;
    let refused = Mishap::Record(Fault::hold(Reason::RefusedByPrimero, Vec::new()));
    for number in 1..=12 {
        scenario
            .systems
            .with(number, 1, Stage::Write, refused.clone());
    }
    assert_eq!(scenario.complete().await.counts.held, 12);
}

#[tokio::test]
async fn a_source_that_cannot_be_listed_stops_the_run_before_anything_else() {
    let scenario = Scenario::offering(2).await;
    let down = Stop::Unavailable(System::Ping);
    scenario
        .systems
        .once(Stage::Discover, Mishap::Fails(down.clone().into()));
    let finished = scenario.run().await;
    assert_eq!(finished.stop, Some(down));
    assert_eq!(finished.report.counts.discovered, 0);
    assert_eq!(scenario.complete().await.counts.delivered, 2);
}

#[tokio::test]
async fn a_destination_that_is_not_ready_stops_the_run_before_the_first_write() {
    let scenario = Scenario::offering(4).await;
    let stop = Stop::NoControlCase { field: "number" };
    scenario
        .systems
        .once(Stage::Prepare, Mishap::Fails(stop.clone().into()));
    let finished = scenario.run().await;
    assert_eq!(finished.stop, Some(stop));
    assert_eq!(finished.report.counts.deferred, 4);
    assert!(scenario.systems.begun(Stage::Write).is_empty());
}

#[tokio::test]
async fn a_stop_keeps_what_was_written_and_the_next_run_goes_on_from_there() {
    let mut scenario = Scenario::offering(8).await;
    scenario.settings.concurrency = 2;
    scenario.batches.locate = 8;
    let stop = Stop::FieldNotAccepted("number".to_owned());
    scenario
        .systems
        .with(5, 1, Stage::Write, Mishap::Fails(stop.clone().into()));
    let finished = scenario.run().await;
    assert_eq!(finished.stop, Some(stop));
    assert!(
        scenario.systems.told.borrow().is_empty(),
        "nobody has read anything back"
    );
    let written = scenario.systems.shelf.borrow().len();
    assert!(written >= 4, "{written}");
    assert_eq!(scenario.row(1).await.state, RecordState::Written);

    let report = scenario.complete().await;
    assert_eq!(report.counts.delivered, 8);
    assert_eq!(
        (1..=8).map(|number| scenario.systems.copies(number)).max(),
        Some(1)
    );
}

#[tokio::test]
async fn without_a_store_a_run_does_nothing_at_all() {
    let scenario = Scenario::offering(2).await;
    scenario.fate.decree(Doom::StoreFailsAfter(0));
    let finished = scenario.run().await;
    assert_eq!(finished.stop, Some(Stop::StoreUnavailable("take_lease")));
    assert!(scenario.systems.events.borrow().is_empty());
}

#[tokio::test]
async fn what_was_written_and_not_kept_is_not_called_deferred() {
    for answered in 1..30 {
        let mut scenario = Scenario::offering(60).await;
        scenario.settings.concurrency = 60;
        scenario.batches.fetch = 60;
        scenario.batches.locate = 60;
        scenario.fate.decree(Doom::StoreFailsAfter(answered));
        let finished = scenario.run().await;
        let stop = finished.stop.as_ref();
        assert!(matches!(stop, Some(Stop::StoreUnavailable(_))), "{stop:?}");
        // The store answers until everything is written, and then no more.
        if scenario.systems.shelf.borrow().len() == 60 {
            let counts = &finished.report.counts;
            assert_eq!((counts.will_retry, counts.deferred), (60, 0));
            let reasons = &finished.report.reasons;
            assert_eq!(reasons[&Reason::LedgerUnavailable], 60);
            return;
        }
    }
    panic!("nothing is ever written");
}

#[tokio::test]
async fn a_store_that_fails_within_a_run_stops_it_and_nothing_is_doubled() {
    for answered in 1..30 {
        let scenario = Scenario::offering(4).await;
        scenario.fate.decree(Doom::StoreFailsAfter(answered));
        let finished = scenario.run().await;
        if finished.stop.is_none() {
            assert!(
                answered > 8,
                "lease, gating, four times written, four times verified, four times done, …"
            );
            return;
        }
        assert!(
            matches!(finished.stop, Some(Stop::StoreUnavailable(_))),
            "{answered}"
        );
        scenario.fate.decree(Doom::None);
        scenario
            .clock
            .advance(scenario.time + Duration::from_mins(2));
        scenario.complete().await;
        for number in 1..=4 {
            assert_eq!(
                scenario.systems.copies(number),
                1,
                "{number} after {answered}"
            );
            assert!(
                scenario.systems.told_in_place(number) >= 1,
                "{number} after {answered}"
            );
        }
    }
    panic!("the run never ends");
}

//! Limits of one run: writes and time.

use std::time::Duration;

use super::scenario::{START, Scenario};
use super::systems::{Mishap, Stage};
use crate::clock::{Clock, later, until};
use crate::domain::outcome::RunStatus;
use crate::domain::reason::{Reason, Stop};
use crate::engine::Fault;
use crate::engine::workflow::Batches;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn the_first_run_stops_writing_at_its_own_limit_and_defers_the_rest() {
    let mut scenario = Scenario::offering(9).await;
    scenario.settings.first_run_writes = 2;
    scenario.settings.max_writes_per_run = 4;
    let report = scenario.complete().await;
    assert_eq!((report.counts.delivered, report.counts.deferred), (2, 7));
    assert_eq!(scenario.systems.begun(Stage::Write).len(), 2);
    for number in (1..=9).filter(|number| scenario.systems.copies(*number) == 0) {
        assert_eq!(
            scenario.find_row(number).await,
            None,
            "nothing happened to it"
        );
    }
}

#[tokio::test]
async fn past_the_limit_nothing_more_is_read_and_the_report_names_the_limit() {
    let mut scenario = Scenario::offering(300).await;
    scenario.settings.first_run_writes = 6;
    let report = scenario.complete().await;
    assert_eq!((report.counts.delivered, report.counts.deferred), (6, 294));
    assert_eq!(report.status, RunStatus::Completed);
    assert_eq!(
        report.write_limit.as_deref(),
        Some("limits.first_run_writes = 6")
    );
    let read = scenario.systems.asked(Stage::Fetch).len();
    assert!(read <= 20, "{read} read for 6 writes");
    scenario.settings.max_writes_per_run = 7;
    let report = scenario.complete().await;
    let limit = report.write_limit.as_deref();
    assert_eq!(limit, Some("limits.max_writes_per_run = 7"));
    scenario.settings.max_writes_per_run = 1000;
    assert_eq!(scenario.complete().await.write_limit, None);
}

#[tokio::test]
async fn the_first_limit_holds_until_a_whole_run_has_written_under_this_profile() {
    let mut scenario = Scenario::offering(40).await;
    scenario.settings.first_run_writes = 3;
    scenario.settings.max_writes_per_run = 5;
    scenario.request.limit = Some(1);
    assert_eq!(scenario.complete().await.counts.delivered, 1);
    scenario.request.limit = None;
    scenario.request.only = Some([super::systems::key(30)].into());
    assert_eq!(scenario.complete().await.counts.delivered, 1);
    scenario.request.only = None;
    assert_eq!(scenario.complete().await.counts.delivered, 3);
    assert_eq!(scenario.complete().await.counts.delivered, 5);
    scenario.profile_version = "v2".to_owned();
    assert_eq!(scenario.complete().await.counts.delivered, 3);
    assert_eq!(scenario.complete().await.counts.delivered, 5);
}

#[tokio::test]
async fn later_runs_stop_writing_at_the_limit_of_a_run() {
    let mut scenario = Scenario::offering(9).await;
    scenario.settings.first_run_writes = 2;
    scenario.settings.max_writes_per_run = 4;
    scenario.complete().await;
    let report = scenario.complete().await;
    assert_eq!((report.counts.delivered, report.counts.deferred), (4, 3));
    let report = scenario.complete().await;
    assert_eq!((report.counts.delivered, report.counts.deferred), (3, 0));
}

#[tokio::test]
async fn a_record_written_again_counts_as_another_write() {
    let mut scenario = Scenario::offering(1).await;
    scenario.settings.first_run_writes = 1;
    scenario.systems.once(Stage::Write, Mishap::Swallowed);
    let report = scenario.complete().await;
    assert_eq!(report.counts.deferred, 1);
    assert_eq!(scenario.complete().await.counts.delivered, 1);
    assert_eq!(scenario.systems.copies(1), 1);
}

#[tokio::test]
async fn however_long_the_list_only_so_many_records_are_fetched_and_not_yet_written() {
    let scenario = Scenario::offering(200).await;
    let slow = Mishap::Takes(Duration::from_millis(100));
    scenario.systems.always(Stage::Write, slow);
    assert_eq!(scenario.complete().await.counts.delivered, 200);
    let (mut in_hand, mut most) = (0, 0);
    for event in &*scenario.systems.events.borrow() {
        match (event.stage, event.ended) {
            (Stage::Fetch, false) => in_hand += event.keys.len(),
            (Stage::Write, true) => in_hand -= event.keys.len(),
            _ => {}
        }
        most = most.max(in_hand);
    }
    let Batches { fetch, locate, .. } = scenario.batches;
    let bound = 2 * locate + fetch + scenario.settings.concurrency;
    assert!(most <= bound, "{most} records at once, more than {bound}");
}

/// 40 seconds for records that take five each, one by one: the last 10 seconds are the reserve.
async fn short_of_time(records: u128) -> Scenario {
    let mut scenario = Scenario::offering(records).await;
    scenario.time = 40 * SECOND;
    scenario.settings.concurrency = 1;
    scenario
        .systems
        .always(Stage::Write, Mishap::Takes(5 * SECOND));
    scenario
}

#[tokio::test]
async fn nothing_new_begins_in_the_reserve_and_the_rest_is_deferred() {
    let scenario = short_of_time(12).await;
    let report = scenario.complete().await;
    assert_eq!(report.status, RunStatus::Truncated);
    assert_eq!((report.counts.delivered, report.counts.deferred), (6, 6));
    for stage in [Stage::Prepare, Stage::Fetch, Stage::Locate, Stage::Write] {
        let late = scenario.systems.begun(stage).into_iter();
        let late = late
            .filter(|event| until(START, event.at) >= 30 * SECOND)
            .count();
        assert_eq!(late, 0, "{stage:?}");
    }
}

#[tokio::test]
async fn what_is_begun_is_finished_within_the_reserve() {
    let scenario = short_of_time(12).await;
    let report = scenario.complete().await;
    assert!(until(START, report.finished_at) <= scenario.time);
    for shelved in &*scenario.systems.shelf.borrow() {
        let told = scenario
            .systems
            .told
            .borrow()
            .iter()
            .filter(|n| n.key == *shelved)
            .count();
        assert_eq!(told, 1, "{shelved}");
    }
}

#[tokio::test]
async fn whatever_can_be_read_back_in_the_first_half_of_the_reserve_is_read_back() {
    // Seven begin with 2.5 seconds left before the last answer is due; the seventh is too late to be read back two seconds after.
    let mut scenario = short_of_time(12).await;
    scenario.time = 10 * SECOND;
    scenario.systems.heal();
    scenario.systems.always(Stage::Write, Mishap::Takes(SECOND));
    let report = scenario.complete().await;
    assert_eq!(scenario.systems.begun(Stage::Write).len(), 7);
    assert_eq!((report.counts.delivered, report.counts.deferred), (6, 6));
}

#[tokio::test]
async fn later_runs_finish_what_was_deferred() {
    let scenario = short_of_time(12).await;
    scenario.complete().await;
    let report = scenario.complete().await;
    assert_eq!((report.counts.discovered, report.counts.delivered), (6, 6));
    assert_eq!(report.status, RunStatus::Completed);
    assert_eq!(
        (1..=12).map(|number| scenario.systems.copies(number)).max(),
        Some(1)
    );
}

#[tokio::test]
async fn a_run_with_due_records_and_no_progress_is_an_error() {
    let mut scenario = Scenario::offering(3).await;
    scenario.time = 40 * SECOND;
    scenario
        .systems
        .once(Stage::Discover, Mishap::Takes(35 * SECOND));
    let finished = scenario.run().await;
    assert_eq!(finished.stop, Some(Stop::NoProgress));
}

#[tokio::test]
async fn that_a_record_is_held_as_before_is_no_progress() {
    let mut scenario = Scenario::offering(1).await;
    let nameless = Fault::hold(Reason::MissingRequiredField, Vec::new());
    scenario
        .systems
        .change(1, |offer| offer.invalid = Some(nameless));
    scenario.complete().await;
    scenario.time = 40 * SECOND;
    scenario.systems.offer(2, "another");
    scenario
        .systems
        .once(Stage::Locate, Mishap::Takes(35 * SECOND));
    let finished = scenario.run().await;
    assert_eq!(finished.report.counts.held, 1);
    assert_eq!(finished.stop, Some(Stop::NoProgress));
}

#[tokio::test]
async fn a_call_that_finds_no_time_left_makes_the_run_truncated() {
    let scenario = Scenario::offering(2).await;
    let no_time = crate::engine::Fault::defer();
    scenario
        .systems
        .once(Stage::Report, Mishap::Fails(no_time.into()));
    let report = scenario.complete().await;
    assert_eq!(report.status, RunStatus::Truncated);
    assert_eq!(report.counts.deferred, 2);
    assert_eq!(scenario.complete().await.counts.delivered, 2);
    assert_eq!(scenario.systems.begun(Stage::Write).len(), 2);
}

#[tokio::test]
async fn with_three_seconds_for_two_hundred_records_every_run_delivers_some_in_time() {
    let mut scenario = Scenario::offering(200).await;
    scenario.time = 3 * SECOND;
    scenario
        .systems
        .always(Stage::Write, Mishap::Takes(Duration::from_millis(100)));
    let mut runs = 0;
    while scenario.systems.told.borrow().len() < 200 {
        runs += 1;
        let begun = scenario.clock.now();
        let report = scenario.complete().await;
        assert!(report.counts.delivered > 0, "run {runs}: {report:?}");
        assert!(
            report.finished_at < later(begun, scenario.time),
            "run {runs}"
        );
        scenario.clock.advance(Duration::from_mins(15));
    }
    println!("{runs} runs");
    assert!(runs <= 15, "{runs} runs");
    assert_eq!(
        (1..=200)
            .map(|number| scenario.systems.copies(number))
            .max(),
        Some(1)
    );
}

#[tokio::test]
async fn a_call_that_ends_late_in_the_reserve_ends_the_run_with_it() {
    let mut scenario = Scenario::offering(1).await;
    scenario.systems.offer(2, "household 1");
    scenario.time = 10 * SECOND;
    // The first one waits to be read back; the second one's write ends when there is no time left to begin that.
    let slow = Mishap::Takes(9 * SECOND);
    scenario.systems.with(2, 1, Stage::Write, slow);
    let run = tokio::time::timeout(20 * SECOND, scenario.run());
    let finished = run.await.expect("it ends by itself");
    assert_eq!(finished.report.status, RunStatus::Truncated);
    assert_eq!(finished.report.counts.deferred, 2);
    scenario.clock.advance(Duration::from_hours(1));
    assert_eq!(scenario.complete().await.counts.delivered, 2);
}

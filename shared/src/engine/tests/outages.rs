//! A system that is down: no record pays for it.

use std::time::Duration;

use super::scenario::{Scenario, outcome_of};
use super::systems::{Mishap, Stage, key};
use crate::clock::{Clock, later};
use crate::domain::outcome::Outcome;
use crate::domain::reason::Stop;
use crate::domain::system::System;
use crate::engine::Fault;
use crate::store::RecordState;

const HOUR: Duration = Duration::from_hours(1);

fn primero_is_down() -> Mishap {
    Mishap::Fails(Fault::down(System::Primero).into())
}

#[tokio::test]
async fn an_outage_of_five_days_spends_no_attempt() {
    for stage in [Stage::Locate, Stage::Write, Stage::Verify] {
        let mut scenario = Scenario::offering(30).await;
        scenario.settings.retry_attempts = 3;
        scenario.batches.locate = 2;
        scenario.batches.verify = 1;
        scenario.systems.always(stage, primero_is_down());
        for _ in 0..20 {
            let finished = scenario.run().await;
            assert_eq!(finished.report.counts.held, 0, "{stage:?}");
            scenario.clock.advance(6 * HOUR);
        }
        for number in 1..=30 {
            let row = scenario.find_row(number).await;
            let attempts = row.map_or(0, |row| row.attempts);
            assert_eq!(attempts, 0, "{stage:?}: {number}");
        }
        scenario.systems.heal();
        scenario.complete().await;
        let shelved: Vec<usize> = (1..=30)
            .map(|number| scenario.systems.copies(number))
            .collect();
        assert_eq!(shelved, [1; 30], "{stage:?}");
    }
}

#[tokio::test]
async fn one_failure_among_answers_is_that_records_alone() {
    let mut scenario = Scenario::offering(9).await;
    scenario.settings.concurrency = 1;
    scenario.systems.with(4, 1, Stage::Write, primero_is_down());
    let report = scenario.complete().await;
    assert_eq!((report.counts.delivered, report.counts.will_retry), (8, 1));
    assert_eq!(scenario.row(4).await.attempts, 1);
}

#[tokio::test]
async fn after_an_outage_one_record_goes_before_the_others() {
    let mut scenario = Scenario::offering(12).await;
    scenario.settings.concurrency = 4;
    scenario.systems.always(Stage::Write, primero_is_down());
    scenario.run().await;
    scenario.systems.events.borrow_mut().clear();
    let finished = scenario.run().await;
    assert_eq!(finished.stop, Some(Stop::Unavailable(System::Primero)));
    assert_eq!(scenario.systems.asked(Stage::Write).len(), 1);
    scenario.systems.heal();
    assert_eq!(scenario.complete().await.counts.delivered, 12);
    assert!(scenario.store_lease_probe().await.is_none());
}

#[tokio::test]
async fn a_source_that_cannot_be_told_costs_no_attempt_though_it_answers_questions() {
    let mut scenario = Scenario::offering(24).await;
    scenario.settings.retry_attempts = 2;
    scenario.batches.report = 2;
    let down = Mishap::Fails(Fault::down(System::Ping).into());
    scenario.systems.always(Stage::Report, down);
    for _ in 0..4 {
        let finished = scenario.run().await;
        assert_eq!(finished.stop, Some(Stop::Unavailable(System::Ping)));
        scenario.clock.advance(24 * HOUR);
    }
    for number in 1..=24 {
        let row = scenario.row(number).await;
        let told_of = matches!(row.state, RecordState::Written | RecordState::Verified);
        assert!(told_of, "{number}: {row:?}");
        assert_eq!(row.attempts, 0, "{number}");
    }
}

#[tokio::test]
async fn a_waiting_time_that_a_wrong_clock_wrote_is_over() {
    let scenario = Scenario::offering(2).await;
    let missing = Fault::retry(crate::domain::reason::Reason::DetailsMissing);
    scenario
        .systems
        .with(1, 1, Stage::Fetch, Mishap::Record(missing));
    scenario.complete().await;
    let mut row = scenario.row(1).await;
    row.next_attempt_at = Some(later(scenario.clock.now(), 365 * 24 * HOUR));
    scenario.store().put_record(&row).await.expect("kept");
    let report = scenario.complete().await;
    assert_eq!(outcome_of(&report, 1), Outcome::Delivered);
    assert_eq!(scenario.systems.asked(Stage::Write).last(), Some(&key(1)));
}

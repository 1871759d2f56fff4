//! Held and skipped records of a list: who is read again, and what that costs.

use std::collections::HashSet;
use std::time::Duration;

use super::scenario::Scenario;
use super::systems::{Mishap, Stage, key};
use crate::domain::reason::Reason;
use crate::engine::Fault;

/// So many records, all of them held for their content.
async fn held(count: u128) -> Scenario {
    let mut scenario = Scenario::offering(count).await;
    scenario.batches.fetch = 25;
    for number in 1..=count {
        scenario.systems.change(number, |offer| {
            offer.invalid = Some(Fault::hold(Reason::MissingRequiredField, Vec::new()));
        });
    }
    let report = scenario.complete().await;
    assert_eq!(u128::from(report.counts.held), count);
    scenario.systems.events.borrow_mut().clear();
    scenario
}

fn correct(scenario: &Scenario, number: u128) {
    scenario.systems.change(number, |offer| {
        offer.invalid = None;
        offer.content = "blankets and a stove".to_owned();
    });
}

#[tokio::test]
async fn a_thousand_held_cost_four_calls_for_details_a_run_and_each_has_its_turn() {
    let scenario = held(1000).await;
    let mut read = HashSet::new();
    for _ in 0..10 {
        scenario.clock.advance(Duration::from_mins(5));
        let report = scenario.complete().await;
        assert_eq!(report.counts.held, 1000);
        assert_eq!(scenario.systems.begun(Stage::Fetch).len(), 4);
        assert!(scenario.systems.begun(Stage::Locate).is_empty());
        read.extend(scenario.systems.asked(Stage::Fetch));
        scenario.systems.events.borrow_mut().clear();
    }
    assert_eq!(read.len(), 1000);
}

#[tokio::test]
async fn where_few_are_held_a_correction_goes_with_the_next_run() {
    let scenario = held(30).await;
    correct(&scenario, 17);
    let report = scenario.complete().await;
    assert_eq!((report.counts.delivered, report.counts.held), (1, 29));
}

#[tokio::test]
async fn what_the_list_shows_as_changed_is_read_at_once_among_however_many() {
    let scenario = held(400).await;
    correct(&scenario, 399);
    scenario.systems.show(399, "corrected");
    let report = scenario.complete().await;
    assert_eq!((report.counts.delivered, report.counts.held), (1, 399));
    assert_eq!(scenario.systems.copies(399), 1);
    assert!(scenario.systems.asked(Stage::Fetch).contains(&key(399)));
}

#[tokio::test]
async fn what_is_held_for_what_stands_in_primero_is_looked_for_there_once_an_hour() {
    let scenario = Scenario::offering(2).await;
    let closed = Mishap::Record(Fault::hold(Reason::CaseClosed, Vec::new()));
    scenario.systems.with(1, 1, Stage::Locate, closed.clone());
    let report = scenario.complete().await;
    assert_eq!((report.counts.held, report.counts.delivered), (1, 1));
    scenario.systems.events.borrow_mut().clear();

    for _ in 0..5 {
        scenario.clock.advance(Duration::from_mins(5));
        assert_eq!(scenario.complete().await.counts.held, 1);
    }
    assert!(scenario.systems.begun(Stage::Locate).is_empty());

    scenario.systems.with(1, 1, Stage::Locate, closed);
    scenario.clock.advance(Duration::from_mins(40));
    assert_eq!(scenario.complete().await.counts.held, 1);
    assert_eq!(scenario.systems.begun(Stage::Locate).len(), 1);
    scenario.clock.advance(Duration::from_mins(5));
    assert_eq!(scenario.complete().await.counts.held, 1);
    assert_eq!(scenario.systems.begun(Stage::Locate).len(), 1);

    // It is open again: nobody has to release anything.
    scenario.clock.advance(Duration::from_hours(1));
    assert_eq!(scenario.complete().await.counts.delivered, 1);
}

//! The promise under crashes: wherever a run dies or one call fails, the next one ends with every effect exactly once.

use std::time::Duration;

use super::fate::{Doom, When};
use super::scenario::Scenario;
use super::systems::{Mishap, Stage, Systems, key};

/// Six records: two of one household, one on the shelf already, one that is swallowed at first.
async fn story() -> Scenario {
    let systems = Systems::offering(5);
    systems.offer(6, "household 1");
    systems.shelf.borrow_mut().push(key(3));
    systems.with(4, 1, Stage::Write, Mishap::Swallowed);
    let mut scenario = Scenario::of(systems).await;
    scenario.settings.concurrency = 2;
    scenario
}

/// Runs the story under each doom until one lets it end by itself without having struck; answers how many did.
async fn suffer(when: When, doom: fn(When, usize) -> Doom) -> usize {
    for at in 1.. {
        let doom = doom(when, at);
        let scenario = story().await;
        scenario.fate.decree(doom);
        let finished = scenario.run_to_its_fate().await;
        let struck = scenario.fate.has_come_to(when, at);
        scenario.fate.decree(Doom::None);
        // Past the lease of the dead and every waiting time.
        scenario.clock.advance(Duration::from_hours(25));
        let report = scenario.complete().await;
        assert_eq!(report.counts.deferred, 0, "{doom:?}: {report:?}");
        for number in 1..=6 {
            assert_eq!(
                scenario.systems.copies(number),
                1,
                "{number} after {doom:?}"
            );
            assert!(
                scenario.systems.told_in_place(number) > 0,
                "{number} after {doom:?}"
            );
        }
        assert!(scenario.lease_is_free().await);
        scenario.clock.advance(Duration::from_hours(25));
        let effects = scenario.systems.begun(Stage::Write).len();
        assert_eq!(scenario.complete().await.counts.discovered, 0, "{doom:?}");
        assert_eq!(scenario.systems.begun(Stage::Write).len(), effects);
        if !struck {
            assert!(finished.is_some_and(|finished| finished.stop.is_none()));
            return at - 1;
        }
    }
    unreachable!("every run ends")
}

#[tokio::test]
async fn a_process_that_dies_before_any_call_is_continued_by_the_next_run() {
    let points = suffer(When::BeforeItsEffect, Doom::Dies).await;
    assert!(points >= 30, "{points} crash points");
}

#[tokio::test]
async fn a_process_that_dies_after_the_effect_of_any_call_is_continued_by_the_next_run() {
    let points = suffer(When::AfterItsEffect, Doom::Dies).await;
    assert!(points >= 30, "{points} crash points");
}

#[tokio::test]
async fn any_one_call_may_fail() {
    let points = suffer(When::BeforeItsEffect, Doom::Fails).await;
    assert!(points >= 30, "{points} points of failure");
}

#[tokio::test]
async fn the_answer_of_any_one_call_may_be_lost() {
    let points = suffer(When::AfterItsEffect, Doom::Fails).await;
    assert!(points >= 30, "{points} points of failure");
}

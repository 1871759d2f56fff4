//! Passing failures: tried again later and later, and not for ever.

use std::time::Duration;

use super::scenario::{START, Scenario, outcome_of, reason_of};
use super::systems::{Mishap, Stage, key};
use crate::clock::{Clock, until};
use crate::domain::outcome::Outcome;
use crate::domain::reason::Reason;
use crate::engine::Fault;
use crate::store::RecordState;

const MINUTE: Duration = Duration::from_mins(1);

/// One record whose details never come.
async fn without_details() -> Scenario {
    let scenario = Scenario::offering(1).await;
    let missing = Mishap::Record(Fault::retry(Reason::DetailsMissing));
    scenario.systems.with(1, usize::MAX, Stage::Fetch, missing);
    scenario
}

#[tokio::test]
async fn a_listed_record_without_details_is_tried_again_later() {
    let scenario = without_details().await;
    let report = scenario.complete().await;
    assert_eq!(outcome_of(&report, 1), Outcome::WillRetry);
    assert_eq!(reason_of(&report, 1), Some(Reason::DetailsMissing));
    let row = scenario.row(1).await;
    assert_eq!((row.state, row.attempts), (RecordState::Retry, 1));
    let wait = until(START, row.next_attempt_at.expect("it waits"));
    assert!((5 * MINUTE..=10 * MINUTE).contains(&wait), "{wait:?}");
}

#[tokio::test]
async fn before_its_time_a_waiting_record_is_deferred_and_nobody_is_asked() {
    let scenario = without_details().await;
    scenario.complete().await;
    scenario.systems.events.borrow_mut().clear();
    scenario.clock.advance(4 * MINUTE);
    let report = scenario.complete().await;
    assert_eq!(report.counts.deferred, 1);
    assert!(scenario.systems.asked(Stage::Fetch).is_empty());
}

#[tokio::test]
async fn once_it_is_due_a_waiting_record_is_delivered() {
    let scenario = without_details().await;
    scenario.complete().await;
    scenario.systems.heal();
    scenario.clock.advance(10 * MINUTE);
    let report = scenario.complete().await;
    assert_eq!(outcome_of(&report, 1), Outcome::Delivered);
    assert_eq!(scenario.row(1).await.attempts, 0);
}

#[tokio::test]
async fn the_wait_doubles_up_to_its_cap() {
    let mut scenario = without_details().await;
    scenario.settings.retry_cap = 30 * MINUTE;
    for longest in [10, 20, 30, 30] {
        scenario.complete().await;
        let due = scenario.row(1).await.next_attempt_at.expect("it waits");
        let wait = until(scenario.clock.now(), due);
        let longest = longest * MINUTE;
        assert!(
            (longest / 2..=longest).contains(&wait),
            "{wait:?} of {longest:?}"
        );
        scenario.clock.advance(wait);
    }
}

#[tokio::test]
async fn after_the_last_attempt_a_record_is_held() {
    let mut scenario = without_details().await;
    scenario.settings.retry_attempts = 3;
    for attempt in 1..=2 {
        assert_eq!(
            outcome_of(&scenario.complete().await, 1),
            Outcome::WillRetry
        );
        assert_eq!(scenario.row(1).await.attempts, attempt);
        scenario.clock.advance(Duration::from_hours(24));
    }
    let report = scenario.complete().await;
    assert_eq!(reason_of(&report, 1), Some(Reason::AttemptsExhausted));
    let row = scenario.row(1).await;
    assert_eq!(
        (row.state, row.attempts, row.next_attempt_at),
        (RecordState::Held, 3, None)
    );
}

#[tokio::test]
async fn a_held_record_that_opens_has_all_its_attempts_again() {
    let mut scenario = without_details().await;
    scenario.settings.retry_attempts = 1;
    scenario.complete().await;
    assert_eq!(
        scenario.row(1).await.reason,
        Some(Reason::AttemptsExhausted)
    );
    scenario.settings.retry_attempts = 3;
    scenario.profile_version = "v2".to_owned();
    assert_eq!(
        outcome_of(&scenario.complete().await, 1),
        Outcome::WillRetry
    );
    assert_eq!(scenario.row(1).await.attempts, 1);
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_met_by_the_next_run_and_not_repeated() {
    let scenario = Scenario::offering(1).await;
    let lost = Mishap::FailsAfterEffect(Fault::down(crate::domain::system::System::Primero).into());
    scenario.systems.once(Stage::Write, lost);
    let report = scenario.complete().await;
    assert_eq!(reason_of(&report, 1), Some(Reason::PrimeroUnavailable));
    assert_eq!(
        scenario.systems.told_in_place(1),
        0,
        "nobody has seen it there"
    );
    scenario.clock.advance(10 * MINUTE);
    let report = scenario.complete().await;
    assert_eq!(outcome_of(&report, 1), Outcome::AlreadyInPlace);
    assert_eq!(scenario.systems.copies(1), 1);
    assert_eq!(scenario.systems.asked(Stage::Write), [key(1)]);
}

#[tokio::test]
async fn a_failed_look_up_holds_nobody_and_writes_nothing() {
    let scenario = Scenario::offering(3).await;
    let down = Mishap::Fails(Fault::down(crate::domain::system::System::Primero).into());
    scenario.systems.once(Stage::Locate, down);
    let report = scenario.complete().await;
    assert_eq!(report.counts.will_retry, 3);
    assert!(scenario.systems.shelf.borrow().is_empty());
}

#[tokio::test]
async fn the_receipt_of_a_failure_stands_in_row_and_report() {
    let scenario = Scenario::offering(1).await;
    let mut fault = Fault::retry(Reason::PingError);
    fault.transaction_id = Some("receipt 4711".to_owned());
    scenario
        .systems
        .once(Stage::Fetch, Mishap::Fails(fault.into()));
    let report = scenario.complete().await;
    assert_eq!(
        report.records[0].transaction_id.as_deref(),
        Some("receipt 4711")
    );
    assert_eq!(
        scenario.row(1).await.transaction_id.as_deref(),
        Some("receipt 4711")
    );
}

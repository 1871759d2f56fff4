//! What the source is told, and how often.

use std::time::Duration;

use super::scenario::{Scenario, foreseen, outcome_of, reason_of};
use super::systems::{Mishap, Stage, key};
use crate::domain::outcome::Outcome;
use crate::domain::reason::Reason;
use crate::domain::system::System;
use crate::engine::Fault;
use crate::store::RecordState;

const HOUR: Duration = Duration::from_hours(1);

fn ping_is_down() -> Mishap {
    Mishap::Fails(Fault::down(System::Ping).into())
}

fn nameless() -> Fault {
    Fault::hold(Reason::MissingRequiredField, vec!["name".to_owned()])
}

#[tokio::test]
async fn a_report_that_fails_leaves_the_record_verified_and_the_next_run_looks_and_tells() {
    let scenario = Scenario::offering(2).await;
    scenario.systems.once(Stage::Report, ping_is_down());
    let report = scenario.complete().await;
    assert_eq!(report.counts.will_retry, 2);
    assert_eq!(reason_of(&report, 1), Some(Reason::PingUnavailable));
    assert_eq!(scenario.row(1).await.state, RecordState::Verified);

    scenario.clock.advance(HOUR);
    scenario.systems.events.borrow_mut().clear();
    let report = scenario.complete().await;
    assert_eq!(report.counts.delivered, 2);
    assert_eq!(scenario.systems.asked(Stage::Report), [key(1), key(2)]);
    // Nothing is told that was not looked at in this run.
    assert_eq!(scenario.systems.asked(Stage::Locate), [key(1), key(2)]);
    for stage in [Stage::Write, Stage::Verify] {
        assert!(scenario.systems.begun(stage).is_empty(), "{stage:?}");
    }
    assert_eq!(scenario.systems.told_in_place(1), 1);
}

#[tokio::test]
async fn a_report_whose_answer_was_lost_is_not_told_again_if_the_source_lists_it_no_more() {
    let scenario = Scenario::offering(1).await;
    let lost = Mishap::FailsAfterEffect(Fault::down(System::Ping).into());
    scenario.systems.once(Stage::Report, lost);
    scenario.complete().await;
    scenario.clock.advance(HOUR);
    assert_eq!(scenario.complete().await.counts.delivered, 1);
    assert_eq!(scenario.row(1).await.state, RecordState::Done);
    assert_eq!(scenario.complete().await.counts.discovered, 0);
    assert_eq!(
        (
            scenario.systems.copies(1),
            scenario.systems.told_in_place(1)
        ),
        (1, 1)
    );
}

#[tokio::test]
async fn a_done_record_that_is_still_listed_is_told_three_times_more_and_then_held() {
    let scenario = Scenario::offering(1).await;
    scenario.systems.forgetful.set(true);
    scenario.complete().await;
    for again in 1..=3 {
        let report = scenario.complete().await;
        assert_eq!(outcome_of(&report, 1), Outcome::AlreadyInPlace);
        assert_eq!(scenario.row(1).await.told, again);
    }
    let report = scenario.complete().await;
    assert_eq!(reason_of(&report, 1), Some(Reason::StillPendingAtSource));
    assert_eq!(scenario.systems.told_in_place(1), 4);
    assert_eq!(
        (
            scenario.systems.copies(1),
            scenario.systems.begun(Stage::Write).len()
        ),
        (1, 1)
    );
}

#[tokio::test]
async fn a_telling_that_fails_in_between_does_not_start_the_count_again() {
    let scenario = Scenario::offering(1).await;
    scenario.systems.forgetful.set(true);
    scenario.complete().await;
    for again in 1..=3 {
        scenario.systems.once(Stage::Report, ping_is_down());
        let report = scenario.complete().await;
        assert_eq!(outcome_of(&report, 1), Outcome::WillRetry);
        scenario.clock.advance(24 * HOUR);
        let report = scenario.complete().await;
        assert_eq!(outcome_of(&report, 1), Outcome::AlreadyInPlace);
        assert_eq!(scenario.row(1).await.told, again);
    }
    let report = scenario.complete().await;
    assert_eq!(reason_of(&report, 1), Some(Reason::StillPendingAtSource));
}

#[tokio::test]
async fn what_is_still_pending_at_the_source_is_never_told_as_a_failure() {
    let mut scenario = Scenario::offering(1).await;
    scenario.tells_held = true;
    scenario.systems.forgetful.set(true);
    for _ in 0..6 {
        scenario.complete().await;
    }
    assert_eq!(
        scenario.row(1).await.reason,
        Some(Reason::StillPendingAtSource)
    );
    assert!(scenario.systems.told_held(1).is_empty());

    // Not even when it opens again and has become invalid meanwhile.
    scenario.systems.change(1, |offer| {
        offer.content = "nothing".to_owned();
        offer.invalid = Some(nameless());
    });
    let report = scenario.complete().await;
    assert_eq!(reason_of(&report, 1), Some(Reason::MissingRequiredField));
    assert!(scenario.systems.told_held(1).is_empty());
}

#[tokio::test]
async fn a_done_record_that_is_told_again_stays_as_long_as_it_is_listed() {
    let scenario = Scenario::offering(1).await;
    scenario.systems.forgetful.set(true);
    scenario.complete().await;
    let before = scenario.row(1).await.ttl.expect("done");
    scenario.clock.advance(HOUR);
    scenario.complete().await;
    assert!(scenario.row(1).await.ttl.expect("done") >= before + 3600);
}

#[tokio::test]
async fn a_held_record_is_told_once_for_each_fingerprint() {
    let mut scenario = Scenario::offering(2).await;
    scenario.tells_held = true;
    scenario
        .systems
        .change(1, |offer| offer.invalid = Some(nameless()));
    scenario.complete().await;
    scenario.complete().await;
    assert_eq!(
        scenario.systems.told_held(1),
        [Reason::MissingRequiredField]
    );
    let named = scenario
        .systems
        .told
        .borrow()
        .iter()
        .find_map(|notice| notice.held.clone());
    assert_eq!(
        named.map(|(_, fields)| fields),
        Some(vec!["name".to_owned()])
    );
    assert_eq!(scenario.row(1).await.told, 1);

    scenario.systems.change(1, |offer| {
        offer.content = "tents".to_owned();
        offer.invalid = Some(Fault::hold(Reason::InvalidDate, Vec::new()));
    });
    scenario.complete().await;
    scenario.complete().await;
    assert_eq!(
        scenario.systems.told_held(1),
        [Reason::MissingRequiredField, Reason::InvalidDate]
    );

    scenario.profile_version = "v2".to_owned();
    scenario.complete().await;
    assert_eq!(scenario.systems.told_held(1).len(), 2, "held as before");
}

#[tokio::test]
async fn a_held_record_that_could_not_be_told_is_told_by_the_next_run() {
    let mut scenario = Scenario::offering(1).await;
    scenario.tells_held = true;
    scenario
        .systems
        .change(1, |offer| offer.invalid = Some(nameless()));
    scenario.systems.once(Stage::Report, ping_is_down());
    let report = scenario.complete().await;
    assert_eq!(report.counts.held, 1);
    let untold = scenario.row(1).await;
    assert_eq!((untold.state, untold.told), (RecordState::Held, 0));
    scenario.complete().await;
    assert_eq!(
        scenario.systems.told_held(1),
        [Reason::MissingRequiredField]
    );
    assert_eq!(scenario.row(1).await.told, 1);
}

#[tokio::test]
async fn telling_of_a_held_record_keeps_what_its_row_says() {
    let mut scenario = Scenario::offering(1).await;
    scenario.tells_held = true;
    scenario.settings.retry_attempts = 1;
    let mut refused = Fault::retry(Reason::PingError);
    refused.transaction_id = Some("receipt 4711".to_owned());
    scenario
        .systems
        .with(1, 1, Stage::Write, Mishap::Record(refused));
    scenario.complete().await;
    let row = scenario.row(1).await;
    assert_eq!((row.reason, row.told), (Some(Reason::AttemptsExhausted), 1));
    assert_eq!(
        (row.attempts, row.transaction_id.as_deref()),
        (1, Some("receipt 4711"))
    );
}

#[tokio::test]
async fn a_run_that_stops_while_telling_of_held_records_counts_them_once() {
    let mut scenario = Scenario::offering(3).await;
    scenario.tells_held = true;
    for number in 1..=3 {
        scenario
            .systems
            .change(number, |offer| offer.invalid = Some(nameless()));
    }
    let refused = crate::domain::reason::Stop::AuthenticationFailed(System::Ping);
    scenario
        .systems
        .once(Stage::Report, Mishap::Fails(refused.clone().into()));
    let finished = scenario.run().await;
    assert_eq!(finished.stop, Some(refused));
    assert_eq!(
        (finished.report.counts.held, finished.report.counts.deferred),
        (3, 0)
    );
    scenario.complete().await;
    assert_eq!(scenario.systems.told_held(1).len(), 1);
}

#[tokio::test]
async fn a_dry_run_tells_nobody_even_of_what_is_skipped() {
    let mut scenario = Scenario::offering(2).await;
    let withdrawn = Mishap::Record(Fault::skip_and_tell(Reason::Withdrawn));
    scenario.systems.with(1, 2, Stage::Locate, withdrawn);
    scenario.request.dry_run = true;
    let looked = scenario
        .run_to_its_fate()
        .await
        .expect("nothing befalls it");
    assert_eq!(looked.report.counts.skipped, 1);
    assert!(scenario.systems.begun(Stage::Report).is_empty());

    scenario.request.dry_run = false;
    let real = scenario.complete().await;
    assert_eq!(real.counts, foreseen(&looked.report.counts));
    assert_eq!(scenario.systems.asked(Stage::Report).len(), 2);
}

//! What is looked at before anything is said of it: what is listed again, what is no longer listed, and what another workflow tells.

use std::time::Duration;

use super::scenario::{Scenario, outcome_of, reason_of};
use super::systems::{Mishap, Stage, key};
use crate::domain::outcome::Outcome;
use crate::domain::reason::Reason;
use crate::domain::system::System;
use crate::engine::{Fault, Precedence};
use crate::store::RecordState;

const HOUR: Duration = Duration::from_hours(1);

/// One record that is in place and told, and that the list shows all the same.
async fn done_and_listed() -> Scenario {
    let scenario = Scenario::offering(1).await;
    scenario.systems.forgetful.set(true);
    scenario.complete().await;
    scenario.systems.events.borrow_mut().clear();
    scenario
}

/// One record on the shelf, and no longer listed, whose row says so much.
async fn vanished(state: RecordState) -> Scenario {
    let scenario = Scenario::offering(1).await;
    let failing = match state {
        RecordState::Written => Stage::Verify,
        _ => Stage::Report,
    };
    let down = Mishap::Fails(Fault::down(System::Primero).into());
    scenario.systems.once(failing, down);
    scenario.complete().await;
    assert_eq!(scenario.row(1).await.state, state);
    scenario.systems.offers.borrow_mut().clear();
    scenario.systems.events.borrow_mut().clear();
    scenario.clock.advance(HOUR);
    scenario
}

#[tokio::test]
async fn a_done_record_that_is_listed_again_is_looked_at_before_it_is_told() {
    let scenario = done_and_listed().await;
    let report = scenario.complete().await;
    assert_eq!(outcome_of(&report, 1), Outcome::AlreadyInPlace);
    assert_eq!(scenario.systems.asked(Stage::Locate), [key(1)]);
    assert!(scenario.systems.begun(Stage::Write).is_empty());
    assert_eq!(scenario.systems.told_in_place(1), 2);
}

#[tokio::test]
async fn a_done_record_that_is_gone_is_written_again_before_it_is_told() {
    let scenario = done_and_listed().await;
    scenario.systems.shelf.borrow_mut().clear();
    let report = scenario.complete().await;
    assert_eq!(outcome_of(&report, 1), Outcome::Delivered);
    assert_eq!(scenario.systems.copies(1), 1);
    assert_eq!(scenario.systems.told_in_place(1), 2);
    assert_eq!(scenario.row(1).await.told, 0);
}

#[tokio::test]
async fn a_done_record_whose_mapping_was_mended_is_told_and_not_written() {
    let scenario = done_and_listed().await;
    let mended = |offer: &mut super::systems::Offer| offer.content = "mended".to_owned();
    scenario.systems.change(1, mended);
    let report = scenario.complete().await;
    assert_eq!(outcome_of(&report, 1), Outcome::AlreadyInPlace);
    assert!(scenario.systems.begun(Stage::Write).is_empty());
}

#[tokio::test]
async fn a_done_record_that_cannot_be_looked_at_stays_done_and_is_not_told() {
    let scenario = done_and_listed().await;
    let down = Mishap::Fails(Fault::down(System::Primero).into());
    scenario.systems.once(Stage::Locate, down);
    let report = scenario.complete().await;
    assert_eq!(outcome_of(&report, 1), Outcome::WillRetry);
    assert_eq!(scenario.row(1).await.state, RecordState::Done);
    assert_eq!(scenario.systems.told_in_place(1), 1);
}

#[tokio::test]
async fn what_is_in_place_and_no_longer_listed_is_looked_for_and_delivered() {
    for state in [RecordState::Written, RecordState::Verified] {
        let scenario = vanished(state).await;
        let report = scenario.complete().await;
        assert_eq!(outcome_of(&report, 1), Outcome::Delivered, "{state:?}");
        assert_eq!(scenario.row(1).await.state, RecordState::Done);
        assert_eq!(scenario.systems.asked(Stage::Look), [key(1)]);
        assert!(scenario.systems.begun(Stage::Report).is_empty());
    }
}

#[tokio::test]
async fn what_is_gone_and_no_longer_listed_was_taken_back() {
    let scenario = vanished(RecordState::Verified).await;
    scenario.systems.shelf.borrow_mut().clear();
    let report = scenario.complete().await;
    assert_eq!(reason_of(&report, 1), Some(Reason::NotPending));
}

#[tokio::test]
async fn what_cannot_be_looked_for_stays_as_it_is() {
    let scenario = vanished(RecordState::Verified).await;
    let down = Mishap::Fails(Fault::down(System::Primero).into());
    scenario.systems.once(Stage::Look, down);
    let report = scenario.complete().await;
    assert_eq!(outcome_of(&report, 1), Outcome::WillRetry);
    assert_eq!(scenario.row(1).await.state, RecordState::Verified);
}

#[tokio::test]
async fn what_was_found_in_place_is_verified_by_its_row_before_it_is_told() {
    let scenario = Scenario::offering(1).await;
    scenario.systems.shelf.borrow_mut().push(key(1));
    let lost = Mishap::FailsAfterEffect(Fault::down(System::Ping).into());
    scenario.systems.once(Stage::Report, lost);
    scenario.complete().await;
    assert_eq!(scenario.row(1).await.state, RecordState::Verified);
}

#[tokio::test]
async fn a_receipt_that_is_outranked_is_left_out_and_its_record_is_done() {
    let scenario = Scenario::offering(2).await;
    let ranks = &scenario.systems.ranks;
    ranks.borrow_mut().insert(key(1), Precedence::Silent);
    let report = scenario.complete().await;
    assert_eq!(report.counts.delivered, 2);
    assert_eq!(scenario.systems.asked(Stage::Report), [key(2)]);
    assert_eq!(scenario.row(1).await.state, RecordState::Done);
    assert_eq!(scenario.systems.told_in_place(1), 0);
}

#[tokio::test]
async fn what_is_listed_again_and_outranked_is_not_told_and_not_counted_as_told() {
    let scenario = done_and_listed().await;
    let ranks = &scenario.systems.ranks;
    ranks.borrow_mut().insert(key(1), Precedence::Silent);
    for _ in 0..5 {
        let report = scenario.complete().await;
        assert_eq!(outcome_of(&report, 1), Outcome::AlreadyInPlace);
    }
    assert_eq!(scenario.systems.told_in_place(1), 1);
    assert_eq!(scenario.row(1).await.told, 0);

    ranks.borrow_mut().insert(key(1), Precedence::StillPending);
    let report = scenario.complete().await;
    assert_eq!(reason_of(&report, 1), Some(Reason::StillPendingAtSource));
    assert_eq!(scenario.systems.told_in_place(1), 1);
}

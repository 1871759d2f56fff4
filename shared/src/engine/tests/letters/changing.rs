//! What becomes of a letter that changes after it was delivered, and of one that cannot be looked at then.

use super::super::scenario::{outcome_of, reason_of};
use super::super::systems::{Mishap, Stage};
use super::mailing::{DAY, MINUTE, Mailing};
use super::register::Answers;
use crate::domain::outcome::Outcome;
use crate::domain::reason::Reason;
use crate::domain::system::System;
use crate::engine::{Fault, OnLoss, Tells};
use crate::store::RecordState;

fn register_is_down() -> Mishap {
    Mishap::Fails(Fault::down(System::Primero).into())
}

#[tokio::test]
async fn a_delivered_letter_is_done_and_not_looked_at_again() {
    let mailing = Mailing::of(3).await;
    let report = mailing.complete().await;
    assert_eq!(report.counts.delivered, 3);
    let row = mailing.row(1).await;
    assert_eq!((row.state, row.ttl), (RecordState::Done, None));
    let looked = mailing.scene.systems.begun(Stage::Fetch).len();
    mailing.pass(MINUTE);
    assert_eq!(mailing.complete().await.counts.already_in_place, 3);
    assert_eq!(mailing.scene.systems.begun(Stage::Fetch).len(), looked);
}

#[tokio::test]
async fn a_changed_letter_is_sent_again_and_one_that_is_only_saved_is_not() {
    let mailing = Mailing::of(2).await;
    mailing.complete().await;
    mailing.save_and_settle(1, 2);
    mailing.save_and_settle(2, 1);
    let report = mailing.complete().await;
    assert_eq!(outcome_of(&report, 1), Outcome::Delivered);
    assert_eq!(outcome_of(&report, 2), Outcome::AlreadyInPlace);
    assert_eq!(mailing.office.arrived(1), [1, 2]);
    assert_eq!(mailing.office.arrived(2), [1]);
}

#[tokio::test]
async fn a_change_that_could_not_be_fetched_is_delivered_later() {
    for unaskable in [None, Some(OnLoss::Hold)] {
        let mut mailing = Mailing::of(1).await;
        mailing.unaskable = unaskable;
        mailing.complete().await;
        mailing.save_and_settle(1, 2);
        mailing.scene.systems.once(Stage::Fetch, register_is_down());
        let report = mailing.complete().await;
        assert_eq!(reason_of(&report, 1), Some(Reason::PrimeroUnavailable));
        assert_eq!(mailing.row(1).await.state, RecordState::Retry);
        mailing.pass(DAY);
        let report = mailing.complete().await;
        assert_eq!(outcome_of(&report, 1), Outcome::Delivered);
        assert_eq!(mailing.office.arrived(1), [1, 2]);
    }
}

#[tokio::test]
async fn a_change_of_a_held_letter_that_could_not_be_fetched_is_looked_at_before_long() {
    let mailing = Mailing::of(1).await;
    let blank = Fault::hold(Reason::MissingRequiredField, Vec::new());
    mailing
        .register
        .change(1, |letter| letter.invalid = Some(blank));
    mailing.complete().await;
    mailing.register.change(1, |letter| letter.invalid = None);
    mailing.save_and_settle(1, 2);
    mailing.scene.systems.once(Stage::Fetch, register_is_down());
    let report = mailing.complete().await;
    assert_eq!(reason_of(&report, 1), Some(Reason::MissingRequiredField));
    mailing.pass(10 * MINUTE);
    assert_eq!(mailing.complete().await.counts.delivered, 1);
    assert_eq!(mailing.office.arrived(1), [2]);
}

#[tokio::test]
async fn a_saved_but_unchanged_letter_that_could_not_be_fetched_is_not_sent_again() {
    let mailing = Mailing::unaskable(1, OnLoss::Hold).await;
    mailing.complete().await;
    mailing.save_and_settle(1, 1);
    mailing.scene.systems.once(Stage::Fetch, register_is_down());
    mailing.complete().await;
    mailing.pass(DAY);
    let report = mailing.complete().await;
    assert_eq!(outcome_of(&report, 1), Outcome::AlreadyInPlace);
    assert_eq!(mailing.office.arrived(1), [1]);
    assert_eq!(mailing.row(1).await.state, RecordState::Done);
    let histories = mailing.register.histories.borrow();
    assert!(histories.last().expect("mapped").1, "it counts as done");
}

#[tokio::test]
async fn a_delivered_letter_that_is_held_and_comes_back_as_it_was_is_not_sent_again() {
    let mailing = Mailing::unaskable(1, OnLoss::Hold).await;
    mailing.complete().await;
    mailing.save_and_settle(1, 2);
    let blank = Fault::hold(Reason::MissingRequiredField, Vec::new());
    mailing
        .register
        .change(1, |letter| letter.invalid = Some(blank));
    mailing.complete().await;
    let held = mailing.row(1).await;
    assert_eq!((held.state, held.in_place), (RecordState::Held, true));
    mailing.save_and_settle(1, 1);
    mailing.register.change(1, |letter| letter.invalid = None);
    assert_eq!(mailing.complete().await.counts.already_in_place, 1);
    assert_eq!(mailing.office.arrived(1), [1]);
}

#[tokio::test]
async fn what_may_have_been_written_over_is_sent_again_even_if_it_is_as_it_was() {
    let mailing = Mailing::of(1).await;
    mailing.office.answers.set(Answers::InPlace);
    mailing.complete().await;
    mailing.save_and_settle(1, 2);
    let lost = Mishap::FailsAfterEffect(Fault::down(System::Ping).into());
    mailing.scene.systems.once(Stage::Write, lost);
    mailing.complete().await;
    mailing.save_and_settle(1, 1);
    mailing.pass(DAY);
    mailing.complete().await;
    assert_eq!(mailing.office.arrived(1), [1, 2, 1]);
}

#[tokio::test]
async fn a_source_that_wants_to_hear_nothing_is_told_nothing_whatever_the_answer() {
    for answers in [Answers::InPlace, Answers::ToVerify, Answers::Accepts] {
        let mailing = Mailing::of(2).await;
        mailing.office.answers.set(answers);
        assert_eq!(mailing.complete().await.counts.delivered, 2);
        assert_eq!(mailing.row(2).await.state, RecordState::Done);
        assert!(mailing.scene.systems.begun(Stage::Report).is_empty());
    }
}

#[tokio::test]
async fn an_answer_that_proves_the_effect_is_told_without_a_second_look() {
    let mut mailing = Mailing::of(2).await;
    mailing.tells = Tells::Delivered;
    mailing.office.answers.set(Answers::InPlace);
    assert_eq!(mailing.complete().await.counts.delivered, 2);
    assert!(mailing.scene.systems.begun(Stage::Verify).is_empty());
    assert_eq!(mailing.scene.systems.told_in_place(1), 1);
}

#[tokio::test]
async fn a_batch_does_not_wait_for_what_waits_behind_it_in_its_own_bundle() {
    let mut mailing = Mailing::of(40).await;
    mailing.per = 100;
    mailing.bundles = 1;
    mailing.scene.batches.write = 5;
    let report = mailing.complete().await;
    assert_eq!(report.counts.delivered, 40);
}

//! The office's last word: awaited, overtaken, refused, overdue.

use super::super::scenario::{outcome_of, reason_of};
use super::super::systems::{Mishap, Stage, key};
use super::mailing::{DAY, MINUTE, Mailing};
use super::register::{Answers, Verdict};
use crate::domain::outcome::Outcome;
use crate::domain::reason::{Reason, Stop};
use crate::domain::system::System;
use crate::engine::{Fault, OnLoss};
use crate::store::RecordState;

/// Letter 1, sent to an office that has not said what became of it.
async fn one_awaited() -> Mailing {
    let mailing = Mailing::unaskable(1, OnLoss::Hold).await;
    mailing.office.verdict.set(Verdict::NotYet);
    let report = mailing.complete().await;
    assert_eq!(outcome_of(&report, 1), Outcome::AwaitingConfirmation);
    assert_eq!(
        mailing.row(1).await.state,
        RecordState::AwaitingConfirmation
    );
    mailing.pass(DAY);
    mailing
}

#[tokio::test]
async fn the_run_that_sent_a_letter_asks_a_few_times_and_later_runs_once_each() {
    let mailing = one_awaited().await;
    let asked = |mailing: &Mailing| mailing.scene.systems.begun(Stage::Confirm).len();
    assert_eq!(asked(&mailing), 5);
    let before = mailing.row(1).await;
    mailing.complete().await;
    assert_eq!(asked(&mailing), 6);
    let after = mailing.row(1).await;
    assert_eq!((before.checks, after.checks), (0, 1));
    assert_eq!(after.accepted_at, before.accepted_at);
    mailing.complete().await;
    assert_eq!(asked(&mailing), 6, "it is not due yet");
}

#[tokio::test]
async fn a_letter_that_is_confirmed_later_is_done() {
    let mailing = one_awaited().await;
    mailing.office.verdict.set(Verdict::Confirms);
    let report = mailing.complete().await;
    assert_eq!(outcome_of(&report, 1), Outcome::Delivered);
    assert_eq!(mailing.row(1).await.state, RecordState::Done);
    assert_eq!(mailing.office.arrived(1), [1]);
}

#[tokio::test]
async fn a_letter_that_is_rejected_later_is_held_with_its_transaction() {
    let mailing = one_awaited().await;
    mailing.office.verdict.set(Verdict::Rejects);
    let finished = mailing.run().await;
    assert_eq!(
        reason_of(&finished.report, 1),
        Some(Reason::RejectedByProgres)
    );
    let row = mailing.row(1).await;
    assert_eq!(
        (row.state, row.transaction_id.as_deref()),
        (RecordState::Held, Some("receipt 1"))
    );
    assert_eq!(finished.measures.newly_held, 1);
}

#[tokio::test]
async fn a_rejected_letter_is_sent_again_once_it_is_corrected() {
    let mailing = one_awaited().await;
    mailing.office.verdict.set(Verdict::Rejects);
    mailing.complete().await;
    mailing.office.verdict.set(Verdict::Confirms);
    mailing.save_and_settle(1, 2);
    assert_eq!(mailing.complete().await.counts.delivered, 1);
    assert_eq!(mailing.office.arrived(1), [2]);
}

#[tokio::test]
async fn a_failed_look_at_a_rejected_letter_does_not_send_it_again() {
    let mailing = one_awaited().await;
    mailing.office.verdict.set(Verdict::Rejects);
    mailing.complete().await;
    mailing.office.verdict.set(Verdict::Confirms);
    let unreachable = Mishap::Record(Fault::down(System::Primero));
    mailing.scene.systems.with(1, 1, Stage::Fetch, unreachable);
    mailing.save_and_settle(1, 1);
    for _ in 0..3 {
        let report = mailing.complete().await;
        assert_eq!(reason_of(&report, 1), Some(Reason::RejectedByProgres));
        mailing.pass(10 * MINUTE);
        mailing.save_and_settle(1, 1);
    }
    assert_eq!(mailing.office.arrived(1), [0; 0], "it was rejected once");
    mailing.save_and_settle(1, 2);
    assert_eq!(mailing.complete().await.counts.delivered, 1);
    assert_eq!(mailing.office.arrived(1), [2]);
}

#[tokio::test]
async fn a_letter_without_a_last_word_is_held_when_it_is_overdue_and_opens_by_release_alone() {
    let mut mailing = one_awaited().await;
    mailing.pass(7 * DAY);
    let report = mailing.complete().await;
    assert_eq!(reason_of(&report, 1), Some(Reason::ConfirmationOverdue));
    mailing.scene.profile_version = "v2".to_owned();
    mailing.save_and_settle(1, 2);
    assert_eq!(mailing.complete().await.counts.held, 1);
    assert_eq!(mailing.office.arrived(1), [1]);
    mailing.office.verdict.set(Verdict::Confirms);
    mailing.scene.request.release_held = true;
    assert_eq!(mailing.complete().await.counts.delivered, 0);
    mailing.release(&[1]);
    assert_eq!(mailing.complete().await.counts.delivered, 1);
    assert_eq!(mailing.office.arrived(1), [1, 2]);
}

#[tokio::test]
async fn a_word_that_nobody_knows_leaves_the_letter_awaited_and_is_counted() {
    let mailing = one_awaited().await;
    mailing.office.verdict.set(Verdict::Mumbles);
    let finished = mailing.run().await;
    assert_eq!(finished.measures.unknown_codes, 1);
    assert_eq!(
        mailing.row(1).await.state,
        RecordState::AwaitingConfirmation
    );
}

#[tokio::test]
async fn a_transaction_that_will_never_tell_is_tried_again_with_its_new_place() {
    let mailing = Mailing::of(1).await;
    mailing.office.verdict.set(Verdict::Forgot);
    let report = mailing.complete().await;
    assert_eq!(reason_of(&report, 1), Some(Reason::OutcomeUnknown));
    let row = mailing.row(1).await;
    assert_eq!(
        (row.state, row.place.as_deref()),
        (RecordState::Retry, Some("perhaps on the desk"))
    );
    mailing.office.verdict.set(Verdict::Confirms);
    mailing.pass(DAY);
    mailing.complete().await;
    assert_eq!(mailing.office.arrived(1), [1], "it was looked for first");
}

#[tokio::test]
async fn a_letter_left_out_of_the_answer_is_awaited_and_tried_again_only_after_a_later_run() {
    let mailing = Mailing::of(1).await;
    mailing.office.verdict.set(Verdict::Omits);
    let report = mailing.complete().await;
    assert_eq!(outcome_of(&report, 1), Outcome::AwaitingConfirmation);
    mailing.pass(DAY);
    let report = mailing.complete().await;
    assert_eq!(reason_of(&report, 1), Some(Reason::OutcomeUnknown));
    mailing.office.verdict.set(Verdict::Confirms);
    mailing.pass(DAY);
    mailing.complete().await;
    assert_eq!(mailing.row(1).await.state, RecordState::Done);
    assert_eq!(mailing.office.arrived(1), [1], "it was looked for first");
}

#[tokio::test]
async fn a_write_of_unsure_fate_is_tried_again_with_its_new_place() {
    let mailing = Mailing::of(1).await;
    mailing.office.answers.set(Answers::Unsure);
    let report = mailing.complete().await;
    assert_eq!(reason_of(&report, 1), Some(Reason::OutcomeUnknown));
    assert_eq!(
        mailing.row(1).await.place.as_deref(),
        Some("perhaps on the desk")
    );
}

#[tokio::test]
async fn letters_that_fail_where_they_were_to_be_keep_that_place_and_count_as_failures() {
    let mut mailing = Mailing::of(6).await;
    mailing.scene.settings.concurrency = 1;
    mailing.scene.batches.write = 1;
    mailing.office.answers.set(Answers::Closed);
    let finished = mailing.run().await;
    assert_eq!(finished.stop, Some(Stop::Unavailable(System::Primero)));
    let row = mailing.row(5).await;
    assert_eq!(
        (row.state, row.place.as_deref()),
        (RecordState::Retry, Some("desk"))
    );
}

#[tokio::test]
async fn an_office_that_cannot_be_asked_after_a_letter_is_asked_by_the_next_run() {
    let mailing = one_awaited().await;
    let down = Mishap::Fails(Fault::down(System::Ping).into());
    mailing.scene.systems.once(Stage::Confirm, down);
    let report = mailing.complete().await;
    assert_eq!(outcome_of(&report, 1), Outcome::AwaitingConfirmation);
    mailing.office.verdict.set(Verdict::Confirms);
    mailing.pass(DAY);
    assert_eq!(mailing.complete().await.counts.delivered, 1);
}

#[tokio::test]
async fn a_change_waits_until_the_older_version_is_confirmed_and_follows_in_the_same_run() {
    let mailing = one_awaited().await;
    mailing.save_and_settle(1, 2);
    let report = mailing.complete().await;
    assert_eq!(outcome_of(&report, 1), Outcome::AwaitingConfirmation);
    assert!(mailing.row(1).await.superseded);
    assert_eq!(mailing.office.arrived(1), [1]);
    mailing.office.verdict.set(Verdict::Confirms);
    mailing.pass(DAY);
    mailing.complete().await;
    assert_eq!(mailing.office.arrived(1), [1, 2]);
    assert_eq!(mailing.row(1).await.state, RecordState::Done);
}

#[tokio::test]
async fn a_change_that_is_taken_back_before_the_last_word_is_never_sent() {
    let mailing = one_awaited().await;
    for content in [2, 1] {
        mailing.save_and_settle(1, content);
        mailing.complete().await;
    }
    mailing.office.verdict.set(Verdict::Confirms);
    mailing.pass(DAY);
    mailing.complete().await;
    assert_eq!(mailing.office.arrived(1), [1]);
    assert_eq!(mailing.row(1).await.state, RecordState::Done);
}

#[tokio::test]
async fn a_change_that_cannot_be_looked_at_leaves_the_awaited_transaction_alone() {
    let fails = [
        (
            Stage::Fetch,
            Mishap::Fails(Fault::down(System::Primero).into()),
        ),
        (
            Stage::Fetch,
            Mishap::Record(Fault::hold(Reason::UnreadableRecord, Vec::new())),
        ),
        (Stage::Fetch, Mishap::Panics),
        (Stage::Map, Mishap::Panics),
    ];
    for (stage, mishap) in fails {
        let mailing = one_awaited().await;
        let before = mailing.row(1).await;
        mailing.save_and_settle(1, 2);
        mailing.scene.systems.with(1, 2, stage, mishap);
        let report = mailing.complete().await;
        assert_eq!(outcome_of(&report, 1), Outcome::AwaitingConfirmation);
        let row = mailing.row(1).await;
        assert_eq!(row.transaction_id, before.transaction_id);
        assert_eq!(row.state, RecordState::AwaitingConfirmation);
        mailing.scene.systems.heal();
        mailing.office.verdict.set(Verdict::Confirms);
        mailing.pass(DAY);
        mailing.complete().await;
        assert_eq!(mailing.office.arrived(1), [1, 2]);
    }
}

#[tokio::test]
async fn a_letter_that_is_only_saved_while_it_is_awaited_is_sent_once() {
    let mailing = one_awaited().await;
    mailing.save_and_settle(1, 1);
    let down = Mishap::Fails(Fault::down(System::Primero).into());
    mailing.scene.systems.once(Stage::Fetch, down);
    mailing.complete().await;
    mailing.office.verdict.set(Verdict::Confirms);
    mailing.pass(DAY);
    mailing.complete().await;
    assert_eq!(mailing.office.arrived(1), [1]);
    assert_eq!(mailing.row(1).await.state, RecordState::Done);
}

#[tokio::test]
async fn a_dry_run_asks_after_an_overtaken_letter_once() {
    let mut mailing = one_awaited().await;
    mailing.save_and_settle(1, 2);
    mailing.complete().await;
    mailing.office.verdict.set(Verdict::Confirms);
    mailing.pass(DAY);
    mailing.scene.systems.events.borrow_mut().clear();
    mailing.scene.request.dry_run = true;
    mailing.complete().await;
    assert_eq!(mailing.scene.systems.asked(Stage::Confirm), [key(1)]);
}

//! An office that cannot be asked, and is down: whatever is sent may have arrived.

use std::time::Duration;

use super::super::systems::{Mishap, Stage};
use super::mailing::{DAY, MINUTE, Mailing};
use crate::domain::outcome::RunStatus;
use crate::domain::reason::{Reason, Stop};
use crate::domain::system::System;
use crate::engine::{Fault, OnLoss};
use crate::store::RecordState;

const DOWN: Stop = Stop::Unavailable(System::Primero);

/// So many letters, of which a page has 50, eight at a time.
async fn letters(count: u128) -> Mailing {
    let mut mailing = Mailing::unaskable(count, OnLoss::Hold).await;
    mailing.per = 50;
    mailing.scene.settings.concurrency = 8;
    mailing.scene.batches.fetch = 25;
    mailing.scene.batches.locate = 25;
    mailing
}

/// Whatever the office answers, nobody knows what became of the letter.
fn lost() -> Mishap {
    Mishap::FailsAfterEffect(Fault::down(System::Primero).into())
}

async fn held(mailing: &Mailing, count: u128) -> usize {
    let mut held = 0;
    for number in 1..=count {
        let row = mailing.scene.find_row(number).await;
        held += usize::from(row.is_some_and(|row| row.state == RecordState::Held));
    }
    held
}

#[tokio::test]
async fn three_days_hold_what_was_out_when_they_began_and_one_an_hour() {
    const LETTERS: u128 = 1000;
    let mut mailing = letters(LETTERS).await;
    mailing.scene.settings.first_run_writes = 2000;
    mailing.scene.settings.max_writes_per_run = 2000;
    mailing.scene.systems.always(Stage::Write, lost());
    assert_eq!(mailing.run().await.stop, Some(DOWN));
    assert!(held(&mailing, LETTERS).await <= 8);
    for _ in 0..(3 * 24 * 3) {
        mailing.pass(20 * MINUTE);
        mailing.run().await;
    }
    let lost = held(&mailing, LETTERS).await;
    assert!(lost <= 8 + 72, "{lost}");

    mailing.scene.systems.heal();
    mailing.pass(Duration::from_hours(1));
    let report = mailing.complete().await;
    assert_eq!(report.status, RunStatus::Completed);
    for number in 1..=LETTERS {
        assert_eq!(mailing.office.arrived(number), [1], "{number}");
    }
}

#[tokio::test]
async fn the_next_one_goes_an_hour_after_the_last_one_of_unknown_fate() {
    let mailing = letters(20).await;
    mailing.scene.systems.always(Stage::Write, lost());
    mailing.run().await;
    mailing.scene.systems.events.borrow_mut().clear();
    for _ in 0..5 {
        mailing.pass(10 * MINUTE);
        assert_eq!(mailing.run().await.stop, Some(DOWN));
    }
    assert!(mailing.scene.systems.begun(Stage::Write).is_empty());
    mailing.pass(10 * MINUTE);
    mailing.run().await;
    assert_eq!(mailing.scene.systems.asked(Stage::Write).len(), 1);
}

#[tokio::test]
async fn once_one_is_accepted_all_the_others_go() {
    let mailing = letters(20).await;
    mailing.scene.systems.always(Stage::Write, lost());
    mailing.run().await;
    mailing.scene.systems.heal();
    mailing.pass(Duration::from_hours(1));
    let report = mailing.complete().await;
    assert!(report.counts.delivered >= 12, "{report:?}");
    mailing.save_and_settle(21, 1);
    assert_eq!(mailing.complete().await.counts.delivered, 1);
}

#[tokio::test]
async fn where_nothing_is_to_be_sent_an_outage_is_nobodys_error() {
    let mailing = letters(20).await;
    mailing.scene.systems.always(Stage::Write, lost());
    mailing.run().await;
    mailing.pass(MINUTE);
    assert_eq!(mailing.run().await.stop, Some(DOWN));
    for number in 1..=20 {
        mailing.register.change(number, |letter| {
            letter.invalid = Some(Fault::skip(Reason::NotPending));
        });
    }
    mailing.pass(DAY);
    assert_eq!(mailing.run().await.stop, None);
}

#[tokio::test]
async fn a_question_is_asked_before_the_one_that_goes_first() {
    let mailing = letters(20).await;
    mailing.office.verdict.set(super::register::Verdict::NotYet);
    let systems = &mailing.scene.systems;
    for number in 2..=20 {
        systems.with(number, usize::MAX, Stage::Write, lost());
    }
    mailing.run().await;
    mailing.pass(DAY);
    let down = Mishap::Fails(Fault::down(System::Primero).into());
    systems.always(Stage::Confirm, down);
    systems.events.borrow_mut().clear();
    assert_eq!(mailing.run().await.stop, Some(DOWN));
    assert!(!systems.begun(Stage::Confirm).is_empty());
    assert!(systems.begun(Stage::Write).is_empty());
}

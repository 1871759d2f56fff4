//! What was read of a letter a minute ago is read once more before it goes out.

use std::time::Duration;

use super::super::scenario::{outcome_of, reason_of};
use super::super::systems::{Mishap, Stage, key};
use super::mailing::{MINUTE, Mailing};
use crate::domain::outcome::{Outcome, RunReport};
use crate::domain::reason::Reason;
use crate::domain::system::System;
use crate::engine::{Fault, OnLoss};
use crate::store::RecordState;

/// Letters 1 and 2, read together. The first is on its way for this long; meanwhile something happens, and then the second may go.
async fn two_letters(mailing: &mut Mailing, time: Duration, happens: fn(&Mailing)) -> RunReport {
    mailing.fresh_for = Some(MINUTE);
    mailing.scene.settings.concurrency = 1;
    let mailing = &*mailing;
    mailing
        .scene
        .systems
        .with(1, 1, Stage::Write, Mishap::Stalls);
    let meanwhile = async {
        mailing.scene.systems.reached(Stage::Write).await;
        mailing.pass(time);
        happens(mailing);
        mailing.scene.systems.go_on();
    };
    let (report, ()) = futures::join!(mailing.complete(), meanwhile);
    assert_eq!(mailing.office.arrived(1), [1]);
    report
}

fn times_read(mailing: &Mailing, number: u128) -> usize {
    let reads = mailing.scene.systems.begun(Stage::Fetch);
    reads
        .iter()
        .filter(|read| read.keys.contains(&key(number)))
        .count()
}

#[tokio::test]
async fn what_became_invalid_meanwhile_does_not_go_and_its_row_says_why() {
    let mut mailing = Mailing::unaskable(2, OnLoss::Hold).await;
    let report = two_letters(&mut mailing, MINUTE + Duration::from_secs(1), |mailing| {
        let withdrawn = Fault::hold(Reason::ConsentNotGiven, vec!["consent".to_owned()]);
        mailing
            .register
            .change(2, |letter| letter.invalid = Some(withdrawn));
    })
    .await;
    assert_eq!(reason_of(&report, 2), Some(Reason::ConsentNotGiven));
    assert_eq!(mailing.office.arrived(2), [0_u32; 0]);
    let row = mailing.row(2).await;
    assert_eq!(row.state, RecordState::Held);
    assert_eq!(row.fields, ["consent"]);
    assert_eq!(row.began_at, None, "nothing was sent");
}

#[tokio::test]
async fn what_changed_meanwhile_goes_as_it_is_now() {
    let mut mailing = Mailing::unaskable(2, OnLoss::Hold).await;
    let report = two_letters(&mut mailing, MINUTE + Duration::from_secs(1), |mailing| {
        mailing.register.change(2, |letter| letter.content = 7);
    })
    .await;
    assert_eq!(report.counts.delivered, 2);
    assert_eq!(mailing.office.arrived(2), [7]);
    assert_eq!(times_read(&mailing, 2), 2);
    // Its row knows what went: nothing is sent again.
    mailing.save_and_settle(2, 7);
    mailing.complete().await;
    assert_eq!(mailing.office.arrived(2), [7]);
}

#[tokio::test]
async fn what_was_read_within_the_minute_is_not_read_again() {
    let mut mailing = Mailing::unaskable(2, OnLoss::Hold).await;
    two_letters(&mut mailing, MINUTE, |_| ()).await;
    assert_eq!(times_read(&mailing, 2), 1);
    assert_eq!(mailing.office.arrived(2), [1]);
}

#[tokio::test]
async fn what_cannot_be_read_again_waits_for_a_later_run() {
    let mut mailing = Mailing::unaskable(2, OnLoss::Hold).await;
    let report = two_letters(&mut mailing, MINUTE + Duration::from_secs(1), |mailing| {
        let down = Mishap::Fails(Fault::down(System::Primero).into());
        mailing.scene.systems.with(2, 1, Stage::Fetch, down);
    })
    .await;
    assert_eq!(outcome_of(&report, 2), Outcome::WillRetry);
    assert_eq!(
        mailing.row(2).await.reason,
        Some(Reason::PrimeroUnavailable)
    );
    assert_eq!(mailing.office.arrived(2), [0_u32; 0]);
    mailing.pass(12 * MINUTE);
    assert_eq!(mailing.complete().await.counts.delivered, 1);
    assert_eq!(mailing.office.arrived(2), [1]);
}

#[tokio::test]
async fn what_takes_a_minute_to_read_again_does_not_go() {
    let mut mailing = Mailing::unaskable(2, OnLoss::Hold).await;
    let slow = MINUTE + Duration::from_secs(1);
    let report = two_letters(&mut mailing, slow, |mailing| {
        let slow = Mishap::Takes(MINUTE + Duration::from_secs(1));
        mailing.scene.systems.with(2, 1, Stage::Fetch, slow);
    })
    .await;
    assert_eq!(outcome_of(&report, 2), Outcome::Deferred);
    assert_eq!(mailing.row(2).await.state, RecordState::Retry);
    assert_eq!(mailing.office.arrived(2), [0_u32; 0]);
    assert_eq!(mailing.complete().await.counts.delivered, 1);
}

#[tokio::test]
async fn where_age_does_not_matter_nothing_is_read_twice() {
    let mut mailing = Mailing::unaskable(2, OnLoss::Hold).await;
    mailing.fresh_for = None;
    mailing.scene.settings.concurrency = 1;
    let long = Mishap::Takes(5 * MINUTE);
    mailing.scene.systems.with(1, 1, Stage::Write, long);
    mailing.complete().await;
    assert_eq!(times_read(&mailing, 2), 1);
}

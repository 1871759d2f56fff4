//! An empty ledger: the very first run, or a table that was lost.

use super::super::systems::{Stage, key};
use super::mailing::{DAY, Mailing};
use crate::domain::outcome::RunStatus;
use crate::domain::reason::{Reason, Stop};
use crate::engine::{Fault, OnLoss};

/// Letters of an office that cannot be asked, and nobody says that the ledger is rightly empty. The first is not ours to send.
async fn unannounced(count: u128) -> Mailing {
    let mut mailing = Mailing::unaskable(count, OnLoss::Hold).await;
    mailing.scene.request.first_run = false;
    let skipped = Fault::skip(Reason::NotPending);
    mailing
        .register
        .change(1, |letter| letter.invalid = Some(skipped));
    mailing
}

async fn assert_refused(mailing: &Mailing) {
    let finished = mailing.run().await;
    assert_eq!(finished.stop, Some(Stop::LedgerEmpty));
    assert_eq!(finished.report.status, RunStatus::Failed);
    assert!(mailing.scene.systems.begun(Stage::Write).is_empty());
    let store = mailing.scene.store();
    assert_eq!(store.cursor().await, Ok(None));
    assert_eq!(store.has_records().await, Ok(false));
}

#[tokio::test]
async fn an_empty_ledger_with_something_to_send_is_refused_as_often_as_it_is_run() {
    let mut mailing = unannounced(25).await;
    mailing.per = 4;
    assert_refused(&mailing).await;
    mailing.pass(DAY);
    assert_refused(&mailing).await;

    mailing.scene.request.first_run = true;
    assert_eq!(mailing.complete().await.counts.delivered, 24);
}

#[tokio::test]
async fn whatever_part_is_asked_for_the_whole_window_counts() {
    let mut mailing = unannounced(3).await;
    mailing.scene.request.limit = Some(1);
    assert_refused(&mailing).await;
    mailing.scene.request.limit = None;
    mailing.scene.request.only = Some([key(1)].into());
    assert_refused(&mailing).await;
    mailing.scene.request.only = None;
    mailing.scene.request.since = Some(crate::clock::Clock::now(&*mailing.scene.clock));
    assert_refused(&mailing).await;
}

#[tokio::test]
async fn where_nothing_is_to_be_sent_the_ledger_is_taken_into_use_and_never_asks_again() {
    let mailing = unannounced(1).await;
    let report = mailing.complete().await;
    assert_eq!(report.counts.skipped, 1);
    for _ in 0..21 {
        mailing.pass(DAY);
        mailing.complete().await;
    }
    mailing.save_and_settle(2, 1);
    assert_eq!(mailing.complete().await.counts.delivered, 1);
}

#[tokio::test]
async fn a_register_without_any_letter_takes_the_ledger_into_use() {
    let mut mailing = Mailing::of(0).await;
    mailing.scene.request.first_run = false;
    mailing.complete().await;
    mailing.save_and_settle(1, 1);
    assert_eq!(mailing.complete().await.counts.delivered, 1);
}

#[tokio::test]
async fn a_dry_run_on_an_empty_ledger_is_not_asked() {
    let mut mailing = unannounced(3).await;
    mailing.scene.request.dry_run = true;
    assert_eq!(mailing.complete().await.counts.would_deliver, 2);
}

#[tokio::test]
async fn saying_so_on_a_ledger_in_use_changes_nothing() {
    let mailing = Mailing::unaskable(3, OnLoss::Hold).await;
    assert_eq!(mailing.complete().await.counts.delivered, 3);
    mailing.pass(DAY);
    mailing.complete().await;
    assert_eq!(mailing.scene.systems.begun(Stage::Write).len(), 3);
}

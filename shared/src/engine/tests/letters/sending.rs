//! An office that cannot be asked: `sending` is kept first, and what may have arrived is never sent again without a person.

use std::time::Duration;

use jiff::SignedDuration;

use super::super::fate::{Doom, When};
use super::super::scenario::{START, outcome_of, reason_of};
use super::super::systems::{Mishap, Stage};
use super::mailing::{DAY, MINUTE, Mailing};
use super::register::Verdict;
use crate::domain::outcome::{Outcome, RunStatus};
use crate::domain::reason::{Reason, Stop};
use crate::domain::system::System;
use crate::engine::{Fault, OnLoss};
use crate::store::RecordState;

/// A letter whose run died right after the office had taken it: its row says `sending`.
async fn one_lost(on_loss: OnLoss) -> Mailing {
    for call in 1..40 {
        let mailing = Mailing::unaskable(1, on_loss).await;
        mailing
            .run_under(Doom::Dies(When::AfterItsEffect, call))
            .await;
        if !mailing.office.arrived(1).is_empty() {
            assert_eq!(mailing.row(1).await.state, RecordState::Sending);
            return mailing;
        }
    }
    panic!("nothing is ever sent");
}

#[tokio::test]
async fn before_a_letter_goes_out_its_row_says_sending_until_lease_and_last_call_are_over() {
    let mailing = Mailing::unaskable(1, OnLoss::Hold).await;
    mailing.scene.systems.once(Stage::Write, Mishap::Stalls);
    let meanwhile = async {
        mailing.scene.systems.reached(Stage::Write).await;
        let row = mailing.row(1).await;
        mailing.scene.systems.go_on();
        row
    };
    let begun = crate::clock::Clock::now(&*mailing.scene.clock);
    let (_, row) = futures::join!(mailing.complete(), meanwhile);
    assert_eq!((row.state, row.fence), (RecordState::Sending, 1));
    let over = mailing.scene.time + MINUTE + Duration::from_secs(30);
    assert_eq!(
        row.next_attempt_at,
        Some(crate::clock::later(begun, over)),
        "run, slack and one call"
    );
}

#[tokio::test]
async fn a_letter_of_a_dead_run_is_left_alone_until_its_lease_and_last_call_are_over() {
    let mailing = one_lost(OnLoss::Hold).await;
    mailing.pass(mailing.scene.time + MINUTE + Duration::from_secs(1));
    let report = mailing.complete().await;
    assert_eq!(outcome_of(&report, 1), Outcome::Deferred);
    mailing.pass(MINUTE);
    let report = mailing.complete().await;
    assert_eq!(reason_of(&report, 1), Some(Reason::OutcomeUnknown));
}

#[tokio::test]
async fn a_letter_of_a_dead_run_is_held_and_goes_again_by_release_alone() {
    let mut mailing = one_lost(OnLoss::Hold).await;
    mailing.pass(DAY);
    let finished = mailing.run().await;
    assert_eq!(reason_of(&finished.report, 1), Some(Reason::OutcomeUnknown));
    assert_eq!(finished.measures.newly_held, 1);
    mailing.scene.profile_version = "v2".to_owned();
    mailing.save_and_settle(1, 2);
    mailing.complete().await;
    assert_eq!(mailing.office.arrived(1), [1]);
    // Who releases all that is held does not mean what may be there already.
    mailing.scene.request.release_held = true;
    assert_eq!(mailing.complete().await.counts.delivered, 0);
    assert_eq!(mailing.office.arrived(1), [1]);
    mailing.release(&[1]);
    assert_eq!(mailing.complete().await.counts.delivered, 1);
    assert_eq!(mailing.office.arrived(1), [1, 2]);
}

#[tokio::test]
async fn a_release_is_of_what_was_held_before_and_not_of_what_the_run_itself_holds() {
    let mut mailing = one_lost(OnLoss::Hold).await;
    mailing.pass(DAY);
    // The ledger brings the letter at once; the register shows it on its second page, when it is held already.
    mailing.save(2, 1);
    let earlier = START.checked_sub(SignedDuration::from_hours(1));
    let earlier = earlier.expect("within all time");
    mailing
        .register
        .change(2, |letter| letter.saved_at = earlier);
    mailing.per = 1;
    mailing.release(&[1, 2]);
    mailing.scene.request.since = Some(earlier);
    let finished = mailing.run().await;
    assert_eq!(reason_of(&finished.report, 1), Some(Reason::OutcomeUnknown));
    assert_eq!(finished.report.counts.delivered, 1);
    assert_eq!(mailing.office.arrived(1), [1]);
    assert_eq!(mailing.complete().await.counts.delivered, 1);
    assert_eq!(mailing.office.arrived(1), [1, 1]);
}

#[tokio::test]
async fn a_letter_of_a_dead_run_is_sent_again_where_that_does_no_harm() {
    let mailing = one_lost(OnLoss::Resend).await;
    mailing.pass(DAY);
    assert_eq!(mailing.complete().await.counts.delivered, 1);
    assert_eq!(mailing.office.arrived(1), [1, 1]);
}

#[tokio::test]
async fn whatever_the_source_shows_of_it_a_letter_that_may_have_arrived_stays_one() {
    let mailing = one_lost(OnLoss::Hold).await;
    mailing.pass(MINUTE);
    mailing.save_and_settle(1, 2);
    let unreadable = Fault::hold(Reason::UnreadableRecord, Vec::new());
    mailing
        .register
        .change(1, |letter| letter.unusable = Some(unreadable));
    mailing.pass(13 * MINUTE + Duration::from_secs(15));
    assert_eq!(mailing.complete().await.counts.deferred, 1);
    assert_eq!(mailing.row(1).await.state, RecordState::Sending);
    mailing.pass(DAY);
    mailing.complete().await;
    assert_eq!(mailing.row(1).await.reason, Some(Reason::OutcomeUnknown));
}

#[tokio::test]
async fn an_answer_that_was_lost_holds_the_letter_at_once() {
    let mailing = Mailing::unaskable(2, OnLoss::Hold).await;
    let lost = Mishap::FailsAfterEffect(Fault::down(System::Ping).into());
    mailing.scene.systems.with(1, 1, Stage::Write, lost);
    let report = mailing.complete().await;
    assert_eq!(reason_of(&report, 1), Some(Reason::OutcomeUnknown));
    assert_eq!(outcome_of(&report, 2), Outcome::Delivered);
    assert_eq!(mailing.office.arrived(1), [1]);
}

#[tokio::test]
async fn an_office_whose_answers_are_all_lost_stops_the_run_before_it_holds_every_letter() {
    let mailing = Mailing::unaskable(40, OnLoss::Hold).await;
    let lost = Mishap::FailsAfterEffect(Fault::down(System::Ping).into());
    mailing.scene.systems.always(Stage::Write, lost);
    let finished = mailing.run().await;
    assert!(matches!(finished.stop, Some(Stop::Unavailable(_))));
    let concurrency = mailing.scene.settings.concurrency as u64;
    let held = finished.report.counts.held;
    assert!((5..=5 + concurrency).contains(&held), "{held}");
}

#[tokio::test]
async fn what_the_call_had_no_time_for_is_due_and_not_unknown() {
    let mailing = Mailing::unaskable(1, OnLoss::Hold).await;
    mailing
        .scene
        .systems
        .once(Stage::Write, Mishap::Fails(Fault::defer().into()));
    let report = mailing.complete().await;
    assert_eq!(outcome_of(&report, 1), Outcome::Deferred);
    assert_eq!(mailing.row(1).await.state, RecordState::Retry);
    assert_eq!(mailing.complete().await.counts.delivered, 1);
    assert_eq!(mailing.office.arrived(1), [1]);
}

#[tokio::test]
async fn what_is_out_when_a_stopped_run_may_wait_no_longer_stays_sending_and_is_told_as_under_way()
{
    let mailing = Mailing::unaskable(3, OnLoss::Hold).await;
    let (scene, clock) = (&mailing.scene, &mailing.scene.clock);
    scene.systems.with(1, 1, Stage::Write, Mishap::Stalls);
    let stopped = async {
        scene.systems.reached(Stage::Write).await;
        scene.stop.raise(crate::clock::Clock::now(&**clock));
    };
    let (finished, ()) = futures::join!(mailing.run(), stopped);
    assert_eq!(finished.stop, None);
    let report = finished.report;
    assert_eq!(report.status, RunStatus::Truncated);
    assert_eq!(outcome_of(&report, 1), Outcome::WillRetry);
    assert_eq!(reason_of(&report, 1), Some(Reason::UnderWay));
    assert_eq!(mailing.row(1).await.state, RecordState::Sending);
    assert!(scene.lease_is_free().await);
    assert_eq!(mailing.office.arrived(1), [1]);
}

#[tokio::test]
async fn a_run_that_is_asked_to_stop_before_it_began_opens_nothing() {
    let mailing = Mailing::unaskable(3, OnLoss::Hold).await;
    let scene = &mailing.scene;
    scene.stop.raise(crate::clock::Clock::now(&*scene.clock));
    let finished = mailing.run().await;
    assert_eq!(finished.stop, None);
    assert_eq!(finished.report.status, RunStatus::Truncated);
    assert!(scene.systems.events.borrow().is_empty());
    assert!(scene.lease_is_free().await);
}

#[tokio::test]
async fn a_refused_sign_in_takes_sending_back() {
    let mailing = Mailing::unaskable(1, OnLoss::Hold).await;
    let refused = Stop::AuthenticationFailed(System::Ping);
    mailing
        .scene
        .systems
        .once(Stage::Write, Mishap::Fails(refused.clone().into()));
    assert_eq!(mailing.run().await.stop, Some(refused));
    assert_eq!(mailing.row(1).await.state, RecordState::Retry);
    assert_eq!(mailing.complete().await.counts.delivered, 1);
}

#[tokio::test]
async fn a_stalled_run_that_wakes_after_its_successor_sends_nothing() {
    for stage in [Stage::Discover, Stage::Fetch, Stage::Locate] {
        let mailing = Mailing::unaskable(3, OnLoss::Hold).await;
        mailing.scene.systems.once(stage, Mishap::Stalls);
        let successor = async {
            mailing.scene.systems.reached(stage).await;
            mailing.pass(mailing.scene.time + 2 * MINUTE);
            let report = mailing.complete().await;
            let cursor = mailing.scene.store().cursor().await;
            mailing.scene.systems.go_on();
            (report, cursor)
        };
        let (stalled, (report, cursor)) = futures::join!(mailing.run(), successor);
        assert_eq!(report.counts.delivered, 3, "{stage:?}");
        assert_eq!(stalled.report.counts.delivered, 0, "{stage:?}");
        for number in 1..=3 {
            assert_eq!(mailing.office.arrived(number), [1], "{stage:?}");
            assert_eq!(mailing.row(number).await.fence, 2, "{stage:?}");
        }
        assert_eq!(mailing.scene.store().cursor().await, cursor);
    }
}

#[tokio::test]
async fn a_stalled_run_that_was_overtaken_by_a_lease_alone_sends_nothing() {
    let mailing = Mailing::unaskable(1, OnLoss::Hold).await;
    mailing.scene.systems.once(Stage::Locate, Mishap::Stalls);
    let successor = async {
        mailing.scene.systems.reached(Stage::Locate).await;
        // By the clock the lease is still ours; by the table it is not.
        let store = mailing.scene.store();
        let now = crate::clock::later(crate::clock::Clock::now(&*mailing.scene.clock), DAY);
        let taken = store.take_lease("another", now, crate::clock::later(now, DAY));
        taken.await.expect("it has expired by then");
        mailing.scene.systems.go_on();
    };
    let (stalled, ()) = futures::join!(mailing.run(), successor);
    assert_eq!(stalled.stop, Some(Stop::LeaseLost));
    assert_eq!(mailing.office.arrived(1), [0_u32; 0]);
    assert_eq!(mailing.scene.find_row(1).await, None);
}

#[tokio::test]
async fn a_panic_while_sending_leaves_the_outcome_unknown_and_the_others_go_on() {
    let mailing = Mailing::unaskable(3, OnLoss::Hold).await;
    mailing
        .scene
        .systems
        .with(2, usize::MAX, Stage::Write, Mishap::Panics);
    let report = mailing.complete().await;
    assert_eq!(reason_of(&report, 2), Some(Reason::OutcomeUnknown));
    assert_eq!(report.counts.delivered, 2);
    assert!(mailing.scene.lease_is_free().await);
    assert!(mailing.scene.saved_report(&report.run_id).await.is_some());
}

#[tokio::test]
async fn a_panic_while_asking_after_a_letter_leaves_it_awaited() {
    let mailing = Mailing::unaskable(3, OnLoss::Hold).await;
    mailing
        .scene
        .systems
        .with(2, usize::MAX, Stage::Confirm, Mishap::Panics);
    let report = mailing.complete().await;
    assert_eq!(outcome_of(&report, 2), Outcome::AwaitingConfirmation);
    assert_eq!(report.counts.delivered, 2);
    mailing.scene.systems.heal();
    mailing.pass(DAY);
    mailing.complete().await;
    assert_eq!(mailing.row(2).await.state, RecordState::Done);
}

#[tokio::test]
async fn letters_of_one_batch_share_a_transaction_and_each_has_its_own_word() {
    let mut mailing = Mailing::of(6).await;
    mailing.scene.batches.write = 3;
    let verdicts = [(2, Verdict::Rejects), (3, Verdict::NotYet)];
    let keyed = verdicts.map(|(number, verdict)| (super::super::systems::key(number), verdict));
    mailing.office.verdicts.borrow_mut().extend(keyed);
    let report = mailing.complete().await;
    assert_eq!(mailing.scene.systems.begun(Stage::Write).len(), 2);
    assert_eq!(reason_of(&report, 2), Some(Reason::RejectedByProgres));
    assert_eq!(outcome_of(&report, 3), Outcome::AwaitingConfirmation);
    assert_eq!(report.counts.delivered, 4);
}

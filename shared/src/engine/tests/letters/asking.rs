//! What a person can ask of a run, and letters that are not ours to send.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::scenario::{foreseen, outcome_of, reason_of};
use super::super::systems::{Mishap, Stage, key};
use super::mailing::{DAY, MINUTE, Mailing};
use super::register::{Answers, Verdict};
use crate::clock::Clock;
use crate::domain::outcome::{Outcome, RunStatus, Standing};
use crate::domain::reason::Reason;
use crate::domain::record::RecordKey;
use crate::engine::{Fault, Tells};
use crate::store::RecordState;

fn blank() -> Fault {
    Fault::hold(Reason::MissingRequiredField, vec!["content".to_owned()])
}

fn keys(numbers: &[u128]) -> BTreeSet<RecordKey> {
    numbers.iter().map(|number| key(*number)).collect()
}

#[tokio::test]
async fn a_dry_run_writes_nowhere_and_counts_as_the_real_run_that_follows() {
    for (answers, tells) in [
        (Answers::InPlace, Tells::Nothing),
        (Answers::ToVerify, Tells::HeldToo),
    ] {
        let mut mailing = Mailing::of(9).await;
        mailing.office.answers.set(answers);
        mailing.tells = tells;
        mailing
            .register
            .change(2, |letter| letter.invalid = Some(blank()));
        let skips = [
            Fault::skip(Reason::NotPending),
            Fault::skip_and_tell(Reason::Withdrawn),
        ];
        for (number, skip) in (3..).zip(skips) {
            mailing
                .register
                .change(number, |letter| letter.invalid = Some(skip));
        }
        let missing = Mishap::Record(Fault::retry(Reason::DetailsMissing));
        mailing.scene.systems.with(5, 2, Stage::Fetch, missing);
        mailing
            .register
            .change(6, |letter| letter.unusable = Some(blank()));

        mailing.scene.request.dry_run = true;
        let dry = mailing.complete().await;
        for stage in [Stage::Write, Stage::Report] {
            assert!(mailing.scene.systems.begun(stage).is_empty(), "{stage:?}");
        }
        assert_eq!(mailing.scene.rows().await, 0, "nothing is stored");

        mailing.scene.request.dry_run = false;
        let real = mailing.complete().await;
        assert_eq!(
            (foreseen(&dry.counts), &dry.reasons),
            (real.counts.clone(), &real.reasons)
        );
        assert_eq!(dry.counts.would_deliver, 4);
        assert_eq!(real.counts.delivered, 4);
        assert!(mailing.scene.rows().await > 9);
    }
}

#[tokio::test]
async fn a_dry_run_reads_every_page_and_tells_what_a_real_one_would_deliver() {
    let mut mailing = Mailing::of(25).await;
    mailing.per = 4;
    mailing.scene.settings.first_run_writes = 2;
    mailing.scene.request.dry_run = true;
    let report = mailing.complete().await;
    assert_eq!(report.status, RunStatus::Completed);
    assert_eq!(report.counts.would_deliver, 25);
    assert_eq!(report.counts.discovered, 25);
    assert_eq!(outcome_of(&report, 25), Outcome::WouldDeliver);
}

#[tokio::test]
async fn a_dry_run_names_the_fields_that_it_would_write() {
    let mut mailing = Mailing::of(1).await;
    mailing.scene.request.dry_run = true;
    let report = mailing.complete().await;
    assert_eq!(report.records[0].fields, ["content"]);
}

#[tokio::test]
async fn only_what_is_named_is_worked_on_and_the_cursor_stays() {
    let mut mailing = Mailing::of(3).await;
    mailing.scene.request.only = Some(keys(&[2, 9]));
    let report = mailing.complete().await;
    assert_eq!(outcome_of(&report, 2), Outcome::Delivered);
    assert_eq!(reason_of(&report, 9), Some(Reason::NotFound));
    assert_eq!(report.counts.discovered, 2);
    assert_eq!(report.cursor.after, None);
    assert_eq!(mailing.scene.find_row(1).await, None);
}

#[tokio::test]
async fn what_is_named_and_known_is_tried_before_its_time_and_counted_once() {
    let mut mailing = Mailing::of(1).await;
    let missing = Mishap::Record(Fault::retry(Reason::DetailsMissing));
    mailing.scene.systems.with(1, 1, Stage::Fetch, missing);
    mailing.complete().await;
    mailing.scene.request.only = Some(keys(&[1]));
    let report = mailing.complete().await;
    assert_eq!((report.counts.discovered, report.counts.delivered), (1, 1));
}

#[tokio::test]
async fn what_is_named_and_known_is_looked_at_even_if_nothing_shows_that_it_changed() {
    let mut mailing = Mailing::of(2).await;
    mailing
        .register
        .change(2, |letter| letter.invalid = Some(blank()));
    mailing.complete().await;
    for number in [1, 2] {
        mailing.register.change(number, |letter| {
            letter.invalid = None;
            letter.content = 2;
        });
    }
    mailing.scene.request.only = Some([key(1), key(2)].into());
    assert_eq!(mailing.complete().await.counts.delivered, 2);
    assert_eq!(mailing.office.arrived(1), [1, 2]);
    assert_eq!(mailing.office.arrived(2), [2]);
}

#[tokio::test]
async fn since_reads_a_window_again_and_leaves_the_cursor_alone() {
    let mut mailing = Mailing::of(2).await;
    let begun = mailing.scene.clock.now();
    mailing.pass(DAY);
    mailing.save_and_settle(2, 2);
    let before = mailing.complete().await.cursor.after;
    mailing.scene.request.since = begun.checked_sub(jiff::SignedDuration::from_hours(1)).ok();
    let report = mailing.complete().await;
    assert_eq!(report.counts.discovered, 2);
    assert_eq!(report.cursor.after, before);
}

#[tokio::test]
async fn a_limit_counts_what_is_past_the_gate_and_defers_the_rest() {
    let mut mailing = Mailing::of(5).await;
    mailing.complete().await;
    for number in 3..=5 {
        mailing.save_and_settle(number, 2);
    }
    mailing.scene.request.limit = Some(2);
    let report = mailing.complete().await;
    assert_eq!((report.counts.delivered, report.counts.deferred), (2, 1));
    assert_eq!(report.status, RunStatus::Completed);
    mailing.scene.request.limit = None;
    assert_eq!(mailing.complete().await.counts.delivered, 1);
}

#[tokio::test]
async fn a_release_stays_in_the_row_until_the_letter_is_held_or_done() {
    let mut mailing = Mailing::of(1).await;
    mailing
        .register
        .change(1, |letter| letter.invalid = Some(blank()));
    mailing.complete().await;
    mailing.register.change(1, |letter| letter.invalid = None);
    let missing = Mishap::Record(Fault::retry(Reason::DetailsMissing));
    mailing.scene.systems.with(1, 1, Stage::Fetch, missing);
    mailing.scene.request.release_held = true;
    mailing.complete().await;
    let row = mailing.row(1).await;
    assert_eq!((row.state, row.released), (RecordState::Retry, true));
    mailing.scene.request.release_held = false;
    mailing.office.verdict.set(Verdict::NotYet);
    mailing.pass(DAY);
    mailing.complete().await;
    assert!(mailing.row(1).await.released, "it is on its way");
    let histories = mailing.register.histories.borrow().clone();
    assert!(histories.last().expect("mapped").2);
    mailing.office.verdict.set(Verdict::Confirms);
    mailing.pass(DAY);
    mailing.complete().await;
    let row = mailing.row(1).await;
    assert_eq!((row.state, row.released), (RecordState::Done, false));
}

#[tokio::test]
async fn a_held_letter_is_not_looked_at_again_before_it_is_saved_anew_or_the_profile_changes() {
    let mut mailing = Mailing::of(1).await;
    mailing
        .register
        .change(1, |letter| letter.invalid = Some(blank()));
    mailing.complete().await;
    let looked = mailing.scene.systems.begun(Stage::Fetch).len();
    mailing.complete().await;
    assert_eq!(mailing.scene.systems.begun(Stage::Fetch).len(), looked);
    mailing.register.change(1, |letter| letter.invalid = None);
    mailing.scene.profile_version = "v2".to_owned();
    mailing.pass(DAY);
    mailing.save_and_settle(2, 1);
    mailing.complete().await;
    assert_eq!(mailing.office.arrived(1), [1], "outside any window");
}

#[tokio::test]
async fn a_held_letter_is_looked_at_once_a_day_and_opens_if_what_it_rests_on_changed() {
    let mailing = Mailing::of(1).await;
    mailing
        .register
        .change(1, |letter| letter.invalid = Some(blank()));
    mailing.complete().await;
    // Its window is long over.
    mailing.pass(DAY);
    mailing.save_and_settle(2, 1);
    mailing.complete().await;
    let looked = mailing.scene.systems.begun(Stage::Fetch).len();
    mailing.complete().await;
    assert_eq!(mailing.scene.systems.begun(Stage::Fetch).len(), looked);
    mailing.register.change(1, |letter| {
        letter.invalid = None;
        letter.content = 2;
    });
    mailing.pass(DAY);
    assert_eq!(mailing.complete().await.counts.delivered, 1);
    assert_eq!(mailing.office.arrived(1), [2]);
}

#[tokio::test]
async fn a_skipped_letter_has_a_row_with_its_reason_and_opens_when_it_is_saved_anew() {
    let mailing = Mailing::of(1).await;
    let skip = Fault::skip(Reason::NotReferred);
    mailing
        .register
        .change(1, |letter| letter.invalid = Some(skip));
    let report = mailing.complete().await;
    assert_eq!(reason_of(&report, 1), Some(Reason::NotReferred));
    let row = mailing.row(1).await;
    assert_eq!(
        (row.state, row.reason, row.ttl),
        (RecordState::Skipped, Some(Reason::NotReferred), None)
    );
    mailing.complete().await;
    assert_eq!(mailing.scene.systems.begun(Stage::Fetch).len(), 1);
    mailing.save_and_settle(1, 1);
    mailing.register.change(1, |letter| letter.invalid = None);
    assert_eq!(mailing.complete().await.counts.delivered, 1);
}

#[tokio::test]
async fn the_source_hears_of_a_skipped_letter_if_it_is_to_hear_of_it() {
    let mut mailing = Mailing::of(2).await;
    mailing.tells = Tells::Delivered;
    let skips = [
        Fault::skip(Reason::NotPending),
        Fault::skip_and_tell(Reason::Withdrawn),
    ];
    for (number, skip) in (1..).zip(skips) {
        mailing
            .register
            .change(number, |letter| letter.invalid = Some(skip));
    }
    assert_eq!(mailing.complete().await.counts.skipped, 2);
    assert_eq!(mailing.scene.systems.told_in_place(1), 0);
    assert_eq!(mailing.scene.systems.told_in_place(2), 1);
}

#[tokio::test]
async fn what_changed_without_concern_to_a_delivered_letter_leaves_it_done() {
    let mailing = Mailing::of(1).await;
    mailing.complete().await;
    mailing.save_and_settle(1, 2);
    mailing
        .register
        .change(1, |letter| letter.invalid = Some(Fault::settled()));
    let report = mailing.complete().await;
    assert_eq!(outcome_of(&report, 1), Outcome::AlreadyInPlace);
    let row = mailing.row(1).await;
    let version = mailing
        .register
        .letter(&key(1))
        .expect("registered")
        .saved_at;
    assert_eq!(
        (row.state, row.version),
        (RecordState::Done, Some(version.to_string()))
    );
    assert_eq!(mailing.office.arrived(1), [1]);
}

#[tokio::test]
async fn the_measures_tell_of_the_longest_unsent_and_held_even_of_what_this_run_leaves_alone() {
    let mailing = Mailing::of(2).await;
    let first = mailing.scene.clock.now();
    mailing
        .register
        .change(1, |letter| letter.invalid = Some(blank()));
    let missing = Mishap::Record(Fault::retry(Reason::DetailsMissing));
    mailing
        .scene
        .systems
        .with(2, usize::MAX, Stage::Fetch, missing);
    let finished = mailing.run().await;
    assert_eq!(finished.measures.newly_held, 1);
    mailing.pass(MINUTE);
    let finished = mailing.run().await;
    assert_eq!(finished.measures.newly_held, 0);
    let standing = Standing {
        held: 1,
        oldest_held: Some(first),
        oldest_unsent: Some(first),
    };
    assert_eq!(finished.measures.standing, Some(standing));
    mailing.pass(Duration::from_secs(1));
}

//! The cursor: where a window begins and ends, and what may not be passed.

use super::super::systems::key;
use super::mailing::{DAY, Mailing};

#[tokio::test]
async fn the_cursor_is_the_latest_change_seen_and_the_next_window_begins_an_overlap_before_it() {
    let mailing = Mailing::of(2).await;
    let report = mailing.complete().await;
    let last = mailing.register.letter(&key(2)).expect("registered");
    let whole = jiff::Timestamp::from_second(last.saved_at.as_second());
    assert_eq!(report.cursor.after, whole.ok());
    assert_eq!(report.cursor.before, None);
    mailing.pass(DAY);
    let report = mailing.complete().await;
    assert_eq!(report.counts.already_in_place, 2, "within the overlap");
    assert_eq!(report.cursor.after, report.cursor.before, "no signpost");
}

#[tokio::test]
async fn an_unfinished_window_goes_on_where_it_stopped() {
    let mut mailing = Mailing::of(9).await;
    mailing.per = 3;
    // Longer ago than anything could be shown late.
    mailing.pass(DAY);
    mailing.scene.request.limit = Some(4);
    let report = mailing.complete().await;
    assert_eq!((report.counts.delivered, report.counts.deferred), (4, 1));
    let cursor = mailing.scene.store().cursor().await.expect("readable");
    let cursor = cursor.expect("saved");
    assert_eq!(cursor.resume, Some(cursor.position));
    mailing.scene.request.limit = None;
    let report = mailing.complete().await;
    assert_eq!(report.counts.delivered, 5);
    let again = report.counts.already_in_place;
    assert!(
        again <= 2,
        "from the second on where it stopped: {report:?}"
    );
    let cursor = mailing.scene.store().cursor().await.expect("readable");
    assert_eq!(cursor.expect("saved").resume, None);
}

#[tokio::test]
async fn the_cursor_does_not_pass_a_letter_without_a_row() {
    let mut mailing = Mailing::of(3).await;
    mailing.scene.settings.first_run_writes = 1;
    let report = mailing.complete().await;
    assert_eq!((report.counts.delivered, report.counts.deferred), (1, 2));
    assert_eq!(report.cursor.after, None);
    mailing.pass(DAY);
    mailing.scene.settings.first_run_writes = 10;
    assert_eq!(mailing.complete().await.counts.delivered, 2);
}

#[tokio::test]
async fn the_cursor_passes_a_letter_that_failed_and_the_ledger_brings_it_again() {
    let mailing = Mailing::of(2).await;
    let missing = crate::engine::Fault::retry(crate::domain::reason::Reason::DetailsMissing);
    let systems = &mailing.scene.systems;
    systems.with(
        1,
        1,
        super::super::systems::Stage::Fetch,
        super::super::systems::Mishap::Record(missing),
    );
    let report = mailing.complete().await;
    assert!(report.cursor.after.is_some());
    // The window of the next run begins after it.
    mailing.pass(DAY);
    mailing.save_and_settle(2, 2);
    mailing.complete().await;
    assert_eq!(mailing.office.arrived(1), [1]);
}

#[tokio::test]
async fn what_comes_to_light_while_fetching_is_worked_on_in_the_same_run() {
    let mailing = Mailing::of(1).await;
    mailing.pass(DAY);
    mailing.complete().await;
    // Saved long before the window, and found beside letter 1.
    mailing.save(2, 1);
    mailing.register.change(2, |letter| {
        letter.saved_at = super::super::scenario::START;
    });
    mailing.save_and_settle(1, 2);
    mailing.register.found.borrow_mut().push(2);
    let report = mailing.complete().await;
    assert_eq!(report.counts.delivered, 2);
    assert_eq!(mailing.office.arrived(2), [1]);
}

//! The cursor against a plain model: however letters are saved, shown late, and moved while we page, and wherever runs are cut off, every
//! letter arrives as it last was.

use std::time::Duration;

use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::super::fate::{Doom, When};
use super::super::scenario::Scenario;
use super::super::systems::key;
use super::mailing::{DAY, MINUTE, Mailing};
use super::register::{Answers, Save};
use super::seeded::tell;

/// One thing that happens.
#[derive(Clone, Debug)]
enum Happening {
    /// Letters are saved in the same second.
    Save(Vec<Save>),
    Pass(Duration),
    /// A run, under this doom, with letters saved before each of its pages.
    Run(Doom, Vec<Vec<Save>>),
    /// A run that may look at so many letters only.
    Limited(usize),
}

/// How far the register's clock is ahead, how many letters a page shows, and what happens.
type Story = (i64, usize, Vec<Happening>);

fn saves(most: usize) -> impl Strategy<Value = Vec<Save>> {
    // What is shown late is shown within the overlap, less what a run may take.
    let late = prop_oneof![3 => Just(0_u64), 1 => 1..280_u64];
    let save = (1..12_u128, 1..90_u32, late).prop_map(|(number, content, late)| Save {
        number,
        content,
        late: Duration::from_secs(late),
    });
    prop::collection::vec(save, 0..most)
}

fn happenings() -> impl Strategy<Value = Happening> {
    let pauses = prop_oneof![
        Just(Duration::from_millis(300)),
        Just(Duration::from_secs(1)),
        Just(MINUTE),
        Just(15 * MINUTE),
    ];
    let when = prop_oneof![Just(When::BeforeItsEffect), Just(When::AfterItsEffect)];
    let dooms = prop_oneof![
        2 => Just(Doom::None),
        2 => (when, 4..40_usize).prop_map(|(when, call)| Doom::Dies(when, call)),
        1 => (4..20_usize).prop_map(Doom::StoreFailsAfter),
    ];
    prop_oneof![
        4 => saves(9).prop_map(Happening::Save),
        3 => pauses.prop_map(Happening::Pass),
        3 => (dooms, prop::collection::vec(saves(3), 0..4))
            .prop_map(|(doom, between)| Happening::Run(doom, between)),
        1 => (1..4_usize).prop_map(Happening::Limited),
    ]
}

fn stories() -> impl Strategy<Value = Story> {
    let skew = prop_oneof![Just(0_i64), -300..=300_i64];
    (skew, 2..5_usize, prop::collection::vec(happenings(), 1..8))
}

async fn told(scene: Scenario, (skew, per, story): Story) -> Result<(), TestCaseError> {
    let mut mailing = Mailing::at(scene, 0);
    mailing.office.answers.set(Answers::InPlace);
    mailing.register.skew.set(SignedDuration::from_secs(skew));
    mailing.per = per;
    for happening in story {
        match happening {
            Happening::Save(saves) => {
                let now = crate::clock::Clock::now(&*mailing.scene.clock);
                for save in saves {
                    mailing.register.save(now, save);
                }
            }
            Happening::Pass(time) => mailing.pass(time),
            Happening::Run(doom, between) => {
                mailing.register.between_pages.borrow_mut().extend(between);
                mailing.run_under(doom).await;
                mailing.register.between_pages.borrow_mut().clear();
                // A run that died holds its lease for a while.
                if doom != Doom::None {
                    mailing.pass(17 * MINUTE);
                }
            }
            Happening::Limited(limit) => {
                mailing.scene.request.limit = Some(limit);
                mailing.run().await;
                mailing.scene.request.limit = None;
            }
        }
    }
    // Everything shows by now, and nothing waits.
    for _ in 0..2 {
        mailing.pass(5 * MINUTE);
        mailing.complete().await;
    }
    mailing.pass(DAY);
    mailing.complete().await;
    for letter in mailing.register.letters.borrow().iter() {
        let latest = mailing.office.latest(&letter.key);
        prop_assert_eq!(latest, Some(letter.content), "letter {}", &letter.key);
    }
    Ok(())
}

#[test]
fn no_change_is_missed() {
    tell(100, &stories(), told);
}

#[tokio::test]
async fn fifteen_hundred_letters_saved_in_one_second_all_arrive() {
    let mut mailing = Mailing::of(0).await;
    mailing.office.answers.set(Answers::InPlace);
    mailing.scene.settings.first_run_writes = 2000;
    mailing.per = 1000;
    for number in 1..=1500 {
        mailing.save(number, 1);
    }
    mailing.pass(MINUTE);
    let report = mailing.complete().await;
    assert_eq!(report.counts.delivered, 1500);
    assert_eq!(mailing.office.receipts.borrow().len(), 1500);
    assert_eq!(mailing.complete().await.counts.delivered, 0);
    assert_eq!(mailing.office.arrived(1500), [1]);
}

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

//! The cursor: however the source moves and wherever runs are cut off, no update is missed, and a window goes on where it stopped.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::dispatch::{Course, Nature, Terms};
use super::experiment::experiment;
use super::office::{Office, Trial};
use super::oracle::{After, judge};
use super::source::{Change, Kind};
use super::world::World;
use crate::domain::outcome::RunStatus;
use crate::engine::Request;
use crate::engine::tests::fate::{Doom, When};

/// How far a window reaches back, which is how late the list may show what is dated earlier.
const OVERLAP: u64 = 600;
const START_FROM: Timestamp = Timestamp::constant(1_790_000_000 - 3600, 0);

/// Some changes, each so long after the one before, and a run.
#[derive(Clone, Debug)]
struct Step {
    changes: Vec<(Duration, Change)>,
    pause: Duration,
    trial: Trial,
}

#[derive(Clone, Debug)]
struct Journey {
    ahead: i64,
    per: usize,
    reads_anew: bool,
    steps: Vec<Step>,
}

fn change(number: u32, shown_after: u64) -> Change {
    Change {
        number,
        kind: Kind::Fine,
        takes: Duration::ZERO,
        shown_after: Duration::from_secs(shown_after),
    }
}

fn changes() -> impl Strategy<Value = Change> {
    let shown_after = prop_oneof![4 => Just(0), 1 => 1..OVERLAP, 1 => Just(OVERLAP)];
    (0..9_u32, shown_after).prop_map(|(number, shown_after)| change(number, shown_after))
}

fn trials() -> impl Strategy<Value = Trial> {
    let when = || prop_oneof![Just(When::BeforeItsEffect), Just(When::AfterItsEffect)];
    let dooms = prop_oneof![
        2 => Just(Doom::None),
        3 => (when(), 1..60_usize).prop_map(|(when, call)| Doom::Dies(when, call)),
        2 => (when(), 1..60_usize).prop_map(|(when, call)| Doom::Fails(when, call)),
        1 => (0..50_usize).prop_map(Doom::StoreFailsAfter),
    ];
    let delay = prop_oneof![Just(50_u64), Just(400), Just(1200)].prop_map(Duration::from_secs);
    let slow = proptest::option::weighted(0.4, (1..25_usize, delay));
    let moving = proptest::collection::vec((1..25_usize, changes()), 0..5);
    let limit = proptest::option::weighted(0.2, 0..5_usize);
    (dooms, slow, moving, limit).prop_map(|(doom, slow, changes, limit)| Trial {
        doom,
        course: Course { slow, changes },
        time: Duration::from_mins(10),
        request: Request {
            limit,
            ..Request::default()
        },
    })
}

fn steps() -> impl Strategy<Value = Step> {
    // Many within one second, even within one millisecond.
    let after = prop_oneof![
        3 => Just(0_u64),
        3 => 1..400_u64,
        1 => 1000..90_000_u64,
    ];
    let changes = (after.prop_map(Duration::from_millis), changes());
    let pause = prop_oneof![0..30_u64, 60..900_u64, Just(12 * 60)];
    let changes = proptest::collection::vec(changes, 0..8);
    (changes, pause, trials()).prop_map(|(changes, pause, trial)| Step {
        changes,
        pause: Duration::from_secs(pause),
        trial,
    })
}

fn journeys() -> impl Strategy<Value = Journey> {
    let steps = proptest::collection::vec(steps(), 1..5);
    (-300..=300_i64, 2..5_usize, any::<bool>(), steps).prop_map(
        |(ahead, per, reads_anew, steps)| Journey {
            ahead,
            per,
            reads_anew,
            steps,
        },
    )
}

fn terms(per: usize) -> Terms {
    Terms {
        nature: Nature::Final,
        per,
        reads_anew: false,
        ahead: 0,
        start_from: START_FROM,
    }
}

/// Where the next window has to begin.
async fn expected_start(office: &Office<'_>) -> Timestamp {
    let cursor = office.store().cursor().await.expect("the store answers");
    let overlap = SignedDuration::try_from(Duration::from_secs(OVERLAP)).expect("it is short");
    cursor.map_or(START_FROM, |cursor| {
        let afresh = START_FROM.max(cursor.position - overlap);
        cursor.resume.unwrap_or(afresh)
    })
}

/// One run, whose window begins where it should.
async fn run(office: &Office<'_>, trial: &Trial) {
    let expected = expected_start(office).await;
    let before = office.windows.borrow().len();
    let finished = office.run_in(0, trial).await;
    if trial.doom == Doom::None && trial.course.slow.is_none() {
        assert_eq!(finished.and_then(|finished| finished.stop), None);
    }
    let windows = office.windows.borrow();
    for (from, _) in &windows[before..] {
        assert_eq!(*from, expected);
    }
}

async fn travel(office: &Office<'_>, journey: &Journey) {
    for step in &journey.steps {
        for (after, change) in &step.changes {
            office.clock.advance(*after);
            office.change(*change);
        }
        office.clock.advance(step.pause);
        run(office, &step.trial).await;
    }
    for _ in 0..2 {
        office.clock.advance(Duration::from_hours(26));
        run(office, &Trial::default()).await;
    }
    judge(office, After::HealthyRuns).await;
    let cursor = office.store().cursor().await.expect("the store answers");
    assert_eq!(cursor.and_then(|cursor| cursor.resume), None);
}

#[test]
fn no_update_is_ever_missed() {
    experiment(250, &journeys(), &async |world, journey| {
        let terms = Terms {
            ahead: journey.ahead,
            reads_anew: journey.reads_anew,
            ..terms(journey.per)
        };
        travel(&Office::open(world, terms), journey).await;
    });
}

/// 1,500 sheets that were saved within one second, an hour ago, with others before and after.
fn crowded(office: &Office<'_>) {
    office.change(change(0, 0));
    office.clock.advance(Duration::from_secs(7));
    for number in 1..=1500 {
        office.change(change(number, 0));
    }
    office.clock.advance(Duration::from_secs(1));
    office.change(change(1501, 0));
    office.clock.advance(Duration::from_hours(1));
}

#[test]
fn fifteen_hundred_changes_of_one_second_all_arrive_though_some_move_meanwhile() {
    let world = World::open();
    world.runtime.block_on(async {
        let office = Office::open(&world, terms(100));
        crowded(&office);
        let moving = (0..40_u32)
            .zip((20..).step_by(10))
            .map(|(number, at)| (at, change(1 + 37 * number, 0)));
        let trial = Trial {
            course: Course {
                changes: moving.collect(),
                ..Course::default()
            },
            ..Trial::default()
        };
        run(&office, &trial).await;
        office.clock.advance(Duration::from_mins(1));
        run(&office, &Trial::default()).await;
        judge(&office, After::HealthyRuns).await;
    });
}

#[test]
fn a_long_window_that_is_cut_off_again_and_again_is_read_once() {
    let world = World::open();
    world.runtime.block_on(async {
        let office = Office::open(&world, terms(5));
        for number in 0..60 {
            office.change(change(number, 0));
            office.clock.advance(Duration::from_secs(20));
        }
        office.clock.advance(Duration::from_hours(2));
        // Time for some pages only: the answer to this call comes within the reserve.
        let trial = Trial {
            course: Course {
                slow: Some((25, Duration::from_secs(885))),
                ..Course::default()
            },
            ..Trial::default()
        };
        let mut runs = 0;
        loop {
            runs += 1;
            let finished = office.run_in(0, &trial).await.expect("it ends");
            if finished.report.status == RunStatus::Completed {
                break;
            }
            assert_eq!(finished.stop, None);
            assert_eq!(finished.report.status, RunStatus::Truncated);
            assert!(runs < 30, "{:?}", office.windows.borrow());
        }
        assert!(runs > 2, "it was never cut off");
        judge(&office, After::HealthyRuns).await;
        let windows = office.windows.borrow();
        assert!(windows.is_sorted(), "{windows:?}");
        let pages: usize = windows.iter().map(|(_, pages)| pages).sum();
        // Each page shows the last row of the one before once more, and each run the page that the one before left.
        assert!(
            pages <= 60 / 4 + 1 + 2 * runs,
            "{pages} pages in {runs} runs"
        );
        let letters = (0..60).map(|number| office.destination.of(number).len());
        assert_eq!(letters.max(), Some(1));
    });
}

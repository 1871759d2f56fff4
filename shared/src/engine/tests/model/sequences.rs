//! Random sequences of whatever may happen between two healthy runs, against the oracle.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;

use super::dispatch::{Course, Nature, Terms};
use super::experiment::experiment;
use super::office::{Office, START, Trial};
use super::oracle::{After, judge};
use super::source::{Change, Kind};
use crate::domain::reason::Reason;
use crate::domain::record::RecordKey;
use crate::engine::Request;
use crate::engine::tests::fate::{Doom, When};
use crate::store::RecordState;

/// Longer than any waiting time of the engine, and than the destination ever takes.
const LONG: Duration = Duration::from_hours(9 * 24);
/// Healthy runs within which everything has come to its end.
const HEALTHY: usize = 3;
/// No sheet asks for a later version of the profile than this one.
const LAST_PROFILE: u32 = 10;

/// Something that happens.
#[derive(Clone, Debug)]
enum Act {
    Change(Change),
    Passes(Duration),
    NewProfile,
    Run(Box<Trial>),
    /// The second one begins while the first one stands still.
    Overlapping(Box<[Trial; 2]>),
    /// A person releases all that is held.
    Release,
}

#[derive(Clone, Debug)]
struct Story {
    reads_anew: bool,
    ahead: i64,
    begins_with: Vec<Change>,
    acts: Vec<Act>,
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![
        6 => Just(Kind::Fine),
        1 => Just(Kind::Rejected),
        1 => Just(Kind::Unmappable),
        1 => (1..4_u32).prop_map(|under| Kind::Unknown { under }),
        1 => Just(Kind::NotOurs),
    ]
}

fn changes() -> impl Strategy<Value = Change> {
    let takes = prop_oneof![
        4 => 0..3_u64,
        3 => 30..4000_u64,
        1 => Just(8 * 24 * 3600_u64),
    ];
    (0..4_u32, kinds(), takes).prop_map(|(number, kind, takes)| Change {
        number,
        kind,
        takes: Duration::from_secs(takes),
        shown_after: Duration::ZERO,
    })
}

fn dooms() -> impl Strategy<Value = Doom> {
    let when = || prop_oneof![Just(When::BeforeItsEffect), Just(When::AfterItsEffect)];
    prop_oneof![
        3 => Just(Doom::None),
        3 => (when(), 1..40_usize).prop_map(|(when, call)| Doom::Dies(when, call)),
        3 => (when(), 1..40_usize).prop_map(|(when, call)| Doom::Fails(when, call)),
        1 => (0..30_usize).prop_map(Doom::StoreFailsAfter),
    ]
}

fn courses() -> impl Strategy<Value = Course> {
    // Over the time-out of a call, over the run's time, over its lease.
    let delays = prop_oneof![Just(40_u64), Just(14 * 60), Just(20 * 60)];
    let slow = (1..12_usize, delays.prop_map(Duration::from_secs));
    let meanwhile = proptest::collection::vec((1..12_usize, changes()), 0..2);
    (proptest::option::of(slow), meanwhile).prop_map(|(slow, changes)| Course { slow, changes })
}

fn trials() -> impl Strategy<Value = Trial> {
    let times = prop_oneof![3 => Just(900_u64), 1 => 35..90_u64];
    let limits = prop_oneof![4 => Just(None), 1 => (0..3_usize).prop_map(Some)];
    (dooms(), courses(), times, limits).prop_map(|(doom, course, time, limit)| Trial {
        doom,
        course,
        time: Duration::from_secs(time),
        request: Request {
            limit,
            ..Request::default()
        },
    })
}

fn acts() -> impl Strategy<Value = Act> {
    let passes = prop_oneof![
        2 => 0..20_u64,
        2 => 60..5000_u64,
        2 => Just(26 * 3600_u64),
        1 => Just(7 * 24 * 3600_u64 + 60),
    ];
    prop_oneof![
        3 => changes().prop_map(Act::Change),
        2 => passes.prop_map(|seconds| Act::Passes(Duration::from_secs(seconds))),
        1 => Just(Act::NewProfile),
        4 => trials().prop_map(|trial| Act::Run(Box::new(trial))),
        1 => (trials(), trials()).prop_map(|(one, other)| Act::Overlapping(Box::new([one, other]))),
        1 => Just(Act::Release),
    ]
}

fn stories() -> impl Strategy<Value = Story> {
    let begins_with = proptest::collection::vec(changes(), 1..4);
    let acts = proptest::collection::vec(acts(), 1..6);
    (any::<bool>(), -300..=300_i64, begins_with, acts).prop_map(
        |(reads_anew, ahead, begins_with, acts)| Story {
            reads_anew,
            ahead,
            begins_with,
            acts,
        },
    )
}

async fn happens(office: &Office<'_>, act: &Act) {
    match act {
        Act::Change(change) => office.change(*change),
        Act::Passes(duration) => office.clock.advance(*duration),
        Act::NewProfile => office.profile_version.set(office.profile_version.get() + 1),
        Act::Run(trial) => drop(office.run_in(0, trial).await),
        Act::Overlapping(trials) => {
            let [first, second] = &**trials;
            drop(office.run_both([first, second]).await);
        }
        Act::Release => {
            let named = let_go(office).await;
            drop(office.run_in(0, &releasing(None)).await);
            if !named.is_empty() {
                drop(office.run_in(0, &releasing(Some(named))).await);
            }
        }
    }
}

fn releasing(only: Option<BTreeSet<RecordKey>>) -> Trial {
    Trial {
        request: Request {
            only,
            release_held: true,
            ..Request::default()
        },
        ..Trial::default()
    }
}

/// What a person is about to release: where the letter may be at the destination, a second one is that person's decision.
async fn let_go(office: &Office<'_>) -> BTreeSet<RecordKey> {
    let mut named = BTreeSet::new();
    for (number, row) in office.rows().await {
        let unknown = row.reason.is_some_and(Reason::opens_only_by_release);
        if row.state == RecordState::Held && unknown {
            office.destination.let_go.borrow_mut().push(number);
            named.insert(row.key.clone());
        }
    }
    named
}

async fn recover(office: &Office<'_>) {
    for _ in 0..HEALTHY {
        office.clock.advance(LONG);
        office.complete().await;
    }
}

async fn tell(office: Office<'_>, story: &Story) {
    for change in &story.begins_with {
        office.change(*change);
    }
    office.clock.advance(Duration::from_secs(10));
    for act in &story.acts {
        happens(&office, act).await;
    }
    office.profile_version.set(LAST_PROFILE);
    recover(&office).await;
    judge(&office, After::HealthyRuns).await;
    let named = let_go(&office).await;
    office.complete_asked(releasing(None).request).await;
    if !named.is_empty() {
        office.complete_asked(releasing(Some(named)).request).await;
    }
    recover(&office).await;
    judge(&office, After::Release).await;
}

fn terms(nature: Nature, story: &Story) -> Terms {
    Terms {
        nature,
        per: 2,
        reads_anew: story.reads_anew,
        ahead: story.ahead,
        start_from: START - jiff::SignedDuration::from_hours(1),
    }
}

fn stories_about(nature: Nature, cases: u32) {
    experiment(cases, &stories(), &async |world, story| {
        tell(Office::open(world, terms(nature, story)), story).await;
    });
}

#[test]
fn where_the_destination_can_be_asked_every_effect_is_there_exactly_once() {
    stories_about(Nature::Askable, 100);
}

#[test]
fn where_it_cannot_an_effect_is_there_at_most_once_and_a_person_is_told() {
    stories_about(Nature::Hold, 100);
}

#[test]
fn where_what_was_lost_is_sent_again_every_effect_is_there_in_the_end() {
    stories_about(Nature::Resend, 50);
}

//! The promise against a plain model: whatever happens in whatever order, in the end every letter has arrived as it last was, none twice,
//! none out of order, and none was forgotten.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::super::fate::{Doom, When};
use super::super::line::system_of;
use super::super::scenario::Scenario;
use super::super::systems::{Mishap, Stage, key};
use super::mailing::{DAY, MINUTE, Mailing};
use super::post::{BLANK, print_of};
use super::register::{Answers, Receipt, Standing, Verdict};
use super::seeded::tell;
use crate::domain::reason::Reason;
use crate::engine::{Fault, OnLoss, Trouble};
use crate::store::RecordState;

const LETTERS: u128 = 2;

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
enum Happening {
    Save(u128, u32),
    Pass(Duration),
    Says(Verdict),
    NewProfile,
    Run(Doom),
    /// A run in which the first call of this stage fails, before or after its effect.
    Fails(Stage, When),
    ShortRun,
    Release,
    /// A run stalls at this stage, and goes on after its successor has ended.
    Overlap(Stage),
}

/// How the office answers, whether it cannot be asked, and what happens.
type Story = ((Answers, bool), Vec<Happening>);

fn dooms() -> impl Strategy<Value = Doom> {
    let when = prop_oneof![Just(When::BeforeItsEffect), Just(When::AfterItsEffect)];
    prop_oneof![
        8 => Just(Doom::None),
        3 => (when.clone(), 1..24_usize).prop_map(|(when, call)| Doom::Dies(when, call)),
        3 => (when, 1..24_usize).prop_map(|(when, call)| Doom::Fails(when, call)),
        1 => (1..14_usize).prop_map(Doom::StoreFailsAfter),
    ]
}

fn happenings() -> impl Strategy<Value = Happening> {
    let contents = prop_oneof![8 => 1..4_u32, 1 => Just(BLANK)];
    let pauses = prop_oneof![Just(MINUTE), Just(20 * MINUTE), Just(DAY)];
    let verdicts = prop_oneof![
        3 => Just(Verdict::Confirms),
        2 => Just(Verdict::NotYet),
        1 => Just(Verdict::Rejects),
        1 => Just(Verdict::Mumbles),
    ];
    let failing = prop_oneof![
        3 => Just(Stage::Fetch),
        1 => Just(Stage::Locate),
        2 => Just(Stage::Write),
        1 => Just(Stage::Verify),
        1 => Just(Stage::Confirm),
    ];
    let when = prop_oneof![Just(When::BeforeItsEffect), Just(When::AfterItsEffect)];
    let stages = prop_oneof![Just(Stage::Fetch), Just(Stage::Locate), Just(Stage::Write)];
    prop_oneof![
        9 => (1..=LETTERS, contents).prop_map(|(number, content)| Happening::Save(number, content)),
        3 => pauses.prop_map(Happening::Pass),
        2 => verdicts.prop_map(Happening::Says),
        1 => Just(Happening::NewProfile),
        8 => dooms().prop_map(Happening::Run),
        5 => (failing, when).prop_map(|(stage, when)| Happening::Fails(stage, when)),
        1 => Just(Happening::ShortRun),
        1 => Just(Happening::Release),
        1 => stages.prop_map(Happening::Overlap),
    ]
}

fn stories() -> impl Strategy<Value = Story> {
    // What can be read back can be asked.
    let kinds = prop_oneof![
        2 => Just((Answers::Accepts, false)),
        3 => Just((Answers::Accepts, true)),
        1 => Just((Answers::InPlace, false)),
        1 => Just((Answers::InPlace, true)),
        1 => Just((Answers::ToVerify, false)),
    ];
    (kinds, prop::collection::vec(happenings(), 2..10))
}

/// A run that stalls, and its successor.
async fn overlap(mailing: &Mailing, stage: Stage) {
    let systems = &mailing.scene.systems;
    systems.events.borrow_mut().clear();
    systems.hold_on();
    systems.once(stage, Mishap::Stalls);
    let ended = std::cell::Cell::new(false);
    let stalled = async {
        mailing.run().await;
        ended.set(true);
    };
    let successor = async {
        while systems.begun(stage).is_empty() && !ended.get() {
            tokio::task::yield_now().await;
        }
        systems.heal();
        mailing.pass(20 * MINUTE);
        mailing.run().await;
        systems.go_on();
    };
    futures::join!(stalled, successor);
    systems.heal();
}

async fn happens(mailing: &mut Mailing, happening: Happening, profiles: &mut u32) {
    match happening {
        Happening::Save(number, content) => {
            mailing.save(number, content);
            // As long as the register takes to answer it, so that the next run sees it.
            mailing.pass(Duration::from_secs(6));
        }
        Happening::Pass(time) => mailing.pass(time),
        Happening::Says(verdict) => mailing.office.verdict.set(verdict),
        Happening::NewProfile => {
            *profiles += 1;
            mailing.scene.profile_version = format!("v{profiles}");
        }
        Happening::Run(doom) => {
            mailing.run_under(doom).await;
        }
        Happening::Fails(stage, when) => {
            let down: Trouble = Fault::down(system_of(stage)).into();
            let mishap = match when {
                When::BeforeItsEffect => Mishap::Fails(down),
                When::AfterItsEffect => Mishap::FailsAfterEffect(down),
            };
            mailing.scene.systems.once(stage, mishap);
            mailing.run().await;
            mailing.scene.systems.heal();
        }
        Happening::ShortRun => {
            let time = std::mem::replace(&mut mailing.scene.time, Duration::from_secs(3));
            let slow = Mishap::Takes(Duration::from_secs(1));
            mailing.scene.systems.always(Stage::Write, slow);
            mailing.run().await;
            mailing.scene.systems.heal();
            mailing.scene.time = time;
        }
        // At an office that cannot be asked a person releases at the person's own risk; see the end.
        Happening::Release if mailing.unaskable.is_some() => {}
        Happening::Release => {
            mailing.scene.request.release_held = true;
            mailing.run().await;
            mailing.scene.request.release_held = false;
        }
        Happening::Overlap(stage) => overlap(mailing, stage).await,
    }
}

/// Nothing is lost of a letter, doubled or out of order.
fn holds_of_the_office(receipts: &[Receipt], history: &[u32]) -> Result<(), TestCaseError> {
    for pair in receipts.windows(2) {
        prop_assert!(
            pair[0].content != pair[1].content || pair[0].standing == Standing::Refused,
            "arrived twice: {receipts:?}"
        );
    }
    let mut order: Vec<u32> = receipts.iter().map(|receipt| receipt.content).collect();
    order.dedup();
    let mut versions = history.iter();
    for content in order {
        prop_assert!(
            versions.any(|version| *version == content),
            "out of order: {receipts:?} of {history:?}"
        );
    }
    Ok(())
}

async fn told(scene: Scenario, ((answers, unaskable), story): Story) -> Result<(), TestCaseError> {
    let mut mailing = Mailing::at(scene, 0);
    mailing.office.answers.set(answers);
    mailing.unaskable = unaskable.then_some(OnLoss::Hold);
    let mut profiles = 1;
    let mut histories = vec![Vec::new(); 1 + usize::try_from(LETTERS).expect("few")];
    for happening in story {
        if let Happening::Save(number, content) = happening {
            histories[usize::try_from(number).expect("few")].push(content);
        }
        happens(&mut mailing, happening, &mut profiles).await;
    }
    // All is well again: a day later, under a new profile, and once more.
    mailing.office.verdict.set(Verdict::Confirms);
    for _ in 0..2 {
        happens(&mut mailing, Happening::NewProfile, &mut profiles).await;
        mailing.pass(DAY);
        mailing.complete().await;
    }
    let receipts_of = |mailing: &Mailing, number| {
        let receipts = mailing.office.receipts.borrow();
        let of_it = receipts.iter().filter(|receipt| receipt.key == key(number));
        of_it.cloned().collect::<Vec<_>>()
    };
    for (number, history) in (0..).zip(&histories).skip(1) {
        holds_of_the_office(&receipts_of(&mailing, number), history)?;
    }
    let mut unknown = false;
    for (number, history) in (0..).zip(&histories).skip(1) {
        let Some(last) = history.last().copied() else {
            continue;
        };
        let row = mailing.scene.find_row(number).await;
        prop_assert!(row.is_some(), "letter {number} is forgotten");
        let row = row.expect("just seen");
        if row.state == RecordState::Held && row.reason == Some(Reason::OutcomeUnknown) {
            prop_assert!(unaskable, "letter {number} could be asked for: {row:?}");
            unknown = true;
        } else if last >= BLANK {
            prop_assert_eq!(row.state, RecordState::Held, "letter {}", number);
        } else {
            prop_assert_eq!(row.state, RecordState::Done, "letter {}: {:?}", number, row);
            prop_assert_eq!(row.fingerprint, Some(print_of(mailing.scene.secret, last)));
            prop_assert_eq!(mailing.office.latest(&key(number)), Some(last));
        }
    }
    if !unknown {
        return Ok(());
    }
    // A person has looked and releases.
    mailing.scene.request.release_held = true;
    mailing.complete().await;
    for (number, history) in (0..).zip(&histories).skip(1) {
        if let Some(last) = history.last().filter(|last| **last < BLANK) {
            prop_assert_eq!(mailing.office.latest(&key(number)), Some(*last));
        }
    }
    Ok(())
}

#[test]
fn whatever_happens_every_letter_arrives_once_and_in_order() {
    tell(200, &stories(), told);
}

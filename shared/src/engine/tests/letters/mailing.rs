//! One deployment of the letters over several runs.

use std::time::Duration;

use super::super::fate::Doom;
use super::super::line::Line;
use super::super::scenario::{START, Scenario};
use super::super::systems::{Systems, key};
use super::post::Post;
use super::register::{Office, Register};
use crate::clock::{Clock, later};
use crate::domain::outcome::RunReport;
use crate::engine::{Finished, OnLoss, Request, Tells};
use crate::store::RecordRow;

pub const MINUTE: Duration = Duration::from_mins(1);
pub const DAY: Duration = Duration::from_hours(24);

pub struct Mailing {
    pub scene: Scenario,
    pub register: Register,
    pub office: Office,
    pub unaskable: Option<OnLoss>,
    pub tells: Tells,
    pub per: usize,
    pub bundles: u128,
    /// How old what was read of a letter may be when it goes out.
    pub fresh_for: Option<Duration>,
}

impl Mailing {
    /// Letters 1 to `count` with content 1, saved a second apart. The office can be asked what it has.
    pub async fn of(count: u128) -> Self {
        let scene = Scenario::of(Systems::default()).await;
        let mailing = Self {
            scene,
            register: Register::default(),
            office: Office::default(),
            unaskable: None,
            tells: Tells::Nothing,
            per: 10,
            bundles: u128::MAX,
            fresh_for: None,
        };
        for number in 1..=count {
            mailing.save(number, 1);
            mailing.scene.clock.advance(Duration::from_secs(1));
        }
        mailing.pass(Duration::from_secs(10));
        mailing
    }

    /// The same, at an office that cannot be asked.
    pub async fn unaskable(count: u128, on_loss: OnLoss) -> Self {
        Self {
            unaskable: Some(on_loss),
            ..Self::of(count).await
        }
    }

    pub fn save(&self, number: u128, content: u32) {
        let now = self.scene.clock.now();
        self.register.save(now, number, content);
    }

    pub fn pass(&self, time: Duration) {
        self.scene.clock.advance(time);
    }

    /// A letter is saved, and the register answers it from now on.
    pub fn save_and_settle(&self, number: u128, content: u32) {
        self.pass(MINUTE);
        self.save(number, content);
        self.pass(MINUTE);
    }

    fn post(&self) -> Post<'_> {
        Post {
            line: Line {
                systems: &self.scene.systems,
                fate: &self.scene.fate,
                clock: &self.scene.clock,
            },
            register: &self.register,
            office: &self.office,
            batches: self.scene.batches,
            unaskable: self.unaskable,
            tells: self.tells,
            start_from: later(START, Duration::ZERO)
                .checked_sub(jiff::SignedDuration::from_hours(24))
                .expect("within all time"),
            overlap: 10 * MINUTE,
            per: self.per,
            bundles: self.bundles,
            fresh_for: self.fresh_for,
            secret: self.scene.secret,
        }
    }

    pub async fn run(&self) -> Finished {
        let store = self.scene.store();
        let finished = self.scene.run_workflow(&self.post(), &store).await;
        self.scene.assert_true(&finished, &store).await;
        finished
    }

    /// Runs once and demands that nothing stops it.
    pub async fn complete(&self) -> RunReport {
        let finished = self.run().await;
        assert_eq!(finished.stop, None, "{finished:?}");
        finished.report
    }

    /// Runs once under a decree, which then is over; none if the process died.
    pub async fn run_under(&self, doom: Doom) -> Option<Finished> {
        let store = self.scene.store();
        let post = self.post();
        self.scene.fate.decree(doom);
        let run = self.scene.run_workflow(&post, &store);
        let finished = self.scene.fate.befall(run).await;
        self.scene.fate.decree(Doom::None);
        finished
    }

    /// A person releases these letters by name.
    pub fn release(&mut self, numbers: &[u128]) {
        let keys = numbers.iter().map(|number| key(*number));
        self.scene.request = Request {
            only: Some(keys.collect()),
            release_held: true,
            ..Request::default()
        };
    }

    pub async fn row(&self, number: u128) -> RecordRow<String> {
        self.scene.row(number).await
    }
}

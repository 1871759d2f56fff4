//! The two made-up systems: a source that offers records, a destination that is a shelf, and what can go wrong with either.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::ids::InterventionId;
use crate::domain::reason::Reason;
use crate::domain::record::RecordKey;
use crate::engine::{CallError, Fault, Notice, Precedence};

/// The key of the record with this number.
pub fn key(number: u128) -> RecordKey {
    InterventionId::new(Uuid::from_u128(number)).into()
}

/// One record at the source.
#[derive(Clone)]
pub struct Offer {
    pub key: RecordKey,
    /// Records of one household are shelved one after another.
    pub household: String,
    pub content: String,
    /// What the list shows of it.
    pub shown: Option<String>,
    /// The list shows it in a way that cannot be read.
    pub unusable: Option<Fault>,
    /// Its mapping fails.
    pub invalid: Option<Fault>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Discover,
    Prepare,
    Fetch,
    Map,
    Locate,
    Write,
    Verify,
    Look,
    Confirm,
    Report,
}

/// What goes wrong with a call.
#[derive(Clone)]
pub enum Mishap {
    /// The record of the rule gets this answer.
    Record(Fault),
    /// The whole call fails without an effect.
    Fails(CallError),
    /// The whole call fails after its effect.
    FailsAfterEffect(CallError),
    Panics,
    /// The record is pushed off the shelf again at once, and nobody says so.
    Swallowed,
    /// The call takes this long.
    Takes(Duration),
    /// The call has its effect, and answers only after [`Systems::go_on`].
    Stalls,
    /// The call answers only after so many of its kind have.
    AnswersAfter(usize),
}

struct Rule {
    stage: Stage,
    record: Option<RecordKey>,
    mishap: Mishap,
    times: usize,
}

/// Something the systems were asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub stage: Stage,
    pub keys: Vec<RecordKey>,
    pub at: Timestamp,
    pub ended: bool,
}

#[derive(Default)]
pub struct Systems {
    pub offers: RefCell<Vec<Offer>>,
    /// Every record on the shelf; a second copy of one is a second entry.
    pub shelf: RefCell<Vec<RecordKey>>,
    /// Every notice that the source took.
    pub told: RefCell<Vec<Notice<String>>>,
    /// The source lists a record even after it was told that it is in place.
    pub forgetful: Cell<bool>,
    /// What another workflow has told of a record.
    pub ranks: RefCell<HashMap<RecordKey, Precedence>>,
    pub events: RefCell<Vec<Event>>,
    rules: RefCell<Vec<Rule>>,
    goes_on: Cell<bool>,
}

impl Systems {
    /// Offers records 1 to `count`, each of its own household.
    pub fn offering(count: u128) -> Self {
        let systems = Self::default();
        for number in 1..=count {
            systems.offer(number, &format!("household {number}"));
        }
        systems
    }

    pub fn offer(&self, number: u128, household: &str) {
        self.offers.borrow_mut().push(Offer {
            key: key(number),
            household: household.to_owned(),
            content: "blankets".to_owned(),
            shown: None,
            unusable: None,
            invalid: None,
        });
    }

    pub fn change(&self, number: u128, change: impl FnOnce(&mut Offer)) {
        let mut offers = self.offers.borrow_mut();
        let offer = offers.iter_mut().find(|offer| offer.key == key(number));
        change(offer.expect("it is offered"));
    }

    /// The list shows this of a record.
    pub fn show(&self, number: u128, shown: &str) {
        self.change(number, |offer| offer.shown = Some(shown.to_owned()));
    }

    /// The next call of this stage goes wrong.
    pub fn once(&self, stage: Stage, mishap: Mishap) {
        self.add(stage, None, mishap, 1);
    }

    /// Every call of this stage goes wrong.
    pub fn always(&self, stage: Stage, mishap: Mishap) {
        self.add(stage, None, mishap, usize::MAX);
    }

    /// The next `times` calls of this stage with this record go wrong.
    pub fn with(&self, number: u128, times: usize, stage: Stage, mishap: Mishap) {
        self.add(stage, Some(key(number)), mishap, times);
    }

    fn add(&self, stage: Stage, record: Option<RecordKey>, mishap: Mishap, times: usize) {
        self.rules.borrow_mut().push(Rule {
            stage,
            record,
            mishap,
            times,
        });
    }

    /// Nothing goes wrong any more.
    pub fn heal(&self) {
        self.rules.borrow_mut().clear();
    }

    /// Stalled calls answer.
    pub fn go_on(&self) {
        self.goes_on.set(true);
    }

    pub fn may_go_on(&self) -> bool {
        self.goes_on.get()
    }

    /// What goes wrong with a call for these records, each mishap with the record that it is meant for.
    pub fn mishaps(&self, stage: Stage, keys: &[RecordKey]) -> Vec<(Option<RecordKey>, Mishap)> {
        let mut rules = self.rules.borrow_mut();
        let mut mishaps = Vec::new();
        for rule in rules.iter_mut().filter(|rule| rule.stage == stage) {
            if rule.record.as_ref().is_none_or(|key| keys.contains(key)) {
                rule.times -= 1;
                mishaps.push((rule.record.clone(), rule.mishap.clone()));
            }
        }
        rules.retain(|rule| rule.times > 0);
        mishaps
    }

    pub fn copies(&self, number: u128) -> usize {
        let records = self.shelf.borrow();
        records
            .iter()
            .filter(|record| **record == key(number))
            .count()
    }

    /// How often the source was told that this record is in place.
    pub fn told_in_place(&self, number: u128) -> usize {
        let told = self.told.borrow();
        let of_it = told.iter().filter(|notice| notice.key == key(number));
        of_it.filter(|notice| notice.held.is_none()).count()
    }

    /// Why the source was told that this record is held, each time.
    pub fn told_held(&self, number: u128) -> Vec<Reason> {
        let told = self.told.borrow();
        let of_it = told.iter().filter(|notice| notice.key == key(number));
        of_it
            .filter_map(|notice| Some(notice.held.as_ref()?.0))
            .collect()
    }

    pub fn begun(&self, stage: Stage) -> Vec<Event> {
        self.of(stage, false)
    }

    pub fn ended(&self, stage: Stage) -> Vec<Event> {
        self.of(stage, true)
    }

    fn of(&self, stage: Stage, ended: bool) -> Vec<Event> {
        let events = self.events.borrow();
        let wanted = events
            .iter()
            .filter(|event| event.stage == stage && event.ended == ended);
        wanted.cloned().collect()
    }

    /// Every record that a call of this stage was begun for, in order.
    pub fn asked(&self, stage: Stage) -> Vec<RecordKey> {
        self.begun(stage)
            .into_iter()
            .flat_map(|event| event.keys)
            .collect()
    }

    /// Waits until a call of this stage has begun.
    pub async fn reached(&self, stage: Stage) {
        while self.begun(stage).is_empty() {
            tokio::task::yield_now().await;
        }
    }
}

//! The two made-up systems of the letters: a register that is followed by time of change, and an office that says later what became of
//! what it took.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use jiff::Timestamp;

use super::super::systems::key;
use crate::domain::ids::TransactionId;
use crate::domain::record::RecordKey;
use crate::engine::Fault;

/// One letter in the register.
#[derive(Clone, Debug)]
pub struct Letter {
    pub key: RecordKey,
    pub content: u32,
    /// Its mapping fails.
    pub invalid: Option<Fault>,
    /// It cannot be fetched, and the register shows so.
    pub unusable: Option<Fault>,
    /// When it was last saved.
    pub saved_at: Timestamp,
}

#[derive(Default)]
pub struct Register {
    pub letters: RefCell<Vec<Letter>>,
    /// Letters that come to light with the next fetch.
    pub found: RefCell<Vec<u128>>,
    /// What was known of each letter when it was mapped: whether it was done, and whether a person had released it.
    pub histories: RefCell<Vec<(RecordKey, bool, bool)>>,
}

impl Register {
    pub fn save(&self, now: Timestamp, number: u128, content: u32) {
        let mut letters = self.letters.borrow_mut();
        let key = key(number);
        if let Some(letter) = letters.iter_mut().find(|letter| letter.key == key) {
            letter.content = content;
            letter.saved_at = now;
        } else {
            letters.push(Letter {
                key,
                content,
                invalid: None,
                unusable: None,
                saved_at: now,
            });
        }
    }

    pub fn change(&self, number: u128, change: impl FnOnce(&mut Letter)) {
        let mut letters = self.letters.borrow_mut();
        let letter = letters.iter_mut().find(|letter| letter.key == key(number));
        change(letter.expect("it is registered"));
    }

    pub fn letter(&self, key: &RecordKey) -> Option<Letter> {
        let letters = self.letters.borrow();
        letters.iter().find(|letter| letter.key == *key).cloned()
    }
}

/// How the office answers what it is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Answers {
    /// It takes it and says later what became of it.
    #[default]
    Accepts,
    /// Its answer proves the effect.
    InPlace,
    /// Only a look at it proves the effect.
    ToVerify,
    /// It is unknown what became of it.
    Unsure,
    /// It is closed, and where the letter was to be is known.
    Closed,
}

/// What the office says of a letter that it took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    #[default]
    Confirms,
    Rejects,
    NotYet,
    /// A word that nobody knows.
    Mumbles,
    /// It tells of other letters only.
    Omits,
    /// It will never tell.
    Forgot,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Open,
    In,
    Refused,
}

/// A letter at the office.
#[derive(Clone, Debug)]
pub struct Receipt {
    pub key: RecordKey,
    pub content: u32,
    pub transaction: TransactionId,
    pub standing: Standing,
}

#[derive(Default)]
pub struct Office {
    pub receipts: RefCell<Vec<Receipt>>,
    pub answers: Cell<Answers>,
    /// What it says of letters without a verdict of their own.
    pub verdict: Cell<Verdict>,
    pub verdicts: RefCell<HashMap<RecordKey, Verdict>>,
    transactions: Cell<u32>,
}

impl Office {
    /// A number for what comes with one request.
    pub fn next_transaction(&self) -> TransactionId {
        self.transactions.set(self.transactions.get() + 1);
        TransactionId::new(format!("receipt {}", self.transactions.get()))
    }

    /// What arrived of a letter, in order.
    pub fn arrived(&self, number: u128) -> Vec<u32> {
        let receipts = self.receipts.borrow();
        let of_it = receipts.iter().filter(|receipt| receipt.key == key(number));
        of_it
            .filter(|receipt| receipt.standing != Standing::Refused)
            .map(|receipt| receipt.content)
            .collect()
    }

    /// What the office goes by now.
    pub fn latest(&self, key: &RecordKey) -> Option<u32> {
        let receipts = self.receipts.borrow();
        let mut of_it = receipts.iter().rev().filter(|receipt| receipt.key == *key);
        let in_force = of_it.find(|receipt| receipt.standing != Standing::Refused);
        in_force.map(|receipt| receipt.content)
    }

    pub fn verdict_on(&self, key: &RecordKey) -> Verdict {
        let own = self.verdicts.borrow().get(key).copied();
        own.unwrap_or(self.verdict.get())
    }
}

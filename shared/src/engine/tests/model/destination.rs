//! The made-up destination: it accepts every letter, and says later whether for good. It notes whatever should never have reached it.

use std::cell::{Cell, RefCell};

use jiff::Timestamp;

use super::source::{Kind, Sheet};
use crate::clock::later;

/// What the destination was sent once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Letter {
    pub sheet: Sheet,
    transaction: u32,
    settles_at: Timestamp,
}

/// What the destination says of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    NotYet,
    In,
    Rejected,
}

impl Letter {
    pub fn word(&self, now: Timestamp) -> Word {
        if now < self.settles_at {
            Word::NotYet
        } else if self.sheet.kind == Kind::Rejected {
            Word::Rejected
        } else {
            Word::In
        }
    }

    fn is_of(&self, sheet: &Sheet) -> bool {
        (self.sheet.number, self.sheet.revision) == (sheet.number, sheet.revision)
    }

    fn can_come_in(&self) -> bool {
        self.sheet.kind != Kind::Rejected
    }
}

#[derive(Default)]
pub struct Destination {
    letters: RefCell<Vec<Letter>>,
    transactions: Cell<u32>,
    /// Sheets that a person let go although their letter may be here, so that a second one is nobody's fault.
    pub let_go: RefCell<Vec<u32>>,
    /// What should not have happened.
    pub complaints: RefCell<Vec<String>>,
}

impl Destination {
    /// Takes letters in one go; answers their transaction. `doubles` says whether a second copy is to be expected.
    pub fn take(&self, sheets: &[&Sheet], now: Timestamp, doubles: bool) -> u32 {
        let transaction = self.transactions.get() + 1;
        self.transactions.set(transaction);
        for sheet in sheets {
            self.look_at(sheet, now, doubles);
            self.letters.borrow_mut().push(Letter {
                sheet: **sheet,
                transaction,
                settles_at: later(now, sheet.takes),
            });
        }
        transaction
    }

    fn look_at(&self, sheet: &Sheet, now: Timestamp, doubles: bool) {
        let letters = self.of(sheet.number);
        let complain = |what: &str| {
            let complaint = format!("{what}: {sheet:?} after {letters:?}");
            self.complaints.borrow_mut().push(complaint);
        };
        let newest = letters.iter().map(|letter| letter.sheet.revision).max();
        if newest > Some(sheet.revision) {
            complain("an older revision after a newer one");
        }
        if doubles || self.let_go.borrow().contains(&sheet.number) {
            return;
        }
        if letters
            .iter()
            .any(|letter| letter.word(now) == Word::NotYet)
        {
            complain("a letter while another one waits for the last word");
        }
        let copy = |letter: &Letter| letter.is_of(sheet) && letter.can_come_in();
        if letters.iter().any(copy) {
            complain("a second copy");
        }
    }

    /// Every letter about a sheet, in the order in which they came.
    pub fn of(&self, number: u32) -> Vec<Letter> {
        let letters = self.letters.borrow();
        let of_it = letters
            .iter()
            .filter(|letter| letter.sheet.number == number);
        of_it.copied().collect()
    }

    /// How many copies of this very revision are in, or will be.
    pub fn copies(&self, sheet: &Sheet) -> usize {
        let letters = self.letters.borrow();
        let copy = |letter: &&Letter| letter.is_of(sheet) && letter.can_come_in();
        letters.iter().filter(copy).count()
    }

    /// What is said of a sheet's letter under a transaction.
    pub fn word(&self, transaction: &str, number: u32, now: Timestamp) -> Option<Word> {
        let letters = self.of(number);
        let mut under = letters.into_iter();
        let letter = under.find(|letter| letter.transaction.to_string() == transaction)?;
        Some(letter.word(now))
    }
}

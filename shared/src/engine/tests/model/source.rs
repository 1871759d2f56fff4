//! The made-up source: sheets that are revised again and again, followed by time of change as Primero's cases are. Its list compares
//! whole seconds, orders ties as it pleases, and may show a revision later than it is dated.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::later;

/// What the engine should make of a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Fine,
    /// The destination accepts it and rejects it later.
    Rejected,
    /// It cannot be mapped.
    Unmappable,
    /// It can be mapped only under a later version of the profile than this one.
    Unknown {
        under: u32,
    },
    NotOurs,
}

/// A sheet as it is at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sheet {
    pub number: u32,
    /// Rises with every change.
    pub revision: u32,
    pub kind: Kind,
    /// How long the destination will take to say its last word of it.
    pub takes: Duration,
    pub changed_at: Timestamp,
}

/// A change that somebody makes at the source.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    pub number: u32,
    pub kind: Kind,
    pub takes: Duration,
    /// How long after its date the list shows it.
    pub shown_after: Duration,
}

/// A revision, and from when on the list shows it.
struct Revision {
    sheet: Sheet,
    shown_from: Timestamp,
}

#[derive(Default)]
pub struct Source {
    sheets: RefCell<BTreeMap<u32, Vec<Revision>>>,
    /// Pages handed out, which is what ties are ordered by.
    pages: Cell<u32>,
}

impl Source {
    /// A sheet is changed at `now`, by the source's own clock. No two versions of one sheet have the same date.
    pub fn change(&self, change: Change, now: Timestamp) {
        let mut sheets = self.sheets.borrow_mut();
        let revisions = sheets.entry(change.number).or_default();
        let last = revisions.last().map(|last| last.sheet);
        let next = |sheet: Sheet| later(sheet.changed_at, Duration::from_millis(1));
        let changed_at = last.map_or(now, |last| now.max(next(last)));
        revisions.push(Revision {
            sheet: Sheet {
                number: change.number,
                revision: last.map_or(1, |last| last.revision + 1),
                kind: change.kind,
                takes: change.takes,
                changed_at,
            },
            shown_from: later(changed_at, change.shown_after),
        });
    }

    /// A sheet as it is; reading it by its id never lags behind.
    pub fn read(&self, number: u32) -> Sheet {
        let sheets = self.sheets.borrow();
        let last = sheets.get(&number).and_then(|revisions| revisions.last());
        last.expect("only what was listed is read").sheet
    }

    /// All sheets as they are.
    pub fn all(&self) -> Vec<Sheet> {
        let numbers: Vec<u32> = self.sheets.borrow().keys().copied().collect();
        numbers
            .into_iter()
            .map(|number| self.read(number))
            .collect()
    }

    /// What the list shows at `now` of the window, both seconds included.
    fn shown(&self, (from, to): (i64, i64), now: Timestamp) -> Vec<Sheet> {
        self.pages.set(self.pages.get() + 1);
        let sheets = self.sheets.borrow();
        let newest = sheets.values().filter_map(|revisions| {
            let mut newest_first = revisions.iter().rev();
            newest_first.find(|revision| revision.shown_from <= now)
        });
        newest
            .map(|revision| revision.sheet)
            .filter(|sheet| (from..=to).contains(&second(sheet.changed_at)))
            .collect()
    }

    /// The first page of the window, by time of change.
    fn by_change(&self, window: (i64, i64), now: Timestamp, per: usize) -> Vec<Sheet> {
        let mut rows = self.shown(window, now);
        rows.sort_by_key(|sheet| (sheet.changed_at, self.whim(sheet)));
        rows.truncate(per);
        rows
    }

    /// A counted page of one second by creation, and how many rows there are in all.
    fn by_creation(
        &self,
        second: i64,
        now: Timestamp,
        (page, per): (usize, usize),
    ) -> (Vec<Sheet>, usize) {
        let rows = self.shown((second, second), now);
        let total = rows.len();
        let rows = rows.into_iter().skip(page * per).take(per);
        (rows.collect(), total)
    }

    fn whim(&self, sheet: &Sheet) -> u64 {
        let mut hasher = DefaultHasher::new();
        (sheet.number, self.pages.get()).hash(&mut hasher);
        hasher.finish()
    }
}

/// The pages of one window. Each starts at the last second of the one before, and what came already is left out; a second that fills a
/// page by itself is counted through until a full pass brings nothing new.
pub struct Listing {
    window: (i64, i64),
    per: usize,
    handed: HashSet<(u32, Timestamp)>,
    full: Option<Pass>,
    over: bool,
}

/// Progress in counting through one second.
#[derive(Default)]
struct Pass {
    page: usize,
    listed: usize,
    total: Option<usize>,
    moved: bool,
    brought_new: bool,
}

/// Fresh rows, and the second that was reached.
pub type Listed = (Vec<Sheet>, Option<Timestamp>);

impl Listing {
    pub fn new(from: Timestamp, to: Timestamp, per: usize) -> Self {
        let window = (second(from), second(to));
        Self {
            window,
            per,
            handed: HashSet::new(),
            full: None,
            over: window.0 > window.1,
        }
    }

    pub fn next(&mut self, source: &Source, now: Timestamp) -> Option<Listed> {
        if self.over {
            return None;
        }
        Some(match self.full.take() {
            None => self.next_of_window(source, now),
            Some(pass) => self.next_of_second(pass, source, now),
        })
    }

    fn next_of_window(&mut self, source: &Source, now: Timestamp) -> Listed {
        let rows = source.by_change(self.window, now, self.per);
        let last = rows.last().map(|row| second(row.changed_at));
        let filled = rows.len() >= self.per;
        let rows = self.fresh(rows);
        match last {
            Some(second) if filled && second > self.window.0 => self.start_at(second),
            Some(_) if filled => self.full = Some(Pass::default()),
            _ => self.over = true,
        }
        (rows, last.map(moment))
    }

    fn next_of_second(&mut self, mut at: Pass, source: &Source, now: Timestamp) -> Listed {
        let (second, to) = self.window;
        let (rows, total) = source.by_creation(second, now, (at.page, self.per));
        let filled = rows.len() >= self.per;
        at.listed += rows.len();
        at.moved |= *at.total.get_or_insert(total) != total;
        let rows = self.fresh(rows);
        at.brought_new |= !rows.is_empty();
        if filled {
            at.page += 1;
            self.full = Some(at);
        } else if at.moved || at.brought_new || Some(at.listed) != at.total {
            self.full = Some(Pass::default());
        } else {
            self.start_at(second + 1);
            self.over = second >= to;
        }
        (rows, Some(moment(second)))
    }

    fn start_at(&mut self, from: i64) {
        self.window.0 = from;
        self.handed.retain(|(_, at)| second(*at) == from);
    }

    fn fresh(&mut self, mut rows: Vec<Sheet>) -> Vec<Sheet> {
        rows.retain(|row| self.handed.insert((row.number, row.changed_at)));
        rows
    }
}

fn second(at: Timestamp) -> i64 {
    at.as_millisecond().div_euclid(1000)
}

fn moment(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a second of a time that was read")
}

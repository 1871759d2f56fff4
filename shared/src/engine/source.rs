//! What the source offers, page after page, and the cursor behind it.
//!
//! A list of what is pending is read to its end before anything is told, because telling makes it
//! shrink. A source that is followed by time of change is read a page at a time. The next one is
//! asked for when every record of the pages before has a row in the ledger, and only then does the
//! cursor move past them.
//!
//! One key has one life at a time: what is offered of it meanwhile waits for the end of that life.
//! This is bookkeeping beside the lives and no life itself.

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};

use super::record::{Offered, Origin};
use super::report::Report;
use super::request::Request;
use super::workflow::{Discovered, Opened, Page, SourceKind, Workflow};
use crate::domain::record::RecordKey;
use crate::store::{Cursor, Lease};

/// The source in one run.
pub struct Source<'r, W: Workflow> {
    kind: SourceKind,
    request: &'r Request,
    lease: &'r Lease,
    pages: Pages<W>,
    /// Where the window begins and ends, if there is one.
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    /// Keys of a list that came already.
    listed: HashSet<RecordKey>,
    /// What the ledger has unfinished, or a person named, until a list has shown whether the source
    /// still offers it.
    unfinished: HashSet<RecordKey>,
    /// Named by a person, and found neither at the source nor in the ledger so far.
    unseen: BTreeSet<RecordKey>,
    /// Records that have not begun their life, in source order.
    waiting: VecDeque<Coming<W>>,
    /// Keys that live, each with what came of it meanwhile.
    in_flight: HashMap<RecordKey, Vec<Coming<W>>>,
    /// What keeps the pages read so far from being passed.
    debt: Rc<Debt>,
    /// Where the last page ends.
    checkpoint: Option<Timestamp>,
    /// How far the source was read, with every record before it in the ledger.
    high_water: Option<Timestamp>,
    cursor: Option<Cursor>,
    /// The cursor that is to be saved next, and whether one is on its way to the table.
    unsaved: Option<Cursor>,
    saving: bool,
}

/// Where reading stands.
enum Pages<W: Workflow> {
    NotOpened,
    Asked,
    Ready(Opened<W::Pages>),
    Over,
}

/// Where the next page is asked for.
pub enum Ask<W: Workflow> {
    /// From the beginning of the window.
    First(Option<Timestamp>),
    /// Behind the last page.
    Next(Opened<W::Pages>),
}

/// A record on its way into a run, and the page that waits for its row.
pub struct Coming<W: Workflow> {
    /// The record.
    pub offered: Offered<W>,
    /// What it owes.
    pub owed: Option<Owed>,
}

/// Records of the pages read so far that have no row yet.
#[derive(Default)]
struct Debt {
    owed: Cell<usize>,
    /// Set once a record was put off without a row: this run reads no further.
    stuck: Cell<bool>,
}

/// A record's page waits for its row, until this is paid. Dropped unpaid, the cursor may not pass it.
pub struct Owed {
    debt: Rc<Debt>,
    paid: bool,
}

impl Owed {
    /// The record has a row that says where it stands, or needs none.
    pub fn pay(mut self) {
        self.paid = true;
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        self.debt.owed.set(self.debt.owed.get() - 1);
        if !self.paid {
            self.debt.stuck.set(true);
        }
    }
}

impl<'r, W: Workflow> Source<'r, W> {
    /// A source that is read on from this cursor. Without `wanted` it is not asked at all.
    pub fn new(
        kind: SourceKind,
        request: &'r Request,
        lease: &'r Lease,
        cursor: Option<Cursor>,
        wanted: bool,
    ) -> Self {
        let pages = if wanted {
            Pages::NotOpened
        } else {
            Pages::Over
        };
        Self {
            kind,
            request,
            lease,
            pages,
            from: None,
            until: None,
            listed: HashSet::new(),
            unfinished: HashSet::new(),
            unseen: BTreeSet::new(),
            waiting: VecDeque::new(),
            in_flight: HashMap::new(),
            debt: Rc::default(),
            checkpoint: None,
            high_water: None,
            cursor,
            unsaved: None,
            saving: false,
        }
    }

    /// What the ledger has unfinished of a source that lists all that is pending.
    pub fn expect(&mut self, unfinished: impl IntoIterator<Item = RecordKey>) {
        self.unfinished.extend(unfinished);
    }

    /// What a person named and the ledger does not know.
    pub fn look_out_for(&mut self, unknown: BTreeSet<RecordKey>) {
        self.unseen = unknown;
    }

    /// What a person named and nobody knows. Only the whole source can tell.
    pub fn not_found(&mut self) -> BTreeSet<RecordKey> {
        if self.is_over() {
            std::mem::take(&mut self.unseen)
        } else {
            BTreeSet::new()
        }
    }

    /// Whether the source has no more to offer.
    pub const fn is_over(&self) -> bool {
        matches!(self.pages, Pages::Over)
    }

    /// Whether every record of the pages read so far has a row.
    fn is_passed(&self) -> bool {
        self.debt.owed.get() == 0 && !self.debt.stuck.get()
    }

    /// What the next page is to be asked by, if it may be asked for now.
    pub fn ask(&mut self) -> Option<Ask<W>> {
        let may_go_on = match self.kind {
            SourceKind::Pending => true,
            SourceKind::Changes { .. } => self.waiting.is_empty() && self.is_passed(),
        };
        if !may_go_on {
            return None;
        }
        match std::mem::replace(&mut self.pages, Pages::Asked) {
            Pages::NotOpened => {
                self.from = self.window_start();
                Some(Ask::First(self.from))
            }
            Pages::Ready(opened) => Some(Ask::Next(opened)),
            other => {
                self.pages = other;
                None
            }
        }
    }

    /// Takes a page that was asked for; none after the last.
    pub fn take(&mut self, opened: Opened<W::Pages>, page: Option<Page<W>>, report: &Report<'_>) {
        self.until = opened.until;
        if self.is_passed()
            && let Some(checkpoint) = self.checkpoint.take()
        {
            self.high_water = Some(checkpoint);
            self.move_cursor(false);
        }
        match page {
            Some(page) => {
                self.pages = Pages::Ready(opened);
                self.checkpoint = page.reached;
                self.offer(page.records, report);
            }
            None => self.end(),
        }
    }

    /// Everything the source offers has come.
    fn end(&mut self) {
        self.pages = Pages::Over;
        if self.kind == SourceKind::Pending {
            let listed = std::mem::take(&mut self.listed);
            let unfinished = std::mem::take(&mut self.unfinished).into_iter();
            let gone = unfinished.filter(|key| !listed.contains(key) && self.request.wants(key));
            let gone = gone.map(|key| Coming {
                offered: Offered::by_ledger(key, Origin::Vanished),
                owed: None,
            });
            self.waiting.extend(gone);
        }
        self.move_cursor(true);
    }

    /// Takes records that the source shows.
    pub fn offer(&mut self, records: Vec<Discovered<W>>, report: &Report<'_>) {
        for record in records {
            if !self.request.wants(&record.key) {
                continue;
            }
            if !record.only_if_known {
                self.unseen.remove(&record.key);
            }
            if self.in_flight.contains_key(&record.key) {
                report.count_once(record.key.clone());
            }
            let owed = self.owe();
            let offered = record.into();
            self.board(Coming { offered, owed });
        }
    }

    fn owe(&self) -> Option<Owed> {
        if self.kind == SourceKind::Pending {
            return None;
        }
        let debt = Rc::clone(&self.debt);
        debt.owed.set(debt.owed.get() + 1);
        Some(Owed { debt, paid: false })
    }

    /// Takes a record that the ledger brings.
    pub fn bring(&mut self, key: RecordKey) {
        let offered = Offered::by_ledger(key, Origin::Ledger);
        self.board(Coming {
            offered,
            owed: None,
        });
    }

    /// Lets a record wait for its life, unless it lives already or was listed before.
    fn board(&mut self, coming: Coming<W>) {
        let key = &coming.offered.key;
        if self.kind == SourceKind::Pending {
            if self.listed.insert(key.clone()) {
                self.waiting.push_back(coming);
            }
            return;
        }
        if let Some(meanwhile) = self.in_flight.get_mut(key) {
            wait(meanwhile, coming);
            return;
        }
        self.in_flight.insert(key.clone(), Vec::new());
        self.waiting.push_back(coming);
    }

    /// Whether any record waits for its life.
    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The next record that may begin its life.
    pub fn next(&mut self) -> Option<Coming<W>> {
        self.waiting.pop_front()
    }

    /// The record is to be looked at once more after this life, wherever the ledger has it, before
    /// what the source showed of it meanwhile.
    pub fn again(&mut self, key: RecordKey) {
        let meanwhile = self.in_flight.entry(key.clone()).or_default();
        let offered = Offered::by_ledger(key, Origin::Ledger);
        meanwhile.insert(
            0,
            Coming {
                offered,
                owed: None,
            },
        );
    }

    /// A life has ended. What came of its key meanwhile, is next, unless the record was put off.
    pub fn ended(&mut self, key: &RecordKey, put_off: bool) {
        let meanwhile = self.in_flight.get_mut(key);
        let next = meanwhile.filter(|meanwhile| !put_off && !meanwhile.is_empty());
        let Some(meanwhile) = next else {
            self.in_flight.remove(key);
            return;
        };
        let mut coming = meanwhile.remove(0);
        coming.offered.again = true;
        // What was shown of it may be older than what was looked at meanwhile: it is read anew.
        if let Some(shown) = &mut coming.offered.shown {
            shown.offer = None;
        }
        self.waiting.push_back(coming);
    }

    /// Lets go of all who have not begun their life, and of what came of others meanwhile. Answers
    /// their keys.
    pub fn drain(&mut self) -> Vec<RecordKey> {
        let waiting = self.waiting.drain(..);
        let mut keys: Vec<_> = waiting.map(|coming| coming.offered.key).collect();
        let meanwhile = self.in_flight.drain();
        let meanwhile = meanwhile.filter_map(|(_, meanwhile)| meanwhile.into_iter().next());
        keys.extend(meanwhile.map(|coming| coming.offered.key));
        keys
    }

    /// The cursor that is to be saved now, one at a time: of two on their way together, the older
    /// one could arrive last.
    pub fn cursor_to_save(&mut self) -> Option<Cursor> {
        if self.saving {
            return None;
        }
        let cursor = self.unsaved.take()?;
        self.saving = true;
        Some(cursor)
    }

    /// The cursor is saved.
    pub const fn saved(&mut self) {
        self.saving = false;
    }

    /// At the end of the run: the cursor over what was read since it was last saved, if it moves.
    pub fn last_cursor(&mut self) -> Option<Cursor> {
        if !self.is_passed() {
            return None;
        }
        self.high_water = Some(self.checkpoint?);
        self.next_cursor(false)
    }

    /// Where the cursor stands now.
    pub const fn cursor(&self) -> Option<&Cursor> {
        self.cursor.as_ref()
    }

    fn move_cursor(&mut self, finished: bool) {
        if let Some(cursor) = self.next_cursor(finished) {
            self.cursor = Some(cursor.clone());
            self.unsaved = Some(cursor);
        }
    }

    /// The cursor to be saved, unless it would say the same again or is not to move at all.
    fn next_cursor(&self, finished: bool) -> Option<Cursor> {
        let SourceKind::Changes {
            start_from,
            overlap,
        } = self.kind
        else {
            return None;
        };
        if !self.request.moves_cursor() {
            return None;
        }
        let before = self.cursor.as_ref();
        let known = before.map(|cursor| cursor.position);
        let position = known
            .max(self.high_water)
            .or(Some(start_from).filter(|_| finished))?;
        // What is saved late, behind what was read already, comes within the overlap of now. So an
        // unfinished window of the last minutes begins there again; an older one goes on exactly
        // where it stopped.
        let late = self.until.map(|until| earlier(until, overlap));
        let resume = match (self.high_water, late) {
            _ if finished => None,
            (Some(mark), Some(late)) => Some(mark.min(late.max(self.from?))),
            (mark, _) => mark,
        };
        let unchanged =
            before.is_some_and(|cursor| cursor.position == position && cursor.resume == resume);
        (!unchanged).then(|| Cursor {
            position,
            resume,
            run_id: self.lease.run_id.clone(),
            fence: self.lease.fence,
        })
    }

    /// Where this run's window begins; none for a list of what is pending.
    fn window_start(&self) -> Option<Timestamp> {
        let SourceKind::Changes {
            start_from,
            overlap,
        } = self.kind
        else {
            return None;
        };
        let by_cursor = || match &self.cursor {
            None => start_from,
            Some(cursor) => cursor
                .resume
                .unwrap_or_else(|| earlier(cursor.position, overlap).max(start_from)),
        };
        Some(self.request.since.unwrap_or_else(by_cursor))
    }
}

/// Of what comes anew of a record at one place the latest counts; what comes at another place is
/// looked at, too.
fn wait<W: Workflow>(meanwhile: &mut Vec<Coming<W>>, mut coming: Coming<W>) {
    let same = |one: &&mut Coming<W>| one.offered.place() == coming.offered.place();
    let Some(before) = meanwhile.iter_mut().find(same) else {
        meanwhile.push(coming);
        return;
    };
    // The later one pays for both.
    match (before.owed.take(), &coming.owed) {
        (Some(owed), Some(_)) => owed.pay(),
        (owed @ Some(_), None) => coming.owed = owed,
        (None, _) => {}
    }
    *before = coming;
}

/// The moment `duration` before `moment`; the beginning of time at the earliest.
fn earlier(moment: Timestamp, duration: std::time::Duration) -> Timestamp {
    SignedDuration::try_from(duration)
        .ok()
        .and_then(|duration| moment.checked_sub(duration).ok())
        .unwrap_or(Timestamp::MIN)
}

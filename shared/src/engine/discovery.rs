//! Discovery: page after page of what the source offers, and the cursor behind it.
//!
//! A list of what is pending is read to its end before anything is told, because telling makes it shrink. A source that is followed by
//! time of change is read a page at a time: the next one is asked for when every record of the page before has a row in the ledger, and
//! only then does the cursor move past it.

use std::collections::{HashMap, HashSet};

use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};

use super::conveyor::Conveyor;
use super::entry::{Arrival, Origin};
use super::panics::{guarded_now, guarded_run};
use super::run::Run;
use super::stages::Step;
use super::tally::Tally;
use super::workflow::{Discovered, Feed, Opened, Page, Workflow};
use crate::domain::reason::{Reason, Stop};
use crate::domain::record::RecordKey;
use crate::store::{Cursor, StoreError};

/// Discovery in one run.
pub struct Discovery<W: Workflow> {
    pages: Pages<W>,
    /// Where the window ends, if there is one.
    until: Option<Timestamp>,
    /// Keys of a list that came already.
    listed: HashSet<RecordKey>,
    /// Records that are on the conveyor, and what came of them anew meanwhile (sources followed by time of change only).
    aboard: HashMap<RecordKey, Vec<Arrival<W>>>,
    page: OpenPage,
    /// How far the source was read, with every record before it in the ledger.
    pub passed: Option<Timestamp>,
    pub cursor: Option<Cursor>,
    /// Whether a cursor is on its way to the table, and the one that goes next.
    saving: bool,
    unsaved: Option<Cursor>,
    /// Where the window began.
    pub from: Option<Timestamp>,
}

/// A page that was asked for, if there was one more, with what the next one is asked for by, and what is new among the remarks on what
/// it showed beside its records.
pub type Listed<W> = (Opened<<W as Workflow>::Pages>, Option<Page<W>>, Vec<Reason>);

/// Where discovery stands.
enum Pages<W: Workflow> {
    NotOpened,
    Waiting,
    Ready(Opened<W::Pages>),
    Over,
}

/// The page whose records are not all in the ledger.
#[derive(Default)]
struct OpenPage {
    unrowed: HashSet<RecordKey>,
    reached: Option<Timestamp>,
    /// Set once a record was put off without a row: this run reads no further.
    stuck: bool,
}

impl<W: Workflow> Discovery<W> {
    /// Discovery that goes on from this cursor. Without `wanted` the source is not asked at all.
    pub fn new(cursor: Option<Cursor>, wanted: bool) -> Self {
        Self {
            pages: if wanted {
                Pages::NotOpened
            } else {
                Pages::Over
            },
            until: None,
            listed: HashSet::new(),
            aboard: HashMap::new(),
            page: OpenPage::default(),
            passed: None,
            cursor,
            saving: false,
            unsaved: None,
            from: None,
        }
    }

    /// Whether the source has no more to offer.
    pub const fn is_over(&self) -> bool {
        matches!(self.pages, Pages::Over)
    }

    /// Whether a page is being asked for.
    pub const fn is_asking(&self) -> bool {
        matches!(self.pages, Pages::Waiting)
    }

    /// Whether every record of the last page has a row.
    fn is_passed(&self) -> bool {
        self.page.unrowed.is_empty() && !self.page.stuck
    }

    /// Keys that were offered anew while they were on the conveyor, and have not been looked at since.
    pub fn waiting(&self) -> impl Iterator<Item = &RecordKey> {
        let again = self.aboard.values().filter_map(|waiting| waiting.first());
        again.map(|arrival| &arrival.key)
    }

    /// The record is settled, or its row says when it is due. Answers what came of it anew meanwhile.
    pub fn finish(&mut self, key: &RecordKey) -> Option<Arrival<W>> {
        let waiting = self
            .aboard
            .get_mut(key)
            .filter(|waiting| !waiting.is_empty());
        if let Some(mut arrival) = waiting.map(|waiting| waiting.remove(0)) {
            arrival.again = true;
            // What was shown of it may be older than what was looked at meanwhile: it is read anew.
            if let Some(brought) = &mut arrival.brought {
                brought.offer = None;
            }
            return Some(arrival);
        }
        self.aboard.remove(key);
        self.page.unrowed.remove(key);
        None
    }

    /// The record has a row that says when it is due, though it is still on the conveyor.
    pub fn rowed(&mut self, key: &RecordKey) {
        if self.aboard.get(key).is_some_and(Vec::is_empty) {
            self.page.unrowed.remove(key);
        }
    }

    /// The record is to be looked at once more when it leaves the conveyor.
    pub fn again(&mut self, arrival: Arrival<W>) {
        let waiting = self.aboard.entry(arrival.key.clone()).or_default();
        wait(waiting, arrival);
    }

    /// The record is put off, and no row says so.
    pub fn put_off(&mut self, key: &RecordKey) {
        self.page.stuck |= self.page.unrowed.contains(key);
        self.aboard.remove(key);
    }

    /// Takes a record aboard; none if it is aboard already or was listed before.
    fn board(&mut self, arrival: Arrival<W>, feed: Feed) -> Option<Arrival<W>> {
        match feed {
            Feed::Pending => self.listed.insert(arrival.key.clone()).then_some(arrival),
            Feed::Changes { .. } => {
                if let Some(again) = self.aboard.get_mut(&arrival.key) {
                    wait(again, arrival);
                    return None;
                }
                self.aboard.insert(arrival.key.clone(), Vec::new());
                Some(arrival)
            }
        }
    }
}

/// Of what comes anew of a record at one place the latest counts; what comes at another place is looked at, too.
fn wait<W: Workflow>(waiting: &mut Vec<Arrival<W>>, arrival: Arrival<W>) {
    let place = |one: &Arrival<W>| {
        one.brought
            .as_ref()
            .and_then(|brought| brought.place.clone())
    };
    let same = waiting.iter().position(|one| place(one) == place(&arrival));
    match same {
        Some(at) => waiting[at] = arrival,
        None => waiting.push(arrival),
    }
}

impl<'r, W: Workflow> Conveyor<'r, W> {
    /// Asks for the next page, if it may come now.
    pub(super) fn launch_discovery(&mut self) {
        let run = self.run;
        let may_go_on = match run.character.feed {
            Feed::Pending => true,
            Feed::Changes { .. } => self.ungated.is_empty() && self.discovery.is_passed(),
        };
        if !may_go_on {
            return;
        }
        match std::mem::replace(&mut self.discovery.pages, Pages::Waiting) {
            Pages::NotOpened => {
                let from = window_start(run, self.discovery.cursor.as_ref());
                self.discovery.from = from;
                let first = async move {
                    let opened = guarded_run(run.workflow.open(from)).await?;
                    next_page(run, opened).await
                };
                self.begin_listing(first);
            }
            Pages::Ready(opened) => self.begin_listing(next_page(run, opened)),
            other => self.discovery.pages = other,
        }
    }

    fn begin_listing(&self, page: impl Future<Output = Result<Listed<W>, Stop>> + 'r) {
        self.steps
            .push(async move { Step::Listed(page.await) }.boxed_local());
    }

    pub(super) fn listed(&mut self, answer: Result<Listed<W>, Stop>, tally: &mut Tally<'_>) {
        let (opened, page, remarks) = match answer {
            Ok(listed) => listed,
            Err(stop) => return self.halt(stop),
        };
        tally.count_remarks(&remarks);
        self.discovery.until = opened.until;
        self.pass_page();
        if let Some(page) = page {
            self.discovery.pages = Pages::Ready(opened);
            self.take_page(page, tally);
        } else {
            self.discovery.pages = Pages::Over;
            self.discovery_ended();
        }
    }

    fn take_page(&mut self, page: Page<W>, tally: &mut Tally<'_>) {
        self.discovery.page.reached = page.reached;
        self.take_offered(page.records, tally);
    }

    /// Takes what came to light while other records were fetched: it belongs to the page that they belong to.
    pub(super) fn take_found(&mut self, tally: &mut Tally<'_>) {
        match guarded_now(|| self.run.workflow.found()) {
            Ok(found) => self.take_offered(found, tally),
            Err(_) => self.halt(Stop::InternalError),
        }
    }

    fn take_offered(&mut self, records: Vec<Discovered<W>>, tally: &mut Tally<'_>) {
        let feed = self.run.character.feed;
        for record in records {
            if !self.run.request.wants(&record.key) {
                continue;
            }
            if feed != Feed::Pending {
                self.discovery.page.unrowed.insert(record.key.clone());
            }
            if !record.only_if_known {
                self.unseen.remove(&record.key);
            }
            if self.discovery.aboard.contains_key(&record.key) {
                tally.count_once(record.key.clone());
            }
            let arrival = self.discovery.board(record.into(), feed);
            self.ungated.extend(arrival);
        }
    }

    /// Everything the source offers has come.
    fn discovery_ended(&mut self) {
        if self.run.character.feed == Feed::Pending {
            let listed = std::mem::take(&mut self.discovery.listed);
            let unfinished = std::mem::take(&mut self.unfinished);
            let request = self.run.request;
            let gone = unfinished
                .into_iter()
                .filter(|key| !listed.contains(key) && request.wants(key));
            self.ungated
                .extend(gone.map(|key| Arrival::from_ledger(key, Origin::Vanished)));
        }
        self.save_cursor(true);
    }

    /// Brings a record of the ledger aboard.
    pub(super) fn take_from_ledger(&mut self, key: RecordKey) {
        let arrival = Arrival::from_ledger(key, Origin::Ledger);
        let arrival = self.discovery.board(arrival, self.run.character.feed);
        self.ungated.extend(arrival);
    }

    /// Before the next page: the last one lies behind.
    fn pass_page(&mut self) {
        if !self.discovery.is_passed() {
            return;
        }
        if let Some(reached) = self.discovery.page.reached.take() {
            self.discovery.passed = Some(reached);
            self.save_cursor(false);
        }
    }

    /// At the end of the run: what was read since the cursor was last saved, is saved.
    pub(super) async fn close_discovery(&mut self) -> Result<(), StoreError> {
        if let (true, Some(reached)) = (self.discovery.is_passed(), self.discovery.page.reached) {
            self.discovery.passed = Some(reached);
            if let Some(cursor) = self.next_cursor(false) {
                self.run.put_cursor(&cursor).await?;
                self.discovery.cursor = Some(cursor);
            }
        }
        Ok(())
    }

    fn save_cursor(&mut self, finished: bool) {
        let Some(cursor) = self.next_cursor(finished) else {
            return;
        };
        self.discovery.cursor = Some(cursor.clone());
        self.discovery.unsaved = Some(cursor);
        self.launch_saving();
    }

    /// Saves one cursor at a time: of two on their way together, the older one could arrive last.
    fn launch_saving(&mut self) {
        if self.discovery.saving {
            return;
        }
        let Some(cursor) = self.discovery.unsaved.take() else {
            return;
        };
        let run = self.run;
        self.discovery.saving = true;
        self.busy.keeping += 1;
        let saved = async move { Step::CursorSaved(run.put_cursor(&cursor).await) };
        self.steps.push(saved.boxed_local());
    }

    pub(super) fn cursor_saved(&mut self, answer: Result<(), StoreError>) {
        self.discovery.saving = false;
        self.busy.keeping -= 1;
        match answer {
            Ok(()) => self.launch_saving(),
            Err(error) => self.halt(error.into()),
        }
    }

    /// The cursor to be saved, unless it would say the same again or is not to move at all.
    fn next_cursor(&self, finished: bool) -> Option<Cursor> {
        let (discovery, run) = (&self.discovery, self.run);
        let Feed::Changes {
            start_from,
            overlap,
        } = run.character.feed
        else {
            return None;
        };
        if !run.request.moves_cursor() {
            return None;
        }
        let before = discovery.cursor.as_ref();
        let known = before.map(|cursor| cursor.position);
        let position = known
            .max(discovery.passed)
            .or(Some(start_from).filter(|_| finished))?;
        // What is saved late, behind what was read already, comes within the overlap of now, so an unfinished window of the last
        // minutes begins there again. An older one goes on exactly where it stopped.
        let late = discovery.until.map(|until| earlier(until, overlap));
        let resume = match (discovery.passed, late) {
            _ if finished => None,
            (Some(passed), Some(late)) => Some(passed.min(late.max(discovery.from?))),
            (passed, _) => passed,
        };
        let unchanged =
            before.is_some_and(|cursor| cursor.position == position && cursor.resume == resume);
        (!unchanged).then(|| Cursor {
            position,
            resume,
            run_id: run.lease.run_id.clone(),
            fence: run.lease.fence,
        })
    }
}

async fn next_page<W: Workflow>(
    run: &Run<'_, W>,
    mut opened: Opened<W::Pages>,
) -> Result<Listed<W>, Stop> {
    let page = guarded_run(run.workflow.next_page(&mut opened.pages)).await?;
    let remarks = run.keep_shown().await?;
    Ok((opened, page, remarks))
}

/// Where this run's window begins; none for a list of what is pending.
fn window_start<W: Workflow>(run: &Run<'_, W>, cursor: Option<&Cursor>) -> Option<Timestamp> {
    let Feed::Changes {
        start_from,
        overlap,
    } = run.character.feed
    else {
        return None;
    };
    let by_cursor = || match cursor {
        None => start_from,
        Some(cursor) => cursor
            .resume
            .unwrap_or_else(|| earlier(cursor.position, overlap).max(start_from)),
    };
    Some(run.request.since.unwrap_or_else(by_cursor))
}

/// The moment `duration` before `moment`; the beginning of time at the earliest.
fn earlier(moment: Timestamp, duration: std::time::Duration) -> Timestamp {
    SignedDuration::try_from(duration)
        .ok()
        .and_then(|duration| moment.checked_sub(duration).ok())
        .unwrap_or(Timestamp::MIN)
}

//! The conveyor: drives every due record through its stages, many at a time, from one task.
//!
//! Batches wait until they are full or nothing upstream can fill them; single writes run beside them, `concurrency` at a time.
//! Fetching stops while enough records wait to be written, so memory does not grow with the list. Of one partition only one record
//! at a time is between locating and the end of its write; the others queue behind it in source order.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use std::pin::pin;

use futures::StreamExt;
use futures::future::{Either, LocalBoxFuture, select};
use futures::stream::FuturesUnordered;
use jiff::Timestamp;

use super::confirming::Confirming;
use super::discovery::Discovery;
use super::entry::{Arrival, Entry, Item, News, Telling};
use super::looks::Looks;
use super::probing::NextProbe;
use super::run::Run;
use super::stages::Step;
use super::streaks::Streaks;
use super::tally::Tally;
use super::under_way::{self, UnderWay};
use super::workflow::{BatchResult, Feed, Partition, Workflow};
use crate::clock::{later, until};
use crate::domain::outcome::Outcome;
use crate::domain::reason::Stop;
use crate::domain::record::RecordKey;
use crate::domain::system::System;
use crate::store::{Cursor, RecordRow, Sightings, StoreError};

/// The records of one run, each at its stage.
pub struct Conveyor<'r, W: Workflow> {
    pub(super) run: &'r Run<'r, W>,
    pub(super) steps: FuturesUnordered<LocalBoxFuture<'r, Step<W>>>,
    pub(super) busy: Busy,
    /// The records of the calls that are under way.
    pub(super) out: UnderWay,
    pub(super) discovery: Discovery<W>,
    /// Whether the destination is ready for records.
    pub(super) prepared: Preparation,
    /// What the ledger has unfinished, or a person named, until a list has shown whether the source still offers it.
    pub(super) unfinished: HashSet<RecordKey>,
    /// Named by a person, and found neither at the source nor in the ledger so far.
    pub(super) unseen: BTreeSet<RecordKey>,
    pub(super) ungated: VecDeque<Arrival<W>>,
    pub(super) due: VecDeque<Entry<W>>,
    /// Answers to fetches that came before the answer to an earlier one: source order is kept.
    pub(super) early: BTreeMap<u64, FetchAnswer<W>>,
    pub(super) next_fetch: u64,
    pub(super) next_answer: u64,
    /// Busy partitions, each with the records that wait for it.
    pub(super) partitions: HashMap<Partition, VecDeque<Item<W>>>,
    pub(super) to_locate: VecDeque<Item<W>>,
    pub(super) to_write: VecDeque<(Item<W>, W::Plan)>,
    pub(super) to_verify: VecDeque<Item<W>>,
    pub(super) to_confirm: VecDeque<Confirming<W>>,
    /// Until when earlier runs' records are confirmed.
    pub(super) confirm_until: Timestamp,
    pub(super) to_tell: VecDeque<Telling<W>>,
    /// In place by the ledger, and no longer listed: looked at before anything is said of them.
    pub(super) to_look: VecDeque<Entry<W>>,
    /// What another workflow has seen of records that may be at a destination that cannot be asked.
    pub(super) sighted: HashMap<RecordKey, Sightings>,
    /// Records past the gate.
    pub(super) let_in: usize,
    /// What failed in a row, of a whole system or alike.
    pub(super) streaks: Streaks<W::Place>,
    /// Records that were refused alike before: they go after everything else.
    pub(super) last: VecDeque<Entry<W>>,
    /// Held and skipped records of a list that show no change.
    pub(super) looks: Looks<W>,
    /// Whether a call found no time left for its records.
    pub(super) out_of_time: bool,
    /// Whether any record was brought further.
    pub(super) moved: bool,
    /// Why the run cannot go on: the first reason counts, the others are remembered.
    pub(super) stops: Vec<Stop>,
}

/// The answer to a fetch, with the records it was for.
type FetchAnswer<W> = (Vec<Entry<W>>, BatchResult<<W as Workflow>::Source>);

/// What a run has waited for.
enum Ended<W: Workflow> {
    Came(Step<W>),
    /// No call is under way.
    NoneOut,
    /// The run is asked to stop, and has waited as long as it may.
    Cut,
}

/// Whether the destination is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preparation {
    Due,
    UnderWay,
    Done,
}

/// Calls under way, per stage.
#[derive(Default)]
pub(super) struct Busy {
    pub gating: usize,
    pub fetching: usize,
    pub locating: usize,
    pub writing: usize,
    pub keeping: usize,
    pub verifying: usize,
    pub confirming: usize,
    pub telling: usize,
    pub looking: usize,
}

/// How the conveyor came to rest.
pub struct Rest<P> {
    /// Why the run could not go on; empty if it could.
    pub stops: Vec<Stop>,
    /// A system of which every call failed.
    pub silent: Option<System>,
    /// Rows of records that failed for no fault of their own.
    pub put_back: Vec<RecordRow<P>>,
    /// Whether the run wrote as much as it may.
    pub limited: bool,
    /// What the next run has to know of a destination that is down, if that changed.
    pub probe: NextProbe,
    /// Whether any record was brought further.
    pub moved: bool,
    /// Whether something is left that there was no time for.
    pub out_of_time: bool,
    /// Where the cursor stands now.
    pub cursor: Option<Cursor>,
}

impl<'r, W: Workflow> Conveyor<'r, W> {
    /// An empty conveyor. `discovers` says whether the source is to be asked what it offers, from this cursor on.
    pub fn new(run: &'r Run<'r, W>, cursor: Option<Cursor>, discovers: bool) -> Self {
        let now = run.around.clock.now();
        Self {
            run,
            steps: FuturesUnordered::new(),
            busy: Busy::default(),
            out: UnderWay::default(),
            discovery: Discovery::new(cursor, discovers),
            prepared: Preparation::Due,
            unfinished: HashSet::new(),
            unseen: BTreeSet::new(),
            ungated: VecDeque::new(),
            due: VecDeque::new(),
            early: BTreeMap::new(),
            next_fetch: 0,
            next_answer: 0,
            partitions: HashMap::new(),
            to_locate: VecDeque::new(),
            to_write: VecDeque::new(),
            to_verify: VecDeque::new(),
            to_confirm: VecDeque::new(),
            confirm_until: later(now, run.around.deadline.open_for(now) / 5),
            to_tell: VecDeque::new(),
            to_look: VecDeque::new(),
            sighted: HashMap::new(),
            let_in: 0,
            streaks: Streaks::new(run.lease.probe.is_some()),
            last: VecDeque::new(),
            looks: Looks::default(),
            out_of_time: false,
            moved: false,
            stops: Vec::new(),
        }
    }

    /// Moves everything until it is settled, out of time, or stopped. Whatever is left then is counted.
    pub async fn drive(mut self, tally: &mut Tally<'_>) -> Rest<W::Place> {
        loop {
            self.launch(tally);
            match self.next_step().await {
                Ended::Came(step) => self.absorb(step, tally),
                Ended::NoneOut if self.wait_until_ripe().await => {}
                Ended::NoneOut | Ended::Cut => break,
            }
        }
        let cut = self.cut_off(tally);
        self.not_found(tally);
        let unread = !self.discovery.is_over() && !self.puts_off(tally);
        self.looks.drain_into(tally);
        let limited = tally.writes >= self.write_limit();
        let left = self.leftovers(tally) && !limited;
        if !self.stops.iter().any(is_of_the_store)
            && let Err(error) = self.close_discovery().await
        {
            self.halt(error.into());
        }
        let silent = self.silent_system();
        Rest {
            out_of_time: self.stops.is_empty() && (self.out_of_time || left || unread || cut),
            limited,
            put_back: self.put_back(silent, tally),
            probe: self.next_probe(silent),
            silent,
            stops: self.stops,
            moved: self.moved,
            cursor: self.discovery.cursor,
        }
    }

    /// The next call that ends. A run that is asked to stop waits some seconds for what is out, and no longer.
    async fn next_step(&mut self) -> Ended<W> {
        let around = self.run.around;
        let cut = async {
            let cut = around.deadline.cut().await;
            around.clock.sleep(until(around.clock.now(), cut)).await;
        };
        match select(self.steps.next(), pin!(cut)).await {
            Either::Left((Some(step), _)) => Ended::Came(step),
            Either::Left((None, _)) => Ended::NoneOut,
            Either::Right(_) => Ended::Cut,
        }
    }

    /// Counts what is out and is not waited for any more; true if there is anything. Its rows stay as they are.
    fn cut_off(&mut self, tally: &mut Tally<'_>) -> bool {
        let cut = !self.steps.is_empty();
        self.steps.clear();
        for (key, outcome) in self.out.drain() {
            self.discovery.put_off(&key);
            tally.add(under_way::line(key, outcome));
        }
        cut
    }

    /// Begins every call that can begin now.
    fn launch(&mut self, tally: &mut Tally<'_>) {
        if !self.stops.is_empty() {
            return;
        }
        let now = self.run.around.clock.now();
        let open = self.run.around.deadline.open(now);
        if open {
            let may_write = tally.writes < self.write_limit();
            self.launch_preparing();
            let may_read = self.may_read();
            if may_read && (may_write || self.run.character.feed == Feed::Pending) {
                self.launch_discovery();
            }
            if may_read {
                self.launch_gating();
            }
            if !may_write {
                self.put_off_the_rest(tally);
            } else if may_read {
                self.launch_looks(tally);
                self.launch_last();
                self.launch_fetching();
            }
            if self.prepared == Preparation::Done {
                self.launch_locating();
                self.launch_writing(tally);
                self.launch_looking();
            }
            self.launch_confirming(now, tally);
        }
        if self.run.around.deadline.finishing(now) {
            self.launch_verifying(now, open);
            self.launch_telling(now, open);
        }
    }

    /// A system that failed, and of which every call failed, few as they may have been.
    fn silent_system(&self) -> Option<System> {
        let mut down = self.streaks.of_systems();
        down.find(|system| self.never_answered(*system))
    }

    fn never_answered(&self, system: System) -> bool {
        let failed = self.run.workflow.failed_calls().to(system);
        failed > 0 && failed == self.run.workflow.calls().to(system)
    }

    /// Records that were refused alike before go after everything else, so that they cannot keep the others from going.
    fn launch_last(&mut self) {
        let busy = &self.busy;
        let calls = busy.gating + busy.fetching + busy.locating + busy.writing + busy.keeping;
        let queued = self.ungated.len() + self.due.len() + self.between_fetch_and_write();
        if self.discovery.is_over() && calls + queued == 0 {
            self.due.append(&mut self.last);
        }
    }

    /// Whether new work may begin.
    pub(super) fn is_open(&self) -> bool {
        let around = self.run.around;
        self.stops.is_empty() && around.deadline.open(around.clock.now())
    }

    /// Whether the source may be read. Where it is followed by time of change, what is not there counts, so it has to be proven first
    /// that everything is shown.
    fn may_read(&self) -> bool {
        self.run.character.feed == Feed::Pending || self.prepared == Preparation::Done
    }

    /// Of a list only once there is something to do.
    fn launch_preparing(&mut self) {
        let wanted = self.run.character.feed != Feed::Pending
            || !self.due.is_empty()
            || !self.to_look.is_empty()
            || self.between_fetch_and_write() > 0;
        if self.prepared == Preparation::Due && wanted {
            self.prepared = Preparation::UnderWay;
            self.begin_preparing();
        }
    }

    fn launch_gating(&mut self) {
        let enough = self.due.len() >= self.run.workflow.batches().fetch * 2;
        if !self.ungated.is_empty() && !enough && self.busy.gating == 0 {
            self.begin_gating();
        }
    }

    fn launch_fetching(&mut self) {
        let batches = self.run.workflow.batches();
        let filling =
            |conveyor: &Self| conveyor.due.len() >= batches.fetch || !conveyor.more_may_be_due();
        while !self.due.is_empty() && filling(self) && !self.is_full() {
            self.begin_fetching(batches.fetch);
        }
    }

    /// Whether calls are under way that may bring records to be fetched.
    pub(super) fn more_may_be_due(&self) -> bool {
        self.busy.gating > 0 || !self.ungated.is_empty() || self.discovery.is_asking()
    }

    /// Whether so many records wait to be written that no more are fetched.
    pub(super) fn is_full(&self) -> bool {
        let batches = self.run.workflow.batches();
        self.between_fetch_and_write() >= batches.locate.max(batches.write) * 2
    }

    /// Records being fetched, or fetched and not yet written.
    fn between_fetch_and_write(&self) -> usize {
        let waiting: usize = self.partitions.values().map(VecDeque::len).sum();
        let early: usize = self.early.values().map(|(entries, _)| entries.len()).sum();
        let batches = self.run.workflow.batches();
        let under_way = self.busy.fetching * batches.fetch + self.busy.locating * batches.locate;
        under_way + early + waiting + self.to_locate.len() + self.to_write.len()
    }

    pub(super) fn launch_locating(&mut self) {
        let batch = self.run.workflow.batches().locate;
        let more_may_come =
            self.busy.fetching > 0 || self.to_write.len() >= self.run.around.settings.concurrency;
        if self.streaks.probing {
            let under_way = self.busy.locating + self.to_write.len() + self.busy.writing;
            if under_way == 0 && !self.to_locate.is_empty() {
                self.begin_locating(1);
            }
            return;
        }
        while self.to_locate.len() >= batch || (!self.to_locate.is_empty() && !more_may_come) {
            self.begin_locating(batch);
        }
    }

    fn launch_looking(&mut self) {
        let batch = self.run.workflow.batches().verify;
        let more_may_come = self.busy.gating > 0 || !self.ungated.is_empty();
        while self.to_look.len() >= batch || (!self.to_look.is_empty() && !more_may_come) {
            self.begin_looking(batch);
        }
    }

    fn launch_verifying(&mut self, now: Timestamp, open: bool) {
        let batch = self.run.workflow.batches().verify;
        loop {
            let ripe = self
                .to_verify
                .iter()
                .take_while(|item| item.verify_at <= now)
                .count();
            let more_ripen = self.upstream_of_verification() || self.last_to_ripen(now).is_some();
            if ripe == 0 || (ripe < batch && more_ripen && open) {
                return;
            }
            self.begin_verifying(ripe.min(batch));
        }
    }

    /// Queues a written record to be read back, the soonest first.
    pub(super) fn queue_verification(&mut self, item: Item<W>) {
        let sooner = |other: &Item<W>| other.verify_at <= item.verify_at;
        let place = self.to_verify.partition_point(sooner);
        self.to_verify.insert(place, item);
    }

    /// The last record that can be read back from a later moment on, and still before the reserve.
    fn last_to_ripen(&self, now: Timestamp) -> Option<&Item<W>> {
        let deadline = &self.run.around.deadline;
        let mut latest_first = self.to_verify.iter().rev();
        let last = latest_first.find(|item| deadline.open(item.verify_at))?;
        (last.verify_at > now).then_some(last)
    }

    fn upstream_of_verification(&self) -> bool {
        let busy = &self.busy;
        let calls = busy.fetching + busy.locating + busy.writing + busy.keeping;
        let queued = self.due.len() + self.to_locate.len() + self.to_write.len();
        calls + queued > 0 || self.more_may_be_due()
    }

    /// While a list is read nothing is told: telling makes it shrink.
    fn launch_telling(&mut self, now: Timestamp, open: bool) {
        if open && !self.discovery.is_over() && self.run.character.feed == Feed::Pending {
            return;
        }
        let batch = self.run.workflow.batches().report;
        let upstream = self.upstream_of_verification()
            || self.busy.verifying > 0
            || self.last_to_ripen(now).is_some();
        let enough =
            |told: &VecDeque<_>| told.len() >= batch || !(told.is_empty() || open && upstream);
        while self.busy.telling < self.run.around.settings.concurrency && enough(&self.to_tell) {
            self.begin_telling(batch);
        }
    }

    /// With no call under way, waits until something can be read back or asked after; false if there is nothing to wait for, or no
    /// time.
    async fn wait_until_ripe(&self) -> bool {
        let around = self.run.around;
        let now = around.clock.now();
        if !self.stops.is_empty() || !around.deadline.finishing(now) {
            return false;
        }
        // A batch, or all that are left, while there is time; in the reserve each as soon as it can be, lest the last be too late for all.
        let deadline = &around.deadline;
        let batch = self.run.workflow.batches().verify;
        let batch = self.to_verify.get(batch.saturating_sub(1));
        let batch = batch.filter(|item| deadline.open(item.verify_at));
        let mut late = self.to_verify.iter().filter(|item| item.verify_at > now);
        let late = late.find(|item| deadline.finishing(item.verify_at));
        let verification = batch.or(self.last_to_ripen(now)).or(late);
        let verification = verification.map(|item| item.verify_at);
        let confirmation = self.next_confirmation(now);
        let Some(ripe) = [verification, confirmation].into_iter().flatten().min() else {
            return false;
        };
        // Woken by a wish to stop, it looks anew at what there is still time for.
        let asleep = around.clock.sleep(until(now, ripe));
        if deadline.is_stopped() {
            asleep.await;
        } else {
            select(asleep, pin!(deadline.stopped())).await;
        }
        true
    }

    /// Whether records were put off by a limit, so that the rest of the source waits for the next run on purpose.
    fn puts_off(&self, tally: &Tally<'_>) -> bool {
        let limit = self.run.request.limit;
        limit.is_some_and(|limit| self.let_in >= limit) || tally.writes >= self.write_limit()
    }

    /// Counts whatever is on the conveyor and not settled; true if there was anything but records that await the destination's word.
    /// A held record is settled even before the source is told of it.
    fn leftovers(&mut self, tally: &mut Tally<'_>) -> bool {
        for group in std::mem::take(&mut self.to_confirm) {
            for entry in group.entries {
                tally.add_accepted(&entry, &group.transaction, Outcome::AwaitingConfirmation);
            }
        }
        let items = self
            .to_locate
            .drain(..)
            .chain(self.to_verify.drain(..))
            .chain(self.partitions.drain().flat_map(|(_, waiting)| waiting))
            .chain(self.to_write.drain(..).map(|(item, _)| item));
        let settled = |telling: &Telling<W>| matches!(telling.news, News::Held(_));
        let to_tell = self.to_tell.drain(..).filter(|telling| !settled(telling));
        let entries: Vec<Entry<W>> = self
            .due
            .drain(..)
            .chain(self.last.drain(..))
            .chain(items.map(|item| item.entry))
            .chain(to_tell.map(|telling| telling.entry))
            .chain(self.to_look.drain(..))
            .collect();
        let mut ungated: Vec<RecordKey> = self.ungated.drain(..).map(|one| one.key).collect();
        ungated.extend(self.discovery.waiting().cloned());
        let any = !entries.is_empty() || !ungated.is_empty();
        let unkept = self.stops.iter().any(is_of_the_store);
        for entry in entries {
            if unkept && entry.wrote {
                tally.add_unkept(&entry);
            } else {
                tally.add_seen(&entry, Outcome::Deferred);
            }
            self.discovery.put_off(&entry.key);
        }
        for key in ungated {
            self.discovery.put_off(&key);
            tally.add_plain(key, Outcome::Deferred);
        }
        any
    }

    pub(super) fn halt(&mut self, stop: Stop) {
        if !self.stops.contains(&stop) {
            self.stops.push(stop);
        }
    }
}

/// Whether this run may, or can, write nothing more to the table.
pub(super) const fn is_of_the_store(stop: &Stop) -> bool {
    matches!(stop, Stop::LeaseLost | Stop::StoreUnavailable(_))
}

impl<W: Workflow> Run<'_, W> {
    /// Moves the cursor, as long as the lease is ours.
    pub(super) async fn put_cursor(&self, cursor: &Cursor) -> Result<(), StoreError> {
        self.still_ours()?;
        self.around.store.put_cursor(cursor).await
    }
}

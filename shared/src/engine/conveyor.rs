//! The conveyor: drives every due record through its stages, many at a time, from one task.
//!
//! Batches wait until they are full or nothing upstream can fill them; single writes run beside them, `concurrency` at a time.
//! Fetching stops while enough records wait to be written, so memory does not grow with the list. Of one partition only one record
//! at a time is between locating and the end of its write; the others queue behind it in source order.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use futures::StreamExt;
use futures::future::LocalBoxFuture;
use futures::stream::FuturesUnordered;

use super::entry::{Entry, Item, News, Telling};
use super::run::Run;
use super::stages::Step;
use super::tally::Tally;
use super::workflow::{BatchResult, Discovered, Fault, FaultKind, Partition, Workflow};
use crate::clock::until;
use crate::domain::outcome::Outcome;
use crate::domain::reason::Stop;
use crate::domain::record::RecordKey;

/// How many failures of a whole system in a row end the run.
const FAILURES_THAT_STOP: u32 = 5;

/// The records of one run, each at its stage.
pub struct Conveyor<'r, W: Workflow> {
    pub(super) run: &'r Run<'r, W>,
    pub(super) steps: FuturesUnordered<LocalBoxFuture<'r, Step<W>>>,
    pub(super) busy: Busy,
    /// Faults of what was listed but cannot be fetched.
    pub(super) unusable: HashMap<RecordKey, Fault>,
    pub(super) ungated: VecDeque<RecordKey>,
    pub(super) due: VecDeque<Entry<W::Place>>,
    /// Answers to fetches that came before the answer to an earlier one: source order is kept.
    pub(super) early: BTreeMap<u64, FetchAnswer<W>>,
    pub(super) next_fetch: u64,
    pub(super) next_answer: u64,
    /// Busy partitions, each with the records that wait for it.
    pub(super) partitions: HashMap<Partition, VecDeque<Item<W>>>,
    pub(super) to_locate: VecDeque<Item<W>>,
    pub(super) to_write: VecDeque<(Item<W>, W::Plan)>,
    pub(super) to_verify: VecDeque<Item<W>>,
    pub(super) to_tell: VecDeque<Telling<W::Place>>,
    pub(super) failures: u32,
    /// Whether a call found no time left for its records.
    pub(super) out_of_time: bool,
    pub(super) stop: Option<Stop>,
}

/// The answer to a fetch, with the records it was for.
type FetchAnswer<W> = (
    Vec<Entry<<W as Workflow>::Place>>,
    BatchResult<<W as Workflow>::Source>,
);

/// Calls under way, per stage.
#[derive(Default)]
pub(super) struct Busy {
    pub gating: usize,
    pub fetching: usize,
    pub locating: usize,
    pub writing: usize,
    pub keeping: usize,
    pub verifying: usize,
    pub telling: usize,
}

/// How the conveyor came to rest.
pub struct Rest {
    /// Set when the run could not go on.
    pub stop: Option<Stop>,
    /// Whether records are left that there was no time for.
    pub out_of_time: bool,
}

impl<'r, W: Workflow> Conveyor<'r, W> {
    /// Puts what was discovered on the conveyor, each key once. With a stop nothing moves, and everything is counted.
    pub fn load(run: &'r Run<'r, W>, discovered: Vec<Discovered>, stop: Option<Stop>) -> Self {
        let mut seen = HashSet::with_capacity(discovered.len());
        let firsts: Vec<bool> = discovered
            .iter()
            .map(|record| seen.insert(&record.key))
            .collect();
        drop(seen);
        let mut ungated = VecDeque::with_capacity(discovered.len());
        let mut unusable = HashMap::new();
        for (Discovered { key, fault }, first) in discovered.into_iter().zip(firsts) {
            if first {
                unusable.extend(fault.map(|fault| (key.clone(), fault)));
                ungated.push_back(key);
            }
        }
        Self {
            run,
            steps: FuturesUnordered::new(),
            busy: Busy::default(),
            unusable,
            ungated,
            due: VecDeque::new(),
            early: BTreeMap::new(),
            next_fetch: 0,
            next_answer: 0,
            partitions: HashMap::new(),
            to_locate: VecDeque::new(),
            to_write: VecDeque::new(),
            to_verify: VecDeque::new(),
            to_tell: VecDeque::new(),
            failures: 0,
            out_of_time: false,
            stop,
        }
    }

    /// Moves everything until it is settled, out of time, or stopped. Whatever is left then is counted as deferred.
    pub async fn drive(mut self, tally: &mut Tally<'_>) -> Rest {
        tally.counts.discovered = self.ungated.len() as u64;
        loop {
            self.launch(tally);
            if let Some(step) = self.steps.next().await {
                self.absorb(step, tally);
            } else if !self.wait_for_verification().await {
                break;
            }
        }
        let left: Vec<_> = self.leftovers().cloned().collect();
        let out_of_time = self.stop.is_none() && (self.out_of_time || !left.is_empty());
        for key in left {
            tally.add_plain(key, Outcome::Deferred);
        }
        Rest {
            stop: self.stop,
            out_of_time,
        }
    }

    /// Begins every call that can begin now.
    fn launch(&mut self, tally: &mut Tally<'_>) {
        if self.stop.is_some() {
            return;
        }
        let now = self.run.around.clock.now();
        let open = self.run.around.deadline.open(now);
        if open {
            self.launch_gating();
            self.launch_fetching();
            self.launch_locating();
            self.launch_writing(tally);
        }
        self.launch_verifying(now, open);
        self.launch_telling(open);
    }

    /// Whether new work may begin.
    pub(super) fn is_open(&self) -> bool {
        let around = self.run.around;
        self.stop.is_none() && around.deadline.open(around.clock.now())
    }

    fn launch_gating(&mut self) {
        let enough = self.due.len() >= self.run.workflow.batches().fetch * 2;
        if !self.ungated.is_empty() && !enough && self.busy.gating == 0 {
            self.begin_gating();
        }
    }

    fn launch_fetching(&mut self) {
        let batches = self.run.workflow.batches();
        let filling = |conveyor: &Self| {
            conveyor.due.len() >= batches.fetch
                || (conveyor.ungated.is_empty() && conveyor.busy.gating == 0)
        };
        while !self.due.is_empty()
            && filling(self)
            && self.between_fetch_and_write() < batches.locate * 2
        {
            self.begin_fetching(batches.fetch);
        }
    }

    /// Records being fetched, or fetched and not yet written.
    fn between_fetch_and_write(&self) -> usize {
        let waiting: usize = self.partitions.values().map(VecDeque::len).sum();
        let early: usize = self.early.values().map(|(entries, _)| entries.len()).sum();
        let fetching = self.busy.fetching * self.run.workflow.batches().fetch;
        fetching + early + waiting + self.to_locate.len() + self.to_write.len()
    }

    fn launch_locating(&mut self) {
        let batch = self.run.workflow.batches().locate;
        let more_may_come =
            self.busy.fetching > 0 || self.to_write.len() >= self.run.around.settings.concurrency;
        while self.to_locate.len() >= batch || (!self.to_locate.is_empty() && !more_may_come) {
            self.begin_locating(batch);
        }
    }

    pub(super) fn launch_writing(&mut self, tally: &mut Tally<'_>) {
        while self.busy.writing < self.run.around.settings.concurrency {
            let Some((item, plan)) = self.to_write.pop_front() else {
                return;
            };
            if tally.writes < self.write_limit() {
                tally.writes += 1;
                self.begin_writing(item, plan);
            } else {
                self.leave(&item.partition);
                tally.add_plain(item.entry.key, Outcome::Deferred);
            }
        }
    }

    /// Bounds the harm of a bad profile; the first run that ever writes is bounded more tightly.
    fn write_limit(&self) -> usize {
        let settings = self.run.around.settings;
        if self.run.lease.has_written {
            settings.max_writes_per_run
        } else {
            settings.first_run_writes
        }
    }

    fn launch_verifying(&mut self, now: jiff::Timestamp, open: bool) {
        let batch = self.run.workflow.batches().verify;
        loop {
            let ripe = self
                .to_verify
                .iter()
                .take_while(|item| item.verify_at <= now)
                .count();
            let last = !(open && self.upstream_of_verification()) && ripe == self.to_verify.len();
            if ripe == 0 || (ripe < batch && !last && open) {
                return;
            }
            self.begin_verifying(ripe.min(batch));
        }
    }

    fn upstream_of_verification(&self) -> bool {
        let busy = &self.busy;
        let calls = busy.gating + busy.fetching + busy.locating + busy.writing + busy.keeping;
        let queued =
            self.ungated.len() + self.due.len() + self.to_locate.len() + self.to_write.len();
        calls + queued > 0
    }

    fn launch_telling(&mut self, open: bool) {
        let batch = self.run.workflow.batches().report;
        let upstream = self.upstream_of_verification()
            || self.busy.verifying > 0
            || !self.to_verify.is_empty();
        let enough =
            |told: &VecDeque<_>| told.len() >= batch || !(told.is_empty() || open && upstream);
        while self.busy.telling < self.run.around.settings.concurrency && enough(&self.to_tell) {
            self.begin_telling(batch);
        }
    }

    /// With no call under way, waits until something can be read back; false if there is nothing to wait for, or no time.
    async fn wait_for_verification(&self) -> bool {
        let clock = &self.run.around.clock;
        let now = clock.now();
        let end = self.run.around.deadline.end();
        let in_time = |item: &&Item<W>| self.stop.is_none() && item.verify_at < end;
        let Some(last) = self.to_verify.iter().rev().find(in_time) else {
            return false;
        };
        clock.sleep(until(now, last.verify_at)).await;
        true
    }

    /// Whatever is on the conveyor and not settled. A held record is, even before the source is told of it.
    fn leftovers(&self) -> impl Iterator<Item = &RecordKey> {
        let items = self
            .to_locate
            .iter()
            .chain(&self.to_verify)
            .chain(self.partitions.values().flatten());
        let unsettled = |telling: &&Telling<_>| !matches!(telling.news, News::Held(_));
        let to_tell = self.to_tell.iter().filter(unsettled);
        self.ungated
            .iter()
            .chain(self.due.iter().map(|entry| &entry.key))
            .chain(items.map(|item| &item.entry.key))
            .chain(self.to_write.iter().map(|(item, _)| &item.entry.key))
            .chain(to_tell.map(|telling| &telling.entry.key))
    }

    /// Counts a failure of a whole system; one success in between starts the count again.
    pub(super) fn note_fault(&mut self, fault: &Fault) {
        let FaultKind::Retry {
            down: Some(system), ..
        } = fault.kind
        else {
            return;
        };
        self.failures += 1;
        if self.failures >= FAILURES_THAT_STOP {
            self.stop.get_or_insert(Stop::Unavailable(system));
        }
    }
}

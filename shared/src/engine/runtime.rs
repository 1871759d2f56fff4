//! What every life may use: the calls that go out for many, the limits, the turns and the windows.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use jiff::Timestamp;

use super::batch::Batcher;
use super::bell::Bell;
use super::flow::{Flow, Stage};
use super::limits::Limits;
use super::looks::Looks;
use super::naps::Naps;
use super::obstacle::{Answer, Closed, Obstacle};
use super::order::{Order, Place};
use super::persist::Persist;
use super::report::Report;
use super::turns::Turns;
use super::under_way::Run;
use super::window::Window;
use super::workflow::{Batches, Confirmation, Located, Notice, Verification, Workflow, Written};
use crate::clock::later;
use crate::domain::ids::TransactionId;
use crate::domain::record::RecordKey;
use crate::store::{RecordRow, RecordState, Sightings};

/// Ledger keys read in one go.
const ROWS_AT_ONCE: usize = 100;

/// Lives under way, those included that nap: at least what is written while one of them naps.
const WINDOW: usize = 2000;

/// What the ledger has of a record.
pub enum Found<P> {
    /// Nothing.
    Nothing,
    /// Its row.
    Row(Box<RecordRow<P>>),
    /// A row that cannot be read.
    Unreadable,
}

/// A record to be read from the source.
pub struct Wanted<W: Workflow> {
    pub key: RecordKey,
    /// Where it is found: by what the source showed in this run, else by the ledger.
    pub place: Option<W::Place>,
    /// Where the ledger has it.
    pub known: Option<W::Place>,
    /// What the source showed of it in this run.
    pub offer: Option<W::Offer>,
}

/// A record to be written.
pub struct ToWrite<W: Workflow> {
    pub key: RecordKey,
    pub record: Rc<W::Record>,
    pub plan: Rc<W::Plan>,
    /// When its source was asked for it.
    pub read_at: Option<Timestamp>,
    /// The row that is kept before the write, if the ledger has to say first what may be there.
    pub before: Option<RecordRow<W::Place>>,
}

/// What became of a write.
pub enum Wrote<P> {
    /// It was answered.
    Answered(Written<P>),
    /// What was read of it had become too old, so nothing was sent.
    Stale,
    /// The call was refused as a whole, so nothing was written, though a row may say otherwise.
    NotSent,
}

/// What became of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledged {
    /// The source took it.
    Told,
    /// It was left out: what another workflow tells of the record outranks it.
    Outranked,
}

/// A record to be read back.
pub type ReadBack<W> = (Rc<<W as Workflow>::Record>, <W as Workflow>::Place);

/// A record to be asked after.
pub type Sent<P> = (TransactionId, RecordKey, P);

/// What every life may use.
pub struct Runtime<'e, W: Workflow> {
    pub run: &'e Run<'e, W>,
    pub flow: &'e Flow,
    pub report: &'e Report<'e>,
    pub limits: Limits<'e, W::Place>,
    pub persist: Persist<'e>,
    pub ledger: Batcher<'e, RecordKey, Found<W::Place>>,
    pub fetch: Batcher<'e, Wanted<W>, W::Source>,
    pub reread: Batcher<'e, Wanted<W>, W::Source>,
    pub locate: Batcher<'e, Rc<W::Record>, Located<W>>,
    pub write: Batcher<'e, ToWrite<W>, Wrote<W::Place>>,
    pub verify: Batcher<'e, ReadBack<W>, Verification<W::Place>>,
    pub look: Batcher<'e, (RecordKey, W::Place), bool>,
    pub recheck: Batcher<'e, Sent<W::Place>, Confirmation<W::Place>>,
    pub confirm: Batcher<'e, Sent<W::Place>, Confirmation<W::Place>>,
    pub acknowledge: Batcher<'e, Notice<W::Place>, Acknowledged>,
    pub turns: Turns,
    pub naps: Naps,
    pub looks: Looks,
    /// Lives under way.
    pub window: Rc<Window>,
    /// Records between reading and writing: few, so that what is written was looked at just before.
    pub bench: Rc<Window>,
    /// The source has offered all that it will in this run.
    pub list_is_over: Bell,
    /// Nothing else is due: those may go that were refused alike before.
    pub others_are_through: Bell,
    /// Whether any record needs the destination to be ready.
    pub wants_preparing: Cell<bool>,
    /// What another workflow has seen of records that may be at a destination that cannot be asked.
    pub sighted: HashMap<RecordKey, Sightings>,
    orders: (Order, Order),
}

/// A life's places before reading and before its turn.
pub type Places<'e> = (Place<'e>, Place<'e>);

impl<'e, W: Workflow> Runtime<'e, W> {
    pub fn new(
        run: &'e Run<'e, W>,
        flow: &'e Flow,
        report: &'e Report<'e>,
        sighted: HashMap<RecordKey, Sightings>,
    ) -> Self {
        let at_once = run.context.settings.concurrency;
        let size = run.workflow.batches();
        let one_transaction = |one: &Sent<W::Place>, other: &Sent<W::Place>| one.0 == other.0;
        let asking = |stage| Batcher::new(flow, stage, usize::MAX, at_once).only(one_transaction);
        let limits = Limits::new(
            run.context,
            run.traits,
            run.request,
            &run.lease,
            run.looks_first,
        );
        let bench = Window::new(bench_size(size, at_once, limits.most_writes()), size.fetch);
        Self {
            run,
            flow,
            report,
            limits,
            persist: Persist {
                context: run.context,
                lease: &run.lease,
                source_kind: run.traits.source_kind,
            },
            ledger: Batcher::new(flow, Stage::Ledger, ROWS_AT_ONCE, 1),
            fetch: Batcher::new(flow, Stage::Fetch, size.fetch, at_once),
            reread: Batcher::new(flow, Stage::Reread, size.fetch, at_once),
            locate: Batcher::new(flow, Stage::Locate, size.locate, at_once),
            write: Batcher::new(flow, Stage::Write, size.write, at_once),
            verify: Batcher::new(flow, Stage::Verify, size.verify, at_once),
            look: Batcher::new(flow, Stage::Look, size.verify, at_once),
            recheck: asking(Stage::Recheck),
            confirm: asking(Stage::Confirm),
            acknowledge: Batcher::new(flow, Stage::Acknowledge, size.report, at_once),
            turns: Turns::default(),
            naps: Naps::default(),
            looks: Looks::default(),
            window: Window::new(WINDOW, ROWS_AT_ONCE),
            bench,
            list_is_over: Bell::default(),
            others_are_through: Bell::default(),
            wants_preparing: Cell::new(false),
            sighted,
            orders: <_>::default(),
        }
    }

    /// Whether what was read at this moment is still young enough to be written.
    pub fn is_fresh(&self, read_at: Option<Timestamp>) -> bool {
        let Some(age) = self.run.workflow.fresh_for() else {
            return true;
        };
        read_at.is_some_and(|read| self.run.context.now() <= later(read, age))
    }

    /// The next places before reading and before the turn.
    pub fn line_up(&self) -> Places<'_> {
        (self.orders.0.line_up(), self.orders.1.line_up())
    }

    /// Keeps a row. A dry run keeps none, and goes on as if it had.
    pub async fn keep(&self, row: &RecordRow<W::Place>) -> Answer<()> {
        // A row that is due for no reason was only put back.
        if row.state != RecordState::Retry || row.reason.is_some() {
            self.limits.moved.set(true);
        }
        let _out = self.flow.out(Stage::Keep);
        // Signing a request to the table takes longer than sending a write: whatever can go out to
        // the systems goes first.
        tokio::task::yield_now().await;
        if self.run.request.dry_run {
            return Ok(());
        }
        let kept = self.run.put_record(row).await;
        kept.map_err(|error| {
            self.limits.stop(error.into());
            Obstacle::Closed(Closed::Stopped)
        })
    }

    /// Naps until this moment, if a call of this stage is in time then.
    pub async fn rest(&self, before: Stage, at: Timestamp) -> Answer<()> {
        let nap = match before {
            Stage::Verify => Stage::BeforeVerify,
            _ => Stage::BeforeConfirm,
        };
        let context = self.run.context;
        while context.now() < at {
            self.limits
                .is_in_time(before, at)
                .map_err(Obstacle::Closed)?;
            // Nobody waits for the company of who wakes in the reserve only.
            let open = context.deadline.open(at);
            let _out = open.then(|| self.flow.out(nap));
            self.naps.until(at).await;
        }
        Ok(())
    }
}

/// Seats between reading and writing: a batch that is being read, and work for as long as that takes,
/// but no more than may be written. Whole batches, or the last seats go to a small one.
fn bench_size(size: Batches, at_once: usize, most_writes: usize) -> usize {
    let ahead = (2 * size.locate.max(size.write) + at_once) / size.fetch;
    let useful = most_writes.div_ceil(size.fetch);
    size.fetch * (1 + ahead).min(useful.max(1))
}

//! Drives the lives of one run from one task: lets them in, makes their calls, and sleeps for them.
//!
//! Beside the lives it keeps what is no life: the pages of the source, the cursor behind them, and what
//! is kept beside the records. It ends when nobody lives any more. A run that is asked to stop waits
//! some seconds for what is out, and no longer.

use std::collections::HashMap;
use std::pin::{Pin, pin};
use std::task::{Context as TaskContext, Poll};

use futures::future::{BoxFuture, LocalBoxFuture, poll_fn};
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};

use super::calls::{ASKED, Calls, Ended, begin, list, prepare};
use super::flow::{Flow, Stage};
use super::life::{End, live};
use super::limits::NextProbe;
use super::line::Line;
use super::report::Report;
use super::runtime::Runtime;
use super::site;
use super::source::Source;
use super::under_way::Run;
use super::workflow::{Seen, SourceKind, Workflow};
use crate::clock::until;
use crate::domain::outcome::Outcome;
use crate::domain::reason::{Reason, Stop};
use crate::domain::record::RecordKey;
use crate::domain::system::System;
use crate::store::{Cursor, RecordRow, Sightings, StoreError};

/// In how many runs records are refused alike, and nothing else is due, before they are held.
const REFUSED_RUNS: u32 = 3;

/// What a run begins with.
pub struct Start<'r, W: Workflow> {
    /// The source, and what the ledger brings.
    pub source: Source<'r, W>,
    /// What another workflow has seen of records that may be at a destination that cannot be asked.
    pub sighted: HashMap<RecordKey, Sightings>,
}

/// How a run came to rest.
pub struct Rest<P> {
    /// Why it could not go on; empty if it could.
    pub stops: Vec<Stop>,
    /// A system of which every call failed.
    pub silent: Option<System>,
    /// Rows of records that failed for no fault of their own, if the table can be written to.
    pub put_back: Vec<RecordRow<P>>,
    /// What the next run has to know of a destination that is down, if that changed.
    pub probe: NextProbe,
    /// Whether it wrote as much as it may.
    pub limited: bool,
    /// Writes begun at the destination.
    pub writes: usize,
    /// Whether any record was brought further, or written.
    pub progress: bool,
    /// Whether something is left that there was no time for.
    pub out_of_time: bool,
    /// Where the cursor stands now.
    pub cursor: Option<Cursor>,
}

/// Lets every record live that is due, until all have ended, time is over, or the run cannot go on.
pub async fn drive<W: Workflow>(
    run: &Run<'_, W>,
    start: Start<'_, W>,
    report: &Report<'_>,
) -> Rest<W::Place> {
    let flow = Flow::default();
    let runtime = Runtime::new(run, &flow, report, start.sighted);
    let mut driver = Driver {
        runtime: &runtime,
        source: start.source,
        lives: FuturesUnordered::new(),
        calls: FuturesUnordered::new(),
        asleep: None,
        preparing: false,
        closed: false,
    };
    let cut = driver.until_nobody_lives().await;
    driver.rest(cut).await
}

/// What goes on in one run.
struct Driver<'e, W: Workflow> {
    runtime: &'e Runtime<'e, W>,
    source: Source<'e, W>,
    lives: FuturesUnordered<LocalBoxFuture<'e, End>>,
    calls: Calls<'e, W>,
    /// The nap of all who nap, while nothing is out.
    asleep: Option<BoxFuture<'static, ()>>,
    /// Whether the destination is being made ready, or is.
    preparing: bool,
    /// Whether nothing new begins any more.
    closed: bool,
}

impl<W: Workflow> Driver<'_, W> {
    /// True if what was out is not waited for any more.
    async fn until_nobody_lives(&mut self) -> bool {
        let (deadline, clock) = (
            &self.runtime.run.context.deadline,
            &self.runtime.run.context.clock,
        );
        let mut cut = pin!(async {
            let cut = deadline.cut().await;
            clock.sleep(until(clock.now(), cut)).await;
        });
        let mut stopped = pin!(deadline.stopped());
        poll_fn(|task| {
            while self.goes_on(task) {
                self.asleep = None;
            }
            if self.is_anything_out() {
                return cut.as_mut().poll(task).map(|()| true);
            }
            match self.nap(task, stopped.as_mut()) {
                Poll::Ready(true) => {
                    task.waker().wake_by_ref();
                    Poll::Pending
                }
                Poll::Ready(false) => Poll::Ready(false),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    /// Moves whatever can move now, each at its turn. False once nothing can.
    fn goes_on(&mut self, task: &mut TaskContext<'_>) -> bool {
        let mut moved = false;
        while let Poll::Ready(Some(end)) = self.lives.poll_next_unpin(task) {
            self.ended(&end);
            moved = true;
        }
        // One call at a time: its lives hear of it before the next one is judged.
        if let Poll::Ready(Some(ended)) = self.calls.poll_next_unpin(task) {
            self.take(ended);
            return true;
        }
        if self.close_if_over() || self.begin() || moved {
            return true;
        }
        let runtime = self.runtime;
        runtime.flow.take_moved()
            || runtime.flow.let_go(&ASKED, self.closed)
            || self.release_who_waits()
            || runtime.naps.wake(runtime.run.context.now())
    }

    fn is_anything_out(&self) -> bool {
        !self.calls.is_empty() || self.runtime.flow.out_at(Stage::Keep) > 0
    }

    /// With nothing out, sleeps until somebody is to be woken, or somebody asks the run to stop.
    /// Ready(false) if nobody lives.
    fn nap(
        &mut self,
        task: &mut TaskContext<'_>,
        stopped: Pin<&mut impl Future<Output = ()>>,
    ) -> Poll<bool> {
        if self.lives.is_empty() {
            return Poll::Ready(false);
        }
        let (runtime, context) = (self.runtime, self.runtime.run.context);
        let Some(next) = runtime.naps.next() else {
            // Who lives now waits for something that does not come in this run.
            let waits = !self.closed;
            self.close();
            return Poll::Ready(waits);
        };
        if !context.deadline.is_stopped() && stopped.poll(task).is_ready() {
            runtime.naps.wake_all();
            return Poll::Ready(true);
        }
        let asleep = self.asleep.get_or_insert_with(|| {
            let now = context.now();
            context.clock.sleep(until(now, next))
        });
        if asleep.poll_unpin(task).is_pending() {
            return Poll::Pending;
        }
        self.asleep = None;
        runtime.naps.wake(context.now());
        Poll::Ready(true)
    }

    /// Closes the run once nothing new may begin. True if that is now.
    fn close_if_over(&mut self) -> bool {
        let closes = !self.closed && !self.runtime.limits.is_open();
        if closes {
            self.close();
        }
        closes
    }

    /// Nothing new begins: who waits for something is let go, to end or to finish what is begun.
    fn close(&mut self) {
        self.closed = true;
        self.runtime.list_is_over.ring();
        self.runtime.others_are_through.ring();
        self.runtime.looks.end();
        self.runtime.naps.wake_all();
    }

    /// Begins whatever may begin now. True if there was anything.
    fn begin(&mut self) -> bool {
        let runtime = self.runtime;
        let (run, limits) = (runtime.run, &runtime.limits);
        let listed = run.traits.source_kind == SourceKind::Pending;
        let mut any = false;
        // Where the source is followed by time of change, what is not there counts. So it has to be
        // proven first that everything is shown. Of a list it is asked once there is something to do.
        let wanted = !listed || runtime.wants_preparing.get();
        if !self.closed && !self.preparing && wanted {
            self.preparing = true;
            self.calls.push(prepare(runtime).boxed_local());
            any = true;
        }
        if !self.closed && (listed || limits.prepared.get()) {
            any |= self.read_on(listed || !limits.is_spent());
        }
        if let Some(cursor) = self.source.cursor_to_save() {
            self.calls.push(save(runtime, cursor).boxed_local());
            any = true;
        }
        begin(runtime, &self.calls) || any
    }

    /// Reads the source on, and lets records live. True if there was anything.
    fn read_on(&mut self, may_list: bool) -> bool {
        let runtime = self.runtime;
        let mut any = false;
        if may_list && let Some(ask) = self.source.ask() {
            self.calls.push(list(runtime, ask).boxed_local());
            any = true;
        }
        while self.source.has_waiting()
            && let Some(seat) = runtime.window.try_enter()
            && let Some(coming) = self.source.next()
        {
            let places = runtime.line_up();
            self.lives
                .push(live(runtime, coming, seat, places).boxed_local());
            any = true;
        }
        any
    }

    /// Lets those go that waited for the whole list, and then those that waited for all others. True if
    /// there were any.
    fn release_who_waits(&self) -> bool {
        let runtime = self.runtime;
        let listed = self.source.is_over() && !self.source.has_waiting();
        if self.closed || !listed || runtime.flow.is_busy(&[Stage::Ledger]) {
            return false;
        }
        if !runtime.limits.is_spent() && runtime.looks.begin() {
            return true;
        }
        let others = [Stage::Fetch, Stage::Locate, Stage::Write, Stage::Keep];
        let through = !runtime.flow.is_busy(&others);
        let awaited = runtime.others_are_through.is_awaited();
        if through && awaited {
            runtime.others_are_through.ring();
        }
        through && awaited
    }

    fn ended(&mut self, end: &End) {
        if end.again {
            self.source.again(end.key.clone());
        }
        self.source.ended(&end.key, end.put_off);
        self.runtime.flow.has_moved();
    }

    /// Takes in what a call brought beside the answers for the lives.
    fn take(&mut self, ended: Ended<W>) {
        let runtime = self.runtime;
        let (run, limits) = (runtime.run, &runtime.limits);
        let outcome = match ended {
            Ended::Answered => Ok(()),
            Ended::Prepared(prepared) => prepared.map(|()| limits.prepared.set(true)),
            Ended::Kept(kept) => kept,
            Ended::CursorSaved(saved) => {
                self.source.saved();
                saved.map_err(Stop::from)
            }
            Ended::Fetched(found, seen) => {
                for seen in seen.into_iter().filter(|_| !run.request.dry_run) {
                    self.calls.push(keep_seen(runtime, seen).boxed_local());
                }
                found.map(|found| self.source.offer(found, runtime.report))
            }
            Ended::Taken => {
                if !run.request.dry_run && !run.site_kept.replace(true) {
                    self.calls.push(keep_site(runtime).boxed_local());
                }
                Ok(())
            }
            Ended::Listed(listed) => listed.map(|(opened, page, remarks)| {
                runtime.report.sums().count_remarks(&remarks);
                self.source.take(opened, page, runtime.report);
            }),
        };
        if let Err(stop) = outcome {
            limits.stop(stop);
        }
        if self.source.is_over() {
            runtime.list_is_over.ring();
        }
    }

    /// What is left when nobody lives any more, or nobody is waited for.
    async fn rest(self, cut: bool) -> Rest<W::Place> {
        let Self {
            runtime,
            mut source,
            lives,
            calls,
            ..
        } = self;
        let (run, limits) = (runtime.run, &runtime.limits);
        // What is cut off counts as what it was, and its rows stay as they are.
        drop((lives, calls));
        for key in source.drain() {
            limits.left.set(true);
            runtime.report.count(Line::plain(key, Outcome::Deferred));
        }
        for key in source.not_found() {
            let named = if key.ends_in_an_id() {
                key
            } else {
                RecordKey::of_no_key()
            };
            let nowhere = Line::plain(named, Outcome::Skipped);
            runtime.report.count(nowhere.because(Reason::NotFound));
        }
        let limited = limits.is_spent();
        let unread = !source.is_over() && !limited && !limits.has_let_in_all();
        let mut cursor = source.cursor().cloned();
        if !limits.is_cut_from_the_store()
            && let Some(last) = source.last_cursor()
        {
            match put_cursor(run, &last).await {
                Ok(()) => cursor = Some(last),
                Err(error) => limits.stop(error.into()),
            }
        }
        let silent = silent_system(runtime);
        let left = limits.left.get() && !limited;
        let late = limits.out_of_time.get() || left || unread || cut;
        let put_back = put_back(runtime, silent);
        let cut_from_the_store = limits.is_cut_from_the_store();
        let (put_back, probe) = if cut_from_the_store {
            (Vec::new(), NextProbe::AsBefore)
        } else {
            (put_back, limits.next_probe(silent))
        };
        let writes = limits.writes.get();
        Rest {
            out_of_time: late && !limits.is_stopped(),
            progress: writes > 0 || limits.moved.get(),
            stops: limits.stops(),
            put_back,
            probe,
            silent,
            limited,
            writes,
            cursor,
        }
    }
}

/// A system that failed, and of which every call failed, few as they may have been.
fn silent_system<W: Workflow>(runtime: &Runtime<'_, W>) -> Option<System> {
    let workflow = runtime.run.workflow;
    let never_answered = |system: &System| {
        let failed = workflow.failed_calls().to(*system);
        failed > 0 && failed == workflow.calls().to(*system)
    };
    let failures = runtime.limits.failures();
    failures.of_systems().find(never_answered)
}

/// The rows of what failed for no fault of its own, as they are to be put back; counted anew where that
/// changes how a record ended.
fn put_back<W: Workflow>(
    runtime: &Runtime<'_, W>,
    silent: Option<System>,
) -> Vec<RecordRow<W::Place>> {
    let limits = &runtime.limits;
    let down =
        |system: System| silent == Some(system) || limits.is_stopped_by(&Stop::Unavailable(system));
    let mut failures = limits.failures_mut();
    let mut rows = failures.take_failed(down);
    let others_due = failures.others_due;
    for (reason, row) in failures.take_refused_alike() {
        let runs = row.refused_alike;
        let runs = runs.map_or(0, |runs| runs + u32::from(!others_due));
        let held = runs >= REFUSED_RUNS;
        let row = if held {
            runtime.persist.held_for_good(row)
        } else {
            RecordRow {
                reason: Some(reason),
                refused_alike: Some(runs),
                ..row
            }
        };
        let outcome = if held {
            Outcome::Held
        } else {
            runtime.report.sums().was_not_newly_held();
            Outcome::WillRetry
        };
        let line = Line::plain(row.key.clone(), outcome).with_fields(row.fields.clone());
        runtime.report.count(match row.reason {
            Some(reason) => line.because(reason),
            None => line,
        });
        rows.push(row);
    }
    rows
}

async fn put_cursor<W: Workflow>(run: &Run<'_, W>, cursor: &Cursor) -> Result<(), StoreError> {
    run.still_ours()?;
    run.context.store.put_cursor(cursor).await
}

async fn save<W: Workflow>(runtime: &Runtime<'_, W>, cursor: Cursor) -> Ended<W> {
    let _out = runtime.flow.out(Stage::Keep);
    Ended::CursorSaved(put_cursor(runtime.run, &cursor).await)
}

/// After the first write that was accepted: where the systems are is kept, once.
async fn keep_site<W: Workflow>(runtime: &Runtime<'_, W>) -> Ended<W> {
    let _out = runtime.flow.out(Stage::Keep);
    Ended::Kept(site::keep(runtime.run, false).await)
}

/// Keeps what came to light of another workflow's records.
async fn keep_seen<W: Workflow>(runtime: &Runtime<'_, W>, seen: Seen) -> Ended<W> {
    let _out = runtime.flow.out(Stage::Keep);
    let run = runtime.run;
    let kept = async {
        run.still_ours()?;
        let now = run.context.now();
        run.context.store.put_seen(&seen.of, seen.id, now).await
    };
    Ended::Kept(kept.await.map_err(Stop::from))
}

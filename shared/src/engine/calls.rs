//! The calls beneath the lives: how each is made, and how its answer is judged.

use std::rc::Rc;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use futures::stream::FuturesUnordered;

use super::batch::{Batch, Batcher};
use super::fault::{CallError, Fault, FaultKind};
use super::flow::Stage;
use super::limits::May;
use super::obstacle::{Answer, Closed, Obstacle};
use super::panics::{guarded_batch, guarded_now, guarded_once};
use super::runtime::{Acknowledged, Found, ReadBack, Runtime, Sent, ToWrite, Wanted, Wrote};
use super::source::Ask;
use super::workflow::{
    Asked, BatchResult, Confirmation, Discovered, Located, Notice, Opened, Page, Precedence, Seen,
    Verification, Workflow, Written,
};
use super::{beside, panics};
use crate::domain::reason::{Reason, Stop};
use crate::domain::record::RecordKey;
use crate::domain::system::System;
use crate::store::StoreError;

/// A call that has ended, with what it brought beside the answers for the lives.
pub enum Ended<W: Workflow> {
    /// Nothing.
    Answered,
    /// Records that came to light while others were read, and what was seen of another workflow's.
    Fetched(Result<Vec<Discovered<W>>, Stop>, Vec<Seen>),
    /// A system took something for the first time, or again.
    Taken,
    /// The destination is ready.
    Prepared(Result<(), Stop>),
    /// A page of the source; none after the last.
    Listed(Result<Listed<W>, Stop>),
    /// The cursor is in the table.
    CursorSaved(Result<(), StoreError>),
    /// Something else is in the table.
    Kept(Result<(), Stop>),
}

/// A page that was asked for, with what the next one is asked for by, and what is new among the
/// remarks on what it showed beside its records.
pub type Listed<W> = (Opened<<W as Workflow>::Pages>, Option<Page<W>>, Vec<Reason>);

/// Calls that are out.
pub type Calls<'e, W> = FuturesUnordered<LocalBoxFuture<'e, Ended<W>>>;

/// The stages at which lives ask, in the order in which their calls begin.
pub const ASKED: [Stage; 10] = [
    Stage::Ledger,
    Stage::Fetch,
    Stage::Locate,
    Stage::Reread,
    Stage::Write,
    Stage::Look,
    Stage::Recheck,
    Stage::Confirm,
    Stage::Verify,
    Stage::Acknowledge,
];

/// Begins every call that may go now, and answers who asks for one that may not go in this run. True
/// if there was any.
pub fn begin<'e, W: Workflow>(runtime: &'e Runtime<'e, W>, out: &Calls<'e, W>) -> bool {
    [
        serve(runtime, &runtime.ledger, Stage::Ledger, out, rows),
        serve(runtime, &runtime.fetch, Stage::Fetch, out, fetch),
        serve(runtime, &runtime.locate, Stage::Locate, out, locate),
        serve(runtime, &runtime.reread, Stage::Reread, out, read_again),
        serve(runtime, &runtime.write, Stage::Write, out, write),
        serve(runtime, &runtime.look, Stage::Look, out, look),
        serve(runtime, &runtime.recheck, Stage::Recheck, out, recheck),
        serve(runtime, &runtime.confirm, Stage::Confirm, out, confirm),
        serve(runtime, &runtime.verify, Stage::Verify, out, verify),
        serve(
            runtime,
            &runtime.acknowledge,
            Stage::Acknowledge,
            out,
            acknowledge,
        ),
    ]
    .contains(&true)
}

fn serve<'e, W: Workflow, I: 'e, A: 'e, C>(
    runtime: &'e Runtime<'e, W>,
    asked: &'e Batcher<'e, I, A>,
    stage: Stage,
    out: &Calls<'e, W>,
    call: impl Fn(&'e Runtime<'e, W>, Batch<'e, I, A>) -> C,
) -> bool
where
    C: Future<Output = Ended<W>> + 'e,
{
    let mut any = false;
    while runtime.flow.waiting_at(stage) > 0 {
        match runtime.limits.may(stage, runtime.flow) {
            May::Go(most) => match asked.next(most) {
                Some(batch) => out.push(call(runtime, batch).boxed_local()),
                None => return any,
            },
            May::Wait => return any,
            May::Not(closed) => asked.close(closed),
        }
        any = true;
    }
    any
}

/// Makes the destination ready.
pub async fn prepare<W: Workflow>(runtime: &Runtime<'_, W>) -> Ended<W> {
    let _out = runtime.flow.out(Stage::Prepare);
    let run = runtime.run;
    Ended::Prepared(panics::guarded_run(run.workflow.prepare(run.ledger())).await)
}

/// Reads a page of the source.
pub async fn list<W: Workflow>(runtime: &Runtime<'_, W>, ask: Ask<W>) -> Ended<W> {
    let _out = runtime.flow.out(Stage::List);
    let run = runtime.run;
    let listed = async {
        let mut opened = match ask {
            Ask::First(from) => panics::guarded_run(run.workflow.open(from)).await?,
            Ask::Next(opened) => opened,
        };
        let page = panics::guarded_run(run.workflow.next_page(&mut opened.pages)).await?;
        let remarks = beside::keep_shown(run).await?;
        Ok((opened, page, remarks))
    };
    Ended::Listed(listed.await)
}

/// Reads the ledger's rows. What cannot be read is put before a person, who else would not see it.
async fn rows<'e, W: Workflow>(
    runtime: &'e Runtime<'e, W>,
    batch: Batch<'e, RecordKey, Found<W::Place>>,
) -> Ended<W> {
    let store = runtime.run.context.store;
    let read = async {
        let rows = store.each_record(&batch.items).await?;
        if !runtime.run.request.dry_run {
            for key in &rows.unreadable {
                store.mark_unreadable(key).await?;
            }
        }
        Ok::<_, StoreError>(rows)
    };
    match read.await {
        Ok(mut rows) => {
            let found: Vec<_> = (batch.items.iter())
                .map(|key| match rows.readable.remove(key) {
                    Some(row) => Found::Row(Box::new(row)),
                    None if rows.unreadable.contains(key) => Found::Unreadable,
                    None => Found::Nothing,
                })
                .map(Ok)
                .collect();
            batch.answer(found);
        }
        Err(error) => {
            runtime.limits.stop(error.into());
            let stopped = batch.items.iter().map(|_| stopped()).collect::<Vec<_>>();
            batch.answer(stopped);
        }
    }
    Ended::Answered
}

async fn fetch<'e, W: Workflow>(
    runtime: &'e Runtime<'e, W>,
    batch: Batch<'e, Wanted<W>, W::Source>,
) -> Ended<W> {
    let workflow = runtime.run.workflow;
    let asked: Vec<_> = batch.items.iter().map(Wanted::asked).collect();
    let read = async |asked: &[Asked<'_, W>]| workflow.fetch(asked).await;
    let answers = made(runtime, Stage::Fetch, &asked, read).await;
    let found = guarded_now(|| workflow.found()).map_err(|_| Stop::InternalError);
    drop(asked);
    batch.answer(answers);
    Ended::Fetched(found, workflow.seen())
}

/// Reads once more what was read too long ago to be written.
async fn read_again<'e, W: Workflow>(
    runtime: &'e Runtime<'e, W>,
    batch: Batch<'e, Wanted<W>, W::Source>,
) -> Ended<W> {
    let workflow = runtime.run.workflow;
    let asked: Vec<_> = batch.items.iter().map(Wanted::asked).collect();
    let read = async |asked: &[Asked<'_, W>]| workflow.read_again(asked).await;
    let answers = made(runtime, Stage::Reread, &asked, read).await;
    drop(asked);
    batch.answer(answers);
    Ended::Answered
}

async fn locate<'e, W: Workflow>(
    runtime: &'e Runtime<'e, W>,
    batch: Batch<'e, Rc<W::Record>, Located<W>>,
) -> Ended<W> {
    let (run, ledger) = (runtime.run, runtime.run.ledger());
    let records: Vec<&W::Record> = batch.items.iter().map(Rc::as_ref).collect();
    let look = async |records: &[&W::Record]| run.workflow.locate(records, ledger).await;
    let answers = made(runtime, Stage::Locate, &records, look).await;
    drop(records);
    batch.answer(answers);
    Ended::Answered
}

fn write<'e, W: Workflow>(
    runtime: &'e Runtime<'e, W>,
    batch: Batch<'e, ToWrite<W>, Wrote<W::Place>>,
) -> impl Future<Output = Ended<W>> + 'e {
    let going = batch.items.iter().map(|one| runtime.is_fresh(one.read_at));
    let going: Vec<bool> = going.collect();
    let writes = &runtime.limits.writes;
    writes.set(writes.get() + going.iter().filter(|going| **going).count());
    async move {
        let answers = write_what_goes(runtime, &batch.items, &going).await;
        let taken = answers.iter().any(|answer| match answer {
            Ok(Wrote::Answered(written)) => written.is_taken(),
            _ => false,
        });
        batch.answer(answers);
        if taken { Ended::Taken } else { Ended::Answered }
    }
}

/// Writes those of a batch that go; the others were read too long ago.
async fn write_what_goes<W: Workflow>(
    runtime: &Runtime<'_, W>,
    batch: &[ToWrite<W>],
    going: &[bool],
) -> Vec<Answer<Wrote<W::Place>>> {
    let fresh = batch.iter().zip(going).filter(|(_, going)| **going);
    let fresh: Vec<&ToWrite<W>> = fresh.map(|(one, _)| one).collect();
    if fresh.is_empty() {
        return going.iter().map(|_| Ok(Wrote::Stale)).collect();
    }
    let answers = match write_under_lease(runtime, &fresh).await {
        Err(CallError::Run(stop)) => {
            runtime.limits.stop(stop);
            fresh.iter().map(|_| Ok(Wrote::NotSent)).collect()
        }
        answer => judged_writes(runtime, answer, fresh.len()),
    };
    let mut answers = answers.into_iter();
    let answer = |going: &bool| {
        if *going {
            answers.next().unwrap_or(Ok(Wrote::NotSent))
        } else {
            Ok(Wrote::Stale)
        }
    };
    going.iter().map(answer).collect()
}

/// Writes a batch. Where the destination cannot be asked afterwards, the ledger says so first, and a
/// panic leaves the fate unknown.
async fn write_under_lease<W: Workflow>(
    runtime: &Runtime<'_, W>,
    batch: &[&ToWrite<W>],
) -> BatchResult<Written<W::Place>> {
    let (run, store) = (runtime.run, runtime.run.context.store);
    let unaskable = run.traits.unaskable.is_some();
    let rows: Vec<_> = batch.iter().filter_map(|one| one.before.as_ref()).collect();
    if unaskable {
        for row in &rows {
            run.still_ours().map_err(Stop::from)?;
            let kept = store.put_sending(row, &run.lease).await;
            kept.map_err(Stop::from)?;
        }
    } else if !rows.is_empty() {
        run.still_ours().map_err(Stop::from)?;
        let kept = store.put_noted(&rows, &run.lease).await;
        kept.map_err(Stop::from)?;
    }
    run.still_ours().map_err(Stop::from)?;
    // After the rows are kept: of two workflows that each keep a row and then read the other's, one
    // at least sees the other.
    let keys: Vec<_> = batch.iter().map(|one| &one.key).collect();
    let yields = run.workflow.yields(&keys, run.ledger()).await?;
    let yields = |at: usize| yields.get(at).copied().flatten();
    let going = batch.iter().enumerate();
    let going = going.filter(|(at, _)| yields(*at).is_none());
    let going: Vec<_> = going
        .map(|(_, one)| (one.record.as_ref(), one.plan.as_ref()))
        .collect();
    let mut answers = write_now(runtime, &going, unaskable).await?.into_iter();
    let answer = |at: usize| match yields(at) {
        Some(reason) => Err(Fault::yields(reason)),
        None => answers.next().unwrap_or_else(|| Err(internal())),
    };
    Ok((0..batch.len()).map(answer).collect())
}

async fn write_now<W: Workflow>(
    runtime: &Runtime<'_, W>,
    records: &[(&W::Record, &W::Plan)],
    unaskable: bool,
) -> BatchResult<Written<W::Place>> {
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let panicked = if unaskable {
        Fault::hold(Reason::OutcomeUnknown, Vec::new())
    } else {
        internal()
    };
    let answer = guarded_once(records, runtime.run.workflow.write(records)).await;
    answer.unwrap_or(Err(CallError::Record(panicked)))
}

async fn look<'e, W: Workflow>(
    runtime: &'e Runtime<'e, W>,
    batch: Batch<'e, (RecordKey, W::Place), bool>,
) -> Ended<W> {
    let workflow = runtime.run.workflow;
    let records: Vec<_> = batch
        .items
        .iter()
        .map(|(key, place)| (key, place))
        .collect();
    let look = async |records: &[(&RecordKey, &W::Place)]| workflow.still_there(records).await;
    let answers = made(runtime, Stage::Look, &records, look).await;
    drop(records);
    batch.answer(answers);
    Ended::Answered
}

async fn verify<'e, W: Workflow>(
    runtime: &'e Runtime<'e, W>,
    batch: Batch<'e, ReadBack<W>, Verification<W::Place>>,
) -> Ended<W> {
    let workflow = runtime.run.workflow;
    let written = batch.items.iter();
    let written: Vec<_> = written
        .map(|(record, place)| (record.as_ref(), place))
        .collect();
    let read = async |written: &[(&W::Record, &W::Place)]| workflow.verify(written).await;
    let answers = made(runtime, Stage::Verify, &written, read).await;
    drop(written);
    batch.answer(answers);
    Ended::Answered
}

async fn recheck<'e, W: Workflow>(
    runtime: &'e Runtime<'e, W>,
    batch: Batch<'e, Sent<W::Place>, Confirmation<W::Place>>,
) -> Ended<W> {
    ask_after(runtime, Stage::Recheck, batch).await
}

async fn confirm<'e, W: Workflow>(
    runtime: &'e Runtime<'e, W>,
    batch: Batch<'e, Sent<W::Place>, Confirmation<W::Place>>,
) -> Ended<W> {
    ask_after(runtime, Stage::Confirm, batch).await
}

/// Asks what became of what was sent under one transaction.
async fn ask_after<'e, W: Workflow>(
    runtime: &'e Runtime<'e, W>,
    stage: Stage,
    batch: Batch<'e, Sent<W::Place>, Confirmation<W::Place>>,
) -> Ended<W> {
    let workflow = runtime.run.workflow;
    let Some(transaction) = batch.items.first().map(|(transaction, ..)| transaction) else {
        return Ended::Answered;
    };
    let records = batch.items.iter();
    let records: Vec<_> = records.map(|(_, key, place)| (key, place)).collect();
    let ask =
        async |records: &[(&RecordKey, &W::Place)]| workflow.confirm(transaction, records).await;
    let answers = made(runtime, stage, &records, ask).await;
    drop(records);
    batch.answer(answers);
    Ended::Answered
}

async fn acknowledge<'e, W: Workflow>(
    runtime: &'e Runtime<'e, W>,
    batch: Batch<'e, Notice<W::Place>, Acknowledged>,
) -> Ended<W> {
    let tell = async |notices: &[Notice<W::Place>]| tell(runtime, notices).await;
    let answers = made(runtime, Stage::Acknowledge, &batch.items, tell).await;
    let taken = answers.iter().any(Result::is_ok);
    batch.answer(answers);
    if taken { Ended::Taken } else { Ended::Answered }
}

/// Tells the source, as long as the lease is ours, all but what is outranked.
async fn tell<W: Workflow>(
    runtime: &Runtime<'_, W>,
    notices: &[Notice<W::Place>],
) -> BatchResult<Acknowledged> {
    let run = runtime.run;
    run.outlasts_a_call().map_err(Stop::from)?;
    let ranks = run.workflow.precedence(notices, run.ledger()).await?;
    let rank = |at: usize| ranks.get(at).copied().unwrap_or(Precedence::Told);
    let told = notices.iter().enumerate();
    let told = told.filter(|(at, _)| rank(*at) == Precedence::Told);
    let told: Vec<Notice<W::Place>> = told.map(|(_, notice)| notice.clone()).collect();
    let mut answers = if told.is_empty() {
        Vec::new().into_iter()
    } else {
        run.workflow.report(&told).await?.into_iter()
    };
    let acknowledged = |at: usize| match rank(at) {
        Precedence::Told => match answers.next() {
            Some(answer) => answer.map(|()| Acknowledged::Told),
            None => Err(internal()),
        },
        Precedence::Silent => Ok(Acknowledged::Outranked),
        Precedence::StillPending => Err(Fault::hold(Reason::StillPendingAtSource, Vec::new())),
    };
    Ok((0..notices.len()).map(acknowledged).collect())
}

/// Makes a call that may be made again for each record alone, and judges what came of it.
async fn made<W: Workflow, I, T>(
    runtime: &Runtime<'_, W>,
    at: Stage,
    asked: &[I],
    call: impl AsyncFn(&[I]) -> BatchResult<T>,
) -> Vec<Answer<T>> {
    let answer = guarded_batch(asked, call).await;
    judged(runtime, at, answer, asked.len())
}

/// The answers of a call, one a record, whatever happened to it.
fn judged<W: Workflow, T>(
    runtime: &Runtime<'_, W>,
    at: Stage,
    answer: BatchResult<T>,
    records: usize,
) -> Vec<Answer<T>> {
    let answers = match answer {
        Err(CallError::Run(stop)) => {
            runtime.limits.stop(stop);
            return (0..records).map(|_| stopped()).collect();
        }
        answer => each(answer, records),
    };
    let down = answers.iter().map(down_of);
    note(runtime, at, down.reduce(Option::and).flatten());
    let answers = answers.into_iter();
    answers
        .map(|answer| answer.map_err(Obstacle::fault(at)))
        .collect()
}

/// The same of writes. One that ends with nothing known of its fate is no answer of the destination.
fn judged_writes<W: Workflow>(
    runtime: &Runtime<'_, W>,
    answer: BatchResult<Written<W::Place>>,
    records: usize,
) -> Vec<Answer<Wrote<W::Place>>> {
    let destination = runtime.run.traits.name.destination();
    let lost = is_lost(&answer);
    runtime.limits.failures_mut().lost_write |= lost;
    // What failed where it was to be is a fault like any other; only its life needs the place.
    let down = if lost {
        Some(destination)
    } else {
        let faults = faults_of(&answer, records).into_iter();
        let down = faults.map(|fault| fault.as_ref().and_then(Fault::of_a_system));
        down.reduce(Option::and).flatten()
    };
    note(runtime, Stage::Write, down);
    let answers = each(answer, records).into_iter();
    let answers = answers.map(|answer| {
        answer
            .map(Wrote::Answered)
            .map_err(Obstacle::fault(Stage::Write))
    });
    answers.collect()
}

/// A call failed with a whole system, or came through.
fn note<W: Workflow>(runtime: &Runtime<'_, W>, at: Stage, down: Option<System>) {
    let name = runtime.run.traits.name;
    if let Some(system) = down {
        return runtime.limits.note_failure(at, system);
    }
    let spoke = match at {
        Stage::Fetch | Stage::Reread | Stage::Acknowledge => Some(name.source()),
        // Not every destination is asked where its records are.
        Stage::Locate => None,
        _ => Some(name.destination()),
    };
    runtime.limits.failures_mut().note_answer(at, spoke);
}

/// The fault of each write, if it has one.
fn faults_of<P>(answer: &BatchResult<Written<P>>, records: usize) -> Vec<Option<Fault>> {
    match answer {
        Ok(answers) => answers.iter().map(fault_of).collect(),
        Err(CallError::Record(fault)) => vec![Some(fault.clone()); records],
        Err(CallError::Run(_)) => Vec::new(),
    }
}

fn fault_of<P>(answer: &Result<Written<P>, Fault>) -> Option<Fault> {
    match answer {
        Ok(Written::Otherwise(_, fault)) | Err(fault) => Some(fault.clone()),
        Ok(_) => None,
    }
}

/// Whether nothing is known of what became of a whole batch of writes.
fn is_lost<P>(answer: &BatchResult<Written<P>>) -> bool {
    let unknown = FaultKind::Hold(Reason::OutcomeUnknown);
    match answer {
        Ok(answers) => answers.iter().all(|answer| match answer {
            Ok(Written::Unsure(_)) => true,
            Ok(Written::Otherwise(_, fault)) | Err(fault) => fault.kind == unknown,
            Ok(_) => false,
        }),
        Err(CallError::Record(fault)) => fault.kind == unknown,
        Err(CallError::Run(_)) => false,
    }
}

/// The system that failed as a whole, if a record failed with it.
fn down_of<T>(answer: &Result<T, Fault>) -> Option<System> {
    answer.as_ref().err().and_then(Fault::of_a_system)
}

/// The answer of a call for each of its records.
fn each<T>(answer: BatchResult<T>, records: usize) -> Vec<Result<T, Fault>> {
    match answer {
        Ok(answers) => answers,
        Err(CallError::Record(fault)) => (0..records).map(|_| Err(fault.clone())).collect(),
        Err(CallError::Run(_)) => Vec::new(),
    }
}

const fn stopped<T>() -> Answer<T> {
    Err(Obstacle::Closed(Closed::Stopped))
}

const fn internal() -> Fault {
    Fault::hold(Reason::InternalError, Vec::new())
}

impl<W: Workflow> Wanted<W> {
    const fn asked(&self) -> Asked<'_, W> {
        Asked {
            key: &self.key,
            place: self.place.as_ref(),
            known: self.known.as_ref(),
            offer: self.offer.as_ref(),
        }
    }
}

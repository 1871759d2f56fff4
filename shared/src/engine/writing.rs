//! The part of a life in which a record is written, and what is known of it when that failed.

use std::rc::Rc;

use super::fault::{Fault, FaultKind};
use super::flow::Stage;
use super::line::Line;
use super::living::{Ahead, Life};
use super::obstacle::{Answer, Closed, Obstacle};
use super::panics::guarded_now;
use super::reading::map;
use super::runtime::{ToWrite, Wrote};
use super::workflow::{Workflow, Written};
use crate::domain::outcome::Outcome;
use crate::domain::reason::{Reason, Stop};

/// How often a record is written in one run before it is left to a later one.
pub const MOST_WRITES: u32 = 3;

/// A dry run ends where a real one writes.
pub fn foresee<W: Workflow>(
    life: &mut Life<'_, W>,
    record: &W::Record,
    plan: &W::Plan,
) -> Ahead<W::Place> {
    let runtime = life.runtime;
    if runtime.run.looks_first {
        runtime.limits.stop(Stop::LedgerEmpty);
        return Err(Obstacle::Closed(Closed::Stopped));
    }
    let workflow = runtime.run.workflow;
    let foreseen = guarded_now(|| {
        let fields = workflow.field_names(record, plan);
        (fields, workflow.remark(record, plan))
    });
    let (fields, remark) = foreseen.map_err(Obstacle::fault(Stage::Write))?;
    let writes = &runtime.limits.writes;
    writes.set(writes.get() + 1);
    life.stands_as(|record| Line::foreseen(record, remark, fields));
    Ok(None)
}

/// Writes a record. What was read of it too long ago is read once more first: consent may have been
/// withdrawn, or a referral revoked, while others were sent. Its plan stands: a workflow whose records
/// age makes plans that do not rest on what was read.
pub async fn write<W: Workflow>(
    life: &mut Life<'_, W>,
    record: &mut Rc<W::Record>,
    plan: Rc<W::Plan>,
) -> Answer<Wrote<W::Place>> {
    let runtime = life.runtime;
    for _ in 0..MOST_WRITES {
        if !runtime.is_fresh(life.record.read_at) {
            let source = runtime.reread.ask(life.wanted()).await?;
            let (_, fresh) = map(life, source, Stage::Reread)??;
            *record = Rc::new(fresh);
            if !runtime.is_fresh(life.record.read_at) {
                break;
            }
        }
        match write_once(life, record, &plan).await {
            Ok(Wrote::Stale) => life.record.was_not_sent(),
            written => return written,
        }
    }
    Err(Obstacle::Fault(Fault::defer(), Stage::Reread))
}

/// Writes a record, once the ledger knows what may be at the destination from now on.
async fn write_once<W: Workflow>(
    life: &mut Life<'_, W>,
    record: &Rc<W::Record>,
    plan: &Rc<W::Plan>,
) -> Answer<Wrote<W::Place>> {
    let (runtime, run) = (life.runtime, life.runtime.run);
    let noted = guarded_now(|| {
        let remark = run.workflow.remark(record, plan);
        (remark, run.workflow.noted(record, plan))
    });
    let (remark, noted) = noted.map_err(Obstacle::fault(Stage::Write))?;
    let now = run.context.now();
    life.record.remark_on_write(remark, now);
    life.record.noted = noted;
    let before = if run.traits.unaskable.is_some() {
        life.record.began_at.get_or_insert(now);
        Some(runtime.persist.sending_row(&life.record))
    } else {
        runtime.persist.noted_row(&life.record)
    };
    life.is_under_way();
    let to_write = ToWrite {
        key: life.record.key.clone(),
        record: Rc::clone(record),
        plan: Rc::clone(plan),
        read_at: life.record.read_at,
        before,
    };
    let written = runtime.write.ask(to_write).await;
    if let Ok(Wrote::Answered(answer)) = &written
        && answer.is_taken()
    {
        runtime.limits.failures_mut().note_taken(Stage::Write);
    }
    written
}

/// It was not written, or nobody knows: the record knows what may be at the destination.
pub async fn not_written<W: Workflow>(
    life: &mut Life<'_, W>,
    answer: Answer<Wrote<W::Place>>,
) -> Ahead<W::Place> {
    let record = &mut life.record;
    let fault = match answer {
        Ok(Wrote::Answered(Written::Otherwise(place, fault))) => {
            record.place = Some(place);
            fault
        }
        Ok(Wrote::Answered(
            Written::Unsure(place)
            | Written::ToVerify(place)
            | Written::InPlace(place)
            | Written::Accepted(place, _),
        )) => {
            record.delivered = None;
            record.noted = None;
            record.place = Some(place);
            let unsure = Fault::retry(Reason::OutcomeUnknown);
            return Err(Obstacle::Fault(unsure, Stage::Write));
        }
        Ok(Wrote::NotSent | Wrote::Stale) => return not_sent(life).await,
        Err(Obstacle::Fault(fault, _)) => fault,
        Err(closed) => {
            record.was_not_sent();
            return Err(closed);
        }
    };
    if may_have_been_written(&fault) {
        record.delivered = None;
    }
    if fault.kind == FaultKind::Defer {
        life.runtime.limits.out_of_time.set(true);
        return not_sent(life).await;
    }
    if is_of_unknown_fate(&fault) {
        record.may_have_arrived();
    } else {
        record.was_not_sent();
    }
    Err(Obstacle::Fault(fault, Stage::Write))
}

/// Nothing was sent. Where a row may say otherwise, it is taken back; but where another run was faster,
/// that one has the say.
async fn not_sent<W: Workflow>(life: &mut Life<'_, W>) -> Ahead<W::Place> {
    let runtime = life.runtime;
    let noted = runtime.run.traits.unaskable.is_some() || life.record.noted.is_some();
    life.record.was_not_sent();
    let overtaken = runtime.limits.is_stopped_by(&Stop::LeaseLost);
    if !noted || overtaken {
        return Err(Obstacle::Closed(Closed::Stopped));
    }
    life.stands_as(|record| Line::seen(record, Outcome::Deferred));
    let due = runtime.persist.due_row(&life.record);
    runtime.keep(&due).await?;
    Ok(None)
}

/// Whether a failed write may have had its effect all the same.
fn may_have_been_written(fault: &Fault) -> bool {
    match fault.kind {
        FaultKind::Hold(reason) => {
            matches!(reason, Reason::OutcomeUnknown | Reason::InternalError)
        }
        FaultKind::Retry { .. } => true,
        FaultKind::Yield(_) | FaultKind::Defer | FaultKind::Skip { .. } | FaultKind::Settled => {
            false
        }
    }
}

/// Whether a failed write may be at a destination that cannot be asked.
const fn is_of_unknown_fate(fault: &Fault) -> bool {
    matches!(
        fault.kind,
        FaultKind::Hold(Reason::OutcomeUnknown | Reason::InternalError)
            | FaultKind::Retry {
                reason: Reason::OutcomeUnknown,
                ..
            }
    )
}

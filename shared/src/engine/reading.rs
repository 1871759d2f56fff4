//! The part of a life between its source and its map: what is read of a record, and whether it stays as
//! it is.

use super::confirming::supersede;
use super::fault::FaultKind;
use super::flow::Stage;
use super::living::{Ahead, Life};
use super::obstacle::{Answer, Obstacle};
use super::panics::guarded_now;
use super::settling::{look_again, still_held};
use super::workflow::{History, Partition, SourceKind, Workflow};
use crate::store::RecordState;

/// What is to be placed of a record as its source shows it now, or what is wrong with it. An error
/// outside says that not even its fingerprint is known.
pub fn map<W: Workflow>(
    life: &mut Life<'_, W>,
    source: W::Source,
    at: Stage,
) -> Answer<Answer<(Partition, W::Record)>> {
    let (run, record) = (life.runtime.run, &mut life.record);
    let history = History {
        place: record.before.as_ref().and_then(|row| row.place.as_ref()),
        done: record.was() == Some(RecordState::Done) || record.delivered.is_some(),
        released: record.released,
        may_be_there: record.may_be_there(),
    };
    let now = run.context.now();
    let mapped = guarded_now(|| {
        let remarks = run.workflow.remarks_now(&record.key, &source, &history);
        (remarks, run.workflow.map(&record.key, source, history, now))
    });
    let (remarks, mapped) = mapped.map_err(Obstacle::fault(at))?;
    record.fingerprint = Some(mapped.fingerprint);
    record.place = mapped.place;
    record.remark_on_sight(&remarks, now);
    Ok(mapped.result.map_err(Obstacle::fault(at)))
}

/// A record could not be looked at. What is at the destination, awaiting its word, does not fail with
/// it; nor does a failure that passes open what is held.
pub async fn not_mapped<W: Workflow>(
    life: &mut Life<'_, W>,
    obstacle: Obstacle,
) -> Ahead<W::Place> {
    let Obstacle::Fault(fault, at) = obstacle else {
        return Err(obstacle);
    };
    let passing = matches!(fault.kind, FaultKind::Retry { .. });
    match life.record.was() {
        Some(RecordState::AwaitingConfirmation) => supersede(life, true).await,
        Some(RecordState::Held) if passing && still_held(life) => look_again(life).await,
        _ => Err(Obstacle::Fault(fault, at)),
    }
}

/// Why a record that was looked at stays as it is.
pub enum Content {
    /// Its confirmation is awaited.
    Superseded,
    /// It is held, and only changed data would open it.
    Held,
    /// Both sides know it as it is.
    Done,
}

/// Whether a record that was looked at stays as it is. A list is told once more; the other source is
/// content.
pub fn content<W: Workflow>(life: &Life<'_, W>, new: bool) -> Option<Content> {
    let record = &life.record;
    let listed = life.runtime.run.traits.source_kind == SourceKind::Pending;
    let as_delivered = || {
        let prints = record.delivered.as_ref().zip(record.fingerprint.as_ref());
        prints.is_some_and(|(delivered, now)| !delivered.changed_to(now))
    };
    match record.was() {
        Some(RecordState::AwaitingConfirmation) => Some(Content::Superseded),
        Some(RecordState::Held) if !new && still_held(life) => Some(Content::Held),
        Some(RecordState::Done) if !new && !listed => Some(Content::Done),
        _ if !listed && !record.released && as_delivered() => Some(Content::Done),
        _ => None,
    }
}

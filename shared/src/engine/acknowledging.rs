//! The last part of a life: the record is in place, held or skipped, and the source is told if it wants
//! to know.

use super::fault::Fault;
use super::flow::Stage;
use super::line::Line;
use super::living::{Ack, Ahead, Life};
use super::obstacle::Obstacle;
use super::record::{Effect, Record};
use super::runtime::Acknowledged;
use super::settling::{complete, leave_told};
use super::workflow::{SourceKind, Workflow};
use crate::domain::outcome::Outcome;
use crate::domain::reason::Reason;
use crate::store::{RecordRow, RecordState};

/// How often the source is told again of a record that it still lists.
const MOST_TOLD: u32 = 3;

/// The destination shows its effect: a source that was told in an earlier run and still lists it is
/// told again.
pub async fn found_in_place<W: Workflow>(
    life: &mut Life<'_, W>,
    place: W::Place,
) -> Ahead<W::Place> {
    if life.runtime.run.traits.source_kind == SourceKind::Pending && life.record.is_told_already() {
        life.record.place = Some(place);
        return once_more(&life.record);
    }
    life.record.effect = Effect::Verified;
    in_place(life, place).await
}

/// The effect is seen at the destination. Its row says so before the source is told: should the run
/// die over the telling, nobody takes what was delivered for taken back.
pub async fn in_place<W: Workflow>(life: &mut Life<'_, W>, place: W::Place) -> Ahead<W::Place> {
    life.record.place = Some(place);
    let record = &life.record;
    let is_known = |row: &RecordRow<_>| {
        row.state == RecordState::Verified && !record.wrote && row.place == record.place
    };
    if !life.source_listens() || record.before.as_ref().is_some_and(is_known) {
        return Ok(Some(Ack::InPlace));
    }
    keep_verified(life).await
}

pub async fn keep_verified<W: Workflow>(life: &mut Life<'_, W>) -> Ahead<W::Place> {
    let runtime = life.runtime;
    life.is_under_way();
    let row = runtime.persist.row(&life.record, RecordState::Verified);
    runtime.keep(&row).await?;
    Ok(Some(Ack::InPlace))
}

pub fn once_more<W: Workflow>(record: &Record<W>) -> Ahead<W::Place> {
    let done = record.was() == Some(RecordState::Done);
    let told = record.before.as_ref().map_or(0, |row| row.told);
    if done && told >= MOST_TOLD {
        let still = Fault::hold(Reason::StillPendingAtSource, Vec::new());
        return Err(Obstacle::Fault(still, Stage::Fetch));
    }
    Ok(Some(if done { Ack::Again } else { Ack::InPlace }))
}

/// Tells the source. A list shrinks by that, so it is read to its end before.
pub async fn acknowledge<W: Workflow>(
    life: &mut Life<'_, W>,
    ack: Ack<W::Place>,
) -> Ahead<W::Place> {
    let runtime = life.runtime;
    if !life.source_listens() {
        return match ack {
            Ack::Again => Ok(still_in_place(life)),
            _ => complete(life).await,
        };
    }
    let Some(notice) = life.notice(&ack) else {
        let no_place = Fault::hold(Reason::InternalError, Vec::new());
        return Err(Obstacle::Fault(no_place, Stage::Acknowledge));
    };
    life.gives_way();
    life.counts_as(Outcome::Deferred);
    if runtime.run.traits.source_kind == SourceKind::Pending {
        runtime.list_is_over.heard().await;
    }
    life.is_under_way();
    let told = runtime.acknowledge.ask(notice).await;
    if told.is_ok() {
        let mut failures = runtime.limits.failures_mut();
        failures.note_taken(Stage::Acknowledge);
    }
    match (ack, told) {
        (_, Err(closed @ Obstacle::Closed(_))) => Err(closed),
        (Ack::InPlace, Ok(_)) => complete(life).await,
        (Ack::Again, Ok(Acknowledged::Outranked)) => Ok(still_in_place(life)),
        (Ack::Again, Ok(Acknowledged::Told)) => {
            still_in_place(life);
            let told = life.record.before.as_ref().map_or(0, |row| row.told);
            let row = runtime.persist.done_row(&life.record, told + 1);
            life.ends_with(&row).await
        }
        (Ack::Held(mut row), Ok(_)) => {
            row.told = 1;
            row.updated_at = runtime.run.context.now();
            life.ends_with(&row).await
        }
        (Ack::Held(_), Err(Obstacle::Fault(fault, _))) => {
            tracing::warn!(record = %life.record.key, kind = ?fault.kind, "the source could not be told of a held record");
            Ok(None)
        }
        (Ack::Skipped(row), Ok(_)) => {
            life.stands_as(|record| Line::row(record, &row, Outcome::Skipped));
            life.ends_with(&row).await
        }
        // It stays done: as long as the source lists it, it is told again in any case.
        (Ack::Again, Err(Obstacle::Fault(fault, _))) if let Some(reason) = fault.passes() => {
            Ok(leave_told(life, reason))
        }
        (Ack::InPlace | Ack::Again | Ack::Skipped(_), Err(obstacle)) => Err(obstacle),
    }
}

fn still_in_place<W: Workflow>(life: &mut Life<'_, W>) -> Option<Ack<W::Place>> {
    let key = life.record.key.clone();
    life.account
        .set_for_good(Line::plain(key, Outcome::AlreadyInPlace));
    None
}

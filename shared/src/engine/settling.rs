//! What a life that met an obstacle leaves behind: its row says where it stands, the report says why.

use super::failures::Failed;
use super::fault::{Fault, FaultKind};
use super::flow::Stage;
use super::gate::opens;
use super::line::Line;
use super::living::{Ack, Ahead, Life};
use super::obstacle::{Closed, Obstacle};
use super::persist::Persist;
use super::workflow::{SourceKind, Tells, Workflow};
use crate::clock::later;
use crate::domain::outcome::Outcome;
use crate::domain::reason::Reason;
use crate::store::{RecordRow, RecordState};

/// Settles a record whose fault showed at this stage.
pub async fn settle<W: Workflow>(
    life: &mut Life<'_, W>,
    fault: Fault,
    at: Stage,
) -> Ahead<W::Place> {
    let (runtime, record) = (life.runtime, &life.record);
    let alike = may_be_refused_alike(life, &fault, at);
    let mut row = match fault.kind {
        FaultKind::Defer => {
            runtime.limits.out_of_time.set(true);
            return Err(Obstacle::Closed(Closed::Stopped));
        }
        FaultKind::Settled => return leave_done(life).await,
        FaultKind::Skip { reason, tell } => return skip(life, reason, tell).await,
        FaultKind::Hold(reason) => runtime
            .persist
            .held_row(record, reason, fault.fields.clone()),
        FaultKind::Yield(reason) => runtime.persist.yielding_row(record, reason),
        FaultKind::Retry { reason, .. } if record.is_told_already() => {
            return Ok(leave_told(life, reason));
        }
        FaultKind::Retry { reason, .. } => runtime.persist.waiting_row(record, reason),
    };
    row.transaction_id.clone_from(&fault.transaction_id);
    if fault.refusal.is_some() {
        // Another secret may lead to another user, or another system.
        row.profile_version = runtime.run.context.versions();
    }
    let held = row.state == RecordState::Held;
    row.in_place = held && record.is_in_place();
    let before = record.before.as_ref();
    let same_hold = before.filter(|before| is_same_hold(before, &row));
    if let Some(before) = same_hold {
        row.told = before.told;
    }
    let unchanged = same_hold.is_some();
    measure(life, &row);
    if alike {
        runtime.report.count_once(record.key.clone());
        note_refused(life, &row, &fault, at);
    }
    note_failed(life, &row, &fault, at);
    let outcome = if held {
        Outcome::Held
    } else {
        Outcome::WillRetry
    };
    life.stands_as(|record| {
        if unchanged {
            Line::unchanged(record, outcome)
        } else {
            Line::row(record, &row, outcome)
        }
    });
    runtime.keep(&row).await?;
    let told = held && life.record.place.is_some() && is_to_be_told(life, &row);
    Ok(told.then(|| Ack::Held(Box::new(row))))
}

fn measure<W: Workflow>(life: &Life<'_, W>, row: &RecordRow<W::Place>) {
    let mut sums = life.runtime.report.sums();
    let newly = life.record.was() != Some(RecordState::Held);
    if row.state == RecordState::Held && newly {
        sums.measures.newly_held += 1;
    }
    if row.reason == Some(Reason::UnknownCode) {
        sums.measures.unknown_codes += 1;
    }
}

/// A record that failed keeps its row, unless the failure turns out to be the system's.
fn note_failed<W: Workflow>(
    life: &Life<'_, W>,
    row: &RecordRow<W::Place>,
    fault: &Fault,
    at: Stage,
) {
    let FaultKind::Retry { reason, down } = fault.kind else {
        return;
    };
    let unknown = reason == Reason::OutcomeUnknown;
    let destination = life.runtime.run.traits.name.destination();
    let Some(system) = down.or(unknown.then_some(destination)) else {
        return;
    };
    let put_back = RecordRow {
        reason: Some(reason),
        ..Persist::put_back(&life.record, row)
    };
    let mut failures = life.runtime.limits.failures_mut();
    failures.note_failed(Failed {
        at,
        system,
        put_back,
    });
}

/// Whether a refusal may be nobody's own: it names no field, and the record was not held for it
/// already, nor refused again after others were taken.
fn may_be_refused_alike<W: Workflow>(life: &Life<'_, W>, fault: &Fault, at: Stage) -> bool {
    let FaultKind::Hold(reason) = fault.kind else {
        return false;
    };
    let row = life.record.before.as_ref();
    let known = row.is_some_and(|row| row.state == RecordState::Held && row.reason == Some(reason));
    let marked = row.is_some_and(|row| row.refused_alike.is_some());
    let taken = life.runtime.limits.failures().has_taken(at);
    fault.refusal.is_some() && !known && !(marked && taken)
}

/// A record was refused without a field named: five in a row end the run.
fn note_refused<W: Workflow>(
    life: &Life<'_, W>,
    row: &RecordRow<W::Place>,
    fault: &Fault,
    at: Stage,
) {
    let (FaultKind::Hold(reason), Some(refusal)) = (fault.kind, fault.refusal) else {
        return;
    };
    let failed = Failed {
        at,
        system: refusal.system,
        put_back: Persist::put_back(&life.record, row),
    };
    let limits = &life.runtime.limits;
    let stop = limits.failures_mut().note_refused(refusal, reason, failed);
    if let Some(stop) = stop {
        limits.stop(stop);
    }
}

/// Whether a record is held again as it was before.
fn is_same_hold<P>(before: &RecordRow<P>, now: &RecordRow<P>) -> bool {
    let held = |row: &RecordRow<P>| row.state == RecordState::Held;
    held(before)
        && held(now)
        && (&before.fingerprint, &before.reason, &before.fields)
            == (&now.fingerprint, &now.reason, &now.fields)
}

/// Whether the source wants to know of this held record, and does not. What is in place at the
/// destination must never be told as a failure.
fn is_to_be_told<W: Workflow>(life: &Life<'_, W>, held: &RecordRow<W::Place>) -> bool {
    let run = life.runtime.run;
    let wants = run.traits.tells == Tells::HeldToo && !run.request.dry_run;
    wants && held.told == 0 && !held.in_place
}

/// Puts a record off to the next run. True if its row says when it is due; else the cursor may not
/// pass it.
pub fn put_off<W: Workflow>(life: &mut Life<'_, W>, why: Closed) -> bool {
    if life.account.stands() {
        return false;
    }
    let (limits, record) = (&life.runtime.limits, &life.record);
    if limits.is_cut_from_the_store() && record.wrote {
        life.account.set_for_good(Line::unkept(record));
        return false;
    }
    if why == Closed::Time {
        limits.left.set(true);
    }
    life.stands_as(|record| Line::seen(record, Outcome::Deferred));
    matches!(
        life.record.was(),
        Some(RecordState::Written | RecordState::Verified | RecordState::Retry)
    )
}

/// Both sides know.
pub async fn complete<W: Workflow>(life: &mut Life<'_, W>) -> Ahead<W::Place> {
    life.stands_as(|record| Line::seen(record, record.success()));
    let row = life.runtime.persist.done_row(&life.record, 0);
    life.ends_with(&row).await
}

/// What both sides know could not be looked at, or written once more: it stays done, and is looked at
/// again as long as it is listed.
pub fn leave_told<W: Workflow>(life: &mut Life<'_, W>, reason: Reason) -> Option<Ack<W::Place>> {
    let counted = Line::plain(life.record.key.clone(), Outcome::WillRetry);
    life.account.set_for_good(counted.because(reason));
    None
}

/// What changed at the source does not concern a record that is done, or was so before a look at it
/// failed.
async fn leave_done<W: Workflow>(life: &mut Life<'_, W>) -> Ahead<W::Place> {
    life.stands_as(|record| Line::unchanged(record, Outcome::AlreadyInPlace));
    let (runtime, record) = (life.runtime, &life.record);
    let row = match &record.before {
        Some(before) if before.state == RecordState::Done => {
            runtime.persist.same_row(record, before)
        }
        _ => runtime.persist.done_row(record, 0),
    };
    let is_news = |before: &RecordRow<_>| {
        before.state != row.state
            || before.version != row.version
            || before.fingerprint != row.fingerprint
            || before.remarks != row.remarks
    };
    if record.before.as_ref().is_none_or(is_news) {
        runtime.keep(&row).await?;
    }
    Ok(None)
}

/// Not ours to send; the source may want to hear of it all the same.
async fn skip<W: Workflow>(life: &mut Life<'_, W>, reason: Reason, tell: bool) -> Ahead<W::Place> {
    let (runtime, record) = (life.runtime, &life.record);
    let row = runtime.persist.skipped_row(record, reason);
    if record.place.is_some() && tell && life.source_listens() {
        return Ok(Some(Ack::Skipped(Box::new(row))));
    }
    life.stands_as(|record| Line::row(record, &row, Outcome::Skipped));
    life.ends_with(&row).await
}

/// Whether only changed data would open this held record.
pub fn still_held<W: Workflow>(life: &Life<'_, W>) -> bool {
    let (context, record) = (life.runtime.run.context, &life.record);
    let stays = |row: &RecordRow<_>| {
        context.is_in_force(&row.profile_version) && !opens(row, context.now())
    };
    !record.released && record.before.as_ref().is_some_and(stays)
}

/// A record that was held and has not changed stays as it is. Its row is written anew only if the
/// fingerprint's key was rotated, a new version of the source record was looked at, or the source has
/// been told.
pub async fn leave_held<W: Workflow>(life: &mut Life<'_, W>) -> Ahead<W::Place> {
    let (runtime, record) = (life.runtime, &life.record);
    let Some(before) = &record.before else {
        return Ok(None);
    };
    let now = runtime.run.context.now();
    let rotate = runtime.looks.rotate();
    let mut row = runtime.persist.same_row(record, before);
    if before.next_attempt_at <= Some(now) {
        row.next_attempt_at = row
            .reason
            .and_then(|reason| runtime.persist.next_look(reason));
    }
    if rotate {
        row.updated_at = now;
    }
    let is_news = row.fingerprint != before.fingerprint
        || row.version != before.version
        || row.remarks != before.remarks
        || row.next_attempt_at != before.next_attempt_at
        || rotate;
    life.stands_as(|record| Line::unchanged(record, Outcome::Held));
    if life.record.place.is_some() && is_to_be_told(life, &row) {
        return Ok(Some(Ack::Held(Box::new(row))));
    }
    if is_news {
        runtime.keep(&row).await?;
    }
    Ok(None)
}

/// A held record that could not be looked at stays as it is, and is looked at again before long; a
/// list shows it again by itself.
pub async fn look_again<W: Workflow>(life: &mut Life<'_, W>) -> Ahead<W::Place> {
    life.stands_as(|record| Line::unchanged(record, Outcome::Held));
    let (runtime, record) = (life.runtime, &life.record);
    match &record.before {
        Some(before) if runtime.run.traits.source_kind != SourceKind::Pending => {
            let mut row = runtime.persist.same_row(record, before);
            // What it shows now was not looked at.
            row.version.clone_from(&before.version);
            let context = runtime.run.context;
            row.next_attempt_at = Some(later(context.now(), context.pause(1)));
            life.ends_with(&row).await
        }
        _ => Ok(None),
    }
}

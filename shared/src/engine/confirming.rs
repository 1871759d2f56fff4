//! The part of a life in which the destination's word is awaited: shortly in the run that sent the
//! record, and once a run later on, until the destination has spoken for good.

use super::fault::Fault;
use super::flow::Stage;
use super::line::Line;
use super::living::{Ahead, Life};
use super::obstacle::{Answer, Obstacle};
use super::record::{Effect, Record};
use super::runtime::Sent;
use super::workflow::{Confirmation, Workflow};
use crate::clock::later;
use crate::domain::fingerprint::Fingerprint;
use crate::domain::ids::TransactionId;
use crate::domain::outcome::Outcome;
use crate::domain::reason::Reason;
use crate::store::{RecordRow, RecordState};

/// The destination accepted the record under this transaction, and has not spoken for good. It is
/// asked less and less often; who went out under one transaction wakes at the same moment.
pub async fn confirm<W: Workflow>(
    life: &mut Life<'_, W>,
    place: W::Place,
    transaction: TransactionId,
) -> Ahead<W::Place> {
    let (runtime, context) = (life.runtime, life.runtime.run.context);
    let settings = context.settings;
    let mut at = later(context.now(), settings.confirm_after);
    life.record.has_written(Effect::New, place);
    let row = runtime.persist.awaiting_row(&life.record, &transaction);
    runtime.keep(&row).await?;
    life.has_row();
    life.account.set(accepted(&life.record, &transaction));
    for checks in 1..=settings.confirm_checks {
        let asked = runtime.rest(Stage::Confirm, at).await;
        let heard = match (asked, sent(&life.record, &transaction)) {
            (Ok(()), Some(sent)) => runtime.confirm.ask(sent).await,
            _ => break,
        };
        match heard {
            Err(Obstacle::Closed(_)) => break,
            heard => {
                if let Some(word) = final_word(life, heard, false) {
                    return conclude(life, word, &transaction).await;
                }
            }
        }
        at = later(
            context.now(),
            settings.confirm_after * 2_u32.saturating_pow(checks),
        );
    }
    // Its row waits already.
    life.stands_as(|record| accepted(record, &transaction));
    Ok(None)
}

/// An earlier run sent it: the destination is asked once.
pub async fn ask_after<W: Workflow>(life: &mut Life<'_, W>) -> Ahead<W::Place> {
    life.steps_aside();
    let transaction = life.record.before.as_ref().and_then(transaction_of);
    let asked = transaction.and_then(|transaction| {
        let sent = sent(&life.record, &transaction)?;
        Some((transaction, sent))
    });
    let Some((transaction, sent)) = asked else {
        let unknown = Fault::hold(Reason::OutcomeUnknown, Vec::new());
        return Err(Obstacle::Fault(unknown, Stage::Recheck));
    };
    life.account.set(accepted(&life.record, &transaction));
    match life.runtime.recheck.ask(sent).await {
        Err(Obstacle::Closed(_)) => {
            life.stands_as(|record| accepted(record, &transaction));
            Ok(None)
        }
        heard => match final_word(life, heard, true) {
            Some(word) => conclude(life, word, &transaction).await,
            None => leave_awaiting(life, &transaction).await,
        },
    }
}

fn accepted<W: Workflow>(record: &Record<W>, transaction: &TransactionId) -> Line {
    Line::accepted(record, transaction, Outcome::AwaitingConfirmation)
}

/// Which of a row's transaction is to be asked after.
fn transaction_of<P>(row: &RecordRow<P>) -> Option<TransactionId> {
    row.transaction_id.as_deref().map(TransactionId::new)
}

fn sent<W: Workflow>(record: &Record<W>, transaction: &TransactionId) -> Option<Sent<W::Place>> {
    let place = record.place.clone()?;
    Some((transaction.clone(), record.key.clone(), place))
}

/// What the destination said for good.
enum Word<P> {
    /// It is in.
    In,
    /// It was refused after all.
    Refused,
    /// It will never be told. A later attempt is made with this place.
    Unsure(P),
}

/// The destination's final word, if that is one. A destination that cannot be asked now is asked
/// another time.
fn final_word<W: Workflow>(
    life: &mut Life<'_, W>,
    heard: Answer<Confirmation<W::Place>>,
    earlier: bool,
) -> Option<Word<W::Place>> {
    match heard {
        Ok(Confirmation::Confirmed) => Some(Word::In),
        Ok(Confirmation::ConfirmedAt(place)) => {
            life.record.place = Some(place);
            Some(Word::In)
        }
        Ok(Confirmation::Rejected) => Some(Word::Refused),
        Ok(Confirmation::Unsure(place)) => Some(Word::Unsure(place)),
        Ok(Confirmation::Incomplete(place)) if earlier => Some(Word::Unsure(place)),
        Ok(Confirmation::Unknown) => {
            life.runtime.report.sums().measures.unknown_codes += 1;
            None
        }
        Ok(Confirmation::NotYet | Confirmation::Incomplete(_)) | Err(_) => None,
    }
}

async fn conclude<W: Workflow>(
    life: &mut Life<'_, W>,
    word: Word<W::Place>,
    transaction: &TransactionId,
) -> Ahead<W::Place> {
    let runtime = life.runtime;
    let superseded = is_superseded(&life.record);
    match word {
        Word::In if superseded => {
            let delivered = life.record.fingerprint.clone();
            look_anew(life, delivered).await
        }
        Word::In => {
            let outcome = life.record.success();
            life.stands_as(|record| Line::accepted(record, transaction, outcome));
            let mut row = runtime.persist.done_row(&life.record, 0);
            row.transaction_id = Some(transaction.to_string());
            life.ends_with(&row).await
        }
        Word::Refused => {
            life.record.began_at = None;
            if superseded {
                return look_anew(life, None).await;
            }
            Err(at_confirm(Reason::RejectedByProgres, transaction))
        }
        Word::Unsure(place) => {
            life.record.place = Some(place);
            let unsure = Fault::retry(Reason::OutcomeUnknown);
            Err(Obstacle::Fault(unsure, Stage::Confirm))
        }
    }
}

fn at_confirm(reason: Reason, transaction: &TransactionId) -> Obstacle {
    let mut fault = Fault::hold(reason, Vec::new());
    fault.transaction_id = Some(transaction.to_string());
    Obstacle::Fault(fault, Stage::Confirm)
}

/// The source changed while the destination's word was awaited: now the newer version may go, if it
/// differs from what was delivered.
async fn look_anew<W: Workflow>(
    life: &mut Life<'_, W>,
    delivered: Option<Fingerprint>,
) -> Ahead<W::Place> {
    let runtime = life.runtime;
    life.stands_as(|record| Line::seen(record, record.success()));
    let row = RecordRow {
        delivered,
        ..runtime.persist.due_row(&life.record)
    };
    runtime.keep(&row).await?;
    life.looks_again = !runtime.run.request.dry_run;
    Ok(None)
}

/// The destination has not spoken: a later run asks again, unless it is overdue.
async fn leave_awaiting<W: Workflow>(
    life: &mut Life<'_, W>,
    transaction: &TransactionId,
) -> Ahead<W::Place> {
    let (runtime, context) = (life.runtime, life.runtime.run.context);
    let Some(before) = awaiting(&life.record) else {
        return Ok(None);
    };
    let now = context.now();
    let accepted_at = before.accepted_at.unwrap_or(before.updated_at);
    if now >= later(accepted_at, context.settings.confirm_overdue) {
        return Err(at_confirm(Reason::ConfirmationOverdue, transaction));
    }
    let checks = before.checks + 1;
    let row = RecordRow {
        checks,
        next_attempt_at: Some(later(now, context.pause(checks))),
        updated_at: now,
        ..runtime.persist.same_row(&life.record, before)
    };
    life.stands_as(|record| accepted(record, transaction));
    life.ends_with(&row).await
}

/// The source shows a record anew whose confirmation is awaited. Where it cannot be looked at, it
/// counts as changed: once it is confirmed it is compared with what was delivered.
pub async fn supersede<W: Workflow>(life: &mut Life<'_, W>, changed: bool) -> Ahead<W::Place> {
    let (runtime, record) = (life.runtime, &life.record);
    let Some(before) = &record.before else {
        return Ok(None);
    };
    let mut row = runtime.persist.same_row(record, before);
    // What was sent is what the row has to remember, or the newer version would look like the one
    // that went.
    row.fingerprint.clone_from(&before.fingerprint);
    let prints = before.fingerprint.as_ref().zip(record.fingerprint.as_ref());
    let comparable = prints.is_some_and(|(before, now)| before.compares_to(now));
    // What was found elsewhere meanwhile is not taken back by what is found here.
    let comparable = comparable && record.place == before.place;
    row.superseded = changed || (before.superseded && !comparable);
    if changed {
        row.place.clone_from(&record.place);
    }
    life.stands_as(|record| Line::unchanged(record, Outcome::AwaitingConfirmation));
    life.ends_with(&row).await
}

fn awaiting<W: Workflow>(record: &Record<W>) -> Option<&RecordRow<W::Place>> {
    let row = record.before.as_ref()?;
    (row.state == RecordState::AwaitingConfirmation).then_some(row)
}

fn is_superseded<W: Workflow>(record: &Record<W>) -> bool {
    awaiting(record).is_some_and(|row| row.superseded)
}

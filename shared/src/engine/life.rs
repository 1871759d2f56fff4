//! The life of one record in a run, from the gate to its end.
//!
//! It reads from top to bottom: [`live`] asks the ledger, `pass_the_gate` decides by its row,
//! `bring` reads the record from its source, `write_until_seen` puts it in its place, and
//! `acknowledge` tells the source. A stretch of a life ends settled, or with something to tell the
//! source, or at an [`Obstacle`]; [`settle`] says what that leaves behind.

use std::rc::Rc;

use super::acknowledging::{acknowledge, found_in_place, in_place, keep_verified, once_more};
use super::confirming::{ask_after, confirm, supersede};
use super::fault::Fault;
use super::flow::Stage;
use super::gate::{By, Circumstances, Gate, gate};
use super::line::Line;
use super::living::{Ack, Ahead, Life};
use super::obstacle::{Answer, Obstacle};
use super::order::Place;
use super::reading::{Content, content, map, not_mapped};
use super::record::{Effect, Offered, Origin, Record, may_be_there_since};
use super::report::Account;
use super::runtime::{Found, Places, Runtime, Wrote};
use super::settling::{complete, leave_held, put_off, settle};
use super::source::{Coming, Owed};
use super::window::Seat;
use super::workflow::{Located, OnLoss, Partition, SourceKind, Verification, Workflow, Written};
use super::writing::{MOST_WRITES, foresee, not_written, write};
use crate::clock::later;
use crate::domain::outcome::Outcome;
use crate::domain::reason::Reason;
use crate::domain::record::RecordKey;
use crate::store::{RecordRow, RecordState};

/// How a life ended.
pub struct End {
    pub key: RecordKey,
    /// Whether the record was put off, and no row says so.
    pub put_off: bool,
    /// Whether the record is to be looked at once more in this run.
    pub again: bool,
}

/// How a record was met.
struct Met {
    origin: Origin,
    /// Whether this run looked at it before.
    again: bool,
    /// The version that the source shows.
    version: Option<String>,
    /// What is wrong with what the source shows.
    fault: Option<Fault>,
}

/// A mapped record on its way to the destination, and what it holds there.
struct OnItsWay<'e, W: Workflow> {
    record: Rc<W::Record>,
    partition: Partition,
    /// Its place in source order.
    order: Place<'e>,
    /// Its seat among those between reading and writing.
    bench: Seat,
}

/// The whole life. Its large part is on the heap, and gone when the record is in place: many may wait
/// for the end of the list.
pub async fn live<'e, W: Workflow>(
    runtime: &'e Runtime<'e, W>,
    coming: Coming<W>,
    seat: Seat,
    places: Places<'e>,
) -> End {
    let Coming { offered, owed } = coming;
    let Offered {
        key,
        origin,
        again,
        mut shown,
    } = offered;
    let mut account = Account::open(runtime.report, &key);
    let before = match runtime.ledger.ask(key.clone()).await {
        Ok(Found::Row(row)) => Some(*row),
        Ok(Found::Nothing) => None,
        // Nothing is known of a record whose row cannot be read, so nothing is done with it.
        Ok(Found::Unreadable) => {
            let held = Line::plain(key.clone(), Outcome::Held);
            account.set_for_good(held.because(Reason::UnreadableRow));
            return End::settled(key, owed);
        }
        Err(_) => {
            runtime.limits.left.set(true);
            return End::put_off(key);
        }
    };
    if before.is_none() && origin != Origin::Source {
        account.forget();
        return End::settled(key, owed);
    }
    let now = runtime.run.context.now();
    let met = Met {
        origin,
        again,
        version: shown.as_ref().and_then(|shown| shown.version.clone()),
        fault: shown.as_mut().and_then(|shown| shown.fault.take()),
    };
    let record = Record::new(key.clone(), shown, before, now);
    account.set(Line::seen(&record, Outcome::Deferred));
    let mut life = Life {
        runtime,
        record,
        account,
        owed,
        seat: Some(seat),
        places: Some(places),
        looks_again: false,
    };
    let mut ahead = Box::pin(pass_the_gate(&mut life, met)).await;
    loop {
        life.steps_aside();
        ahead = match ahead {
            Ok(Some(ack)) => acknowledge(&mut life, ack).await,
            Err(Obstacle::Fault(fault, at)) => settle(&mut life, fault, at).await,
            Ok(None) => {
                let again = life.looks_again;
                let end = End::settled(key, life.owed);
                return End { again, ..end };
            }
            Err(Obstacle::Closed(why)) if put_off(&mut life, why) => {
                return End::settled(key, life.owed);
            }
            Err(Obstacle::Closed(_)) => return End::put_off(key),
        };
    }
}

/// What is to be done with a record, by its row and by who brings it.
async fn pass_the_gate<W: Workflow>(life: &mut Life<'_, W>, met: Met) -> Ahead<W::Place> {
    if met.origin == Origin::Vanished {
        return look_after(life).await;
    }
    let (runtime, record) = (life.runtime, &mut life.record);
    let at = circumstances(runtime, record, &met);
    let decision = gate(record.before.as_ref(), at);
    let as_listed = is_as_listed(record.before.as_ref(), at);
    record.released |= at.released && record.was() == Some(RecordState::Held);
    if let Some(place) = arrived(runtime, record) {
        record.place = Some(place);
        return complete_arrived(life).await;
    }
    let was = record.was();
    match (decision, met.fault) {
        (Gate::Absorbed, _) => Ok(absorb(life)),
        // What is wrong with the newer version is told once the older one is settled.
        (Gate::Supersede, Some(_)) => {
            life.steps_aside();
            supersede(life, true).await
        }
        (Gate::Confirm, _) => ask_after(life).await,
        (Gate::OpenIfChanged, Some(_)) if was == Some(RecordState::Held) => {
            life.steps_aside();
            leave_held(life).await
        }
        // Whatever the source shows, a write of unknown fate stays one.
        (Gate::NotDue, fault) if fault.is_none() || was == Some(RecordState::Sending) => {
            leave_waiting(life).await
        }
        (Gate::Lost, _) if runtime.run.traits.unaskable != Some(OnLoss::Resend) => {
            let lost = Fault::hold(Reason::OutcomeUnknown, Vec::new());
            Err(Obstacle::Fault(lost, Stage::Fetch))
        }
        (_, Some(fault)) => {
            // What the ledger remembers is not what was just seen.
            record.fingerprint = None;
            Err(Obstacle::Fault(fault, Stage::Fetch))
        }
        (Gate::Open | Gate::OpenIfChanged, None) => {
            if as_listed && is_a_look(decision, was) && !wait_for_a_look(life).await {
                return Ok(absorb(life));
            }
            life.record.begins_anew(runtime.run.context.now());
            bring(life).await
        }
        (Gate::Tell, None) => tell_again(life).await,
        (Gate::Look | Gate::NotDue | Gate::Lost | Gate::Supersede, None) => bring(life).await,
    }
}

fn circumstances<'c, W: Workflow>(
    runtime: &Runtime<'_, W>,
    record: &Record<W>,
    met: &'c Met,
) -> Circumstances<'c> {
    let (run, row) = (runtime.run, record.before.as_ref());
    // What a person asks for is one attempt, of what was held before: what this run makes of a record
    // is not tried again at once.
    let ours = row.is_some_and(|row| row.run_id == run.lease.run_id);
    // What may be there already goes only for a person who names it.
    let reason = row.and_then(|row| row.reason);
    let for_all = reason.is_none_or(|reason| !reason.may_be_there_already());
    let named = run.request.names(&record.key);
    let asked = run.request.wants(&record.key) && (for_all || named);
    Circumstances {
        now: run.context.now(),
        longest_pause: run.context.longest_pause(),
        in_force: row.is_some_and(|row| run.context.is_in_force(&row.profile_version)),
        version: met.version.as_deref(),
        by: match (met.origin, run.traits.source_kind) {
            (Origin::Source | Origin::Shown, SourceKind::Pending) => By::List,
            (Origin::Source | Origin::Shown, SourceKind::Changes { .. }) => By::Change,
            (Origin::Ledger | Origin::Vanished, _) => By::Ledger,
        },
        named: !met.again && named,
        released: !met.again && !ours && run.request.release_held && asked,
    }
}

/// Whether a list shows a record as its row has it, as far as it shows anything.
fn is_as_listed<P>(row: Option<&RecordRow<P>>, at: Circumstances<'_>) -> bool {
    let changed = |row: &RecordRow<P>| at.version.is_some() && row.version.as_deref() != at.version;
    at.by == By::List && !at.named && !row.is_some_and(changed)
}

/// Whether a record that is listed as before is only looked at, so that it can wait.
fn is_a_look(gate: Gate, was: Option<RecordState>) -> bool {
    match was {
        Some(RecordState::Held) => gate == Gate::OpenIfChanged,
        Some(RecordState::Skipped) => true,
        _ => false,
    }
}

/// Whether this run looks at a record that shows no change. The list needs its seat meanwhile.
async fn wait_for_a_look<W: Workflow>(life: &mut Life<'_, W>) -> bool {
    life.gives_way();
    let read_at = life.record.before.as_ref().map(|row| row.updated_at);
    life.runtime.looks.take(read_at.unwrap_or_default()).await
}

/// Nothing is new: it counts as its row says.
fn absorb<W: Workflow>(life: &mut Life<'_, W>) -> Option<Ack<W::Place>> {
    let outcome = match life.record.was() {
        Some(RecordState::Held) => Outcome::Held,
        Some(RecordState::Skipped) => Outcome::Skipped,
        Some(RecordState::AwaitingConfirmation) => Outcome::AwaitingConfirmation,
        _ => Outcome::AlreadyInPlace,
    };
    life.stands_as(|record| Line::unchanged(record, outcome));
    None
}

/// It is not due yet. Where the source shows it elsewhere than the ledger has it, it is looked at in
/// both places when it is.
async fn leave_waiting<W: Workflow>(life: &mut Life<'_, W>) -> Ahead<W::Place> {
    life.steps_aside();
    life.stands_as(|record| Line::seen(record, Outcome::Deferred));
    let (runtime, record) = (life.runtime, &life.record);
    let row = record.before.as_ref().and_then(|before| {
        let (known, found) = (before.place.as_ref()?, record.found_at.as_ref()?);
        let place = runtime.run.workflow.both(known, found)?;
        Some(RecordRow {
            place: Some(place),
            ..runtime.persist.same_row(record, before)
        })
    });
    if let Some(row) = row {
        runtime.keep(&row).await?;
    }
    Ok(None)
}

/// The source lists all that is pending, and this no longer: what it was told arrived, or the referral
/// was taken back.
async fn look_after<W: Workflow>(life: &mut Life<'_, W>) -> Ahead<W::Place> {
    let (runtime, record) = (life.runtime, &life.record);
    let not_pending = || Obstacle::Fault(Fault::skip(Reason::NotPending), Stage::Fetch);
    let may_be_there = match record.was() {
        Some(RecordState::Written | RecordState::Verified) => true,
        Some(RecordState::Held) => record.effect != Effect::New,
        Some(RecordState::Retry) => false,
        _ => {
            if runtime.run.request.names(&record.key) {
                return Ok(absorb(life));
            }
            life.account.forget();
            return Ok(None);
        }
    };
    let Some(place) = record.place.clone().filter(|_| may_be_there) else {
        return Err(not_pending());
    };
    let asked = (record.key.clone(), place);
    life.steps_aside();
    runtime.wants_preparing.set(true);
    if runtime.look.ask(asked).await? {
        complete(life).await
    } else {
        Err(not_pending())
    }
}

/// Where a record is that may be at a destination that cannot be asked, if another workflow has seen it
/// there since.
fn arrived<W: Workflow>(runtime: &Runtime<'_, W>, record: &Record<W>) -> Option<W::Place> {
    let seen = runtime.sighted.get(&record.key)?;
    let row = record.before.as_ref()?;
    let began = may_be_there_since(row)?;
    let running =
        row.state == RecordState::Sending && row.next_attempt_at > Some(runtime.run.context.now());
    if running {
        return None;
    }
    let workflow = runtime.run.workflow;
    workflow.arrived(row.place.as_ref()?, seen, began)
}

/// It came after all: nothing more is to be sent.
async fn complete_arrived<W: Workflow>(life: &mut Life<'_, W>) -> Ahead<W::Place> {
    life.stands_as(|record| Line::seen(record, Outcome::Delivered));
    life.steps_aside();
    let row = life.runtime.persist.done_row(&life.record, 0);
    life.ends_with(&row).await
}

/// Lets a record in to be worked on. What was refused as others were goes after everything else, so
/// that it cannot keep the others from going.
async fn come_in<W: Workflow>(life: &mut Life<'_, W>) -> Answer<()> {
    let runtime = life.runtime;
    runtime.limits.let_in().map_err(Obstacle::Closed)?;
    runtime.wants_preparing.set(true);
    let before = life.record.before.as_ref();
    if before.is_some_and(|row| row.refused_alike.is_some()) {
        // Its row says that it is due, so the source may be read on meanwhile.
        life.has_row();
        life.gives_way();
        runtime.others_are_through.heard().await;
    } else if life.record.was() != Some(RecordState::Held) {
        runtime.limits.failures_mut().others_due = true;
    }
    Ok(())
}

/// Reads a record from its source, maps it, and puts it in its place.
async fn bring<W: Workflow>(life: &mut Life<'_, W>) -> Ahead<W::Place> {
    come_in(life).await?;
    let runtime = life.runtime;
    // Source order is kept by the places, never by the order in which lives are woken.
    let (to_fetch, to_turn) = life.places.take().unwrap_or_else(|| runtime.line_up());
    to_fetch.pass().await;
    let bench = runtime.bench.enter().await;
    let read = runtime.fetch.ask(life.wanted()).await;
    let mapped = match read {
        Ok(source) => {
            runtime.limits.failures_mut().note_taken(Stage::Fetch);
            map(life, source, Stage::Fetch)
        }
        Err(obstacle) => Err(obstacle),
    };
    let mapped = match mapped {
        Ok(mapped) => mapped,
        Err(obstacle) => {
            drop((to_turn, bench));
            return not_mapped(life, obstacle).await;
        }
    };
    let new = life.record.is_new();
    if let Some(content) = content(life, new) {
        drop((to_turn, bench));
        return match content {
            Content::Superseded => supersede(life, new).await,
            Content::Held => leave_held(life).await,
            Content::Done => Err(Obstacle::Fault(Fault::settled(), Stage::Fetch)),
        };
    }
    let (partition, record) = mapped?;
    let way = OnItsWay {
        record: Rc::new(record),
        partition,
        order: to_turn,
        bench,
    };
    write_until_seen(life, way).await
}

/// Writes a record until it is seen at its destination, or the destination has taken it for good.
async fn write_until_seen<W: Workflow>(
    life: &mut Life<'_, W>,
    way: OnItsWay<'_, W>,
) -> Ahead<W::Place> {
    let runtime = life.runtime;
    let OnItsWay {
        mut record,
        partition,
        order,
        bench,
    } = way;
    order.pass().await;
    let mut bench = Some(bench);
    for _ in 0..MOST_WRITES {
        let turn = runtime.turns.take(&partition).await;
        let plan = match runtime.locate.ask(Rc::clone(&record)).await? {
            Located::Missing(plan) => plan,
            Located::InPlace(place) => {
                runtime.limits.failures_mut().note_taken(Stage::Locate);
                drop((turn, bench));
                return found_in_place(life, place).await;
            }
            Located::Otherwise(place, fault) => {
                life.record.place = Some(place);
                return Err(Obstacle::Fault(fault, Stage::Locate));
            }
        };
        runtime.limits.failures_mut().note_taken(Stage::Locate);
        if runtime.run.request.dry_run {
            return foresee(life, &record, &plan);
        }
        let written = write(life, &mut record, Rc::new(plan)).await;
        drop((turn, bench.take()));
        let place = match written {
            Ok(Wrote::Answered(Written::ToVerify(place))) => place,
            Ok(Wrote::Answered(Written::Accepted(place, transaction))) => {
                return confirm(life, place, transaction).await;
            }
            Ok(Wrote::Answered(Written::InPlace(place))) => {
                life.record.has_written(Effect::Verified, place);
                return keep_verified(life).await;
            }
            otherwise => return not_written(life, otherwise).await,
        };
        let seen = read_back(life, &record, place).await?;
        if let Verification::Verified(place) = seen {
            runtime.limits.failures_mut().note_taken(Stage::Verify);
            life.record.effect = Effect::Verified;
            return in_place(life, place).await;
        }
    }
    let gone = Fault::retry(Reason::NotVerified);
    Err(Obstacle::Fault(gone, Stage::Verify))
}

/// Reads back what was written, some seconds later.
async fn read_back<W: Workflow>(
    life: &mut Life<'_, W>,
    record: &Rc<W::Record>,
    place: W::Place,
) -> Answer<Verification<W::Place>> {
    let (runtime, context) = (life.runtime, life.runtime.run.context);
    let at = later(context.now(), context.settings.verify_after);
    life.record.has_written(Effect::Written, place.clone());
    runtime
        .keep(&runtime.persist.row(&life.record, RecordState::Written))
        .await?;
    life.counts_as(Outcome::Deferred);
    runtime.rest(Stage::Verify, at).await?;
    life.is_under_way();
    runtime.verify.ask((Rc::clone(record), place)).await
}

/// What both sides know, as far as the ledger goes, is told again.
async fn tell_again<W: Workflow>(life: &mut Life<'_, W>) -> Ahead<W::Place> {
    if life.record.place.is_none() {
        return bring(life).await;
    }
    once_more(&life.record)
}

impl End {
    fn settled(key: RecordKey, owed: Option<Owed>) -> Self {
        if let Some(owed) = owed {
            owed.pay();
        }
        Self {
            key,
            put_off: false,
            again: false,
        }
    }

    const fn put_off(key: RecordKey) -> Self {
        Self {
            key,
            put_off: true,
            again: false,
        }
    }
}

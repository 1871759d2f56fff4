//! What is due when a run begins: what the ledger has unfinished, and what a person named.

use std::collections::{BTreeSet, HashMap};

use super::drive::Start;
use super::report::Report;
use super::source::Source;
use super::under_way::Run;
use super::workflow::{SourceKind, Workflow};
use crate::domain::reason::{Reason, Stop};
use crate::domain::record::RecordKey;
use crate::store::{Cursor, RecordState, Sightings, Unfinished};

/// The source, read on from this cursor, and what the ledger brings.
pub async fn start<'r, W: Workflow>(
    run: &'r Run<'_, W>,
    cursor: Option<Cursor>,
    report: &Report<'_>,
) -> Result<Start<'r, W>, Stop> {
    let unfinished = run.context.store.unfinished().await?;
    report.sums().read_ledger(&unfinished);
    let mut named = named_and_known(run).await?;
    let sighted = sighted(run, &unfinished).await?;
    let source_kind = run.traits.source_kind;
    let mut source = Source::new(
        source_kind,
        run.request,
        &run.lease,
        cursor,
        !named.all_known,
    );
    match source_kind {
        SourceKind::Pending => {
            source.expect(unfinished.into_iter().map(|row| row.key));
            source.expect(named.known.drain(..));
        }
        SourceKind::Changes { .. } => {
            for row in unfinished {
                // What is named comes by its name.
                let due = is_due(run, &row) || sighted.contains_key(&row.key);
                if !run.request.names(&row.key) && due {
                    report.count_once(row.key.clone());
                    source.bring(row.key);
                }
            }
        }
    }
    for key in named.known {
        report.count_once(key.clone());
        source.bring(key);
    }
    source.look_out_for(named.unknown);
    Ok(Start { source, sighted })
}

/// What another workflow has seen of records that may be at a destination that cannot be asked.
async fn sighted<W: Workflow>(
    run: &Run<'_, W>,
    unfinished: &[Unfinished],
) -> Result<HashMap<RecordKey, Sightings>, Stop> {
    let Some(by) = run.workflow.sighted_by() else {
        return Ok(HashMap::new());
    };
    let may_be_there = |row: &&Unfinished| {
        let for_a_person = row.reason.is_some_and(Reason::may_be_there_already);
        for_a_person || row.state == RecordState::Sending
    };
    let keys = unfinished.iter().filter(may_be_there);
    let keys: Vec<RecordKey> = keys
        .filter(|row| run.request.wants(&row.key))
        .map(|row| row.key.clone())
        .collect();
    Ok(run.context.store.of(by).seen(&keys).await?)
}

/// What a person named, by whether the ledger knows it.
struct Named {
    known: Vec<RecordKey>,
    unknown: BTreeSet<RecordKey>,
    /// Whether the source need not be asked what it offers. A list is always asked.
    all_known: bool,
}

async fn named_and_known<W: Workflow>(run: &Run<'_, W>) -> Result<Named, Stop> {
    let unknown = run.request.only.clone().unwrap_or_default();
    let mut named = Named {
        known: Vec::new(),
        unknown,
        all_known: false,
    };
    if named.unknown.is_empty() {
        return Ok(named);
    }
    let keys: Vec<RecordKey> = named.unknown.iter().cloned().collect();
    let store = run.context.store;
    let rows = store.each_record::<serde_json::Value>(&keys).await?;
    for key in rows.readable.into_keys().chain(rows.unreadable) {
        named.unknown.remove(&key);
        named.known.push(key);
    }
    let followed = run.traits.source_kind != SourceKind::Pending;
    named.all_known = followed && named.unknown.is_empty() && run.request.since.is_none();
    Ok(named)
}

/// Whether this run takes up a row of the index: it may be due, or its hold may be over.
fn is_due<W: Workflow>(run: &Run<'_, W>, row: &Unfinished) -> bool {
    if !run.request.wants(&row.key) {
        return false;
    }
    let due = |due| run.context.is_due(due);
    match row.state {
        RecordState::Held => {
            run.request.release_held
                || !run.context.is_in_force(&row.profile_version)
                || row.next_attempt_at.is_some_and(due)
        }
        _ => row.next_attempt_at.is_none_or(due),
    }
}

//! The calls of the conveyor: each takes records off a queue and comes back as a [`Step`].

use std::collections::VecDeque;

use futures::FutureExt;

use super::confirming::Confirming;
use super::conveyor::Conveyor;
use super::discovery::Listed;
use super::entry::{Arrival, Entry, Item, News, Telling};
use super::fault::{Fault, Trouble};
use super::freshness::{Freshened, Planned, Stayed};
use super::panics::{guarded_batch, guarded_once, guarded_run};
use super::run::Run;
use super::site;
use super::streaks::Line;
use super::telling::Said;
use super::under_way::{while_kept, while_told};
use super::workflow::{
    Asked, BatchResult, Confirmation, LedgerView, Located, Notice, Verification, Workflow, Written,
};
use crate::domain::ids::TransactionId;
use crate::domain::outcome::Outcome;
use crate::domain::reason::{Reason, Stop};
use crate::domain::record::RecordKey;
use crate::store::{RecordRow, RecordState, Rows, StoreError};

/// A call that has ended, with the records it was for.
pub enum Step<W: Workflow> {
    Prepared(Result<(), Stop>),
    SiteKept(Result<(), Stop>),
    Listed(Result<Listed<W>, Stop>),
    CursorSaved(Result<(), StoreError>),
    Gated(Vec<Arrival<W>>, Result<Rows<W::Place>, StoreError>),
    Fetched(u64, Vec<Entry<W>>, BatchResult<W::Source>),
    Located(Vec<Item<W>>, BatchResult<Located<W>>),
    /// Records that went out, and those that did not after all.
    Wrote(Vec<Item<W>>, Stayed<W>, BatchResult<Written<W::Place>>),
    Kept(RecordKey, Result<(), StoreError>, Box<Next<W>>),
    Verified(Vec<Item<W>>, BatchResult<Verification<W::Place>>),
    Confirmed(Confirming<W>, BatchResult<Confirmation<W::Place>>),
    Told(Vec<Telling<W>>, BatchResult<Said>),
    Looked(Vec<Entry<W>>, BatchResult<bool>),
    SeenKept(Result<(), StoreError>),
    /// A dry run has looked at what a real one would write here.
    Foreseen,
}

impl<W: Workflow> Step<W> {
    /// What kind of call to either system has ended.
    pub const fn line(&self) -> Option<Line> {
        match self {
            Self::Fetched(..) => Some(Line::Fetch),
            Self::Located(..) => Some(Line::Locate),
            Self::Wrote(..) => Some(Line::Write),
            Self::Verified(..) | Self::Looked(..) => Some(Line::Verify),
            Self::Confirmed(..) => Some(Line::Confirm),
            Self::Told(..) => Some(Line::Tell),
            Self::Prepared(_)
            | Self::SiteKept(_)
            | Self::Listed(_)
            | Self::CursorSaved(_)
            | Self::Gated(..)
            | Self::Kept(..)
            | Self::SeenKept(_)
            | Self::Foreseen => None,
        }
    }
}

/// What follows once a row is kept.
pub enum Next<W: Workflow> {
    Verify(Item<W>),
    Confirm(Entry<W>, TransactionId),
    Tell(Telling<W>),
    /// The record is settled.
    Finish,
}

/// Ledger keys read in one go.
const GATED_AT_ONCE: usize = 100;

impl<W: Workflow> Conveyor<'_, W> {
    pub(super) fn begin_preparing(&mut self) {
        let run = self.run;
        let prepared = async move {
            let ledger = run.ledger();
            Step::Prepared(guarded_run(run.workflow.prepare(ledger)).await)
        };
        self.steps.push(prepared.boxed_local());
    }

    /// After the first write that was accepted: where the systems are is kept, once.
    pub(super) fn begin_keeping_site(&mut self) {
        let run = self.run;
        if run.request.dry_run || run.site_kept.replace(true) {
            return;
        }
        self.busy.keeping += 1;
        let kept = async move { Step::SiteKept(site::keep(run, false).await) };
        self.steps.push(kept.boxed_local());
    }

    pub(super) fn begin_gating(&mut self) {
        let arrivals = take(&mut self.ungated, GATED_AT_ONCE);
        let keys = arrivals.iter().map(|one| &one.key);
        self.out.note(keys, Outcome::Deferred);
        let run = self.run;
        self.busy.gating += 1;
        self.steps.push(
            async move {
                let keys: Vec<_> = arrivals.iter().map(|arrival| arrival.key.clone()).collect();
                let rows = run.read_rows(&keys).await;
                Step::Gated(arrivals, rows)
            }
            .boxed_local(),
        );
    }

    pub(super) fn begin_fetching(&mut self, batch: usize) {
        let mut entries = take(&mut self.due, batch);
        let now = self.run.around.clock.now();
        for entry in &mut entries {
            entry.read_at = Some(now);
        }
        let keys = entries.iter().map(|one| &one.key);
        self.out.note(keys, Outcome::Deferred);
        let (run, number) = (self.run, self.next_fetch);
        self.next_fetch += 1;
        self.busy.fetching += 1;
        self.steps.push(
            async move {
                let asked: Vec<_> = entries.iter().map(asked).collect();
                let answer = guarded_batch(&asked, async |asked: &[Asked<'_, W>]| {
                    run.workflow.fetch(asked).await
                })
                .await;
                drop(asked);
                Step::Fetched(number, entries, answer)
            }
            .boxed_local(),
        );
    }

    pub(super) fn begin_locating(&mut self, batch: usize) {
        let items = take(&mut self.to_locate, batch);
        let keys = items.iter().map(|one| &one.entry.key);
        self.out.note(keys, Outcome::Deferred);
        let run = self.run;
        self.busy.locating += 1;
        self.steps.push(
            async move {
                let records: Vec<_> = items.iter().map(|item| &item.record).collect();
                let ledger = run.ledger();
                let answer = guarded_batch(&records, async |records: &[&W::Record]| {
                    run.workflow.locate(records, ledger).await
                })
                .await;
                Step::Located(items, answer)
            }
            .boxed_local(),
        );
    }

    pub(super) fn begin_writing(&mut self, planned: Planned<W>) {
        let run = self.run;
        let keys = planned.iter().map(|(one, _)| &one.entry.key);
        self.out.note(keys, Outcome::WillRetry);
        self.busy.writing += 1;
        self.steps.push(
            async move {
                let Freshened {
                    going,
                    mut stayed,
                    stop,
                } = run.freshened(planned).await;
                let batch = run.noted(going, &mut stayed);
                let answer = match stop {
                    Some(stop) => Err(stop.into()),
                    None if batch.is_empty() => Ok(Vec::new()),
                    None => run.write(&batch).await,
                };
                let items = batch.into_iter().map(|(item, _)| item).collect();
                Step::Wrote(items, stayed, answer)
            }
            .boxed_local(),
        );
    }

    /// Looks whether what the ledger has in place is still there, of records that the source no longer lists.
    pub(super) fn begin_looking(&mut self, batch: usize) {
        let entries = take(&mut self.to_look, batch);
        let keys = entries.iter().map(|one| &one.key);
        self.out.note(keys, Outcome::Deferred);
        let run = self.run;
        self.busy.looking += 1;
        self.steps.push(
            async move {
                let there: Vec<_> = entries
                    .iter()
                    .filter_map(|entry| Some((&entry.key, entry.place.as_ref()?)))
                    .collect();
                let answer = guarded_batch(&there, async |there: &[(&RecordKey, &W::Place)]| {
                    run.workflow.still_there(there).await
                })
                .await;
                Step::Looked(entries, answer)
            }
            .boxed_local(),
        );
    }

    /// Keeps what came to light of another workflow's records.
    pub(super) fn keep_seen(&mut self) {
        let run = self.run;
        for seen in run.workflow.seen() {
            if run.request.dry_run {
                continue;
            }
            self.busy.keeping += 1;
            let kept = async move {
                let now = run.around.clock.now();
                let kept = match run.still_ours() {
                    Ok(()) => run.around.store.put_seen(&seen.of, seen.id, now).await,
                    Err(overtaken) => Err(overtaken),
                };
                Step::SeenKept(kept)
            };
            self.steps.push(kept.boxed_local());
        }
    }

    /// Keeps a row; a dry run only does what follows.
    pub(super) fn begin_keeping(&mut self, row: RecordRow<W::Place>, next: Next<W>) {
        let run = self.run;
        self.busy.keeping += 1;
        // A row that is due for no reason was only put back.
        self.moved |= row.state != RecordState::Retry || row.reason.is_some();
        if let Some(outcome) = while_kept(&next) {
            self.out.note([&row.key], outcome);
        }
        let next = Box::new(next);
        let kept = async move {
            // Signing a request to the table takes longer than sending a write: whatever can go out to the systems goes first.
            tokio::task::yield_now().await;
            let answer = if run.request.dry_run {
                Ok(())
            } else {
                run.put_record(&row).await
            };
            Step::Kept(row.key, answer, next)
        };
        self.steps.push(kept.boxed_local());
    }

    pub(super) fn begin_verifying(&mut self, batch: usize) {
        let items = take(&mut self.to_verify, batch);
        let keys = items.iter().map(|one| &one.entry.key);
        self.out.note(keys, Outcome::WillRetry);
        let run = self.run;
        self.busy.verifying += 1;
        self.steps.push(
            async move {
                let written: Vec<_> = items
                    .iter()
                    .filter_map(|item| Some((&item.record, item.entry.place.as_ref()?)))
                    .collect();
                let answer =
                    guarded_batch(&written, async |written: &[(&W::Record, &W::Place)]| {
                        run.workflow.verify(written).await
                    })
                    .await;
                Step::Verified(items, answer)
            }
            .boxed_local(),
        );
    }

    pub(super) fn begin_confirming(&mut self, group: Confirming<W>) {
        let run = self.run;
        let keys = group.entries.iter().map(|one| &one.key);
        self.out.note(keys, Outcome::AwaitingConfirmation);
        self.busy.confirming += 1;
        self.steps.push(
            async move {
                let records: Vec<_> = group
                    .entries
                    .iter()
                    .filter_map(|entry| Some((&entry.key, entry.place.as_ref()?)))
                    .collect();
                let answer =
                    guarded_batch(&records, async |records: &[(&RecordKey, &W::Place)]| {
                        run.workflow.confirm(&group.transaction, records).await
                    })
                    .await;
                Step::Confirmed(group, answer)
            }
            .boxed_local(),
        );
    }

    pub(super) fn begin_telling(&mut self, batch: usize) {
        let tellings = take(&mut self.to_tell, batch);
        for telling in &tellings {
            if let Some(outcome) = while_told(&telling.news) {
                self.out.note([&telling.entry.key], outcome);
            }
        }
        let run = self.run;
        self.busy.telling += 1;
        self.steps.push(
            async move {
                let notices: Vec<_> = tellings.iter().map(notice).collect();
                let answer = guarded_batch(&notices, async |notices: &[Notice<W::Place>]| {
                    run.say(notices).await
                })
                .await;
                Step::Told(tellings, answer)
            }
            .boxed_local(),
        );
    }
}

impl<W: Workflow> Run<'_, W> {
    /// The rows of these records. What cannot be read is put before a person, who else would not see it again.
    async fn read_rows(&self, keys: &[RecordKey]) -> Result<Rows<W::Place>, StoreError> {
        let store = self.around.store;
        let rows = store.each_record(keys).await?;
        if !self.request.dry_run {
            for key in &rows.unreadable {
                store.mark_unreadable(key).await?;
            }
        }
        Ok(rows)
    }

    pub(super) fn ledger(&self) -> LedgerView<'_> {
        LedgerView {
            store: self.around.store,
            dry_run: self.request.dry_run,
            now: self.around.clock.now(),
        }
    }

    /// Writes a batch. Where the destination cannot be asked afterwards, the ledger says so first, and a panic leaves the fate unknown.
    async fn write(&self, batch: &[(Item<W>, W::Plan)]) -> BatchResult<Written<W::Place>> {
        let unaskable = self.character.unaskable.is_some();
        if unaskable {
            for (item, _) in batch {
                self.still_ours().map_err(Stop::from)?;
                let row = self.sending_row(&item.entry);
                let kept = self.around.store.put_sending(&row, &self.lease).await;
                kept.map_err(Stop::from)?;
            }
        }
        let noted = batch.iter().filter(|_| !unaskable);
        let noted: Vec<_> = noted
            .filter_map(|(item, _)| self.noted_row(&item.entry))
            .collect();
        if !noted.is_empty() {
            self.still_ours().map_err(Stop::from)?;
            let kept = self.around.store.put_noted(&noted, &self.lease).await;
            kept.map_err(Stop::from)?;
        }
        self.still_ours().map_err(Stop::from)?;
        // After the rows are kept: of two workflows that each keep a row and then read the other's, one at least sees the other.
        let keys: Vec<_> = batch.iter().map(|(item, _)| &item.entry.key).collect();
        let yields = self.workflow.yields(&keys, self.ledger()).await?;
        let yields = |at: usize| yields.get(at).copied().flatten();
        let going = batch.iter().enumerate();
        let going = going.filter(|(at, _)| yields(*at).is_none());
        let records: Vec<_> = going
            .map(|(_, (item, plan))| (&item.record, plan))
            .collect();
        let mut answers = self.write_now(&records, unaskable).await?.into_iter();
        let missing = || Err(Fault::hold(Reason::InternalError, Vec::new()));
        let answer = |at: usize| match yields(at) {
            Some(reason) => Err(Fault::yields(reason)),
            None => answers.next().unwrap_or_else(missing),
        };
        Ok((0..batch.len()).map(answer).collect())
    }

    async fn write_now(
        &self,
        records: &[(&W::Record, &W::Plan)],
        unaskable: bool,
    ) -> BatchResult<Written<W::Place>> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let panicked = if unaskable {
            Reason::OutcomeUnknown
        } else {
            Reason::InternalError
        };
        let answer = guarded_once(records, self.workflow.write(records));
        answer
            .await
            .unwrap_or_else(|| Err(Trouble::Record(Fault::hold(panicked, Vec::new()))))
    }
}

pub(super) fn asked<W: Workflow>(entry: &Entry<W>) -> Asked<'_, W> {
    Asked {
        key: &entry.key,
        place: entry.found_at.as_ref().or(entry.place.as_ref()),
        known: entry.before.as_ref().and_then(|row| row.place.as_ref()),
        offer: entry.offer.as_ref(),
    }
}

fn notice<W: Workflow>(telling: &Telling<W>) -> Notice<W::Place> {
    let held = match &telling.news {
        News::Held(row) => row.reason.map(|reason| (reason, row.fields.clone())),
        News::InPlace | News::Again | News::Skipped(_) => None,
    };
    Notice {
        key: telling.entry.key.clone(),
        place: telling.place.clone(),
        again: matches!(telling.news, News::Again),
        held,
    }
}

fn take<T>(queue: &mut VecDeque<T>, most: usize) -> Vec<T> {
    queue.drain(..most.min(queue.len())).collect()
}

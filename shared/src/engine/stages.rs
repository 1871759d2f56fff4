//! The calls of the conveyor: each takes records off a queue and comes back as a [`Step`].

use std::collections::{HashMap, VecDeque};

use futures::FutureExt;

use super::conveyor::Conveyor;
use super::entry::{Entry, Item, News, Telling};
use super::panics::{guarded, guarded_batch};
use super::workflow::{BatchResult, Located, Notice, Trouble, Verification, Workflow};
use crate::domain::record::RecordKey;
use crate::store::{RecordRow, StoreError};

/// A call that has ended, with the records it was for.
pub enum Step<W: Workflow> {
    Gated(
        Vec<RecordKey>,
        Result<HashMap<RecordKey, RecordRow<W::Place>>, StoreError>,
    ),
    Fetched(u64, Vec<Entry<W::Place>>, BatchResult<W::Source>),
    Located(Vec<Item<W>>, BatchResult<Located<W>>),
    Wrote(Item<W>, Result<W::Place, Trouble>),
    Kept(Result<(), StoreError>, Next<W>),
    Verified(Vec<Item<W>>, BatchResult<Verification<W::Place>>),
    Told(Vec<Telling<W::Place>>, BatchResult<()>),
}

/// What follows once a row is kept.
pub enum Next<W: Workflow> {
    Verify(Item<W>),
    Tell(Telling<W::Place>),
    Nothing,
}

/// Ledger keys read in one go.
const GATED_AT_ONCE: usize = 100;

impl<W: Workflow> Conveyor<'_, W> {
    pub(super) fn begin_gating(&mut self) {
        let keys = take(&mut self.ungated, GATED_AT_ONCE);
        let run = self.run;
        self.busy.gating += 1;
        self.steps.push(
            async move {
                let rows = run.around.store.records(&keys).await;
                Step::Gated(keys, rows)
            }
            .boxed_local(),
        );
    }

    pub(super) fn begin_fetching(&mut self, batch: usize) {
        let entries = take(&mut self.due, batch);
        let (run, number) = (self.run, self.next_fetch);
        self.next_fetch += 1;
        self.busy.fetching += 1;
        self.steps.push(
            async move {
                let keys: Vec<_> = entries.iter().map(|entry| entry.key.clone()).collect();
                let answer = guarded_batch(&keys, async |keys: &[RecordKey]| {
                    run.workflow.fetch(keys).await
                })
                .await;
                Step::Fetched(number, entries, answer)
            }
            .boxed_local(),
        );
    }

    pub(super) fn begin_locating(&mut self, batch: usize) {
        let items = take(&mut self.to_locate, batch);
        let run = self.run;
        self.busy.locating += 1;
        self.steps.push(
            async move {
                let records: Vec<_> = items.iter().map(|item| &item.record).collect();
                let answer = guarded_batch(&records, async |records: &[&W::Record]| {
                    run.workflow.locate(records).await
                })
                .await;
                Step::Located(items, answer)
            }
            .boxed_local(),
        );
    }

    pub(super) fn begin_writing(&mut self, item: Item<W>, plan: W::Plan) {
        let run = self.run;
        self.busy.writing += 1;
        self.steps.push(
            async move {
                let answer = guarded(run.workflow.write(&item.record, &plan)).await;
                Step::Wrote(item, answer)
            }
            .boxed_local(),
        );
    }

    pub(super) fn begin_keeping(&mut self, row: RecordRow<W::Place>, next: Next<W>) {
        let run = self.run;
        self.busy.keeping += 1;
        let kept = async move { Step::Kept(run.around.store.put_record(&row).await, next) };
        self.steps.push(kept.boxed_local());
    }

    pub(super) fn begin_verifying(&mut self, batch: usize) {
        let items = take(&mut self.to_verify, batch);
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

    pub(super) fn begin_telling(&mut self, batch: usize) {
        let tellings = take(&mut self.to_tell, batch);
        let run = self.run;
        self.busy.telling += 1;
        self.steps.push(
            async move {
                let notices: Vec<_> = tellings.iter().map(notice).collect();
                let answer = guarded_batch(&notices, async |notices: &[Notice<W::Place>]| {
                    run.workflow.report(notices).await
                })
                .await;
                Step::Told(tellings, answer)
            }
            .boxed_local(),
        );
    }
}

fn notice<P: Clone>(telling: &Telling<P>) -> Notice<P> {
    let held = match &telling.news {
        News::Held(row) => row.reason.map(|reason| (reason, row.fields.clone())),
        News::InPlace | News::Again => None,
    };
    Notice {
        key: telling.entry.key.clone(),
        place: telling.place.clone(),
        held,
    }
}

fn take<T>(queue: &mut VecDeque<T>, most: usize) -> Vec<T> {
    queue.drain(..most.min(queue.len())).collect()
}

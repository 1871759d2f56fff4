//! Which records are written now, and how many a run may write at all.

use futures::FutureExt;

use super::conveyor::Conveyor;
use super::entry::Item;
use super::freshness::{Planned, Stayed};
use super::panics::guarded_now;
use super::run::Run;
use super::stages::Step;
use super::tally::Tally;
use super::workflow::Workflow;
use crate::domain::reason::Stop;

impl<W: Workflow> Conveyor<'_, W> {
    pub(super) fn launch_writing(&mut self, tally: &mut Tally<'_>) {
        if self.run.looks_first && !self.to_write.is_empty() {
            return self.halt(Stop::LedgerEmpty);
        }
        if !self.run.has_room_to_write() {
            return;
        }
        let size = if self.streaks.probing {
            1
        } else {
            self.run.workflow.batches().write
        };
        let more_may_come = self.busy.locating > 0
            || self.busy.fetching > 0
            || (!self.is_full() && (!self.due.is_empty() || self.more_may_be_due()));
        let concurrency = self.run.around.settings.concurrency;
        while self.streaks.room_to_write(concurrency, self.busy.writing) > 0 {
            let waits = self.to_write.len() < size && more_may_come && size > 1;
            if self.to_write.is_empty() || waits || self.probe_waits() {
                return;
            }
            let room = self.write_limit().saturating_sub(tally.writes);
            if room == 0 {
                return self.put_off_writes(tally);
            }
            let batch: Vec<_> = self.take_to_write(size.min(room));
            tally.writes += batch.len();
            if self.run.request.dry_run {
                self.would_write(batch, tally);
            } else {
                self.begin_writing(batch);
            }
        }
    }

    fn take_to_write(&mut self, most: usize) -> Vec<(Item<W>, W::Plan)> {
        let count = most.min(self.to_write.len());
        self.to_write.drain(..count).collect()
    }

    /// The run has written as much as it may: what is not read yet is not read any more.
    pub(super) fn put_off_the_rest(&mut self, tally: &mut Tally<'_>) {
        for entry in std::mem::take(&mut self.due) {
            self.defer(&entry, tally);
        }
        while let Some(item) = self.to_locate.pop_front() {
            self.leave(&item.partition);
            self.defer(&item.entry, tally);
        }
    }

    /// The run has written as much as it may.
    fn put_off_writes(&mut self, tally: &mut Tally<'_>) {
        for (item, _) in std::mem::take(&mut self.to_write) {
            self.leave(&item.partition);
            self.defer(&item.entry, tally);
        }
    }

    /// A dry run ends where a real one writes. What waited for it, a partition or the next page, is launched as after any call.
    fn would_write(&mut self, batch: Vec<(Item<W>, W::Plan)>, tally: &mut Tally<'_>) {
        for (item, plan) in batch {
            let workflow = self.run.workflow;
            let seen = guarded_now(|| {
                let fields = workflow.field_names(&item.record, &plan);
                (fields, workflow.remark(&item.record, &plan))
            });
            let (fields, remark) = match seen {
                Ok(seen) => seen,
                Err(fault) => {
                    self.settle_item(item, fault, tally);
                    continue;
                }
            };
            self.leave(&item.partition);
            tally.add_dry(&item.entry, remark, fields);
            self.finish(&item.entry.key);
        }
        self.steps.push(async { Step::Foreseen }.boxed_local());
    }

    /// Bounds the harm of a bad profile; the first run that ever writes is bounded more tightly.
    /// A dry run writes nothing, and looks at everything.
    pub(super) fn write_limit(&self) -> usize {
        let settings = self.run.around.settings;
        if self.run.request.dry_run {
            usize::MAX
        } else if self.run.is_proven() {
            settings.max_writes_per_run
        } else {
            settings.first_run_writes
        }
    }
}

impl<W: Workflow> Run<'_, W> {
    /// Notes what is known of records before they are written: what is remarked of them, and where they may be from now on.
    pub(super) fn noted(&self, planned: Planned<W>, stayed: &mut Stayed<W>) -> Planned<W> {
        let now = self.around.clock.now();
        let mut going = Vec::with_capacity(planned.len());
        for (mut item, plan) in planned {
            let known = guarded_now(|| {
                let remark = self.workflow.remark(&item.record, &plan);
                (remark, self.workflow.noted(&item.record, &plan))
            });
            match known {
                Ok((remark, place)) => {
                    let entry = &mut item.entry;
                    entry.remark_on_write(remark, now);
                    entry.noted = place;
                    if self.character.unaskable.is_some() {
                        entry.began_at.get_or_insert(now);
                    }
                    going.push((item, plan));
                }
                Err(fault) => stayed.items.push((item, fault)),
            }
        }
        going
    }
}

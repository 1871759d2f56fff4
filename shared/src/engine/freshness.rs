//! What was read of a record a while ago is read once more right before it goes out, where a minute matters: consent may have been
//! withdrawn, or a referral revoked, while others were sent.

use super::entry::{Entry, Item};
use super::fault::{Fault, Trouble};
use super::panics::{guarded_batch, guarded_now};
use super::run::Run;
use super::stages::asked;
use super::workflow::{Asked, History, Mapped, Partition, Workflow};
use crate::clock::later;
use crate::domain::reason::Stop;
use crate::store::RecordState;

/// Records with what is to be written of each.
pub type Planned<W> = Vec<(Item<W>, <W as Workflow>::Plan)>;

/// Records that are about to be written, after what was read too long ago was read once more.
pub struct Freshened<W: Workflow> {
    /// They may go.
    pub going: Planned<W>,
    /// They may not.
    pub stayed: Stayed<W>,
    /// Why nothing goes, if the run cannot go on.
    pub stop: Option<Stop>,
}

/// Records that do not go out after all: nothing of them was written.
pub struct Stayed<W: Workflow> {
    /// Each with the reason.
    pub items: Vec<(Item<W>, Fault)>,
    /// Whether the source was asked once more, and answered.
    pub answered: bool,
}

impl<W: Workflow> Run<'_, W> {
    /// Reads once more what was read longer ago than the workflow allows, and maps it anew. Its plan stands: a workflow whose records age
    /// makes plans that do not rest on what was read.
    pub(super) async fn freshened(&self, planned: Planned<W>) -> Freshened<W> {
        let began = self.around.clock.now();
        let fresh_for = self.workflow.fresh_for();
        let is_fresh = |item: &Item<W>, now| {
            let read_at = item.entry.read_at;
            fresh_for.is_none_or(|age| read_at.is_some_and(|read| now <= later(read, age)))
        };
        let (going, stale): (Planned<W>, Planned<W>) = planned
            .into_iter()
            .partition(|(item, _)| is_fresh(item, began));
        let mut freshened = Freshened {
            going,
            stayed: Stayed {
                items: Vec::new(),
                answered: false,
            },
            stop: None,
        };
        if stale.is_empty() {
            return freshened;
        }
        let wanted: Vec<_> = stale.iter().map(|(item, _)| asked(&item.entry)).collect();
        let answer = guarded_batch(&wanted, async |wanted: &[Asked<'_, W>]| {
            self.workflow.read_again(wanted).await
        })
        .await;
        drop(wanted);
        let answers = match answer {
            Ok(answers) => {
                freshened.stayed.answered = true;
                answers
            }
            Err(Trouble::Record(fault)) => stale.iter().map(|_| Err(fault.clone())).collect(),
            Err(Trouble::Run(stop)) => {
                freshened.going.extend(stale);
                freshened.stop = Some(stop);
                return freshened;
            }
        };
        for ((mut item, plan), answer) in stale.into_iter().zip(answers) {
            item.entry.read_at = Some(began);
            let mapped = answer.and_then(|source| self.map(&mut item.entry, source)?);
            let now = self.around.clock.now();
            match mapped {
                Ok((_, record)) if is_fresh(&item, now) && self.has_room_to_write() => {
                    item.record = record;
                    freshened.going.push((item, plan));
                }
                Ok(_) => freshened.stayed.items.push((item, Fault::defer())),
                Err(fault) => freshened.stayed.items.push((item, fault)),
            }
        }
        freshened
    }

    /// Maps a record as its source shows it now; an error outside says that not even its fingerprint is known.
    pub(super) fn map(
        &self,
        entry: &mut Entry<W>,
        source: W::Source,
    ) -> Result<Result<(Partition, W::Record), Fault>, Fault> {
        let now = self.around.clock.now();
        let history = History {
            place: entry.before.as_ref().and_then(|row| row.place.as_ref()),
            done: entry.was() == Some(RecordState::Done) || entry.delivered.is_some(),
            released: entry.released,
            may_be_there: entry.may_be_there(),
        };
        let workflow = self.workflow;
        let (remarks, mapped) = guarded_now(|| {
            let remarks = workflow.remarks_now(&entry.key, &source, &history);
            (remarks, workflow.map(&entry.key, source, history, now))
        })?;
        let Mapped {
            fingerprint,
            place,
            result,
        } = mapped;
        entry.offer = None;
        entry.fingerprint = Some(fingerprint);
        entry.place = place;
        entry.remark_on_sight(&remarks, now);
        Ok(result)
    }

    /// Whether a write that begins now has the time that its call may take. The lease outlives the deadline.
    pub(super) fn has_room_to_write(&self) -> bool {
        let around = self.around;
        around
            .deadline
            .has_room(around.clock.now(), around.call_timeout)
    }
}

//! What is out: the records of every call that has begun and not ended. A run that is asked to stop waits for them for some seconds; what
//! is not home then is counted as what it is.

use std::collections::HashMap;
use std::collections::hash_map::Drain;

use super::entry::News;
use super::stages::{Next, Step};
use super::tally::plain;
use super::workflow::Workflow;
use crate::domain::outcome::{Outcome, RecordReport};
use crate::domain::reason::Reason;
use crate::domain::record::RecordKey;

/// Records that are out, each with what it is if it does not come home: [`Outcome::WillRetry`] where it may have reached its destination,
/// or is there and its row is not kept.
#[derive(Default)]
pub struct UnderWay(HashMap<RecordKey, Outcome>);

impl UnderWay {
    /// These records go out.
    pub fn note<'k>(&mut self, keys: impl IntoIterator<Item = &'k RecordKey>, outcome: Outcome) {
        let noted = keys.into_iter().map(|key| (key.clone(), outcome));
        self.0.extend(noted);
    }

    /// The records of a call that has ended are home.
    pub fn home<W: Workflow>(&mut self, step: &Step<W>) {
        let mut home = |key: &RecordKey| {
            self.0.remove(key);
        };
        match step {
            Step::Prepared(_)
            | Step::Listed(_)
            | Step::CursorSaved(_)
            | Step::SiteKept(_)
            | Step::SeenKept(_)
            | Step::Foreseen => {}
            Step::Looked(entries, _) => entries.iter().for_each(|one| home(&one.key)),
            Step::Gated(arrivals, _) => arrivals.iter().for_each(|one| home(&one.key)),
            Step::Fetched(_, entries, _) => entries.iter().for_each(|one| home(&one.key)),
            Step::Located(items, _) => items.iter().for_each(|one| home(&one.entry.key)),
            Step::Wrote(items, stayed, _) => {
                let stayed = stayed.items.iter().map(|(item, _)| item);
                items
                    .iter()
                    .chain(stayed)
                    .for_each(|one| home(&one.entry.key));
            }
            Step::Verified(items, _) => items.iter().for_each(|one| home(&one.entry.key)),
            Step::Kept(key, ..) => home(key),
            Step::Confirmed(group, _) => group.entries.iter().for_each(|one| home(&one.key)),
            Step::Told(tellings, _) => tellings.iter().for_each(|one| home(&one.entry.key)),
        }
    }

    /// What has not come home.
    pub fn drain(&mut self) -> Drain<'_, RecordKey, Outcome> {
        self.0.drain()
    }
}

/// What a record is while this row of it is being kept; none if it is counted already.
pub fn while_kept<W: Workflow>(next: &Next<W>) -> Option<Outcome> {
    match next {
        Next::Finish => None,
        Next::Tell(telling) => while_told(&telling.news),
        Next::Verify(_) | Next::Confirm(..) => Some(Outcome::WillRetry),
    }
}

/// What a record is while the source is told of it; none if it is counted already.
pub fn while_told<P>(news: &News<P>) -> Option<Outcome> {
    match news {
        News::Held(_) => None,
        News::InPlace | News::Again | News::Skipped(_) => Some(Outcome::WillRetry),
    }
}

/// The line of a record that did not come home.
pub fn line(key: RecordKey, outcome: Outcome) -> RecordReport {
    let reason = (outcome == Outcome::WillRetry).then_some(Reason::UnderWay);
    RecordReport {
        reason,
        ..plain(key, outcome)
    }
}

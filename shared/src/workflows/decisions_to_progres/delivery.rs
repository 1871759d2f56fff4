//! Reading decisions again, telling proGres of them, and asking what became of that.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::mapping::Decision;
use super::voices::Source;
use super::{DecisionsToProgres, Place, confirmation, decision, submission};
use crate::domain::ids::{CaseRecordId, TransactionId};
use crate::domain::reason::Reason;
use crate::domain::record::RecordKey;
use crate::engine::{Asked, BatchResult, CallError, Confirmation, Fault, FaultKind, Written};
use crate::primero::ChangedCase;
use crate::progres::{Operation, Receipt};
use crate::transport::GateError;
use crate::workflows::trouble::per_record;

/// Cases as they are now, and those that could not be read.
type Read = (
    HashMap<CaseRecordId, Arc<ChangedCase>>,
    HashMap<CaseRecordId, GateError>,
);

impl DecisionsToProgres<'_> {
    /// What discovery brought in this run, and all else read again: every case that is known to have the intervention.
    pub(super) async fn read(&self, asked: &[Asked<'_, Self>]) -> BatchResult<Source> {
        let ids: HashSet<_> = asked.iter().flat_map(unshown).collect();
        let ids: Vec<_> = ids.into_iter().collect();
        let (cases, unread) = self.cases(&ids).await?;
        let read = |record: &Asked<'_, Self>| -> Result<Source, CallError> {
            let ids = unshown(record);
            if let Some(error) = ids.iter().find_map(|id| unread.get(id)) {
                return Err(error.clone().into());
            }
            let again = ids.iter().filter_map(|id| cases.get(id)).cloned();
            let shown = record.offer.into_iter().flatten().cloned();
            let source = Source {
                cases: again.chain(shown).collect(),
            };
            let is_here = |place: &Place| {
                let mut cases = source.cases.iter();
                cases.any(|case| case.case.id == place.case)
            };
            if record.offer.is_none() && !record.place.is_some_and(is_here) {
                return Err(Fault::retry(Reason::DetailsMissing).into());
            }
            Ok(source)
        };
        per_record(asked.iter().map(read))
    }

    /// These cases as they are now, and those that could not be read.
    pub(super) async fn cases(&self, ids: &[CaseRecordId]) -> Result<Read, GateError> {
        let cases = self
            .primero
            .changed_cases_by_id(ids, &decision::CASE_FIELDS);
        let (cases, unread) = cases.await?.parted();
        let cases = cases.into_iter().map(|(id, case)| (id, Arc::new(case)));
        Ok((cases.collect(), unread))
    }

    /// Sends decisions: all in one request but those whose comment may be there, which go alone and first. Where PING answers a request
    /// with an error message, any of its comments may be there, and each decision goes once more, alone and without it.
    pub(super) async fn tell(&self, batch: &[(&Decision, &())]) -> BatchResult<Written<Place>> {
        let (alone, together): (Vec<usize>, Vec<usize>) =
            (0..batch.len()).partition(|&at| batch[at].0.comment_may_be_there);
        let mut requests: Vec<Vec<usize>> = alone.into_iter().map(|at| vec![at]).collect();
        requests.push(together);
        let mut told: HashMap<usize, Result<Written<Place>, Fault>> = HashMap::new();
        for request in requests {
            let decisions: Vec<&Decision> = request.iter().map(|&at| batch[at].0).collect();
            let submissions: Vec<_> = decisions.iter().map(|one| submission::of(one)).collect();
            let answers = match self.ping.write_decisions(&submissions).await {
                Ok(answers) => answers,
                // What was told already must not be forgotten; the next call stops the run.
                Err(error) if told.values().any(Result::is_ok) => vec![Err(error); request.len()],
                Err(error) => return Err(error.into()),
            };
            for (&at, (decision, answer)) in request.iter().zip(decisions.into_iter().zip(&answers))
            {
                let result = match answer {
                    Err(GateError::ReportedOfMany(_)) => self.tell_once_more(decision).await,
                    answer => written(decision, answer, &answers),
                };
                told.insert(at, result);
            }
        }
        let deferred = || Err(Fault::defer());
        Ok((0..batch.len())
            .map(|at| told.remove(&at).unwrap_or_else(deferred))
            .collect())
    }

    /// Sends a decision alone, without the comment that may be there.
    async fn tell_once_more(&self, decision: &Decision) -> Result<Written<Place>, Fault> {
        let mut again = decision.clone();
        again.comment_may_be_there = true;
        let answers = match self.ping.write_decisions(&[submission::of(&again)]).await {
            Ok(answers) => answers,
            Err(error) => vec![Err(error)],
        };
        let result = match answers.first() {
            Some(answer) => written(&again, answer, &answers),
            None => Err(Fault::defer()),
        };
        // Its comment may be there whatever became of it now, and the ledger must say so.
        let place = again.place.clone();
        Ok(result.unwrap_or_else(|fault| match fault.kind {
            FaultKind::Defer => Written::Unsure(place),
            _ => Written::Otherwise(place, fault),
        }))
    }

    /// Asks what became of the decisions of one request.
    pub(super) async fn ask_after(
        &self,
        transaction: &TransactionId,
        records: &[(&RecordKey, &Place)],
    ) -> BatchResult<Confirmation<Place>> {
        let operation = Operation::InterventionStatus;
        let checked = self.ping.check_status(operation, transaction).await?;
        let words = confirmation::of(&checked, records);
        Ok(words.into_iter().map(Ok).collect())
    }
}

/// The cases of a record that discovery did not show, those that the ledger knows first.
fn unshown(record: &Asked<'_, DecisionsToProgres<'_>>) -> Vec<CaseRecordId> {
    let shown = |id: &CaseRecordId| {
        let mut cases = record.offer.into_iter().flatten();
        cases.any(|case| case.case.id == *id)
    };
    let places = [record.known, record.place].into_iter().flatten();
    let mut ids = Vec::new();
    for id in places
        .flat_map(|place| [place.rival, Some(place.case)])
        .flatten()
    {
        if !shown(&id) {
            ids.retain(|other| *other != id);
            ids.push(id);
        }
    }
    ids
}

/// What an answer means for a decision, given those of all it went out with. Without a receipt nobody can ask after it, so that is as
/// good as no answer.
fn written(
    decision: &Decision,
    answer: &Result<Receipt, GateError>,
    all: &[Result<Receipt, GateError>],
) -> Result<Written<Place>, Fault> {
    let mut place = decision.place.clone();
    match answer {
        Ok(Some(transaction)) => {
            place.sent_with = all.iter().filter(|other| *other == answer).count();
            Ok(Written::Accepted(place, transaction.clone()))
        }
        Ok(None) => Ok(Written::Unsure(place)),
        Err(error) if error.may_have_been_applied() => Ok(Written::Unsure(place)),
        Err(error) => match CallError::from(error.clone()) {
            CallError::Record(fault) => Err(fault),
            CallError::Run(_) => Err(Fault::defer()),
        },
    }
}

#[cfg(test)]
mod tests;

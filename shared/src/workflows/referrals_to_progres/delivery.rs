//! Reading referrals, submitting them to proGres, and asking what became of that.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use futures::{StreamExt, stream};

use super::source::{self, Source};
use super::{Offer, Place, Referral, ReferralsToProgres, choice, fields};
use crate::domain::ids::{CaseRecordId, InteropReferralId, TransactionId};
use crate::domain::pii::Pii;
use crate::domain::reason::{Reason, Stop};
use crate::domain::record::RecordKey;
use crate::domain::words::user_name;
use crate::engine::{Asked, BatchResult, CallError, Confirmation, Discovered, Fault, Written};
use crate::primero::{self, ChangedCase, User};
use crate::profile::Ambiguity;
use crate::progres::{Checked, Operation, Status, Submitted};
use crate::transport::GateError;
use crate::workflows::trouble::per_record;
use crate::workflows::window;

/// The field by which PING's results name the referral that proGres made.
const MADE: &str = "progres_interoperabilityreferralid";

/// Cases as they are now.
type Cases = HashMap<CaseRecordId, Arc<ChangedCase>>;

/// Cases that could not be read, and why.
type Unread = HashMap<CaseRecordId, GateError>;

/// The referrals of a case, or why they could not be read.
type Referrals = Result<Arc<Vec<primero::Referral>>, Fault>;

/// What becomes of referrals that name no service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LoneOnes {
    /// They become records of their own.
    Noted,
    /// They are such already.
    Known,
}

impl ReferralsToProgres<'_> {
    /// Reads the referrals of every case once, and what discovery did not bring. Where something may be sent, the case is read with them:
    /// consent may have been withdrawn since its page was listed.
    pub(super) async fn read(
        &self,
        asked: &[Asked<'_, Self>],
        lone: LoneOnes,
    ) -> BatchResult<Source> {
        let (mut cases, mut unread) = self.cases(asked).await?;
        let referrals = self.referrals(asked, &cases, lone).await?;
        let listed = asked.iter().filter_map(|record| record.offer);
        let listed = listed.filter(|offer| offer.referrals.is_none());
        let listed: BTreeSet<_> = listed.map(|offer| offer.case.case.id).collect();
        let may_go = listed.into_iter().filter(|id| {
            let referrals = referrals.get(id).and_then(|read| read.as_ref().ok());
            referrals.is_some_and(|read| read.iter().any(choice::is_pending))
        });
        let may_go: Vec<_> = may_go.collect();
        let (read, failed) = self.cases_again(&may_go).await?;
        cases.retain(|id, _| !may_go.contains(id));
        cases.extend(read);
        unread.extend(failed);
        let read = per_record(asked.iter().map(|record| -> Result<Source, CallError> {
            let missing = || Fault::retry(Reason::DetailsMissing);
            let id = case_of(record).ok_or_else(missing)?;
            if let Some(error) = unread.get(&id) {
                return Err(error.clone().into());
            }
            let case = cases.get(&id).ok_or_else(missing)?;
            let referrals = referrals.get(&id).cloned().ok_or_else(missing)?;
            Ok(Source {
                case: Arc::clone(case),
                referrals: referrals?,
                owner: None,
            })
        }))?;
        self.with_owners(read).await
    }

    /// The cases of the records, as discovery showed them, else read again; and those that could not be read.
    async fn cases(&self, asked: &[Asked<'_, Self>]) -> Result<(Cases, Unread), GateError> {
        let shown = asked.iter().filter_map(|record| record.offer);
        let mut cases: HashMap<_, _> = shown
            .map(|offer| (offer.case.case.id, Arc::clone(&offer.case)))
            .collect();
        let mut again: Vec<_> = asked.iter().filter_map(case_of).collect();
        again.retain(|id| !cases.contains_key(id));
        again.sort_unstable();
        again.dedup();
        let (read, unread) = self.cases_again(&again).await?;
        cases.extend(read);
        Ok((cases, unread))
    }

    /// These cases as they are now; one that is gone is in neither.
    async fn cases_again(&self, ids: &[CaseRecordId]) -> Result<(Cases, Unread), GateError> {
        let fields = fields::listed(self.profile);
        let read = self.primero.changed_cases_by_id(ids, &fields).await?;
        let (read, unread) = read.parted();
        let read = read.into_iter().map(|(id, case)| (id, Arc::new(case)));
        Ok((read.collect(), unread))
    }

    /// The referrals of the cases, a few cases at a time: Primero has no call for many. A stop is the answer to all.
    async fn referrals(
        &self,
        asked: &[Asked<'_, Self>],
        cases: &Cases,
        lone: LoneOnes,
    ) -> Result<HashMap<CaseRecordId, Referrals>, Stop> {
        let mut referrals: HashMap<CaseRecordId, Referrals> = HashMap::new();
        for offer in asked.iter().filter_map(|record| record.offer) {
            if let Some(known) = &offer.referrals {
                referrals.insert(offer.case.case.id, Ok(Arc::clone(known)));
            }
        }
        let unread = cases
            .values()
            .filter(|case| !referrals.contains_key(&case.case.id));
        let reading = unread.map(|case| async move {
            let id = case.case.id;
            (case, self.primero.case_referrals(id).await)
        });
        let at_once = self.profile.engine.concurrency;
        let answers: Vec<_> = stream::iter(reading)
            .buffer_unordered(at_once)
            .collect()
            .await;
        for (case, answer) in answers {
            let read = match answer.map_err(CallError::from) {
                Ok(read) if lone == LoneOnes::Known => Ok(Arc::new(read)),
                Ok(read) => Ok(self.noting_lone_ones(case, read)),
                Err(CallError::Record(fault)) => Err(fault),
                Err(CallError::Run(stop)) => return Err(stop),
            };
            referrals.insert(case.case.id, read);
        }
        Ok(referrals)
    }

    /// Referrals that name no service show only here, and become records of their own.
    fn noting_lone_ones(
        &self,
        case: &Arc<ChangedCase>,
        referrals: Vec<primero::Referral>,
    ) -> Arc<Vec<primero::Referral>> {
        let referrals = Arc::new(referrals);
        if let Some(case_id) = &case.case.case_id {
            let lone = source::without_service(case, &referrals, self.profile);
            self.found
                .borrow_mut()
                .extend(lone.map(|referral| Discovered {
                    version: Some(window::version(case)),
                    place: Some(Place::of(case)),
                    offer: Some(Offer {
                        case: Arc::clone(case),
                        referrals: Some(Arc::clone(&referrals)),
                    }),
                    ..Discovered::named(RecordKey::of_referral(case_id, referral.id))
                }));
        }
        referrals
    }

    /// Adds the owners of the cases where something may be sent. The users are listed once a run.
    async fn with_owners(&self, mut read: Vec<Result<Source, Fault>>) -> BatchResult<Source> {
        for source in read.iter_mut().flatten() {
            if !source.referrals.iter().any(choice::is_pending) {
                continue;
            }
            let users = self.users.get_or_try_init(|| self.all_users()).await?;
            let owner = source.case.value("owned_by").and_then(|name| name.as_str());
            let owner = owner.map(|name| Pii::new(user_name(name)));
            source.owner = owner.and_then(|name| users.get(&name)).cloned();
        }
        Ok(read)
    }

    async fn all_users(&self) -> Result<HashMap<Pii<String>, User>, GateError> {
        let users = self.primero.users().await?;
        let name = |user: &User| Pii::new(user_name(user.user_name.expose()));
        let by_name = users.into_iter().map(|user| (name(&user), user));
        Ok(by_name.collect())
    }

    /// Submits referrals, one a request.
    pub(super) async fn submit(&self, batch: &[(&Referral, &())]) -> BatchResult<Written<Place>> {
        let mut answers = Vec::with_capacity(batch.len());
        for (referral, ()) in batch {
            let case = referral.place.case;
            let answer = self.ping.submit_referral(case, &referral.submission).await;
            answers.push(match answer {
                Ok(Submitted::Accepted(transaction)) => {
                    Ok(Written::Accepted(referral.place.clone(), transaction))
                }
                Ok(Submitted::Unconfirmed) => Err(self.unknown()),
                Err(error) if error.may_have_been_applied() => Err(self.unknown()),
                Err(error) => match CallError::from(error) {
                    CallError::Record(fault) => Err(fault),
                    // What was submitted already must not be forgotten; the next call stops the run.
                    CallError::Run(_) if answers.iter().any(Result::is_ok) => Err(Fault::defer()),
                    stop @ CallError::Run(_) => return Err(stop),
                },
            });
        }
        Ok(answers)
    }

    /// proGres may have the referral and cannot be asked.
    fn unknown(&self) -> Fault {
        match self.profile.ping.ambiguity {
            Ambiguity::Hold => Fault::hold(Reason::OutcomeUnknown, Vec::new()),
            Ambiguity::Resend => Fault::retry(Reason::OutcomeUnknown),
        }
    }

    /// Asks what became of a submission, and what proGres calls it: decisions name it so.
    pub(super) async fn ask_after(
        &self,
        transaction: &TransactionId,
        records: &[(&RecordKey, &Place)],
    ) -> BatchResult<Confirmation<Place>> {
        let operation = Operation::SubmitReferral;
        let checked = self.ping.check_status(operation, transaction).await?;
        let word = |place: &Place| match checked.of_all() {
            Some(Status::Confirmed) => confirmed(place, made(&checked)),
            Some(Status::Rejected) => Confirmation::Rejected,
            Some(Status::InProgress) => Confirmation::NotYet,
            Some(Status::Unknown) | None => Confirmation::Unknown,
        };
        Ok(records.iter().map(|(_, place)| Ok(word(place))).collect())
    }
}

/// What proGres made of the one referral of a submission, if the result says so.
fn made(checked: &Checked) -> Option<InteropReferralId> {
    let Checked::Records(results) = checked else {
        return None;
    };
    let [result] = &results[..] else { return None };
    result.text(MADE)?.parse().ok()
}

fn confirmed(place: &Place, made: Option<InteropReferralId>) -> Confirmation<Place> {
    let (Some(made), Some(submitted)) = (made, &place.submitted) else {
        return Confirmation::Confirmed;
    };
    let mut place = place.clone();
    place.confirmed.insert(made, submitted.referral);
    Confirmation::ConfirmedAt(place)
}

fn case_of(record: &Asked<'_, ReferralsToProgres<'_>>) -> Option<CaseRecordId> {
    let offered = record.offer.map(|offer| offer.case.case.id);
    offered.or_else(|| record.place.map(|place| place.case))
}

#[cfg(test)]
mod tests;

//! Finding the referral of a decision, in the ledger or in Primero, and answering it.

use std::collections::HashMap;

use futures::StreamExt as _;

use super::mapping::DecidedReferral;
use super::matching::{Standing, choose, standing};
use super::{DecisionsToPrimero, Found, Place};
use crate::domain::ids::CaseRecordId;
use crate::domain::reason::Reason;
use crate::domain::record::RecordKey;
use crate::domain::system::WorkflowName;
use crate::engine::{BatchResult, Fault, LedgerView, Located, Trouble};
use crate::primero::{Referral, ReferralStatus};
use crate::transport::GateError;
use crate::workflows::referrals_to_progres;
use crate::workflows::trouble::per_record;

/// A referral as a look-up shows it.
type Seen = (Found, ReferralStatus);

impl DecisionsToPrimero<'_> {
    /// Finds the referrals of these decisions. One that a ledger knows is not looked at before it is answered, unless nothing is to be
    /// answered at all.
    pub(super) async fn find(
        &self,
        records: &[&DecidedReferral],
        ledger: LedgerView<'_>,
    ) -> BatchResult<Located<Self>> {
        let known = self.known(records, ledger).await?;
        let answered_unseen = |known: Option<Found>| known.filter(|_| !ledger.only_looks());
        let to_look_up: Vec<&DecidedReferral> = records
            .iter()
            .zip(&known)
            .filter_map(|(record, known)| answered_unseen(*known).is_none().then_some(*record))
            .collect();
        let mut seen = self
            .look_up_after_control(&to_look_up, ledger)
            .await?
            .into_iter();
        let locate = |(record, known): (&&DecidedReferral, Option<Found>)| {
            if let Some(found) = answered_unseen(known) {
                return Ok(Located::Missing(found));
            }
            let (found, status) = seen
                .next()
                .unwrap_or_else(|| Err(unanswered()))?
                .ok_or_else(no_match)?;
            match (standing(status, &record.answer), known) {
                // One that a ledger knows would be answered unseen, and the answer does not tell whether somebody was there before.
                (Standing::Pending, _) | (Standing::InPlace, Some(_)) => {
                    Ok(Located::Missing(found))
                }
                (standing, _) => {
                    settled(standing)?;
                    Ok(Located::InPlace(Place { found: Some(found) }))
                }
            }
        };
        Ok(records.iter().zip(known).map(locate).collect())
    }

    /// Where the ledgers know the referrals to be: our own of an earlier run, or that of 2.1, which submitted them. What 2.1 submitted
    /// after the decision is another wish.
    async fn known(
        &self,
        records: &[&DecidedReferral],
        ledger: LedgerView<'_>,
    ) -> Result<Vec<Option<Found>>, Trouble> {
        let strange = records.iter().filter(|record| record.known.is_none());
        let keys: Vec<RecordKey> = strange.filter_map(|record| submission(record)).collect();
        let mut places: HashMap<RecordKey, referrals_to_progres::Place> = HashMap::new();
        if !keys.is_empty() {
            places = ledger
                .places_of(WorkflowName::ReferralsToProgres, &keys)
                .await?;
        }
        let submitted = |record: &DecidedReferral| {
            let place = places.get(&submission(record)?)?;
            let submitted = place.submitted.as_ref()?;
            record
                .made_before
                .allows(submitted.made_at)
                .then_some(Found {
                    case: place.case,
                    referral: submitted.referral,
                })
        };
        Ok(records
            .iter()
            .map(|record| record.known.or_else(|| submitted(record)))
            .collect())
    }

    /// Looks up after a control entry was chosen, once a run. A failure is that of the records looked up alone.
    async fn look_up_after_control(
        &self,
        records: &[&DecidedReferral],
        ledger: LedgerView<'_>,
    ) -> BatchResult<Option<Seen>> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let may_be_empty = self.profile.primero.allow_empty && !ledger.has_delivered().await?;
        let looked_up = match self.choose_control(may_be_empty).await {
            Ok(()) => self.look_up(records).await,
            Err(error) => Err(error.into()),
        };
        match looked_up {
            Err(Trouble::Record(fault)) => Ok(vec![Err(fault); records.len()]),
            looked_up => looked_up,
        }
    }

    async fn choose_control(&self, may_be_empty: bool) -> Result<(), GateError> {
        let choose = || self.primero.choose_control(may_be_empty);
        self.control.get_or_try_init(choose).await.copied()
    }

    /// Looks up cases by `case_id`, and the referrals of each. None where no case or no referral fits; an error is never "none".
    async fn look_up(&self, records: &[&DecidedReferral]) -> BatchResult<Option<Seen>> {
        let ids: Vec<_> = records
            .iter()
            .map(|record| record.case_id.clone())
            .collect();
        let mut cases = self.primero.cases_by_case_id(&ids).await?;
        cases.retain(|_, case| case.enabled);
        let referrals: HashMap<CaseRecordId, Result<Vec<Referral>, GateError>> =
            futures::stream::iter(cases.values().map(|case| case.id))
                .map(async |case| (case, self.primero.case_referrals(case).await))
                .buffer_unordered(self.profile.engine.concurrency)
                .collect()
                .await;
        per_record(records.iter().map(|record| {
            let Some(case) = cases.get(&record.case_id).map(|case| case.id) else {
                return Ok(None);
            };
            match referrals.get(&case) {
                Some(Ok(referrals)) => Ok(self.chosen(record, case, referrals)),
                Some(Err(error)) => Err(Trouble::from(error.clone())),
                None => Err(unanswered().into()),
            }
        }))
    }

    fn chosen(
        &self,
        record: &DecidedReferral,
        case: CaseRecordId,
        referrals: &[Referral],
    ) -> Option<Seen> {
        let user = self.profile.primero.progres_user.as_deref();
        let referral = choose(referrals, &record.service, record.made_before, user)?;
        let found = Found {
            case,
            referral: referral.id,
        };
        Some((found, referral.status))
    }

    /// Answers a referral, if Primero shows it as decided afterwards. One that is not where we believed it to be is looked up once.
    pub(super) async fn answer(
        &self,
        record: &DecidedReferral,
        found: Found,
    ) -> Result<Found, Trouble> {
        let (found, status) = match self.send(record, found).await {
            Err(GateError::Refused { status: 404, .. }) => self.answer_elsewhere(record).await?,
            status => (found, status?),
        };
        settled(standing(status, &record.answer))?;
        Ok(found)
    }

    async fn answer_elsewhere(&self, record: &DecidedReferral) -> Result<Seen, Trouble> {
        self.choose_control(false).await?;
        let seen = self.look_up(&[record]).await?.pop();
        let seen = seen.unwrap_or_else(|| Err(unanswered()))?;
        let (found, status) = seen.ok_or_else(no_match)?;
        match standing(status, &record.answer) {
            Standing::Pending => Ok((found, self.send(record, found).await?)),
            _ => Ok((found, status)),
        }
    }

    async fn send(
        &self,
        record: &DecidedReferral,
        found: Found,
    ) -> Result<ReferralStatus, GateError> {
        self.primero
            .answer_referral(found.case, found.referral, &record.answer)
            .await
    }
}

/// The key under which 2.1 keeps the referral.
fn submission(record: &DecidedReferral) -> Option<RecordKey> {
    let service = record.service.parse().ok()?;
    Some(RecordKey::of_service(&record.case_id, service))
}

/// Whether the decision is in place, of a referral that is not to be answered any more. Still pending means that Primero ignored us.
fn settled(standing: Standing) -> Result<(), Fault> {
    match standing {
        Standing::InPlace => Ok(()),
        Standing::Withdrawn => Err(Fault::skip_and_tell(Reason::Withdrawn)),
        Standing::Pending | Standing::Otherwise => {
            Err(Fault::hold(Reason::ReferralNotPending, Vec::new()))
        }
    }
}

fn no_match() -> Fault {
    Fault::skip(Reason::NoMatchingReferral)
}

/// A look-up answers for every record; one without an answer must not pass for one without a referral.
const fn unanswered() -> Fault {
    Fault::hold(Reason::InternalError, Vec::new())
}

//! Finding the referral of a decision, in the ledger or in Primero, and answering it.

use std::collections::{HashMap, HashSet};

use futures::StreamExt as _;

use super::mapping::DecidedReferral;
use super::matching::{Standing, choose, standing};
use super::{DecisionsToPrimero, Found, Place, Plan, source};
use crate::domain::ids::{CaseId, CaseRecordId, ReferralId};
use crate::domain::reason::Reason;
use crate::domain::record::RecordKey;
use crate::domain::system::WorkflowName;
use crate::engine::{BatchResult, CallError, Fault, LedgerView, Located, Written};
use crate::primero::{Referral, ReferralStatus};
use crate::transport::GateError;
use crate::workflows::referrals_to_progres;
use crate::workflows::trouble::per_record;

/// A referral as a look-up shows it.
type Seen = (Found, ReferralStatus);

/// What the ledgers know of a decision's referral.
#[derive(Clone, Debug, Default)]
struct Known {
    /// Where it is.
    found: Option<Found>,
    /// Referrals of the service that proGres knows by another id: this decision is about none of them, if there is another.
    others: Vec<ReferralId>,
}

impl DecisionsToPrimero<'_> {
    /// Finds the referrals of these decisions. One that a ledger knows is not looked at before it is answered, unless nothing is to be
    /// answered at all.
    pub(super) async fn find(
        &self,
        records: &[&DecidedReferral],
        ledger: LedgerView<'_>,
    ) -> BatchResult<Located<Self>> {
        let known = self.known(records, ledger).await?;
        // What proGres was told is looked at before it is told again.
        let answered_unseen = |record: &DecidedReferral, known: &Known| {
            known.found.filter(|_| !ledger.only_looks() && !record.told)
        };
        let records: Vec<DecidedReferral> = records
            .iter()
            .zip(&known)
            .map(|(record, known)| DecidedReferral {
                takes_likeliest: record.takes_likeliest || known.found.is_some(),
                ..(*record).clone()
            })
            .collect();
        let to_look_up: Vec<(&DecidedReferral, &[ReferralId])> = records
            .iter()
            .zip(&known)
            .filter(|(record, known)| answered_unseen(record, known).is_none())
            .map(|(record, known)| (record, &known.others[..]))
            .collect();
        let mut seen = self
            .look_up_after_control(&to_look_up, ledger)
            .await?
            .into_iter();
        let locate = |(record, known): (&DecidedReferral, &Known)| {
            let plan = |found| Plan {
                found,
                others: known.others.clone(),
            };
            if let Some(found) = answered_unseen(record, known) {
                return Ok(Located::Missing(plan(found)));
            }
            let (found, status) = seen
                .next()
                .unwrap_or_else(|| Err(unanswered()))?
                .ok_or_else(no_match)?;
            match (standing(status, &record.answer), known.found) {
                // One that a ledger knows would be answered unseen, and the answer does not tell whether somebody was there before.
                (Standing::Pending, _) => Ok(Located::Missing(plan(found))),
                (Standing::InPlace, Some(_)) if !record.told => Ok(Located::Missing(plan(found))),
                (standing, _) => {
                    let place = Place { found: Some(found) };
                    Ok(match settled(standing) {
                        Ok(()) => Located::InPlace(place),
                        Err(fault) => Located::Otherwise(place, fault),
                    })
                }
            }
        };
        Ok(records.iter().zip(&known).map(locate).collect())
    }

    /// Where the ledgers know the referrals to be: our own of an earlier run, or that of 2.1, which submitted them.
    async fn known(
        &self,
        records: &[&DecidedReferral],
        ledger: LedgerView<'_>,
    ) -> Result<Vec<Known>, CallError> {
        let keys: Vec<RecordKey> = records
            .iter()
            .filter_map(|record| submission(record))
            .collect();
        let places = ledger
            .places_of(WorkflowName::ReferralsToProgres, &keys)
            .await?;
        let known = |record: &&DecidedReferral| {
            let place = submission(record).and_then(|key| places.get(&key));
            known(record, place)
        };
        Ok(records.iter().map(known).collect())
    }

    /// Looks up after a control entry was chosen, once a run. A failure is that of the records looked up alone.
    async fn look_up_after_control(
        &self,
        records: &[(&DecidedReferral, &[ReferralId])],
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
            Err(CallError::Record(fault)) => Ok(vec![Err(fault); records.len()]),
            looked_up => looked_up,
        }
    }

    async fn choose_control(&self, may_be_empty: bool) -> Result<(), GateError> {
        let choose = || self.primero.choose_control(may_be_empty);
        self.control.get_or_try_init(choose).await.copied()
    }

    /// Looks up cases by `case_id`, and the referrals of each, but for those that other decisions are about. None where no case or no
    /// referral fits; an error is never "none".
    async fn look_up(
        &self,
        records: &[(&DecidedReferral, &[ReferralId])],
    ) -> BatchResult<Option<Seen>> {
        // Primero's `case_id`s are UUIDs; whatever else proGres has names none.
        let named = |id: &&CaseId| uuid::Uuid::try_parse(id.as_str()).is_ok();
        let ids: Vec<CaseId> = records
            .iter()
            .map(|(record, _)| &record.case_id)
            .filter(named)
            .cloned()
            .collect();
        let cases = self.primero.cases_by_case_id(&ids).await?;
        let of_record = |record: &DecidedReferral| -> Result<Vec<CaseRecordId>, GateError> {
            if !named(&&record.case_id) {
                return Ok(Vec::new());
            }
            let enabled = cases
                .of(&record.case_id)?
                .iter()
                .filter(|case| case.enabled);
            Ok(enabled.map(|case| case.id).collect())
        };
        let to_read: HashSet<CaseRecordId> = records
            .iter()
            .filter_map(|(record, _)| of_record(record).ok())
            .flatten()
            .collect();
        let referrals: HashMap<CaseRecordId, Result<Vec<Referral>, GateError>> =
            futures::stream::iter(to_read)
                .map(async |case| (case, self.primero.case_referrals(case).await))
                .buffer_unordered(self.profile.engine.concurrency)
                .collect()
                .await;
        per_record(records.iter().map(|(record, others)| {
            let mut seen = Vec::new();
            for case in of_record(record)? {
                match referrals.get(&case) {
                    Some(Ok(referrals)) => {
                        seen.extend(self.chosen((record, others), case, referrals)?);
                    }
                    Some(Err(error)) => return Err(CallError::from(error.clone())),
                    None => return Err(unanswered().into()),
                }
            }
            match seen[..] {
                [] => Ok(None),
                [one] => Ok(Some(one)),
                // A `case_id` may name several cases; only one of them can be meant.
                _ => Err(Fault::hold(Reason::AmbiguousCase, Vec::new()).into()),
            }
        }))
    }

    fn chosen(
        &self,
        (record, others): (&DecidedReferral, &[ReferralId]),
        case: CaseRecordId,
        referrals: &[Referral],
    ) -> Result<Option<Seen>, Fault> {
        let user = &self.profile.primero.progres_user[..];
        let (service, made_before) = (&record.service, record.made_before);
        let possible = referrals.iter().filter(|one| !others.contains(&one.id));
        // A wish that proGres has under two ids has one referral here all the same.
        let chosen = match choose(possible, service, made_before, user) {
            Ok(None) => choose(referrals, service, made_before, user),
            chosen => chosen,
        };
        let chosen = chosen.or_else(|likeliest| {
            let field = || vec![source::REVIEW_DATE.to_owned()];
            let ambiguous = || Fault::hold(Reason::AmbiguousReferral, field());
            let taken = record.takes_likeliest.then_some(likeliest);
            taken.map(Some).ok_or_else(ambiguous)
        })?;
        Ok(chosen.map(|referral| {
            let found = Found {
                case,
                referral: referral.id,
            };
            (found, referral.status)
        }))
    }

    /// Answers a referral; it is in place if Primero shows it as decided afterwards. One that is not where we believed it to be is
    /// looked up once.
    pub(super) async fn answer(
        &self,
        record: &DecidedReferral,
        plan: &Plan,
    ) -> Result<Written<Place>, CallError> {
        let (found, status) = match self.send(record, plan.found).await {
            Err(GateError::Gone { .. }) => self.answer_elsewhere(record, &plan.others).await?,
            status => (plan.found, status),
        };
        let place = Place { found: Some(found) };
        let settled = status
            .map_err(CallError::from)
            .and_then(|status| Ok(settled(standing(status, &record.answer))?));
        match settled {
            Ok(()) => Ok(Written::InPlace(place)),
            Err(CallError::Record(fault)) => Ok(Written::Otherwise(place, fault)),
            Err(stop @ CallError::Run(_)) => Err(stop),
        }
    }

    async fn answer_elsewhere(
        &self,
        record: &DecidedReferral,
        others: &[ReferralId],
    ) -> Result<(Found, Result<ReferralStatus, GateError>), CallError> {
        self.choose_control(false).await?;
        let seen = self.look_up(&[(record, others)]).await?.pop();
        let seen = seen.unwrap_or_else(|| Err(unanswered()))?;
        let (found, status) = seen.ok_or_else(no_match)?;
        match standing(status, &record.answer) {
            Standing::Pending => Ok((found, self.send(record, found).await)),
            _ => Ok((found, Ok(status))),
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

/// What the ledgers know of one decision's referral, given what 2.1 knows of its service. By its id proGres names the very referral;
/// where 2.1 has not heard of the id, the one submitted last is meant, unless that was made after the decision: then it is another
/// wish.
fn known(record: &DecidedReferral, place: Option<&referrals_to_progres::Place>) -> Known {
    let Some(place) = place else {
        return Known {
            found: record.known,
            others: Vec::new(),
        };
    };
    let here = |referral| Found {
        case: place.case,
        referral,
    };
    let named = place.confirmed.get(&record.id).copied();
    let confirmed = place.confirmed.values().copied();
    let others: Vec<ReferralId> = confirmed.filter(|one| Some(*one) != named).collect();
    let last = place.submitted.as_ref();
    let last = last.filter(|one| record.made_before.allows(one.made_at));
    let last = last.map(|one| here(one.referral));
    let found = [named.map(here), record.known, last];
    Known {
        found: found
            .into_iter()
            .flatten()
            .find(|found| !others.contains(&found.referral)),
        others,
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

#[cfg(test)]
mod tests {
    use super::super::testing::{INTEROP, details, mapped};
    use super::*;
    use crate::workflows::referrals_to_progres::SubmittedReferral;

    const BEFORE: &str = "2026-11-10T09:00:00Z";
    const AFTER: &str = "2026-11-22T09:00:00Z";
    const OTHER_INTEROP: &str = "e19321ea-778e-405e-841d-b24f247662e3";

    fn referral(n: u128) -> ReferralId {
        ReferralId::new(uuid::Uuid::from_u128(n))
    }

    fn found(referral: ReferralId) -> Found {
        Found {
            case: "406b539a-e662-425e-810b-47e4fa7da496"
                .parse()
                .expect("a GUID"),
            referral,
        }
    }

    /// 2.1 submitted the second referral last, and proGres calls these of the service so.
    fn of_service(made_at: &str, confirmed: &[(&str, u128)]) -> referrals_to_progres::Place {
        let confirmed = confirmed.iter();
        let confirmed = confirmed.map(|(id, n)| (id.parse().expect("a GUID"), referral(*n)));
        referrals_to_progres::Place {
            case: found(referral(0)).case,
            submitted: Some(SubmittedReferral {
                referral: referral(2),
                made_at: made_at.parse().expect("a moment"),
            }),
            confirmed: confirmed.collect(),
        }
    }

    /// Where the decision of the samples, made on the 20th, is known to belong by what 2.1 has, and what else is ruled out.
    fn known_by(place: &referrals_to_progres::Place) -> (Option<Found>, Vec<ReferralId>) {
        let record = mapped(&[details()]).expect("a decision");
        let known = known(&record, Some(place));
        (known.found, known.others)
    }

    #[test]
    fn a_submission_that_progres_calls_so_is_meant_whenever_it_was_made() {
        let both = [(INTEROP, 1), (OTHER_INTEROP, 2)];
        let place = of_service(BEFORE, &both);
        assert_eq!(
            known_by(&place),
            (Some(found(referral(1))), vec![referral(2)])
        );
        let place = of_service(AFTER, &[(INTEROP, 2)]);
        assert_eq!(known_by(&place), (Some(found(referral(2))), vec![]));
    }

    #[test]
    fn a_submission_that_progres_calls_otherwise_is_not_meant() {
        let place = of_service(BEFORE, &[(OTHER_INTEROP, 2)]);
        assert_eq!(known_by(&place), (None, vec![referral(2)]));
        let mut record = mapped(&[details()]).expect("a decision");
        record.known = Some(found(referral(2)));
        assert_eq!(known(&record, Some(&place)).found, None);
    }

    #[test]
    fn the_last_submission_is_meant_by_its_date_while_its_id_is_not_known() {
        let place = of_service(BEFORE, &[(OTHER_INTEROP, 1)]);
        assert_eq!(
            known_by(&place),
            (Some(found(referral(2))), vec![referral(1)])
        );
        assert_eq!(known_by(&of_service(AFTER, &[])), (None, vec![]));
    }
}

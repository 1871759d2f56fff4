//! What Primero shows of a service that is referred to UNHCR: the case, its referrals, and whom to turn to. Pure.

use std::sync::Arc;

use serde_json::Value;

use super::fields;
use crate::domain::identifier::is_tidy;
use crate::domain::ids::{ReferralId, ServiceId};
use crate::domain::pii::Pii;
use crate::domain::reason::Reason;
use crate::domain::record::RecordKey;
use crate::engine::{Fault, Shown};
use crate::primero::{ChangedCase, Referral, ReferralStatus, Service, User};
use crate::profile::Profile;
use crate::workflows::window::version;

/// One record as Primero shows it, whole.
#[derive(Clone, Debug)]
pub struct Source {
    pub case: Arc<ChangedCase>,
    /// All referrals of the case.
    pub referrals: Arc<Vec<Referral>>,
    /// The case's owner, where there is something to send and the owner is known.
    pub owner: Option<User>,
}

/// What a key names.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'s> {
    /// A service for UNHCR.
    Service(&'s Service, ServiceId),
    /// A referral that names no service of the case.
    Referral(&'s Referral),
    /// A service for UNHCR without a usable id, or of a case without one.
    Nameless,
    /// What is no longer there.
    Gone,
}

impl Source {
    /// What the key names in this case.
    pub fn subject(&self, key: &RecordKey, profile: &Profile) -> Subject<'_> {
        if !self.case.case.enabled {
            return Subject::Gone;
        }
        let case_id = self.case.case.case_id.as_ref();
        if key.is_unreadable() {
            let mut services = services(&self.case, profile);
            let nameless =
                services.any(|service| case_id.is_none() || service_id(service).is_none());
            return if nameless {
                Subject::Nameless
            } else {
                Subject::Gone
            };
        }
        let Some(case_id) = case_id else {
            return Subject::Gone;
        };
        let service = services(&self.case, profile)
            .filter_map(|service| Some((service, service_id(service)?)))
            .find(|(_, id)| RecordKey::of_service(case_id, *id) == *key);
        if let Some((service, id)) = service {
            return Subject::Service(service, id);
        }
        without_service(&self.case, &self.referrals, profile)
            .find(|referral| RecordKey::of_referral(case_id, referral.id) == *key)
            .map_or(Subject::Gone, Subject::Referral)
    }

    /// The referrals of a service to proGres.
    pub fn referrals_of<'s, 'p>(
        &'s self,
        service: ServiceId,
        profile: &'p Profile,
    ) -> impl Iterator<Item = &'s Referral> + use<'s, 'p> {
        let of_service = move |referral: &&Referral| named_service(referral) == Some(service);
        let made = self.referrals.iter().filter(of_service);
        made.filter(|referral| is_to_progres(referral, profile))
    }

    /// Whether a pending referral of a service was made to somebody else: another user, another system, or nobody we know.
    pub fn is_referred_elsewhere(&self, service: ServiceId, profile: &Profile) -> bool {
        self.referrals.iter().any(|referral| {
            named_service(referral) == Some(service)
                && referral.status == ReferralStatus::InProgress
                && !is_to_progres(referral, profile)
        })
    }

    /// Everything of the subject that a submission, or its refusal, rests on.
    pub fn fingerprint_input(&self, subject: Subject<'_>, profile: &Profile) -> Pii<Vec<u8>> {
        let (service, referrals): (Option<&Service>, Vec<&Referral>) = match subject {
            Subject::Service(service, id) => {
                (Some(service), self.referrals_of(id, profile).collect())
            }
            Subject::Referral(referral) => (None, vec![referral]),
            Subject::Nameless | Subject::Gone => (None, Vec::new()),
        };
        let of_case = fields::of_case(profile).into_iter();
        let of_case = of_case.map(|field| self.case.value(field).cloned());
        let of_service = fields::of_service(profile).into_iter();
        let of_service = of_service.map(|field| Some(service?.text(field)?.into()));
        let owner = self.owner.as_ref();
        let of_owner = [
            owner.and_then(|owner| owner.full_name.as_ref()),
            owner.and_then(|owner| owner.email.as_ref()),
            owner.and_then(|owner| owner.phone.as_ref()),
            owner.and_then(|owner| owner.position.as_ref()),
        ];
        let of_owner = of_owner.map(|text| Some(text?.expose().as_str().into()));
        let number = self.case.case.individual_no.as_ref();
        let number = number.map(|number| number.expose().as_str().into());
        let mut stand: Vec<(ReferralId, &str, bool)> = referrals
            .into_iter()
            .map(|made| (made.id, word(made.status), made.consent_overridden))
            .collect();
        stand.sort_unstable();
        let stand = stand
            .into_iter()
            .map(|(id, status, overridden)| Some(format!("{id} {status} {overridden}").into()));
        let all: Value = of_case
            .chain(of_service)
            .chain(of_owner)
            .chain([number])
            .chain(stand)
            .map(Value::from)
            .collect();
        Pii::new(all.to_string().into_bytes())
    }
}

/// The field that says who is to give a service.
const AGENCY: &str = "service_implementing_agency";

/// Why a service cannot be told to be UNHCR's although UNHCR is named: other agencies are, too.
pub fn doubtful(service: &Service, profile: &Profile) -> Option<Fault> {
    let named = service
        .choice(AGENCY)
        .is(|word| profile.progres.is_agency(word));
    let fields = || vec![AGENCY.to_owned()];
    named
        .is_none()
        .then(|| Fault::hold(Reason::UnknownCode, fields()))
}

/// The case as a whole: 1.1 asks for cases by their numbers, and one with an untidy number is never found.
pub fn shown(case: &ChangedCase) -> Shown {
    let number = case.case.individual_no.as_ref();
    let number = number.map(|number| number.expose().as_str());
    let untidy = number.is_some_and(|number| !number.trim().is_empty() && !is_tidy(number));
    let case_id = case.case.case_id.as_ref().map(ToString::to_string);
    Shown {
        key: case_id.unwrap_or_else(|| case.case.id.to_string()),
        version: version(case),
        remark: untidy.then_some(Reason::UntidyNumber),
    }
}

/// The services of a case that UNHCR is to give, as far as it is named.
pub fn services<'c, 'p>(
    case: &'c ChangedCase,
    profile: &'p Profile,
) -> impl Iterator<Item = &'c Service> + use<'c, 'p> {
    let services = case.case.services.iter();
    services.filter(|service| {
        let named = service
            .choice(AGENCY)
            .is(|word| profile.progres.is_agency(word));
        named != Some(false)
    })
}

/// The id of a service, if it has one.
pub fn service_id(service: &Service) -> Option<ServiceId> {
    service.unique_id()?.parse().ok()
}

/// Referrals to the proGres user that name no service of the case, so that nobody can tell what is asked for.
pub fn without_service<'s, 'p>(
    case: &'p ChangedCase,
    referrals: &'s [Referral],
    profile: &'p Profile,
) -> impl Iterator<Item = &'s Referral> + use<'s, 'p> {
    // Where any user stands for proGres, a referral without a service may be meant for anybody.
    let told_apart = !profile.primero.progres_user.is_empty();
    referrals.iter().filter(move |referral| {
        let mut services = case.case.services.iter();
        let named = named_service(referral);
        told_apart
            && is_to_progres(referral, profile)
            && !(named.is_some() && services.any(|service| service_id(service) == named))
    })
}

/// Whether a referral was made to the user that stands for proGres.
fn is_to_progres(referral: &Referral, profile: &Profile) -> bool {
    referral.is_to(&profile.primero.progres_user)
}

fn named_service(referral: &Referral) -> Option<ServiceId> {
    referral.service.as_deref()?.parse().ok()
}

const fn word(status: ReferralStatus) -> &'static str {
    match status {
        ReferralStatus::InProgress => "in_progress",
        ReferralStatus::Accepted => "accepted",
        ReferralStatus::Rejected => "rejected",
        ReferralStatus::Done => "done",
        ReferralStatus::Revoked => "revoked",
        ReferralStatus::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests;

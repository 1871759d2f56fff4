//! What case workers decided on the referrals from proGres. Pure.

use std::collections::BTreeSet;

use crate::domain::codes::TransferStatus;
use crate::domain::fingerprint::FingerprintKey;
use crate::domain::identifier::tidied;
use crate::domain::ids::{InterventionId, ServiceId};
use crate::domain::pii::Pii;
use crate::domain::reason::Reason;
use crate::domain::record::RecordKey;
use crate::engine::Fault;
use crate::primero::{ChangedCase, Service};
use crate::profile::Profile;

/// What a case is listed with, beside its ids and services.
pub const CASE_FIELDS: [&str; 1] = ["owned_by"];

const NUMBER: &str = "progres_interventionnumber";
const STATUS: &str = "unhcr_referral_status";

/// How a case worker decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The referral was taken.
    Accepted,
    /// It was refused.
    Rejected,
}

impl Verdict {
    /// The word that Primero keeps.
    fn of(word: &str) -> Option<Self> {
        match word {
            "accepted" => Some(Self::Accepted),
            "rejected" => Some(Self::Rejected),
            _ => None,
        }
    }

    /// The code that proGres keeps.
    pub const fn code(self) -> TransferStatus {
        match self {
            Self::Accepted => TransferStatus::Acknowledged,
            Self::Rejected => TransferStatus::Rejected,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
        }
    }
}

/// A decided service of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The record that it is.
    pub key: RecordKey,
    /// What it decides on; none if its number does not say.
    pub intervention: Option<Intervention>,
    pub verdict: Verdict,
    /// Why, where the worker said so.
    pub reason: Option<Pii<String>>,
}

/// An intervention as its number in Primero names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intervention {
    pub id: InterventionId,
    /// `progres_businessunit`, a GUID in canonical form.
    pub business_unit: String,
}

/// The decided services of a case. Each is looked at by itself: another service of the same case may be another agency's.
pub fn decided(case: &ChangedCase, profile: &Profile, keys: &FingerprintKey) -> Vec<Decided> {
    let services = case.case.services.iter();
    let ours = services.filter(|service| {
        let text = |field| service.text(field).unwrap_or_default();
        profile.progres.is_agency(text("service_request_agency"))
            && text("service_referral") == "external_referral"
    });
    ours.filter_map(|service| {
        let intervention = service.intervention_number().and_then(intervention);
        let reason = service.text(&profile.primero.rejection_reason_field);
        let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
        Some(Decided {
            verdict: Verdict::of(service.text(STATUS)?)?,
            key: key_of(case, service, intervention.as_ref(), keys),
            intervention,
            reason: reason.map(|reason| Pii::new(reason.to_owned())),
        })
    })
    .collect()
}

/// The services that are one record: more than one only if Primero holds the same intervention twice.
pub fn of_record(
    key: &RecordKey,
    case: &ChangedCase,
    profile: &Profile,
    keys: &FingerprintKey,
) -> Vec<Decided> {
    if !case.case.enabled {
        return Vec::new();
    }
    let mut decided = decided(case, profile, keys);
    decided.retain(|service| service.key == *key);
    decided
}

/// What is decided on a record, or why it cannot be told.
pub fn unanimous(services: &[Decided], profile: &Profile) -> Result<Decided, Fault> {
    let Some(first) = services.first() else {
        return Err(Fault::skip(Reason::DecisionWithdrawn));
    };
    if services.iter().any(|other| !agrees(other, first)) {
        let reason = profile.primero.rejection_reason_field.clone();
        let fields = vec![STATUS.to_owned(), reason];
        return Err(Fault::hold(Reason::ContradictingRows, fields));
    }
    Ok(first.clone())
}

/// Whether two services decide the same for the same reason.
pub fn agrees(one: &Decided, other: &Decided) -> bool {
    one.verdict == other.verdict && one.reason == other.reason
}

/// Status and reason, and nothing else: what makes a decision another one.
pub fn fingerprint_input(services: &[Decided]) -> Pii<Vec<u8>> {
    let decisions: BTreeSet<(&str, &str)> = services
        .iter()
        .map(|service| {
            let reason = service.reason.as_ref();
            let reason = reason.map_or("", |reason| reason.expose().as_str());
            (service.verdict.word(), reason)
        })
        .collect();
    let text: Vec<String> = decisions
        .iter()
        .map(|(verdict, reason)| format!("{verdict}\n{reason}"))
        .collect();
    Pii::new(text.join("\n\n").into_bytes())
}

/// Why a record without an intervention cannot be sent.
pub fn legacy_number() -> Fault {
    Fault::hold(Reason::LegacyInterventionNumber, vec![NUMBER.to_owned()])
}

/// The parts of `number,lpinterventionid,businessunit`; none unless all three are there.
fn intervention(number: &str) -> Option<Intervention> {
    let parts: Vec<String> = number.split(',').map(tidied).collect();
    let [number, id, business_unit] = &parts[..] else {
        return None;
    };
    let business_unit = uuid::Uuid::try_parse(business_unit).ok()?;
    let id = id.parse().ok().filter(|_| !number.is_empty())?;
    Some(Intervention {
        id,
        business_unit: business_unit.as_hyphenated().to_string(),
    })
}

fn key_of(
    case: &ChangedCase,
    service: &Service,
    intervention: Option<&Intervention>,
    keys: &FingerprintKey,
) -> RecordKey {
    if let Some(intervention) = intervention {
        return intervention.id.into();
    }
    let id: Option<ServiceId> = service.unique_id().and_then(|id| id.parse().ok());
    if let (Some(case), Some(id)) = (&case.case.case_id, id) {
        return RecordKey::of_service(case, id);
    }
    let number = service.intervention_number().unwrap_or_default();
    let bytes = format!("{}\n{number}", case.case.id).into_bytes();
    RecordKey::of_unreadable(&keys.fingerprint(&Pii::new(bytes)))
}

#[cfg(test)]
mod tests;

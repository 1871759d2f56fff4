//! What case workers decided on the referrals from proGres. Pure.

use std::collections::BTreeSet;

use crate::checks::MappedFields;
use crate::domain::codes::TransferStatus;
use crate::domain::fingerprint::FingerprintKey;
use crate::domain::identifier::tidied;
use crate::domain::ids::{InterventionId, ServiceId};
use crate::domain::pii::Pii;
use crate::domain::reason::Reason;
use crate::domain::record::RecordKey;
use crate::domain::words::says;
use crate::engine::Fault;
use crate::primero::{ChangedCase, Choice, Service};
use crate::profile::Profile;

/// What a case is listed with, beside its ids and services.
pub const CASE_FIELDS: [&str; 1] = ["owned_by"];

/// The fields of a service by which a decision is known, and by which it comes with its reason.
pub fn fields_read(profile: &Profile) -> MappedFields {
    let reason = &*profile.primero.rejection_reason_field;
    let service = [
        NUMBER,
        STATUS,
        "service_referral",
        "service_request_agency",
        reason,
    ];
    MappedFields {
        service: service.map(str::to_owned).to_vec(),
        ..MappedFields::default()
    }
}

const NUMBER: &str = "progres_interventionnumber";
const STATUS: &str = "unhcr_referral_status";
const AGENCY: &str = "service_request_agency";
const REFERRAL: &str = "service_referral";

/// How a case worker decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The referral was taken.
    Accepted,
    /// It was refused.
    Rejected,
}

impl Verdict {
    /// What a service says: none as long as nobody has decided, an error where that cannot be told.
    fn of(service: &Service) -> Option<Result<Self, Unclear>> {
        match service.choice(STATUS) {
            Choice::Nothing => None,
            Choice::One(word) if says(word, "pending") => None,
            Choice::One(word) if says(word, "accepted") => Some(Ok(Self::Accepted)),
            Choice::One(word) if says(word, "rejected") => Some(Ok(Self::Rejected)),
            _ => Some(Err(Unclear(STATUS))),
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

/// The field that leaves it open whether a service has a decision for us, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unclear(&'static str);

impl From<Unclear> for Fault {
    fn from(Unclear(field): Unclear) -> Self {
        Self::hold(Reason::UnknownCode, vec![field.to_owned()])
    }
}

/// A decided service of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The record that it is.
    pub key: RecordKey,
    /// What it decides on; none if its number does not say.
    pub intervention: Option<Intervention>,
    pub verdict: Result<Verdict, Unclear>,
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
    let decided = |service| {
        let verdict = Verdict::of(service)?;
        let intervention = service.intervention_number().and_then(intervention);
        let reason = match service.choice(&profile.primero.rejection_reason_field) {
            Choice::One(reason) => Some(reason.to_owned()),
            Choice::Several(reasons) => Some(reasons.join(", ")),
            Choice::Nothing | Choice::Unreadable => None,
        };
        Some(Decided {
            verdict: ours(service, profile)?.and(verdict),
            key: key_of(case, service, intervention.as_ref(), keys),
            intervention,
            reason: reason.map(Pii::new),
        })
    };
    services.filter_map(decided).collect()
}

/// Whether a referral of UNHCR made this service: none if not, an error where that cannot be told.
fn ours(service: &Service, profile: &Profile) -> Option<Result<(), Unclear>> {
    let of_unhcr = |word: &str| profile.progres.is_agency(word);
    let external = |word: &str| says(word, "external_referral");
    let agency = service.choice(AGENCY).is(of_unhcr);
    let referral = service.choice(REFERRAL).is(external);
    match (agency, referral) {
        (Some(false), _) | (_, Some(false)) => None,
        (None, _) => Some(Err(Unclear(AGENCY))),
        (_, None) => Some(Err(Unclear(REFERRAL))),
        (Some(true), Some(true)) => Some(Ok(())),
    }
}

/// The records that the services of a case are, decided or not.
pub fn keys_of<'c>(
    case: &'c ChangedCase,
    profile: &'c Profile,
    keys: &'c FingerprintKey,
) -> impl Iterator<Item = RecordKey> + use<'c> {
    let services = case.case.services.iter();
    services.filter_map(move |service| {
        ours(service, profile)?.ok()?;
        let intervention = service.intervention_number().and_then(intervention);
        Some(key_of(case, service, intervention.as_ref(), keys))
    })
}

/// The services that are one record: more than one only if Primero holds the same intervention twice.
pub fn of_record(
    key: &RecordKey,
    case: &ChangedCase,
    profile: &Profile,
    keys: &FingerprintKey,
) -> Vec<Decided> {
    let mut decided = decided(case, profile, keys);
    decided.retain(|service| service.key == *key);
    decided
}

/// What is decided on a record, or why it cannot be told.
pub fn unanimous(services: &[Decided], profile: &Profile) -> Result<Decided, Fault> {
    let Some(first) = services.first() else {
        return Err(Fault::skip(Reason::DecisionWithdrawn));
    };
    if let Some(unclear) = services.iter().find_map(|service| service.verdict.err()) {
        return Err(unclear.into());
    }
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

/// Whether any two services of two cases decide otherwise.
pub fn contradict(one: &[Decided], other: &[Decided]) -> bool {
    one.iter()
        .any(|one| other.iter().any(|other| !agrees(one, other)))
}

/// Status and reason, and nothing else: what makes a decision another one.
pub fn fingerprint_input(services: &[Decided]) -> Pii<Vec<u8>> {
    let decisions: BTreeSet<(&str, &str)> = services
        .iter()
        .map(|service| {
            let reason = service.reason.as_ref();
            let reason = reason.map_or("", |reason| reason.expose().as_str());
            (service.verdict.map_or("unclear", Verdict::word), reason)
        })
        .collect();
    let text: Vec<String> = decisions
        .iter()
        .map(|(verdict, reason)| format!("{verdict}\n{reason}"))
        .collect();
    Pii::new(text.join("\n\n").into_bytes())
}

/// The same of services on a disabled case.
pub fn fingerprint_input_disabled(services: &[Decided]) -> Pii<Vec<u8>> {
    let mut input = b"disabled\n\n".to_vec();
    input.extend(fingerprint_input(services).expose());
    Pii::new(input)
}

/// The same of services that another case contradicts.
pub fn fingerprint_input_contested(services: &[Decided], contrary: &[Decided]) -> Pii<Vec<u8>> {
    let mut input = b"contested\n\n".to_vec();
    input.extend(fingerprint_input(services).expose());
    input.extend(b"\n\n\n");
    input.extend(fingerprint_input(contrary).expose());
    Pii::new(input)
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

//! From a case, a service and its referral to what proGres is asked for. Pure: `today` is the only clock.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::contact::{self, Contact};
use super::source::Source;
use crate::domain::codes::SexCode;
use crate::domain::identifier::tidied;
use crate::domain::ids::{CaseId, ServiceId};
use crate::domain::pii::Pii;
use crate::domain::reason::Reason;
use crate::domain::words::written_out;
use crate::engine::Fault;
use crate::primero::{Referral, Service};
use crate::profile::Profile;
use crate::progres::{FieldValue, Submission};
use crate::workflows::faults::Faults;

/// What stands where a worker gave no reason.
const NO_NOTES: &str = "Primero referral";

/// A submission, and whether its contact is the profile's in part.
#[derive(Clone, Debug)]
pub struct Mapped {
    pub submission: Submission,
    pub contact_substituted: bool,
}

/// Maps one referral, or names everything that keeps it here. Without consent nothing else is looked at.
pub fn map(
    source: &Source,
    service: (&Service, ServiceId),
    referral: &Referral,
    today: Date,
    profile: &Profile,
) -> Result<Mapped, Fault> {
    let lacking = consent_lacking(source, referral.consent_overridden, profile);
    if !lacking.is_empty() {
        return Err(Fault::hold(Reason::ConsentNotGiven, lacking));
    }
    let valid = validate(source, service.0, today, profile)?;
    let contact_substituted = valid.contact.substituted;
    Ok(Mapped {
        submission: Submission {
            external_id: valid.case_id.to_string(),
            fields: fields(&valid, source, service, referral, profile),
            comments: Vec::new(),
        },
        contact_substituted,
    })
}

/// The fields of consent that are not true; none if it is given, overridden by the worker, or not asked for.
pub fn consent_lacking(source: &Source, overridden: bool, profile: &Profile) -> Vec<String> {
    if !profile.consent.required || overridden {
        return Vec::new();
    }
    let given = |field: &str| match source.case.value(field) {
        Some(Value::Bool(given)) => *given,
        // A field of two choices instead of a tick box.
        Some(Value::String(word)) => word == "true",
        _ => false,
    };
    let fields = profile.consent.fields.iter();
    fields.filter(|field| !given(field)).cloned().collect()
}

/// What a submission cannot do without, checked.
struct Valid<'s> {
    case_id: &'s CaseId,
    individual_no: Option<String>,
    birth: Option<Date>,
    requested_service: &'s str,
    contact: Contact,
}

fn validate<'s>(
    source: &'s Source,
    service: &Service,
    today: Date,
    profile: &'s Profile,
) -> Result<Valid<'s>, Fault> {
    let mut faults = Faults::default();
    let mut missing = |fields: &[&'static str]| {
        for field in fields {
            faults.note(Reason::MissingRequiredField, field);
        }
    };
    if text(source, "name_first").is_none() && text(source, "name_last").is_none() {
        missing(&["name_first", "name_last"]);
    }
    let individual_no = individual_no(source);
    if individual_no.is_none() && text(source, "unhcr_id_no").is_none() {
        missing(&["unhcr_individual_no", "unhcr_id_no"]);
    }
    let service_type = service.text("service_type").map(str::trim);
    let service_type = service_type.filter(|name| !name.is_empty());
    if service_type.is_none() {
        missing(&["service_type"]);
    }
    let case_id = source.case.case.case_id.as_ref();
    if case_id.is_none() {
        missing(&["case_id"]);
    }
    let fallback = profile.primero.fallback_contact.as_ref();
    let contact = contact::of(source.owner.as_ref(), fallback);
    if let Err(lacking) = &contact {
        missing(lacking);
    }
    let requested_service = service_type.and_then(|name| profile.tables.service_out(name));
    if service_type.is_some() && requested_service.is_none() {
        faults.note(Reason::UnmappedService, "service_type");
    }
    let birth = birth_date(source, today, profile, &mut faults);
    let valid = || {
        Some(Valid {
            case_id: case_id?,
            individual_no,
            birth,
            requested_service: requested_service?,
            contact: contact.ok()?,
        })
    };
    let valid = valid();
    faults.finish(valid)
}

/// Every field of the contract, with null where Primero has nothing.
fn fields(
    valid: &Valid<'_>,
    source: &Source,
    (service, service_id): (&Service, ServiceId),
    referral: &Referral,
    profile: &Profile,
) -> Vec<(&'static str, FieldValue)> {
    let some = |value: &dyn ToString| Some(Pii::new(value.to_string()));
    let of_case = |field: &str| text(source, field).map(Pii::new);
    let of_service = |field: &str| {
        let text = service.text(field).map(str::trim);
        text.filter(|text| !text.is_empty())
            .map(|text| Pii::new(text.to_owned()))
    };
    let unhcr_id_no = text(source, "unhcr_id_no").map(|number| Pii::new(tidied(&number)));
    let individual_no = valid.individual_no.clone().map(Pii::new);
    let made_on = referral.created_at.to_zoned_datetime(TimeZone::UTC).date();
    let progres = &profile.progres;
    vec![
        ("progres_externalguid", some(&source.case.case.id)),
        ("progres_externalid", some(valid.case_id)),
        ("progres_offlineid", some(valid.case_id)),
        ("progres_businessunit", some(&progres.business_unit)),
        ("progres_organizationfrom", some(&progres.organization_from)),
        ("progres_orgreferredby", some(&progres.referred_by)),
        ("progres_orgposition", Some(valid.contact.position.clone())),
        ("progres_orgemail", Some(valid.contact.email.clone())),
        ("progres_orgphonenumber", Some(valid.contact.phone.clone())),
        ("progres_orgreferralid", some(&service_id)),
        ("progres_referraldate", some(&made_on)),
        ("progres_requestedservice", some(&valid.requested_service)),
        (
            "progres_otherrequestedservices",
            of_service("service_type_other"),
        ),
        ("progres_spneedcategory", need(source, profile)),
        (
            "progres_reasonforreferral",
            of_service("service_referral_notes").or_else(|| some(&NO_NOTES)),
        ),
        ("progres_pocphonenumber", of_case("telephone_current")),
        ("progres_pocaddress", of_case("address_current")),
        ("progres_pocotheridnumber", unhcr_id_no.clone()),
        ("progres_unhcrid", individual_no.or(unhcr_id_no)),
        (
            "progres_pocdateofbirth",
            valid.birth.and_then(|date| some(&date)),
        ),
        ("progres_pocsex", some(&sex(source, profile).number())),
        ("progres_pocfirstname", of_case("name_first")),
        ("progres_pocmiddlename", of_case("name_middle")),
        ("progres_poclastname", of_case("name_last")),
    ]
}

/// The text of a field of the case, or its number as text. Blank is none.
fn text(source: &Source, field: &str) -> Option<String> {
    match source.case.value(field)? {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(written_out(number)),
        _ => None,
    }
}

/// The child's number, without what nobody sees in it.
fn individual_no(source: &Source) -> Option<String> {
    let number = tidied(source.case.case.individual_no.as_ref()?.expose());
    (!number.is_empty()).then_some(number)
}

/// The date of birth, if there is one.
fn birth_date(
    source: &Source,
    today: Date,
    profile: &Profile,
    faults: &mut Faults,
) -> Option<Date> {
    const FIELD: &str = "date_of_birth";
    let value = source.case.value(FIELD)?;
    let text = faults.noted(value.as_str(), Reason::InvalidDate, FIELD)?;
    if text.trim().is_empty() {
        return None;
    }
    faults.birth(text, profile.progres.time_zone.as_ref(), today, FIELD)
}

/// The first concern that proGres has a category for.
fn need(source: &Source, profile: &Profile) -> FieldValue {
    let concerns = source.case.value("protection_concerns")?;
    let concerns = concerns
        .as_array()
        .map_or(std::slice::from_ref(concerns), Vec::as_slice);
    let mut categories = concerns
        .iter()
        .filter_map(|concern| profile.tables.need_out(concern.as_str()?));
    categories.next().map(|guid| Pii::new(guid.to_owned()))
}

/// Never a word: what the table does not know is the code for unknown.
fn sex(source: &Source, profile: &Profile) -> SexCode {
    let sex = text(source, "sex");
    sex.and_then(|sex| profile.tables.sex_code(&sex))
        .unwrap_or(SexCode::Unknown)
}

#[cfg(test)]
mod tests;

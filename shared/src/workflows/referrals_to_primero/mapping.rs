//! From an intervention to a Primero case with one service. Pure: `today` is the only clock.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::address;
use super::source::{self, SourceReferral};
use crate::domain::codes::SexCode;
use crate::domain::dates::{instant, whole_years};
use crate::domain::identifier::{self, NoIdentifier};
use crate::domain::identity::{case_record_id, service_id};
use crate::domain::ids::{CaseRecordId, InterventionId, ServiceId};
use crate::domain::pii::Pii;
use crate::domain::reason::Reason;
use crate::engine::Fault;
use crate::profile::{Profile, Required};
use crate::workflows::faults::Faults;
use crate::workflows::notes;

/// An intervention, mapped: what Primero is to hold, and what it is matched by.
#[derive(Clone, Debug)]
pub struct Referral {
    /// The intervention.
    pub intervention: InterventionId,
    /// The child's number in proGres, tidied.
    pub individual_no: Pii<String>,
    /// The case that it stands on by the ledger, if any.
    pub placed: Option<CaseRecordId>,
    /// The case that proGres believes the child to have, if any.
    pub known_case_id: Option<String>,
    /// `progres_businessunit`.
    pub business_unit: String,
    /// The intervention's number alone.
    pub number: String,
    /// The id a new case gets.
    pub case: CaseRecordId,
    /// Whether our ledger knows that case as written for this intervention.
    pub own_case_written: bool,
    /// The id the service gets.
    pub service: ServiceId,
    /// The fields of a new case, its service included.
    pub case_fields: Pii<Map<String, Value>>,
    /// The fields of the service.
    pub service_fields: Pii<Map<String, Value>>,
}

/// Maps one intervention, or names everything that is wrong with it.
pub fn map(source: &SourceReferral, today: Date, profile: &Profile) -> Result<Referral, Fault> {
    if !source.contradictions().is_empty() {
        let fields = source.contradictions().to_vec();
        return Err(Fault::hold(Reason::ContradictingRows, fields));
    }
    let valid = validate(source, today, profile)?;
    let individual_no = Pii::new(valid.individual_no.to_owned());
    let service = service_id(&profile.deployment, valid.intervention);
    let service_fields = service_fields(service, &valid, source, profile);
    let case_fields = case_fields(&valid, &service_fields, source, today, profile);
    Ok(Referral {
        intervention: valid.intervention,
        known_case_id: source.text(source::PRIMERO_ID).map(str::to_owned),
        business_unit: valid.business_unit,
        number: valid.number.to_owned(),
        case: case_record_id(&profile.deployment, &individual_no),
        own_case_written: false,
        service,
        individual_no,
        placed: None,
        case_fields: Pii::new(case_fields),
        service_fields: Pii::new(service_fields),
    })
}

/// What the source must give, checked.
struct Valid<'s> {
    intervention: InterventionId,
    number: &'s str,
    business_unit: String,
    individual_no: &'s str,
    registration_group: &'s str,
    given_name: &'s str,
    family_name: Option<&'s str>,
    birth: Option<Date>,
    sex: &'s str,
    service_type: &'s str,
    appointment: Option<Date>,
    response: Option<Timestamp>,
}

fn validate<'s>(
    source: &'s SourceReferral,
    today: Date,
    profile: &'s Profile,
) -> Result<Valid<'s>, Fault> {
    let mut check = Check::new(source);
    let intervention = check.parsed(source::INTERVENTION_ID, |text| text.parse().ok());
    let number = check.identifier(source::NUMBER, identifier::intervention_number);
    let business_unit = check.parsed(source::BUSINESS_UNIT, |_| source.business_unit());
    let individual_no = check.identifier(source::INDIVIDUAL_NO, identifier::individual_number);
    let registration_group = check.required(source::REGISTRATION_GROUP);
    let given_name = check.required(source::GIVEN_NAME);
    let family_name = check.required_if(Required::NameLast, source::FAMILY_NAME, profile);
    let birth = check.birth_date(today, profile);
    let sex = check.sex(profile);
    let service_type = check.service_type(profile);
    let appointment = check.day(source::START_DATE, profile);
    let response = check.instant(source::TRANSFER_STATUS_DATE);
    let valid = || {
        Some(Valid {
            intervention: intervention?,
            number: number?,
            business_unit: business_unit?,
            individual_no: individual_no?,
            registration_group: registration_group?,
            given_name: given_name?,
            family_name,
            birth,
            sex: sex?,
            service_type: service_type?,
            appointment,
            response,
        })
    };
    let valid = valid();
    check.faults.finish(valid)
}

fn service_fields(
    id: ServiceId,
    valid: &Valid<'_>,
    source: &SourceReferral,
    profile: &Profile,
) -> Map<String, Value> {
    let Valid {
        number,
        intervention,
        business_unit,
        ..
    } = valid;
    let mut fields = Fields::default();
    fields
        .put("unique_id", id.to_string())
        .put("service_type", valid.service_type)
        .put_some("service_referral_notes", joined_notes(source))
        .put_some(
            "service_appointment_date",
            valid.appointment.map(|date| date.to_string()),
        )
        .put_some(
            "service_response_day_time",
            valid.response.map(|moment| format!("{moment:.3}")),
        )
        .put("service_request_external", true)
        .put_some("service_request_title", source.text(source::OFFICER_TITLE))
        .put("service_request_agency", &*profile.progres.agency)
        .put_some("service_request_phone", source.text(source::OFFICER_PHONE))
        .put_some("service_request_email", source.text(source::OFFICER_EMAIL))
        .put(
            "service_implementing_agency",
            &*profile.primero.receiving_agency,
        )
        .put("service_response_type", "service_provision")
        .put("service_referral", "external_referral")
        .put("unhcr_referral_status", "pending")
        .put(
            "progres_interventionnumber",
            format!("{number},{intervention},{business_unit}"),
        )
        .fill_in(&profile.primero.service_defaults);
    fields.0
}

fn case_fields(
    valid: &Valid<'_>,
    service: &Map<String, Value>,
    source: &SourceReferral,
    today: Date,
    profile: &Profile,
) -> Map<String, Value> {
    let mut fields = Fields::default();
    fields
        .put("unhcr_individual_no", valid.individual_no)
        .put("unhcr_id_no", valid.registration_group)
        .put("name_first", valid.given_name)
        .put_some("name_middle", source.text(source::MIDDLE_NAME))
        .put_some("name_last", valid.family_name)
        .put_some("name_nickname", source.text(source::COMMONLY_USED_NAME))
        .put_some("date_of_birth", valid.birth.map(|day| day.to_string()))
        .put_some("age", valid.birth.map(|day| whole_years(day, today)))
        .put("sex", valid.sex)
        .put_some("telephone_current", source.text(source::PHONE))
        .put_some("address_current", address::joined(source))
        .put_some("language", some_list(languages(source, profile)))
        .put_some("protection_concerns", some_list(concerns(source, profile)))
        .put("status", "open")
        .put("module_id", &*profile.primero.module_id)
        .put_some("owned_by", profile.primero.intake_user.as_deref())
        .put("services_section", json!([service]))
        .fill_in(&profile.primero.case_defaults);
    fields.0
}

/// Both notes as plain text.
fn joined_notes(source: &SourceReferral) -> Option<String> {
    let texts = [source::DESCRIPTION, source::REASON];
    let notes: Vec<String> = texts
        .iter()
        .filter_map(|key| notes::plain_text(source.text(key)?))
        .collect();
    (!notes.is_empty()).then(|| notes.join(", "))
}

fn languages(source: &SourceReferral, profile: &Profile) -> Vec<String> {
    let names = source.languages.expose().iter();
    each_once(names.map(|name| profile.tables.language_in(name)))
}

/// Needs are looked up by the category's GUID or its name; what the table does not have is left out.
fn concerns(source: &SourceReferral, profile: &Profile) -> Vec<String> {
    let needs = source.needs.expose().iter();
    each_once(needs.filter_map(|(id, name)| {
        profile
            .tables
            .need_in(id)
            .or_else(|| profile.tables.need_in(name))
    }))
}

fn each_once<'t>(options: impl Iterator<Item = &'t str>) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    for option in options {
        if !list.iter().any(|known| known == option) {
            list.push(option.to_owned());
        }
    }
    list
}

fn some_list(list: Vec<String>) -> Option<Vec<String>> {
    (!list.is_empty()).then_some(list)
}

/// Fields for Primero. What is absent is left out: null would overwrite what a worker entered.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, name: &str, value: impl Into<Value>) -> &mut Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    fn put_some(&mut self, name: &str, value: Option<impl Into<Value>>) -> &mut Self {
        if let Some(value) = value {
            self.put(name, value);
        }
        self
    }

    /// Adds fixed values for fields that are not mapped.
    fn fill_in(&mut self, defaults: &Map<String, Value>) {
        for (name, value) in defaults {
            self.0.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
}

/// Reads fields and remembers every fault.
struct Check<'s> {
    source: &'s SourceReferral,
    faults: Faults,
}

impl<'s> Check<'s> {
    fn new(source: &'s SourceReferral) -> Self {
        Self {
            source,
            faults: Faults::default(),
        }
    }

    fn required(&mut self, key: &'static str) -> Option<&'s str> {
        self.noted(self.source.text(key), Reason::MissingRequiredField, key)
    }

    /// A field that the profile may do without.
    fn required_if(
        &mut self,
        what: Required,
        key: &'static str,
        profile: &Profile,
    ) -> Option<&'s str> {
        if profile.primero.required.contains(&what) {
            self.required(key)
        } else {
            self.source.text(key)
        }
    }

    /// A number that was tidied when its rows were folded, if it is one now.
    fn identifier(
        &mut self,
        key: &'static str,
        read: fn(&str) -> Result<String, NoIdentifier>,
    ) -> Option<&'s str> {
        let number = self.required(key)?;
        let is_number = read(number).is_ok();
        self.noted(is_number.then_some(number), Reason::UnreadableRecord, key)
    }

    fn parsed<T>(&mut self, key: &'static str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let value = parse(self.required(key)?);
        self.noted(value, Reason::UnreadableRecord, key)
    }

    /// An optional day: absent is fine, nonsense is not.
    fn day(&mut self, key: &'static str, profile: &Profile) -> Option<Date> {
        let zone = profile.progres.time_zone.as_ref();
        self.faults.day(self.source.text(key)?, zone, key)
    }

    /// An optional date with or without a time; see [`Self::day`].
    fn instant(&mut self, key: &'static str) -> Option<Timestamp> {
        let moment = instant(self.source.text(key)?).ok();
        self.noted(moment, Reason::InvalidDate, key)
    }

    fn birth_date(&mut self, today: Date, profile: &Profile) -> Option<Date> {
        let text = self.required_if(Required::DateOfBirth, source::BIRTH_DATE, profile)?;
        let zone = profile.progres.time_zone.as_ref();
        self.faults.birth(text, zone, today, source::BIRTH_DATE)
    }

    fn sex<'p>(&mut self, profile: &'p Profile) -> Option<&'p str> {
        let text = self.required(source::SEX)?;
        let code = SexCode::from_value(&Value::from(text)).ok();
        self.noted(
            code.and_then(|code| profile.tables.sex(code)),
            Reason::UnknownCode,
            source::SEX,
        )
    }

    fn service_type<'p>(&mut self, profile: &'p Profile) -> Option<&'p str> {
        let description = self.required(source::SERVICE)?;
        self.noted(
            profile.tables.service_in(description),
            Reason::UnmappedService,
            source::SERVICE,
        )
    }

    fn noted<T>(&mut self, value: Option<T>, reason: Reason, key: &'static str) -> Option<T> {
        self.faults.noted(value, reason, key)
    }
}

#[cfg(test)]
mod tests;

//! From a case, a service and its referral to what proGres is asked for. Pure: `today` is the only clock.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::contact::{self, Contact};
use super::fields::{self, Field, INDIVIDUAL_NO, Key, Part, Read, SUBMISSION, Said};
use super::source::Source;
use crate::domain::codes::SexCode;
use crate::domain::dates::instant;
use crate::domain::identifier::tidied;
use crate::domain::ids::ServiceId;
use crate::domain::pii::Pii;
use crate::domain::reason::Reason;
use crate::domain::words::written_out;
use crate::engine::Fault;
use crate::fields::Need;
use crate::primero::{Referral, Service};
use crate::profile::{Profile, find};
use crate::progres::{FieldValue, Submission};
use crate::workflows::faults::Faults;

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
    let (service, service_id) = service;
    let fallback = profile.primero.fallback_contact.as_ref();
    let mut reading = Reading {
        source,
        service,
        service_id,
        referral,
        profile,
        today,
        contact: contact::of(source.owner.as_ref(), fallback),
        faults: Faults::default(),
    };
    let fields = SUBMISSION
        .iter()
        .map(|field| (field.name, reading.value(field)));
    let fields: Vec<_> = fields.collect();
    let own = fields::own(profile);
    let own = own
        .iter()
        .map(|field| (field.name.to_owned(), reading.value(field)));
    let own: Vec<_> = own.collect();
    let case_id = source.case.case.case_id.as_ref();
    let contact = reading.contact.ok();
    let read = case_id.zip(contact);
    let (case_id, contact) = reading.faults.finish(read)?;
    Ok(Mapped {
        submission: Submission {
            external_id: case_id.to_string(),
            fields,
            own,
            comments: Vec::new(),
        },
        contact_substituted: contact.substituted,
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

/// One referral while its fields are read, and every fault that was found.
struct Reading<'s> {
    source: &'s Source,
    service: &'s Service,
    service_id: ServiceId,
    referral: &'s Referral,
    profile: &'s Profile,
    today: Date,
    contact: Result<Contact, Vec<&'static str>>,
    faults: Faults,
}

impl Reading<'_> {
    /// The value of a field; null where Primero has nothing.
    fn value(&mut self, field: &Field<'_>) -> FieldValue {
        let profile = self.profile;
        let case = &self.source.case.case;
        self.note_what_is_missing(field);
        let text = match field.read {
            Read::Text => self.text(field.from.first()?),
            Read::Tidied => self.text(field.from.first()?).map(|number| tidied(&number)),
            Read::Or(words) => self
                .text(field.from.first()?)
                .or_else(|| Some(words.to_owned())),
            Read::Case => Some(case.id.to_string()),
            Read::CaseId => case.case_id.as_ref().map(ToString::to_string),
            Read::ServiceId => Some(self.service_id.to_string()),
            Read::MadeOn => {
                let made = self.referral.created_at.to_zoned_datetime(TimeZone::UTC);
                Some(made.date().to_string())
            }
            Read::Number => {
                let mut keys = field.from.iter();
                keys.find_map(|key| self.text(key))
                    .map(|number| tidied(&number))
            }
            Read::BirthDay => self
                .birth_date(field.from.first()?)
                .map(|day| day.to_string()),
            Read::Sex => {
                // Never a word: what the table does not know is the code for unknown.
                let sex = self.text(field.from.first()?);
                let code = sex.and_then(|sex| profile.tables.sex_code(&sex));
                Some(code.unwrap_or(SexCode::Unknown).number().to_string())
            }
            Read::Service => {
                let key = field.from.first()?;
                let service = profile.tables.service_out(&self.text(key)?);
                let service = self
                    .faults
                    .noted(service, Reason::UnmappedService, &key.words());
                service.map(str::to_owned)
            }
            Read::Day => {
                let text = self.text(field.from.first()?)?;
                let key = field.from.first()?.words();
                let zone = profile.progres.time_zone.as_ref();
                self.faults
                    .day(&text, zone, &key)
                    .map(|day| day.to_string())
            }
            Read::Instant => {
                let key = field.from.first()?;
                let moment = instant(&self.text(key)?).ok();
                let moment = self
                    .faults
                    .noted(moment, Reason::InvalidDate, &key.words())?;
                Some(format!("{moment:.3}"))
            }
            Read::Code(codes) => {
                let key = field.from.first()?;
                let text = self.text(key)?;
                let code = find(codes, &text).map(str::to_owned);
                self.faults.noted(code, Reason::UnknownCode, &key.words())
            }
            Read::Need => self.need(field.from.first()?),
            Read::Contact(part) => {
                let contact = self.contact.as_ref().ok()?;
                let text = match part {
                    Part::Position => &contact.position,
                    Part::Email => &contact.email,
                    Part::Phone => &contact.phone,
                };
                return Some(text.clone());
            }
            Read::Profile(said) => Some(match said {
                Said::BusinessUnit => profile.progres.business_unit.clone(),
                Said::Organization => profile.progres.organization_from.clone(),
                Said::ReferredBy => profile.progres.referred_by.clone(),
            }),
        };
        text.map(Pii::new)
    }

    fn note_what_is_missing(&mut self, field: &Field<'_>) {
        let missing: Vec<String> = match (field.need, field.read) {
            (Need::Required, Read::Contact(_)) => {
                let lacking = self.contact.as_ref().err().into_iter().flatten();
                lacking.map(|name| (*name).to_owned()).collect()
            }
            (Need::Required, _) => {
                let lacking = field.from.iter().filter(|key| self.text(key).is_none());
                lacking.map(Key::words).collect()
            }
            (Need::AnyOf(keys), _) if keys.iter().all(|key| self.of_case(key).is_none()) => {
                keys.iter().map(|key| (*key).to_owned()).collect()
            }
            (Need::AnyOf(_) | Need::Optional | Need::AsTheProfileSays(_), _) => Vec::new(),
        };
        for key in missing {
            self.faults.note(Reason::MissingRequiredField, &key);
        }
    }

    /// The text of a key, or its number as text. Blank is none.
    fn text(&self, key: &Key<'_>) -> Option<String> {
        match key {
            Key::Case(name) => self.of_case(name),
            Key::Service(name) => self.service.text(name).and_then(not_blank),
            Key::System("case_id") => {
                let case_id = self.source.case.case.case_id.as_ref();
                case_id.map(ToString::to_string)
            }
            // What is read by itself is always there.
            Key::System(name) | Key::Owner(name) => Some((*name).to_owned()),
        }
    }

    fn of_case(&self, name: &str) -> Option<String> {
        if name == INDIVIDUAL_NO {
            let number = self.source.case.case.individual_no.as_ref()?;
            return not_blank(&tidied(number.expose()));
        }
        match self.source.case.value(name)? {
            Value::String(text) => not_blank(text),
            Value::Number(number) => Some(written_out(number)),
            _ => None,
        }
    }

    /// The date of birth, if there is one.
    fn birth_date(&mut self, key: &Key<'_>) -> Option<Date> {
        let name = key.words();
        let value = self.source.case.value(&name)?;
        let text = self
            .faults
            .noted(value.as_str(), Reason::InvalidDate, &name)?;
        let zone = self.profile.progres.time_zone.as_ref();
        self.faults
            .birth(&not_blank(text)?, zone, self.today, &name)
    }

    /// The first concern that proGres has a category for.
    fn need(&self, key: &Key<'_>) -> Option<String> {
        let concerns = self.source.case.value(&key.words())?;
        let concerns = concerns
            .as_array()
            .map_or(std::slice::from_ref(concerns), Vec::as_slice);
        let tables = &self.profile.tables;
        let mut categories = concerns
            .iter()
            .filter_map(|concern| tables.need_out(concern.as_str()?));
        categories.next().map(str::to_owned)
    }
}

fn not_blank(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;

//! From an intervention to a Primero case with one service. Pure: `today` is the only clock.

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::address;
use super::fields::{self, Field, Read, Said};
use super::keys::{
    BUSINESS_UNIT, INDIVIDUAL_NO, INTERVENTION_ID, NUMBER, PRIMERO_ID, SERVICE_NAME,
};
use super::source::SourceReferral;
use crate::domain::codes::SexCode;
use crate::domain::dates::{instant, whole_years};
use crate::domain::identifier::{self, NoIdentifier};
use crate::domain::identity::{case_record_id, service_id};
use crate::domain::ids::{CaseRecordId, InterventionId, ServiceId};
use crate::domain::pii::Pii;
use crate::domain::reason::Reason;
use crate::engine::Fault;
use crate::fields::{Need, each_once};
use crate::profile::{IntakeBy, Profile, find};
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
    let tables = (&*fields::of_case(profile), &*fields::of_service(profile));
    map_by(tables, source, today, profile)
}

/// The same by these tables of case and service.
fn map_by(
    (case, service): (&[Field<'_>], &[Field<'_>]),
    source: &SourceReferral,
    today: Date,
    profile: &Profile,
) -> Result<Referral, Fault> {
    if !source.contradictions().is_empty() {
        let fields = source.contradictions().to_vec();
        return Err(Fault::hold(Reason::ContradictingRows, fields));
    }
    let mut reading = Reading {
        source,
        profile,
        today,
        faults: Faults::default(),
        own: None,
    };
    reading.own = reading.own();
    let mut case_fields = reading.fields(case, &profile.primero.case_defaults);
    let service_fields = reading.fields(service, &profile.primero.service_defaults);
    case_fields.insert("services_section".to_owned(), json!([service_fields]));
    let own = reading.faults.finish(reading.own)?;
    Ok(Referral {
        intervention: own.intervention,
        known_case_id: source.text(PRIMERO_ID).map(str::to_owned),
        business_unit: own.business_unit,
        number: own.number.to_owned(),
        case: case_record_id(&profile.deployment, &own.individual_no),
        own_case_written: false,
        service: service_id(&profile.deployment, own.intervention),
        individual_no: own.individual_no,
        placed: None,
        case_fields: Pii::new(case_fields),
        service_fields: Pii::new(service_fields),
    })
}

/// What the bridge itself needs to know of an intervention.
struct Own<'s> {
    intervention: InterventionId,
    number: &'s str,
    business_unit: String,
    individual_no: Pii<String>,
}

/// One intervention while its fields are read, and every fault that was found.
struct Reading<'s> {
    source: &'s SourceReferral,
    profile: &'s Profile,
    today: Date,
    faults: Faults,
    own: Option<Own<'s>>,
}

impl<'s> Reading<'s> {
    fn own(&mut self) -> Option<Own<'s>> {
        let intervention = self.parsed(INTERVENTION_ID, |text| text.parse().ok());
        let number = self.identifier(NUMBER, identifier::intervention_number);
        let source = self.source;
        let business_unit = self.parsed(BUSINESS_UNIT, |_| source.business_unit());
        let individual_no = self.identifier(INDIVIDUAL_NO, identifier::individual_number);
        Some(Own {
            intervention: intervention?,
            number: number?,
            business_unit: business_unit?,
            individual_no: Pii::new(individual_no?.to_owned()),
        })
    }

    /// The fields of a table, and fixed values for fields that are not mapped. What is absent is left out: null would overwrite what a
    /// worker entered.
    fn fields(&mut self, table: &[Field<'_>], defaults: &Map<String, Value>) -> Map<String, Value> {
        let mut fields = Map::new();
        for field in table {
            if let Some(value) = self.value(field) {
                fields.insert(field.name.to_owned(), value);
            }
        }
        for (name, value) in defaults {
            fields.entry(name.clone()).or_insert_with(|| value.clone());
        }
        fields
    }

    fn value(&mut self, field: &Field<'_>) -> Option<Value> {
        let profile = self.profile;
        let zone = profile.progres.time_zone.as_ref();
        match field.read {
            Read::Text => self.text(field).map(Value::from),
            Read::IndividualNumber => {
                Some(self.own.as_ref()?.individual_no.expose().as_str().into())
            }
            Read::BirthDay => self.birth(field).map(|day| day.to_string().into()),
            Read::Age => self
                .birth(field)
                .map(|day| whole_years(day, self.today).into()),
            Read::Day => {
                let text = self.text(field)?;
                let day = self.faults.day(text, zone, field.from.first()?);
                day.map(|day| day.to_string().into())
            }
            Read::Instant => {
                let moment = instant(self.text(field)?).ok();
                let moment = self.noted(moment, Reason::InvalidDate, field)?;
                Some(format!("{moment:.3}").into())
            }
            Read::Sex => {
                let code = SexCode::from_value(&self.text(field)?.into()).ok();
                let sex = code.and_then(|code| profile.tables.sex(code));
                self.noted(sex.map(Value::from), Reason::UnknownCode, field)
            }
            Read::Service => {
                let service = profile.tables.service_in(self.text(field)?);
                self.noted(service.map(Value::from), Reason::UnmappedService, field)
            }
            Read::Code(codes) => {
                let code = find(codes, self.text(field)?);
                self.noted(code.map(Value::from), Reason::UnknownCode, field)
            }
            Read::Languages => some_list(languages(self.source, profile)),
            Read::Needs => some_list(concerns(self.source, profile)),
            Read::Levels => address::joined(self.texts(field)).map(Value::from),
            Read::Notes => joined_notes(self.texts(field)).map(Value::from),
            Read::ServiceId => {
                let id = service_id(&profile.deployment, self.own.as_ref()?.intervention);
                Some(id.to_string().into())
            }
            Read::Reference => {
                let own = self.own.as_ref()?;
                let parts = (own.number, own.intervention, &own.business_unit);
                Some(format!("{},{},{}", parts.0, parts.1, parts.2).into())
            }
            Read::Fixed(word) => Some(word.into()),
            Read::Yes => Some(true.into()),
            Read::Intake => self.intake().map(Value::from),
            Read::Profile(said) => Some(match said {
                Said::Module => profile.primero.module_id.as_str().into(),
                Said::Agency => profile.progres.agency.as_str().into(),
                Said::ReceivingAgency => profile.primero.receiving_agency.as_str().into(),
            }),
        }
    }

    /// Whom the profile names as owner of a new case.
    fn intake(&self) -> Option<&'s str> {
        let primero = &self.profile.primero;
        let Some(intake) = &primero.intake else {
            return primero.intake_user.as_deref();
        };
        let source = self.source;
        Some(match intake.by {
            IntakeBy::ServiceType => {
                let service = source.text(SERVICE_NAME);
                intake.user(service.and_then(|name| self.profile.tables.service_in(name)))
            }
            IntakeBy::BusinessUnit => intake.user(source.business_unit().as_deref()),
            IntakeBy::Location => {
                let levels = address::LEVELS.iter().rev();
                intake.user(levels.filter_map(|level| source.text(level)))
            }
        })
    }

    /// The text of a field's key; one that is needed and not there is noted.
    fn text(&mut self, field: &Field<'_>) -> Option<&'s str> {
        let key = field.from.first()?;
        let needed = match field.need {
            Need::Required => true,
            Need::AsTheProfileSays(what) => self.profile.primero.required.contains(&what),
            Need::Optional | Need::AnyOf(_) => false,
        };
        if needed {
            self.required(key)
        } else {
            self.source.text(key)
        }
    }

    /// The texts of those of a field's keys that have one.
    fn texts<'f>(&self, field: &'f Field<'_>) -> impl Iterator<Item = &'s str> + use<'f, 's> {
        let source = self.source;
        field.from.iter().filter_map(|key| source.text(key))
    }

    fn birth(&mut self, field: &Field<'_>) -> Option<Date> {
        let zone = self.profile.progres.time_zone.as_ref();
        let text = self.text(field)?;
        self.faults
            .birth(text, zone, self.today, field.from.first()?)
    }

    fn required(&mut self, key: &str) -> Option<&'s str> {
        let text = self.source.text(key);
        self.faults.noted(text, Reason::MissingRequiredField, key)
    }

    /// A number that was tidied when its rows were folded, if it is one now.
    fn identifier(
        &mut self,
        key: &str,
        read: fn(&str) -> Result<String, NoIdentifier>,
    ) -> Option<&'s str> {
        let number = self.required(key)?;
        let number = Some(number).filter(|number| read(number).is_ok());
        self.faults.noted(number, Reason::UnreadableRecord, key)
    }

    fn parsed<T>(&mut self, key: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let value = parse(self.required(key)?);
        self.faults.noted(value, Reason::UnreadableRecord, key)
    }

    fn noted<T>(&mut self, value: Option<T>, reason: Reason, field: &Field<'_>) -> Option<T> {
        self.faults.noted(value, reason, field.from.first()?)
    }
}

/// Notes as plain text.
fn joined_notes<'s>(texts: impl Iterator<Item = &'s str>) -> Option<String> {
    let notes: Vec<String> = texts.filter_map(notes::plain_text).collect();
    (!notes.is_empty()).then(|| notes.join(", "))
}

fn languages<'p>(source: &SourceReferral, profile: &'p Profile) -> Vec<&'p str> {
    let names = source.languages.expose().iter();
    each_once(names.map(|name| profile.tables.language_in(name)))
}

/// Needs are looked up by the category's GUID or its name; what the table does not have is left out.
fn concerns<'p>(source: &SourceReferral, profile: &'p Profile) -> Vec<&'p str> {
    let needs = source.needs.expose().iter();
    each_once(needs.filter_map(|(id, name)| {
        let tables = &profile.tables;
        tables.need_in(id).or_else(|| tables.need_in(name))
    }))
}

fn some_list(list: Vec<&str>) -> Option<Value> {
    (!list.is_empty()).then(|| list.into())
}

#[cfg(test)]
mod tests;

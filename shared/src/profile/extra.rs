//! Fields of a country's own: what moves beside the tables of the workflows, without code.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::json;

use crate::document::Problem;
use crate::document::declared::{Declared, Schema, document};
use crate::document::kinds::{Field, Kind as _, entries, one_of, text};
use crate::document::section::Section;

document! {
    /// `[extra]`.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
    pub struct ExtraSettings {
        /// Fields of a new case, made of what PING says of an intervention (1.1).
        pub case: BTreeMap<String, ExtraField> = Extras { refused: CASE_FIELDS, of_case_alone: true },
        /// Fields of a service, made of the same (1.1).
        pub service: BTreeMap<String, ExtraField> = Extras { refused: SERVICE_FIELDS, of_case_alone: true },
        /// Fields of a submission, made of what a case or its service says (2.1). They leave Primero.
        pub submission: BTreeMap<String, ExtraField> = Extras { refused: SUBMISSION_FIELDS, of_case_alone: false },
    }
}

impl ExtraSettings {
    /// Whether the country has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.case.is_empty() && self.service.is_empty() && self.submission.is_empty()
    }
}

document! {
    /// One field of a country's own.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct ExtraField {
        /// The key that it is made of: as PING spells it, or a field of Primero.
        pub from: String = text(),
        /// How it is read. Default: as text.
        pub kind at "as": ExtraKind = one_of([
            ("text", ExtraKind::Text),
            ("day", ExtraKind::Day),
            ("instant", ExtraKind::Instant),
            ("code", ExtraKind::Code),
        ]).or("text"),
        /// Of a code: what each becomes there. One that is not listed is held.
        pub codes: BTreeMap<String, String> = entries(text()),
        /// Whose field it is made of, the case's or the service's (2.1). Default: the case's.
        pub of: ExtraOf = one_of([("case", ExtraOf::Case), ("service", ExtraOf::Service)]).or("case"),
    }
    check |read: &Self, section: &Section<'_>| {
        if (read.kind == ExtraKind::Code) == read.codes.is_empty() {
            let problem = "goes with as = \"code\", and with nothing else";
            section.fault("codes", Problem::Plain(problem));
        }
    };
}

impl ExtraField {
    /// The code there of a text here, whatever its case and blanks.
    #[must_use]
    pub fn code(&self, text: &str) -> Option<&str> {
        super::tables::find(&self.codes, text)
    }
}

/// How a field of a country's own is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExtraKind {
    /// As it stands.
    Text,
    /// As a day; one that cannot be is held.
    Day,
    /// As a moment in UTC; one that cannot be is held.
    Instant,
    /// Through a table of its own; what is not listed is held.
    Code,
}

/// Whose field is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExtraOf {
    /// The case's.
    Case,
    /// The service's.
    Service,
}

/// What a case has by itself or by the table of 1.1; a test keeps it equal to that table.
pub(crate) const CASE_FIELDS: &[&str] = &[
    "unhcr_individual_no",
    "unhcr_id_no",
    "name_first",
    "name_middle",
    "name_last",
    "name_nickname",
    "date_of_birth",
    "age",
    "sex",
    "telephone_current",
    "address_current",
    "language",
    "protection_concerns",
    "status",
    "module_id",
    "owned_by",
    "services_section",
    "id",
    "case_id",
    "enabled",
    "disclosure_other_orgs",
    "consent_for_services",
];

/// The same of a service.
pub(crate) const SERVICE_FIELDS: &[&str] = &[
    "unique_id",
    "service_type",
    "service_referral_notes",
    "service_appointment_date",
    "service_response_day_time",
    "service_request_external",
    "service_request_title",
    "service_request_agency",
    "service_request_phone",
    "service_request_email",
    "service_implementing_agency",
    "service_response_type",
    "service_referral",
    "unhcr_referral_status",
    "progres_interventionnumber",
    "unhcr_referral_rejection_reason",
];

/// The fields of the table of 2.1; a test keeps it equal to that table.
pub(crate) const SUBMISSION_FIELDS: &[&str] = &[
    "progres_externalguid",
    "progres_externalid",
    "progres_offlineid",
    "progres_businessunit",
    "progres_organizationfrom",
    "progres_orgreferredby",
    "progres_orgposition",
    "progres_orgemail",
    "progres_orgphonenumber",
    "progres_orgreferralid",
    "progres_referraldate",
    "progres_requestedservice",
    "progres_otherrequestedservices",
    "progres_spneedcategory",
    "progres_reasonforreferral",
    "progres_pocphonenumber",
    "progres_pocaddress",
    "progres_pocotheridnumber",
    "progres_unhcrid",
    "progres_pocdateofbirth",
    "progres_pocsex",
    "progres_pocfirstname",
    "progres_pocmiddlename",
    "progres_poclastname",
];

/// A table of fields of a country's own.
struct Extras {
    refused: &'static [&'static str],
    /// Whether `of` means nothing here.
    of_case_alone: bool,
}

impl Field for Extras {
    type Value = BTreeMap<String, ExtraField>;

    fn read(&self, section: &Section<'_>, key: &str) -> Option<Self::Value> {
        let slot = section.slot(key);
        let inside = slot.section()?;
        let mut fields = Some(BTreeMap::new());
        for entry in &slot.table()?.0 {
            let name = &entry.key;
            let part_of_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            if !name.chars().all(part_of_name) || name.is_empty() {
                slot.ask_entry(name);
                slot.entry_fault(name, Problem::Plain("is not the name of a field"));
                fields = None;
                continue;
            }
            if self.refused.contains(&name.as_str()) {
                slot.entry_fault(
                    name,
                    Problem::Plain("moves or is decided without the profile"),
                );
            }
            let written = inside.slot(name);
            let field = written
                .section()
                .and_then(|written| ExtraField::read(&written));
            if self.of_case_alone
                && field
                    .as_ref()
                    .is_some_and(|field| field.of != ExtraOf::Case)
            {
                slot.entry_fault(
                    name,
                    Problem::Plain("is made of what PING says: it has no `of`"),
                );
            }
            fields = fields.zip(field).map(|(mut fields, field)| {
                fields.insert(name.clone(), field);
                fields
            });
        }
        fields
    }

    fn describe(&self, schema: &mut Schema, key: &str, about: &[&str]) {
        let shape = json!({
            "type": "object",
            "propertyNames": { "pattern": "^[a-z0-9_]+$", "not": { "enum": self.refused } },
            "additionalProperties": Schema::of::<ExtraField>().finish(),
        });
        schema.key(key, about, (shape, false));
    }
}

/// A field of consent is a person's word, and never a mapped one.
pub(super) fn refuse_consent(extra: &ExtraSettings, consent: &[String], root: &Section<'_>) {
    let consent: BTreeSet<&String> = consent.iter().collect();
    for name in extra.case.keys().filter(|name| consent.contains(name)) {
        let problem = Problem::Plain("is a field of consent");
        root.slot("extra.case").entry_fault(name, problem);
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::minimal;
    use super::*;

    #[test]
    fn a_country_has_fields_of_its_own() {
        let extra = minimal()
            .set(
                "extra.case",
                "camp_zone",
                "{ from = \"progres_coalocationlevel6\" }",
            )
            .set(
                "extra.service",
                "urgency",
                "{ from = \"progres_urgency\", as = \"code\", codes = { \"High \" = \"high\" } }",
            )
            .set(
                "extra.submission",
                "progres_poccamp",
                "{ from = \"camp_zone\", as = \"text\", of = \"service\" }",
            )
            .profile()
            .extra;
        let zone = &extra.case["camp_zone"];
        assert_eq!(zone.from, "progres_coalocationlevel6");
        assert_eq!(zone.kind, ExtraKind::Text);
        assert_eq!(extra.service["urgency"].code("HIGH"), Some("high"));
        assert_eq!(extra.submission["progres_poccamp"].of, ExtraOf::Service);
        assert!(minimal().profile().extra.is_empty());
    }

    #[test]
    fn what_moves_or_is_decided_otherwise_is_refused() {
        for (table, field) in [
            ("extra.case", "name_first"),
            ("extra.case", "owned_by"),
            ("extra.case", "status"),
            ("extra.case", "enabled"),
            ("extra.case", "module_id"),
            ("extra.case", "case_id"),
            ("extra.service", "unique_id"),
            ("extra.submission", "progres_pocsex"),
        ] {
            let faults = minimal().set(table, field, "{ from = \"x\" }").faults();
            assert_eq!(
                faults,
                format!("{table}.{field}: moves or is decided without the profile")
            );
        }
        let faults = minimal()
            .set("consent", "fields", "[\"agrees\"]")
            .set("extra.case", "agrees", "{ from = \"x\" }")
            .faults();
        assert_eq!(faults, "extra.case.agrees: is a field of consent");
    }

    #[test]
    fn every_fault_of_an_own_field_is_named_by_its_place() {
        let faults = minimal()
            .set("extra.case", "a", "{ as = \"word\" }")
            .set("extra.case", "b", "{ from = \"x\", as = \"code\" }")
            .set("extra.case", "c", "{ from = \"x\", frm = 1 }")
            .set("extra.case", "\"D d\"", "{ from = \"x\" }")
            .set("extra.case", "e", "\"x\"")
            .set("extra.service", "f", "{ from = \"x\", of = \"service\" }")
            .faults();
        assert_eq!(
            faults,
            "extra.case.\"D d\": is not the name of a field\n\
             extra.case.a.as: \"word\" is not one of text, day, instant, code\n\
             extra.case.a.from: missing\n\
             extra.case.b.codes: goes with as = \"code\", and with nothing else\n\
             extra.case.c.frm: unknown key, did you mean from?\n\
             extra.case.e: is of type string, expected table\n\
             extra.service.f: is made of what PING says: it has no `of`"
        );
    }
}

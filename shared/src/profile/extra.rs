//! Fields of a country's own: what moves beside the tables of the workflows, without code.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::json;

use crate::document::Problem;
use crate::document::declared::{Declared, Schema, document};
use crate::document::kinds::{Field, Kind as _, entries, one_of, text};
use crate::document::section::Section;
use crate::fields::{referrals_to_primero, referrals_to_progres};

document! {
    /// `[extra]`.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
    pub struct ExtraSettings {
        /// Fields of a new case, made of what PING says of an intervention (1.1).
        pub case: BTreeMap<String, ExtraField> = Extras { refused: case_fields(), of_case_alone: true },
        /// Fields of a service, made of the same (1.1).
        pub service: BTreeMap<String, ExtraField> = Extras { refused: service_fields(), of_case_alone: true },
        /// Fields of a submission, made of what a case or its service says (2.1). They leave Primero.
        pub submission: BTreeMap<String, ExtraField> = Extras { refused: submission_fields(), of_case_alone: false },
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

/// The fields of a case that nobody but the bridge, Primero or a person decides, besides those of the table of 1.1.
const OF_CASE: &[&str] = &[
    "services_section",
    "id",
    "case_id",
    "enabled",
    "disclosure_other_orgs",
    "consent_for_services",
];

fn case_fields() -> Vec<&'static str> {
    let of_table = referrals_to_primero::CASE.iter().map(|field| field.name);
    of_table.chain(OF_CASE.iter().copied()).collect()
}

fn service_fields() -> Vec<&'static str> {
    let of_table = referrals_to_primero::SERVICE.iter().map(|field| field.name);
    of_table
        .chain(["unhcr_referral_rejection_reason"])
        .collect()
}

fn submission_fields() -> Vec<&'static str> {
    let of_table = referrals_to_progres::SUBMISSION.iter();
    of_table.map(|field| field.name).collect()
}

/// A table of fields of a country's own.
struct Extras {
    refused: Vec<&'static str>,
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
        let codes = &extra.service["urgency"].codes;
        assert_eq!(super::super::find(codes, "HIGH"), Some("high"));
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

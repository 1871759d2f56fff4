//! The Primero installation: its module, users and agencies, what its forms demand, and how much is asked at once.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::MAX_BODY_BYTES;
use super::intake::Intake;
use crate::document::Problem;
use crate::document::declared::{Schema, document};
use crate::document::kinds::{
    Entries, Field, Kind, by, entries, integer, one_of, one_or_several, optional_section, seconds,
    set, switch, text,
};
use crate::document::section::Section;
use crate::fields::Required;

/// Most entries that a profile may name; older ones do.
const MAX_BATCH: i64 = 150;

/// What 1.1 itself writes to every case it creates. A default of the same name would put one child's value on all of them.
const MAPPED_CASE_FIELDS: &[&str] = &[
    "id",
    "case_id",
    "unhcr_individual_no",
    "unhcr_id_no",
    "name_first",
    "name_last",
    "date_of_birth",
    "age",
    "sex",
    "status",
    "module_id",
    "services_section",
];

/// What 1.1 itself writes to every service; see [`MAPPED_CASE_FIELDS`].
const MAPPED_SERVICE_FIELDS: &[&str] = &[
    "unique_id",
    "service_type",
    "service_request_external",
    "service_request_agency",
    "service_implementing_agency",
    "service_response_type",
    "service_referral",
    "unhcr_referral_status",
    "progres_interventionnumber",
];

document! {
    /// `[primero]`.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    pub struct PrimeroSettings {
        /// Module of new cases, for example `primeromodule-cp`. Without it Primero drops every field.
        pub module_id: String = text(),
        /// Agency that takes the referrals of 1.1. Default `UNICEF`.
        pub receiving_agency: String = text().or("UNICEF"),
        /// Owner of new cases; unset: the user that the bridge signs in as, or what [`Self::intake`] says.
        pub intake_user: Option<String> = text().optional(),
        /// Owners of new cases by a rule.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub intake: Option<Intake> = optional_section(),
        /// Users that case workers refer to when they mean proGres; none: any.
        pub progres_user: Vec<String> = one_or_several(),
        /// What of a child 1.1 cannot do without, beside what a case is found by. Default: all that may be listed.
        pub required: BTreeSet<Required> = set(one_of([
            ("name_last", Required::NameLast),
            ("date_of_birth", Required::DateOfBirth),
        ])).or(["name_last", "date_of_birth"]),
        /// Whom proGres is to turn to where the case worker's profile says too little; unset: such a referral is held.
        pub fallback_contact: Option<FallbackContact> = optional_section(),
        /// The field of a service that says why it was rejected. Default `unhcr_referral_rejection_reason`.
        pub rejection_reason_field: String = text().or("unhcr_referral_rejection_reason"),
        /// What becomes of a referral whose only matching case is closed. Default [`ClosedCase::Hold`].
        pub closed_case: ClosedCase = one_of([
            ("hold", ClosedCase::Hold),
            ("append", ClosedCase::Append),
        ]).or("hold"),
        /// Allows an installation without any numbered case, which has no control entry. Default: no.
        pub allow_empty: bool = switch().or(false),
        /// Individuals or cases asked for by number in one call, 1 to 150. Default 4: with the control entry that makes the five that Primero
        /// answers quickly, and more are never asked for at once, whatever stands here.
        pub look_up_batch: usize = integer(1..=MAX_BATCH).or(4),
        /// Cases read by id in one call, 1 to 150, as far as the length of a request allows. Default 50.
        pub verify_batch: usize = integer(1..=MAX_BATCH).or(50),
        /// Fixed values that a localised case form demands, by field name.
        pub case_defaults: Map<String, Value> = Defaults(MAPPED_CASE_FIELDS),
        /// Fixed values that a localised services form demands, by field name.
        pub service_defaults: Map<String, Value> = Defaults(MAPPED_SERVICE_FIELDS),
        /// How long one call may take (`timeout_seconds`, 1 to 300). Default 30 s.
        pub timeout at "timeout_seconds": Duration = seconds(1..=300).or(30),
        /// Largest answer that is read, in bytes, up to 256 MiB. Default 32 MiB.
        pub max_body_bytes: usize = integer(1..=MAX_BODY_BYTES).or(32 * 1024 * 1024),
    }
    check |read: &Self, section: &Section<'_>| {
        if read.intake_user.is_some() && read.intake.is_some() {
            let problem = "is decided by [primero.intake]; only one of them can be there";
            section.fault("intake_user", Problem::Plain(problem));
        }
    };
}

document! {
    /// `[primero.fallback_contact]`, whole or not at all.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct FallbackContact {
        /// Name among people. A submission has no field for it.
        pub name: String = text(),
        /// E-mail address.
        pub email: String = text(),
        /// Phone number.
        pub phone: String = text(),
        /// Position; what tells proGres that a contact was substituted.
        pub position: String = text(),
    }
}

impl PrimeroSettings {
    /// Every user who may become the owner of a new case, each once.
    #[must_use]
    pub fn intake_users(&self) -> BTreeSet<&str> {
        let by_rule = self.intake.iter();
        let by_rule = by_rule.flat_map(|intake| intake.users.values().chain([&intake.other]));
        let all = self.intake_user.iter().chain(by_rule);
        all.map(String::as_str).collect()
    }
}

/// What becomes of a referral whose only matching case is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosedCase {
    /// Held with reason `case_closed`, for a person to decide.
    Hold,
    /// The service is appended to the closed case.
    Append,
}

/// Fixed values by the name of their field. The fields that the mapping fills are refused.
struct Defaults(&'static [&'static str]);

impl Defaults {
    fn entries() -> Entries<impl Kind<Value = Value>, Map<String, Value>> {
        // Primero takes dates as text.
        let value = by(json!({}), |node| {
            node.to_json()
                .ok_or(Problem::Plain("is not a finite number"))
        });
        entries(value)
    }
}

impl Field for Defaults {
    type Value = Map<String, Value>;

    fn read(&self, section: &Section<'_>, key: &str) -> Option<Map<String, Value>> {
        let slot = section.slot(key);
        let values: Option<Map<_, _>> = Self::entries().of(&slot);
        let named = slot.table()?.0.iter();
        for entry in named.filter(|entry| self.0.contains(&&*entry.key)) {
            let problem = Problem::Plain("is set by the mapping and cannot have a default");
            slot.entry_fault(&entry.key, problem);
        }
        values
    }

    fn describe(&self, schema: &mut Schema, key: &str, about: &[&str]) {
        Self::entries().describe(schema, key, about);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::samples::minimal;
    use super::*;

    #[test]
    fn defaults_of_forms_are_kept_as_primero_takes_them() {
        let profile = minimal()
            .set("primero.case_defaults", "consent_date", "2026-01-01")
            .set("primero.case_defaults", "nationality", "[\"a\", \"b\"]")
            .set("primero.service_defaults", "urgent", "false")
            .profile();
        let fields = Value::Object(profile.primero.case_defaults);
        assert_eq!(
            fields,
            json!({ "consent_date": "2026-01-01", "nationality": ["a", "b"] })
        );
        assert_eq!(profile.primero.service_defaults["urgent"], json!(false));
    }

    #[test]
    fn the_progres_user_is_one_or_several() {
        let users = |literal| {
            let draft = minimal().set("primero", "progres_user", literal);
            draft.profile().primero.progres_user
        };
        assert_eq!(minimal().profile().primero.progres_user, [""; 0]);
        assert_eq!(users("\"unhcr_cw\""), ["unhcr_cw"]);
        assert_eq!(
            users("[\"unhcr_cw\", \"unhcr_fo\"]"),
            ["unhcr_cw", "unhcr_fo"]
        );
        let faults = minimal().set("primero", "progres_user", "[]").faults();
        assert_eq!(faults, "primero.progres_user: is an empty list");
    }

    #[test]
    fn what_is_required_of_a_child_may_be_less() {
        let required = |literal| {
            let draft = minimal().set("primero", "required", literal);
            draft.profile().primero.required
        };
        let both = [Required::NameLast, Required::DateOfBirth];
        assert_eq!(minimal().profile().primero.required, BTreeSet::from(both));
        assert_eq!(required("[]"), BTreeSet::new());
        let one = BTreeSet::from([Required::DateOfBirth]);
        assert_eq!(required("[\"date_of_birth\"]"), one);
        let faults = minimal().set("primero", "required", "[\"sex\"]").faults();
        assert!(faults.starts_with("primero.required: \"sex\""), "{faults}");
    }

    #[test]
    fn a_fallback_contact_is_whole_or_not_there() {
        assert_eq!(minimal().profile().primero.fallback_contact, None);
        let faults = minimal()
            .set("primero.fallback_contact", "email", "\"cp@example.org\"")
            .faults();
        assert_eq!(
            faults,
            "primero.fallback_contact.name: missing\n\
             primero.fallback_contact.phone: missing\n\
             primero.fallback_contact.position: missing"
        );
    }

    #[test]
    fn a_default_cannot_stand_for_what_identifies_a_child_or_a_service() {
        let faults = minimal()
            .set("primero.case_defaults", "unhcr_individual_no", "\"1\"")
            .set("primero.service_defaults", "unique_id", "\"1\"")
            .set("primero.service_defaults", "score", "nan")
            .faults();
        assert_eq!(
            faults,
            "primero.case_defaults.unhcr_individual_no: is set by the mapping and cannot have a default\n\
             primero.service_defaults.score: is not a finite number\n\
             primero.service_defaults.unique_id: is set by the mapping and cannot have a default"
        );
    }
}

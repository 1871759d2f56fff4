//! The Primero installation: its module, users and agencies, what its forms demand, and how much is asked at once.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use super::faults::ProfileProblem;
use super::section::{MAX_BODY_BYTES, Read, Section};

const DEFAULT_BODY_BYTES: i64 = 32 * 1024 * 1024;

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

/// `[primero]`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PrimeroSettings {
    /// Module of new cases, for example `primeromodule-cp`. Without it Primero drops every field.
    pub module_id: String,
    /// Agency that takes the referrals of 1.1. Default `UNICEF`.
    pub receiving_agency: String,
    /// Owner of new cases; unset: the user that the bridge signs in as.
    pub intake_user: Option<String>,
    /// Users that case workers refer to when they mean proGres; none: any.
    pub progres_user: Vec<String>,
    /// What of a child 1.1 cannot do without, beside what a case is found by. Default: all that may be listed.
    pub required: BTreeSet<Required>,
    /// Whom proGres is to turn to where the case worker's profile says too little; unset: such a referral is held.
    pub fallback_contact: Option<FallbackContact>,
    /// The field of a service that says why it was rejected. Default `unhcr_referral_rejection_reason`.
    pub rejection_reason_field: String,
    /// What becomes of a referral whose only matching case is closed. Default [`ClosedCase::Hold`].
    pub closed_case: ClosedCase,
    /// Allows an installation without any numbered case, which has no control entry. Default: no.
    pub allow_empty: bool,
    /// Individuals or cases asked for by number in one call, 1 to 150. Default 4: with the control entry that makes the five that Primero
    /// answers quickly, and more are never asked for at once, whatever stands here.
    pub look_up_batch: usize,
    /// Cases read by id in one call, 1 to 150, as far as the length of a request allows. Default 50.
    pub verify_batch: usize,
    /// Fixed values that a localised case form demands, by field name.
    pub case_defaults: Map<String, Value>,
    /// Fixed values that a localised services form demands, by field name.
    pub service_defaults: Map<String, Value>,
    /// How long one call may take (`timeout_seconds`, 1 to 300). Default 30 s.
    pub timeout: Duration,
    /// Largest answer that is read, in bytes, up to 256 MiB. Default 32 MiB.
    pub max_body_bytes: usize,
}

/// `[primero.fallback_contact]`, whole or not at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FallbackContact {
    /// Name among people. A submission has no field for it.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Phone number.
    pub phone: String,
    /// Position; what tells proGres that a contact was substituted.
    pub position: String,
}

/// A field of a case that 1.1 may or may not do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Required {
    /// The family name.
    NameLast,
    /// The date of birth, and with it the age.
    DateOfBirth,
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

pub(super) fn read(section: &Section<'_>) -> Read<PrimeroSettings> {
    let module_id = section.text("module_id");
    let receiving_agency = section.text_or("receiving_agency", "UNICEF");
    let intake_user = section.optional_text("intake_user");
    let progres_user = section.one_or_several("progres_user");
    let required = section.choices(
        "required",
        &[
            ("name_last", Required::NameLast),
            ("date_of_birth", Required::DateOfBirth),
        ],
    );
    let fallback_contact = section.optional_section("fallback_contact", read_contact);
    let rejection_reason_field =
        section.text_or("rejection_reason_field", "unhcr_referral_rejection_reason");
    let closed_case = section.choice(
        "closed_case",
        ClosedCase::Hold,
        &[("hold", ClosedCase::Hold), ("append", ClosedCase::Append)],
    );
    let allow_empty = section.switch("allow_empty", false);
    let look_up_batch = section.integer("look_up_batch", 4, 1..=MAX_BATCH);
    let verify_batch = section.integer("verify_batch", 50, 1..=MAX_BATCH);
    let case_defaults = defaults(section, "case_defaults", MAPPED_CASE_FIELDS);
    let service_defaults = defaults(section, "service_defaults", MAPPED_SERVICE_FIELDS);
    let timeout = section.seconds("timeout_seconds", 30, 1..=300);
    let max_body_bytes = section.integer("max_body_bytes", DEFAULT_BODY_BYTES, 1..=MAX_BODY_BYTES);
    Ok(PrimeroSettings {
        module_id: module_id?,
        receiving_agency: receiving_agency?,
        intake_user: intake_user?,
        progres_user: progres_user?,
        required: required?,
        fallback_contact: fallback_contact?,
        rejection_reason_field: rejection_reason_field?,
        closed_case: closed_case?,
        allow_empty: allow_empty?,
        look_up_batch: look_up_batch?,
        verify_batch: verify_batch?,
        case_defaults: case_defaults?,
        service_defaults: service_defaults?,
        timeout: timeout?,
        max_body_bytes: max_body_bytes?,
    })
}

fn read_contact(section: &Section<'_>) -> Read<FallbackContact> {
    let [name, email, phone, position] =
        ["name", "email", "phone", "position"].map(|key| section.text(key));
    Ok(FallbackContact {
        name: name?,
        email: email?,
        phone: phone?,
        position: position?,
    })
}

fn defaults(section: &Section<'_>, key: &str, mapped: &[&str]) -> Read<Map<String, Value>> {
    let values: Map<String, Value> = section.entries(key, json)?;
    for field in values
        .keys()
        .filter(|field| mapped.contains(&field.as_str()))
    {
        section.entry_fault(key, field, ProfileProblem::SetByTheMapping);
    }
    Ok(values)
}

fn json(value: &toml::Value) -> Result<Value, ProfileProblem> {
    Ok(match value {
        toml::Value::String(text) => Value::from(text.as_str()),
        toml::Value::Integer(number) => Value::from(*number),
        toml::Value::Boolean(value) => Value::from(*value),
        toml::Value::Float(number) if number.is_finite() => Value::from(*number),
        toml::Value::Float(_) => return Err(ProfileProblem::NotFinite),
        // Primero takes dates as text.
        toml::Value::Datetime(moment) => Value::from(moment.to_string()),
        toml::Value::Array(values) => values.iter().map(json).collect::<Result<_, _>>()?,
        toml::Value::Table(table) => {
            let entry = |(key, value): (&String, &toml::Value)| Ok((key.clone(), json(value)?));
            Value::Object(table.iter().map(entry).collect::<Result<_, _>>()?)
        }
    })
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
             primero.service_defaults.score: is not a finite number"
        );
    }
}

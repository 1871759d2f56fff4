//! Builders for the tests of this workflow.

use std::sync::Arc;

use serde_json::{Value, json};

use super::source::Source;
use crate::primero::{ChangedCase, Referral, User};
pub use crate::workflows::testing::profile;

pub const CASE: &str = "406b539a-e662-425e-810b-47e4fa7da496";
pub const CASE_ID: &str = "f59e880e-d58f-4b68-ba6e-e0616a49aefd";
pub const SERVICE: &str = "5c2d4f6c-7a78-43b5-ac40-eb097be51d89";
pub const REFERRAL: &str = "1e5be7bd-7357-4790-a880-ccaca3f47b5a";

/// The day on which the tests take place.
pub const TODAY: jiff::civil::Date = jiff::civil::date(2026, 11, 23);

/// A case with one service for UNHCR, in full.
pub fn case_json() -> Value {
    json!({
        "id": CASE,
        "case_id": CASE_ID,
        "enabled": true,
        "last_updated_at": "2026-11-20T08:00:00.123Z",
        "owned_by": "cw_gambella",
        "unhcr_individual_no": "803-100016547",
        "unhcr_id_no": "803-26-1009229",
        "name_first": "Lindiwe",
        "name_middle": "Abeba",
        "name_last": "Okello",
        "date_of_birth": "2014-02-28",
        "sex": "female",
        "telephone_current": "+251900000009",
        "address_current": "Kule, zone B",
        "protection_concerns": ["not_in_the_table", "orphan", "street_child"],
        "disclosure_other_orgs": true,
        "consent_for_services": true,
        "services_section": [service_json()],
    })
}

/// The service.
pub fn service_json() -> Value {
    json!({
        "unique_id": SERVICE,
        "service_type": "shelter",
        "service_type_other": "roof",
        "service_referral_notes": "lost her home",
        "service_implementing_agency": "UNHCR",
    })
}

/// A case as a page of changes shows it.
pub fn case_of(json: Value) -> ChangedCase {
    serde_json::from_value(json).expect("a case")
}

/// The case with one field changed; null takes it away.
pub fn case_with(field: &str, value: impl Into<Value>) -> ChangedCase {
    let mut case = case_json();
    case[field] = value.into();
    case_of(case)
}

/// The case with one field of its service changed.
pub fn case_with_service(field: &str, value: impl Into<Value>) -> ChangedCase {
    let mut service = service_json();
    service[field] = value.into();
    case_with("services_section", json!([service]))
}

/// A pending referral of the service to the proGres user.
pub fn referral() -> Referral {
    referral_with(&json!({}))
}

/// The same with some fields changed.
pub fn referral_with(changes: &Value) -> Referral {
    let mut referral = json!({
        "id": REFERRAL,
        "status": "in_progress",
        "record_id": CASE,
        "transitioned_to": "unhcr_cw",
        "service_record_id": SERVICE,
        "consent_overridden": false,
        "created_at": "2026-11-19T23:30:00.524Z",
    });
    for (field, value) in changes.as_object().into_iter().flatten() {
        referral[field] = value.clone();
    }
    serde_json::from_value(referral).expect("a referral")
}

/// The case's owner, with a complete profile.
pub fn user() -> User {
    user_with("disabled", false)
}

/// The same with a field changed.
pub fn user_with(field: &str, value: impl Into<Value>) -> User {
    let mut user = json!({
        "user_name": "cw_gambella",
        "full_name": "Hanna Tesfaye",
        "email": "worker@example.org",
        "phone": "+251900000001",
        "position": "Case worker",
    });
    user[field] = value.into();
    serde_json::from_value(user).expect("a user")
}

/// A case and these referrals of it, with its owner.
pub fn source(case: ChangedCase, referrals: Vec<Referral>) -> Source {
    Source {
        case: Arc::new(case),
        referrals: Arc::new(referrals),
        owner: Some(user()),
    }
}

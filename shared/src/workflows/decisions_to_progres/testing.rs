//! Builders for the tests of this workflow.

use std::sync::Arc;

use serde_json::{Value, json};

use super::mapping::{Decision, map};
use super::voices::Source;
use crate::engine::History;
use crate::primero::ChangedCase;
pub use crate::workflows::testing::{keys, profile};

pub const INTERVENTION: &str = "68b20e2a-4879-ee11-8179-000d3a43f6eb";
pub const BUSINESS_UNIT: &str = "577ccdf6-86de-e811-80d8-001dd8b71fe3";
pub const CASE: &str = "406b539a-e662-425e-810b-47e4fa7da496";
pub const CASE_ID: &str = "f59e880e-d58f-4b68-ba6e-e0616a49aefd";
pub const SERVICE: &str = "5c2d4f6c-7a78-43b5-ac40-eb097be51d89";

/// The day on which the tests take place.
pub const TODAY: jiff::civil::Date = jiff::civil::date(2026, 11, 23);

/// A service that a referral of UNHCR made, and that was accepted.
pub fn accepted() -> Value {
    json!({
        "unique_id": SERVICE,
        "service_request_agency": "UNHCR",
        "service_referral": "external_referral",
        "unhcr_referral_status": "accepted",
        "progres_interventionnumber": format!("803-26-PRTITV-1000642,{INTERVENTION},{BUSINESS_UNIT}"),
    })
}

/// The same with one field changed; null takes it away.
pub fn service(field: &str, value: impl Into<Value>) -> Value {
    let mut service = accepted();
    service[field] = value.into();
    service
}

/// A rejected one, with a reason.
pub fn rejected(reason: &str) -> Value {
    let mut service = service("unhcr_referral_status", "rejected");
    service["unhcr_referral_rejection_reason"] = json!(reason);
    service
}

/// A case with these services, as a page of changes shows it.
pub fn case(services: &[Value]) -> ChangedCase {
    case_with("owned_by", "cw_gambella", services)
}

/// The same with a field changed.
pub fn case_with(field: &str, value: impl Into<Value>, services: &[Value]) -> ChangedCase {
    let mut case = json!({
        "id": CASE,
        "case_id": CASE_ID,
        "enabled": true,
        "last_updated_at": "2026-11-20T08:00:00.123Z",
        "owned_by": "cw_gambella",
        "services_section": services,
    });
    case[field] = value.into();
    serde_json::from_value(case).expect("a case")
}

/// The decision that the first decided service of a case makes.
pub fn decision(case: &ChangedCase) -> Decision {
    let services = super::decision::decided(case, &profile(), &keys());
    let source = Source {
        cases: vec![Arc::new(case.clone())],
    };
    let unknown = History {
        place: None,
        done: false,
        released: false,
        may_be_there: false,
    };
    let key = &services[0].key;
    let outcome = map(key, &source, &unknown, TODAY, (&profile(), &keys()));
    outcome.result.expect("a decision")
}

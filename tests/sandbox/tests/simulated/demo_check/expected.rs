//! The expectations, read as the hand-made files that they are.

use std::collections::BTreeMap;

use sandbox::demo::{Claims, HeldClaim};
use serde_json::Value;

pub type Records = BTreeMap<String, Value>;

fn records(text: &str) -> Records {
    let mut data: BTreeMap<String, Records> = serde_json::from_str(text).unwrap();
    data.remove("records").unwrap()
}

pub fn expected_referrals() -> Records {
    records(include_str!("../../../data/demo/expected-1.1.json"))
}

pub fn expected_decisions() -> Records {
    records(include_str!("../../../data/demo/expected-1.2.json"))
}

pub fn expected_submissions() -> Records {
    records(include_str!("../../../data/demo/expected-2.1.json"))
}

pub fn expected_reviews() -> Records {
    records(include_str!("../../../data/demo/expected-2.2.json"))
}

/// What the ledger should say of a record that is held or skipped.
pub fn claim(expected: &Value) -> Option<HeldClaim> {
    let reason = expected["held"].as_str().or(expected["skipped"].as_str())?;
    let fields = expected["fields"].as_array().cloned().unwrap_or_default();
    let fields = fields
        .iter()
        .map(|field| field.as_str().unwrap().to_owned());
    Some(HeldClaim {
        reason: reason.to_owned(),
        fields: fields.collect(),
    })
}

pub fn claims(records: &Records) -> Claims {
    let claims = records.iter();
    claims
        .filter_map(|(key, expected)| Some((key.clone(), claim(expected)?)))
        .collect()
}

/// Without the fields that must not be there.
pub fn present(fields: &Value) -> Value {
    let fields = fields.as_object().unwrap().iter();
    let present = fields.filter(|(_, value)| !value.is_null());
    Value::Object(
        present
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    )
}

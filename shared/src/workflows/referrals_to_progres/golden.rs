//! Fingerprints as they were before the table of fields: a record that did not change must not look changed.

use secrecy::SecretString;
use serde_json::json;

use super::source::{Source, Subject};
use super::testing::{
    SERVICE, case_with, case_with_service, profile, referral, referral_with, source, user_with,
};
use crate::domain::fingerprint::FingerprintKey;

fn print(source: &Source) -> String {
    let service = source.case.case.services.first().expect("it has one");
    let id = SERVICE.parse().expect("a GUID");
    let input = source.fingerprint_input(Subject::Service(service, id), &profile());
    let key = SecretString::from("an-invented-key-of-32-characters!");
    let mut hash = FingerprintKey::new(&key).fingerprint(&input).hash;
    hash.truncate(16);
    hash
}

#[test]
fn an_unchanged_case_has_the_fingerprint_that_it_always_had() {
    let whole = source(case_with("enabled", true), vec![referral()]);
    let revoked = referral_with(&json!({
        "id": "82698a1d-aa24-ee11-9cbc-0022488b6523", "status": "revoked", "consent_overridden": true,
    }));
    let mut twice = source(
        case_with("telephone_current", 251_911_000_001_u64),
        vec![referral(), revoked],
    );
    twice.owner = Some(user_with("phone", json!(null)));
    let mut bare = source(case_with_service("service_type_other", json!(null)), vec![]);
    bare.owner = None;
    let prints = [whole, twice, bare].map(|source| print(&source));
    assert_eq!(
        prints,
        ["8f08094091918439", "20f3a8f6349a040d", "e5c8bfa3de909920"]
    );
}

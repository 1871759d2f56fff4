//! What a key names, and what makes a record another one.

use serde_json::{Value, json};

use super::super::testing::{
    CASE_ID, REFERRAL, SERVICE, case_json, case_of, case_with, case_with_service, profile,
    referral, referral_with, service_json, source, user_with,
};
use super::*;

const OTHER: &str = "2e5be7bd-7357-4790-a880-ccaca3f47b5a";

fn service_key() -> RecordKey {
    let case: crate::domain::ids::CaseId = crate::domain::ids::CaseId::new(CASE_ID);
    RecordKey::of_service(&case, SERVICE.parse().expect("a GUID"))
}

fn lone() -> Referral {
    referral_with(&json!({ "service_record_id": "" }))
}

fn lone_key() -> RecordKey {
    let case = crate::domain::ids::CaseId::new(CASE_ID);
    RecordKey::of_referral(&case, REFERRAL.parse().expect("a GUID"))
}

fn print(source: &Source) -> Pii<Vec<u8>> {
    let profile = profile();
    source.fingerprint_input(source.subject(&service_key(), &profile), &profile)
}

fn ids(referrals: Vec<Referral>) -> Vec<String> {
    let source = source(case_of(case_json()), referrals);
    let service = SERVICE.parse().expect("a GUID");
    let profile = profile();
    let made = source.referrals_of(service, &profile);
    made.map(|referral| referral.id.to_string()).collect()
}

#[test]
fn a_key_names_a_service_of_unhcr_in_its_case() {
    let profile = profile();
    let is_service = |case| {
        let source = source(case, vec![referral()]);
        matches!(
            source.subject(&service_key(), &profile),
            Subject::Service(..)
        )
    };
    assert!(is_service(case_of(case_json())));
    assert!(is_service(case_with_service(
        "unique_id",
        SERVICE.to_uppercase()
    )));
    assert!(is_service(case_with_service(
        "service_implementing_agency",
        " unhcr "
    )));
    assert!(!is_service(case_with_service(
        "service_implementing_agency",
        "UNICEF"
    )));
    assert!(!is_service(case_with_service("unique_id", OTHER)));
    assert!(!is_service(case_with("case_id", "another case")));
    assert!(!is_service(case_with("case_id", Value::Null)));
    assert!(!is_service(case_with("enabled", false)));
}

#[test]
fn a_key_names_a_referral_without_a_service() {
    let profile = profile();
    let source = source(case_of(case_json()), vec![lone()]);
    let subject = source.subject(&lone_key(), &profile);
    assert!(matches!(subject, Subject::Referral(referral) if referral.id.to_string() == REFERRAL));
    let gone = super::super::testing::source(case_of(case_json()), Vec::new());
    assert!(matches!(gone.subject(&lone_key(), &profile), Subject::Gone));
}

#[test]
fn the_referrals_of_a_service_are_those_to_the_progres_user() {
    let to = |id: &str, user: Value| referral_with(&json!({ "id": id, "transitioned_to": user }));
    let elsewhere = referral_with(&json!({ "id": OTHER, "service_record_id": OTHER }));
    assert_eq!(ids(vec![referral(), elsewhere]), [REFERRAL]);
    assert_eq!(ids(vec![to(OTHER, json!("someone"))]), [""; 0]);
    assert_eq!(ids(vec![to(OTHER, Value::Null)]), [""; 0]);
    let upper = referral_with(&json!({ "service_record_id": SERVICE.to_uppercase() }));
    assert_eq!(ids(vec![upper]), [REFERRAL]);
}

#[test]
fn users_are_the_same_whatever_the_blanks_around_their_names() {
    let to = |user: &str| vec![referral_with(&json!({ "transitioned_to": user }))];
    assert_eq!(ids(to("unhcr_cw ")), [REFERRAL]);
    assert_eq!(ids(to("\u{200b}unhcr_cw")), [REFERRAL]);
    assert_eq!(ids(to("unhcr_cw1")), [""; 0]);
    let mut profile = profile();
    profile.primero.progres_user.push("unhcr_fo".to_owned());
    let source = source(case_of(case_json()), to("unhcr_fo"));
    let service = SERVICE.parse().expect("a GUID");
    assert_eq!(source.referrals_of(service, &profile).count(), 1);
}

#[test]
fn a_service_may_be_referred_elsewhere() {
    let elsewhere = |changes: Value| {
        let source = source(case_of(case_json()), vec![referral_with(&changes)]);
        source.is_referred_elsewhere(SERVICE.parse().expect("a GUID"), &profile())
    };
    assert!(elsewhere(json!({ "transitioned_to": "unhcr_cw1" })));
    assert!(elsewhere(
        json!({ "transitioned_to": null, "remote": true })
    ));
    assert!(!elsewhere(json!({})));
    assert!(!elsewhere(
        json!({ "transitioned_to": "unhcr_cw1", "status": "revoked" })
    ));
    assert!(!elsewhere(
        json!({ "transitioned_to": "x", "service_record_id": OTHER })
    ));
}

#[test]
fn a_service_that_names_unhcr_among_others_is_doubtful_and_not_passed_over() {
    let profile = profile();
    let doubt = |agency: Value| {
        let case = case_with_service("service_implementing_agency", agency);
        let mut found = services(&case, &profile);
        found.next().map(|one| doubtful(one, &profile))
    };
    let fields = vec!["service_implementing_agency".to_owned()];
    let held = Fault::hold(Reason::UnknownCode, fields);
    assert_eq!(doubt(json!(["UNHCR"])), Some(None));
    assert_eq!(doubt(json!("unhcr_340953")), Some(None));
    assert_eq!(doubt(json!(["UNHCR", "UNICEF"])), Some(Some(held)));
    assert_eq!(doubt(json!(["UNICEF", "UNFPA"])), None);
    assert_eq!(doubt(json!(7)), None);
}

#[test]
fn where_no_user_stands_for_progres_any_recipient_counts() {
    let mut profile = profile();
    profile.primero.progres_user.clear();
    let made = vec![referral_with(&json!({ "transitioned_to": null })), lone()];
    let source = source(case_of(case_json()), made);
    let service = SERVICE.parse().expect("a GUID");
    assert_eq!(source.referrals_of(service, &profile).count(), 1);
    // And none of them can be told from a referral that was meant for somebody else.
    let lone = without_service(&source.case, &source.referrals, &profile);
    assert_eq!(lone.count(), 0);
}

#[test]
fn a_referral_to_a_service_that_the_case_lacks_is_without_a_service() {
    let dangling = referral_with(&json!({ "id": OTHER, "service_record_id": OTHER }));
    let other_user = referral_with(&json!({ "transitioned_to": "x", "service_record_id": null }));
    let referrals = [referral(), lone(), dangling, other_user];
    let case = case_of(case_json());
    let profile = profile();
    let found: Vec<String> = without_service(&case, &referrals, &profile)
        .map(|referral| referral.id.to_string())
        .collect();
    assert_eq!(found, [REFERRAL, OTHER]);
}

#[test]
fn a_referral_of_another_agencys_service_is_not_ours() {
    let mut others = service_json();
    others["unique_id"] = json!(OTHER);
    others["service_implementing_agency"] = json!("UNICEF");
    let case = case_with("services_section", json!([service_json(), others]));
    let made = [referral_with(&json!({ "service_record_id": OTHER }))];
    let profile = profile();
    assert_eq!(services(&case, &profile).count(), 1);
    assert_eq!(without_service(&case, &made, &profile).count(), 0);
}

#[test]
fn the_fingerprint_changes_with_all_that_is_sent_and_with_the_referrals() {
    let before = print(&source(case_of(case_json()), vec![referral()]));
    let profile = profile();
    let of_case = fields::of_case(&profile);
    assert_eq!(of_case.len(), 12);
    for field in of_case {
        if field == "owned_by" {
            continue;
        }
        let other = source(case_with(field, "else"), vec![referral()]);
        assert!(print(&other) != before, "{field}");
    }
    for field in ["unhcr_individual_no", "disclosure_other_orgs"] {
        let other = source(case_with(field, "else"), vec![referral()]);
        assert!(print(&other) != before, "{field}");
    }
    for field in fields::of_service(&profile) {
        let other = source(case_with_service(field, "else"), vec![referral()]);
        assert!(print(&other) != before, "{field}");
    }
    for change in [
        json!({ "id": OTHER }),
        json!({ "status": "revoked" }),
        json!({ "consent_overridden": true }),
    ] {
        let other = source(case_of(case_json()), vec![referral_with(&change)]);
        assert!(print(&other) != before, "{change}");
    }
    for field in ["full_name", "email", "phone", "position"] {
        let mut other = source(case_of(case_json()), vec![referral()]);
        other.owner = Some(user_with(field, "else"));
        assert!(print(&other) != before, "{field}");
    }
}

#[test]
fn the_fingerprint_ignores_what_is_not_sent() {
    let before = print(&source(case_of(case_json()), vec![referral()]));
    let case = case_with("last_updated_at", "2026-11-22T08:00:00Z");
    let others = referral_with(&json!({ "id": OTHER, "transitioned_to": "someone" }));
    let after = print(&source(case, vec![others, referral()]));
    assert!(after == before);
    let status = case_with_service("service_status_referred", true);
    assert!(print(&source(status, vec![referral()])) == before);
}

#[test]
fn a_case_is_listed_with_what_is_mapped_and_the_consent_of_the_profile() {
    let profile = profile();
    let fields = fields::listed(&profile);
    assert_eq!(fields.len(), 13);
    for field in ["name_first", "protection_concerns", "consent_for_services"] {
        assert!(fields.contains(&field), "{field}");
    }
}

//! Every row of the mapping table, and every reason to hold a referral.

use serde_json::{Value, json};

use super::super::source::{service_id, services};
use super::super::testing::{
    CASE, CASE_ID, SERVICE, TODAY, case_json, case_of, case_with, case_with_service, profile,
    referral, referral_with, source, user_with,
};
use super::*;
use crate::primero::ChangedCase;

fn mapped_from(source: &Source, referral: &Referral, profile: &Profile) -> Result<Mapped, Fault> {
    let service = services(&source.case, profile).next().expect("a service");
    let id = service_id(service).expect("it has an id");
    map(source, (service, id), referral, TODAY, profile)
}

fn mapped(case: ChangedCase) -> Result<Mapped, Fault> {
    let source = source(case, vec![referral()]);
    mapped_from(&source, &referral(), &profile())
}

fn value(mapped: &Mapped, name: &str) -> Option<String> {
    let mut fields = mapped.submission.fields.iter();
    let (_, value) = fields
        .find(|(field, _)| *field == name)
        .expect("it is there");
    value.as_ref().map(|value| value.expose().clone())
}

/// One field of what a case maps to.
fn field(case: ChangedCase, name: &str) -> Option<String> {
    value(&mapped(case).expect("a submission"), name)
}

fn held(case: ChangedCase) -> Fault {
    mapped(case).expect_err("it is held")
}

fn hold(reason: Reason, fields: &[&str]) -> Fault {
    Fault::hold(
        reason,
        fields.iter().map(|name| (*name).to_owned()).collect(),
    )
}

#[test]
fn every_row_of_the_table_is_filled() {
    let mapped = mapped(case_of(case_json())).expect("a submission");
    let expected = [
        ("progres_externalguid", CASE),
        ("progres_externalid", CASE_ID),
        ("progres_offlineid", CASE_ID),
        (
            "progres_businessunit",
            "577ccdf6-86de-e811-80d8-001dd8b71fe3",
        ),
        (
            "progres_organizationfrom",
            "c00582a6-d8f6-f011-8406-6045bd8ea5fb",
        ),
        ("progres_orgreferredby", "Primero CP"),
        ("progres_orgposition", "Case worker"),
        ("progres_orgemail", "worker@example.org"),
        ("progres_orgphonenumber", "+251900000001"),
        ("progres_orgreferralid", SERVICE),
        ("progres_referraldate", "2026-11-19"),
        (
            "progres_requestedservice",
            "20db76a2-0306-e611-80d9-00155d34051a",
        ),
        ("progres_otherrequestedservices", "roof"),
        (
            "progres_spneedcategory",
            "abc5b4fb-8f76-e611-80c9-00155d340529",
        ),
        ("progres_reasonforreferral", "lost her home"),
        ("progres_pocphonenumber", "+251900000009"),
        ("progres_pocaddress", "Kule, zone B"),
        ("progres_pocotheridnumber", "803-26-1009229"),
        ("progres_unhcrid", "803-100016547"),
        ("progres_pocdateofbirth", "2014-02-28"),
        ("progres_pocsex", "125080000"),
        ("progres_pocfirstname", "Lindiwe"),
        ("progres_pocmiddlename", "Abeba"),
        ("progres_poclastname", "Okello"),
    ];
    let names: Vec<&str> = mapped
        .submission
        .fields
        .iter()
        .map(|(name, _)| *name)
        .collect();
    assert_eq!(names, expected.map(|(name, _)| name));
    for (name, text) in expected {
        assert_eq!(value(&mapped, name).as_deref(), Some(text), "{name}");
    }
    assert_eq!(mapped.submission.external_id, CASE_ID);
    assert!(mapped.submission.comments.is_empty());
    assert!(!mapped.contact_substituted);
}

#[test]
fn what_primero_does_not_have_is_null_and_its_key_is_there() {
    let mut bare = case_json();
    for name in [
        "unhcr_id_no",
        "name_first",
        "name_middle",
        "date_of_birth",
        "telephone_current",
        "address_current",
        "protection_concerns",
    ] {
        bare[name] = json!(null);
    }
    bare["services_section"][0]["service_type_other"] = json!(" ");
    let mapped = mapped(case_of(bare)).expect("a submission");
    for name in [
        "progres_otherrequestedservices",
        "progres_spneedcategory",
        "progres_pocphonenumber",
        "progres_pocaddress",
        "progres_pocotheridnumber",
        "progres_pocdateofbirth",
        "progres_pocfirstname",
        "progres_pocmiddlename",
    ] {
        assert_eq!(value(&mapped, name), None, "{name}");
    }
    assert_eq!(mapped.submission.fields.len(), 24);
}

#[test]
fn the_referral_date_is_the_day_in_utc() {
    let late = referral_with(&json!({ "created_at": "2026-11-20T01:30:00+03:00" }));
    let source = source(case_of(case_json()), Vec::new());
    let mapped = mapped_from(&source, &late, &profile()).expect("a submission");
    assert_eq!(
        value(&mapped, "progres_referraldate").as_deref(),
        Some("2026-11-19")
    );
}

#[test]
fn a_worker_without_notes_still_gives_a_reason() {
    for notes in [json!(null), json!("  ")] {
        let case = case_with_service("service_referral_notes", notes);
        assert_eq!(
            field(case, "progres_reasonforreferral").as_deref(),
            Some("Primero referral")
        );
    }
}

#[test]
fn a_phone_number_may_be_a_number() {
    let case = case_with("telephone_current", 251_900_000_009_u64);
    assert_eq!(
        field(case, "progres_pocphonenumber").as_deref(),
        Some("251900000009")
    );
    for phone in [json!(251_900_000_009.0), json!(2.519_000_000_09e11)] {
        let case = case_with("telephone_current", phone);
        let phone = field(case, "progres_pocphonenumber");
        assert_eq!(phone.as_deref(), Some("251900000009"));
    }
}

#[test]
fn numbers_go_without_marks_that_nobody_sees() {
    let mut pasted = case_json();
    pasted["unhcr_individual_no"] = json!("\u{feff}803\u{2011}100016547\u{200b}");
    pasted["unhcr_id_no"] = json!("803-26-1009229\u{200b}");
    let mapped = mapped(case_of(pasted)).expect("a submission");
    let number = value(&mapped, "progres_unhcrid");
    assert_eq!(number.as_deref(), Some("803-100016547"));
    let group = value(&mapped, "progres_pocotheridnumber");
    assert_eq!(group.as_deref(), Some("803-26-1009229"));
}

#[test]
fn the_registration_group_stands_in_for_a_missing_individual_number() {
    let case = case_with("unhcr_individual_no", " ");
    assert_eq!(
        field(case, "progres_unhcrid").as_deref(),
        Some("803-26-1009229")
    );
}

#[test]
fn only_the_date_of_a_birth_is_sent() {
    let case = case_with("date_of_birth", "2014-02-28T00:00:00.000Z");
    assert_eq!(
        field(case, "progres_pocdateofbirth").as_deref(),
        Some("2014-02-28")
    );
}

#[test]
fn sex_is_always_a_code() {
    for (sex, code) in [
        (json!("male"), "125080001"),
        (json!("other_b25f252"), "125080002"),
        (json!("unknown_4b34795"), "125080003"),
        (json!("neither"), "125080003"),
        (json!(null), "125080003"),
    ] {
        let case = case_with("sex", sex.clone());
        assert_eq!(
            field(case, "progres_pocsex").as_deref(),
            Some(code),
            "{sex}"
        );
    }
}

#[test]
fn a_single_concern_counts_like_a_list_and_an_unknown_one_is_left_out() {
    let orphan = field(
        case_with("protection_concerns", "orphan"),
        "progres_spneedcategory",
    );
    assert_eq!(
        orphan.as_deref(),
        Some("abc5b4fb-8f76-e611-80c9-00155d340529")
    );
    let unknown = case_with("protection_concerns", json!(["elsewhere", 7]));
    assert_eq!(field(unknown, "progres_spneedcategory"), None);
}

#[test]
fn a_referral_without_consent_is_held_and_what_lacks_is_named() {
    for value in [json!(false), json!(null), json!("false"), json!("yes")] {
        let fault = held(case_with("disclosure_other_orgs", value.clone()));
        let expected = hold(Reason::ConsentNotGiven, &["disclosure_other_orgs"]);
        assert_eq!(fault, expected, "{value}");
    }
    let mut neither = case_json();
    neither["disclosure_other_orgs"] = json!(false);
    neither["consent_for_services"] = json!(false);
    let both = ["disclosure_other_orgs", "consent_for_services"];
    assert_eq!(held(case_of(neither)), hold(Reason::ConsentNotGiven, &both));
}

#[test]
fn consent_may_be_a_field_of_two_choices() {
    assert!(mapped(case_with("consent_for_services", "true")).is_ok());
}

#[test]
fn consent_that_the_worker_overrode_or_the_profile_does_not_ask_for_is_no_obstacle() {
    let source = source(case_with("consent_for_services", false), Vec::new());
    let overridden = referral_with(&json!({ "consent_overridden": true }));
    assert!(mapped_from(&source, &overridden, &profile()).is_ok());
    let mut lenient = profile();
    lenient.consent.required = false;
    assert!(mapped_from(&source, &referral(), &lenient).is_ok());
}

#[test]
fn the_fields_of_consent_are_those_of_the_profile() {
    let mut profile = profile();
    profile.consent.fields = vec!["consent_to_refer".to_owned()];
    let source = source(case_of(case_json()), Vec::new());
    let fault = mapped_from(&source, &referral(), &profile).expect_err("it is held");
    assert_eq!(fault, hold(Reason::ConsentNotGiven, &["consent_to_refer"]));
}

#[test]
fn one_name_is_enough_and_none_is_held() {
    assert!(mapped(case_with("name_last", json!(null))).is_ok());
    let mut nameless = case_json();
    nameless["name_first"] = json!("");
    nameless["name_last"] = json!(null);
    let expected = hold(Reason::MissingRequiredField, &["name_first", "name_last"]);
    assert_eq!(held(case_of(nameless)), expected);
}

#[test]
fn one_number_is_enough_and_none_is_held() {
    let mut unnumbered = case_json();
    unnumbered["unhcr_individual_no"] = json!(null);
    unnumbered["unhcr_id_no"] = json!(" ");
    let names = ["unhcr_individual_no", "unhcr_id_no"];
    let expected = hold(Reason::MissingRequiredField, &names);
    assert_eq!(held(case_of(unnumbered)), expected);
}

#[test]
fn a_service_is_never_sent_as_another_one() {
    let unmapped = held(case_with_service("service_type", "family_tracing"));
    assert_eq!(unmapped, hold(Reason::UnmappedService, &["service_type"]));
    let missing = held(case_with_service("service_type", json!(null)));
    assert_eq!(
        missing,
        hold(Reason::MissingRequiredField, &["service_type"])
    );
}

#[test]
fn a_date_that_cannot_be_is_held() {
    for date in [
        json!("2014-02-30"),
        json!("unknown"),
        json!(2014),
        json!("2026-11-25"),
        json!("1900-01-01"),
    ] {
        let fault = held(case_with("date_of_birth", date.clone()));
        assert_eq!(
            fault,
            hold(Reason::InvalidDate, &["date_of_birth"]),
            "{date}"
        );
    }
    assert!(mapped(case_with("date_of_birth", "2026-11-23")).is_ok());
}

#[test]
fn a_child_born_tonight_is_tried_again() {
    let expected = Fault {
        fields: vec!["date_of_birth".to_owned()],
        ..Fault::retry(Reason::InvalidDate)
    };
    assert_eq!(held(case_with("date_of_birth", "2026-11-24")), expected);
}

#[test]
fn a_birth_is_a_day_of_the_office() {
    let born = |text: &str| case_with("date_of_birth", text);
    assert_eq!(
        field(born("2014-02-27T21:00:00.000Z"), "progres_pocdateofbirth").as_deref(),
        Some("2014-02-28")
    );
    let fields = ["date_of_birth", "progres.time_zone"];
    let expected = hold(Reason::InvalidDate, &fields);
    assert_eq!(held(born("2014-02-27T17:00:00Z")), expected);
}

#[test]
fn all_faults_of_a_referral_are_named_at_once() {
    let mut bad = case_json();
    bad["name_first"] = Value::Null;
    bad["name_last"] = Value::Null;
    bad["date_of_birth"] = json!("2014-02-30");
    bad["services_section"][0]["service_type"] = json!("family_tracing");
    let names = ["name_first", "name_last", "date_of_birth", "service_type"];
    assert_eq!(
        held(case_of(bad)),
        hold(Reason::MissingRequiredField, &names)
    );
}

#[test]
fn a_substituted_contact_is_sent_and_said_so() {
    let mut source = source(case_of(case_json()), Vec::new());
    source.owner = Some(user_with("phone", Value::Null));
    let mapped = mapped_from(&source, &referral(), &profile()).expect("a submission");
    let fallback = profile().primero.fallback_contact.expect("it has one");
    assert!(mapped.contact_substituted);
    assert_eq!(
        value(&mapped, "progres_orgphonenumber"),
        Some(fallback.phone)
    );
    assert_eq!(
        value(&mapped, "progres_orgposition"),
        Some(fallback.position)
    );
    assert_eq!(
        value(&mapped, "progres_orgemail").as_deref(),
        Some("worker@example.org")
    );
}

#[test]
fn without_a_fallback_a_contact_with_gaps_is_held() {
    let mut source = source(case_of(case_json()), Vec::new());
    source.owner = Some(user_with("phone", Value::Null));
    let mut profile = profile();
    profile.primero.fallback_contact = None;
    let fault = mapped_from(&source, &referral(), &profile).expect_err("it is held");
    assert_eq!(
        fault,
        hold(Reason::MissingRequiredField, &["owned_by.phone"])
    );
}

/// The profile with fields of the country's own.
fn profile_with_own() -> Profile {
    let text = include_str!("../../../../../infra/profiles/gambella.toml");
    let own = "[extra.submission]\n\
         progres_poccamp = { from = \"camp_zone\" }\n\
         progres_pocarrival = { from = \"arrived_on\", as = \"day\" }\n\
         progres_pocseen = { from = \"seen_at\", as = \"instant\" }\n\
         progres_orgurgency = { from = \"urgency\", of = \"service\", as = \"code\", codes = { high = \"1\" } }\n\
         [primero]";
    Profile::parse(&text.replace("[primero]", own)).expect("no faults")
}

fn case_with_own() -> Value {
    let mut case = case_json();
    case["camp_zone"] = json!(7);
    case["arrived_on"] = json!("2026-10-01");
    case["seen_at"] = json!("2026-10-01T05:00:00+03:00");
    case["services_section"][0]["urgency"] = json!("High");
    case
}

fn own_of(case: Value) -> Result<Vec<(String, Option<String>)>, Fault> {
    let source = source(case_of(case), vec![referral()]);
    let mapped = mapped_from(&source, &referral(), &profile_with_own())?;
    let own = mapped.submission.own.into_iter();
    let text = |value: FieldValue| value.map(|value| value.expose().clone());
    Ok(own.map(|(name, value)| (name, text(value))).collect())
}

#[test]
fn a_countrys_own_fields_go_with_null_where_primero_has_nothing() {
    let fields = |values: [Option<&str>; 4]| {
        let names = [
            "progres_orgurgency",
            "progres_pocarrival",
            "progres_poccamp",
            "progres_pocseen",
        ];
        let fields = names.into_iter().zip(values);
        fields
            .map(|(name, value)| (name.to_owned(), value.map(str::to_owned)))
            .collect()
    };
    let all = ["1", "2026-10-01", "7", "2026-10-01T02:00:00.000Z"].map(Some);
    assert_eq!(own_of(case_with_own()), Ok(fields(all)));
    assert_eq!(own_of(case_json()), Ok(fields([None; 4])));
    let profile = profile_with_own();
    let listed = fields::listed(&profile);
    assert_eq!(listed.len(), 16, "{listed:?}");
}

#[test]
fn a_countrys_own_fields_are_checked_like_those_of_the_table() {
    for (field, reason) in [
        ("arrived_on", Reason::InvalidDate),
        ("seen_at", Reason::InvalidDate),
    ] {
        let mut case = case_with_own();
        case[field] = json!("soon");
        assert_eq!(own_of(case), Err(hold(reason, &[field])));
    }
    let mut case = case_with_own();
    case["services_section"][0]["urgency"] = json!("low");
    assert_eq!(own_of(case), Err(hold(Reason::UnknownCode, &["urgency"])));
}

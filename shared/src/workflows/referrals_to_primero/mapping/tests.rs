use serde_json::{Map, Value, json};

use super::super::keys;
use super::*;
use crate::engine::FaultKind;
use crate::workflows::referrals_to_primero::testing::{changed, detail_rows, mapped};

/// Case and service of an intervention that maps.
fn fields(details: Vec<Value>) -> (Map<String, Value>, Map<String, Value>) {
    let referral = mapped(details).expect("it maps");
    (
        referral.case_fields.expose().clone(),
        referral.service_fields.expose().clone(),
    )
}

/// Reason and fields of an intervention that does not.
fn fault(details: Vec<Value>) -> (Reason, Vec<String>) {
    let fault = mapped(details).expect_err("it does not map");
    match fault.kind {
        FaultKind::Hold(reason) => (reason, fault.fields),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_field_is_mapped() {
    let (case, service) = fields(detail_rows());
    let expected_service = json!({
        "unique_id": "310a6bfc-c5e5-54a2-89be-aeffe9542072",
        "service_type": "alternative_care",
        "service_referral_notes": "Child lives with a neighbour & needs care., Family separation",
        "service_appointment_date": "2026-11-02",
        "service_response_day_time": "2026-11-03T00:00:00.000Z",
        "service_request_external": true,
        "service_request_title": "Associate Protection Officer",
        "service_request_agency": "UNHCR",
        "service_request_phone": "+254700000002",
        "service_request_email": "officer@example.org",
        "service_implementing_agency": "UNICEF",
        "service_response_type": "service_provision",
        "service_referral": "external_referral",
        "unhcr_referral_status": "pending",
        "progres_interventionnumber":
            "803-26-PRTITV-1000642,68b20e2a-4879-ee11-8179-000d3a43f6eb,577ccdf6-86de-e811-80d8-001dd8b71fe3",
    });
    assert_eq!(Value::Object(service), expected_service);
    let expected_case = json!({
        "unhcr_individual_no": "803-100016547",
        "unhcr_id_no": "803-26-1009229",
        "name_first": "Lindiwe",
        "name_last": "Okello",
        "name_nickname": "Lindi",
        "date_of_birth": "2014-02-28",
        "age": 12,
        "sex": "female",
        "telephone_current": "+254700000001",
        "address_current": "Garissa Dadaab",
        "language": ["language8", "language6"],
        "status": "open",
        "module_id": "primeromodule-cp",
        "services_section": [expected_service],
    });
    assert_eq!(Value::Object(case), expected_case);
}

#[test]
fn absent_optional_values_are_left_out_and_never_null() {
    let mut details = detail_rows();
    details.truncate(1);
    let optional = [
        keys::START_DATE,
        keys::TRANSFER_STATUS_DATE,
        keys::DESCRIPTION,
        keys::REASON,
        keys::COMMONLY_USED_NAME,
        keys::PHONE,
        keys::OFFICER_TITLE,
        keys::OFFICER_PHONE,
        keys::OFFICER_EMAIL,
        "progres_language.progres_languagecodeidname",
        "progres_individual.individuals.progres_coalocationlevel1",
        "progres_individual.individuals.progres_coalocationlevel2",
    ];
    for key in optional {
        details[0][key] = Value::Null;
    }
    let (case, service) = fields(details);
    let absent = [
        "name_nickname",
        "telephone_current",
        "address_current",
        "language",
        "protection_concerns",
    ];
    assert!(
        absent.iter().all(|name| !case.contains_key(*name)),
        "{case:?}"
    );
    let absent = [
        "service_referral_notes",
        "service_appointment_date",
        "service_response_day_time",
        "service_request_title",
        "service_request_phone",
        "service_request_email",
    ];
    assert!(
        absent.iter().all(|name| !service.contains_key(*name)),
        "{service:?}"
    );
    assert!(!case.values().chain(service.values()).any(Value::is_null));
}

#[test]
fn every_missing_field_is_named_at_once() {
    let required = [
        keys::NUMBER,
        keys::BUSINESS_UNIT,
        keys::SERVICE_NAME,
        keys::INDIVIDUAL_NO,
        keys::REGISTRATION_GROUP,
        keys::GIVEN_NAME,
        keys::FAMILY_NAME,
        keys::BIRTH_DATE,
        keys::SEX,
    ];
    let mut details = detail_rows();
    details.truncate(1);
    for (i, key) in required.iter().enumerate() {
        details[0][*key] = [Value::Null, json!(""), json!(" \t")][i % 3].clone();
    }
    let (reason, mut named) = fault(details);
    named.sort();
    let mut expected = required.map(str::to_owned);
    expected.sort();
    assert_eq!(
        (reason, named.as_slice()),
        (Reason::MissingRequiredField, &expected[..])
    );
}

#[test]
fn what_the_profile_can_do_without_is_left_out() {
    let mut details = detail_rows();
    details.truncate(1);
    details[0][keys::FAMILY_NAME] = Value::Null;
    details[0][keys::BIRTH_DATE] = json!(" ");
    let rows = crate::workflows::referrals_to_primero::testing::rows(details);
    let mut profile = crate::workflows::referrals_to_primero::testing::profile();
    let today = crate::workflows::referrals_to_primero::testing::TODAY;
    let map = |profile: &Profile| map(&SourceReferral::fold(&rows, profile), today, profile);
    let both = vec![keys::FAMILY_NAME.to_owned(), keys::BIRTH_DATE.to_owned()];
    let held = Fault::hold(Reason::MissingRequiredField, both);
    assert_eq!(map(&profile).err(), Some(held));
    profile.primero.required.clear();
    let referral = map(&profile).expect("it maps");
    let case = referral.case_fields.expose();
    for field in ["name_last", "date_of_birth", "age"] {
        assert!(!case.contains_key(field), "{field}");
    }
}

#[test]
fn a_phone_that_is_a_number_is_written_as_it_is_dialled() {
    let (case, _) = fields(changed(keys::PHONE, json!(251_911_000_001.0)));
    assert_eq!(case["telephone_current"], "251911000001");
    let (_, service) = fields(changed(keys::OFFICER_PHONE, json!(2.519_110_000_02e11)));
    assert_eq!(service["service_request_phone"], "251911000002");
}

#[test]
fn a_date_must_be_real_and_a_birth_not_in_the_future() {
    for (key, value) in [
        (keys::BIRTH_DATE, "2014-02-30"),
        (keys::BIRTH_DATE, "2026-11-25"),
        (keys::BIRTH_DATE, "1900-01-01"),
        (keys::START_DATE, "31/12/2026"),
        (keys::TRANSFER_STATUS_DATE, "2026-00-10"),
    ] {
        assert_eq!(
            fault(changed(key, value)),
            (Reason::InvalidDate, vec![key.to_owned()]),
            "{value}"
        );
    }
    assert!(mapped(changed(keys::BIRTH_DATE, "2026-11-23")).is_ok());
}

#[test]
fn a_child_born_tonight_is_tried_again() {
    let tonight = mapped(changed(keys::BIRTH_DATE, "2026-11-24"));
    let expected = Fault {
        fields: vec![keys::BIRTH_DATE.to_owned()],
        ..Fault::retry(Reason::InvalidDate)
    };
    assert_eq!(tonight.err(), Some(expected));
}

#[test]
fn a_midnight_of_the_office_is_its_day_and_no_other_time_is() {
    let (case, _) = fields(changed(keys::BIRTH_DATE, "2014-02-27T21:00:00Z"));
    assert_eq!(
        (&case["date_of_birth"], &case["age"]),
        (&json!("2014-02-28"), &json!(12))
    );
    let (_, service) = fields(changed(keys::START_DATE, "2026-11-01T21:00:00Z"));
    assert_eq!(service["service_appointment_date"], "2026-11-02");
    for key in [keys::BIRTH_DATE, keys::START_DATE] {
        let named = vec![key.to_owned(), "progres.time_zone".to_owned()];
        let expected = (Reason::InvalidDate, named);
        assert_eq!(fault(changed(key, "2014-02-27T17:00:00Z")), expected);
    }
}

#[test]
fn an_unknown_service_is_held_and_never_a_default() {
    let expected = (Reason::UnmappedService, vec![keys::SERVICE_NAME.to_owned()]);
    assert_eq!(
        fault(changed(
            keys::SERVICE_NAME,
            json!("Family Tracing and Reunification")
        )),
        expected
    );
}

#[test]
fn a_service_is_found_whatever_its_case_and_blanks() {
    let (_, service) = fields(changed(keys::SERVICE_NAME, " alternative  CARE "));
    assert_eq!(service["service_type"], "alternative_care");
}

#[test]
fn a_sex_code_may_be_text_and_an_unknown_one_is_held() {
    let (case, _) = fields(changed(keys::SEX, "125080001"));
    assert_eq!(case["sex"], "male");
    let expected = (Reason::UnknownCode, vec![keys::SEX.to_owned()]);
    assert_eq!(fault(changed(keys::SEX, 125_080_009)), expected);
    assert_eq!(fault(changed(keys::SEX, "Female")), expected);
}

#[test]
fn a_sex_that_is_given_only_by_its_name_is_that_sex() {
    let named = |name: &str| {
        let mut details = changed(keys::SEX, Value::Null);
        for row in &mut details {
            row["progres_individual.individuals.progres_sexname"] = json!(name);
        }
        details
    };
    let (case, _) = fields(named("Male"));
    assert_eq!(case["sex"], "male");
    let expected = (Reason::UnknownCode, vec![keys::SEX.to_owned()]);
    assert_eq!(fault(named("Boy")), expected);
}

#[test]
fn faults_of_several_kinds_are_all_named_under_the_gravest() {
    let mut details = changed(keys::GIVEN_NAME, "");
    details.truncate(1);
    details[0][keys::SEX] = json!(7);
    let (reason, named) = fault(details);
    assert_eq!(reason, Reason::MissingRequiredField);
    assert_eq!(named, [keys::GIVEN_NAME, keys::SEX]);
}

#[test]
fn an_unreadable_business_unit_or_individual_number_is_held_by_name() {
    for (key, text) in [
        (keys::BUSINESS_UNIT, "head office"),
        (keys::INDIVIDUAL_NO, "803-1;803-2"),
    ] {
        let expected = (Reason::UnreadableRecord, vec![key.to_owned()]);
        assert_eq!(fault(changed(key, text)), expected);
    }
}

#[test]
fn a_number_with_marks_that_nobody_sees_is_the_number_without_them() {
    let plain = mapped(detail_rows()).expect("it maps");
    for pasted in [
        "803-100016547\u{200b}",
        "\u{feff}803-100016547",
        "803\u{2011}100016547",
        "\u{202a}803-100016547\u{202c} ",
    ] {
        let referral = mapped(changed(keys::INDIVIDUAL_NO, pasted)).expect("it maps");
        assert_eq!(referral.individual_no, plain.individual_no, "{pasted:?}");
        assert_eq!(referral.case, plain.case, "{pasted:?}");
        assert_eq!(referral.case_fields, plain.case_fields, "{pasted:?}");
    }
    let (_, service) = fields(changed(
        keys::NUMBER,
        "803\u{2013}26-PRTITV-1000642\u{200b}",
    ));
    let (_, expected) = fields(detail_rows());
    assert_eq!(service, expected);
}

#[test]
fn an_individual_number_may_have_a_comma() {
    let referral = mapped(changed(keys::INDIVIDUAL_NO, "803-1,2")).expect("it maps");
    assert_eq!(referral.individual_no, Pii::new("803-1,2".to_owned()));
}

#[test]
fn a_number_that_only_looks_like_one_is_held() {
    for (key, text) in [
        (keys::INDIVIDUAL_NO, "803 100016547"),
        (keys::INDIVIDUAL_NO, "803-10001654\u{417}"),
        (keys::INDIVIDUAL_NO, "803\u{ad}100016547"),
        (keys::NUMBER, "803-26,1"),
        (keys::NUMBER, "803-26 1"),
    ] {
        let expected = (Reason::UnreadableRecord, vec![key.to_owned()]);
        assert_eq!(fault(changed(key, text)), expected, "{text:?}");
    }
}

#[test]
fn rows_that_disagree_are_held_and_never_picked_from() {
    let mut details = detail_rows();
    details[3][keys::BIRTH_DATE] = json!("2015-02-28");
    assert_eq!(
        fault(details),
        (Reason::ContradictingRows, vec![keys::BIRTH_DATE.to_owned()])
    );
}

#[test]
fn fixed_values_fill_fields_that_are_not_mapped_and_no_others() {
    let mut profile = crate::workflows::referrals_to_primero::testing::profile();
    profile
        .primero
        .case_defaults
        .insert("registration_point".to_owned(), json!("gate"));
    profile
        .primero
        .case_defaults
        .insert("telephone_current".to_owned(), json!("none"));
    profile
        .primero
        .service_defaults
        .insert("service_response_timeframe".to_owned(), json!("1_hour"));
    let rows = crate::workflows::referrals_to_primero::testing::rows(detail_rows());
    let referral = map(
        &SourceReferral::fold(&rows, &profile),
        crate::workflows::referrals_to_primero::testing::TODAY,
        &profile,
    );
    let referral = referral.expect("it maps");
    assert_eq!(referral.case_fields.expose()["registration_point"], "gate");
    assert_eq!(
        referral.case_fields.expose()["telephone_current"],
        "+254700000001"
    );
    assert_eq!(
        referral.service_fields.expose()["service_response_timeframe"],
        "1_hour"
    );
}

/// A profile by which every row of the tables has something to say, and fields of the country's own.
fn whole_profile() -> Profile {
    let text = include_str!("../../../../../infra/profiles/gambella.toml").replace(
        "[primero]",
        "[extra.case]\n\
         camp_zone = { from = \"progres_coalocationlevel2\" }\n\
         arrived_on = { from = \"progres_arrivaldate\", as = \"day\" }\n\
         [extra.service]\n\
         urgency = { from = \"progres_urgency\", as = \"code\", codes = { High = \"high\" } }\n\
         seen_at = { from = \"progres_seenat\", as = \"instant\" }\n\
         [needs_in]\n\
         \"Child at risk\" = \"at_risk\"\n\
         [primero]\n\
         intake_user = \"intake_cw\"",
    );
    Profile::parse(&text).expect("no faults")
}

fn whole_rows() -> Vec<Value> {
    let mut details = changed(keys::MIDDLE_NAME, "Achan");
    for row in &mut details {
        row["progres_arrivaldate"] = json!("2026-10-01T00:00:00Z");
        row["progres_urgency"] = json!(" HIGH ");
        row["progres_seenat"] = json!("2026-10-01T05:00:00+03:00");
    }
    details
}

fn whole(details: Vec<Value>) -> Result<Referral, Fault> {
    let profile = whole_profile();
    let rows = crate::workflows::referrals_to_primero::testing::rows(details);
    let today = crate::workflows::referrals_to_primero::testing::TODAY;
    map(&SourceReferral::fold(&rows, &profile), today, &profile)
}

#[test]
fn the_intake_user_the_middle_name_and_the_concerns_are_written() {
    let referral = whole(whole_rows()).expect("it maps");
    let case = referral.case_fields.expose();
    assert_eq!(case["owned_by"], "intake_cw");
    assert_eq!(case["name_middle"], "Achan");
    assert_eq!(case["protection_concerns"], json!(["at_risk"]));
}

#[test]
fn a_countrys_own_fields_are_read_like_those_of_the_table() {
    let referral = whole(whole_rows()).expect("it maps");
    let (case, service) = (
        referral.case_fields.expose(),
        referral.service_fields.expose(),
    );
    assert_eq!(case["camp_zone"], "Dadaab");
    assert_eq!(case["arrived_on"], "2026-10-01");
    assert_eq!(service["urgency"], "high");
    assert_eq!(service["seen_at"], "2026-10-01T02:00:00.000Z");
    let fields_of_forms = fields::written(&whole_profile());
    assert!(fields_of_forms.case.contains(&"camp_zone".to_owned()));
    assert!(fields_of_forms.service.contains(&"urgency".to_owned()));
}

#[test]
fn a_countrys_own_fields_are_checked_like_those_of_the_table() {
    for (key, value, reason) in [
        ("progres_arrivaldate", "2026-02-30", Reason::InvalidDate),
        ("progres_seenat", "soon", Reason::InvalidDate),
        ("progres_urgency", "Low", Reason::UnknownCode),
    ] {
        let mut details = whole_rows();
        for row in &mut details {
            row[key] = json!(value);
        }
        let expected = Fault::hold(reason, vec![key.to_owned()]);
        assert_eq!(whole(details).err(), Some(expected), "{key}");
        let mut details = whole_rows();
        details[1][key] = json!("else");
        let expected = Fault::hold(Reason::ContradictingRows, vec![key.to_owned()]);
        assert_eq!(whole(details).err(), Some(expected), "{key}");
        let mut without = whole_rows();
        without.truncate(1);
        without[0][key] = Value::Null;
        assert!(whole(without).is_ok(), "{key}");
    }
}

#[test]
fn the_owner_of_a_new_case_is_found_by_the_rule_of_the_profile() {
    let unit = "577CCDF6-86DE-E811-80D8-001DD8B71FE3";
    for (by, key, owner) in [
        ("service_type", "alternative_care", "cw_one"),
        ("service_type", "shelter", "cw_other"),
        ("business_unit", unit, "cw_one"),
        ("location", "Garissa", "cw_one"),
        ("location", "Elsewhere", "cw_other"),
    ] {
        let rule = format!(
            "[primero.intake]\nby = \"{by}\"\nusers = {{ \"{key}\" = \"cw_one\" }}\nother = \"cw_other\"\n[window]"
        );
        let text = include_str!("../../../../../infra/profiles/gambella.toml");
        let profile = Profile::parse(&text.replace("[window]", &rule)).expect("no faults");
        let rows = crate::workflows::referrals_to_primero::testing::rows(detail_rows());
        let today = crate::workflows::referrals_to_primero::testing::TODAY;
        let referral = map(&SourceReferral::fold(&rows, &profile), today, &profile);
        let case = referral.expect("it maps").case_fields;
        assert_eq!(case.expose()["owned_by"], owner, "{by} {key}");
    }
}

/// A row of the table that is dropped is missed: what [`whole_rows`] map to is another thing without it.
#[test]
fn every_row_of_the_tables_fills_its_field_and_no_other() {
    let profile = whole_profile();
    let rows = crate::workflows::referrals_to_primero::testing::rows(whole_rows());
    let source = SourceReferral::fold(&rows, &profile);
    let today = crate::workflows::referrals_to_primero::testing::TODAY;
    let (case, service) = (fields::of_case(&profile), fields::of_service(&profile));
    let names = |case: &[Field<'_>], service: &[Field<'_>]| {
        let referral = map_by((case, service), &source, today, &profile).expect("it maps");
        let names = |fields: &Map<String, Value>| fields.keys().cloned().collect::<Vec<_>>();
        (
            names(referral.case_fields.expose()),
            names(referral.service_fields.expose()),
        )
    };
    let but = |names: &[String], one: &str| -> Vec<String> {
        names.iter().filter(|name| *name != one).cloned().collect()
    };
    let whole = names(&case, &service);
    for field in &case {
        let rest: Vec<_> = case
            .iter()
            .filter(|one| one.name != field.name)
            .copied()
            .collect();
        let expected = (but(&whole.0, field.name), whole.1.clone());
        assert_ne!(expected.0, whole.0, "{}", field.name);
        assert_eq!(names(&rest, &service), expected, "{}", field.name);
    }
    for field in &service {
        let rest: Vec<_> = service
            .iter()
            .filter(|one| one.name != field.name)
            .copied()
            .collect();
        let expected = (whole.0.clone(), but(&whole.1, field.name));
        assert_ne!(expected.1, whole.1, "{}", field.name);
        assert_eq!(names(&case, &rest), expected, "{}", field.name);
    }
    assert_eq!((case.len(), service.len()), (18, 17));
}

//! What counts as a decision, one rule each.

use serde_json::json;

use super::super::testing::{
    BUSINESS_UNIT, CASE_ID, INTERVENTION, SERVICE, accepted, case, case_with, keys, profile,
    rejected, service,
};
use super::*;
use crate::primero::ChangedCase;

fn found(case: &ChangedCase) -> Vec<Decided> {
    decided(case, &profile(), &keys())
}

fn print(services: &[serde_json::Value]) -> Pii<Vec<u8>> {
    fingerprint_input(&found(&case(services)))
}

fn key() -> RecordKey {
    INTERVENTION
        .parse::<InterventionId>()
        .expect("a GUID")
        .into()
}

fn reason_of(result: Result<Decided, Fault>) -> Fault {
    result.expect_err("no decision")
}

#[test]
fn a_decided_service_of_unhcr_is_a_record_under_its_intervention() {
    let decisions = found(&case(&[accepted(), rejected("Duplicate")]));
    assert_eq!(decisions.len(), 2);
    let intervention = decisions[0].intervention.as_ref().expect("three parts");
    assert_eq!(decisions[0].key.as_str(), INTERVENTION);
    assert_eq!(intervention.business_unit, BUSINESS_UNIT);
    assert_eq!(decisions[0].verdict, Ok(Verdict::Accepted));
    assert_eq!(decisions[0].reason, None);
    assert_eq!(decisions[1].verdict, Ok(Verdict::Rejected));
    assert_eq!(decisions[1].reason, Some(Pii::new("Duplicate".to_owned())));
}

#[test]
fn what_is_undecided_or_not_of_unhcr_is_no_decision() {
    for (field, value) in [
        ("service_request_agency", json!("UNICEF")),
        ("service_request_agency", json!(null)),
        ("service_referral", json!("internal_referral")),
        ("unhcr_referral_status", json!("pending")),
        ("unhcr_referral_status", json!("Pending_340953")),
        ("unhcr_referral_status", json!(["pending"])),
        ("unhcr_referral_status", json!([])),
        ("unhcr_referral_status", json!(" ")),
        ("unhcr_referral_status", json!(null)),
        ("service_request_agency", json!(["UNICEF", "UNFPA"])),
    ] {
        let case = case(&[service(field, value.clone())]);
        assert_eq!(found(&case), [], "{field} {value}");
    }
}

#[test]
fn words_that_decide_are_told_whatever_their_case_list_and_suffix() {
    for (field, value) in [
        ("unhcr_referral_status", json!("Accepted")),
        ("unhcr_referral_status", json!("accepted_340953")),
        ("unhcr_referral_status", json!(["accepted"])),
        ("unhcr_referral_status", json!(["Accepted_340953", null])),
        ("service_referral", json!(["External_Referral"])),
        ("service_referral", json!("external_referral_0af31c")),
        ("service_request_agency", json!(["UNHCR"])),
        ("service_request_agency", json!("unhcr_340953")),
    ] {
        let decisions = found(&case(&[service(field, value.clone())]));
        assert_eq!(decisions.len(), 1, "{field} {value}");
        assert_eq!(
            decisions[0].verdict,
            Ok(Verdict::Accepted),
            "{field} {value}"
        );
    }
}

#[test]
fn what_might_be_a_decision_is_held_and_never_passed_over() {
    for (field, value) in [
        ("unhcr_referral_status", json!("on_hold")),
        ("unhcr_referral_status", json!("withdrawn")),
        ("unhcr_referral_status", json!(["accepted", "rejected"])),
        ("unhcr_referral_status", json!(1)),
        ("unhcr_referral_status", json!({ "id": "accepted" })),
        (
            "service_referral",
            json!(["external_referral", "internal_referral"]),
        ),
        ("service_request_agency", json!(["UNHCR", "UNICEF"])),
    ] {
        let decisions = found(&case(&[service(field, value.clone())]));
        let fault = unanimous(&decisions, &profile()).expect_err("it is held");
        let expected = Fault::hold(Reason::UnknownCode, vec![field.to_owned()]);
        assert_eq!(fault, expected, "{field} {value}");
        assert_eq!(decisions[0].key, key(), "{field} {value}");
    }
}

#[test]
fn a_reason_may_be_chosen_from_a_list() {
    let mut chosen = rejected("Duplicate");
    chosen["unhcr_referral_rejection_reason"] = json!(["Duplicate"]);
    assert!(print(&[chosen.clone()]) == print(&[rejected("Duplicate")]));
    chosen["unhcr_referral_rejection_reason"] = json!(["Duplicate", "Moved"]);
    let reason = found(&case(&[chosen]))[0].reason.clone();
    assert_eq!(reason, Some(Pii::new("Duplicate, Moved".to_owned())));
}

#[test]
fn the_agency_is_told_whatever_its_case_and_blanks() {
    let case = case(&[service("service_request_agency", " Unhcr ")]);
    assert_eq!(found(&case).len(), 1);
}

#[test]
fn every_service_of_a_case_is_judged_by_itself() {
    let mut pending = service("unhcr_referral_status", "pending");
    pending["progres_interventionnumber"] = json!(format!(
        "803,82698a1d-aa24-ee11-9cbc-0022488b6523,{BUSINESS_UNIT}"
    ));
    let others = service("service_request_agency", "UNICEF");
    let decisions = found(&case(&[pending, others, accepted()]));
    assert_eq!(decisions.len(), 1);
    assert_eq!(decisions[0].key, key());
}

#[test]
fn a_guid_is_the_same_in_either_case() {
    let number = format!(
        "803-1, {}\u{200b} ,{}",
        INTERVENTION.to_uppercase(),
        BUSINESS_UNIT.to_uppercase()
    );
    let decisions = found(&case(&[service("progres_interventionnumber", number)]));
    let intervention = decisions[0].intervention.as_ref().expect("three parts");
    assert_eq!(decisions[0].key, key());
    assert_eq!(intervention.business_unit, BUSINESS_UNIT);
}

#[test]
fn a_number_without_its_three_parts_is_a_record_of_its_own() {
    for number in [
        json!("803-26-PRTITV-1000642"),
        json!(format!("803,{INTERVENTION}")),
        json!(format!(",{INTERVENTION},{BUSINESS_UNIT}")),
        json!(format!("803,{INTERVENTION},head office")),
        json!(format!("803,12,{BUSINESS_UNIT}")),
        json!(format!("803,{INTERVENTION},{BUSINESS_UNIT},x")),
        json!(" "),
        json!(null),
    ] {
        let decisions = found(&case(&[service(
            "progres_interventionnumber",
            number.clone(),
        )]));
        assert_eq!(decisions[0].intervention, None, "{number}");
        assert_eq!(decisions[0].key.as_str(), format!("{CASE_ID}/{SERVICE}"));
    }
    let fault = legacy_number();
    assert_eq!(
        fault,
        Fault::hold(
            Reason::LegacyInterventionNumber,
            vec!["progres_interventionnumber".to_owned()]
        )
    );
}

#[test]
fn even_a_service_without_any_id_has_a_key_that_stays_the_same() {
    let mut nameless = service("progres_interventionnumber", "803");
    nameless["unique_id"] = json!(null);
    let key = found(&case(&[nameless.clone()]))[0].key.clone();
    assert!(key.as_str().starts_with("unreadable-"), "{key}");
    assert_eq!(found(&case(&[nameless]))[0].key, key);
}

#[test]
fn the_fingerprint_is_status_and_reason_and_nothing_else() {
    let before = print(&[rejected("Duplicate")]);
    let mut other = rejected(" Duplicate ");
    other["service_type"] = json!("shelter");
    assert!(print(&[other]) == before);
    let elsewhere = case_with("owned_by", "another", &[rejected("Duplicate")]);
    assert!(fingerprint_input(&found(&elsewhere)) == before);
    assert!(print(&[rejected("Not eligible")]) != before);
    assert!(print(&[rejected("")]) != before);
    assert!(print(&[accepted()]) != before);
}

#[test]
fn an_intervention_that_stands_twice_and_agrees_is_one_decision() {
    let case = case(&[accepted(), accepted()]);
    let services = of_record(&key(), &case, &profile(), &keys());
    assert_eq!(services.len(), 2);
    let decision = unanimous(&services, &profile()).expect("one decision");
    assert_eq!(decision.verdict, Ok(Verdict::Accepted));
    assert!(fingerprint_input(&services) == print(&[accepted()]));
}

#[test]
fn an_intervention_that_stands_twice_and_contradicts_itself_is_held() {
    let case = case(&[accepted(), rejected("Duplicate")]);
    let services = of_record(&key(), &case, &profile(), &keys());
    let fault = reason_of(unanimous(&services, &profile()));
    let fields = ["unhcr_referral_status", "unhcr_referral_rejection_reason"];
    assert_eq!(
        fault,
        Fault::hold(Reason::ContradictingRows, fields.map(str::to_owned).into())
    );
}

#[test]
fn a_decision_that_is_taken_back_is_skipped() {
    let taken_back = case(&[service("unhcr_referral_status", "pending")]);
    let services = of_record(&key(), &taken_back, &profile(), &keys());
    let fault = reason_of(unanimous(&services, &profile()));
    assert_eq!(fault, Fault::skip(Reason::DecisionWithdrawn));
}

#[test]
fn a_case_has_the_interventions_that_it_decides_and_those_that_it_does_not() {
    let pending = service("unhcr_referral_status", "pending");
    let others = service("service_request_agency", "UNICEF");
    for (services, expected) in [
        (vec![accepted()], vec![key()]),
        (vec![pending], vec![key()]),
        (vec![others], Vec::new()),
    ] {
        let case = case(&services);
        let found: Vec<_> = keys_of(&case, &profile(), &keys()).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn a_decision_on_a_disabled_case_is_another_one() {
    let services = found(&case(&[accepted()]));
    assert!(fingerprint_input_disabled(&services) != fingerprint_input(&services));
}

#[test]
fn the_reason_is_read_from_the_field_of_the_profile() {
    let mut profile = profile();
    profile.primero.rejection_reason_field = "why".to_owned();
    let mut service = rejected("here not");
    service["why"] = json!("Moved away");
    let decisions = decided(&case(&[service]), &profile, &keys());
    assert_eq!(decisions[0].reason, Some(Pii::new("Moved away".to_owned())));
}

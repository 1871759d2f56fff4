use serde_json::{Value, json};

use super::*;
use crate::engine::FaultKind;
use crate::workflows::referrals_to_primero::testing::{changed, detail_rows, mapped};

const OURS: &str = "310a6bfc-c5e5-54a2-89be-aeffe9542072";
const GUID: &str = "68b20e2a-4879-ee11-8179-000d3a43f6eb";

fn referral() -> Referral {
    mapped(detail_rows()).expect("it maps")
}

fn case(n: u8, status: &str, services: &Value) -> Case {
    let case = json!({
        "id": format!("00000000-0000-4000-8000-{n:012}"), "case_id": format!("case-{n}"), "enabled": true,
        "status": status, "unhcr_individual_no": "803-100016547", "services_section": services,
    });
    serde_json::from_value(case).expect("a case")
}

fn numbered(number: &str) -> Value {
    json!([{ "unique_id": "11111111-0000-4000-8000-000000000001", "progres_interventionnumber": number }])
}

/// `there n`, `create`, `append n` or the reason for holding.
fn found(referral: &Referral, cases: &[Case], closed: ClosedCase) -> String {
    let last = |id: CaseRecordId| {
        id.to_string()
            .trim_start_matches(['0', '-', '4', '8'])
            .to_owned()
    };
    match choose(referral, cases, closed) {
        Ok(Match::There(case, _)) => format!("there {}", last(case.id)),
        Ok(Match::Nowhere(Plan::Create)) => "create".to_owned(),
        Ok(Match::Nowhere(Plan::Append { case, .. })) => format!("append {}", last(case)),
        Err(Fault {
            kind: FaultKind::Hold(reason),
            ..
        }) => reason.to_string(),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn no_case_is_created_and_one_is_appended_to() {
    assert_eq!(found(&referral(), &[], ClosedCase::Hold), "create");
    assert_eq!(
        found(
            &referral(),
            &[case(1, "open", &json!(null))],
            ClosedCase::Hold
        ),
        "append 1"
    );
}

#[test]
fn a_service_is_recognised_by_its_id_its_number_or_its_guid() {
    for services in [
        json!([{ "unique_id": OURS }]),
        numbered("803-26-PRTITV-1000642"),
        numbered(" 803-26-PRTITV-1000642 , other, unit"),
        numbered(&format!("corrected-number,{},unit", GUID.to_uppercase())),
    ] {
        let cases = [case(1, "open", &services)];
        assert_eq!(
            found(&referral(), &cases, ClosedCase::Hold),
            "there 1",
            "{services}"
        );
    }
}

#[test]
fn a_number_that_begins_another_is_not_the_other() {
    for number in [
        "803-26-PRTITV-10006420",
        "803-26-PRTITV-100064",
        "x,y,803-26-PRTITV-1000642",
    ] {
        let cases = [case(1, "open", &numbered(number))];
        assert_eq!(
            found(&referral(), &cases, ClosedCase::Hold),
            "append 1",
            "{number}"
        );
    }
}

#[test]
fn of_several_cases_the_one_named_by_progres_or_the_only_open_one_is_taken() {
    let named = mapped(changed("progres_primeroid", "CASE-2")).expect("it maps");
    let both_open = [case(1, "open", &json!([])), case(2, "open", &json!([]))];
    assert_eq!(found(&named, &both_open, ClosedCase::Hold), "append 2");
    assert_eq!(
        found(&referral(), &both_open, ClosedCase::Hold),
        "ambiguous_case"
    );
    let one_open = [case(1, "closed", &json!([])), case(2, "open", &json!([]))];
    assert_eq!(found(&referral(), &one_open, ClosedCase::Hold), "append 2");
    let none_open = [case(1, "closed", &json!([])), case(2, "closed", &json!([]))];
    assert_eq!(
        found(&referral(), &none_open, ClosedCase::Append),
        "ambiguous_case"
    );
}

#[test]
fn the_case_that_holds_the_service_is_right_even_if_closed_or_one_of_several() {
    let service = || json!([{ "unique_id": OURS }]);
    assert_eq!(
        found(
            &referral(),
            &[case(1, "closed", &service())],
            ClosedCase::Hold
        ),
        "there 1"
    );
    let cases = [case(1, "open", &json!([])), case(2, "closed", &service())];
    assert_eq!(found(&referral(), &cases, ClosedCase::Hold), "there 2");
    let twice = [case(1, "open", &service()), case(2, "open", &service())];
    assert_eq!(
        found(&referral(), &twice, ClosedCase::Hold),
        "ambiguous_case"
    );
}

#[test]
fn a_closed_case_is_held_or_appended_to_as_the_profile_says() {
    let cases = [case(1, "closed", &json!([]))];
    assert_eq!(found(&referral(), &cases, ClosedCase::Hold), "case_closed");
    assert_eq!(found(&referral(), &cases, ClosedCase::Append), "append 1");
}

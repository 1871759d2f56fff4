use serde_json::{Value, json};

use super::*;
use crate::engine::FaultKind;
use crate::workflows::referrals_to_primero::testing::{changed, detail_rows, mapped, profile};

const OURS: &str = "310a6bfc-c5e5-54a2-89be-aeffe9542072";
const GUID: &str = "68b20e2a-4879-ee11-8179-000d3a43f6eb";

fn referral() -> Referral {
    mapped(detail_rows()).expect("it maps")
}

fn case(n: u8, status: &str, services: &Value) -> Case {
    case_with(n, status, services, "module_id", &json!("primeromodule-cp"))
}

fn case_with(n: u8, status: &str, services: &Value, field: &str, value: &Value) -> Case {
    let mut case = json!({
        "id": format!("00000000-0000-4000-8000-{n:012}"), "case_id": format!("case-{n}"), "enabled": true,
        "status": status, "module_id": "primeromodule-cp", "unhcr_individual_no": "803-100016547",
        "services_section": services,
    });
    case[field] = value.clone();
    serde_json::from_value(case).expect("a case")
}

fn of_another_module(n: u8, services: &Value) -> Case {
    case_with(
        n,
        "open",
        services,
        "module_id",
        &json!("primeromodule-gbv"),
    )
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
    let settings = PrimeroSettings {
        closed_case: closed,
        ..profile().primero
    };
    match choose(referral, cases, &settings) {
        Ok(Match::There(case, _)) => format!("there {}", last(case.id)),
        Ok(Match::Nowhere(Plan::Create)) => "create".to_owned(),
        Ok(Match::Nowhere(Plan::Append { case, .. })) => format!("append {}", last(case)),
        Err(Fault {
            kind: FaultKind::Hold(reason),
            fields,
            ..
        }) => [vec![reason.to_string()], fields].concat().join(" "),
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

#[test]
fn the_same_number_under_another_guid_is_another_service() {
    let other = "aaaaaaaa-4879-4e11-8179-0000aaaa0001";
    for (number, expected) in [
        (format!("803-26-PRTITV-1000642,{other},unit"), "append 1"),
        (
            format!("803-26-PRTITV-1000642, {{{other}}} ,unit"),
            "append 1",
        ),
        (format!("803-26-PRTITV-1000642,{GUID},unit"), "there 1"),
        ("803-26-PRTITV-1000642,,unit".to_owned(), "there 1"),
        ("803-26-PRTITV-1000642".to_owned(), "there 1"),
    ] {
        let cases = [case(1, "open", &numbered(&number))];
        assert_eq!(
            found(&referral(), &cases, ClosedCase::Hold),
            expected,
            "{number}"
        );
    }
}

#[test]
fn a_case_handed_over_or_marked_takes_no_service_whatever_the_profile_says_of_closed_ones() {
    for status in ["transferred", "duplicate", "awaiting_review"] {
        for closed in [ClosedCase::Hold, ClosedCase::Append] {
            let alone = [case(1, status, &json!([]))];
            let held = format!("case_closed {status}");
            assert_eq!(found(&referral(), &alone, closed), held);
            let beside_open = [case(1, status, &json!([])), case(2, "open", &json!([]))];
            assert_eq!(found(&referral(), &beside_open, closed), "append 2");
        }
    }
    let with_closed = [
        case(1, "transferred", &json!([])),
        case(2, "closed", &json!([])),
    ];
    assert_eq!(
        found(&referral(), &with_closed, ClosedCase::Hold),
        "case_closed transferred"
    );
    assert_eq!(
        found(&referral(), &with_closed, ClosedCase::Append),
        "append 2"
    );
    for status in ["", "Lindiwe's own words"] {
        let odd = [case(1, status, &json!([]))];
        assert_eq!(
            found(&referral(), &odd, ClosedCase::Append),
            "case_closed no status"
        );
    }
}

#[test]
fn progres_naming_a_case_that_is_not_open_does_not_make_it_take_a_service() {
    let named = mapped(changed("progres_primeroid", "case-1")).expect("it maps");
    let cases = [
        case(1, "transferred", &json!([])),
        case(2, "open", &json!([])),
    ];
    assert_eq!(found(&named, &cases, ClosedCase::Append), "append 2");
}

#[test]
fn a_case_of_another_module_is_never_written_to() {
    let foreign = || of_another_module(1, &json!([]));
    let held = "case_of_another_module";
    assert_eq!(found(&referral(), &[foreign()], ClosedCase::Append), held);
    let beside_ours = [foreign(), case(2, "open", &json!([]))];
    assert_eq!(
        found(&referral(), &beside_ours, ClosedCase::Hold),
        "append 2"
    );
    let named = mapped(changed("progres_primeroid", "case-1")).expect("it maps");
    assert_eq!(found(&named, &beside_ours, ClosedCase::Hold), "append 2");
    let service = json!([{ "unique_id": OURS }]);
    let with_service = [of_another_module(1, &service), case(2, "open", &json!([]))];
    assert_eq!(found(&referral(), &with_service, ClosedCase::Hold), held);
    let unknown = case_with(1, "open", &json!([]), "module_id", &json!(null));
    assert_eq!(found(&referral(), &[unknown], ClosedCase::Hold), held);
}

#[test]
fn a_case_of_which_nobody_can_tell_what_stands_on_it_gets_nothing() {
    for (field, value) in [
        ("services_section", json!({ "0": { "unique_id": OURS } })),
        ("services_section", json!("none")),
        ("enabled", json!("perhaps")),
        ("status", json!(["open"])),
        ("module_id", json!(["primeromodule-cp"])),
    ] {
        let odd = case_with(1, "open", &json!([]), field, &value);
        let beside = [odd, case(2, "open", &json!([]))];
        let held = format!("unreadable_record {field}");
        assert_eq!(found(&referral(), &beside, ClosedCase::Hold), held);
    }
}

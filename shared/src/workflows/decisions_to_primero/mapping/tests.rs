use serde_json::{Value, json};

use super::super::source::{
    CASE_ID, REJECTION_COMMENT, REJECTION_REASON, REJECTION_REASON_NAME as NAME, REVIEW_DATE,
    REVIEW_DECISION, SERVICE_ID, STATUS,
};
use super::super::testing::{
    CASE, INTEROP, SERVICE, changed, details, held, mapped, reviewed, with,
};
use super::*;
use crate::engine::FaultKind;
use crate::progres::Row;

/// What Primero is told: the status, and for a rejection its reason.
fn answered(rows: &[Row]) -> (&'static str, Option<String>) {
    match mapped(rows).expect("it maps").answer {
        ReferralAnswer::Accepted => ("accepted", None),
        ReferralAnswer::Rejected(reason) => ("rejected", reason.map(|text| text.expose().clone())),
    }
}

fn decided(status: Value, review: Value) -> Row {
    changed(&[(STATUS, status), (REVIEW_DECISION, review)])
}

fn unknown(field: &str) -> (Reason, Vec<String>) {
    (Reason::UnknownCode, vec![field.to_owned()])
}

fn contradicting() -> (Reason, Vec<String>) {
    (Reason::ContradictingCodes, vec![STATUS.to_owned()])
}

#[test]
fn a_rejection_is_mapped_with_its_reason_in_words_and_its_comment() {
    let referral = mapped(&[details()]).expect("it maps");
    assert_eq!(referral.id.to_string(), INTEROP);
    assert_eq!(referral.case_id.as_str(), CASE);
    assert_eq!(referral.service, SERVICE);
    let reason = "Individual Not Found — No such registration in this operation";
    assert_eq!(
        answered(&[details()]),
        ("rejected", Some(reason.to_owned()))
    );
}

#[test]
fn either_part_of_a_rejection_may_be_missing() {
    let reason = |row: Row| answered(&[row]).1;
    let comment = "No such registration in this operation".to_owned();
    let without_reason = [(REJECTION_REASON, Value::Null), (NAME, Value::Null)];
    assert_eq!(reason(changed(&without_reason)), Some(comment));
    let words = "Individual Not Found".to_owned();
    assert_eq!(reason(with(REJECTION_COMMENT, "  ")), Some(words));
    let neither = [
        (REJECTION_REASON, Value::Null),
        (NAME, json!(" ")),
        (REJECTION_COMMENT, json!("")),
    ];
    assert_eq!(reason(changed(&neither)), None);
}

#[test]
fn a_reason_that_is_given_only_by_its_name_is_kept() {
    let reason = |name: &str| {
        let named = [
            (REJECTION_REASON, Value::Null),
            (NAME, json!(name)),
            (REJECTION_COMMENT, Value::Null),
        ];
        answered(&[changed(&named)]).1
    };
    for name in ["Individual Not Found", "Moved to another operation"] {
        assert_eq!(reason(name).as_deref(), Some(name));
    }
}

#[test]
fn a_decision_that_is_given_only_by_its_name_is_that_decision() {
    let named = |name: &str| {
        let mut row = json!({ "progres_reviewdecisionname": name });
        for key in [CASE_ID, SERVICE_ID, REVIEW_DATE] {
            row[key] = details().text(key).into();
        }
        vec![super::super::testing::row(row)]
    };
    assert_eq!(answered(&named("Accepted")).0, "accepted");
    assert_eq!(answered(&named("rejected")).0, "rejected");
    assert_eq!(held(&named("Perhaps")), unknown(REVIEW_DECISION));
}

#[test]
fn the_comment_of_a_rejection_is_text_whatever_it_was_typed_in() {
    let comment = "<p>No such&nbsp;registration <b>here</b></p><p>Ask <amina@example.org></p>";
    let (_, reason) = answered(&[with(REJECTION_COMMENT, comment)]);
    let words = "Individual Not Found — No such registration here Ask <amina@example.org>";
    assert_eq!(reason.as_deref(), Some(words));
}

#[test]
fn an_unknown_reason_of_a_rejection_is_held_and_of_an_acceptance_is_nobodys_business() {
    let reason = (REJECTION_REASON, json!(125_080_003));
    let rejected = changed(std::slice::from_ref(&reason));
    assert_eq!(held(&[rejected]), unknown(REJECTION_REASON));
    let accepted = [
        reason,
        (STATUS, json!(125_080_001)),
        (REVIEW_DECISION, json!(125_080_000)),
    ];
    assert_eq!(answered(&[changed(&accepted)]), ("accepted", None));
}

#[test]
fn text_digits_are_the_code() {
    let row = decided(json!("125080001"), json!(" 125080000 "));
    assert_eq!(answered(&[row]), ("accepted", None));
}

#[test]
fn without_a_status_the_review_decision_is_read_by_its_own_table() {
    let review = |code: u32| answered(&[reviewed(code)]).0;
    assert_eq!(review(125_080_000), "accepted");
    // Of the status, the same number means accepted.
    assert_eq!(review(125_080_001), "rejected");
    let held = held(&[reviewed(125_080_002)]);
    assert_eq!(held, unknown(REVIEW_DECISION));
}

#[test]
fn where_no_code_can_be_read_nothing_is_accepted() {
    assert_eq!(held(&[reviewed(Value::Null)]), unknown(STATUS));
    for nonsense in [
        Value::Null,
        json!("  "),
        json!(125_080_004),
        json!("Accepted"),
        json!(true),
        json!([]),
        json!(-1),
    ] {
        let row = decided(nonsense.clone(), json!(125_080_000));
        assert_eq!(held(&[row]), unknown(STATUS), "{nonsense}");
    }
}

#[test]
fn codes_that_contradict_each_other_are_held() {
    let status_and_review = decided(json!(125_080_001), json!(125_080_001));
    assert_eq!(held(&[status_and_review]), contradicting());
    let other_way_round = decided(json!(125_080_002), json!(125_080_000));
    assert_eq!(held(&[other_way_round]), contradicting());
}

#[test]
fn what_somebody_else_has_marked_meanwhile_is_nothing_to_do() {
    let finished = decided(json!(125_080_003), json!(125_080_001));
    let fault = mapped(&[finished]).expect_err("it is no decision any more");
    assert_eq!(fault, Fault::skip(Reason::AlreadyFinished));
}

#[test]
fn what_the_list_showed_must_agree_with_a_review_decision_that_stands_alone() {
    let map_listed = |listed, row: Row| {
        let id = INTEROP.parse().expect("a GUID");
        let source = SourceDecision::fold(&[row]);
        map(id, Some(listed), &source, None).map_err(|fault| fault.kind)
    };
    let review = || reviewed(125_080_001);
    assert!(map_listed(InteropReferralStatus::Rejected, review()).is_ok());
    let contradiction = map_listed(InteropReferralStatus::Accepted, review());
    assert!(matches!(
        contradiction,
        Err(FaultKind::Hold(Reason::ContradictingCodes))
    ));
    // The list alone is not enough, and details that are newer than the list prevail.
    let bare = map_listed(InteropReferralStatus::Accepted, reviewed(Value::Null));
    assert!(matches!(bare, Err(FaultKind::Hold(Reason::UnknownCode))));
    assert!(map_listed(InteropReferralStatus::Accepted, details()).is_ok());
}

#[test]
fn everything_that_is_wrong_is_named_at_once() {
    let row = changed(&[
        (CASE_ID, Value::Null),
        (SERVICE_ID, json!(" ")),
        (REVIEW_DATE, json!("2026-02-30")),
        (STATUS, json!(7)),
    ]);
    let fields = [CASE_ID, SERVICE_ID, REVIEW_DATE, STATUS].map(str::to_owned);
    assert_eq!(
        held(&[row]),
        (Reason::MissingRequiredField, fields.to_vec())
    );
}

#[test]
fn rows_of_one_decision_that_disagree_are_held_and_never_picked_from() {
    let rows = [details(), with(STATUS, 125_080_001)];
    let fields = vec![STATUS.to_owned()];
    assert_eq!(held(&rows), (Reason::ContradictingRows, fields));
    assert!(mapped(&[details(), details()]).is_ok());
}

#[test]
fn ids_are_compared_in_lower_case() {
    let row = changed(&[
        (CASE_ID, json!(CASE.to_uppercase())),
        (SERVICE_ID, json!(format!(" {} ", SERVICE.to_uppercase()))),
    ]);
    let referral = mapped(&[row]).expect("it maps");
    assert_eq!(
        (referral.case_id.as_str(), &*referral.service),
        (CASE, SERVICE)
    );
}

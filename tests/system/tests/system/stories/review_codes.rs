//! Codes of UNHCR's decisions in every spelling: read by the field's own table or not at all, and never accepted by default (2.2).

use referral_bridge::domain::reason::Reason;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::store::RecordState;
use serde_json::{Value, json};

use crate::bridge::TestBridge;
use crate::wish::{ACCEPTED, REJECTED, Wish};

const STATUS: &str = "progres_interoperabilityreferralstatus";
const REVIEW: &str = "progres_reviewdecision";
const REASON: &str = "progres_interoperabiltyreferralrejectionreason";

/// The details of a decision with these codes; what is not named is not there.
fn details(wish: &Wish, codes: &[(&str, Value)]) -> Value {
    let mut row = wish.decision(Value::Null);
    let fields = row.as_object_mut().expect("a row");
    fields.remove(STATUS);
    for (field, code) in codes {
        fields.insert((*field).to_owned(), code.clone());
    }
    row
}

/// Decides about wishes with these codes and runs once; answers how each stands in Primero, and that only the decided ones were marked.
async fn standings(codes: &[Vec<(&str, Value)>]) -> Vec<(String, Option<Reason>)> {
    let bridge = TestBridge::start().await;
    let numbers = 1..=u32::try_from(codes.len()).expect("a few");
    let wishes: Vec<Wish> = numbers.map(|number| bridge.wish(number)).collect();
    for (wish, codes) in wishes.iter().zip(codes) {
        bridge.decide(details(wish, codes));
    }
    bridge.bring_decisions().await;
    let mut standings = Vec::new();
    for wish in &wishes {
        let status = bridge.referral(&wish.referral)["status"].clone();
        let status = status.as_str().expect("a word").to_owned();
        let marked = !bridge.marks_on(wish).is_empty();
        assert_eq!(marked, status != "in_progress", "{wish:?} is {status}");
        let key = wish.interop.to_string();
        let row = bridge.row_of(WorkflowName::DecisionsToPrimero, &key).await;
        let row = row.expect("nothing is dropped without a row");
        assert_eq!(row.state == RecordState::Held, !marked, "{row:?}");
        standings.push((status, row.reason));
    }
    standings
}

fn pending(reason: Reason) -> (String, Option<Reason>) {
    ("in_progress".to_owned(), Some(reason))
}

fn settled(status: &str) -> (String, Option<Reason>) {
    (status.to_owned(), None)
}

#[tokio::test]
async fn a_status_counts_as_number_or_as_digits_whatever_the_blanks_around_it() {
    let codes = [
        (json!(ACCEPTED), "accepted"),
        (json!("125080001"), "accepted"),
        (json!(" 125080001 "), "accepted"),
        (json!(REJECTED), "rejected"),
        (json!("125080002"), "rejected"),
    ];
    let rows: Vec<_> = codes
        .iter()
        .map(|(code, _)| vec![(STATUS, code.clone())])
        .collect();
    let expected: Vec<_> = codes.iter().map(|(_, status)| settled(status)).collect();
    assert_eq!(standings(&rows).await, expected);
}

#[tokio::test]
async fn a_status_that_is_no_code_of_its_field_is_held_and_nothing_is_told() {
    let codes = [
        Value::Null,
        json!(""),
        json!(" "),
        json!(0),
        json!(1),
        json!(125_080_000),
        json!(125_080_004),
        json!(125_080_009),
        json!("Accepted"),
        json!("accepted"),
        json!("001"),
        json!("125080001.0"),
        json!(true),
        json!([ACCEPTED]),
        json!({ "Id": ACCEPTED, "Name": "Accepted" }),
    ];
    let rows: Vec<_> = codes
        .iter()
        .map(|code| vec![(STATUS, code.clone())])
        .collect();
    for (code, found) in codes.iter().zip(standings(&rows).await) {
        assert_eq!(found, pending(Reason::UnknownCode), "{code}");
    }
}

#[tokio::test]
async fn a_review_decision_is_read_by_its_own_table_where_there_is_no_status() {
    let codes = [
        (json!(125_080_000), settled("accepted")),
        (json!("125080000"), settled("accepted")),
        // The same number means "accepted" in the field beside it.
        (json!(125_080_001), settled("rejected")),
        (json!("125080001"), settled("rejected")),
        (json!(125_080_002), pending(Reason::UnknownCode)),
        (json!("Accepted"), pending(Reason::UnknownCode)),
        (json!(false), pending(Reason::UnknownCode)),
        (Value::Null, pending(Reason::UnknownCode)),
    ];
    let rows: Vec<_> = codes
        .iter()
        .map(|(code, _)| vec![(REVIEW, code.clone())])
        .collect();
    let expected: Vec<_> = codes.into_iter().map(|(_, standing)| standing).collect();
    assert_eq!(standings(&rows).await, expected);
}

#[tokio::test]
async fn two_codes_must_agree_and_none_at_all_is_no_decision() {
    let both = |status: Value, review: Value| vec![(STATUS, status), (REVIEW, review)];
    let rows = [
        both(json!(ACCEPTED), json!(125_080_000)),
        both(json!("125080002"), json!("125080001")),
        both(json!(ACCEPTED), json!(125_080_001)),
        both(json!(REJECTED), json!(125_080_000)),
        both(json!(ACCEPTED), json!(125_080_009)),
        both(Value::Null, json!(125_080_000)),
        Vec::new(),
    ];
    let expected = [
        settled("accepted"),
        settled("rejected"),
        pending(Reason::ContradictingCodes),
        pending(Reason::ContradictingCodes),
        pending(Reason::UnknownCode),
        pending(Reason::UnknownCode),
        pending(Reason::UnknownCode),
    ];
    assert_eq!(standings(&rows).await, expected);
}

#[tokio::test]
async fn a_rejection_whose_reason_is_no_code_is_held_rather_than_told_without_it() {
    let rejected = |reason: Value| vec![(STATUS, json!(REJECTED)), (REASON, reason)];
    let rows = [
        rejected(json!(125_080_000)),
        rejected(json!("125080002")),
        rejected(json!(125_080_003)),
        rejected(json!("Not applicable")),
    ];
    let expected = [
        settled("rejected"),
        settled("rejected"),
        pending(Reason::UnknownCode),
        pending(Reason::UnknownCode),
    ];
    assert_eq!(standings(&rows).await, expected);
}

#[tokio::test]
async fn a_code_that_unhcr_corrects_is_brought_by_itself() {
    let bridge = TestBridge::start().await;
    let (status, review) = (bridge.wish(1), bridge.wish(2));
    bridge.decide(status.decision(125_080_007));
    bridge.decide(details(&review, &[(REVIEW, json!(125_080_007))]));
    let report = bridge.bring_decisions().await;
    assert_eq!(report.reasons[&Reason::UnknownCode], 2);
    let report = bridge.bring_decisions().await;
    assert_eq!((report.counts.held, bridge.effective_writes()), (2, 0));

    bridge.decide(status.decision(REJECTED));
    bridge.decide(details(&review, &[(REVIEW, json!(125_080_000))]));
    bridge.bring_decisions().await;

    assert_eq!(bridge.referral(&status.referral)["status"], "rejected");
    assert_eq!(bridge.referral(&review.referral)["status"], "accepted");
    for wish in [&status, &review] {
        assert_eq!(bridge.marks_on(wish).len(), 1, "{wish:?}");
    }
}

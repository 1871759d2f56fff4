//! What PING sends of one decision: the keys as it spells them, what its list says, and the rows of its details folded.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::domain::codes::{InteropReferralStatus, ReviewDecision};
use crate::domain::ids::{CaseId, InteropReferralId};
use crate::domain::pii::Pii;
use crate::domain::record::RecordKey;
use crate::progres::{Row, text_of};
use crate::workflows::details::Naming;
use crate::workflows::source_rows::Folded;

pub const REFERRAL_ID: &str = "progres_interoperabilityreferralid";
/// What people call the referral.
const NUMBER: &str = "progres_interoperabilityreferralnumber";
pub const STATUS: &str = "progres_interoperabilityreferralstatus";
pub const REVIEW_DECISION: &str = "progres_reviewdecision";
pub const REVIEW_DATE: &str = "progres_reviewdate";
/// The case, by its `case_id`.
pub const CASE_ID: &str = "progres_offlineid";
/// The service, by its `unique_id`.
pub const SERVICE_ID: &str = "progres_orgreferralid";
/// Spelt so by proGres.
pub const REJECTION_REASON: &str = "progres_interoperabiltyreferralrejectionreason";
/// The reason in words, where there is no code.
pub const REJECTION_REASON_NAME: &str = "progres_interoperabiltyreferralrejectionreasonname";
/// Spelt so by proGres.
pub const REJECTION_COMMENT: &str = "progres_interoperabilityreferralrejectionomment";

/// Every key that is mapped.
const MAPPED: [&str; 8] = [
    REFERRAL_ID,
    STATUS,
    REVIEW_DECISION,
    REVIEW_DATE,
    CASE_ID,
    SERVICE_ID,
    REJECTION_REASON,
    REJECTION_COMMENT,
];

/// How detail rows name their referral. Its codes are looked at by themselves.
pub const NAMING: Naming<InteropReferralId> = Naming {
    keys: &[REFERRAL_ID],
    id_of: referral_id,
    number_of: |row| row.text(NUMBER),
    texts: &[REVIEW_DATE, CASE_ID, SERVICE_ID, REJECTION_COMMENT],
};

/// What the list says of one referral.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// Decided, and Primero knows: no record.
    Finished,
    /// Its details tell; where the list shows a decision already, they must agree with it.
    Open(InteropReferralId, Option<InteropReferralStatus>),
    /// Its status is no code of the field.
    UnknownStatus(InteropReferralId),
    /// It names no referral.
    Nameless,
}

impl Listed {
    /// Reads a list row. A row without the field is open: its decision may stand in its details alone.
    pub fn of(row: &Row) -> Self {
        let status = status(row).map(|text| InteropReferralStatus::from_text(&text));
        match (referral_id(row), status) {
            (_, Some(Ok(InteropReferralStatus::Synced))) => Self::Finished,
            (None, _) => Self::Nameless,
            (Some(id), None) => Self::Open(id, None),
            (Some(id), Some(Ok(status))) => Self::Open(id, Some(status)),
            (Some(id), Some(Err(_))) => Self::UnknownStatus(id),
        }
    }
}

/// The referral that a row is about.
pub fn referral_id(row: &Row) -> Option<InteropReferralId> {
    row.id(REFERRAL_ID)?.parse().ok()
}

/// The record of 2.1 that a detail row is about, if it says which.
pub fn submission(row: &Row) -> Option<RecordKey> {
    let service = row.text(SERVICE_ID)?.parse().ok()?;
    Some(RecordKey::of_service(
        &CaseId::new(row.text(CASE_ID)?),
        service,
    ))
}

/// The details of one decision, its rows folded. Personal as a whole.
#[derive(Debug)]
pub struct SourceDecision {
    fields: Folded,
    /// The fields as they were read before `…name` twins were, if that makes a difference.
    older: Option<Folded>,
}

impl SourceDecision {
    /// Folds the rows of one decision.
    pub fn fold(rows: &[Row]) -> Self {
        let as_coded: Vec<_> = rows.iter().map(coded_fields).collect();
        let read: Vec<_> = rows.iter().map(mapped_fields).collect();
        Self {
            older: (read != as_coded).then(|| Folded::of(as_coded)),
            fields: Folded::of(read),
        }
    }

    /// A field as text, trimmed and not blank. Codes are digits, or what stands in their place.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.fields.text(key)
    }

    /// Keys of the fields in which the rows disagree.
    pub fn contradictions(&self) -> &[String] {
        self.fields.contradictions()
    }

    /// What the fingerprint is made of: every mapped field of every row, whatever the order of rows.
    pub fn fingerprint_input(&self) -> Pii<Vec<u8>> {
        input_of(&self.fields)
    }

    /// What a fingerprint was made of by older versions, where they read the same rows otherwise.
    pub fn fingerprint_input_of_older_readings(&self) -> Option<Pii<Vec<u8>>> {
        self.older.as_ref().map(input_of)
    }
}

fn input_of(fields: &Folded) -> Pii<Vec<u8>> {
    let input = serde_json::to_vec(fields.versions().expose());
    Pii::new(input.expect("texts always serialise"))
}

/// What stands in the fields that are mapped, and in the twin of a code where the code itself is missing.
fn mapped_fields(row: &Row) -> BTreeMap<String, String> {
    let mut fields = coded_fields(row);
    let status = status(row);
    fields.extend(status.map(|status| (STATUS.to_owned(), status)));
    if !fields.contains_key(REVIEW_DECISION) {
        let review = by_name(row, REVIEW_DECISION, |name| {
            ReviewDecision::named(name).map(ReviewDecision::number)
        });
        fields.extend(review.map(|review| (REVIEW_DECISION.to_owned(), review)));
    }
    if !fields.contains_key(REJECTION_REASON) {
        let name = row.text(REJECTION_REASON_NAME);
        fields.extend(name.map(|name| (REJECTION_REASON_NAME.to_owned(), name)));
    }
    fields
}

fn coded_fields(row: &Row) -> BTreeMap<String, String> {
    let field = |key: &&str| {
        let text = match *key {
            STATUS => row
                .has(STATUS)
                .then(|| code(row, STATUS).unwrap_or_else(empty)),
            REVIEW_DECISION | REJECTION_REASON => code(row, key),
            REFERRAL_ID => referral_id(row).map(|id| id.to_string()),
            _ => row.text(key),
        };
        Some(((*key).to_owned(), text?))
    };
    MAPPED.iter().filter_map(field).collect()
}

/// The status as text. Only where PING leaves the field out may another code speak for it; an empty status is one that we do not know,
/// unless its twin names it.
fn status(row: &Row) -> Option<String> {
    let named = || {
        by_name(row, STATUS, |name| {
            InteropReferralStatus::named(name).map(InteropReferralStatus::number)
        })
    };
    let status = code(row, STATUS).or_else(named);
    status.or_else(|| row.has(STATUS).then(empty))
}

fn empty() -> String {
    "empty".to_owned()
}

/// A code by the name that its twin has; a name that nobody knows stays a name, which is no code.
fn by_name(row: &Row, key: &str, number: impl Fn(&str) -> Option<u32>) -> Option<String> {
    let name = row.text(&format!("{key}name"))?;
    Some(number(&name).map_or(name, |number| number.to_string()))
}

/// A code as text. What is neither text nor number is no code, but it is not absent either.
fn code(row: &Row, key: &str) -> Option<String> {
    match row.get(key)? {
        value @ (Value::String(_) | Value::Number(_)) => text_of(value),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{details, row, with};
    use super::*;

    const ID: &str = "D19321EA-778E-405E-841D-B24F247662E3";

    fn listed(status: &Value) -> Listed {
        Listed::of(&row(json!({ REFERRAL_ID: ID, STATUS: status })))
    }

    fn id() -> InteropReferralId {
        ID.parse().expect("a GUID")
    }

    #[test]
    fn accepted_and_rejected_ones_are_open_in_digits_or_text() {
        let accepted = Listed::Open(id(), Some(InteropReferralStatus::Accepted));
        let rejected = Listed::Open(id(), Some(InteropReferralStatus::Rejected));
        assert_eq!(listed(&json!(125_080_001)), accepted);
        assert_eq!(listed(&json!(" 125080002 ")), rejected);
    }

    #[test]
    fn a_finished_one_is_no_record_and_one_without_a_status_is_left_to_its_details() {
        assert_eq!(listed(&json!("125080003")), Listed::Finished);
        let bare = Listed::of(&row(json!({ REFERRAL_ID: ID })));
        assert_eq!(bare, Listed::Open(id(), None));
    }

    #[test]
    fn any_other_status_is_unknown() {
        for status in [
            json!(125_080_000),
            json!(125_080_004),
            json!("Accepted"),
            Value::Null,
            json!(" "),
            json!(true),
            json!({ "Name": "Accepted" }),
            json!(125_080_001.5),
        ] {
            assert_eq!(listed(&status), Listed::UnknownStatus(id()), "{status}");
        }
    }

    #[test]
    fn a_code_that_is_given_only_by_its_name_is_that_code() {
        let name = format!("{STATUS}name");
        let named = |code: Value, words: &str| {
            Listed::of(&row(
                json!({ REFERRAL_ID: ID, STATUS: code, name.clone(): words }),
            ))
        };
        let accepted = Listed::Open(id(), Some(InteropReferralStatus::Accepted));
        assert_eq!(named(Value::Null, "accepted"), accepted);
        assert_eq!(named(json!(125_080_001), "Rejected"), accepted);
        assert_eq!(named(Value::Null, "Synced with PRIMERO"), Listed::Finished);
        let unknown = Listed::UnknownStatus(id());
        assert_eq!(named(Value::Null, "Parked"), unknown);
        assert_eq!(named(json!(125_080_009), "Accepted"), unknown);
    }

    #[test]
    fn a_name_that_is_read_now_is_no_change_of_what_was_known_before() {
        let named = with(REJECTION_REASON, Value::Null);
        let source = SourceDecision::fold(&[named]);
        let older = source.fingerprint_input_of_older_readings();
        let older = older.expect("it was read otherwise");
        let text = String::from_utf8(older.expose().clone()).expect("JSON");
        assert!(!text.contains(REJECTION_REASON_NAME), "{text}");
        let coded = SourceDecision::fold(&[details()]);
        assert!(coded.fingerprint_input_of_older_readings().is_none());
    }

    #[test]
    fn a_row_that_names_no_referral_is_nameless() {
        for id in [json!(null), json!("soon"), json!(7)] {
            let row = row(json!({ REFERRAL_ID: id, STATUS: 125_080_001 }));
            assert_eq!(Listed::of(&row), Listed::Nameless);
        }
    }

    #[test]
    fn the_fingerprint_ignores_order_and_what_is_not_mapped_and_nothing_else() {
        let print = |rows: &[Row]| SourceDecision::fold(rows).fingerprint_input();
        let before = print(&[details()]);
        assert!(print(&[details(), details()]) == before);
        assert!(print(&[with("progres_requestedservice", "x")]) == before);
        for key in MAPPED {
            assert!(print(&[with(key, "else")]) != before, "{key}");
        }
    }
}

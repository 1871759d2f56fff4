//! The ways in which cases are asked for.

use super::asking::Asking;
use super::case::Case;
use super::control::Control;
use crate::domain::ids::{CaseId, CaseRecordId};
use crate::domain::pii::Pii;

/// A way of asking for cases: by which field, and how its value is found in a case and in the control entry.
pub struct Kind<K> {
    pub field: &'static str,
    pub asking: fn(&K) -> Asking,
    /// Many in one call.
    pub together: fn(&[K]) -> Vec<(String, String)>,
    /// One by itself, at top level.
    pub alone: fn(&K) -> (String, String),
    pub of_case: fn(&Case) -> Option<K>,
    pub of_control: fn(&Control) -> Option<K>,
}

pub const BY_NUMBER: Kind<Pii<String>> = Kind {
    field: "unhcr_individual_no",
    asking: |number| Asking::of(number.expose()),
    together: |numbers| {
        any_of(
            "unhcr_individual_no",
            numbers.iter().map(|n| n.expose().as_str()),
        )
    },
    alone: |number| ("unhcr_individual_no".to_owned(), number.expose().clone()),
    of_case: |case| case.individual_no.clone(),
    of_control: |control| Some(control.individual_no.clone()),
};

pub const BY_CASE_ID: Kind<CaseId> = Kind {
    field: "case_id",
    asking: |id| Asking::of(id.as_str()),
    together: |ids| any_of("case_id", ids.iter().map(CaseId::as_str)),
    alone: |id| ("case_id".to_owned(), id.as_str().to_owned()),
    of_case: |case| case.case_id.clone(),
    of_control: |control| control.case_id.clone(),
};

pub const BY_ID: Kind<CaseRecordId> = Kind {
    field: "id",
    asking: |_| Asking::Together,
    together: |ids| {
        let list: Vec<String> = ids.iter().map(ToString::to_string).collect();
        vec![("id".to_owned(), list.join(","))]
    },
    alone: |id| ("id".to_owned(), id.to_string()),
    of_case: |case| Some(case.id),
    of_control: |control| Some(control.id),
};

/// Alternatives need indexes: `or[][field]` answers the whole table.
fn any_of<'v>(field: &str, values: impl Iterator<Item = &'v str>) -> Vec<(String, String)> {
    let entry = |(i, value): (usize, &str)| (format!("or[{i}][{field}]"), value.to_owned());
    values.enumerate().map(entry).collect()
}

/// One look-up: what is asked for, and in which way.
pub struct Asked<'k, K> {
    pub kind: &'k Kind<K>,
    pub fields: &'k str,
}

impl<K> Clone for Asked<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Asked<'_, K> {}

//! How a PATCH meets the stored case.

use super::Fields;
use super::forms::{Forms, Kind};
use super::state::Ids;
use serde_json::{Value, json};

/// Puts the sent fields into the case. Subform rows merge by `unique_id`; an empty or null subform
/// changes nothing.
pub(super) fn merge(case: &mut Fields, sent: Fields, forms: &Forms, ids: &mut Ids) {
    for (name, value) in sent {
        if forms.kind(&name) == Some(&Kind::Subform) {
            merge_rows(case, name, value, ids);
        } else {
            case.insert(name, value);
        }
    }
}

fn merge_rows(case: &mut Fields, subform: String, sent: Value, ids: &mut Ids) {
    let Value::Array(sent) = sent else { return };
    if sent.is_empty() {
        return;
    }
    let mut rows = match case.remove(&subform) {
        Some(Value::Array(rows)) => rows,
        _ => Vec::new(),
    };
    // A row is looked for among those stored before: the same new id twice appends two rows.
    let stored = rows.len();
    let mut destroyed = Vec::new();
    for row in sent.into_iter().filter_map(into_row) {
        let id = row.get("unique_id").filter(|id| id.is_string()).cloned();
        let at = id
            .as_ref()
            .and_then(|id| rows[..stored].iter().position(|r| r["unique_id"] == *id));
        match at {
            _ if row.get("_destroy") == Some(&json!(true)) => destroyed.extend(at),
            Some(at) => update_row(&mut rows[at], row),
            None => rows.push(new_row(row, ids)),
        }
    }
    let mut position = 0..;
    rows.retain(|_| position.next().is_none_or(|at| !destroyed.contains(&at)));
    case.insert(subform, Value::Array(rows));
}

fn into_row(value: Value) -> Option<Fields> {
    match value {
        Value::Object(row) => Some(row),
        _ => None,
    }
}

fn update_row(stored: &mut Value, mut sent: Fields) {
    sent.remove("_destroy");
    let fields = stored
        .as_object_mut()
        .expect("a row with an id is an object");
    fields.extend(sent);
    finish(fields);
}

fn new_row(mut row: Fields, ids: &mut Ids) -> Value {
    row.remove("_destroy");
    row.entry("unique_id").or_insert_with(|| json!(ids.fresh()));
    finish(&mut row);
    Value::Object(row)
}

/// A service with a type counts as not implemented until somebody says otherwise.
fn finish(row: &mut Fields) {
    if row.get("service_type").is_some_and(Value::is_string) {
        row.entry("service_implemented")
            .or_insert_with(|| json!("not_implemented"));
    }
}

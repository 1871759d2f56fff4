//! The checks behind 422: does each value fit its field?

use super::Fields;
use super::error_body::Refusal;
use super::forms::{Forms, Kind};
use super::moment::{instant_text, read_date, read_instant};
use jiff::civil::Date;
use serde_json::{Value, json};

/// Checks the fields that forms know; others were dropped before. `strict_options` refuses unknown
/// options of select fields.
pub(super) fn check(
    fields: &Fields,
    forms: &Forms,
    strict_options: bool,
    today: Date,
) -> Result<(), Refusal> {
    let mut faults = Vec::new();
    let check = Check {
        forms,
        strict_options,
    };
    if fields
        .get("module_id")
        .is_some_and(|m| !m.as_str().is_some_and(Forms::is_module))
    {
        faults.push("/module_id".to_owned());
    }
    for (name, value) in fields {
        if let Some(kind) = forms.kind(name) {
            check.value(&format!("/{name}"), name, kind, value, &mut faults);
        }
    }
    if !faults.is_empty() {
        return Err(Refusal::invalid_fields(&faults));
    }
    let born = fields
        .get("date_of_birth")
        .and_then(Value::as_str)
        .and_then(read_date);
    if born.is_some_and(|born| born > today) {
        let message = "Please enter a valid date of birth for this case record";
        return Err(Refusal::broken_rule("date_of_birth", message));
    }
    Ok(())
}

/// Rewrites instants as the server stores them: in UTC, with milliseconds.
pub(super) fn normalise(fields: &mut Fields, forms: &Forms) {
    for (name, value) in fields {
        match forms.kind(name) {
            Some(Kind::DateTime) => normalise_instant(value),
            Some(Kind::Subform) => {
                let kinds = forms.subform(name);
                for row in value.as_array_mut().into_iter().flatten() {
                    for (field, value) in row.as_object_mut().into_iter().flatten() {
                        if kinds.and_then(|kinds| kinds.get(field)) == Some(&Kind::DateTime) {
                            normalise_instant(value);
                        }
                    }
                }
            }
            _ => {}
        }
    }
}

/// A UUID in lower case with dashes, the only form Primero takes from a client.
pub(super) fn is_client_uuid(text: &str) -> bool {
    text.len() == 36
        && text
            .bytes()
            .all(|b| b == b'-' || b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        && uuid::Uuid::try_parse(text).is_ok()
}

/// Takes out, without a word, what does not even have the shape of its field: one value for a field of several, several for a field of
/// one. That is how the server reads a request, before it checks anything.
pub(super) fn drop_misshapen(fields: &mut Fields, forms: &Forms) {
    fields.retain(|name, value| fits_shape(forms.kind(name), value));
    for (name, value) in fields {
        let Some(kinds) = forms.subform(name) else {
            continue;
        };
        for row in value.as_array_mut().into_iter().flatten() {
            if let Some(row) = row.as_object_mut() {
                row.retain(|field, value| fits_shape(kinds.get(field), value));
            }
        }
    }
}

fn fits_shape(kind: Option<&Kind>, value: &Value) -> bool {
    match kind {
        Some(Kind::Select { multi: true, .. }) => value.is_array() || value.is_null(),
        Some(Kind::Subform) | None => true,
        Some(_) => !value.is_array() && !value.is_object(),
    }
}

struct Check<'f> {
    forms: &'f Forms,
    strict_options: bool,
}

impl Check<'_> {
    fn value(&self, path: &str, name: &str, kind: &Kind, value: &Value, faults: &mut Vec<String>) {
        let fits = match kind {
            Kind::Subform => return self.rows(path, name, value, faults),
            Kind::Select { lookup, multi } => {
                return self.select(path, lookup.as_deref(), *multi, value, faults);
            }
            Kind::Text => value.is_null() || value.as_str().is_some_and(|text| !is_moment(text)),
            Kind::Number => value.is_null() || value.is_i64() || value.is_u64(),
            Kind::Date => {
                value.is_null() || value.as_str().is_some_and(|text| read_date(text).is_some())
            }
            Kind::DateTime => {
                value.is_null()
                    || value
                        .as_str()
                        .is_some_and(|text| read_instant(text).is_some())
            }
            Kind::Tick => value.is_boolean(),
        };
        if !fits {
            faults.push(path.to_owned());
        }
    }

    /// An unknown option breaks two rules of the server's schema, so it is reported twice.
    fn select(
        &self,
        path: &str,
        lookup: Option<&str>,
        multi: bool,
        value: &Value,
        faults: &mut Vec<String>,
    ) {
        let items = match value {
            Value::Null => return,
            Value::Array(items) if multi => items.iter().enumerate().collect(),
            Value::Array(_) => return faults.push(path.to_owned()),
            _ if multi => return faults.push(path.to_owned()),
            single => vec![(0, single)],
        };
        for (at, item) in items {
            let path = if multi {
                format!("{path}/{at}")
            } else {
                path.to_owned()
            };
            let Some(option) = item.as_str() else {
                faults.push(path);
                continue;
            };
            let is_known = lookup.is_none_or(|l| self.forms.lookups.has_option(l, option));
            if self.strict_options && !option.is_empty() && !is_known {
                faults.extend([path.clone(), path]);
            }
        }
    }

    fn rows(&self, path: &str, subform: &str, value: &Value, faults: &mut Vec<String>) {
        let rows = match value {
            Value::Null => return,
            Value::Array(rows) => rows,
            _ => return faults.push(path.to_owned()),
        };
        for (at, row) in rows.iter().enumerate() {
            let path = format!("{path}/{at}");
            let Some(row) = row.as_object() else {
                faults.push(path);
                continue;
            };
            if row
                .get("unique_id")
                .is_some_and(|id| !id.as_str().is_some_and(is_client_uuid))
            {
                faults.push(format!("{path}/unique_id"));
            }
            for (name, value) in row {
                let kind = self
                    .forms
                    .subform(subform)
                    .and_then(|kinds| kinds.get(name));
                if let Some(kind) = kind {
                    self.value(&format!("{path}/{name}"), name, kind, value, faults);
                }
            }
        }
    }
}

/// The server turns such a text into a date before it looks at the field's kind.
fn is_moment(text: &str) -> bool {
    read_date(text).is_some() || read_instant(text).is_some()
}

fn normalise_instant(value: &mut Value) {
    if let Some(at) = value.as_str().and_then(read_instant) {
        *value = json!(instant_text(at));
    }
}

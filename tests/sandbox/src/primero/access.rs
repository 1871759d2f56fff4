//! Which fields a user reads and writes.

use super::forms::{CHILD_PROTECTION, Forms};
use super::state::Case;
use super::users::User;
use super::{Fields, Primero};
use serde_json::{Value, json};

/// Readable whatever forms the role has.
const ALWAYS_READ: [&str; 21] = [
    "id",
    "enabled",
    "age",
    "sex",
    "status",
    "owned_by",
    "owned_by_agency_id",
    "short_id",
    "case_id_display",
    "workflow",
    "module_id",
    "created_at",
    "created_by",
    "last_updated_at",
    "last_updated_by",
    "record_state",
    "registration_date",
    "assigned_user_names",
    "associated_user_names",
    "consent_for_services",
    "disclosure_other_orgs",
];

/// Readable, but shown only when asked for by name.
const ONLY_BY_NAME: [&str; 2] = ["last_updated_by", "created_by"];

/// What `fields=short` and a search by id show.
pub(super) const SHORT: [&str; 13] = [
    "age",
    "sex",
    "name",
    "status",
    "owned_by",
    "short_id",
    "workflow",
    "module_id",
    "created_at",
    "case_id_display",
    "registration_date",
    "owned_by_agency_id",
    "last_updated_at",
];

/// Writable without a module; everything else needs a form of the case's module.
const ALWAYS_WRITTEN: [&str; 5] = [
    "module_id",
    "status",
    "owned_by",
    "created_at",
    "record_state",
];

/// The server's own fields, which some form shows too.
const NEVER_WRITTEN: [&str; 4] = ["case_id", "short_id", "case_id_display", "last_updated_at"];

/// Who looks, and through which forms.
#[derive(Clone, Copy)]
pub(super) struct View<'v> {
    pub(super) user: &'v User,
    pub(super) forms: &'v Forms,
    shows_null_names: bool,
}

impl<'v> View<'v> {
    pub(super) fn of(user: &'v User, primero: &'v Primero) -> Self {
        Self {
            user,
            forms: primero.forms(),
            shows_null_names: primero.release().shows_null_names(),
        }
    }
}

/// True when a filter or `fields=` of this user may name the field, the case's module aside.
pub(super) fn may_read(field: &str, user: &User, forms: &Forms) -> bool {
    ALWAYS_READ.contains(&field) || reads_form_field(field, user, forms)
}

/// The fields of a sent record that the server takes from this user for a case of this module.
pub(super) fn writable(sent: &Fields, module: Option<&str>, user: &User, forms: &Forms) -> Fields {
    let has_forms = module == Some(CHILD_PROTECTION);
    let takes = |field: &str| {
        ALWAYS_WRITTEN.contains(&field)
            || (has_forms
                && !NEVER_WRITTEN.contains(&field)
                && writes_form_field(field, user, forms))
    };
    let rows = |field: &str, value: &Value| match value {
        Value::Array(rows) if forms.subform(field).is_some() => {
            let known = |row: &Value| match row {
                Value::Object(row) => Value::Object(forms.known_row_fields(field, row)),
                other => other.clone(),
            };
            Value::Array(rows.iter().map(known).collect())
        }
        other => other.clone(),
    };
    let kept = sent.iter().filter(|(field, _)| takes(field));
    kept.map(|(field, value)| (field.clone(), rows(field, value)))
        .collect()
}

/// The case as this user sees it alone: a module without the forms hides their fields.
pub(super) fn view_alone(case: &Case, asked: Option<&[&str]>, by: View<'_>) -> Value {
    let View { user, forms, .. } = by;
    let module = case.text("module_id");
    let has_forms = module.is_none_or(|module| module == CHILD_PROTECTION);
    view(case, asked, by, &|field| {
        ALWAYS_READ.contains(&field) || (has_forms && reads_form_field(field, user, forms))
    })
}

/// The case as this user sees it in a list: the case's module plays no part.
pub(super) fn view_in_list(case: &Case, asked: Option<&[&str]>, by: View<'_>) -> Value {
    view(case, asked, by, &|field| may_read(field, by.user, by.forms))
}

/// `asked` limits the view to some fields, `None` shows all.
fn view(case: &Case, asked: Option<&[&str]>, by: View<'_>, reads: &dyn Fn(&str) -> bool) -> Value {
    let is_asked = |field: &str| match asked {
        Some(asked) => asked.contains(&field),
        None => !ONLY_BY_NAME.contains(&field),
    };
    let mut shown: Fields = match asked {
        Some(asked) => {
            let present = asked.iter().filter(|field| reads(field));
            present
                .filter_map(|f| case.fields.get_key_value(*f))
                .map(owned)
                .collect()
        }
        None => case
            .fields
            .iter()
            .filter(|(f, _)| reads(f) && is_asked(f))
            .map(owned)
            .collect(),
    };
    if reads("name") && is_asked("name") {
        shown.entry("name").or_insert(Value::Null);
    }
    if !by.shows_null_names && shown.get("name").is_some_and(Value::is_null) {
        shown.remove("name");
    }
    for field in ["id", "last_updated_at"] {
        shown.insert(
            field.to_owned(),
            case.fields.get(field).cloned().unwrap_or_default(),
        );
    }
    shown.insert("enabled".to_owned(), json!(case.is_enabled()));
    Value::Object(shown)
}

fn owned((field, value): (&String, &Value)) -> (String, Value) {
    (field.clone(), value.clone())
}

fn reads_form_field(field: &str, user: &User, forms: &Forms) -> bool {
    forms.having(field).any(|form| user.may_read_form(form))
}

fn writes_form_field(field: &str, user: &User, forms: &Forms) -> bool {
    forms.having(field).any(|form| user.may_write_form(form))
}

//! What the server itself writes into a case when somebody creates or changes it.

use super::Fields;
use super::moment::{date_text, instant_text, read_instant};
use super::state::{Case, Ids, State};
use super::users::User;
use jiff::Timestamp;
use serde_json::{Value, json};

/// The fields from which the shown name is made, in its order.
const NAME_PARTS: [&str; 3] = ["name_first", "name_middle", "name_last"];

/// Everything a new case has before the client's fields come in.
pub(super) fn blank(id: Value, now: Timestamp) -> Fields {
    let mut fields = Fields::new();
    fields.insert("id".to_owned(), id);
    fields.insert("record_state".to_owned(), json!(true));
    fields.insert("status".to_owned(), json!("open"));
    fields.insert("registration_date".to_owned(), json!(date_text(now)));
    fields.insert("workflow".to_owned(), json!("new"));
    fields.insert("created_at".to_owned(), json!(instant_text(now)));
    fields.insert("last_updated_at".to_owned(), json!(instant_text(now)));
    fields
}

/// Completes a new case after the client's fields were put in.
pub(super) fn born(mut fields: Fields, creator: &User, state: &mut State) -> Case {
    fields
        .entry("owned_by")
        .or_insert_with(|| json!(creator.user_name));
    fields.insert("created_by".to_owned(), json!(creator.user_name));
    identify(&mut fields, &mut state.ids);
    name_after_parts(&mut fields);
    belong_to_owner(&mut fields, state);
    if !is_user(state, &fields["owned_by"]) {
        fields.insert("owned_by".to_owned(), Value::Null);
    }
    if let Some(workflow) = workflow_of_services(&fields) {
        fields.insert("workflow".to_owned(), json!(workflow));
    }
    Case::new(fields)
}

/// An owner whom nobody knows is put back without a word: to the owner before, of a new case to nobody.
fn is_user(state: &State, owner: &Value) -> bool {
    let name = owner.as_str();
    name.is_some_and(|name| state.user(name).is_some())
}

/// Gives a case its `case_id` and the short forms of it, unless it has them.
pub(super) fn identify(fields: &mut Fields, ids: &mut Ids) {
    let case_id = fields
        .entry("case_id")
        .or_insert_with(|| json!(ids.fresh()))
        .clone();
    let text = case_id.as_str().unwrap_or_default();
    let short = text
        .char_indices()
        .rev()
        .nth(6)
        .map_or(text, |(at, _)| &text[at..]);
    fields.entry("short_id").or_insert_with(|| json!(short));
    fields
        .entry("case_id_display")
        .or_insert_with(|| json!(short));
}

/// Applies the server's rules to a case that `editor` changed; `before` is the stored one.
pub(super) fn edited(
    mut fields: Fields,
    before: &Case,
    editor: &User,
    state: &State,
    now: Timestamp,
) -> Case {
    let changed = |fields: &Fields, name: &str| fields.get(name) != before.fields.get(name);
    if NAME_PARTS.iter().any(|part| changed(&fields, part)) {
        name_after_parts(&mut fields);
    }
    if changed(&fields, "owned_by") && !is_user(state, &fields["owned_by"]) {
        let previous = before.fields.get("owned_by").cloned();
        fields.insert("owned_by".to_owned(), previous.unwrap_or_default());
    }
    if changed(&fields, "owned_by") {
        let previous = |name: &str| before.fields.get(name).cloned().unwrap_or_default();
        fields.insert("previously_owned_by".to_owned(), previous("owned_by"));
        fields.insert(
            "previously_owned_by_agency".to_owned(),
            previous("owned_by_agency_id"),
        );
        belong_to_owner(&mut fields, state);
    }
    if changed(&fields, "status") && fields["status"] == "closed" {
        fields.insert("workflow".to_owned(), json!("closed"));
        fields.insert("date_closure".to_owned(), json!(date_text(now)));
    }
    let owner_edits = fields.get("owned_by") == Some(&json!(editor.user_name));
    if changed(&fields, "services_section") {
        if let Some(workflow) = workflow_of_services(&fields) {
            fields.insert("workflow".to_owned(), json!(workflow));
        }
        if !owner_edits {
            raise_alert(&mut fields, "services");
        }
    }
    sign(&mut fields, editor, owner_edits);
    fields.insert("last_updated_at".to_owned(), json!(instant_text(now)));
    Case::new(fields)
}

/// A time that the client may set; one that cannot be read leaves the stored one.
pub(super) fn take_created_at(sent: &mut Fields) {
    if let Some(value) = sent.remove("created_at") {
        let at = value.as_str().and_then(read_instant);
        sent.extend(at.map(|at| ("created_at".to_owned(), json!(instant_text(at)))));
    }
}

/// Adds an alert to those shown, once.
pub(super) fn raise_alert(fields: &mut Fields, alert: &str) {
    let alerts = fields
        .entry("current_alert_types")
        .or_insert_with(|| json!([]));
    if let Some(alerts) = alerts
        .as_array_mut()
        .filter(|alerts| !alerts.contains(&json!(alert)))
    {
        alerts.push(json!(alert));
    }
}

/// Fields that differ, with their new values.
pub(super) fn changes(before: &Case, after: &Case) -> Fields {
    let changed = after
        .fields
        .iter()
        .filter(|(name, value)| before.fields.get(*name) != Some(*value));
    changed
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn sign(fields: &mut Fields, editor: &User, owner_edits: bool) {
    if !owner_edits || fields.contains_key("not_edited_by_owner") {
        fields.insert("not_edited_by_owner".to_owned(), json!(!owner_edits));
    }
    fields.insert("last_updated_by".to_owned(), json!(editor.user_name));
    fields.insert(
        "last_updated_by_full_name".to_owned(),
        json!(editor.full_name),
    );
    fields.insert("last_updated_organization".to_owned(), json!(editor.agency));
}

fn belong_to_owner(fields: &mut Fields, state: &State) {
    let owner = fields
        .get("owned_by")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let agency = state.user(owner).map(|user| user.agency.clone());
    let names = json!([owner]);
    fields.insert("associated_user_names".to_owned(), names);
    fields.insert("owned_by_agency_id".to_owned(), json!(agency));
    fields.insert("associated_user_agencies".to_owned(), json!([agency]));
}

/// The shown name follows its parts; a case that never had parts keeps the name it was given.
fn name_after_parts(fields: &mut Fields) {
    if !NAME_PARTS.iter().any(|part| fields.contains_key(*part)) {
        return;
    }
    let parts = NAME_PARTS
        .iter()
        .filter_map(|part| fields.get(*part)?.as_str());
    let name = parts
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    fields.insert(
        "name".to_owned(),
        if name.is_empty() {
            Value::Null
        } else {
            json!(name)
        },
    );
}

/// Where the services take an open case: all implemented, or the latest one's kind of response.
fn workflow_of_services(fields: &Fields) -> Option<String> {
    if fields.get("status") == Some(&json!("closed")) {
        return None;
    }
    let services = fields.get("services_section")?.as_array()?;
    let mut open = services
        .iter()
        .filter(|row| row["service_implemented"] != "implemented");
    if !services.is_empty() && open.clone().next().is_none() {
        return Some("services_implemented".to_owned());
    }
    let latest = open.rfind(|row| row["service_response_type"].is_string())?;
    latest["service_response_type"].as_str().map(str::to_owned)
}

//! Creating, showing and changing one case.

use super::Fields;
use super::Primero;
use super::access::{View, may_read, view_alone, writable};
use super::call::Call;
use super::error_body::Refusal;
use super::life;
use super::listing::asked_fields;
use super::merge::merge;
use super::server::Answer;
use super::state::{Case, State};
use super::users::User;
use super::validation::{check, drop_misshapen, is_client_uuid, normalise};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

/// Shown in the answer to a PATCH although no form has them.
const ANSWERED: [&str; 4] = [
    "not_edited_by_owner",
    "previously_owned_by",
    "previously_owned_by_agency",
    "current_alert_types",
];

/// `POST /api/v2/cases`.
pub(super) async fn create(primero: &Primero, user: &User, call: &Call) -> Result<Answer, Refusal> {
    if !user.role.may_write() {
        return Err(Refusal::Forbidden);
    }
    let sent = data_of(call)?;
    let client_id = client_id(&sent)?;
    let case = new_case(primero, user, &sent, client_id.as_deref())?;
    primero.saves().pass().await;
    let mut state = primero.state();
    if state.cases.get(case.id()).is_some() {
        return Err(Refusal::Conflict);
    }
    let shown = changed_fields(&case, case.fields.clone(), user, primero);
    state.cases.write(case);
    if client_id.is_some() {
        return Ok(Answer::changed_without_body());
    }
    Ok(Answer::changed(json!({ "data": shown })))
}

/// `GET /api/v2/cases/:id`.
pub(super) fn show(
    primero: &Primero,
    user: &User,
    call: &Call,
    id: &str,
) -> Result<Answer, Refusal> {
    let state = primero.state();
    let case = open_case(&state, user, id)?;
    let asked = asked_fields(&call.query);
    let by = View::of(user, primero);
    let shown = view_alone(case, asked.as_deref(), by);
    Ok(Answer::unchanged(json!({ "data": shown })))
}

/// `PATCH /api/v2/cases/:id`. There is no locking, as on the real server: the whole case is read,
/// changed and written back, and what another request wrote in between is lost.
pub(super) async fn change(
    primero: &Primero,
    user: &User,
    call: &Call,
    id: &str,
) -> Result<Answer, Refusal> {
    let (before, after) = {
        let mut state = primero.state();
        let before = open_case(&state, user, id)?.clone();
        if !user.role.may_write() {
            return Err(Refusal::Forbidden);
        }
        let mut sent = data_of(call)?;
        sent.remove("id");
        let after = merged(primero, &mut state, &before, user, &sent)?;
        (before, after)
    };
    primero.saves().pass().await;
    let shown = changed_fields(&after, life::changes(&before, &after), user, primero);
    primero.state().cases.write(after);
    Ok(Answer::changed(json!({ "data": shown })))
}

/// `DELETE /api/v2/cases/:id`: nobody may.
pub(super) fn delete(primero: &Primero, user: &User, id: &str) -> Result<Answer, Refusal> {
    open_case(&primero.state(), user, id)?;
    Err(Refusal::Forbidden)
}

/// The case, if it exists and the user's role covers it.
pub(super) fn open_case<'s>(state: &'s State, user: &User, id: &str) -> Result<&'s Case, Refusal> {
    let case = state.cases.get(id);
    let case = case.ok_or(Refusal::NoSuchRecord {
        kind: "Child",
        id: id.to_owned(),
    })?;
    if state.opens(case, user) && !state.locked_cases.contains(id) {
        Ok(case)
    } else {
        Err(Refusal::Forbidden)
    }
}

fn new_case(
    primero: &Primero,
    user: &User,
    sent: &Fields,
    client_id: Option<&str>,
) -> Result<Case, Refusal> {
    let mut state = primero.state();
    if client_id.is_some_and(|id| state.cases.get(id).is_some()) {
        return Err(Refusal::Conflict);
    }
    let now = primero.now();
    let module = sent.get("module_id").and_then(Value::as_str);
    let kept = checked(primero, user, sent, module, now)?;
    let id = client_id.map_or_else(|| json!(state.ids.fresh()), |id| json!(id));
    let mut fields = life::blank(id, now);
    merge(&mut fields, kept, primero.forms(), &mut state.ids);
    Ok(life::born(fields, user, &mut state))
}

fn merged(
    primero: &Primero,
    state: &mut State,
    before: &Case,
    user: &User,
    sent: &Fields,
) -> Result<Case, Refusal> {
    let now = primero.now();
    let module = sent
        .get("module_id")
        .and_then(Value::as_str)
        .or(before.text("module_id"));
    let kept = checked(primero, user, sent, module, now)?;
    let mut fields = before.fields.clone();
    merge(&mut fields, kept, primero.forms(), &mut state.ids);
    Ok(life::edited(fields, before, user, state, now))
}

/// The sent fields that the server takes, checked and in the form in which it stores them.
fn checked(
    primero: &Primero,
    user: &User,
    sent: &Fields,
    module: Option<&str>,
    now: Timestamp,
) -> Result<Fields, Refusal> {
    let forms = primero.forms();
    let mut kept = writable(sent, module, user, forms);
    drop_misshapen(&mut kept, forms);
    let today = now.to_zoned_datetime(TimeZone::UTC).date();
    check(&kept, forms, primero.release().checks_options(), today)?;
    if kept.get("owned_by").is_some_and(|owner| !owner.is_string()) {
        return Err(Refusal::invalid_fields(&["/owned_by".to_owned()]));
    }
    if kept
        .get("record_state")
        .is_some_and(|value| !value.is_boolean())
    {
        return Err(Refusal::invalid_fields(&["/record_state".to_owned()]));
    }
    life::take_created_at(&mut kept);
    normalise(&mut kept, forms);
    Ok(kept)
}

/// The changed fields that the user may see, with the three that every answer has.
fn changed_fields(case: &Case, mut changed: Fields, user: &User, primero: &Primero) -> Value {
    changed.retain(|name, _| {
        let hidden = name == "last_updated_by" || name == "created_by";
        !hidden && (may_read(name, user, primero.forms()) || ANSWERED.contains(&name.as_str()))
    });
    changed.insert("id".to_owned(), json!(case.id()));
    changed.insert("enabled".to_owned(), json!(case.is_enabled()));
    changed.insert(
        "last_updated_at".to_owned(),
        json!(case.text("last_updated_at")),
    );
    Value::Object(changed)
}

/// `data` of the body. On this endpoint a body without it counts as an empty record.
fn data_of(call: &Call) -> Result<Fields, Refusal> {
    match call.json()?["data"].take() {
        Value::Object(data) => Ok(data),
        _ => Ok(Fields::new()),
    }
}

fn client_id(sent: &Fields) -> Result<Option<String>, Refusal> {
    match sent.get("id") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(id)) if is_client_uuid(id) => Ok(Some(id.clone())),
        Some(_) => Err(Refusal::invalid_fields(&["/id".to_owned()])),
    }
}

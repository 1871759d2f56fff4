//! What a referral's moves do to its case.

use super::Fields;
use super::life::{edited, raise_alert};
use super::moment::instant_text;
use super::referrals::{Referral, Status};
use super::state::{Case, State};
use super::users::User;
use jiff::Timestamp;
use serde_json::{Value, json};

/// What somebody did to a referral.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    Make,
    Accept,
    Reject,
    Finish,
    Revoke,
}

/// The case after the move; the referral in `state` has made it already.
pub(super) fn apply(
    before: &Case,
    referral: &Referral,
    made: Move,
    user: &User,
    state: &State,
    now: Timestamp,
) -> Case {
    let mut fields = before.fields.clone();
    let responded_at = json!(referral.responded_at.map(instant_text));
    match made {
        Move::Make => {
            edit_service(&mut fields, referral, |service| {
                service.insert("service_status_referred".to_owned(), json!(true));
            });
            if !referral.remote {
                raise_alert(&mut fields, "referral");
            }
        }
        Move::Accept => drop_alert(&mut fields),
        Move::Reject => {
            drop_alert(&mut fields);
            fields.insert("last_referral_rejected_at".to_owned(), responded_at);
        }
        Move::Finish => {
            finish_service(&mut fields, referral, now);
            fields.insert("last_referral_done_at".to_owned(), responded_at);
        }
        Move::Revoke => {}
    }
    recount(&mut fields, before.id(), state);
    if made == Move::Accept {
        // Accepting touches the case without counting as an edit by the one who accepts.
        fields.insert("last_updated_at".to_owned(), json!(instant_text(now)));
        return Case::new(fields);
    }
    edited(fields, before, user, state, now)
}

fn finish_service(fields: &mut Fields, referral: &Referral, now: Timestamp) {
    let at = json!(instant_text(now));
    let was_found = edit_service(fields, referral, |service| {
        service.insert("service_implemented".to_owned(), json!("implemented"));
        service.insert("service_implemented_day_time".to_owned(), at.clone());
        if let Some(note) = &referral.rejection_note {
            service.insert("note_on_referral_from_provider".to_owned(), note.clone());
        }
    });
    if was_found {
        fields.insert("service_implemented_day_times".to_owned(), json!([at]));
    }
}

/// Edits the service that was referred; false when the referral names none of the case.
fn edit_service(fields: &mut Fields, referral: &Referral, edit: impl FnOnce(&mut Fields)) -> bool {
    let Some(id) = &referral.service_record_id else {
        return false;
    };
    let services = fields
        .get_mut("services_section")
        .and_then(Value::as_array_mut);
    let mut services = services.into_iter().flatten();
    let service = services
        .find(|row| row["unique_id"] == **id)
        .and_then(Value::as_object_mut);
    let was_found = service.is_some();
    if let Some(service) = service {
        edit(service);
    }
    was_found
}

fn drop_alert(fields: &mut Fields) {
    if let Some(alerts) = fields
        .get_mut("current_alert_types")
        .and_then(Value::as_array_mut)
    {
        alerts.retain(|alert| alert != "referral");
    }
}

/// Writes the lists of people that follow from the case's referrals. A list that was never needed
/// is not written empty.
fn recount(fields: &mut Fields, case_id: &str, state: &State) {
    let of_case = || state.referrals.of_case(case_id);
    let recipients = |wanted: &dyn Fn(Status) -> bool| {
        unique(
            of_case()
                .filter(|r| wanted(r.status))
                .map(|r| json!(r.transitioned_to)),
        )
    };
    let referred = recipients(&Status::is_open);
    for (name, list) in [
        ("referred_users", referred.clone()),
        (
            "referred_users_pending",
            recipients(&|status| status == Status::InProgress),
        ),
        (
            "referred_users_accepted",
            recipients(&|status| status == Status::Accepted),
        ),
    ] {
        let present = format!("{name}_present");
        if fields.contains_key(name) || !list.is_empty() {
            fields.insert(present, json!(!list.is_empty()));
            fields.insert(name.to_owned(), json!(list));
        }
    }
    let assigned: Vec<Value> = referred
        .into_iter()
        .filter(|name| !name.is_null())
        .collect();
    let owner = fields.get("owned_by").cloned().into_iter();
    let involved = unique(owner.chain(assigned.iter().cloned()));
    let agency = |name: &Value| Some(json!(state.user(name.as_str()?)?.agency));
    let agencies = unique(involved.iter().filter_map(agency));
    if fields.contains_key("assigned_user_names") || !assigned.is_empty() {
        fields.insert("assigned_user_names".to_owned(), json!(assigned));
    }
    fields.insert("associated_user_names".to_owned(), json!(involved));
    fields.insert("associated_user_agencies".to_owned(), json!(agencies));
}

fn unique(values: impl Iterator<Item = Value>) -> Vec<Value> {
    let mut seen = Vec::new();
    for value in values {
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    seen
}

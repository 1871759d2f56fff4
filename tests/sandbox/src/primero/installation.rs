//! What an installation is made of: its agencies, its modules and its release.

use super::Primero;
use super::error_body::Refusal;
use super::forms::{CHILD_PROTECTION, GENDER_BASED_VIOLENCE};
use super::listing::Page;
use super::lookups::texts;
use super::query_string::QueryString;
use super::server::Answer;
use super::users::{self, User};
use serde_json::{Value, json};

/// The body of `GET /api/v2/agencies`: those that users belong to, disabled ones included unless they are asked for by that.
pub(super) fn agencies(
    primero: &Primero,
    user: &User,
    query: &QueryString,
) -> Result<Answer, Refusal> {
    if !user.lists_agencies {
        return Err(Refusal::Forbidden);
    }
    let state = primero.state();
    let wanted = query.parameters().iter().find(|one| one.name == "disabled");
    let is_wanted =
        |agency: &Value| wanted.is_none_or(|wanted| agency["disabled"] == (wanted.value == "true"));
    let shown = |(id, agency): (usize, &&str)| to_json(id, agency, primero.has_disabled(agency));
    let known = users::agencies(&state.users);
    let found = (1..).zip(&known).map(shown).filter(is_wanted);
    let found: Vec<Value> = found.collect();
    let page = Page::read(query)?;
    let metadata = page.metadata(found.len());
    let shown: Vec<Value> = page.cut(found.into_iter()).collect();
    Ok(Answer::unchanged(
        json!({ "data": shown, "metadata": metadata }),
    ))
}

fn to_json(id: usize, agency: &str, disabled: bool) -> Value {
    json!({
        "id": id,
        "unique_id": agency,
        "agency_code": agency,
        "order": 0,
        "name": texts(agency),
        "description": texts(""),
        "telephone": null,
        "services": [],
        "logo_enabled": false,
        "pdf_logo_option": false,
        "terms_of_use_enabled": false,
        "terms_of_use_uploaded_at": null,
        "disabled": disabled,
        "contact_email": null,
        "contact_name": null,
        "contact_phone": null,
        "notes": null,
    })
}

/// The body of `GET /api/v2/primero_modules`, which is not paged.
pub(super) fn modules(primero: &Primero, user: &User) -> Result<Answer, Refusal> {
    if !user.lists_modules {
        return Err(Refusal::Forbidden);
    }
    let forms: Vec<&str> = primero.forms().names().collect();
    let module = |id: usize, unique_id: &str, name: &str, forms: &[&str]| {
        json!({
            "id": id,
            "unique_id": unique_id,
            "name": name,
            "description": "",
            "associated_record_types": ["case", "incident"],
            "form_section_unique_ids": forms,
            "creation_field_map": null,
            "field_map": {},
            "module_options": {},
            "list_filters": {},
            "list_headers": {},
            "options": {},
            "approvals_labels": {},
            "field_labels": {},
        })
    };
    let data = [
        module(1, CHILD_PROTECTION, "CP", &forms),
        module(2, GENDER_BASED_VIOLENCE, "GBV", &[]),
    ];
    Ok(Answer::unchanged(json!({ "data": data })))
}

/// The body of `GET /api/v2/contact_information`: whom to turn to, and the release.
pub(super) fn contact(primero: &Primero) -> Answer {
    let data = json!({ "name": "administrator", "system_version": primero.release().version() });
    Answer::unchanged(json!({ "data": data }))
}

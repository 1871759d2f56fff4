//! Users, what their roles allow, and `GET /api/v2/users`.

use super::Primero;
use super::error_body::Refusal;
use super::forms::BASIC_IDENTITY;
use super::listing::Page;
use super::query_string::QueryString;
use super::scope::{Scope, permitted_forms};
use super::server::Answer;
use super::state::State;
use serde_json::{Value, json};

/// The password of every user made by [`User::new`].
pub const DEFAULT_PASSWORD: &str = "sandbox-password";

/// Somebody who signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a permission that a role has or not"
)]
pub struct User {
    /// The name to sign in with, e.g. `worker1`.
    pub user_name: String,
    /// The name shown to people.
    pub full_name: String,
    /// In plain text: nothing here is secret.
    pub password: String,
    /// What the user may see and do.
    pub role: Role,
    /// What the installation calls the role, e.g. `role-integration-api`.
    pub role_id: String,
    /// The agency's id, e.g. `UNICEF`.
    pub agency: String,
    /// Left out of the answers when absent, as Primero does.
    pub email: Option<String>,
    /// Left out of the answers when absent.
    pub phone: Option<String>,
    /// Left out of the answers when absent.
    pub position: Option<String>,
    /// The language of the user, e.g. `en`.
    pub locale: String,
    /// The kinds of service the user offers.
    pub services: Vec<String>,
    /// A disabled user cannot sign in.
    pub disabled: bool,
    /// Whose cases the user sees.
    pub scope: Scope,
    /// The groups of the user.
    pub groups: Vec<String>,
    /// Whether the user may list users. Itself it may always read.
    pub lists_users: bool,
    /// Whether the role has the permission for agencies.
    pub lists_agencies: bool,
    /// Whether the role has the permission for metadata, which modules belong to.
    pub lists_modules: bool,
    /// The modules of the role.
    pub modules: Vec<String>,
    /// Forms that the role reads and does not write: what is sent for their fields is dropped without a word.
    pub read_only_forms: Vec<String>,
    /// Forms that the role does not have: their fields are neither shown, nor written, nor filtered on.
    pub hidden_forms: Vec<String>,
}

impl User {
    /// A user with [`DEFAULT_PASSWORD`], an email address under `example.org` and no phone.
    #[must_use]
    pub fn new(user_name: &str, role: Role, agency: &str) -> Self {
        Self {
            user_name: user_name.to_owned(),
            full_name: capitalised(user_name),
            password: DEFAULT_PASSWORD.to_owned(),
            role,
            role_id: role.unique_id().to_owned(),
            agency: agency.to_owned(),
            email: Some(format!("{user_name}@example.org")),
            phone: None,
            position: None,
            locale: "en".to_owned(),
            services: vec!["health".to_owned(), "safe_house".to_owned()],
            disabled: false,
            scope: role.scope(),
            groups: vec![GROUP.to_owned()],
            lists_users: role.lists_users(),
            lists_agencies: role.lists_users(),
            lists_modules: role.lists_users(),
            modules: vec![super::forms::CHILD_PROTECTION.to_owned()],
            read_only_forms: Vec::new(),
            hidden_forms: role.hidden_forms(),
        }
    }

    pub(super) fn may_read_form(&self, form: &str) -> bool {
        !self.hidden_forms.iter().any(|hidden| hidden == form)
    }

    pub(super) fn may_write_form(&self, form: &str) -> bool {
        self.may_read_form(form) && !self.read_only_forms.iter().any(|one| one == form)
    }

    /// True when the name or the full name contains the text, whatever the case.
    fn is_called(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        [&self.user_name, &self.full_name]
            .iter()
            .any(|name| name.to_lowercase().contains(&text))
    }
}

/// What a user may see and do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// All cases, all fields, the list of users; may write.
    IntegrationApi,
    /// Own and referred cases; may write, refer and receive referrals.
    CaseWorker,
    /// Own cases, no writing, no referrals.
    ReadOnly,
    /// All cases but without the form "basic identity": its fields are neither shown, nor written,
    /// nor filtered on.
    Limited,
    /// All cases of the group; may write.
    Manager,
    /// Everything, and hidden from the list of users.
    Superuser,
}

impl Role {
    pub(super) fn may_write(self) -> bool {
        self != Self::ReadOnly
    }

    pub(super) fn may_receive_referrals(self) -> bool {
        self == Self::CaseWorker
    }

    fn hidden_forms(self) -> Vec<String> {
        match self {
            Self::Limited => vec![BASIC_IDENTITY.to_owned()],
            _ => Vec::new(),
        }
    }

    fn lists_users(self) -> bool {
        matches!(self, Self::IntegrationApi | Self::Manager | Self::Superuser)
    }

    fn unique_id(self) -> &'static str {
        match self {
            Self::IntegrationApi => "role-integration-api",
            Self::CaseWorker => "role-worker",
            Self::ReadOnly => "role-readonly",
            Self::Limited => "role-limited",
            Self::Manager => "role-cp-manager",
            Self::Superuser => "role-superuser",
        }
    }

    fn scope(self) -> Scope {
        match self {
            Self::CaseWorker | Self::ReadOnly => Scope::Own,
            Self::Manager => Scope::Group,
            Self::IntegrationApi | Self::Limited | Self::Superuser => Scope::All,
        }
    }

    /// What the role may do with cases.
    fn case_actions(self) -> Vec<&'static str> {
        let mut actions = vec!["read"];
        if self.may_write() {
            actions.extend(["create", "write"]);
        }
        if self.may_receive_referrals() {
            actions.extend(["referral", "receive_referral"]);
        }
        actions
    }
}

/// What the user's role may do, as far as an exchange asks for it.
fn permissions(user: &User) -> Value {
    let of = |resource: &str, actions: &[&str]| json!({ "resource": resource, "actions": actions });
    let more = [
        (user.lists_users, "users", "read"),
        (user.lists_agencies, "agencies", "read"),
        (user.lists_modules, "metadata", "manage"),
    ];
    let more = more.into_iter().filter(|(has, ..)| *has);
    let more = more.map(|(_, resource, action)| of(resource, &[action]));
    let list = std::iter::once(of("cases", &user.role.case_actions())).chain(more);
    json!({ "list": list.collect::<Vec<_>>() })
}

/// The body of `GET /api/v2/users`.
pub(super) fn list(state: &State, user: &User, query: &QueryString) -> Result<Answer, Refusal> {
    if !user.lists_users {
        return Err(Refusal::Forbidden);
    }
    if let Some(services) = query.plain("services") {
        return Err(malformed_array(services));
    }
    // A filter on numeric ids that belong to nobody, and one on agencies by name, find nothing.
    let finds_none = query
        .parameters()
        .iter()
        .any(|p| p.name == "ids" || p.name == "agency");
    let found: Vec<(usize, &User)> = (1..)
        .zip(&state.users)
        .filter(|(_, listed)| !finds_none && listed.role != Role::Superuser)
        .filter(|(_, listed)| State::shows_user(listed, user))
        .filter(|(_, listed)| {
            query
                .plain("user_name")
                .is_none_or(|n| listed.user_name == n)
        })
        .filter(|(_, listed)| {
            query
                .plain("query")
                .is_none_or(|text| listed.is_called(text))
        })
        .collect();
    let page = Page::read(query)?;
    let shown: Vec<Value> = page
        .cut(found.iter().rev())
        .map(|(id, listed)| to_json(state, *id, listed))
        .collect();
    let enabled = state.users.iter().filter(|listed| !listed.disabled).count();
    let mut metadata = page.metadata(found.len());
    metadata["total_enabled"] = json!(enabled);
    Ok(Answer::unchanged(
        json!({ "data": shown, "metadata": metadata }),
    ))
}

/// The body of `GET /api/v2/users/:id`: everybody may read themselves, whatever else the role allows. With `extended=true` also what the
/// role may do, and which forms it writes.
pub(super) fn show(
    primero: &Primero,
    user: &User,
    query: &QueryString,
    id: &str,
) -> Result<Answer, Refusal> {
    let state = primero.state();
    let number: Option<usize> = id.parse().ok();
    let at = number.and_then(|number| number.checked_sub(1));
    let shown = at.and_then(|at| state.users.get(at));
    let unknown = Refusal::NoSuchRecord {
        kind: "User",
        id: id.to_owned(),
    };
    let shown = shown.ok_or(unknown)?;
    let itself = shown.user_name == user.user_name;
    let may_read = itself || (user.lists_users && State::shows_user(shown, user));
    if !may_read {
        return Err(Refusal::Forbidden);
    }
    let mut answer = to_json(&state, number.unwrap_or_default(), shown);
    if query.plain("extended") == Some("true") {
        answer["permissions"] = permissions(shown);
        answer["permitted_form"] = permitted_forms(shown, primero.forms().names());
        answer["agency_unique_id"] = json!(shown.agency);
        answer["is_manager"] = json!(shown.role == Role::Manager);
    }
    Ok(Answer::unchanged(json!({ "data": answer })))
}

fn malformed_array(value: &str) -> Refusal {
    Refusal::ServerError(format!(
        "PG::InvalidTextRepresentation: ERROR:  malformed array literal: \"{value}\"\n\
         DETAIL:  Array value must start with \"{{\" or dimension information.\n\
         CONTEXT:  unnamed portal parameter $4 = '...'\n"
    ))
}

/// The number by which the API calls a user.
pub(super) fn number_of(users: &[User], user_name: &str) -> Option<usize> {
    users
        .iter()
        .position(|user| user.user_name == user_name)
        .map(|at| at + 1)
}

fn to_json(state: &State, id: usize, user: &User) -> Value {
    let installed = "2026-01-01T00:00:00.000Z";
    let mut shown = json!({
        "id": id,
        "agency_id": agency_number(&state.users, &user.agency),
        "created_at": installed,
        "disabled": user.disabled,
        "duplicate": false,
        "full_name": user.full_name,
        "locale": user.locale,
        "self_registered": false,
        "send_mail": true,
        "services": user.services,
        "time_zone": "UTC",
        "unverified": false,
        "updated_at": state.sign_ins.updated_at(&user.user_name).unwrap_or(installed.to_owned()),
        "user_name": user.user_name,
        "module_unique_ids": user.modules,
        "role_unique_id": user.role_id,
        "role_group_permission": user.scope.as_str(),
        "user_group_unique_ids": user.groups,
        "user_groups": [{
            "id": 1,
            "core_resource": false,
            "created_at": installed,
            "description": "Default Primero User Group for CP",
            "disabled": false,
            "name": "Primero CP",
            "unique_id": GROUP,
            "updated_at": installed,
        }],
        "reporting_location_config": {
            "field_key": "owned_by_location",
            "admin_level": 2,
            "admin_level_map": { "1": ["province"], "2": ["district"] },
            "hierarchy_filter": [],
            "label_keys": ["district"],
        },
    });
    for (key, value) in [
        ("email", &user.email),
        ("phone", &user.phone),
        ("position", &user.position),
    ] {
        if let Some(value) = value {
            shown[key] = json!(value);
        }
    }
    shown
}

/// The only user group.
pub(super) const GROUP: &str = "usergroup-primero-cp";

/// Agencies are numbered in the order in which users mention them.
fn agency_number(users: &[User], agency: &str) -> usize {
    let known = agencies(users);
    let at = known.iter().position(|known| *known == agency);
    1 + at.unwrap_or(known.len())
}

/// Every agency, in that order.
pub(super) fn agencies(users: &[User]) -> Vec<&str> {
    let mut seen: Vec<&str> = Vec::new();
    for user in users.iter().filter(|user| !user.agency.is_empty()) {
        if !seen.contains(&user.agency.as_str()) {
            seen.push(&user.agency);
        }
    }
    seen
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

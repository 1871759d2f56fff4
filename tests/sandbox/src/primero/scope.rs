//! Whose cases a user sees.

use super::state::{Case, State};
use super::users::User;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// `role_group_permission` of a user's role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Cases that name the user: its own, and those referred to it.
    #[serde(rename = "self")]
    Own,
    /// Cases of people who share a group with the user.
    Group,
    /// Cases of people of the user's agency.
    Agency,
    /// All cases, those of nobody too.
    All,
}

impl Scope {
    /// As the API writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Own => "self",
            Self::Group => "group",
            Self::Agency => "agency",
            Self::All => "all",
        }
    }
}

impl State {
    /// True when the user's role covers the case.
    pub(super) fn opens(&self, case: &Case, user: &User) -> bool {
        let mut names = named(case);
        match user.scope {
            Scope::All => true,
            Scope::Own => names.any(|name| name == user.user_name),
            Scope::Group => {
                names.any(|name| self.user(name).is_some_and(|one| shares_group(one, user)))
            }
            Scope::Agency => {
                names.any(|name| self.user(name).is_some_and(|one| one.agency == user.agency))
            }
        }
    }

    /// True when the list of users shows `listed` to the user.
    pub(super) fn shows_user(listed: &User, user: &User) -> bool {
        match user.scope {
            Scope::All => true,
            Scope::Group => shares_group(listed, user),
            Scope::Own | Scope::Agency => listed.user_name == user.user_name,
        }
    }
}

fn shares_group(one: &User, other: &User) -> bool {
    one.groups.iter().any(|group| other.groups.contains(group))
}

/// The people of a case.
fn named(case: &Case) -> impl Iterator<Item = &str> {
    let names = case.fields.get("associated_user_names");
    names
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// Administrators change what somebody may see and do.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UserChange {
    /// Whose cases the user sees.
    pub scope: Option<Scope>,
    /// The user's groups.
    pub groups: Option<Vec<String>>,
    /// Whether the user can no longer sign in.
    pub disabled: Option<bool>,
    /// Whether the user may list users.
    pub lists_users: Option<bool>,
    /// Whether the role has the permission for agencies.
    pub lists_agencies: Option<bool>,
    /// Whether the role has the permission for metadata.
    pub lists_modules: Option<bool>,
    /// The modules of the role.
    pub modules: Option<Vec<String>>,
    /// Forms that the role reads and does not write.
    pub read_only_forms: Option<Vec<String>>,
    /// Forms that the role does not have.
    pub hidden_forms: Option<Vec<String>>,
}

impl UserChange {
    pub(super) fn apply(self, user: &mut User) {
        let Self {
            scope,
            groups,
            disabled,
            lists_users,
            lists_agencies,
            lists_modules,
            modules,
            read_only_forms,
            hidden_forms,
        } = self;
        for (may, change) in [
            (&mut user.lists_users, lists_users),
            (&mut user.lists_agencies, lists_agencies),
            (&mut user.lists_modules, lists_modules),
            (&mut user.disabled, disabled),
        ] {
            *may = change.unwrap_or(*may);
        }
        user.scope = scope.unwrap_or(user.scope);
        for (list, change) in [
            (&mut user.groups, groups),
            (&mut user.modules, modules),
            (&mut user.read_only_forms, read_only_forms),
            (&mut user.hidden_forms, hidden_forms),
        ] {
            if let Some(change) = change {
                *list = change;
            }
        }
    }
}

/// What the role may do with each form, as `permitted_form` writes it.
pub(super) fn permitted_forms<'f>(user: &User, forms: impl Iterator<Item = &'f str>) -> Value {
    let has = |form: &&str| !user.hidden_forms.iter().any(|hidden| hidden == form);
    let permission = |form: &str| if user.may_write_form(form) { "rw" } else { "r" };
    let permitted = forms
        .filter(has)
        .map(|form| (form.to_owned(), json!(permission(form))));
    Value::Object(permitted.collect())
}

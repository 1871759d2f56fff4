//! The user that the bridge signs in as: whose cases it sees, and what its role may do. The same of others, where it may ask.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use super::listing::Listing;
use super::{PrimeroClient, Repeat};
use crate::domain::pii::Pii;
use crate::transport::GateError;

/// A user as the list of users shows it, in this run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnUser {
    /// Its number in URLs.
    number: u64,
    /// Whose cases its role shows it.
    pub scope: Scope,
    /// The modules of its role; none where the release does not tell.
    pub modules: Option<Vec<String>>,
    /// Whether it can no longer sign in.
    pub disabled: bool,
}

/// Whose cases a role shows (`role_group_permission`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those of everybody.
    Everybody,
    /// Those of some, by Primero's word for it.
    Narrower(&'static str),
}

/// Primero's words for scopes that do not show all cases.
const NARROWER: [&str; 5] = ["self", "group", "agency", "identified", "admin_only"];

impl Scope {
    fn of(word: &str) -> Self {
        if word == "all" {
            return Self::Everybody;
        }
        let known = NARROWER.into_iter().find(|known| *known == word);
        Self::Narrower(known.unwrap_or("another word"))
    }
}

/// What a role may do.
#[derive(Clone, Debug, Default)]
pub struct RoleRights {
    /// Its forms by name, each with whether it writes it; none where the release does not tell.
    pub forms: Option<HashMap<String, bool>>,
    /// What it may do with cases; none where the release does not tell.
    pub case_actions: Option<Vec<String>>,
}

impl RoleRights {
    /// Whether it may do this to cases, as far as anybody tells.
    #[must_use]
    pub fn may(&self, action: &str) -> bool {
        let allowed =
            |actions: &Vec<String>| actions.iter().any(|one| one == action || one == "manage");
        self.case_actions.as_ref().is_none_or(allowed)
    }
}

#[derive(Deserialize)]
struct Shown {
    data: Extended,
}

#[derive(Deserialize)]
struct Extended {
    #[serde(default)]
    permitted_form: Option<HashMap<String, String>>,
    #[serde(default)]
    permissions: Value,
}

impl PrimeroClient {
    /// The user that this client signs in as; none where the list of users does not show it with its scope.
    pub async fn own_user(&self) -> Result<Option<OwnUser>, GateError> {
        self.user_named(&self.user.username).await
    }

    /// Any user by name; none where the list of users does not show it with its scope.
    pub async fn colleague(&self, name: &Pii<String>) -> Result<Option<OwnUser>, GateError> {
        self.user_named(name.expose()).await
    }

    async fn user_named(&self, name: &str) -> Result<Option<OwnUser>, GateError> {
        let url = self.url("/api/v2/users");
        let query = [("user_name", name)];
        let answer = self
            .call("list users", Repeat::Freely, |http| {
                http.get(&url).query(&query)
            })
            .await?;
        let listing: Listing<Value> = self.transport.json("list users", &answer)?;
        let found = listing.data.iter().find(|user| user["user_name"] == *name);
        Ok(found.and_then(|user| {
            let modules = user["module_unique_ids"].as_array().map(|modules| {
                let ids = modules.iter().filter_map(Value::as_str);
                ids.map(str::to_owned).collect()
            });
            Some(OwnUser {
                number: user["id"].as_u64()?,
                scope: Scope::of(user["role_group_permission"].as_str()?),
                modules,
                disabled: user["disabled"] == true,
            })
        }))
    }

    /// What the role of a user may do.
    pub async fn rights_of(&self, user: &OwnUser) -> Result<RoleRights, GateError> {
        const ROUTE: &str = "read own user";
        let url = self.url(&format!("/api/v2/users/{}", user.number));
        let answer = self
            .call(ROUTE, Repeat::Freely, |http| {
                http.get(&url).query(&[("extended", "true")])
            })
            .await?;
        let shown: Shown = self.transport.json(ROUTE, &answer)?;
        let writes = |(form, permission): (String, String)| (form, permission == "rw");
        let forms = shown.data.permitted_form;
        Ok(RoleRights {
            forms: forms.map(|forms| forms.into_iter().map(writes).collect()),
            case_actions: actions(&shown.data.permissions),
        })
    }
}

/// The actions on cases among `permissions`; none where it does not say. A role without any entry for cases may do nothing.
fn actions(permissions: &Value) -> Option<Vec<String>> {
    let list = permissions["list"].as_array()?;
    let of_cases = list.iter().filter(|entry| entry["resource"] == "cases");
    let actions = of_cases.filter_map(|entry| entry["actions"].as_array());
    let names = actions.flatten().filter_map(Value::as_str);
    Some(names.map(str::to_owned).collect())
}

//! The user that the bridge signs in as: whose cases it sees, and which forms its role writes.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use super::listing::Listing;
use super::{PrimeroClient, Repeat};
use crate::transport::GateError;

/// The user of this run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnUser {
    /// Its number in URLs.
    number: u64,
    /// Whose cases its role shows it.
    pub scope: Scope,
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

#[derive(Deserialize)]
struct Shown {
    data: Extended,
}

#[derive(Deserialize)]
struct Extended {
    #[serde(default)]
    permitted_form: Option<HashMap<String, String>>,
}

impl PrimeroClient {
    /// The user that this client signs in as; none where the list of users does not show it with its scope.
    pub async fn own_user(&self) -> Result<Option<OwnUser>, GateError> {
        let url = self.url("/api/v2/users");
        let query = [("user_name", &self.user.username)];
        let answer = self
            .call("list users", Repeat::Freely, |http| {
                http.get(&url).query(&query)
            })
            .await?;
        let listing: Listing<Value> = self.transport.json("list users", &answer)?;
        let is_own = |user: &&Value| user["user_name"] == *self.user.username;
        let own = listing.data.iter().find(is_own);
        Ok(own.and_then(|own| {
            Some(OwnUser {
                number: own["id"].as_u64()?,
                scope: Scope::of(own["role_group_permission"].as_str()?),
            })
        }))
    }

    /// The forms of the user's role by name, each with whether the role writes it; none where the release does not tell.
    pub async fn role_forms(
        &self,
        own: &OwnUser,
    ) -> Result<Option<HashMap<String, bool>>, GateError> {
        const ROUTE: &str = "read own user";
        let url = self.url(&format!("/api/v2/users/{}", own.number));
        let answer = self
            .call(ROUTE, Repeat::Freely, |http| {
                http.get(&url).query(&[("extended", "true")])
            })
            .await?;
        let shown: Shown = self.transport.json(ROUTE, &answer)?;
        let writes = |(form, permission): (String, String)| (form, permission == "rw");
        let forms = shown.data.permitted_form;
        Ok(forms.map(|forms| forms.into_iter().map(writes).collect()))
    }
}

//! The people who work with an installation.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::case::personal_text;
use super::listing::Listing;
use super::rows::{text_of, truth_of};
use super::{PrimeroClient, Repeat};
use crate::domain::pii::Pii;
use crate::domain::reason::Stop;
use crate::transport::GateError;

const ROUTE: &str = "list users";

/// A user as far as proGres wants to know whom to turn to.
#[derive(Clone, Debug, Deserialize)]
pub struct User {
    /// The name to sign in with; cases and referrals name their people by it.
    #[serde(deserialize_with = "user_name")]
    pub user_name: Pii<String>,
    /// The name among people.
    #[serde(default, deserialize_with = "personal_text")]
    pub full_name: Option<Pii<String>>,
    /// E-mail address.
    #[serde(default, deserialize_with = "personal_text")]
    pub email: Option<Pii<String>>,
    /// Phone number.
    #[serde(default, deserialize_with = "personal_text")]
    pub phone: Option<Pii<String>>,
    /// Position in the agency.
    #[serde(default, deserialize_with = "personal_text")]
    pub position: Option<Pii<String>>,
    /// Whether the user can no longer sign in.
    #[serde(default, deserialize_with = "truth")]
    pub disabled: bool,
}

impl PrimeroClient {
    /// All users that Primero shows us, disabled ones included.
    pub async fn users(&self) -> Result<Vec<User>, GateError> {
        self.all_pages(ROUTE, "/api/v2/users", |user: &User| user.user_name.clone())
            .await
    }

    /// The user of this name: one short call where only a few are wanted.
    pub async fn user(&self, name: &Pii<String>) -> Result<Option<User>, GateError> {
        let url = self.url("/api/v2/users");
        let query = [("user_name", name.expose())];
        let answer = self
            .call(ROUTE, Repeat::Freely, |http| http.get(&url).query(&query))
            .await?;
        let listing: Listing<User> = self.transport.json(ROUTE, &answer)?;
        let mut users = listing.data.into_iter();
        match users.next() {
            Some(user) if user.user_name != *name => {
                Err(Stop::FilterNotApplied { field: "user_name" }.into())
            }
            user => Ok(user),
        }
    }
}

fn user_name<'de, D: Deserializer<'de>>(reader: D) -> Result<Pii<String>, D::Error> {
    let name = text_of(&Value::deserialize(reader)?);
    Ok(Pii::new(name.unwrap_or_default()))
}

fn truth<'de, D: Deserializer<'de>>(reader: D) -> Result<bool, D::Error> {
    Ok(truth_of(&Value::deserialize(reader)?).unwrap_or_default())
}

//! What an installation tells of itself: its release, its modules and its agencies.

use serde::Deserialize;
use serde_json::Value;

use super::listing::Listing;
use super::options::Offered;
use super::{PrimeroClient, Repeat};
use crate::transport::GateError;

/// What Primero answers a signed-in user about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Release(pub Option<String>);

#[derive(Deserialize)]
struct Told {
    data: Value,
}

#[derive(Deserialize)]
struct Agency {
    unique_id: String,
    #[serde(default)]
    disabled: Option<bool>,
}

#[derive(Deserialize)]
struct Module {
    unique_id: String,
}

impl PrimeroClient {
    /// Asks for what only a Primero answers: whom to turn to, with the release.
    pub async fn release(&self) -> Result<Release, GateError> {
        const ROUTE: &str = "read the release";
        let url = self.url("/api/v2/contact_information");
        let answer = self
            .call(ROUTE, Repeat::Freely, |http| http.get(&url))
            .await?;
        let told: Told = self.transport.json(ROUTE, &answer)?;
        let version = told.data["system_version"].as_str();
        let is_version = |text: &&str| {
            text.len() <= 20 && text.starts_with(|c: char| c.is_ascii_digit() || c == 'v')
        };
        Ok(Release(version.filter(is_version).map(str::to_owned)))
    }

    /// The modules by id. Few users may list them.
    pub async fn modules(&self) -> Result<Vec<String>, GateError> {
        const ROUTE: &str = "list modules";
        let url = self.url("/api/v2/primero_modules");
        let answer = self
            .call(ROUTE, Repeat::Freely, |http| http.get(&url))
            .await?;
        let modules: Listing<Module> = self.transport.json(ROUTE, &answer)?;
        let ids = modules.data.into_iter().map(|module| module.unique_id);
        Ok(ids.collect())
    }

    /// The agencies by id, each with whether it is switched on.
    pub async fn agencies(&self) -> Result<Offered, GateError> {
        let agencies = self.all_pages("list agencies", "/api/v2/agencies", |agency: &Agency| {
            agency.unique_id.clone()
        });
        let agencies = agencies.await?.into_iter();
        Ok(agencies
            .map(|agency| (agency.unique_id, !agency.disabled.unwrap_or_default()))
            .collect())
    }
}

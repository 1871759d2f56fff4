//! What of an installation a profile may name: for a first draft of one.

use std::collections::BTreeMap;

use serde_json::Value;

use super::listing::Listing;
use super::{PrimeroClient, Repeat};
use crate::transport::GateError;

/// Names that a profile may use, each with what people call it. Nothing of a person but the names that they sign in with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidates {
    /// Users who can sign in, with their agency.
    pub users: Vec<Candidate>,
    /// Agencies.
    pub agencies: Vec<Candidate>,
    /// Options by list, such as `lookup-service-type`.
    pub options: BTreeMap<String, Vec<Candidate>>,
    /// Fields of the case forms of the profile's module.
    pub case_fields: Vec<Candidate>,
    /// Fields of a service.
    pub service_fields: Vec<Candidate>,
}

/// A name that a profile may use.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// The name.
    pub id: String,
    /// What people call it; empty where it has no other name.
    pub words: String,
}

impl Candidate {
    /// A row's name and words; none for a row without a name, and for one that is switched off.
    fn of(row: &Value, id: &str, words: &str) -> Option<Self> {
        let is_on = row["disabled"].as_bool() != Some(true);
        let id = row[id].as_str().filter(|_| is_on)?;
        // Texts are by language; the English one is always there.
        let words = row[words].as_str().or_else(|| row[words]["en"].as_str());
        Some(Self {
            id: id.to_owned(),
            words: words.unwrap_or_default().to_owned(),
        })
    }

    fn all(rows: &[Value], id: &str, words: &str) -> Vec<Self> {
        let mut all: Vec<_> = rows
            .iter()
            .filter_map(|row| Self::of(row, id, words))
            .collect();
        all.sort();
        all.dedup_by(|a, b| a.id == b.id);
        all
    }
}

impl PrimeroClient {
    /// Reads what a profile may name: users, agencies, option lists and forms.
    pub async fn candidates(&self) -> Result<Candidates, GateError> {
        let rows = async |route, path| self.all_pages(route, path, Value::to_string).await;
        let users = rows("list users", "/api/v2/users").await?;
        let agencies = rows("list agencies", "/api/v2/agencies").await?;
        let lookups = rows("list lookups", "/api/v2/lookups").await?;
        let options = lookups.iter().filter_map(|lookup| {
            let values = lookup["values"].as_array()?;
            let name = lookup["unique_id"].as_str()?.to_owned();
            Some((name, Candidate::all(values, "id", "display_text")))
        });
        let forms = self.forms().await?;
        let (services, of_case): (Vec<_>, Vec<_>) = forms
            .into_iter()
            .filter(|form| form["is_nested"] != true || form["unique_id"] == "services_section")
            .partition(|form| form["is_nested"] == true);
        let fields = |forms: &[Value]| {
            let fields = forms.iter().filter_map(|form| form["fields"].as_array());
            let fields: Vec<Value> = fields.flatten().cloned().collect();
            Candidate::all(&fields, "name", "display_name")
        };
        Ok(Candidates {
            users: Candidate::all(&users, "user_name", "agency"),
            agencies: Candidate::all(&agencies, "unique_id", "name"),
            options: options.collect(),
            case_fields: fields(&of_case),
            service_fields: fields(&services),
        })
    }

    async fn forms(&self) -> Result<Vec<Value>, GateError> {
        const ROUTE: &str = "list forms";
        let url = self.url("/api/v2/forms");
        let query = [
            ("record_type", "case"),
            ("module_id", &self.settings.module_id),
            ("include_subforms", "true"),
        ];
        let answer = self
            .call(ROUTE, Repeat::Freely, |http| http.get(&url).query(&query))
            .await?;
        let forms: Listing<Value> = self.transport.json(ROUTE, &answer)?;
        Ok(forms.data)
    }
}

//! The option lists of an installation: what the profile's code tables must exist in.

use std::collections::HashMap;

use serde::Deserialize;

use super::PrimeroClient;
use crate::transport::GateError;

/// Option lists by name.
#[derive(Clone, Debug, Default)]
pub struct Options(HashMap<String, Offered>);

/// The options of a list or of a field by id, each with whether it is switched on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offered(HashMap<String, bool>);

/// What the values of a field are chosen from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Choices {
    /// A list of the installation, by its name.
    List(String),
    /// The agencies.
    Agencies,
    /// Options of its own.
    Own(Offered),
    /// Nothing that is known here: no options, or places, users and the like.
    #[default]
    Unknown,
}

#[derive(Deserialize)]
struct Lookup {
    unique_id: String,
    #[serde(default)]
    values: Vec<Value>,
}

#[derive(Deserialize)]
struct Value {
    id: String,
    #[serde(default)]
    disabled: Option<bool>,
}

impl Options {
    /// The options of a list, such as `lookup-service-type`.
    #[must_use]
    pub fn of(&self, list: &str) -> Option<&Offered> {
        self.0.get(list)
    }
}

impl Offered {
    /// Whether this is an option, and switched on.
    #[must_use]
    pub fn contains(&self, option: &str) -> bool {
        self.0.get(option) == Some(&true)
    }

    /// Whether this is an option that is switched off.
    #[must_use]
    pub fn is_switched_off(&self, option: &str) -> bool {
        self.0.get(option) == Some(&false)
    }

    /// The ids of those that are switched on.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let on = self.0.iter().filter(|(_, on)| **on);
        on.map(|(id, _)| id.as_str())
    }

    /// The options that stand in a field itself; none where they cannot be read.
    pub(super) fn inline(options: &serde_json::Value) -> Option<Self> {
        let values = Vec::<Value>::deserialize(options).ok()?;
        (!values.is_empty()).then(|| values.into_iter().collect())
    }
}

impl FromIterator<Value> for Offered {
    fn from_iter<I: IntoIterator<Item = Value>>(values: I) -> Self {
        let on = |value: Value| (value.id, !value.disabled.unwrap_or_default());
        Self(values.into_iter().map(on).collect())
    }
}

impl FromIterator<(String, bool)> for Offered {
    fn from_iter<I: IntoIterator<Item = (String, bool)>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

impl PrimeroClient {
    /// Reads all option lists (`lookups`).
    pub async fn options(&self) -> Result<Options, GateError> {
        let lookups = self.all_pages("list lookups", "/api/v2/lookups", |lookup: &Lookup| {
            lookup.unique_id.clone()
        });
        let of = |lookup: Lookup| (lookup.unique_id, lookup.values.into_iter().collect());
        Ok(Options(lookups.await?.into_iter().map(of).collect()))
    }
}

//! The option lists of an installation: what the profile's code tables must exist in.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use super::PrimeroClient;
use crate::transport::GateError;

/// Option ids by list.
#[derive(Clone, Debug, Default)]
pub struct Options(HashMap<String, HashSet<String>>);

#[derive(Deserialize)]
struct Lookup {
    unique_id: String,
    #[serde(default)]
    values: Vec<Value>,
}

#[derive(Deserialize)]
struct Value {
    id: String,
}

impl Options {
    /// The option ids of a list, such as `lookup-service-type`.
    #[must_use]
    pub fn of(&self, list: &str) -> Option<&HashSet<String>> {
        self.0.get(list)
    }
}

impl PrimeroClient {
    /// Reads all option lists (`lookups`).
    pub async fn options(&self) -> Result<Options, GateError> {
        let lookups = self.all_pages("list lookups", "/api/v2/lookups", |lookup: &Lookup| {
            lookup.unique_id.clone()
        });
        let ids = |lookup: Lookup| {
            let values = lookup.values.into_iter().map(|value| value.id);
            (lookup.unique_id, values.collect())
        };
        Ok(Options(lookups.await?.into_iter().map(ids).collect()))
    }
}

//! The frame of every list, and lists that are read whole.

use std::collections::HashSet;
use std::hash::Hash;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{PrimeroClient, Repeat};
use crate::transport::GateError;

/// Rows Primero gives in one page at most, whatever is asked.
pub const PAGE: usize = 1000;

/// Pages of one list after which we stop.
const PAGES: usize = 200;

#[derive(Deserialize)]
pub struct Listing<T> {
    pub data: Vec<T>,
    #[serde(default)]
    pub metadata: Metadata,
}

#[derive(Clone, Copy, Debug, Deserialize, Default)]
pub struct Metadata {
    #[serde(default)]
    pub total: usize,
}

impl PrimeroClient {
    /// Reads all pages of a list that nobody filters. `key` tells rows apart: one that moved between two pages is taken once.
    pub(super) async fn all_pages<T: DeserializeOwned, K: Eq + Hash>(
        &self,
        route: &'static str,
        path: &str,
        key: impl Fn(&T) -> K,
    ) -> Result<Vec<T>, GateError> {
        let url = self.url(path);
        let (mut rows, mut seen) = (Vec::new(), HashSet::new());
        for page in 1..=PAGES {
            let query = [("per", PAGE), ("page", page)];
            let answer = self
                .call(route, Repeat::Freely, |http| http.get(&url).query(&query))
                .await?;
            let listing: Listing<T> = self.transport.json(route, &answer)?;
            let listed = listing.data.len();
            let before = rows.len();
            rows.extend(listing.data.into_iter().filter(|row| seen.insert(key(row))));
            if rows.len() >= listing.metadata.total {
                return Ok(rows);
            }
            if listed == 0 || rows.len() == before {
                let place = "`metadata.total`: not as many rows as it says".to_owned();
                return Err(self.transport.unreadable(route, place));
            }
        }
        Err(self
            .transport
            .unreadable(route, format!("more than {PAGES} pages")))
    }
}

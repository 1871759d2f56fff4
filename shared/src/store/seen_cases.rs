//! How many cases the user of a deployment saw: what a narrowed role is told by, where nobody tells its scope.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{Item, Store, StoreError, text};
use crate::domain::ids::CaseRecordId;

/// What the user saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenCases {
    /// How many cases.
    pub cases: u64,
    /// A case of somebody else among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foreign: Option<CaseRecordId>,
}

impl Store {
    /// What was seen before, by whichever workflow; none if nothing is remembered.
    pub async fn seen_cases(&self) -> Result<Option<SeenCases>, StoreError> {
        let items = self
            .read_all(vec![self.seen_cases_id()], "read_seen_cases")
            .await?;
        let item = items.into_iter().next();
        item.map(serde_dynamo::from_item)
            .transpose()
            .map_err(|_| StoreError::Unreadable("number of cases"))
    }

    /// Remembers what was seen.
    pub async fn put_seen_cases(&self, seen: SeenCases) -> Result<(), StoreError> {
        let mut item: Item =
            serde_dynamo::to_item(seen).map_err(|_| StoreError::Unreadable("number of cases"))?;
        item.extend(self.seen_cases_id());
        self.put(item, "put_seen_cases").await
    }

    fn seen_cases_id(&self) -> Item {
        HashMap::from([
            ("pk".to_owned(), text(format!("{}#scope", self.deployment))),
            ("sk".to_owned(), text("seen_cases")),
        ])
    }
}

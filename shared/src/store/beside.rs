//! What is remarked beside the records, of a case as a whole: `untidy#<case id>`.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Item, Store, StoreError, text};
use crate::domain::reason::Reason;

/// A case with a remark. Ids only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beside {
    /// The case.
    pub key: String,
    /// The version of it that was looked at.
    pub version: String,
    /// The remarks, and since when they stand. None where the source has undone them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub remarks: BTreeMap<Reason, Timestamp>,
    /// When DynamoDB may forget it, seconds since 1970: set once nothing is remarked any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<i64>,
    /// The run that wrote it.
    pub run_id: String,
    /// See [`super::Lease::fence`].
    pub fence: u64,
}

impl Store {
    /// Every case of this workflow with a remark, by its key.
    pub async fn beside(&self) -> Result<HashMap<String, Beside>, StoreError> {
        let mut found = HashMap::new();
        self.query_each(
            "query_beside",
            |query| {
                query
                    .consistent_read(true)
                    .key_condition_expression("pk = :pk AND begins_with(sk, :kind)")
                    .filter_expression("attribute_exists(remarks)")
                    .expression_attribute_values(":kind", text("untidy#"))
            },
            |item| {
                let beside: Beside = serde_dynamo::from_item(item)
                    .map_err(|_| StoreError::Unreadable("remark on a case"))?;
                found.insert(beside.key.clone(), beside);
                Ok(())
            },
        )
        .await?;
        Ok(found)
    }

    /// Keeps the remarks on a case, or that there are none any more: a function may not delete.
    pub async fn put_beside(&self, beside: &Beside) -> Result<(), StoreError> {
        let mut item: Item = serde_dynamo::to_item(beside)
            .map_err(|_| StoreError::Unreadable("remark on a case"))?;
        item.extend(self.beside_id(&beside.key));
        self.put_fenced(item, beside.fence, "put_beside").await
    }

    fn beside_id(&self, key: &str) -> Item {
        HashMap::from([
            ("pk".to_owned(), self.pk()),
            ("sk".to_owned(), text(format!("untidy#{key}"))),
        ])
    }
}

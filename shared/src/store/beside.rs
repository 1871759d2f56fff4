//! What is remarked beside the records, of a case as a whole: `untidy#<case id>`.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Item, Store, StoreError, failed, text};
use crate::domain::reason::Reason;

/// A case with a remark. Ids only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beside {
    /// The case.
    pub key: String,
    /// The version of it that was looked at.
    pub version: String,
    /// The remarks, and since when they stand.
    pub remarks: BTreeMap<Reason, Timestamp>,
    /// The run that wrote it.
    pub run_id: String,
    /// See [`super::Lease::fence`].
    pub fence: u64,
}

impl Store {
    /// Every case of this workflow with a remark, by its key.
    pub async fn beside(&self) -> Result<HashMap<String, Beside>, StoreError> {
        let mut found = HashMap::new();
        let mut start = None;
        loop {
            let page = self
                .counted()
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .key_condition_expression("pk = :pk AND begins_with(sk, :kind)")
                .expression_attribute_values(":pk", self.pk())
                .expression_attribute_values(":kind", text("untidy#"))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| failed("query_beside", &error))?;
            for item in page.items.unwrap_or_default() {
                let beside: Beside = serde_dynamo::from_item(item)
                    .map_err(|_| StoreError::Unreadable("remark on a case"))?;
                found.insert(beside.key.clone(), beside);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(found);
            }
        }
    }

    /// Keeps the remarks on a case.
    pub async fn put_beside(&self, beside: &Beside) -> Result<(), StoreError> {
        let mut item: Item = serde_dynamo::to_item(beside)
            .map_err(|_| StoreError::Unreadable("remark on a case"))?;
        item.extend(self.beside_id(&beside.key));
        self.put_fenced(item, beside.fence, "put_beside").await
    }

    /// Forgets the remarks on a case: the source has undone them.
    pub async fn forget_beside(&self, key: &str) -> Result<(), StoreError> {
        self.counted()
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(self.beside_id(key)))
            .send()
            .await
            .map_err(|error| failed("forget_beside", &error))?;
        Ok(())
    }

    fn beside_id(&self, key: &str) -> Item {
        HashMap::from([
            ("pk".to_owned(), self.pk()),
            ("sk".to_owned(), text(format!("untidy#{key}"))),
        ])
    }
}

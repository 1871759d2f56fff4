//! What waits for a person.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::due::DUE_INDEX;
use super::{RecordRow, RecordState, Store, StoreError, failed, text};
use crate::domain::record::RecordKey;

/// What is taken from a row of the index; the rest is read from the ledger.
#[derive(Deserialize)]
struct Named {
    key: RecordKey,
}

impl Store {
    /// Every held record of this workflow, the longest known first. The index names them; what they are is read from the ledger itself.
    pub async fn held_records<P: DeserializeOwned>(&self) -> Result<Vec<RecordRow<P>>, StoreError> {
        let rows = self.records(&self.held_keys().await?).await?;
        let held = rows.into_values();
        let mut held: Vec<RecordRow<P>> =
            held.filter(|row| row.state == RecordState::Held).collect();
        held.sort_by(|one, other| {
            (one.first_seen_at, &one.key).cmp(&(other.first_seen_at, &other.key))
        });
        Ok(held)
    }

    async fn held_keys(&self) -> Result<Vec<RecordKey>, StoreError> {
        let mut keys = Vec::new();
        let mut start = None;
        loop {
            let page = self
                .counted()
                .query()
                .table_name(&self.table)
                .index_name(DUE_INDEX)
                .key_condition_expression("pk = :pk AND begins_with(due, :held)")
                .expression_attribute_values(":pk", self.pk())
                .expression_attribute_values(":held", text("held#"))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| failed("query_held", &error))?;
            for item in page.items.unwrap_or_default() {
                let named: Named = serde_dynamo::from_item(item)
                    .map_err(|_| StoreError::Unreadable("index row"))?;
                keys.push(named.key);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(keys);
            }
        }
    }
}

//! What waits for a person.

use serde::de::DeserializeOwned;

use super::{RecordRow, Store, StoreError, failed, text};

impl Store {
    /// Every held record of this workflow, the longest known first. Read consistently from the ledger itself, so it costs as much as
    /// the ledger is long: a person asks, never a run.
    pub async fn held_records<P: DeserializeOwned>(&self) -> Result<Vec<RecordRow<P>>, StoreError> {
        let mut rows = Vec::new();
        let mut start = None;
        loop {
            let page = self
                .counted()
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .key_condition_expression("pk = :pk AND begins_with(sk, :record)")
                .filter_expression("#state = :held")
                .expression_attribute_names("#state", "state")
                .expression_attribute_values(":pk", self.pk())
                .expression_attribute_values(":record", text("record#"))
                .expression_attribute_values(":held", text("held"))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| failed("query_held", &error))?;
            for item in page.items.unwrap_or_default() {
                let row: RecordRow<P> = serde_dynamo::from_item(item)
                    .map_err(|_| StoreError::Unreadable("ledger row"))?;
                rows.push(row);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                rows.sort_by_key(|row| row.first_seen_at);
                return Ok(rows);
            }
        }
    }
}

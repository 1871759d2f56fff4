//! What waits for a person.

use serde::de::DeserializeOwned;

use super::due::DUE_INDEX;
use super::ledger::key_of;
use super::{RecordRow, RecordState, Store, StoreError, text};
use crate::domain::reason::Reason;
use crate::domain::record::RecordKey;

/// What is shown in place of a row that cannot be read.
fn unreadable<P>(key: RecordKey) -> RecordRow<P> {
    RecordRow {
        reason: Some(Reason::UnreadableRow),
        ..RecordRow::blank(key, RecordState::Held)
    }
}

impl Store {
    /// Every held record of this workflow, the longest known first. The index names them; what they are is read from the ledger itself.
    pub async fn held_records<P: DeserializeOwned>(&self) -> Result<Vec<RecordRow<P>>, StoreError> {
        let rows = self.each_record(&self.held_keys().await?).await?;
        let held = rows.readable.into_values();
        let mut held: Vec<RecordRow<P>> =
            held.filter(|row| row.state == RecordState::Held).collect();
        held.extend(rows.unreadable.into_iter().map(unreadable));
        held.sort_by(|one, other| {
            (one.first_seen_at, &one.key).cmp(&(other.first_seen_at, &other.key))
        });
        Ok(held)
    }

    async fn held_keys(&self) -> Result<Vec<RecordKey>, StoreError> {
        let mut keys = Vec::new();
        self.query_each(
            "query_held",
            |query| {
                query
                    .index_name(DUE_INDEX)
                    .key_condition_expression("pk = :pk AND begins_with(due, :held)")
                    .expression_attribute_values(":held", text("held#"))
            },
            |item| {
                keys.extend(key_of(&item));
                Ok(())
            },
        )
        .await?;
        Ok(keys)
    }
}

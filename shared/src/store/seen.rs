//! What this workflow has seen of another one's records: ids that proGres gave them, each with the time when it first came.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use super::table::TTL_ATTRIBUTE;
use super::{Item, Store, StoreError, failed, number, text};
use crate::clock::later;
use crate::domain::ids::InteropReferralId;
use crate::domain::record::RecordKey;

/// A row is forgotten this long after its last id came, as the records of this workflow are.
const KEPT: Duration = Duration::from_hours(400 * 24);

/// The ids that were seen of a record, and when each first came.
pub type Sightings = Vec<(InteropReferralId, Timestamp)>;

impl Store {
    /// Keeps that this id was seen of a record. The time of the first sighting stands.
    pub async fn put_seen(
        &self,
        of: &RecordKey,
        id: InteropReferralId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.counted()
            .update_item()
            .table_name(&self.table)
            .set_key(Some(self.seen_id(of)))
            .update_expression("SET #id = if_not_exists(#id, :now), #ttl = :ttl, #of = :of")
            .expression_attribute_names("#id", id.to_string())
            .expression_attribute_names("#ttl", TTL_ATTRIBUTE)
            .expression_attribute_names("#of", "key")
            .expression_attribute_values(":now", text(now.to_string()))
            .expression_attribute_values(":ttl", number(later(now, KEPT).as_second()))
            .expression_attribute_values(":of", text(of.as_str()))
            .send()
            .await
            .map_err(|error| failed("put_seen", &error))?;
        Ok(())
    }

    /// What was seen of these records. One of which nothing was seen has no entry.
    pub async fn seen(
        &self,
        keys: &[RecordKey],
    ) -> Result<HashMap<RecordKey, Sightings>, StoreError> {
        let mut seen = HashMap::new();
        for batch in keys.chunks(super::ledger::READ_BATCH) {
            let wanted = batch.iter().map(|key| self.seen_id(key)).collect();
            for item in self.read_all(wanted, "read_seen").await? {
                let of = item.get("key").and_then(|of| of.as_s().ok());
                let of = of.ok_or(StoreError::Unreadable("sighting"))?;
                let of = RecordKey::written(of);
                let sighting = |(id, at): (&String, &aws_sdk_dynamodb::types::AttributeValue)| {
                    Some((id.parse().ok()?, at.as_s().ok()?.parse().ok()?))
                };
                seen.insert(of, item.iter().filter_map(sighting).collect());
            }
        }
        Ok(seen)
    }

    fn seen_id(&self, of: &RecordKey) -> Item {
        HashMap::from([
            ("pk".to_owned(), self.pk()),
            ("sk".to_owned(), text(format!("seen#{of}"))),
        ])
    }
}

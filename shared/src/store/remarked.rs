//! What is worth a remark: rows of records, whatever their state, and of cases.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::{RecordState, Store, StoreError, text};
use crate::domain::reason::Reason;

/// The kinds of items that may carry remarks: their `sk` begins so.
const CARRIERS: [&str; 2] = ["record#", "untidy#"];

/// An item with remarks.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Remarked {
    /// The record, or the case.
    pub key: String,
    /// Where the record stands; none for a case.
    #[serde(default)]
    pub state: Option<RecordState>,
    /// Its remarks, and since when they stand.
    pub remarks: BTreeMap<Reason, Timestamp>,
}

impl Store {
    /// Every item of this workflow with a remark, the longest standing first. No index has them, for an earlier release would read what
    /// is `done` as unfinished there; so the whole workflow is read, and this is for people alone.
    pub async fn remarked(&self) -> Result<Vec<Remarked>, StoreError> {
        let mut items = Vec::new();
        for carrier in CARRIERS {
            self.query_each(
                "query_remarked",
                |query| {
                    query
                        .consistent_read(true)
                        .key_condition_expression("pk = :pk AND begins_with(sk, :carrier)")
                        .filter_expression("attribute_exists(remarks)")
                        .expression_attribute_values(":carrier", text(carrier))
                },
                |item| {
                    let remarked: Remarked = serde_dynamo::from_item(item)
                        .map_err(|_| StoreError::Unreadable("ledger row"))?;
                    items.push(remarked);
                    Ok(())
                },
            )
            .await?;
        }
        items.sort_by_cached_key(|item| (item.remarks.values().min().copied(), item.key.clone()));
        Ok(items)
    }
}

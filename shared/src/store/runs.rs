//! Run reports, kept for 90 days.

use std::time::Duration;

use super::table::TTL_ATTRIBUTE;
use super::{Item, Store, StoreError, number, text};
use crate::clock::later;
use crate::domain::outcome::RunReport;

const KEPT: Duration = Duration::from_hours(90 * 24);

impl Store {
    /// Keeps the report of a run.
    pub async fn put_run(&self, report: &RunReport) -> Result<(), StoreError> {
        let mut item: Item =
            serde_dynamo::to_item(report).map_err(|_| StoreError::Unreadable("run report"))?;
        item.insert("pk".to_owned(), self.pk());
        item.insert("sk".to_owned(), text(format!("run#{}", report.run_id)));
        item.insert(
            TTL_ATTRIBUTE.to_owned(),
            number(later(report.finished_at, KEPT).as_second()),
        );
        self.put(item, "put_run").await
    }
}

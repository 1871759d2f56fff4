//! Run reports, kept for 90 days.

use std::time::Duration;

use super::table::TTL_ATTRIBUTE;
use super::{Item, Store, StoreError, failed, number, text};
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

    /// The reports of the last runs, at most `limit`, the newest first.
    pub async fn last_runs(&self, limit: usize) -> Result<Vec<RunReport>, StoreError> {
        let mut reports = Vec::new();
        let mut start = None;
        while reports.len() < limit {
            let wanted = i32::try_from(limit - reports.len()).unwrap_or(i32::MAX);
            let page = self
                .counted()
                .query()
                .table_name(&self.table)
                .key_condition_expression("pk = :pk AND begins_with(sk, :run)")
                .expression_attribute_values(":pk", self.pk())
                .expression_attribute_values(":run", text("run#"))
                .scan_index_forward(false)
                .limit(wanted)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| failed("query_runs", &error))?;
            for item in page.items.unwrap_or_default() {
                if let Ok(report) = serde_dynamo::from_item(item) {
                    reports.push(report);
                } else {
                    tracing::warn!("a stored run report cannot be read, and is left out");
                }
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        Ok(reports)
    }
}

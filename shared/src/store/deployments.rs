//! Which deployments the table knows: a mistyped name must not look like a deployment that has nothing to do.

use std::collections::BTreeSet;

use super::{Store, StoreError, failed, text};
use crate::domain::system::WorkflowName;

impl Store {
    /// Whether any workflow of this deployment has left anything.
    pub async fn is_known(&self) -> Result<bool, StoreError> {
        for workflow in WorkflowName::ALL {
            let page = self
                .counted()
                .query()
                .table_name(&self.table)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", self.of(*workflow).pk())
                .projection_expression("pk")
                .limit(1)
                .send()
                .await
                .map_err(|error| failed("query_deployment", &error))?;
            if page.count > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Every deployment of which a workflow has run, by name. Reads the whole table.
    pub async fn known_deployments(&self) -> Result<Vec<String>, StoreError> {
        let mut known = BTreeSet::new();
        let mut start = None;
        loop {
            let page = self
                .counted()
                .scan()
                .table_name(&self.table)
                .projection_expression("pk")
                .filter_expression("sk = :lease OR begins_with(sk, :run)")
                .expression_attribute_values(":lease", text("lease"))
                .expression_attribute_values(":run", text("run#"))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| failed("scan_deployments", &error))?;
            for item in page.items.unwrap_or_default() {
                let partition = item.get("pk").and_then(|pk| pk.as_s().ok());
                let deployment = partition.and_then(|partition| partition.split('#').next());
                known.extend(deployment.map(str::to_owned));
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(known.into_iter().collect());
            }
        }
    }
}

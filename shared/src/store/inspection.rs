//! Is the table there, and as the bridge needs it? Only who may describe tables can look.

use aws_sdk_dynamodb::operation::describe_table::DescribeTableError;
use aws_sdk_dynamodb::types::{KeySchemaElement, TimeToLiveStatus};

use super::due::{DUE_ATTRIBUTE, DUE_INDEX};
use super::{Store, StoreError, failed, text};

/// Rows of one workflow that are looked at.
const ROWS: i32 = 100;

impl Store {
    /// What the table lacks, in words; nothing for one that is whole.
    pub async fn lacks(&self) -> Result<Vec<String>, StoreError> {
        let described = self
            .counted()
            .describe_table()
            .table_name(&self.table)
            .send();
        let described = match described.await {
            Ok(described) => described
                .table
                .unwrap_or_else(|| aws_sdk_dynamodb::types::TableDescription::builder().build()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(DescribeTableError::is_resource_not_found_exception) =>
            {
                return Ok(vec![format!("there is no table `{}`", self.table)]);
            }
            Err(error) => return Err(failed("describe_table", &error)),
        };
        let mut lacking = Vec::new();
        if names(described.key_schema()) != ["pk", "sk"] {
            lacking.push("its keys are not `pk` and `sk`".to_owned());
        }
        let mut indexes = described.global_secondary_indexes().iter();
        let due = indexes.find(|index| index.index_name() == Some(DUE_INDEX));
        if due.is_none_or(|index| names(index.key_schema()) != ["pk", DUE_ATTRIBUTE]) {
            lacking.push(format!("it has no index `{DUE_INDEX}` as it must be"));
        }
        let expiry = self
            .counted()
            .describe_time_to_live()
            .table_name(&self.table)
            .send();
        let expiry = expiry
            .await
            .map_err(|error| failed("describe_time_to_live", &error))?;
        let status = expiry.time_to_live_description;
        let status = status.and_then(|description| description.time_to_live_status);
        if !matches!(
            status,
            Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)
        ) {
            lacking.push("its rows do not expire".to_owned());
        }
        Ok(lacking)
    }

    /// How many of the workflow's first rows are remembered under a fingerprint key that is not known, and how many were looked at.
    pub async fn of_other_keys(
        &self,
        is_known: impl Fn(&str) -> bool,
    ) -> Result<(usize, usize), StoreError> {
        let page = self
            .counted()
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :record)")
            .projection_expression("fingerprint.key_id")
            .expression_attribute_values(":pk", self.pk())
            .expression_attribute_values(":record", text("record#"))
            .limit(ROWS)
            .send()
            .await
            .map_err(|error| failed("query_records", &error))?;
        let key_of = |row: &super::Item| {
            let print = row.get("fingerprint")?.as_m().ok()?;
            print.get("key_id")?.as_s().ok().cloned()
        };
        let keys: Vec<String> = page.items().iter().filter_map(key_of).collect();
        let others = keys.iter().filter(|key| !is_known(key)).count();
        Ok((others, keys.len()))
    }
}

fn names(schema: &[KeySchemaElement]) -> Vec<&str> {
    schema
        .iter()
        .map(KeySchemaElement::attribute_name)
        .collect()
}

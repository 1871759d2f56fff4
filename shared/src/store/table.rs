//! The table itself, for places that have no infrastructure to make it: one machine and tests.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification, TimeToLiveStatus,
};

use super::due::{DUE_ATTRIBUTE, DUE_INDEX, SHOWN};
use super::{StoreError, failed};

/// The attribute that holds an item's expiry, in seconds since 1970.
pub const TTL_ATTRIBUTE: &str = "ttl";

/// Creates the table if there is none, and lets its rows expire if they do not.
pub async fn ensure(client: &Client, table: &str) -> Result<(), StoreError> {
    let created = client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(string_attribute("pk"))
        .attribute_definitions(string_attribute("sk"))
        .attribute_definitions(string_attribute(DUE_ATTRIBUTE))
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range))
        .global_secondary_indexes(due_index())
        .send()
        .await;
    match created {
        Err(error)
            if !error
                .as_service_error()
                .is_some_and(CreateTableError::is_resource_in_use_exception) =>
        {
            return Err(failed("create_table", &error));
        }
        _ => {}
    }
    let expiry = client.describe_time_to_live().table_name(table).send();
    let expiry = expiry
        .await
        .map_err(|error| failed("describe_time_to_live", &error))?;
    let status = expiry.time_to_live_description;
    let status = status.and_then(|description| description.time_to_live_status);
    if let Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling) = status {
        return Ok(());
    }
    let ttl = TimeToLiveSpecification::builder()
        .attribute_name(TTL_ATTRIBUTE)
        .enabled(true)
        .build()
        .expect("both fields are set");
    client
        .update_time_to_live()
        .table_name(table)
        .time_to_live_specification(ttl)
        .send()
        .await
        .map_err(|error| failed("update_time_to_live", &error))?;
    Ok(())
}

/// Sparse: only rows that wait or are held have the attribute.
fn due_index() -> GlobalSecondaryIndex {
    let shown = Projection::builder()
        .projection_type(ProjectionType::Include)
        .set_non_key_attributes(Some(SHOWN.map(str::to_owned).to_vec()))
        .build();
    GlobalSecondaryIndex::builder()
        .index_name(DUE_INDEX)
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key(DUE_ATTRIBUTE, KeyType::Range))
        .projection(shown)
        .build()
        .expect("name and keys are set")
}

fn string_attribute(name: &str) -> AttributeDefinition {
    AttributeDefinition::builder()
        .attribute_name(name)
        .attribute_type(ScalarAttributeType::S)
        .build()
        .expect("both fields are set")
}

fn key(name: &str, kind: KeyType) -> KeySchemaElement {
    KeySchemaElement::builder()
        .attribute_name(name)
        .key_type(kind)
        .build()
        .expect("both fields are set")
}

//! The operations of DynamoDB that the state table needs, by their names on the wire.

use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

const TARGET: &str = "DynamoDB_20120810.";

/// What goes back: a status and a JSON body.
pub struct Answer {
    pub status: u16,
    pub body: String,
}

/// Answers one request.
pub fn answer(database: &Database, target: &str, body: &[u8]) -> Answer {
    let operation = target.strip_prefix(TARGET).unwrap_or_default();
    match carried_out(database, operation, body) {
        Ok(body) => Answer { status: 200, body },
        Err(error) => Answer {
            status: error.status_code(),
            body: error.to_json(),
        },
    }
}

/// The answer to a request of our own.
pub fn value_of(
    database: &Database,
    operation: &str,
    request: &Value,
) -> Result<Value, DynoxideError> {
    let answer = carried_out(database, operation, request.to_string().as_bytes())?;
    let unreadable =
        |error: serde_json::Error| DynoxideError::SerializationException(error.to_string());
    serde_json::from_str(&answer).map_err(unreadable)
}

fn carried_out(db: &Database, operation: &str, body: &[u8]) -> Result<String, DynoxideError> {
    match operation {
        "CreateTable" => call(body, |request| db.create_table(request)),
        "DescribeTable" => call(body, |request| db.describe_table(request)),
        "ListTables" => call(body, |request| db.list_tables(request)),
        "UpdateTimeToLive" => call(body, |request| db.update_time_to_live(request)),
        "DescribeTimeToLive" => call(body, |request| db.describe_time_to_live(request)),
        "PutItem" => call(body, |request| db.put_item(request)),
        "GetItem" => call(body, |request| db.get_item(request)),
        "UpdateItem" => call(body, |request| db.update_item(request)),
        "DeleteItem" => call(body, |request| db.delete_item(request)),
        "Query" => call(body, |request| db.query(request)),
        "Scan" => call(body, |request| db.scan(request)),
        "BatchGetItem" => call(body, |request| db.batch_get_item(request)),
        "BatchWriteItem" => call(body, |request| db.batch_write_item(request)),
        "TransactWriteItems" => call(body, |request| db.transact_write_items(request)),
        "TransactGetItems" => call(body, |request| db.transact_get_items(request)),
        _ => Err(DynoxideError::UnsupportedCapability(operation.to_owned())),
    }
}

fn call<Request: DeserializeOwned, Response: Serialize>(
    body: &[u8],
    carry_out: impl FnOnce(Request) -> Result<Response, DynoxideError>,
) -> Result<String, DynoxideError> {
    let unreadable =
        |error: serde_json::Error| DynoxideError::SerializationException(error.to_string());
    let request = serde_json::from_slice(body).map_err(unreadable)?;
    let response = carry_out(request)?;
    serde_json::to_string(&response).map_err(unreadable)
}

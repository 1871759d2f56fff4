//! Whether the tables of a file were finished. Making one takes several steps, and a process may be killed between them.

use dynoxide::{Database, DynoxideError};
use serde_json::{Value, json};

use crate::operations;

/// How a table stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    Empty,
    WithRows,
    /// Named in the file, and without a place for its rows or for an index.
    HalfMade,
    /// The same, and yet it has rows.
    HalfMadeWithRows,
}

/// Every table of a file.
pub fn tables(database: &Database) -> Result<Vec<Table>, DynoxideError> {
    let listed = ask(database, "ListTables", &json!({}))?.unwrap_or_default();
    let names = listed["TableNames"].as_array();
    let names = names.into_iter().flatten().filter_map(Value::as_str);
    names.map(|name| table(database, name)).collect()
}

fn table(database: &Database, name: &str) -> Result<Table, DynoxideError> {
    let described = json!({ "TableName": name });
    let described = ask(database, "DescribeTable", &described)?.unwrap_or_default();
    let rows = json!({ "TableName": name, "Limit": 1 });
    let Some(rows) = ask(database, "Scan", &rows)? else {
        return Ok(Table::HalfMade);
    };
    let has_rows = rows["Count"] != 0;
    let indexes = described["Table"]["GlobalSecondaryIndexes"].as_array();
    for index in indexes.into_iter().flatten() {
        let entries = json!({ "TableName": name, "IndexName": index["IndexName"], "Limit": 1 });
        if ask(database, "Scan", &entries)?.is_none() {
            return Ok(if has_rows {
                Table::HalfMadeWithRows
            } else {
                Table::HalfMade
            });
        }
    }
    Ok(if has_rows {
        Table::WithRows
    } else {
        Table::Empty
    })
}

/// The answer; none where the place of the rows was never made.
fn ask(
    database: &Database,
    operation: &str,
    request: &Value,
) -> Result<Option<Value>, DynoxideError> {
    match operations::value_of(database, operation, request) {
        Err(error) if error.status_code() == 500 && error.to_string().contains("no such table") => {
            Ok(None)
        }
        answer => answer.map(Some),
    }
}

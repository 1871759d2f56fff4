//! TOML as [`Node`]s that know where they stand.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Entry, Fault, Faults, Node, Position, Problem, Table};

/// Reads a text, or names every place where it is not TOML.
pub(crate) fn read(text: &str) -> Result<Table, Faults> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(table_of(text, table.into_inner()));
    }
    let fault = |error: &::toml::de::Error| Fault {
        key: String::new(),
        at: error.span().map(|span| Position::of(text, span.start)),
        problem: Problem::Told(format!("not TOML: {}", error.message())),
    };
    Err(Faults::new(errors.iter().map(fault).collect()))
}

fn table_of(text: &str, table: DeTable<'_>) -> Table {
    let entry = |(key, value): (Spanned<_>, Spanned<DeValue<'_>>)| Entry {
        at: Some(Position::of(text, key.span().start)),
        key: std::borrow::Cow::into_owned(key.into_inner()),
        node: node_of(text, value.into_inner()),
    };
    Table(table.into_iter().map(entry).collect())
}

fn node_of(text: &str, value: DeValue<'_>) -> Node {
    match value {
        DeValue::String(value) => Node::Text(value.into_owned()),
        // More than 64 bits are no number that any key takes.
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Node::Float(f64::NAN), Node::Integer),
        DeValue::Float(number) => Node::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(value) => Node::Switch(value),
        DeValue::Datetime(moment) => Node::Moment(moment.to_string()),
        DeValue::Array(list) => {
            let inner = |value: Spanned<_>| node_of(text, value.into_inner());
            Node::List(list.into_iter().map(inner).collect())
        }
        DeValue::Table(table) => Node::Table(table_of(text, table)),
    }
}

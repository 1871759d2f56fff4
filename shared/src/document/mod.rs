//! Documents that people write: a profile in TOML, secrets and events in JSON. All are read in one way.
//!
//! What a document may hold is declared once (`declared`): a field, its key, how it is read, its default. Reading
//! goes on after a fault, so that all of them come at once, each with its path and its place in the text. A key that nothing
//! asked for is unknown. Secrets and events are *silent*: no fault repeats a value of theirs.

pub(crate) mod declared;
mod fault;
pub(crate) mod json;
pub(crate) mod kinds;
pub(crate) mod section;
pub(crate) mod spelling;
pub(crate) mod toml;

use std::fmt;

pub use fault::{Fault, Faults, Problem};
pub use json::Document;

/// A place in a text; both count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Its line.
    pub line: usize,
    /// Its column, in characters.
    pub column: usize,
}

impl Position {
    /// The place of a byte of a text.
    fn of(text: &str, byte: usize) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        Self {
            line: 1 + before.matches('\n').count(),
            column: 1 + before[line_start..].chars().count(),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}, column {}", self.line, self.column)
    }
}

/// A value of a document.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// JSON's null, which counts as absent.
    Null,
    /// True or false.
    Switch(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(String),
    /// A date or time of TOML, as it is written there.
    Moment(String),
    /// A list.
    List(Vec<Node>),
    /// A table, or a JSON object.
    Table(Table),
}

/// The entries of a table, in the order of the document or of their keys. Of a key that is given twice it has both.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table(pub(crate) Vec<Entry>);

/// One entry of a table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    /// Where the key stands, if the document came as a text.
    pub(crate) at: Option<Position>,
    pub(crate) node: Node,
}

impl Table {
    /// The entry of a key that is not null; of a key that is given twice the last.
    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        let mut entries = self.0.iter().rev();
        entries.find(|entry| entry.key == key && entry.node != Node::Null)
    }
}

impl Node {
    /// What TOML calls such a value.
    pub(crate) const fn type_word(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Switch(_) => "boolean",
            Self::Integer(_) => "integer",
            Self::Float(_) => "float",
            Self::Text(_) => "string",
            Self::Moment(_) => "datetime",
            Self::List(_) => "array",
            Self::Table(_) => "table",
        }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value as JSON; `None` for a number that JSON cannot carry. Moments are texts there.
    pub(crate) fn to_json(&self) -> Option<serde_json::Value> {
        Some(match self {
            Self::Null => serde_json::Value::Null,
            Self::Switch(value) => (*value).into(),
            Self::Integer(number) => (*number).into(),
            Self::Float(number) => serde_json::Number::from_f64(*number)?.into(),
            Self::Text(text) | Self::Moment(text) => text.as_str().into(),
            Self::List(list) => list.iter().map(Self::to_json).collect::<Option<_>>()?,
            Self::Table(table) => {
                let entry = |entry: &Entry| Some((entry.key.clone(), entry.node.to_json()?));
                table.0.iter().map(entry).collect::<Option<_>>()?
            }
        })
    }
}

/// Defaults are written as the document would write them.
impl From<bool> for Node {
    fn from(value: bool) -> Self {
        Self::Switch(value)
    }
}

impl From<i64> for Node {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl<const N: usize> From<[&str; N]> for Node {
    fn from(list: [&str; N]) -> Self {
        Self::List(list.into_iter().map(Self::from).collect())
    }
}

#[cfg(test)]
mod tests;

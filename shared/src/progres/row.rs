//! One flat row of a PING answer.

use serde_json::{Map, Value};

use crate::domain::pii::Pii;

/// A row: prefixed keys, values as text, number, lookup object or null. Personal as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row(Pii<Map<String, Value>>);

impl Row {
    /// Wraps the fields that PING sent.
    #[must_use]
    pub const fn new(fields: Map<String, Value>) -> Self {
        Self(Pii::new(fields))
    }

    /// The value of a field; null counts as absent.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.expose().get(key).filter(|value| !value.is_null())
    }

    /// Whether PING sent the field at all, be it as null.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.0.expose().contains_key(key)
    }

    /// A field as trimmed text; blank counts as absent. Numbers are taken by their digits, lookup objects by their `Name`.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<String> {
        text_of(self.get(key)?)
    }

    /// An id as trimmed text; blank counts as absent. Lookup objects are taken by their `Id`.
    #[must_use]
    pub fn id(&self, key: &str) -> Option<String> {
        match self.get(key)? {
            Value::Object(lookup) => text_of(lookup.get("Id")?),
            value => text_of(value),
        }
    }

    /// The row as JSON text, for telling rows apart.
    #[must_use]
    pub fn canonical(&self) -> Pii<String> {
        Pii::new(Value::Object(self.0.expose().clone()).to_string())
    }
}

/// A value as trimmed text, if it has any.
#[must_use]
pub fn text_of(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Object(lookup) => lookup
            .get("Name")
            .and_then(Value::as_str)?
            .trim()
            .to_owned(),
        Value::Null | Value::Bool(_) | Value::Array(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

//! JSON as people and tools write it: a byte-order mark at its start is skipped, and a key that is given twice is noticed.
//!
//! `serde_json` takes the last of two; whoever wrote both meant one of them, and nobody knows which.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::{Map, Number, Value};

/// A JSON value, and the keys that stand in one of its objects more than once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Written {
    /// The value. Of a key that is given twice it has the last.
    pub value: Value,
    /// Keys that are given twice, at any depth.
    pub repeated: Vec<String>,
}

impl Written {
    /// Reads text, with or without a byte-order mark.
    pub fn read(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(without_mark(text))
    }
}

/// Text without the byte-order mark that editors on Windows put before it.
#[must_use]
pub fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

impl From<Value> for Written {
    fn from(value: Value) -> Self {
        Self {
            value,
            repeated: Vec::new(),
        }
    }
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut repeated = Vec::new();
        let value = Reading(&mut repeated).deserialize(deserializer)?;
        Ok(Self { value, repeated })
    }
}

/// Reads one value and adds the keys that are given twice in it.
struct Reading<'r>(&'r mut Vec<String>);

impl<'de> DeserializeSeed<'de> for Reading<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reading<'_> {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(Reading(self.0))? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut values = Map::new();
        while let Some(key) = object.next_key::<String>()? {
            let value = object.next_value_seed(Reading(self.0))?;
            if values.insert(key.clone(), value).is_some() && !self.0.contains(&key) {
                self.0.push(key);
            }
        }
        Ok(values.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_that_are_given_twice_are_named_once_at_any_depth() {
        let text = r#"{"a": 1, "b": {"c": [], "c": {"d": 1, "d": 2, "d": 3}}, "a": null}"#;
        let written = Written::read(text).expect("it is JSON");
        assert_eq!(written.repeated, ["d", "c", "a"]);
    }

    #[test]
    fn everything_else_is_read_as_it_stands() {
        let text = r#"{"a": [1, -2, 3.5, true, null, "x"], "b": {"a": {}}}"#;
        let written = Written::read(text).expect("it is JSON");
        let value = json!({ "a": [1, -2, 3.5, true, null, "x"], "b": { "a": {} } });
        assert_eq!(written, value.into());
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert_eq!(Written::read("\u{feff}{}").ok(), Some(json!({}).into()));
        assert!(Written::read("{} x").is_err());
    }
}

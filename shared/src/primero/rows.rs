//! Rows of a list of cases, read one by one and field by field, so that an odd one concerns nobody else.

use serde_json::{Map, Value};

use super::PrimeroClient;
use super::listing::{Listing, Metadata};
use crate::transport::{Answer, GateError};

/// What stands in place of half a character, of which JSON can make no text. No text of a real system holds it.
const HALF: char = '\u{FFFF}';

/// A row before it is read: its fields, and the names of those that cannot be.
#[derive(Clone, Debug, Default)]
pub struct Row {
    fields: Map<String, Value>,
    odd: Vec<String>,
}

impl Row {
    /// A row of a list. What is no object has no fields.
    pub fn new(value: Value) -> Self {
        let Value::Object(mut fields) = value else {
            return Self::default();
        };
        let mut odd = Vec::new();
        fields.retain(|name, value| {
            let whole = !has_half_a_character(value);
            if !whole {
                odd.push(name.clone());
            }
            whole
        });
        Self { fields, odd }
    }

    /// A field as it is; null counts as absent.
    pub fn take(&mut self, field: &str) -> Option<Value> {
        self.fields.remove(field).filter(|value| !value.is_null())
    }

    /// A text, or a whole number, which some installations keep in place of one.
    pub fn text(&mut self, field: &'static str) -> Option<String> {
        let value = self.take(field)?;
        let text = text_of(&value);
        if text.is_none() {
            self.mark(field);
        }
        text
    }

    /// A truth value, also as a word.
    pub fn truth(&mut self, field: &'static str) -> Option<bool> {
        let value = self.take(field)?;
        let truth = truth_of(&value);
        if truth.is_none() {
            self.mark(field);
        }
        truth
    }

    /// Rows of a subform. Empty ones are left out; what is no list, or holds what is no row, is marked.
    pub fn subform(&mut self, field: &'static str) -> Vec<Value> {
        let (rows, is_list) = match self.take(field) {
            Some(Value::Array(rows)) => (rows, true),
            other => (Vec::new(), other.is_none_or(|value| is_empty(&value))),
        };
        let (whole, other): (Vec<Value>, Vec<Value>) = rows
            .into_iter()
            .filter(|row| !is_empty(row))
            .partition(Value::is_object);
        if !is_list || !other.is_empty() {
            self.mark(field);
        }
        whole
    }

    /// The fields that nobody took, and the names of those that cannot be read.
    pub fn rest(self) -> (Map<String, Value>, Vec<String>) {
        (self.fields, self.odd)
    }

    fn mark(&mut self, field: &str) {
        self.odd.push(field.to_owned());
    }
}

impl PrimeroClient {
    /// Reads the frame of a list of cases, and leaves its rows for later.
    pub(super) fn case_rows(
        &self,
        route: &'static str,
        answer: &Answer,
    ) -> Result<(Vec<Value>, Metadata), GateError> {
        let read = self.transport.json::<Listing<Value>>(route, answer);
        let listing = match read {
            Ok(listing) => listing,
            // Half a character, as from a name that was cut inside of one, makes the whole answer no JSON.
            Err(error) => match with_halves_marked(&answer.body) {
                Some(body) => serde_json::from_slice(&body).map_err(|_| error)?,
                None => return Err(error),
            },
        };
        Ok((listing.data, listing.metadata))
    }
}

/// A text, or a number that is whole, without decimals.
pub fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        Value::Number(number) => {
            let number = number.as_f64()?;
            let whole = number.fract() == 0.0 && number.abs() < 9e15;
            whole.then(|| format!("{number:.0}"))
        }
        _ => None,
    }
}

/// A truth value, or the word for one.
pub fn truth_of(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::String(word) => word.trim().to_ascii_lowercase().parse().ok(),
        _ => None,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(rows) => rows.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn has_half_a_character(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(HALF),
        Value::Array(values) => values.iter().any(has_half_a_character),
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| name.contains(HALF) || has_half_a_character(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The body with every lone surrogate escape replaced; none if there is none.
fn with_halves_marked(body: &[u8]) -> Option<Vec<u8>> {
    let mut marked = Vec::with_capacity(body.len());
    let (mut rest, mut any) = (body, false);
    while let Some(&byte) = rest.first() {
        let length = match (byte, code_unit(rest), rest.get(6..).and_then(code_unit)) {
            (b'\\', Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (b'\\', Some(0xD800..=0xDFFF), _) => {
                marked.extend_from_slice(b"\\uFFFF");
                any = true;
                rest = &rest[6..];
                continue;
            }
            // Whatever is escaped begins no escape itself.
            (b'\\', None, _) => 2,
            (b'\\', Some(_), _) => 6,
            _ => 1,
        };
        let (whole, after) = rest.split_at(length.min(rest.len()));
        marked.extend_from_slice(whole);
        rest = after;
    }
    any.then_some(marked)
}

/// The code unit of a `\uXXXX` at the beginning.
fn code_unit(text: &[u8]) -> Option<u16> {
    let hex = text.strip_prefix(b"\\u")?.get(..4)?;
    u16::from_str_radix(str::from_utf8(hex).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn half_a_character_is_marked_and_a_whole_one_is_not() {
        let marked = |text: &str| with_halves_marked(text.as_bytes());
        assert_eq!(marked(r#"{"a":"\ud83d\ude00 \\ud83d \u00e9"}"#), None);
        let cut = marked(r#"{"a":"\ud83d","b":"\ude00\\","c":"\\\ud83dx"}"#).expect("three");
        assert_eq!(
            String::from_utf8(cut).expect("text"),
            r#"{"a":"\uFFFF","b":"\uFFFF\\","c":"\\\uFFFFx"}"#
        );
    }

    #[test]
    fn a_field_with_half_a_character_is_odd_and_the_others_are_not() {
        let row = Row::new(json!({ "name_first": "A\u{FFFF}", "name_last": "B" }));
        let (fields, odd) = row.rest();
        assert_eq!(Value::Object(fields), json!({ "name_last": "B" }));
        assert_eq!(odd, ["name_first"]);
    }

    #[test]
    fn a_whole_number_is_as_good_as_a_text() {
        for (value, text) in [
            (json!(606_900_000_001_u64), Some("606900000001")),
            (json!(251_911_000_001.0), Some("251911000001")),
            (json!("606-1"), Some("606-1")),
            (json!(1.5), None),
            (json!(["606-1"]), None),
            (json!({}), None),
        ] {
            assert_eq!(text_of(&value).as_deref(), text, "{value}");
        }
    }

    #[test]
    fn an_empty_subform_is_none_and_what_is_no_row_is_marked() {
        for (value, rows, odd) in [
            (json!([{ "unique_id": "1" }, null, {}]), 1, false),
            (json!(""), 0, false),
            (json!({}), 0, false),
            (json!(null), 0, false),
            (json!({ "0": { "unique_id": "1" } }), 0, true),
            (json!([{ "unique_id": "1" }, "2"]), 1, true),
            (json!("none"), 0, true),
            (json!(3), 0, true),
        ] {
            let mut row = Row::new(json!({ "services_section": value }));
            assert_eq!(row.subform("services_section").len(), rows, "{value}");
            assert_eq!(!row.rest().1.is_empty(), odd, "{value}");
        }
    }
}

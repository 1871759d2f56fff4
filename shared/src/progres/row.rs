//! One flat row of a PING answer.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::keys::{Members, member};
use crate::domain::pii::Pii;
use crate::domain::words::written_out;

/// Stands for a row as a whole among the names of its fields.
const WHOLE: &str = "Data";

/// A row: prefixed keys, compared without case; values as text, number, lookup object or null. Personal as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    fields: Pii<Map<String, Value>>,
    /// Names of the fields that cannot be read; [`WHOLE`] where the row is no object, or a name cannot be read.
    unreadable: Vec<String>,
    /// The text that it came as, where some of it cannot be read: it tells such rows apart.
    text: Option<Pii<String>>,
}

impl Row {
    /// Wraps the fields that PING sent.
    #[must_use]
    pub const fn new(fields: Map<String, Value>) -> Self {
        Self {
            fields: Pii::new(fields),
            unreadable: Vec::new(),
            text: None,
        }
    }

    /// Reads a row as far as it can be read.
    pub(super) fn read(row: &RawValue) -> Self {
        if let Ok(fields) = serde_json::from_str(row.get()) {
            return Self::new(fields);
        }
        let (mut fields, mut unreadable) = (Map::new(), Vec::new());
        match serde_json::from_str::<Members<'_>>(row.get()) {
            Ok(members) => {
                for (key, value) in members.0 {
                    match serde_json::from_str(value.get()) {
                        Ok(value) if is_name(&key) || is_whole(&key) => {
                            fields.insert(key, value);
                        }
                        _ if is_name(&key) => unreadable.push(key),
                        _ => unreadable.push(WHOLE.to_owned()),
                    }
                }
            }
            Err(_) => unreadable.push(WHOLE.to_owned()),
        }
        Self {
            fields: Pii::new(fields),
            unreadable,
            text: Some(Pii::new(row.get().to_owned())),
        }
    }

    /// Names of the fields that cannot be read, or `Data` where they have no name; empty for a row that is whole.
    #[must_use]
    pub fn unreadable(&self) -> &[String] {
        &self.unreadable
    }

    /// The value of a field; null counts as absent.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        let fields = self.fields.expose();
        let is_there = |value: &&Value| !value.is_null();
        fields.get(key).filter(is_there).or_else(|| {
            let mut others = fields
                .iter()
                .filter(|(other, _)| other.eq_ignore_ascii_case(key));
            others.find_map(|(_, value)| Some(value).filter(is_there))
        })
    }

    /// Whether PING sent the field at all, be it as null.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        let mut keys = self.fields.expose().keys();
        keys.any(|other| other.eq_ignore_ascii_case(key))
    }

    /// A field as trimmed text; blank counts as absent. Numbers are written out, lookup objects are taken by their `Name`, and a list of
    /// one as what is in it.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<String> {
        text_of(self.get(key)?)
    }

    /// A field as [`Self::text`] read it in earlier versions: a number as JSON spells it.
    #[must_use]
    pub fn text_as_spelt(&self, key: &str) -> Option<String> {
        match self.get(key)? {
            Value::Number(number) => Some(number.to_string()),
            _ => self.text(key),
        }
    }

    /// An id as trimmed text; blank counts as absent. Lookup objects are taken by their `Id`.
    #[must_use]
    pub fn id(&self, key: &str) -> Option<String> {
        match self.get(key)? {
            Value::Object(lookup) => text_of(member(lookup, "id")),
            value => text_of(value),
        }
    }

    /// Whether a field holds something that is neither blank nor to be read as text: nobody knows what it says.
    #[must_use]
    pub fn is_of_another_type(&self, key: &str) -> bool {
        let says_something = |value: &Value| !is_blank(value) && text_of(value).is_none();
        self.get(key).is_some_and(says_something)
    }

    /// The row as JSON text, for telling rows apart.
    #[must_use]
    pub fn canonical(&self) -> Pii<String> {
        let whole = || Pii::new(Value::Object(self.fields.expose().clone()).to_string());
        self.text.clone().unwrap_or_else(whole)
    }

    /// The same row with this field.
    #[must_use]
    pub(crate) fn with(self, key: &str, value: String) -> Self {
        let mut fields = self.fields.expose().clone();
        fields.insert(key.to_owned(), Value::String(value));
        Self {
            fields: Pii::new(fields),
            ..self
        }
    }
}

/// Whether a key looks like one of PING's, so that it may be named.
fn is_name(key: &str) -> bool {
    let part = |letter: char| letter.is_ascii_alphanumeric() || "._".contains(letter);
    key.len() <= 120 && key.contains(['.', '_']) && key.chars().all(part)
}

/// Whether no character of a key was lost.
fn is_whole(key: &str) -> bool {
    !key.contains(char::REPLACEMENT_CHARACTER)
}

/// A value as trimmed text, if it has any.
#[must_use]
pub fn text_of(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => written_out(number),
        Value::Object(lookup) => member(lookup, "name").as_str()?.trim().to_owned(),
        Value::Array(values) => match &values[..] {
            [one] if !one.is_array() => return text_of(one),
            _ => return None,
        },
        Value::Null | Value::Bool(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// Whether a value says nothing: an empty element of XML may come as an empty object or list.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(values) => values.iter().all(is_blank),
        Value::Object(members) => members.values().all(is_blank),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "progres_individual.individuals.progres_givenname";
    const ID: &str = "progres_lpinterventionid";

    fn row(text: &str) -> Row {
        let raw: Box<RawValue> = serde_json::from_str(text).expect("JSON");
        Row::read(&raw)
    }

    #[test]
    fn a_row_is_read_as_far_as_it_can_be_read() {
        let odd = row(&format!(
            r#"{{"{ID}":"a","{NAME}":"Nyakong\ud83d","deep_number":1e999}}"#
        ));
        assert_eq!(odd.text(ID).as_deref(), Some("a"));
        assert_eq!(odd.unreadable(), [NAME, "deep_number"]);
        assert_eq!(row(&format!(r#"{{"{ID}":"a"}}"#)).unreadable(), [""; 0]);
        for text in ["7", "null", r#"["a"]"#, r#"{"Nyakong \ud83d":1}"#] {
            assert_eq!(row(text).unreadable(), [WHOLE], "{text}");
        }
    }

    #[test]
    fn rows_that_cannot_be_read_are_told_apart_by_their_text() {
        let odd = |text: &str| row(&format!(r#"{{"{NAME}":"{text}\ud83d"}}"#)).canonical();
        assert!(odd("a") == odd("a"));
        assert!(odd("a") != odd("b"));
    }

    #[test]
    fn keys_are_compared_without_case_and_a_null_gives_way() {
        let row = row(r#"{"Progres_Id":"803","progres_id":null}"#);
        assert_eq!(row.text("progres_id").as_deref(), Some("803"));
        assert!(row.has("PROGRES_ID"));
    }

    #[test]
    fn a_text_may_come_as_a_number_a_lookup_or_a_list_of_one() {
        for (value, text) in [
            ("803001", Some("803001")),
            ("125080001.0", Some("125080001")),
            ("125080001.5", Some("125080001.5")),
            ("2.51911e11", Some("251911000000")),
            (r#"{"NAME":"Garissa"}"#, Some("Garissa")),
            (r#"["Nuer"]"#, Some("Nuer")),
            (r#"["Nuer","Bari"]"#, None),
            ("true", None),
            (r#""  ""#, None),
        ] {
            let row = row(&format!(r#"{{"a":{value}}}"#));
            assert_eq!(row.text("a").as_deref(), text, "{value}");
        }
    }

    #[test]
    fn what_is_neither_blank_nor_text_is_of_another_type() {
        let of = |value: &str| row(&format!(r#"{{"a":{value}}}"#)).is_of_another_type("a");
        for value in ["true", r#"["a","b"]"#, r#"{"Id":"a"}"#, "[[1]]"] {
            assert!(of(value), "{value}");
        }
        for value in ["null", "{}", "[]", r#""""#, r#"{"Id":null}"#, "7", r#""x""#] {
            assert!(!of(value), "{value}");
        }
    }
}

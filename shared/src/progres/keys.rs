//! Keys of PING's answers, compared without case: a gateway may spell them otherwise than agreed.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// A key without case, and without what only separates its words: `ErrorMessage`, `errorMessage` and `ERROR_MESSAGE` are one.
pub fn folded(key: &str) -> String {
    let letters = key.chars().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// The members of one JSON object, each value as the text that it came as. So one value that cannot be read does not spoil the others.
pub struct Members<'a>(pub Vec<(String, &'a RawValue)>);

/// A key that stands there twice with different values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Twice;

impl<'a> Members<'a> {
    /// The value of a key, named as [`folded`]; null counts as absent.
    pub fn get(&self, folded_key: &str) -> Result<Option<&'a RawValue>, Twice> {
        let mut found: Option<&RawValue> = None;
        for (key, value) in &self.0 {
            if folded(key) != folded_key || value.get() == "null" {
                continue;
            }
            if found.is_some_and(|before| before.get() != value.get()) {
                return Err(Twice);
            }
            found = Some(value);
        }
        Ok(found)
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfObject;
        impl<'de> Visitor<'de> for OfObject {
            type Value = Members<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Key(key), value)) = map.next_entry()? {
                    members.push((key, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(OfObject)
    }
}

/// A key, whatever characters it is made of.
struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfBytes;
        impl Visitor<'_> for OfBytes {
            type Value = Key;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a key")
            }

            fn visit_str<E>(self, key: &str) -> Result<Key, E> {
                Ok(Key(key.to_owned()))
            }

            fn visit_bytes<E>(self, key: &[u8]) -> Result<Key, E> {
                Ok(Key(String::from_utf8_lossy(key).into_owned()))
            }
        }
        // A key with half a character is no text, but it is bytes.
        deserializer.deserialize_bytes(OfBytes)
    }
}

/// A member of an object that was read whole, its key compared as [`folded`].
pub fn member<'v>(object: &'v serde_json::Map<String, Value>, folded_key: &str) -> &'v Value {
    let mut members = object.iter();
    let found = members.find(|(key, value)| folded(key) == folded_key && !value.is_null());
    found.map_or(&Value::Null, |(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(text: &str) -> Members<'_> {
        serde_json::from_str(text).expect("an object")
    }

    #[test]
    fn a_key_is_found_in_every_spelling() {
        for key in [
            "ErrorMessage",
            "errorMessage",
            "ERRORMESSAGE",
            "error_message",
            "error-message",
        ] {
            let text = format!(r#"{{"other":1,"{key}":"x"}}"#);
            let found = members(&text).get("errormessage");
            let found = found.map(|value| value.map(RawValue::get));
            assert_eq!(found, Ok(Some("\"x\"")), "{key}");
        }
    }

    #[test]
    fn a_key_that_stands_there_twice_is_no_answer_unless_one_is_null() {
        let get = |text: &str| {
            let found = members(text).get("data");
            found.map(|value| value.map(|value| value.get().to_owned()))
        };
        assert_eq!(get(r#"{"Data":[1],"data":[2]}"#), Err(Twice));
        assert_eq!(
            get(r#"{"Data":[1],"data":null}"#),
            Ok(Some("[1]".to_owned()))
        );
        assert_eq!(get(r#"{"Data":null}"#), Ok(None));
    }

    #[test]
    fn half_a_character_in_a_key_or_a_value_spoils_no_neighbour() {
        let text = r#"{"\ud83d":1,"a":"\ud83d","b":2}"#;
        let found = members(text).get("b");
        assert_eq!(found.map(|value| value.map(RawValue::get)), Ok(Some("2")));
    }
}

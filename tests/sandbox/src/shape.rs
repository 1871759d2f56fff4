//! Answers that say the same in another shape, as gateways make them: other spellings of keys, a lone row, a mark before the text.

use axum::body::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What becomes of an answer's body. One that is no JSON stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// `errorMessage` for `ErrorMessage`, in the frame of the answer.
    CamelKeys,
    /// `ERROR_MESSAGE` for `ErrorMessage`, in the frame of the answer.
    ShoutedKeys,
    /// The one row of a list as an object in the place of the list.
    LoneRow,
    /// A byte-order mark before the body.
    ByteOrderMark,
    /// Rows without this key.
    WithoutKey {
        /// Such as `progres_lpinterventionid`.
        key: String,
    },
    /// Half a character after each of these words: a text that no reader takes.
    HalfCharacter {
        /// The word.
        after: String,
    },
}

impl Shape {
    /// The body in this shape.
    pub(crate) fn of(&self, body: Bytes) -> Bytes {
        match self {
            Self::ByteOrderMark => [b"\xef\xbb\xbf", &body[..]].concat().into(),
            Self::HalfCharacter { after } => {
                let text = String::from_utf8_lossy(&body);
                text.replace(after.as_str(), &format!("{after}\\ud83d"))
                    .into()
            }
            _ => self.of_json(&body).unwrap_or(body),
        }
    }

    fn of_json(&self, body: &[u8]) -> Option<Bytes> {
        let mut answer: Map<String, Value> = serde_json::from_slice(body).ok()?;
        match self {
            Self::CamelKeys => answer = respelt(answer, &camel),
            Self::ShoutedKeys => answer = respelt(answer, &shouted),
            Self::LoneRow => {
                if let Some(rows) = answer.get_mut("Data")
                    && let Some([row]) = rows.as_array().map(Vec::as_slice)
                {
                    *rows = row.clone();
                }
            }
            Self::WithoutKey { key } => {
                let rows = answer.get_mut("Data").and_then(Value::as_array_mut);
                for row in rows.into_iter().flatten() {
                    row.as_object_mut().map(|row| row.remove(key));
                }
            }
            Self::ByteOrderMark | Self::HalfCharacter { .. } => {}
        }
        serde_json::to_vec(&answer).ok().map(Bytes::from)
    }
}

/// The frame's keys in another spelling, those of the paging summary with them; rows keep theirs.
fn respelt(frame: Map<String, Value>, spell: &impl Fn(&str) -> String) -> Map<String, Value> {
    let entry = |(key, value): (String, Value)| match value {
        Value::Object(summary) if key == "PagingSummary" => {
            (spell(&key), Value::Object(respelt(summary, spell)))
        }
        value => (spell(&key), value),
    };
    frame.into_iter().map(entry).collect()
}

fn camel(key: &str) -> String {
    let mut letters = key.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

fn shouted(key: &str) -> String {
    let mut spelt = String::new();
    let mut after_small = false;
    for letter in key.chars() {
        if after_small && letter.is_uppercase() {
            spelt.push('_');
        }
        after_small = letter.is_lowercase();
        spelt.push(letter.to_ascii_uppercase());
    }
    spelt
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shaped(shape: &Shape, body: &str) -> String {
        let body = shape.of(Bytes::from(body.to_owned()));
        String::from_utf8_lossy(&body).into_owned()
    }

    #[test]
    fn the_frame_is_spelt_otherwise_and_rows_are_not() {
        let body = r#"{"Data":[{"Id":1}],"PagingSummary":{"PageNumber":0}}"#;
        assert_eq!(
            shaped(&Shape::CamelKeys, body),
            r#"{"data":[{"Id":1}],"pagingSummary":{"pageNumber":0}}"#
        );
        assert_eq!(
            shaped(&Shape::ShoutedKeys, body),
            r#"{"DATA":[{"Id":1}],"PAGING_SUMMARY":{"PAGE_NUMBER":0}}"#
        );
    }

    #[test]
    fn one_row_loses_its_list_and_two_keep_it() {
        let lone = shaped(&Shape::LoneRow, r#"{"Data":[{"a":1}]}"#);
        assert_eq!(lone, r#"{"Data":{"a":1}}"#);
        let two = r#"{"Data":[{"a":1},{"a":2}]}"#;
        assert_eq!(shaped(&Shape::LoneRow, two), two);
    }

    #[test]
    fn a_row_can_lose_a_key_or_hold_half_a_character() {
        let key = "a".to_owned();
        let body = r#"{"Data":[{"a":1,"b":"x"}]}"#;
        assert_eq!(
            shaped(&Shape::WithoutKey { key }, body),
            r#"{"Data":[{"b":"x"}]}"#
        );
        let after = "x".to_owned();
        let half = shaped(&Shape::HalfCharacter { after }, body);
        assert_eq!(half, r#"{"Data":[{"a":1,"b":"x\ud83d"}]}"#);
        assert!(serde_json::from_str::<Value>(&half).is_err());
    }
}

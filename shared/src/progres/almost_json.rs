//! Reading what checkstatus sends as text: JSON, or JSON with one known defect.
//!
//! The defect: a member `"Data":"{ … }"` holds an object whose quotes are not escaped. Such an object is whole JSON by itself, so
//! it is found by reading one value where it begins, never by guessing where it might end. Well-formed text is read as it is,
//! the defect is repaired by escaping the object, and anything else is unreadable. Every byte is looked at a fixed number of
//! times, and the result is at most twice as long as the text.

use serde::de::IgnoredAny;
use serde_json::Value;

/// Longest text that is read, in bytes: far more than the status of five hundred records.
pub const LONGEST: usize = 4 * 1024 * 1024;

/// A text that is neither JSON nor JSON with the known defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither JSON nor JSON with the known defect")]
pub struct Unreadable;

/// Reads the text; where the defect was, the value is the object's text, as it would be had its quotes been escaped.
pub fn read(text: &str) -> Result<Value, Unreadable> {
    if text.len() > LONGEST {
        return Err(Unreadable);
    }
    if let Ok(value) = serde_json::from_str(text) {
        return Ok(value);
    }
    let repaired = repaired(text).ok_or(Unreadable)?;
    serde_json::from_str(&repaired).map_err(|_| Unreadable)
}

/// The text with every bare object escaped; none if it breaks elsewhere, too.
fn repaired(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    let mut rest = text;
    while let Some(start) = rest.find('"') {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let (name, after) = split_string(rest)?;
        out.push_str(name);
        rest = after;
        let Some(value) = name
            .eq_ignore_ascii_case(r#""Data""#)
            .then(|| value_after_colon(rest))
            .flatten()
        else {
            continue;
        };
        let Some(object) = value.strip_prefix('"').filter(|text| is_bare_object(text)) else {
            continue;
        };
        let length = length_of_value(object)?;
        let (object, after) = object.split_at(length);
        out.push_str(&rest[..rest.len() - value.len()]);
        out.push_str(&serde_json::to_string(object).ok()?);
        rest = after.strip_prefix('"')?;
    }
    out.push_str(rest);
    Some(out)
}

/// A string token with its quotes, and what follows it.
fn split_string(text: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            // A quote is never a part of a longer character.
            b'"' => return Some(text.split_at(at + 1)),
            _ => {}
        }
    }
    None
}

/// What follows the colon after a member's name.
fn value_after_colon(text: &str) -> Option<&str> {
    let value = text.trim_ascii_start().strip_prefix(':')?;
    Some(value.trim_ascii_start())
}

/// Whether an object begins here whose first quote is not escaped.
fn is_bare_object(text: &str) -> bool {
    let members = text.strip_prefix('{').map(str::trim_ascii_start);
    members.is_some_and(|members| members.starts_with(['"', '}']))
}

/// The length of the one JSON value at the beginning of the text.
fn length_of_value(text: &str) -> Option<usize> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    Some(values.byte_offset())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Any JSON value; texts are full of what could confuse a reader.
    fn any_json() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            "[\"\\\\{}\\[\\]:, Da-t\u{e9}\n\t]{0,12}",
            any::<String>(),
            Just(r#""Data":"{"#.to_owned()),
            Just("Data".to_owned()),
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            text.clone().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 48, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(text.clone(), inner, 0..6)
                    .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
            ]
        })
    }

    fn any_object() -> impl Strategy<Value = Value> {
        prop::collection::btree_map(".{0,8}", any_json(), 0..5)
            .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into())
    }

    fn with_defect(objects: &[String]) -> String {
        let record = |object: &String| {
            format!(r#"{{"Status":"Success","Data" : "{object}","ErrorMessage":"a \"b\" {{"}}"#)
        };
        let records: Vec<String> = objects.iter().map(record).collect();
        format!("[{}]", records.join(", "))
    }

    proptest! {
        #[test]
        fn well_formed_text_is_read_unchanged(value in any_json(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
            prop_assert_eq!(read(&text.expect("JSON")), Ok(value));
        }

        #[test]
        fn the_defect_is_repaired_whatever_the_object(
            objects in prop::collection::vec((any_object(), any::<bool>()), 1..4)
        ) {
            let texts: Vec<String> = objects
                .iter()
                .map(|(object, pretty)| if *pretty { format!("{object:#}") } else { object.to_string() })
                .collect();
            let text = with_defect(&texts);
            // An object such as {",":":"} makes the text well-formed by accident; then it is read as it is.
            prop_assume!(serde_json::from_str::<Value>(&text).is_err());
            let expected: Vec<Value> = texts
                .iter()
                .map(|object| json!({ "Status": "Success", "Data": object, "ErrorMessage": "a \"b\" {" }))
                .collect();
            prop_assert_eq!(read(&text), Ok(Value::from(expected)));
        }

        #[test]
        fn arbitrary_bytes_never_panic_and_never_grow(bytes in prop::collection::vec(any::<u8>(), 0..2048)) {
            let text = String::from_utf8_lossy(&bytes);
            let _ = read(&text);
            if let Some(repaired) = repaired(&text) {
                prop_assert!(repaired.len() <= 2 * text.len());
            }
        }

        #[test]
        fn pieces_of_the_format_in_any_order_never_panic_and_never_grow(
            pieces in prop::collection::vec(
                prop::sample::select(vec!["\"Data\"", ":", "\"", "{", "}", "[", "]", ",", "\\", " ", "\"a\"", "1", "\u{e9}", "\n"]),
                0..200,
            )
        ) {
            let text = pieces.concat();
            let _ = read(&text);
            if let Some(repaired) = repaired(&text) {
                prop_assert!(repaired.len() <= 2 * text.len());
            }
        }

        #[test]
        fn a_defect_that_is_cut_anywhere_is_unreadable(object in any_object(), cut in any::<prop::sample::Index>()) {
            let text = with_defect(&[object.to_string()]);
            let cut = cut.index(text.len());
            prop_assume!(text.is_char_boundary(cut));
            prop_assert_eq!(read(&text[..cut]), Err(Unreadable));
        }
    }

    #[test]
    fn the_recorded_shape_is_repaired() {
        let text = r#"[{"SPHTransactionId":"eabac5fc","Status":"Success","Data":"{"progres_interoperabilityreferralid":"d19321ea","Message":"Record created"}","ErrorMessage":""}]"#;
        let value = read(text).expect("the known defect");
        assert_eq!(
            value[0]["Data"],
            r#"{"progres_interoperabilityreferralid":"d19321ea","Message":"Record created"}"#
        );
        assert_eq!(value[0]["Status"], "Success");
    }

    #[test]
    fn escaped_and_bare_objects_may_stand_side_by_side() {
        let text = r#"[{"Data":"{\"a\":1}"},{"Data":"{"a":2}"},{"Data":"none"},{"Data":null},{"Data":"{}"}]"#;
        let data = [r#"{"a":1}"#, r#"{"a":2}"#, "none"].map(|text| json!({ "Data": text }));
        let [one, two, three] = data;
        let rest = [json!({ "Data": null }), json!({ "Data": "{}" })];
        let expected: Vec<Value> = [one, two, three].into_iter().chain(rest).collect();
        assert_eq!(read(text), Ok(Value::from(expected)));
    }

    #[test]
    fn any_other_defect_is_unreadable() {
        for text in [
            "",
            "Processing",
            r#"[{"Status":"Success""#,
            r#"[{"Message":"{"a":1}"}]"#,
            r#"[{"Data":"{"a":1}]"#,
            r#"[{"Data":"{"a":1}x"}]"#,
            r#"[{"Data":"{"a":"{"b":1}"}"}]"#,
            r#"[{"Data":"{"a":1,}"}]"#,
            r#"[{"Data":"{"a":1}"}] and more"#,
        ] {
            assert_eq!(read(text), Err(Unreadable), "{text}");
        }
    }

    #[test]
    fn a_text_beyond_the_limit_is_not_read() {
        let text = format!("[{}1]", "1,".repeat(LONGEST / 2));
        assert!(read(&text).is_err());
    }

    #[test]
    fn deep_nesting_overflows_no_stack() {
        for open in ["[", r#"{"Data":"#, r#"[{"Data":"{"a":"#] {
            assert!(read(&open.repeat(100_000)).is_err(), "{open}");
        }
        // The object becomes a text, however deep it is.
        let object = format!(r#"{{"a":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        let value = read(&format!(r#"[{{"Data":"{object}"}}]"#)).expect("the known defect");
        assert!(value[0]["Data"] == object);
    }

    #[test]
    fn many_broken_objects_cost_no_more_than_one() {
        // The first object that does not end decides; otherwise this would take minutes.
        let text = r#"{"Data":"{"a":[1,"#.repeat(200_000);
        assert!(read(&text).is_err());
    }
}

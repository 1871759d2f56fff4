//! JSON as people and tools write it: a byte-order mark at its start is skipped, and a key that is given twice is noticed.
//!
//! `serde_json` takes the last of two; whoever wrote both meant one of them, and nobody knows which. Nor does it say where a key
//! stands, so the text is counted while it is read.

use std::cell::Cell;
use std::fmt;
use std::io::Read;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::Value;

use super::{Entry, Node, Position, Table};

/// A JSON document.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// What it holds.
    pub root: Node,
}

impl Document {
    /// Reads text, with or without a byte-order mark.
    pub fn read(text: &str) -> Result<Self, serde_json::Error> {
        let text = without_mark(text);
        let read = Cell::new(0);
        let counted = Counted {
            rest: text.as_bytes(),
            read: &read,
        };
        let mut deserializer = serde_json::Deserializer::from_reader(counted);
        // The quote before a key has been looked at when its name is about to be read.
        let place = || Some(Position::of(text, read.get().saturating_sub(1)));
        let root = Reading { place: &place }.deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(Self { root })
    }

    /// Keys that stand in one of its objects more than once, at any depth, each named once.
    #[must_use]
    pub fn repeated(&self) -> Vec<String> {
        let mut repeated = Vec::new();
        repeated_in(&self.root, &mut repeated);
        repeated
    }
}

fn repeated_in(node: &Node, repeated: &mut Vec<String>) {
    match node {
        Node::List(list) => list.iter().for_each(|node| repeated_in(node, repeated)),
        Node::Table(Table(entries)) => {
            for (index, entry) in entries.iter().enumerate() {
                repeated_in(&entry.node, repeated);
                let twice = entries[..index].iter().any(|one| one.key == entry.key);
                if twice && !repeated.contains(&entry.key) {
                    repeated.push(entry.key.clone());
                }
            }
        }
        _ => {}
    }
}

/// Text without the byte-order mark that editors on Windows put before it.
#[must_use]
pub fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// What did not come as a text has no places.
impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let root = Reading { place: &|| None }.deserialize(deserializer)?;
        Ok(Self { root })
    }
}

impl From<Value> for Document {
    fn from(value: Value) -> Self {
        let read = Self::deserialize(value);
        read.expect("a JSON value is JSON")
    }
}

/// Bytes, and how many of them have been read.
struct Counted<'t> {
    rest: &'t [u8],
    read: &'t Cell<usize>,
}

impl Read for Counted<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.rest.read(into)?;
        self.read.set(self.read.get() + count);
        Ok(count)
    }
}

/// Reads one value; `place` tells where the reading is.
#[derive(Clone, Copy)]
struct Reading<'r> {
    place: &'r dyn Fn() -> Option<Position>,
}

/// Reads the key of an entry, and where it stands.
struct KeyAt<'r>(Reading<'r>);

impl<'de> DeserializeSeed<'de> for KeyAt<'_> {
    type Value = (String, Option<Position>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let at = (self.0.place)();
        Ok((String::deserialize(deserializer)?, at))
    }
}

impl<'de> DeserializeSeed<'de> for Reading<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reading<'_> {
    type Value = Node;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Switch(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Integer(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Node, E> {
        Ok(i64::try_from(value).map_or(Node::Float(f64::INFINITY), Node::Integer))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Float(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Node, E> {
        Ok(Node::Text(value))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Node::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, at)) = object.next_key_seed(KeyAt(self))? {
            let node = object.next_value_seed(self)?;
            entries.push(Entry { key, at, node });
        }
        Ok(Node::Table(Table(entries)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn repeated(text: &str) -> Vec<String> {
        Document::read(text).expect("it is JSON").repeated()
    }

    #[test]
    fn keys_that_are_given_twice_are_named_once_at_any_depth() {
        let text = r#"{"a": 1, "b": {"c": [], "c": {"d": 1, "d": 2, "d": 3}}, "a": null}"#;
        assert_eq!(repeated(text), ["d", "c", "a"]);
    }

    #[test]
    fn everything_else_is_read_as_it_stands() {
        let text = r#"{"a": [1, -2, 3.5, true, null, "x"], "b": {"a": {}}}"#;
        assert_eq!(repeated(text), [""; 0]);
        let value = json!({ "a": [1, -2, 3.5, true, null, "x"], "b": { "a": {} } });
        let read = Document::read(text).expect("it is JSON");
        assert_eq!(read.root.to_json(), Some(value));
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert_eq!(Document::read("\u{feff}{}").ok(), Some(json!({}).into()));
        assert!(Document::read("{} x").is_err());
    }

    fn places(table: &Table) -> Vec<(String, usize, usize)> {
        let place = |entry: &Entry| {
            let at = entry.at.expect("it came as a text");
            let own = vec![(entry.key.clone(), at.line, at.column)];
            let inner = match &entry.node {
                Node::Table(table) => places(table),
                Node::List(list) => match &list[0] {
                    Node::Table(table) => places(table),
                    _ => Vec::new(),
                },
                _ => Vec::new(),
            };
            [own, inner].concat()
        };
        table.0.iter().flat_map(place).collect()
    }

    #[test]
    fn every_key_knows_where_it_stands() {
        let text = "{ \"é\": 1,\n  \"b\": {\"a\\u0062\" : [ {\"d\":2}]}\n,\"e\":null}";
        let Ok(Document {
            root: Node::Table(root),
        }) = Document::read(text)
        else {
            panic!("it is an object")
        };
        let expected = [
            ("é", 1, 3),
            ("b", 2, 3),
            ("ab", 2, 9),
            ("d", 2, 24),
            ("e", 3, 2),
        ];
        let expected = expected.map(|(key, line, column)| (key.to_owned(), line, column));
        assert_eq!(places(&root), expected);
    }
}

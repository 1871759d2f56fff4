//! The ways in which a field of a document is read.

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::declared::{Declared, Schema};
use super::section::{Section, Slot};
use super::{Node, Problem};
use crate::domain::identifier::without_invisible;

/// A field of a table: its value, and whether it may be absent.
pub(crate) trait Field {
    type Value;
    /// Reads the field of this key; a fault is noted.
    fn read(&self, section: &Section<'_>, key: &str) -> Option<Self::Value>;
    /// Adds the field to a JSON Schema.
    fn describe(&self, schema: &mut Schema, key: &str, about: &[&str]);
}

/// A value by itself. As a field it is required.
pub(crate) trait Kind: Sized {
    type Value;
    /// Reads a value that is there.
    fn value(&self, node: &Node) -> Result<Self::Value, Problem>;
    /// The value as JSON Schema has it.
    fn shape(&self) -> Value;

    /// What an absent value is, written as the document would write it.
    fn or(self, default: impl Into<Node>) -> Or<Self> {
        Or(self, default.into())
    }

    /// An absent value is none.
    fn optional(self) -> Optional<Self> {
        Optional(self)
    }
}

impl<K: Kind> Kind for &K {
    type Value = K::Value;

    fn value(&self, node: &Node) -> Result<K::Value, Problem> {
        (**self).value(node)
    }

    fn shape(&self) -> Value {
        (**self).shape()
    }
}

impl<K: Kind> Field for K {
    type Value = K::Value;

    fn read(&self, section: &Section<'_>, key: &str) -> Option<K::Value> {
        let slot = section.slot(key);
        slot.ask();
        slot.noted(
            slot.node
                .ok_or(Problem::Missing)
                .and_then(|node| self.value(node)),
        )
    }

    fn describe(&self, schema: &mut Schema, key: &str, about: &[&str]) {
        schema.key(key, about, (self.shape(), true));
    }
}

/// A field whose value has this type.
pub(crate) const fn typed<T, F: Field<Value = T>>(field: F) -> F {
    field
}

/// A field with a default.
pub(crate) struct Or<K>(K, Node);

impl<K: Kind> Field for Or<K> {
    type Value = K::Value;

    fn read(&self, section: &Section<'_>, key: &str) -> Option<K::Value> {
        let slot = section.slot(key);
        slot.ask();
        slot.noted(self.0.value(slot.node.unwrap_or(&self.1)))
    }

    fn describe(&self, schema: &mut Schema, key: &str, about: &[&str]) {
        let mut shape = self.0.shape();
        if let (Some(default), false) = (self.1.to_json(), self.1 == Node::Null) {
            shape["default"] = default;
        }
        schema.key(key, about, (shape, false));
    }
}

/// A field that may be left out.
pub(crate) struct Optional<K>(K);

impl<K: Kind> Field for Optional<K> {
    type Value = Option<K::Value>;

    fn read(&self, section: &Section<'_>, key: &str) -> Option<Option<K::Value>> {
        let slot = section.slot(key);
        slot.ask();
        slot.noted(slot.node.map(|node| self.0.value(node)).transpose())
    }

    fn describe(&self, schema: &mut Schema, key: &str, about: &[&str]) {
        schema.key(key, about, (self.0.shape(), false));
    }
}

/// A kind that is a function and a shape.
pub(crate) struct By<F> {
    read: F,
    shape: Value,
}

impl<T, F: Fn(&Node) -> Result<T, Problem>> Kind for By<F> {
    type Value = T;

    fn value(&self, node: &Node) -> Result<T, Problem> {
        (self.read)(node)
    }

    fn shape(&self) -> Value {
        self.shape.clone()
    }
}

/// A value that `read` makes sense of.
pub(crate) fn by<T, F: Fn(&Node) -> Result<T, Problem>>(shape: Value, read: F) -> By<F> {
    By { read, shape }
}

/// A text of which `read` makes something.
pub(crate) fn text_by<T>(
    shape: Value,
    read: impl Fn(String) -> Result<T, Problem>,
) -> impl Kind<Value = T> {
    by(shape, move |node| clean_text(node).and_then(&read))
}

/// A text.
pub(crate) fn text() -> impl Kind<Value = String> {
    text_by(json!({ "type": "string", "minLength": 1 }), Ok)
}

/// A text that is switched off by an empty one.
pub(crate) fn text_unless_empty() -> impl Kind<Value = Option<String>> {
    by(json!({ "type": "string" }), |node| match node {
        Node::Text(text) if text.is_empty() => Ok(None),
        other => clean_text(other).map(Some),
    })
}

/// A text that parses as `T`.
pub(crate) fn parsed<T: FromStr>(expected: &'static str) -> impl Kind<Value = T> {
    text_by(json!({ "type": "string", "minLength": 1 }), move |text| {
        text.parse().map_err(|_| Problem::not_a(&text, expected))
    })
}

/// A GUID, in canonical lower case.
pub(crate) fn guid() -> impl Kind<Value = String> {
    const HEX: &str = "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$";
    text_by(
        json!({ "type": "string", "pattern": HEX }),
        |text| match Uuid::try_parse(&text) {
            Ok(guid) if text.len() == 36 => Ok(guid.as_hyphenated().to_string()),
            _ => Err(Problem::not_a(&text, "a GUID")),
        },
    )
}

/// A date-time of TOML or a text, with its offset from UTC.
pub(crate) fn moment() -> impl Kind<Value = Timestamp> {
    let shape = json!({ "type": "string", "format": "date-time" });
    by(shape, |node| {
        let found = match node {
            Node::Moment(moment) => moment.clone(),
            other => clean_text(other)?,
        };
        let expected = "a time with its offset, such as 2026-01-31T00:00:00Z";
        found.parse().map_err(|_| Problem::not_a(&found, expected))
    })
}

/// True or false.
pub(crate) fn switch() -> impl Kind<Value = bool> {
    by(json!({ "type": "boolean" }), |node| match node {
        Node::Switch(value) => Ok(*value),
        other => Err(wrong_type(other, "boolean")),
    })
}

/// A whole number inside a range.
pub(crate) fn integer<T: TryFrom<i64>>(range: RangeInclusive<i64>) -> impl Kind<Value = T> {
    let shape = json!({ "type": "integer", "minimum": range.start(), "maximum": range.end() });
    by(shape, move |node| {
        let Node::Integer(found) = *node else {
            return Err(wrong_type(node, "integer"));
        };
        if found < *range.start() {
            let least = range.start();
            return Err(Problem::Quoting(format!("{found} is below {least}")));
        }
        let inside = T::try_from(found).ok().filter(|_| found <= *range.end());
        inside.ok_or_else(|| Problem::Quoting(format!("{found} is above {}", range.end())))
    })
}

/// A duration in whole seconds.
pub(crate) fn seconds(range: RangeInclusive<i64>) -> impl Kind<Value = Duration> {
    let number = integer::<u64>(range);
    by(number.shape(), move |node| {
        number.value(node).map(Duration::from_secs)
    })
}

/// A duration in whole days.
pub(crate) fn days(range: RangeInclusive<i64>) -> impl Kind<Value = Duration> {
    let number = integer::<u32>(range);
    by(number.shape(), move |node| {
        Ok(Duration::from_hours(24) * number.value(node)?)
    })
}

/// One of several words.
pub(crate) fn one_of<T: Copy, const N: usize>(
    words: [(&'static str, T); N],
) -> impl Kind<Value = T> {
    let all = words.map(|(word, _)| word);
    text_by(
        json!({ "type": "string", "enum": all.as_slice() }),
        move |found| {
            let chosen = words.iter().find(|(word, _)| *word == found);
            let expected = || format!("one of {}", all.join(", "));
            let problem = || Problem::not_a(&found, &expected());
            chosen.map(|(_, choice)| *choice).ok_or_else(problem)
        },
    )
}

/// A list of what `item` reads.
pub(crate) fn list<K: Kind>(item: K) -> impl Kind<Value = Vec<K::Value>> {
    let shape = json!({ "type": "array", "items": item.shape() });
    by(shape, move |node| match node {
        Node::List(list) => list.iter().map(|node| item.value(node)).collect(),
        other => Err(wrong_type(other, "array")),
    })
}

/// A list without order.
pub(crate) fn set<K: Kind<Value: Ord>>(item: K) -> impl Kind<Value = BTreeSet<K::Value>> {
    let all = list(item);
    by(all.shape(), move |node| {
        Ok(all.value(node)?.into_iter().collect())
    })
}

/// A list of words that is not empty.
pub(crate) fn words() -> impl Kind<Value = Vec<String>> {
    let all = list(text());
    let mut shape = all.shape();
    shape["minItems"] = 1.into();
    by(shape, move |node| match node {
        Node::List(list) if list.is_empty() => Err(Problem::EMPTY_LIST),
        other => all.value(other),
    })
}

/// One text or several; none if the key is left out, which its default says.
pub(crate) fn one_or_several() -> impl Field<Value = Vec<String>> {
    // Absent is told from an empty list, which nobody means.
    let shape =
        json!({ "type": ["string", "array"], "items": { "type": "string" }, "minItems": 1 });
    let several = words();
    by(shape, move |node| match node {
        Node::Null => Ok(Vec::new()),
        Node::List(_) => several.value(node),
        other => Ok(vec![clean_text(other)?]),
    })
    .or(Node::Null)
}

/// A table whose keys are data, with the value of each read by `item`; an absent one is empty.
pub(crate) struct Entries<K, C>(K, PhantomData<C>);

/// See [`Entries`].
pub(crate) const fn entries<K: Kind, C: FromIterator<(String, K::Value)>>(
    item: K,
) -> Entries<K, C> {
    Entries(item, PhantomData)
}

impl<K: Kind, C: FromIterator<(String, K::Value)>> Entries<K, C> {
    /// Reads the entries of a slot.
    pub(crate) fn of(&self, slot: &Slot<'_>) -> Option<C> {
        slot.ask();
        let table = &slot.table()?.0;
        let mut read = Vec::with_capacity(table.len());
        for entry in table {
            let value = if entry.key.trim().is_empty() {
                Err(Problem::BLANK)
            } else {
                self.0.value(&entry.node)
            };
            match value {
                Ok(value) => read.push((without_invisible(&entry.key), value)),
                Err(problem) => slot.entry_fault(&entry.key, problem),
            }
        }
        (read.len() == table.len()).then(|| read.into_iter().collect())
    }
}

impl<K: Kind, C: FromIterator<(String, K::Value)>> Field for Entries<K, C> {
    type Value = C;

    fn read(&self, section: &Section<'_>, key: &str) -> Option<C> {
        self.of(&section.slot(key))
    }

    fn describe(&self, schema: &mut Schema, key: &str, about: &[&str]) {
        let shape = json!({ "type": "object", "additionalProperties": self.0.shape() });
        schema.key(key, about, (shape, false));
    }
}

/// A table inside that is declared by itself.
pub(crate) struct Inside<T>(PhantomData<T>);

/// See [`Inside`].
pub(crate) const fn section<T: Declared>() -> Inside<T> {
    Inside(PhantomData)
}

impl<T: Declared> Field for Inside<T> {
    type Value = T;

    fn read(&self, section: &Section<'_>, key: &str) -> Option<T> {
        T::read(&section.slot(key).section()?)
    }

    fn describe(&self, schema: &mut Schema, key: &str, about: &[&str]) {
        let inner = Schema::of::<T>();
        let required = inner.is_required();
        schema.key(key, about, (inner.finish(), required));
    }
}

/// A table inside that is there as a whole or not at all.
pub(crate) struct WholeOrNot<T>(PhantomData<T>);

/// See [`WholeOrNot`].
pub(crate) const fn optional_section<T: Declared>() -> WholeOrNot<T> {
    WholeOrNot(PhantomData)
}

impl<T: Declared> Field for WholeOrNot<T> {
    type Value = Option<T>;

    fn read(&self, section: &Section<'_>, key: &str) -> Option<Option<T>> {
        let slot = section.slot(key);
        let inner = slot.section()?;
        if slot.node.is_none() {
            return Some(None);
        }
        T::read(&inner).map(Some)
    }

    fn describe(&self, schema: &mut Schema, key: &str, about: &[&str]) {
        schema.key(key, about, (Schema::of::<T>().finish(), false));
    }
}

/// Keys of this same table that are declared by themselves.
pub(crate) struct Beside<T>(PhantomData<T>);

/// See [`Beside`].
pub(crate) const fn beside<T: Declared>() -> Beside<T> {
    Beside(PhantomData)
}

impl<T: Declared> Field for Beside<T> {
    type Value = T;

    fn read(&self, section: &Section<'_>, _: &str) -> Option<T> {
        T::read(section)
    }

    fn describe(&self, schema: &mut Schema, _: &str, _: &[&str]) {
        T::describe(schema);
    }
}

/// What is not read but computed of the rest.
pub(crate) struct Computed<T>(PhantomData<T>);

/// See [`Computed`].
pub(crate) const fn computed<T: Default>() -> Computed<T> {
    Computed(PhantomData)
}

impl<T: Default> Field for Computed<T> {
    type Value = T;

    fn read(&self, _: &Section<'_>, _: &str) -> Option<T> {
        Some(T::default())
    }

    fn describe(&self, _: &mut Schema, _: &str, _: &[&str]) {}
}

/// A text that can be sent as it is, without the marks that nobody sees.
pub(crate) fn clean_text(node: &Node) -> Result<String, Problem> {
    let Node::Text(text) = node else {
        return Err(wrong_type(node, "string"));
    };
    let text = without_invisible(text);
    if text.trim().is_empty() {
        Err(Problem::BLANK)
    } else if text.chars().any(char::is_control) {
        Err(Problem::Plain("holds a control character"))
    } else if text.trim() != text {
        Err(Problem::Plain("has blanks around it"))
    } else {
        Ok(text)
    }
}

pub(crate) const fn wrong_type(node: &Node, expected: &'static str) -> Problem {
    Problem::WrongType {
        expected,
        found: node.type_word(),
    }
}

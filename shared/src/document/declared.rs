//! Declaring what a document may hold: once, beside the field's documentation.

use serde_json::{Map, Value, json};

use super::section::Section;

/// What is declared by [`document`]: reads itself from a table, and describes the table.
pub(crate) trait Declared: Sized {
    /// Reads the table; all faults are noted, and nothing is given if there are any.
    fn read(section: &Section<'_>) -> Option<Self>;
    /// Adds its keys to a JSON Schema.
    fn describe(schema: &mut Schema);
}

/// The JSON Schema of one table, while its keys are added.
#[derive(Default)]
pub(crate) struct Schema {
    properties: Map<String, Value>,
    required: Vec<Value>,
    /// Its keys in the order in which they were added.
    keys: Vec<String>,
}

impl Schema {
    /// The schema of a declared table.
    pub(crate) fn of<T: Declared>() -> Self {
        let mut schema = Self::default();
        T::describe(&mut schema);
        schema
    }

    /// Adds a key; one with a dot is a key of a table inside.
    pub(crate) fn key(&mut self, key: &str, about: &[&str], (mut shape, required): (Value, bool)) {
        if let Some((table, key)) = key.split_once('.') {
            let mut inner = Self::default();
            if let Some(Value::Object(before)) = self.properties.remove(table) {
                let object = |value: &Value| value.as_object().cloned();
                inner.properties = before
                    .get("properties")
                    .and_then(object)
                    .unwrap_or_default();
                let list = before.get("required").and_then(Value::as_array);
                inner.required = list.cloned().unwrap_or_default();
            }
            inner.key(key, about, (shape, required));
            self.properties.insert(table.to_owned(), inner.finish());
            return;
        }
        let about: Vec<&str> = about.iter().map(|line| line.trim()).collect();
        if let (Some(object), false) = (shape.as_object_mut(), about.is_empty()) {
            object.insert("description".to_owned(), about.join(" ").into());
        }
        self.properties.insert(key.to_owned(), shape);
        self.keys.push(key.to_owned());
        if required {
            self.required.push(key.into());
        }
    }

    /// Whether the table cannot be left out.
    pub(crate) fn is_required(&self) -> bool {
        !self.required.is_empty()
    }

    /// The keys in the order in which they are declared.
    pub(crate) fn keys(&self) -> &[String] {
        &self.keys
    }

    /// The schema as JSON.
    pub(crate) fn finish(self) -> Value {
        json!({
            "type": "object",
            "additionalProperties": false,
            "required": self.required,
            "properties": self.properties,
        })
    }
}

/// Declares a struct and how it is read: each field with its documentation, its type, its key where that has another name, and
/// how it is read, with range and default. `check` is asked about the whole at the end, and notes what it finds.
macro_rules! document {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $( $(#[doc = $about:literal])* $(#[serde($($serde:tt)*)])?
               $field_vis:vis $field:ident $(at $key:literal)? : $type:ty = $read:expr ),* $(,)?
        }
        $(check $check:expr;)?
    ) => {
        $(#[$meta])*
        $vis struct $name {
            $( $(#[doc = $about])* $(#[serde($($serde)*)])? $field_vis $field: $type, )*
        }

        impl $crate::document::declared::Declared for $name {
            fn read(section: &$crate::document::section::Section<'_>) -> Option<Self> {
                use $crate::document::kinds::{Field as _, typed};
                $( let $field = typed::<$type, _>($read).read(section, $crate::document::declared::key!($field $($key)?)); )*
                let read = Self { $( $field: $field?, )* };
                $( ($check)(&read, section); )?
                Some(read)
            }

            fn describe(schema: &mut $crate::document::declared::Schema) {
                use $crate::document::kinds::{Field as _, typed};
                $( typed::<$type, _>($read).describe(schema, $crate::document::declared::key!($field $($key)?), &[$($about),*]); )*
            }
        }
    };
}

macro_rules! key {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $key:literal) => {
        $key
    };
}

pub(crate) use {document, key};

//! What can be wrong with a document.

use std::fmt;

use super::Position;

/// Everything that is wrong with a document; never empty. `Display` gives one fault per line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) const fn new(faults: Vec<Fault>) -> Self {
        Self(faults)
    }

    /// The faults: of a profile in the order of its keys, of secrets one secret after the other.
    #[must_use]
    pub fn as_slice(&self) -> &[Fault] {
        &self.0
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        out.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Faults {}

/// One fault and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Path of the key, as TOML spells it (`ping.details_batch`, `service_in."Legal Aid"`), with the file, variable or id of a
    /// secret before it; empty where the text as a whole is meant.
    pub key: String,
    /// Where the key stands; of a key that is missing, where its table does. None for what did not come as a text.
    pub at: Option<Position>,
    /// What is wrong.
    pub problem: Problem,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&*self.key, self.at) {
            ("", Some(at)) => write!(out, "{at}: {}", self.problem),
            ("", None) => self.problem.fmt(out),
            (key, Some(at)) => write!(out, "{key}: {} ({at})", self.problem),
            (key, None) => write!(out, "{key}: {}", self.problem),
        }
    }
}

/// What is wrong with a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A required key, or a table that needs an entry, is not there.
    #[error("missing")]
    Missing,
    /// What needs no more words than these.
    #[error("{0}")]
    Plain(&'static str),
    /// What somebody else says of a document that could not be read: a parser, a file system, Secrets Manager.
    #[error("{0}")]
    Told(String),
    /// What can only be said with values of the document; a silent one is just not as it should be.
    #[error("{0}")]
    Quoting(String),
    /// Nothing reads this key.
    #[error("unknown key{}", meant(suggestion))]
    UnknownKey {
        /// A known key that may have been meant.
        suggestion: Vec<String>,
    },
    /// Keys of a silent document that nothing reads: a stray key may be a secret itself, so it is counted and not named.
    #[error("{count} unknown key{}{}", plural(*count), meant(suggestions))]
    UnknownKeys {
        /// How many.
        count: usize,
        /// Known keys that they may stand for.
        suggestions: Vec<String>,
    },
    /// Keys of a silent document that are given twice. Only known ones are named.
    #[error("{count} key{} given twice{}", plural(*count), if named.is_empty() { String::new() } else { format!(": {}", named.join(", ")) })]
    RepeatedKeys {
        /// How many.
        count: usize,
        /// Those of them that are known.
        named: Vec<String>,
    },
    /// The value has another type.
    #[error("is of type {found}, expected {expected}")]
    WrongType {
        /// What is expected.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// A value that is not what it should be.
    #[error("{}is not {expected}", quoted(found.as_deref()))]
    NotA {
        /// The value; none in a silent document.
        found: Option<String>,
        /// What is expected.
        expected: String,
    },
}

impl Problem {
    pub(crate) const BLANK: Self = Self::Plain("is blank");
    pub(crate) const EMPTY_LIST: Self = Self::Plain("is an empty list");

    /// A text that should be something else.
    pub(crate) fn not_a(found: &str, expected: &str) -> Self {
        Self::NotA {
            found: Some(found.to_owned()),
            expected: expected.to_owned(),
        }
    }

    /// The same without any value of the document.
    pub(super) fn silenced(self) -> Self {
        match self {
            Self::Quoting(_) => Self::Plain("is not as it should be"),
            Self::WrongType { expected, .. } => Self::Plain(match expected {
                "table" => "is not a JSON object",
                "string" => "is not a text",
                "boolean" => "is not true or false",
                "array" => "is not a list",
                _ => "is not a number",
            }),
            Self::NotA { expected, .. } => Self::NotA {
                found: None,
                expected,
            },
            other => other,
        }
    }
}

fn meant(keys: &[String]) -> String {
    match keys {
        [] => String::new(),
        keys => format!(", did you mean {}?", keys.join(", ")),
    }
}

const fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn quoted(found: Option<&str>) -> String {
    found.map_or_else(String::new, |text| format!("{text:?} "))
}

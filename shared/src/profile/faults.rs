//! What can be wrong with a profile.

use std::fmt;

/// Everything that is wrong with one profile; never empty. `Display` gives one fault per line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileFaults(Vec<ProfileFault>);

impl ProfileFaults {
    pub(super) fn new(faults: Vec<ProfileFault>) -> Self {
        Self(faults)
    }

    /// The faults, in the order of their keys.
    #[must_use]
    pub fn as_slice(&self) -> &[ProfileFault] {
        &self.0
    }
}

impl fmt::Display for ProfileFaults {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                out.write_str("\n")?;
            }
            fault.fmt(out)?;
        }
        Ok(())
    }
}

impl std::error::Error for ProfileFaults {}

/// One fault and where it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct ProfileFault {
    /// Path of the key, as TOML spells it (`ping.details_batch`, `service_in."Legal Aid"`), or `line 12`.
    pub key: String,
    /// What is wrong with it.
    pub problem: ProfileProblem,
}

/// What is wrong with a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileProblem {
    /// The file is not TOML.
    #[error("not TOML: {0}")]
    Syntax(String),
    /// A required key, or a table that needs an entry, is not there.
    #[error("missing")]
    Missing,
    /// Nothing reads this key.
    #[error("unknown key{}", suggestion.as_ref().map(|key| format!(", did you mean {key}?")).unwrap_or_default())]
    UnknownKey {
        /// A known key that may have been meant.
        suggestion: Option<String>,
    },
    /// The value has another type.
    #[error("is of type {found}, expected {expected}")]
    WrongType {
        /// What is expected.
        expected: &'static str,
        /// What the file has.
        found: &'static str,
    },
    /// A number is too small.
    #[error("{found} is below {least}")]
    Below {
        /// The number.
        found: i64,
        /// The smallest that is allowed.
        least: i64,
    },
    /// A number is too large.
    #[error("{found} is above {most}")]
    Above {
        /// The number.
        found: i64,
        /// The largest that is allowed.
        most: i64,
    },
    /// A number is larger than another key allows.
    #[error("{found} is above {other}")]
    AboveOther {
        /// The number.
        found: i64,
        /// The other key and its value.
        other: String,
    },
    /// A text, key or word is empty or blank.
    #[error("is blank")]
    Blank,
    /// A text has blanks before or after it, which would be sent.
    #[error("has blanks around it")]
    BlanksAround,
    /// A text holds a line break or another control character.
    #[error("holds a control character")]
    ControlCharacter,
    /// A value that is none of those allowed.
    #[error("{found:?} is not one of {allowed}")]
    NotOneOf {
        /// The value.
        found: String,
        /// Those allowed, separated by commas.
        allowed: String,
    },
    /// A text that is not what it should be.
    #[error("{found:?} is not {expected}")]
    NotA {
        /// The text.
        found: String,
        /// What is expected.
        expected: &'static str,
    },
    /// A path that is not absolute, leaves its host or holds more than a path may.
    #[error(
        "is not a path (it starts with /, has no query, and {{PartnerId}} is its only placeholder)"
    )]
    NotAPath,
    /// A list without any word.
    #[error("is an empty list")]
    EmptyList,
    /// A word that two lists of opposite meaning hold.
    #[error("{word:?} is in {other} as well")]
    SameWordElsewhere {
        /// The word.
        word: String,
        /// The other list.
        other: String,
    },
    /// Two table keys differ only in case or blanks but have different targets.
    #[error("differs from {other:?} only in case or blanks but has another target")]
    SameKeyOtherTarget {
        /// The other key.
        other: String,
    },
    /// A default for a field that the mapping itself fills.
    #[error("is set by the mapping and cannot have a default")]
    SetByTheMapping,
    /// A number that JSON cannot carry.
    #[error("is not a finite number")]
    NotFinite,
}

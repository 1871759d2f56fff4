//! One JSON object of a secret while it is read: its values, and what is wrong with them.

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::SecretVersion;
use super::faults::{SecretFault, SecretProblem};

/// One secret as it came, before anything is known about it.
pub(super) struct Source {
    /// What a person knows it by: a key of the file, a variable, a secret id.
    pub(super) name: String,
    pub(super) content: Result<Value, SecretProblem>,
    pub(super) version: Option<SecretVersion>,
}

/// The keys of one secret while they are read.
pub(super) struct Fields<'f> {
    name: String,
    values: Map<String, Value>,
    pub(super) version: Option<SecretVersion>,
    known: Vec<&'static str>,
    faults: &'f mut Vec<SecretFault>,
}

impl<'f> Fields<'f> {
    pub(super) fn open(source: Source, faults: &'f mut Vec<SecretFault>) -> Option<Self> {
        let Source {
            name,
            content,
            version,
        } = source;
        let object = content.and_then(|value| match value {
            Value::Object(values) => Ok(values),
            _ => Err(SecretProblem::WrongType("a JSON object")),
        });
        match object {
            Ok(values) => Some(Self {
                name,
                values,
                version,
                known: Vec::new(),
                faults,
            }),
            Err(problem) => {
                faults.push(SecretFault { at: name, problem });
                None
            }
        }
    }

    /// Reads with `read`, then refuses the keys that it did not ask for.
    pub(super) fn close<T>(mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let secret = read(&mut self);
        let unknown: Vec<&String> = self
            .values
            .keys()
            .filter(|key| !self.known.contains(&key.as_str()))
            .collect();
        if !unknown.is_empty() {
            let folded = |key: &str| key.replace(['-', '_', ' '], "").to_lowercase();
            let nearly = |known: &&&str| unknown.iter().any(|key| folded(key) == folded(known));
            let meant = self.known.iter().filter(nearly).copied().collect();
            let problem = SecretProblem::UnknownKeys {
                count: unknown.len(),
                meant,
            };
            self.faults.push(SecretFault {
                at: self.name,
                problem,
            });
        }
        secret
    }

    /// What `read` makes of a key that may be absent.
    pub(super) fn optional<T: Default>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Self, &'static str) -> Option<T>,
    ) -> Option<T> {
        if self.values.contains_key(key) {
            return read(self, key);
        }
        self.known.push(key);
        Some(T::default())
    }

    /// What `read` makes of an object inside.
    pub(super) fn group<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Fields<'_>) -> Option<T>,
    ) -> Option<T> {
        self.known.push(key);
        let inside = Source {
            name: format!("{}.{key}", self.name),
            content: self.values.get(key).cloned().ok_or(SecretProblem::Missing),
            version: None,
        };
        Fields::open(inside, self.faults)?.close(read)
    }

    /// A text without stray blanks.
    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        self.checked(key, |text| Ok(text.to_owned()))
    }

    /// A password may begin or end with a blank; it is sent as it stands. A line end behind it came with copying.
    pub(super) fn password(&mut self, key: &'static str) -> Option<SecretString> {
        let read = self.string(key).and_then(|text| {
            if text.ends_with(['\n', '\r']) {
                return Err(SecretProblem::LineEnd);
            }
            Ok(SecretString::from(text))
        });
        self.noted(key, read)
    }

    pub(super) fn checked<T>(
        &mut self,
        key: &'static str,
        check: impl FnOnce(&str) -> Result<T, SecretProblem>,
    ) -> Option<T> {
        let read = self.string(key).and_then(|text| {
            if text.trim() == text && !text.chars().any(char::is_control) {
                check(text)
            } else {
                Err(SecretProblem::StrayBlanks)
            }
        });
        self.noted(key, read)
    }

    fn string(&self, key: &str) -> Result<&str, SecretProblem> {
        match self.values.get(key) {
            None => Err(SecretProblem::Missing),
            Some(Value::String(text)) if text.trim().is_empty() => Err(SecretProblem::Blank),
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(SecretProblem::WrongType("a text")),
        }
    }

    fn noted<T>(&mut self, key: &'static str, read: Result<T, SecretProblem>) -> Option<T> {
        self.known.push(key);
        match read {
            Ok(value) => Some(value),
            Err(problem) => {
                self.faults.push(SecretFault {
                    at: format!("{}.{key}", self.name),
                    problem,
                });
                None
            }
        }
    }
}

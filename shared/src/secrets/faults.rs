//! What can be wrong with secrets. No fault holds a value.

use std::fmt;

/// Everything that is wrong with the secrets of a deployment; never empty. `Display` gives one fault per line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretFaults(Vec<SecretFault>);

impl SecretFaults {
    pub(super) fn new(faults: Vec<SecretFault>) -> Self {
        Self(faults)
    }

    /// The faults, secret by secret.
    #[must_use]
    pub fn as_slice(&self) -> &[SecretFault] {
        &self.0
    }
}

impl fmt::Display for SecretFaults {
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

impl std::error::Error for SecretFaults {}

/// One fault and where it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {problem}")]
pub struct SecretFault {
    /// File, variable or secret id, with the key where there is one: `ping.password`, `PING_SECRET.password`.
    pub at: String,
    /// What is wrong.
    pub problem: SecretProblem,
}

/// What is wrong with a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretProblem {
    /// It is not there.
    #[error("missing")]
    Missing,
    /// It is not JSON.
    #[error("not JSON (line {line}, column {column})")]
    NotJson {
        /// Line of the first error, from 1.
        line: usize,
        /// Column of the first error, from 1.
        column: usize,
    },
    /// Keys that are given twice. Only known ones are named: another one may be a secret itself.
    #[error("{count} key{} given twice{}", if *count == 1 { "" } else { "s" }, those(named))]
    RepeatedKeys {
        /// How many.
        count: usize,
        /// Those of them that are known.
        named: Vec<&'static str>,
    },
    /// A password that ends in a line end, which no password does: a slip of copying.
    #[error("ends in a line end")]
    LineEnd,
    /// The value has another type.
    #[error("is not {0}")]
    WrongType(&'static str),
    /// Keys that nothing reads. They are named only if they are nearly a known key: a stray one may be a secret itself.
    #[error("{count} unknown key{}{}", if *count == 1 { "" } else { "s" }, listed(meant))]
    UnknownKeys {
        /// How many.
        count: usize,
        /// Known keys that they may stand for.
        meant: Vec<&'static str>,
    },
    /// The value is empty or blank.
    #[error("is blank")]
    Blank,
    /// The value has blanks before or after it, or holds a line break: a slip of copying.
    #[error("has blanks around it or a control character in it")]
    StrayBlanks,
    /// The key is too short.
    #[error("is shorter than {0} characters")]
    TooShort(usize),
    /// The value is none of those allowed.
    #[error("is not one of {0}")]
    NotOneOf(&'static str),
    /// The value is not an absolute http or https URL.
    #[error("not_a_url")]
    NotAUrl,
    /// Plain http is for loopback hosts only.
    #[error("url_must_be_https")]
    UrlMustBeHttps,
    /// A user name or password inside a URL would end in logs.
    #[error("url_must_not_hold_user_info")]
    UrlHoldsUserInfo,
    /// A base URL with a query, or a URL with a fragment.
    #[error("url_must_not_hold_query_or_fragment")]
    UrlHoldsMore,
    /// A file that others may read, write or run.
    #[error("mode is {mode:04o}, must be 0600")]
    OpenToOthers {
        /// Permission bits of the file.
        mode: u32,
    },
    /// Not a file, or larger than secrets are.
    #[error("is not a file of at most {0} bytes")]
    NotASecretFile(u64),
    /// The file cannot be read.
    #[error("cannot be read ({0})")]
    Unreadable(std::io::ErrorKind),
    /// Secrets Manager did not give it.
    #[error("{0}")]
    NotFetched(FetchFailure),
}

fn listed(meant: &[&str]) -> String {
    if meant.is_empty() {
        String::new()
    } else {
        format!(", did you mean {}?", meant.join(", "))
    }
}

fn those(named: &[&str]) -> String {
    if named.is_empty() {
        String::new()
    } else {
        format!(": {}", named.join(", "))
    }
}

/// Why Secrets Manager did not give a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchFailure {
    /// It does not exist, or nobody has put a value in yet.
    #[error("not found, or without a value yet")]
    NotFound,
    /// The role may not read it, or may not use its KMS key.
    #[error("access denied")]
    AccessDenied,
    /// KMS could not decrypt it.
    #[error("cannot be decrypted")]
    NotDecrypted,
    /// It holds bytes where text is expected.
    #[error("holds no text")]
    NoText,
    /// Too many calls.
    #[error("throttled")]
    Throttled,
    /// No answer: connection or time-out.
    #[error("Secrets Manager is unreachable")]
    Unreachable,
    /// Another error, by its code.
    #[error("Secrets Manager answered {0}")]
    Other(String),
}

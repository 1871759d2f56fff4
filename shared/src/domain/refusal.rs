//! Answers that a gateway is known to give before anything was done.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// An answer by which a gateway refuses a request before it has an effect: a status with a mark.
///
/// As a text it is `503 header:X-Throttled` or `503 body:over capacity`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlyRefusal {
    status: u16,
    mark: Mark,
}

/// What tells the gateway's own answer from one that the system behind it gave.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Mark {
    /// The name of a header that it carries.
    Header(String),
    /// A word in its body, compared without case.
    Body(String),
}

impl EarlyRefusal {
    /// Whether an answer is one of these. `has_header` tells whether it carries a header.
    pub fn is(&self, status: u16, has_header: impl FnOnce(&str) -> bool, body: &[u8]) -> bool {
        self.status == status
            && match &self.mark {
                Mark::Header(name) => has_header(name),
                Mark::Body(word) => speaks_of(body, word),
            }
    }
}

/// Whether a body has this word, whatever its case. The word is in lower case.
#[must_use]
pub fn speaks_of(body: &[u8], word: &str) -> bool {
    String::from_utf8_lossy(body).to_lowercase().contains(word)
}

/// A text that is no early refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotARefusal;

impl FromStr for EarlyRefusal {
    type Err = NotARefusal;

    fn from_str(text: &str) -> Result<Self, NotARefusal> {
        let (status, mark) = text.split_once(' ').ok_or(NotARefusal)?;
        let status = status.parse().map_err(|_| NotARefusal)?;
        let (kind, word) = mark.split_once(':').ok_or(NotARefusal)?;
        let is_token = |word: &str| {
            let part_of_token = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            !word.is_empty() && word.chars().all(part_of_token)
        };
        let mark = match kind.trim() {
            "header" if is_token(word.trim()) => Mark::Header(word.trim().to_lowercase()),
            "body" if !word.trim().is_empty() => Mark::Body(word.trim().to_lowercase()),
            _ => return Err(NotARefusal),
        };
        // Under any other status the request was not refused, or it is the sign-in that was.
        let refuses = (400..=599).contains(&status) && status != 401;
        refuses.then_some(Self { status, mark }).ok_or(NotARefusal)
    }
}

impl fmt::Display for EarlyRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status;
        match &self.mark {
            Mark::Header(name) => write!(out, "{status} header:{name}"),
            Mark::Body(word) => write!(out, "{status} body:{word}"),
        }
    }
}

impl Serialize for EarlyRefusal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> EarlyRefusal {
        text.parse().expect("a refusal")
    }

    #[test]
    fn a_status_with_its_header_or_word_is_one_and_the_status_alone_is_none() {
        let header = refusal("503 header:X-Throttled");
        assert!(header.is(503, |name| name == "x-throttled", b""));
        assert!(!header.is(503, |_| false, b"x-throttled"));
        assert!(!header.is(502, |_| true, b""));
        let body = refusal("503 body:Over Capacity");
        assert!(body.is(503, |_| false, b"<h1>OVER capacity</h1>"));
        assert!(!body.is(503, |_| true, b"Service Unavailable"));
    }

    #[test]
    fn what_is_no_refusal_is_not_taken_for_one() {
        for text in [
            "503",
            "503 header:",
            "503 header:two words",
            "503 body: ",
            "503 cookie:x",
            "200 body:ok",
            "401 header:X-Throttled",
            "busy body:x",
        ] {
            assert_eq!(text.parse::<EarlyRefusal>(), Err(NotARefusal), "{text}");
        }
    }

    #[test]
    fn it_is_shown_as_it_is_written() {
        for text in ["503 header:x-throttled", "429 body:over capacity"] {
            assert_eq!(refusal(text).to_string(), text);
        }
    }
}

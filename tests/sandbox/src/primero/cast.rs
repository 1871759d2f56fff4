//! What the server makes of a filter's value before it asks its database: a text may become a number, a date, a truth value,
//! a range or a list, and then it no longer equals the text that somebody wrote.
//!
//! Inside `or[…]` and `not[…]` every value goes through this; at top level all but those of id fields.

use super::error_body::Refusal;
use super::moment::{read_date, read_instant};

/// A value as the database is asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cast {
    /// The field is one of these texts.
    Texts(Vec<String>),
    /// The field is one of these numbers; a text of the same digits is none.
    Numbers(Vec<String>),
    /// The field is a number of this range; without an end there is no upper one.
    Range(i128, Option<i128>),
    /// The field says yes or no; no is also what says nothing.
    Truth(bool),
    /// No condition is left.
    Nothing,
    /// The question is no longer one: the database refuses it, and the server answers that it found nothing at all.
    Broken,
}

/// The words of a server that stumbles over such a value.
const NO_FILTER: &str = "undefined method `query' for nil";

/// Reads a value. An error where the server itself fails over it.
pub(super) fn cast(value: &str) -> Result<Cast, Refusal> {
    refuse_null_byte(value)?;
    Ok(match Single::read(value) {
        Single::Empty | Single::Moment => Cast::Broken,
        Single::Truth(truth) => Cast::Truth(truth),
        Single::Number(number) => Cast::Numbers(vec![number]),
        Single::Text(text) if text.contains(',') => list(&text),
        Single::Text(text) => match text.split_once("..") {
            Some((from, to)) => return range(from, to),
            None => texts(vec![text]),
        },
    })
}

/// The database takes no text with a null byte, and that error is not caught.
pub(super) fn refuse_null_byte(value: &str) -> Result<(), Refusal> {
    if value.contains('\0') {
        return Err(Refusal::ServerError("string contains null byte".to_owned()));
    }
    Ok(())
}

/// True for a value that no filter on an id field finds, although nothing else is made of it.
pub(super) fn is_never_found(value: &str) -> bool {
    value.is_empty() || breaks(value) || is_moment(value)
}

/// A value without a comma.
enum Single {
    Empty,
    Moment,
    Truth(bool),
    Number(String),
    Text(String),
}

impl Single {
    fn read(value: &str) -> Self {
        match value {
            "" => Self::Empty,
            "true" | "false" => Self::Truth(value == "true"),
            _ if is_moment(value) => Self::Moment,
            _ if value.bytes().all(|b| b.is_ascii_digit()) => Self::Number(number(value)),
            _ => Self::Text(value.to_owned()),
        }
    }
}

/// The first entry decides what kind of list it is; an entry of another kind then makes no question.
fn list(value: &str) -> Cast {
    let parts = value.trim_end_matches(',').split(',');
    let entries: Vec<Single> = parts.map(Single::read).collect();
    match entries.first() {
        // Numbers among texts are asked for as texts.
        Some(Single::Text(first)) if !first.contains("..") => {
            let written = value.trim_end_matches(',').split(',');
            texts(written.map(str::to_owned).collect())
        }
        Some(Single::Number(_)) => {
            let numbers = entries.into_iter().map(|entry| match entry {
                Single::Number(number) => Some(number),
                _ => None,
            });
            numbers
                .collect::<Option<Vec<_>>>()
                .map_or(Cast::Broken, Cast::Numbers)
        }
        Some(Single::Empty) if value.bytes().all(|b| b == b',') => Cast::Nothing,
        _ => Cast::Broken,
    }
}

fn range(from: &str, to: &str) -> Result<Cast, Refusal> {
    match (Single::read(from), Single::read(to)) {
        (Single::Number(from), Single::Number(to)) => Ok(bounds(&from, Some(&to))),
        (Single::Number(from), Single::Empty) => Ok(bounds(&from, None)),
        // Times of a field that has none.
        (Single::Moment, Single::Moment | Single::Empty) => Ok(Cast::Texts(Vec::new())),
        (Single::Number(_), _) => Ok(Cast::Broken),
        _ => Err(Refusal::ServerError(NO_FILTER.to_owned())),
    }
}

fn bounds(from: &str, to: Option<&str>) -> Cast {
    match (from.parse(), to.map(str::parse).transpose()) {
        (Ok(from), Ok(to)) => Cast::Range(from, to),
        _ => Cast::Broken,
    }
}

fn texts(values: Vec<String>) -> Cast {
    if values.iter().any(|value| breaks(value)) {
        Cast::Broken
    } else {
        Cast::Texts(values)
    }
}

/// A quotation mark ends the text inside the question, a backslash begins something else.
fn breaks(value: &str) -> bool {
    value.contains(['"', '\\'])
}

fn is_moment(value: &str) -> bool {
    read_date(value).is_some() || read_instant(value).is_some()
}

fn number(digits: &str) -> String {
    let number = digits.trim_start_matches('0');
    if number.is_empty() { "0" } else { number }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_what_it_looks_like() {
        let texts = |values: &[&str]| Cast::Texts(values.iter().map(|v| (*v).to_owned()).collect());
        for (written, asked) in [
            ("606-900000001", texts(&["606-900000001"])),
            ("00200", Cast::Numbers(vec!["200".to_owned()])),
            ("true", Cast::Truth(true)),
            ("606-1,606-2", texts(&["606-1", "606-2"])),
            ("606-1,2", texts(&["606-1", "2"])),
            ("1,2", Cast::Numbers(vec!["1".to_owned(), "2".to_owned()])),
            ("1,606-2", Cast::Broken),
            (",", Cast::Nothing),
            ("1..5", Cast::Range(1, Some(5))),
            ("1..", Cast::Range(1, None)),
            ("2014-02-28", Cast::Broken),
            ("2014-02-31", texts(&["2014-02-31"])),
            ("", Cast::Broken),
            ("606-1\"", Cast::Broken),
            ("606\\1", Cast::Broken),
            ("606-1,6\"", Cast::Broken),
        ] {
            assert_eq!(cast(written).ok(), Some(asked), "{written}");
        }
    }

    #[test]
    fn the_server_itself_fails_over_a_range_of_texts_and_over_a_null_byte() {
        for written in ["606-1..2", "..5", "..", "606\0"] {
            assert!(cast(written).is_err(), "{written:?}");
        }
    }
}

//! How a value can be asked for: Primero casts what stands inside `or[i][…]`, and its gateway takes short requests only.
//!
//! Inside `or` an all-digit value becomes a number and then equals no text, `true` a truth value, `..` a range and a comma a list.
//! At top level the id fields are compared as they are. A quote or a backslash breaks the query at either place, and what looks
//! like a date finds nothing at either.

use reqwest::Url;

/// The longest request line that is sent, in bytes: from 1,024 on Primero's gateway refuses it.
pub const LONGEST_LINE: usize = 900;

/// How a value is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// Together with others, inside `or`.
    Together,
    /// By itself, at top level.
    Alone,
    /// No filter finds it.
    Never,
}

impl Asking {
    /// How this text is asked for.
    pub fn of(text: &str) -> Self {
        let breaks = |c: char| matches!(c, '"' | '\\') || c.is_control();
        if text.trim().is_empty() || text.contains(breaks) || is_like_a_date(text) {
            return Self::Never;
        }
        let is_cast = text.bytes().all(|byte| byte.is_ascii_digit())
            || is_truth_value(text)
            || text.contains("..")
            || text.contains(',');
        if is_cast { Self::Alone } else { Self::Together }
    }
}

/// The length of the request line of a GET, encoded.
pub fn line_length(url: &str, query: &[(String, String)]) -> usize {
    // A URL that cannot be parsed is refused before anything is sent.
    let path_and_query = Url::parse_with_params(url, query).map_or(0, |url| {
        url.path().len() + url.query().map_or(0, |query| 1 + query.len())
    });
    "GET ".len() + path_and_query + " HTTP/1.1".len()
}

fn is_truth_value(text: &str) -> bool {
    text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// Three groups, of which one has four digits and stands first or last; a time may follow. The middle one may be a month's name.
fn is_like_a_date(text: &str) -> bool {
    let date = text
        .trim()
        .split(|c: char| c == 'T' || c.is_whitespace())
        .next()
        .unwrap_or_default();
    let parts: Vec<&str> = date.split(['-', '/']).collect();
    let [first, middle, last] = parts[..] else {
        return false;
    };
    let digits = |part: &str, lengths: &[usize]| {
        lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let month = digits(middle, &[1, 2])
        || MONTHS
            .iter()
            .any(|name| middle.to_ascii_lowercase().starts_with(name));
    let year_first = digits(first, &[4]) && digits(last, &[1, 2]);
    let year_last = digits(first, &[1, 2]) && digits(last, &[4]);
    month && (year_first || year_last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_asked_for_as_the_server_finds_it() {
        for (text, asking) in [
            ("803-00012345", Asking::Together),
            ("803-26C01234", Asking::Together),
            ("NBO.17", Asking::Together),
            ("606-26-1009229", Asking::Together),
            ("f59e880e-d58f-4b68-ba6e-e0616a49aefd", Asking::Together),
            ("200000907", Asking::Alone),
            ("803-1..803-9", Asking::Alone),
            ("803-1,803-2", Asking::Alone),
            ("true", Asking::Alone),
            ("803-\"1", Asking::Never),
            ("803\\1", Asking::Never),
            ("803\u{0}1", Asking::Never),
            ("2026-11-28", Asking::Never),
            ("2026-11-28T10:00:00Z", Asking::Never),
            ("2026/1/2", Asking::Never),
            ("28-Nov-2026", Asking::Never),
            ("1/2/2026", Asking::Never),
            ("28-ABC-2026", Asking::Together),
            ("", Asking::Never),
            (" ", Asking::Never),
        ] {
            assert_eq!(Asking::of(text), asking, "{text:?}");
        }
    }

    #[test]
    fn the_line_is_measured_as_it_is_sent() {
        let query = [("or[0][a]".to_owned(), "x y,z".to_owned())];
        let line = "GET /base/api/v2/cases?or%5B0%5D%5Ba%5D=x+y%2Cz HTTP/1.1";
        let url = "https://primero.example.org/base/api/v2/cases";
        assert_eq!(line_length(url, &query), line.len());
    }
}

//! Words of lookups and names of users, as installations spell them.

use serde_json::Number;

use super::identifier::without_invisible;

/// Digits at the end of an option that Primero made unique: `accepted_340953`.
const SUFFIX: std::ops::RangeInclusive<usize> = 4..=12;

/// Whether a value says this word, whatever its case, its blanks and the suffix that a lookup gave it.
#[must_use]
pub fn says(value: &str, word: &str) -> bool {
    let (value, word) = (bare(value), bare(word));
    value == word || without_suffix(&value) == word
}

/// The name of a user as it is compared: without blanks at its ends and marks that nobody sees.
#[must_use]
pub fn user_name(name: &str) -> String {
    without_invisible(name).trim().to_owned()
}

/// A number as a person would dial it or write it down: without an exponent, and without a fraction where there is none.
#[must_use]
pub fn written_out(number: &Number) -> String {
    match number.as_f64() {
        // Whatever is no integer in JSON is written as one if it is one.
        Some(float) if number.is_f64() => format!("{float}"),
        _ => number.to_string(),
    }
}

fn bare(text: &str) -> String {
    let words = without_invisible(text).to_lowercase();
    words.split_whitespace().collect::<Vec<_>>().join("_")
}

fn without_suffix(text: &str) -> &str {
    let is_suffix = |suffix: &str| {
        let hex = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
        SUFFIX.contains(&suffix.len()) && suffix.bytes().all(hex)
    };
    match text.rsplit_once('_') {
        Some((word, suffix)) if is_suffix(suffix) => word,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_the_same_whatever_its_case_blanks_and_suffix() {
        for value in [
            "accepted",
            "Accepted",
            " ACCEPTED\u{200b} ",
            "accepted_340953",
            "Accepted_b25f252",
        ] {
            assert!(says(value, "accepted"), "{value}");
        }
        for value in ["External referral", "external_referral_0af31c"] {
            assert!(says(value, "external_referral"), "{value}");
        }
        for value in [
            "",
            "accept",
            "not accepted",
            "accepted_by_phone",
            "accepted_12",
            "340953",
        ] {
            assert!(!says(value, "accepted"), "{value}");
        }
    }

    #[test]
    fn a_word_that_has_a_suffix_of_its_own_is_that_word_alone() {
        assert!(says("unhcr_340953", "UNHCR_340953"));
        assert!(!says("unhcr_340954", "UNHCR_340953"));
    }

    #[test]
    fn a_number_is_written_as_it_is_dialled() {
        for (json, text) in [
            ("251911000001.0", "251911000001"),
            ("2.51911000002e11", "251911000002"),
            ("911000003", "911000003"),
            ("251911000004", "251911000004"),
            ("0.5", "0.5"),
        ] {
            let number: Number = serde_json::from_str(json).expect("a number");
            assert_eq!(written_out(&number), text, "{json}");
        }
    }
}

//! Identifiers as people write them, and the characters that nobody sees.
//!
//! A number that was copied from a chat or a document brings marks along that no screen shows, and dashes that are no hyphen. To
//! Primero such a number is another number, and the child gets a second case.

/// A text that is no identifier, even when it is tidied. Never says the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier")]
pub struct NoIdentifier;

/// The text without invisible characters and without blanks at its ends, every dash made a hyphen. What is clean stays as it is.
#[must_use]
pub fn tidied(text: &str) -> String {
    let bare = without_invisible(text);
    bare.trim()
        .chars()
        .map(|c| if is_dash(c) { '-' } else { c })
        .collect()
}

/// The individual number that a text holds, tidied.
///
/// A soft hyphen inside is a dash to one program and nothing to another, so what it stood for is not guessed.
pub fn individual_number(text: &str) -> Result<String, NoIdentifier> {
    identifier(text, &['-', '/', '.', '_', ','])
}

/// Whether a number is written as a look-up asks for it.
#[must_use]
pub fn is_tidy(number: &str) -> bool {
    individual_number(number).as_deref() == Ok(number)
}

/// The number of an intervention that a text holds, tidied. A comma would part it from what stands beside it in Primero.
pub fn intervention_number(text: &str) -> Result<String, NoIdentifier> {
    identifier(text, &['-', '/', '.', '_'])
}

fn identifier(text: &str, marks: &[char]) -> Result<String, NoIdentifier> {
    let bare = text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c));
    let tidied = tidied(bare);
    let belongs = |c: char| c.is_ascii_alphanumeric() || marks.contains(&c);
    if !tidied.is_empty() && tidied.chars().all(belongs) && !bare.contains(SOFT_HYPHEN) {
        Ok(tidied)
    } else {
        Err(NoIdentifier)
    }
}

/// The text without the characters that no screen shows: format characters, zero-width ones, byte-order and direction marks.
#[must_use]
pub fn without_invisible(text: &str) -> String {
    text.chars().filter(|c| !is_invisible(*c)).collect()
}

const SOFT_HYPHEN: char = '\u{ad}';

/// Unicode's format characters (`Cf`), and the others that it says may be left unshown.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        SOFT_HYPHEN
            | '\u{34f}'
            | '\u{600}'..='\u{605}'
            | '\u{61c}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{890}'..='\u{891}'
            | '\u{8e2}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{110bd}'
            | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Unicode's dashes, and the signs that are written for one.
const fn is_dash(c: char) -> bool {
    matches!(
        c,
        '\u{58a}'
            | '\u{5be}'
            | '\u{1400}'
            | '\u{1806}'
            | '\u{2010}'..='\u{2015}'
            | '\u{2043}'
            | '\u{2212}'
            | '\u{2e17}'
            | '\u{2e1a}'
            | '\u{2e3a}'..='\u{2e3b}'
            | '\u{2e40}'
            | '\u{2e5d}'
            | '\u{fe31}'..='\u{fe32}'
            | '\u{fe58}'
            | '\u{fe63}'
            | '\u{ff0d}'
            | '\u{10ead}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_dropped_and_every_dash_is_a_hyphen() {
        for text in [
            "606-900000001",
            " 606-900000001 ",
            "606-900000001\u{200b}",
            "\u{feff}606-900000001",
            "\u{202a}606-900000001\u{202c}",
            "606-900000001\u{a0}",
            "\u{200b} 606-900000001 \u{200e}",
            "606-9000\u{2060}00001",
            "606-9000\u{e0061}00001",
            "606\u{2011}900000001",
            "606\u{2013}900000001",
            "606\u{2212}900000001",
            "606\u{ff0d}900000001",
            "606-900000001\u{ad}",
        ] {
            assert_eq!(
                individual_number(text).as_deref(),
                Ok("606-900000001"),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_number_is_tidy_if_it_is_written_as_it_is_asked_for() {
        assert!(is_tidy("606-900000001"));
        for text in [
            "606 900000001",
            "606-900000001 ",
            "606\u{2013}900000001",
            "606-9\u{200b}",
        ] {
            assert!(!is_tidy(text), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_identifier_even_then_is_refused() {
        for text in [
            "",
            " \u{200b} ",
            "606 900000001",
            "606\u{a0}900000001",
            "606-90000000\u{661}",
            "\u{417}06-900000001",
            "606-\u{ff10}",
            "606~9",
            "606:9",
            "606\u{ad}900000001",
        ] {
            assert_eq!(individual_number(text), Err(NoIdentifier), "{text:?}");
        }
    }

    #[test]
    fn the_marks_of_a_number_are_its_own() {
        assert_eq!(
            intervention_number("80a/26_PR.1-2").as_deref(),
            Ok("80a/26_PR.1-2")
        );
        assert_eq!(intervention_number("803-1,803-2"), Err(NoIdentifier));
        assert_eq!(
            individual_number("803-1,803-2").as_deref(),
            Ok("803-1,803-2")
        );
    }

    #[test]
    fn a_text_that_is_tidied_may_be_any_text() {
        assert_eq!(tidied("\u{200b}two words\u{a0}"), "two words");
        assert_eq!(without_invisible("UNHCR\u{200b} "), "UNHCR ");
    }
}

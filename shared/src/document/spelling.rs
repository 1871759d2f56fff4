//! How keys are spelt, compared and guessed at.

use crate::domain::identifier::without_invisible;

/// What is the same but for case, blanks and marks that nobody sees folds to the same text.
pub(crate) fn fold(text: &str) -> String {
    without_invisible(text)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
}

/// A key without what only parts its words, and without case.
pub(crate) fn bare(key: &str) -> String {
    key.replace(['-', '_', ' '], "").to_lowercase()
}

/// The path of `key` inside the table at `path`, quoted where TOML wants it quoted.
pub(crate) fn join(path: &str, key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let plain = !key.is_empty() && key.chars().all(bare);
    let key = if plain {
        key.to_owned()
    } else {
        format!("{key:?}")
    };
    if path.is_empty() {
        key
    } else {
        format!("{path}.{key}")
    }
}

/// The known key that `key` inside the table at `path` most likely stands for: one of the same table that is spelt much
/// the same, else one of the same name elsewhere.
pub(crate) fn suggestion<'a>(
    path: &str,
    key: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Option<String> {
    // Option-set numbers all look alike.
    if key.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let sibling = known
        .clone()
        .filter_map(|full| leaf_of(path, full))
        .filter(|name| alike(key, name))
        .min_by_key(|name| distance(key, name));
    sibling.map(str::to_owned).or_else(|| {
        known
            .filter(|full| full.rsplit('.').next() == Some(key))
            .map(str::to_owned)
            .next()
    })
}

/// The known word that is spelt much like this one.
pub(crate) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = known.filter(|name| *name != word && alike(word, name));
    near.min_by_key(|name| (distance(word, name), *name))
}

pub(crate) fn leaf_of<'a>(path: &str, full: &'a str) -> Option<&'a str> {
    let rest = if path.is_empty() {
        full
    } else {
        full.strip_prefix(path)?.strip_prefix('.')?
    };
    (!rest.contains('.')).then_some(rest)
}

fn alike(key: &str, name: &str) -> bool {
    let begins = key.len() >= 3 && (name.starts_with(key) || key.starts_with(name));
    begins || distance(key, name) <= (key.chars().count() / 3).max(1)
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_blanks_do_not_tell_keys_apart() {
        assert_eq!(
            fold("  Alternative \u{a0}\tCA\u{200b}RE "),
            fold("alternative care")
        );
        assert_ne!(fold("Dinka"), fold("Dinka, Southeastern"));
    }

    #[test]
    fn a_key_with_blanks_is_quoted_in_its_path() {
        assert_eq!(
            join("service_in", "Alternative Care"),
            "service_in.\"Alternative Care\""
        );
        assert_eq!(join("sex", "125080000"), "sex.125080000");
    }

    #[test]
    fn a_misspelt_key_gets_its_neighbour_and_a_misplaced_one_its_place() {
        let known = ["primero.module_id", "ping.partner_id", "retry.attempts"].into_iter();
        let guess = |path, key| suggestion(path, key, known.clone());
        assert_eq!(guess("primero", "module").as_deref(), Some("module_id"));
        assert_eq!(guess("primero", "modul_id").as_deref(), Some("module_id"));
        assert_eq!(
            guess("limits", "attempts").as_deref(),
            Some("retry.attempts")
        );
        assert_eq!(guess("primero", "colour"), None);
    }

    #[test]
    fn an_option_set_number_is_never_guessed_at() {
        assert_eq!(
            suggestion("sex", "125080009", ["sex.125080000"].into_iter()),
            None
        );
    }
}

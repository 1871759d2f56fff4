//! Languages whose way in and way out disagree.

use super::super::tables::{CodeTables, LanguageTable};
use super::ProfileWarning;
use crate::document::spelling::fold;

pub(super) fn that_disagree(tables: &CodeTables) -> Vec<ProfileWarning> {
    let mut warnings = languages_in(tables);
    warnings.extend(languages_out(tables));
    warnings
}

fn languages_in(tables: &CodeTables) -> Vec<ProfileWarning> {
    let returns = |(name, option): (&String, &String)| {
        let returns_as = tables.language_out(option)?;
        (!same_or_broader(name, returns_as)).then(|| ProfileWarning::LanguageReturnsAs {
            name: name.clone(),
            option: option.clone(),
            returns_as: returns_as.to_owned(),
        })
    };
    tables
        .language_in
        .entries
        .iter()
        .filter_map(returns)
        .collect()
}

/// "Dinka" for "Dinka, Northeastern" is less precise, not wrong.
fn same_or_broader(name: &str, returns_as: &str) -> bool {
    let (name, returns_as) = (fold(name), fold(returns_as));
    match name.strip_prefix(&returns_as) {
        Some(rest) => !rest.starts_with(char::is_alphanumeric),
        None => false,
    }
}

fn languages_out(tables: &CodeTables) -> Vec<ProfileWarning> {
    let mut warnings = Vec::new();
    let mut without: Vec<String> = Vec::new();
    for (option, name) in &tables.language_out {
        match tables.language_in.listed(name) {
            Some(returns_as) if returns_as == option => {}
            Some(returns_as) => warnings.push(ProfileWarning::LanguageOptionReturnsAs {
                option: option.clone(),
                name: name.clone(),
                returns_as: returns_as.to_owned(),
            }),
            None if without.contains(name) => {}
            None => without.push(name.clone()),
        }
    }
    if !without.is_empty() {
        warnings.push(ProfileWarning::LanguagesWithoutWayIn { names: without });
    }
    warnings
}

impl LanguageTable {
    /// The option of a name that the profile lists, `other` being one of them.
    fn listed(&self, name: &str) -> Option<&str> {
        let wanted = fold(name);
        let entry = self.entries.iter().find(|(key, _)| fold(key) == wanted);
        let other = (wanted == "other").then_some(self.other.as_str());
        entry.map(|(_, option)| option.as_str()).or(other)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::samples::minimal;

    #[test]
    fn a_language_that_goes_back_as_another_is_named() {
        let draft = minimal()
            .set("language_in", "Anyuak", "\"language1\"")
            .set("language_in", "Swahili", "\"language1\"")
            .set("language_out", "language1", "\"Anyuak\"");
        assert_eq!(
            draft.warnings(),
            "language_in.\"Swahili\": comes in as language1, which goes out as \"Anyuak\""
        );
    }

    #[test]
    fn a_broader_name_is_no_other_language() {
        let draft = minimal()
            .set("language_in", "Dinka", "\"language3\"")
            .set("language_in", "\"Dinka, Rek\"", "\"language3\"")
            .set("language_out", "language3", "\"Dinka\"");
        assert_eq!(draft.warnings(), "");
        let draft = draft.set("language_in", "Dinkana", "\"language3\"");
        assert!(draft.warnings().starts_with("language_in.\"Dinkana\""));
    }

    #[test]
    fn an_option_that_comes_back_as_another_is_named() {
        let draft = minimal()
            .set("language_in", "Amharic", "\"language5\"")
            .set("language_out", "language5", "\"Amharic\"")
            .set("language_out", "_amharic", "\"Amharic\"");
        assert_eq!(
            draft.warnings(),
            "language_out._amharic: goes out as \"Amharic\", which comes in as language5"
        );
    }

    #[test]
    fn languages_that_only_go_out_are_listed_together() {
        let draft = minimal()
            .set("language_out", "a", "\"Murle\"")
            .set("language_out", "b", "\"Arabic\"")
            .set("language_out", "c", "\"Murle\"");
        assert_eq!(
            draft.warnings(),
            "language_out: come back as language_in.other: Murle; Arabic"
        );
    }
}

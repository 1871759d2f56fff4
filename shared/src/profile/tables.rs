//! Code tables between proGres and Primero, both ways.
//!
//! Source text is matched without regard to case and to how many blanks stand where: proGres descriptions are typed by
//! people. Two keys that such a match cannot tell apart must not lead to different targets.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::faults::ProfileProblem;
use super::section::{Noted, Read, Section, clean_text, guid_text};
use super::spelling::fold;
use crate::domain::codes::SexCode;

/// The tables, with keys as the profile spells them. Look up through the methods, which forgive case and blanks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CodeTables {
    /// proGres service description → Primero service type.
    pub service_in: BTreeMap<String, String>,
    /// Primero service type → GUID of the proGres service, canonical lower case.
    pub service_out: BTreeMap<String, String>,
    /// proGres language name → Primero language.
    pub language_in: LanguageTable,
    /// Primero language → proGres language name.
    pub language_out: BTreeMap<String, String>,
    /// proGres sex code → Primero sex; holds every code.
    #[serde(serialize_with = "by_number")]
    pub sex: BTreeMap<SexCode, String>,
    /// proGres specific need → Primero protection concern. Empty: protection concerns are not written.
    pub needs_in: BTreeMap<String, String>,
    /// Primero protection concern → GUID of the proGres need category, canonical lower case.
    pub needs_out: BTreeMap<String, String>,
}

/// `[language_in]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LanguageTable {
    /// proGres language name → Primero language.
    pub entries: BTreeMap<String, String>,
    /// Primero language of every name that is not listed (key `other`).
    pub other: String,
}

impl CodeTables {
    /// The Primero service type of a proGres service description.
    #[must_use]
    pub fn service_in(&self, description: &str) -> Option<&str> {
        find(&self.service_in, description)
    }

    /// The proGres service (GUID) of a Primero service type.
    #[must_use]
    pub fn service_out(&self, service_type: &str) -> Option<&str> {
        find(&self.service_out, service_type)
    }

    /// The Primero language of a proGres language name; [`LanguageTable::other`] for a name that is not listed.
    #[must_use]
    pub fn language_in(&self, name: &str) -> &str {
        find(&self.language_in.entries, name).unwrap_or(&self.language_in.other)
    }

    /// The proGres language name of a Primero language.
    #[must_use]
    pub fn language_out(&self, language: &str) -> Option<&str> {
        find(&self.language_out, language)
    }

    /// The Primero sex of a proGres code. A parsed profile has one for every code.
    #[must_use]
    pub fn sex(&self, code: SexCode) -> Option<&str> {
        self.sex.get(&code).map(String::as_str)
    }

    /// The proGres code of a Primero sex; where several codes share it, the first in the order of the option set.
    #[must_use]
    pub fn sex_code(&self, sex: &str) -> Option<SexCode> {
        let wanted = fold(sex);
        self.sex
            .iter()
            .find(|(_, option)| fold(option) == wanted)
            .map(|(code, _)| *code)
    }

    /// The Primero protection concern of a proGres specific need.
    #[must_use]
    pub fn need_in(&self, need: &str) -> Option<&str> {
        find(&self.needs_in, need)
    }

    /// The proGres need category (GUID) of a Primero protection concern.
    #[must_use]
    pub fn need_out(&self, concern: &str) -> Option<&str> {
        find(&self.needs_out, concern)
    }
}

fn find<'a>(table: &'a BTreeMap<String, String>, text: &str) -> Option<&'a str> {
    let wanted = fold(text);
    table
        .iter()
        .find(|(key, _)| fold(key) == wanted)
        .map(|(_, target)| target.as_str())
}

fn by_number<S: Serializer>(
    sex: &BTreeMap<SexCode, String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(sex.iter().map(|(code, option)| (code.number(), option)))
}

const OTHER: &str = "other";

pub(super) fn read(root: &Section<'_>) -> Read<CodeTables> {
    let service_in = table(root, "service_in");
    if service_in.as_ref().is_ok_and(BTreeMap::is_empty) {
        root.fault("service_in", ProfileProblem::Missing);
    }
    let service_out = guid_table(root, "service_out");
    let language_in = read_languages(root);
    let language_out = table(root, "language_out");
    let sex = root.section("sex").and_then(|section| read_sex(&section));
    let needs_in = table(root, "needs_in");
    let needs_out = guid_table(root, "needs_out");
    Ok(CodeTables {
        service_in: service_in?,
        service_out: service_out?,
        language_in: language_in?,
        language_out: language_out?,
        sex: sex?,
        needs_in: needs_in?,
        needs_out: needs_out?,
    })
}

fn table(root: &Section<'_>, name: &str) -> Read<BTreeMap<String, String>> {
    let entries: BTreeMap<_, _> = root.entries(name, clean_text)?;
    refuse_contradictions(root, name, &entries);
    Ok(entries)
}

fn guid_table(root: &Section<'_>, name: &str) -> Read<BTreeMap<String, String>> {
    let entries = root.entries(name, guid_text)?;
    refuse_contradictions(root, name, &entries);
    Ok(entries)
}

/// Entries that only differ in case and blanks would be picked from by chance if their targets differed.
fn refuse_contradictions(root: &Section<'_>, name: &str, entries: &BTreeMap<String, String>) {
    let mut seen: BTreeMap<String, (&str, &str)> = BTreeMap::new();
    for (key, target) in entries {
        match seen.get(&fold(key)) {
            None => {
                seen.insert(fold(key), (key, target));
            }
            Some((earlier, earlier_target)) if earlier_target != target => {
                let problem = ProfileProblem::SameKeyOtherTarget {
                    other: (*earlier).to_owned(),
                };
                root.entry_fault(name, key, problem);
            }
            Some(_) => {}
        }
    }
}

fn read_languages(root: &Section<'_>) -> Read<LanguageTable> {
    root.expect_entry("language_in", OTHER);
    let mut entries = table(root, "language_in")?;
    // `None` only where `expect_entry` has noted it.
    let other = entries.remove(OTHER).ok_or(Noted)?;
    Ok(LanguageTable { entries, other })
}

fn read_sex(section: &Section<'_>) -> Read<BTreeMap<SexCode, String>> {
    let read: Vec<_> = SexCode::ALL
        .iter()
        .map(|code| (*code, section.text(&code.number().to_string())))
        .collect();
    read.into_iter()
        .map(|(code, option)| Ok((code, option?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::samples::minimal;
    use super::*;

    const GUID: &str = "\"577CCDF6-86de-e811-80d8-001dd8b71fe3\"";

    #[test]
    fn look_ups_forgive_case_and_blanks() {
        let tables = minimal()
            .set(
                "service_in",
                "\"Advocacy / Direct  intervention\"",
                "\"advocacy\"",
            )
            .set("language_in", "\"Dinka, Northeastern\"", "\"language3\"")
            .set("needs_in", "\"Unaccompanied child\"", "\"unaccompanied\"")
            .profile()
            .tables;
        assert_eq!(
            tables.service_in(" advocacy /\tDIRECT intervention "),
            Some("advocacy")
        );
        assert_eq!(tables.language_in("dinka,  northeastern"), "language3");
        assert_eq!(tables.need_in("UNACCOMPANIED CHILD"), Some("unaccompanied"));
        assert_eq!(tables.service_in("Advocacy"), None);
    }

    #[test]
    fn ways_out_give_canonical_guids() {
        let tables = minimal()
            .set("service_out", "shelter", GUID)
            .set("needs_out", "orphan", GUID)
            .profile()
            .tables;
        assert_eq!(
            tables.service_out("shelter"),
            Some("577ccdf6-86de-e811-80d8-001dd8b71fe3")
        );
        assert_eq!(
            tables.need_out("Orphan"),
            Some("577ccdf6-86de-e811-80d8-001dd8b71fe3")
        );
        assert_eq!(tables.service_out("medical"), None);
    }

    #[test]
    fn a_language_that_is_not_listed_is_the_other_one() {
        let tables = minimal().profile().tables;
        assert_eq!(tables.language_in("Murle"), "language9");
        assert!(!tables.language_in.entries.contains_key("other"));
    }

    #[test]
    fn sex_is_mapped_both_ways() {
        let tables = minimal().profile().tables;
        for code in SexCode::ALL {
            let option = tables.sex(*code).expect("every code is there");
            assert_eq!(tables.sex_code(option), Some(*code));
        }
        assert_eq!(tables.sex_code("neither"), None);
    }

    #[test]
    fn keys_that_only_differ_in_case_or_blanks_cannot_have_different_targets() {
        let faults = minimal()
            .set("service_in", "SHELTER", "\"food\"")
            .set("language_in", "Other", "\"language1\"")
            .faults();
        assert_eq!(
            faults,
            "language_in.other: differs from \"Other\" only in case or blanks but has another target\n\
             service_in.Shelter: differs from \"SHELTER\" only in case or blanks but has another target"
        );
    }

    #[test]
    fn an_entry_names_something_on_both_sides() {
        let faults = minimal()
            .set("service_in", "\" \"", "\"food\"")
            .set("language_in", "Nuer", "\"\"")
            .set("service_out", "shelter", "\"577ccdf6\"")
            .faults();
        assert_eq!(
            faults,
            "language_in.Nuer: is blank\n\
             service_in.\" \": is blank\n\
             service_out.shelter: \"577ccdf6\" is not a GUID"
        );
    }
}

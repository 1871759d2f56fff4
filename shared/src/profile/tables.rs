//! Code tables between proGres and Primero, both ways.
//!
//! Source text is matched without regard to case and to how many blanks stand where: proGres descriptions are typed by
//! people. Two keys that such a match cannot tell apart must not lead to different targets.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::json;

use crate::document::Problem;
use crate::document::declared::{Declared, Schema, document};
use crate::document::kinds::{self, Field, Kind, entries, guid, text};
use crate::document::section::Section;
use crate::document::spelling::fold;
use crate::domain::codes::SexCode;

document! {
    /// The tables, with keys as the profile spells them. Look up through the methods, which forgive case and blanks.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct CodeTables {
        /// proGres service description → Primero service type.
        pub service_in: BTreeMap<String, String> = Codes { target: text(), needed: true },
        /// Primero service type → GUID of the proGres service, canonical lower case.
        pub service_out: BTreeMap<String, String> = Codes { target: guid(), needed: false },
        /// proGres language name → Primero language.
        pub language_in: LanguageTable = Languages,
        /// Primero language → proGres language name.
        pub language_out: BTreeMap<String, String> = Codes { target: text(), needed: false },
        /// proGres sex code → Primero sex; holds every code.
        #[serde(serialize_with = "by_number")]
        pub sex: BTreeMap<SexCode, String> = Sex,
        /// proGres specific need → Primero protection concern. Empty: protection concerns are not written.
        pub needs_in: BTreeMap<String, String> = Codes { target: text(), needed: false },
        /// Primero protection concern → GUID of the proGres need category, canonical lower case.
        pub needs_out: BTreeMap<String, String> = Codes { target: guid(), needed: false },
    }
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

/// The target of the entry that a text names, whatever its case and blanks.
pub(crate) fn find<'a>(table: &'a BTreeMap<String, String>, text: &str) -> Option<&'a str> {
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

/// A code table. Entries that only differ in case and blanks would be picked from by chance if their targets differed.
struct Codes<K> {
    target: K,
    /// Whether it cannot be empty.
    needed: bool,
}

impl<K: Kind<Value = String>> Field for Codes<K> {
    type Value = BTreeMap<String, String>;

    fn read(&self, section: &Section<'_>, key: &str) -> Option<BTreeMap<String, String>> {
        let slot = section.slot(key);
        let entries: BTreeMap<String, String> = entries(&self.target).of(&slot)?;
        if self.needed && entries.is_empty() {
            return slot.fault(Problem::Missing);
        }
        let mut seen: BTreeMap<String, (&String, &String)> = BTreeMap::new();
        for (name, target) in &entries {
            let (earlier, its_target) = *seen.entry(fold(name)).or_insert((name, target));
            if its_target != target {
                let words = "only in case or blanks but has another target";
                let problem = format!("differs from {earlier:?} {words}");
                slot.entry_fault(name, Problem::Quoting(problem));
            }
        }
        Some(entries)
    }

    fn describe(&self, schema: &mut Schema, key: &str, about: &[&str]) {
        let shape = json!({
            "type": "object",
            "additionalProperties": self.target.shape(),
            "minProperties": i32::from(self.needed),
        });
        schema.key(key, about, (shape, self.needed));
    }
}

/// A code table whose entry `other` is required.
struct Languages;

impl Field for Languages {
    type Value = LanguageTable;

    fn read(&self, section: &Section<'_>, key: &str) -> Option<LanguageTable> {
        let slot = section.slot(key);
        slot.ask();
        if slot.table()?.get(OTHER).is_none() {
            slot.entry_fault(OTHER, Problem::Missing);
        }
        let codes = Codes {
            target: text(),
            needed: false,
        };
        let mut entries = codes.read(section, key)?;
        let other = entries.remove(OTHER)?;
        Some(LanguageTable { entries, other })
    }

    fn describe(&self, schema: &mut Schema, key: &str, about: &[&str]) {
        let shape = json!({
            "type": "object",
            "additionalProperties": text().shape(),
            "required": [OTHER],
        });
        schema.key(key, about, (shape, true));
    }
}

const OTHER: &str = "other";

/// `[sex]`: a table with a key for every code.
struct SexTable(BTreeMap<SexCode, String>);

impl Declared for SexTable {
    fn read(section: &Section<'_>) -> Option<Self> {
        let read = |code: &SexCode| {
            let option = text().read(section, &code.number().to_string());
            Some((*code, option?))
        };
        // All of them, so that every fault is found.
        let read: Vec<_> = SexCode::ALL.iter().map(read).collect();
        read.into_iter().collect::<Option<_>>().map(Self)
    }

    fn describe(schema: &mut Schema) {
        for code in SexCode::ALL {
            text().describe(schema, &code.number().to_string(), &[]);
        }
    }
}

struct Sex;

impl Field for Sex {
    type Value = BTreeMap<SexCode, String>;

    fn read(&self, section: &Section<'_>, key: &str) -> Option<Self::Value> {
        kinds::section::<SexTable>()
            .read(section, key)
            .map(|table| table.0)
    }

    fn describe(&self, schema: &mut Schema, key: &str, about: &[&str]) {
        kinds::section::<SexTable>().describe(schema, key, about);
    }
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

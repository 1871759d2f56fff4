//! Does the profile fit what PING sends?

use std::collections::{BTreeMap, BTreeSet};

use super::ground::listed;
use crate::document::spelling::fold;
use crate::domain::check::{Check, CheckKey};
use crate::profile::Profile;
use crate::progres::Row;

/// So many rows, and none of the business unit, are no accident.
const MANY: usize = 10;

/// Whether a table knows a word.
type Knows<'k> = &'k dyn Fn(&str) -> bool;

/// How PING spells what the checks look for.
#[derive(Clone, Copy, Debug)]
pub struct SourceKeys {
    /// The id of an intervention, in each of its spellings.
    pub intervention: &'static [&'static str],
    /// The id of a referral to proGres.
    pub referral: &'static [&'static str],
    /// The business unit of an intervention.
    pub business_unit: &'static str,
    /// Its name.
    pub business_unit_name: &'static str,
    /// The service of an intervention, in words.
    pub service: &'static [&'static str],
    /// A language.
    pub language: &'static [&'static str],
    /// A specific need.
    pub need: &'static [&'static str],
    /// What is the same in all rows of one intervention.
    pub single: &'static [&'static str],
}

/// What PING sends now.
#[derive(Default)]
pub struct Sent {
    /// What was found.
    pub checks: Vec<Check>,
    /// Rows of interventions: of the list, and then their details.
    pub(super) listed: Vec<Row>,
    pub(super) details: Vec<Row>,
    /// How many decisions are listed.
    pub(super) decisions: usize,
    /// Whether the list has more pages.
    pub(super) more: bool,
}

impl Sent {
    /// Which rows show business units: those of the list, else the details.
    fn with_units(&self, keys: SourceKeys) -> Vec<&Row> {
        let shows = |row: &&Row| row.id(keys.business_unit).is_some();
        let listed: Vec<&Row> = self.listed.iter().filter(shows).collect();
        if listed.is_empty() {
            self.details.iter().filter(shows).collect()
        } else {
            listed
        }
    }

    /// The business unit of the profile is one that PING sends. Answers its name, too.
    pub fn business_unit(&self, profile: &Profile, keys: SourceKeys) -> (Vec<Check>, String) {
        let rows = self.with_units(keys);
        let unit = &profile.progres.business_unit;
        let is_own = |row: &&&Row| {
            let id = row.id(keys.business_unit).unwrap_or_default();
            fold(id.trim_matches(['{', '}'])) == *unit
        };
        let own: Vec<&&Row> = rows.iter().filter(is_own).collect();
        if rows.is_empty() {
            return (Vec::new(), "no row shows a business unit".to_owned());
        }
        if let Some(first) = own.first() {
            let name = first.text(keys.business_unit_name);
            let name = name.or_else(|| first.text(keys.business_unit));
            let name = name.filter(|name| name != unit);
            let name = name.map_or_else(String::new, |name| format!(" is `{name}`"));
            let note = format!("business unit{name}, {} of {} rows", own.len(), rows.len());
            return (Vec::new(), note);
        }
        let mut others = BTreeSet::new();
        for row in &rows {
            let id = row.id(keys.business_unit).unwrap_or_default();
            let name = row.text(keys.business_unit_name).unwrap_or_default();
            others.insert(format!("{id} ({name})"));
        }
        let found = format!(
            "none of {} rows is of {unit}; PING sends {}",
            rows.len(),
            listed(others)
        );
        let key = if rows.len() >= MANY {
            CheckKey::PingBusinessUnit
        } else {
            CheckKey::PingBusinessUnitUnseen
        };
        (vec![Check::of(key, found)], String::new())
    }

    /// The rows of each record agree, and can be read.
    pub fn details(&self, keys: SourceKeys) -> Vec<Check> {
        let mut records: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
        for row in &self.details {
            let id = keys.intervention.iter().find_map(|key| row.id(key));
            records.entry(id.unwrap_or_default()).or_default().push(row);
        }
        let records: Vec<Vec<&Row>> = records.into_values().collect();
        let mut fields = BTreeSet::new();
        let mut odd = 0;
        for rows in &records {
            let differs = |key: &&&str| {
                let mut texts = rows.iter().map(|row| row.text(key));
                let first = texts.next();
                texts.any(|text| Some(text) != first)
            };
            let mut wrong: Vec<String> = keys
                .single
                .iter()
                .filter(differs)
                .map(|key| (*key).to_owned())
                .collect();
            wrong.extend(rows.iter().flat_map(|row| row.unreadable().to_vec()));
            odd += usize::from(!wrong.is_empty());
            fields.extend(wrong);
        }
        if odd == 0 {
            return Vec::new();
        }
        let found = format!("{odd} of {} records: {}", records.len(), listed(fields));
        vec![Check::of(CheckKey::PingDetails, found)]
    }

    /// Words that wait and that no table maps. `faulty` are the fields whose tables are known to be at fault.
    /// Without `names` they are counted, not shown.
    pub fn unmapped(
        &self,
        profile: &Profile,
        keys: SourceKeys,
        names: bool,
        faulty: &[String],
    ) -> Vec<Check> {
        let (tables, ids) = (&profile.tables, keys.intervention);
        let mut told = Vec::new();
        let languages = &tables.language_in.entries;
        let knows_language = |word: &str| languages.keys().any(|known| fold(known) == fold(word));
        let knows_service = |word: &str| tables.service_in(word).is_some();
        let knows_need = |word: &str| tables.needs_in.is_empty() || tables.need_in(word).is_some();
        let asked: [(&str, &str, &[&str], Knows<'_>); 3] = [
            ("service", "service_type", keys.service, &knows_service),
            ("language", "language", keys.language, &knows_language),
            ("need", "protection_concerns", keys.need, &knows_need),
        ];
        for (kind, field, keys, knows) in asked {
            if faulty.iter().any(|faulty| faulty == field) {
                continue;
            }
            let mut records: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for row in &self.details {
                let word = keys.iter().find_map(|key| row.text(key));
                if let Some(word) = word.filter(|word| !knows(word)) {
                    let record = ids.iter().find_map(|key| row.id(key));
                    let seen = records.entry(word).or_default();
                    seen.insert(record.unwrap_or_default());
                }
            }
            told.extend(records.iter().map(|(word, seen)| {
                let word = if names { shown(word) } else { String::new() };
                format!("{kind}{word} {}×", seen.len())
            }));
        }
        if told.is_empty() {
            return Vec::new();
        }
        told.dedup();
        vec![Check::of(CheckKey::PingUnmapped, listed(told))]
    }

    /// What waits, in a few words.
    pub fn note(&self) -> String {
        let more = if self.more { " or more" } else { "" };
        format!(
            "{}{more} rows of referrals and {} decisions wait",
            self.listed.len(),
            self.decisions
        )
    }
}

/// A word of a code list as it may be shown. What has digits or is long is no word of a list.
fn shown(word: &str) -> String {
    let is_word =
        word.chars().count() <= 60 && !word.chars().any(|c| c.is_ascii_digit() || c == '@');
    if is_word {
        format!(" `{word}`")
    } else {
        " (a text that is no word of a list)".to_owned()
    }
}

//! Reading TOML without stopping at the first fault.
//!
//! Every getter notes the key it asked for and any fault it met. At the end the keys that nobody asked for are the unknown
//! ones; so the list of known keys can never fall behind the code that reads.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use toml::{Table, Value};
use uuid::Uuid;

use super::faults::{ProfileFault, ProfileProblem};
use super::reading::Notes;
use super::spelling;
use crate::domain::identifier::without_invisible;

/// More would not fit into the memory of a function.
pub(super) const MAX_BODY_BYTES: i64 = 256 * 1024 * 1024;

/// Stands for a fault that has been noted: reading goes on, but there is no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Noted;

/// A value, or a fault that has been noted.
pub(super) type Read<T> = Result<T, Noted>;

/// One table with fixed keys; an absent one reads like an empty one.
pub(super) struct Section<'a> {
    path: String,
    table: Option<&'a Table>,
    notes: &'a RefCell<Notes>,
}

impl<'a> Section<'a> {
    pub(super) fn new(path: String, table: Option<&'a Table>, notes: &'a RefCell<Notes>) -> Self {
        Self { path, table, notes }
    }

    /// Notes a fault of a key.
    pub(super) fn fault(&self, key: &str, problem: ProfileProblem) -> Noted {
        self.note(spelling::join(&self.path, key), problem)
    }

    /// Notes a fault of an entry of a table of data.
    pub(super) fn entry_fault(&self, table: &str, entry: &str, problem: ProfileProblem) -> Noted {
        self.note(
            spelling::join(&spelling::join(&self.path, table), entry),
            problem,
        )
    }

    pub(super) fn section(&self, key: &str) -> Read<Section<'a>> {
        let path = spelling::join(&self.path, key);
        self.notes.borrow_mut().sections.insert(path.clone());
        Ok(Section {
            path,
            table: self.table_at(key)?,
            notes: self.notes,
        })
    }

    /// A table that may be left out.
    pub(super) fn optional_section<T>(
        &self,
        key: &str,
        read: impl FnOnce(&Section<'a>) -> Read<T>,
    ) -> Read<Option<T>> {
        let section = self.section(key)?;
        if section.table.is_some() {
            return read(&section).map(Some);
        }
        Ok(None)
    }

    /// A required text.
    pub(super) fn text(&self, key: &str) -> Read<String> {
        self.optional_text(key)?
            .ok_or_else(|| self.fault(key, ProfileProblem::Missing))
    }

    pub(super) fn text_or(&self, key: &str, default: &str) -> Read<String> {
        Ok(self
            .optional_text(key)?
            .unwrap_or_else(|| default.to_owned()))
    }

    /// A text with a default that an empty text switches off.
    pub(super) fn text_unless_empty(&self, key: &str, default: &str) -> Read<Option<String>> {
        if self.value(key).and_then(Value::as_str) == Some("") {
            return Ok(None);
        }
        self.text_or(key, default).map(Some)
    }

    pub(super) fn optional_text(&self, key: &str) -> Read<Option<String>> {
        let text = self.value(key).map(clean_text).transpose();
        self.noted(key, text)
    }

    /// A required text that parses as `T`.
    pub(super) fn parsed<T: FromStr>(&self, key: &str, expected: &'static str) -> Read<T> {
        let found = self.text(key)?;
        let parsed = found.parse();
        self.noted(
            key,
            parsed.map_err(|_| ProfileProblem::NotA { found, expected }),
        )
    }

    /// A text that may be left out, and parses as `T` where it is there.
    pub(super) fn optional_parsed<T: FromStr>(
        &self,
        key: &str,
        expected: &'static str,
    ) -> Read<Option<T>> {
        let Some(found) = self.optional_text(key)? else {
            return Ok(None);
        };
        let parsed = found.parse().map(Some);
        self.noted(
            key,
            parsed.map_err(|_| ProfileProblem::NotA { found, expected }),
        )
    }

    /// A required GUID, in canonical lower case.
    pub(super) fn guid(&self, key: &str) -> Read<String> {
        let text = self.text(key)?;
        self.noted(key, canonical_guid(&text))
    }

    /// A required moment: a TOML date-time or a text, with its offset from UTC.
    pub(super) fn moment(&self, key: &str) -> Read<Timestamp> {
        let found = match self.value(key) {
            Some(Value::Datetime(moment)) => moment.to_string(),
            _ => self.text(key)?,
        };
        let expected = "a time with its offset, such as 2026-01-31T00:00:00Z";
        let moment = found.parse();
        self.noted(
            key,
            moment.map_err(|_| ProfileProblem::NotA { found, expected }),
        )
    }

    pub(super) fn switch(&self, key: &str, default: bool) -> Read<bool> {
        match self.value(key) {
            None => Ok(default),
            Some(Value::Boolean(value)) => Ok(*value),
            Some(other) => Err(self.wrong_type(key, "boolean", other)),
        }
    }

    pub(super) fn integer<T: TryFrom<i64>>(
        &self,
        key: &str,
        default: i64,
        range: RangeInclusive<i64>,
    ) -> Read<T> {
        let found = match self.value(key) {
            None => default,
            Some(Value::Integer(found)) => *found,
            Some(other) => return Err(self.wrong_type(key, "integer", other)),
        };
        let (least, most) = (*range.start(), *range.end());
        if found < least {
            return Err(self.fault(key, ProfileProblem::Below { found, least }));
        }
        let inside = if found > most {
            None
        } else {
            T::try_from(found).ok()
        };
        inside.ok_or_else(|| self.fault(key, ProfileProblem::Above { found, most }))
    }

    /// A duration in whole seconds.
    pub(super) fn seconds(
        &self,
        key: &str,
        default: i64,
        range: RangeInclusive<i64>,
    ) -> Read<Duration> {
        self.integer::<u64>(key, default, range)
            .map(Duration::from_secs)
    }

    pub(super) fn choice<T: Copy>(&self, key: &str, default: T, allowed: &[(&str, T)]) -> Read<T> {
        let Some(found) = self.optional_text(key)? else {
            return Ok(default);
        };
        let chosen = allowed
            .iter()
            .find(|(word, _)| *word == found)
            .map(|(_, choice)| *choice);
        let words: Vec<_> = allowed.iter().map(|(word, _)| *word).collect();
        let problem = ProfileProblem::NotOneOf {
            found,
            allowed: words.join(", "),
        };
        self.noted(key, chosen.ok_or(problem))
    }

    /// A list of words that is not empty.
    pub(super) fn words(&self, key: &str, default: &[&str]) -> Read<Vec<String>> {
        match self.value(key) {
            None => Ok(default.iter().map(|word| (*word).to_owned()).collect()),
            Some(Value::Array(list)) if list.is_empty() => {
                Err(self.fault(key, ProfileProblem::EmptyList))
            }
            Some(Value::Array(list)) => self.noted(key, list.iter().map(clean_text).collect()),
            Some(other) => Err(self.wrong_type(key, "array", other)),
        }
    }

    /// A list of texts that each parse as `T`; an absent one is empty.
    pub(super) fn parsed_list<T: FromStr>(
        &self,
        key: &str,
        expected: &'static str,
    ) -> Read<Vec<T>> {
        let list = match self.value(key) {
            None => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(other) => return Err(self.wrong_type(key, "array", other)),
        };
        let parse = |value: &Value| {
            let found = clean_text(value)?;
            let parsed = found.parse();
            parsed.map_err(|_| ProfileProblem::NotA { found, expected })
        };
        self.noted(key, list.iter().map(parse).collect())
    }

    /// One text or several; none if the key is left out.
    pub(super) fn one_or_several(&self, key: &str) -> Read<Vec<String>> {
        match self.value(key) {
            Some(Value::Array(_)) => self.words(key, &[]),
            _ => Ok(self.optional_text(key)?.into_iter().collect()),
        }
    }

    /// A list of choices, which may be empty.
    pub(super) fn choices<T: Copy + Ord>(
        &self,
        key: &str,
        allowed: &[(&str, T)],
    ) -> Read<BTreeSet<T>> {
        let words = match self.value(key) {
            None => return Ok(allowed.iter().map(|(_, choice)| *choice).collect()),
            Some(Value::Array(list)) => list.iter().map(clean_text).collect(),
            Some(other) => return Err(self.wrong_type(key, "array", other)),
        };
        let words: Vec<String> = self.noted(key, words)?;
        let choice = |found: String| {
            let chosen = allowed.iter().find(|(word, _)| *word == found);
            let words: Vec<_> = allowed.iter().map(|(word, _)| *word).collect();
            chosen
                .map(|(_, choice)| *choice)
                .ok_or(ProfileProblem::NotOneOf {
                    found,
                    allowed: words.join(", "),
                })
        };
        self.noted(key, words.into_iter().map(choice).collect())
    }

    /// A table whose keys are data, with the value of each read by `read`; an absent table is empty.
    pub(super) fn entries<T, C: FromIterator<(String, T)>>(
        &self,
        key: &str,
        read: impl Fn(&Value) -> Result<T, ProfileProblem>,
    ) -> Read<C> {
        self.notes
            .borrow_mut()
            .free
            .insert(spelling::join(&self.path, key));
        let entry = |(name, value): (&String, &Value)| {
            let named = if name.trim().is_empty() {
                Err(ProfileProblem::Blank)
            } else {
                Ok(name)
            };
            named
                .and_then(|name| Ok((without_invisible(name), read(value)?)))
                .map_err(|problem| self.entry_fault(key, name, problem))
        };
        // Collected first, so that every entry is looked at.
        let entries: Vec<_> = self
            .table_at(key)?
            .into_iter()
            .flatten()
            .map(entry)
            .collect();
        entries.into_iter().collect()
    }

    /// Demands an entry of a table of data.
    pub(super) fn expect_entry(&self, table: &str, entry: &str) {
        let path = spelling::join(&spelling::join(&self.path, table), entry);
        self.notes.borrow_mut().known.insert(path);
        let present = match self.table.and_then(|parent| parent.get(table)) {
            Some(Value::Table(table)) => table.contains_key(entry),
            // Of another type, which is noted where the table is read.
            Some(_) => true,
            None => false,
        };
        if !present {
            self.entry_fault(table, entry, ProfileProblem::Missing);
        }
    }

    fn value(&self, key: &str) -> Option<&'a Value> {
        self.notes
            .borrow_mut()
            .known
            .insert(spelling::join(&self.path, key));
        self.table?.get(key)
    }

    fn table_at(&self, key: &str) -> Read<Option<&'a Table>> {
        match self.table.and_then(|table| table.get(key)) {
            None => Ok(None),
            Some(Value::Table(table)) => Ok(Some(table)),
            Some(other) => Err(self.wrong_type(key, "table", other)),
        }
    }

    fn wrong_type(&self, key: &str, expected: &'static str, found: &Value) -> Noted {
        self.fault(
            key,
            ProfileProblem::WrongType {
                expected,
                found: found.type_str(),
            },
        )
    }

    fn noted<T>(&self, key: &str, result: Result<T, ProfileProblem>) -> Read<T> {
        result.map_err(|problem| self.fault(key, problem))
    }

    fn note(&self, key: String, problem: ProfileProblem) -> Noted {
        self.notes
            .borrow_mut()
            .faults
            .push(ProfileFault { key, problem });
        Noted
    }
}

/// A text that can be sent as it is, without the marks that nobody sees.
pub(super) fn clean_text(value: &Value) -> Result<String, ProfileProblem> {
    let Value::String(text) = value else {
        return Err(ProfileProblem::WrongType {
            expected: "string",
            found: value.type_str(),
        });
    };
    let text = without_invisible(text);
    if text.trim().is_empty() {
        Err(ProfileProblem::Blank)
    } else if text.chars().any(char::is_control) {
        Err(ProfileProblem::ControlCharacter)
    } else if text.trim() != text {
        Err(ProfileProblem::BlanksAround)
    } else {
        Ok(text)
    }
}

/// A text that holds a GUID, in canonical lower case.
pub(super) fn guid_text(value: &Value) -> Result<String, ProfileProblem> {
    clean_text(value).and_then(|text| canonical_guid(&text))
}

fn canonical_guid(text: &str) -> Result<String, ProfileProblem> {
    let hyphenated = text.len() == 36;
    match Uuid::try_parse(text) {
        Ok(guid) if hyphenated => Ok(guid.as_hyphenated().to_string()),
        _ => Err(ProfileProblem::NotA {
            found: text.to_owned(),
            expected: "a GUID",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::minimal;

    #[test]
    fn marks_that_nobody_sees_are_dropped() {
        let profile = minimal()
            .set("progres", "agency", "\"\u{feff}UNHCR\u{200b}\"")
            .set("primero", "progres_user", "\"unhcr_cw\u{200b}\"")
            .set("primero.case_defaults", "\"point\u{200b}\"", "\"gate\"")
            .profile();
        assert_eq!(profile.progres.agency, "UNHCR");
        assert_eq!(profile.primero.progres_user, ["unhcr_cw"]);
        assert_eq!(profile.primero.case_defaults["point"], "gate");
        let faults = minimal().set("progres", "agency", "\"\u{200b}\"").faults();
        assert_eq!(faults, "progres.agency: is blank");
    }

    #[test]
    fn a_wrong_type_is_named_once_and_its_keys_are_not_missed_as_well() {
        let faults = minimal()
            .without_section("sex")
            .without_section("language_in")
            .set("", "sex", "\"female\"")
            .set("", "language_in", "1")
            .set("", "report_delivery_fail", "\"no\"")
            .faults();
        assert_eq!(
            faults,
            "language_in: is of type integer, expected table\n\
             report_delivery_fail: is of type string, expected boolean\n\
             sex: is of type string, expected table"
        );
    }

    #[test]
    fn texts_that_would_be_sent_with_stray_blanks_are_refused() {
        let faults = minimal()
            .set("ping", "interop_id", "\"  \"")
            .set("ping", "partner_id", "\"PNR-1 \"")
            .set("ping", "token_cookie", "\"a\\r\\nb\"")
            .faults();
        assert_eq!(
            faults,
            "ping.interop_id: is blank\n\
             ping.partner_id: has blanks around it\n\
             ping.token_cookie: holds a control character"
        );
    }

    #[test]
    fn a_number_stays_inside_its_range() {
        let faults = minimal()
            .set("ping", "max_body_bytes", "268_435_457")
            .set("primero", "look_up_batch", "151")
            .set("primero", "verify_batch", "-1")
            .set("limits", "verify_after_seconds", "1")
            .set("retry", "attempts", "0")
            .faults();
        assert_eq!(
            faults,
            "limits.verify_after_seconds: 1 is below 2\n\
             ping.max_body_bytes: 268435457 is above 268435456\n\
             primero.look_up_batch: 151 is above 150\n\
             primero.verify_batch: -1 is below 1\n\
             retry.attempts: 0 is below 1"
        );
    }

    #[test]
    fn unknown_keys_are_refused_at_every_level() {
        let faults = minimal()
            .set("", "colour", "1")
            .set("ping.shipping", "pending_referral", "\"SHP-1\"")
            .set("sex", "125080009", "\"x\"")
            .set("telemetry", "on", "true")
            .set("limits", "attempts", "3")
            .faults();
        assert_eq!(
            faults,
            "colour: unknown key\n\
             limits.attempts: unknown key, did you mean retry.attempts?\n\
             ping.shipping.pending_referral: unknown key, did you mean pending_referrals?\n\
             sex.125080009: unknown key\n\
             telemetry: unknown key"
        );
    }

    #[test]
    fn a_choice_is_one_of_its_words() {
        let faults = minimal()
            .set("primero", "closed_case", "\"reopen\"")
            .faults();
        assert_eq!(
            faults,
            "primero.closed_case: \"reopen\" is not one of hold, append"
        );
    }
}

//! One profile file while it is read, and the keys that nobody asked for.

use std::cell::RefCell;
use std::collections::BTreeSet;

use toml::{Table, Value};

use super::faults::{ProfileFault, ProfileFaults, ProfileProblem};
use super::section::Section;
use super::spelling;

/// One profile file while it is read.
pub(super) struct Reading {
    table: Table,
    notes: RefCell<Notes>,
}

/// What is noted on the way.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) faults: Vec<ProfileFault>,
    /// Paths of keys with one value.
    pub(super) known: BTreeSet<String>,
    /// Paths of tables with fixed keys.
    pub(super) sections: BTreeSet<String>,
    /// Paths of tables whose keys are data.
    pub(super) free: BTreeSet<String>,
}

impl Reading {
    pub(super) fn of(text: &str) -> Result<Self, ProfileFaults> {
        match text.parse::<Table>() {
            Ok(table) => Ok(Self {
                table,
                notes: RefCell::default(),
            }),
            Err(error) => {
                let start = error.span().map_or(0, |span| span.start);
                let line = 1 + text
                    .bytes()
                    .take(start)
                    .filter(|byte| *byte == b'\n')
                    .count();
                Err(ProfileFaults::new(vec![ProfileFault {
                    key: format!("line {line}"),
                    problem: ProfileProblem::Syntax(error.message().to_owned()),
                }]))
            }
        }
    }

    pub(super) fn root(&self) -> Section<'_> {
        Section::new(String::new(), Some(&self.table), &self.notes)
    }

    /// All faults, unknown keys included.
    pub(super) fn finish(&self) -> Vec<ProfileFault> {
        let notes = self.notes.borrow();
        let mut faults = notes.faults.clone();
        notes.unknown_keys("", &self.table, &mut faults);
        faults.sort_by(|a, b| a.key.cmp(&b.key));
        faults
    }

    /// Whether the file has a key, by its path.
    #[cfg(test)]
    pub(super) fn has(&self, path: &str) -> bool {
        let (parents, key) = path
            .rsplit_once('.')
            .map_or((None, path), |(p, key)| (Some(p), key));
        let parents = parents.into_iter().flat_map(|parents| parents.split('.'));
        let mut parents = parents;
        let table = parents.try_fold(&self.table, |table, name| table.get(name)?.as_table());
        table.is_some_and(|table| table.contains_key(key))
    }

    /// Every key path that the code asked for, tables of data by their own name.
    #[cfg(test)]
    pub(super) fn known_keys(&self) -> Vec<String> {
        let notes = self.notes.borrow();
        notes.known.iter().chain(&notes.free).cloned().collect()
    }
}

impl Notes {
    fn unknown_keys(&self, path: &str, table: &Table, faults: &mut Vec<ProfileFault>) {
        for (key, value) in table {
            let full = spelling::join(path, key);
            if let (true, Value::Table(inner)) = (self.sections.contains(&full), value) {
                self.unknown_keys(&full, inner, faults);
            }
            let asked = [&self.known, &self.sections, &self.free];
            if asked.iter().all(|paths| !paths.contains(&full)) {
                let every = asked.into_iter().flatten().map(String::as_str);
                let suggestion = spelling::suggestion(path, key, every);
                faults.push(ProfileFault {
                    key: full,
                    problem: ProfileProblem::UnknownKey { suggestion },
                });
            }
        }
    }
}

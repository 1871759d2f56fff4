//! Reading without stopping at the first fault.
//!
//! Every key that is asked for is noted, and so is any fault. The keys that nobody asked for are the unknown ones at the end;
//! so the list of known keys can never fall behind the code that reads.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::spelling::{self, join};
use super::{Entry, Fault, Node, Position, Problem, Table};

/// What is noted while a document is read.
#[derive(Default)]
pub(crate) struct Notes {
    faults: RefCell<Vec<Fault>>,
    /// Paths of what was asked for: keys, and tables with fixed keys. What is inside a table of data is not looked at.
    known: RefCell<BTreeSet<String>>,
    sections: RefCell<BTreeSet<String>>,
    /// Whether no value and no unknown key may be repeated.
    silent: bool,
}

impl Notes {
    /// Notes of a document whose values are secret.
    pub(crate) fn silent() -> Self {
        Self {
            silent: true,
            ..Self::default()
        }
    }

    /// Notes a fault.
    pub(crate) fn fault(&self, key: String, at: Option<Position>, problem: Problem) {
        let problem = if self.silent {
            problem.silenced()
        } else {
            problem
        };
        self.faults.borrow_mut().push(Fault { key, at, problem });
    }

    /// Reads a document that must be a table; see [`Self::read`].
    pub(crate) fn read_node<T>(
        &self,
        name: &str,
        node: &Node,
        read: impl FnOnce(&Section<'_>) -> Option<T>,
    ) -> Option<T> {
        if let Node::Table(table) = node {
            return self.read(name, table, read);
        }
        let found = node.type_word();
        let problem = Problem::WrongType {
            expected: "table",
            found,
        };
        self.fault(name.to_owned(), None, problem);
        None
    }

    /// Reads a document as a whole, `name` being what stands before its keys, and refuses what was not asked for.
    pub(crate) fn read<T>(
        &self,
        name: &str,
        table: &Table,
        read: impl FnOnce(&Section<'_>) -> Option<T>,
    ) -> Option<T> {
        let value = read(&Section::new(name.to_owned(), None, table, self));
        self.unknown_keys(name, None, table);
        value
    }

    /// All faults, those of one document behind those of the one before.
    pub(crate) fn finish(self) -> Vec<Fault> {
        self.faults.into_inner()
    }

    fn unknown_keys(&self, path: &str, at: Option<Position>, table: &Table) {
        let mut unknown: Vec<&Entry> = Vec::new();
        for entry in &table.0 {
            let full = join(path, &entry.key);
            let is_section = self.sections.borrow().contains(&full);
            if let (true, Node::Table(inner)) = (is_section, &entry.node) {
                self.unknown_keys(&full, entry.at, inner);
            }
            if !is_section && !self.known.borrow().contains(&full) {
                unknown.push(entry);
            }
        }
        let known: Vec<String> = {
            let (known, sections) = (self.known.borrow(), self.sections.borrow());
            known.union(&sections).cloned().collect()
        };
        if self.silent {
            let Some(first) = unknown.first() else {
                return;
            };
            let siblings = known
                .iter()
                .filter_map(|full| spelling::leaf_of(path, full));
            let nearly = |name: &&str| {
                let mut unknown = unknown.iter();
                unknown.any(|entry| spelling::bare(&entry.key) == spelling::bare(name))
            };
            let problem = Problem::UnknownKeys {
                count: unknown.len(),
                suggestions: siblings.filter(nearly).map(str::to_owned).collect(),
            };
            return self.fault(path.to_owned(), first.at.or(at), problem);
        }
        for entry in unknown {
            let names = known.iter().map(String::as_str);
            let suggestion = spelling::suggestion(path, &entry.key, names);
            let problem = Problem::UnknownKey {
                suggestion: suggestion.into_iter().collect(),
            };
            self.fault(join(path, &entry.key), entry.at, problem);
        }
    }
}

/// One table with fixed keys; an absent one reads like an empty one.
pub(crate) struct Section<'d> {
    path: String,
    at: Option<Position>,
    table: &'d Table,
    notes: &'d Notes,
}

impl<'d> Section<'d> {
    pub(crate) const fn new(
        path: String,
        at: Option<Position>,
        table: &'d Table,
        notes: &'d Notes,
    ) -> Self {
        Self {
            path,
            at,
            table,
            notes,
        }
    }

    /// Where a key has its value. A key with a dot is one of a table inside.
    pub(crate) fn slot(&self, key: &str) -> Slot<'d> {
        if let Some((table, key)) = key.split_once('.') {
            return match self.slot(table).section() {
                Some(section) => section.slot(key),
                // Its fault is noted; a slot of a broken table is never read as missing.
                None => Slot {
                    broken: true,
                    ..self.slot(table)
                },
            };
        }
        let entry = self.table.get(key);
        Slot {
            path: join(&self.path, key),
            at: entry.map_or(self.at, |entry| entry.at),
            node: entry.map(|entry| &entry.node),
            broken: false,
            notes: self.notes,
        }
    }

    /// Notes a fault of a key.
    pub(crate) fn fault(&self, key: &str, problem: Problem) {
        self.slot(key).fault::<()>(problem);
    }
}

/// The place of one value: a key of a section.
pub(crate) struct Slot<'d> {
    path: String,
    at: Option<Position>,
    pub(crate) node: Option<&'d Node>,
    /// Whether the table that should have it is none, which is noted already.
    broken: bool,
    notes: &'d Notes,
}

impl<'d> Slot<'d> {
    /// Notes that somebody asked for this key.
    pub(crate) fn ask(&self) {
        self.notes.known.borrow_mut().insert(self.path.clone());
    }

    /// Notes that somebody asked for an entry of this table.
    pub(crate) fn ask_entry(&self, entry: &str) {
        let path = join(&self.path, entry);
        self.notes.known.borrow_mut().insert(path);
    }

    /// Notes a fault of this key.
    pub(crate) fn fault<T>(&self, problem: Problem) -> Option<T> {
        if !self.broken {
            self.notes.fault(self.path.clone(), self.at, problem);
        }
        None
    }

    /// Notes a fault of an entry of this table.
    pub(crate) fn entry_fault(&self, entry: &str, problem: Problem) {
        let at = match self.node {
            Some(Node::Table(table)) => table.get(entry).and_then(|entry| entry.at),
            _ => None,
        };
        self.notes
            .fault(join(&self.path, entry), at.or(self.at), problem);
    }

    /// What is read from the value, or nothing after its fault was noted.
    pub(crate) fn noted<T>(&self, read: Result<T, Problem>) -> Option<T> {
        read.map_or_else(|problem| self.fault(problem), Some)
    }

    /// The value as a table with fixed keys.
    pub(crate) fn section(&self) -> Option<Section<'d>> {
        self.notes.sections.borrow_mut().insert(self.path.clone());
        let table = self.table()?;
        Some(Section::new(self.path.clone(), self.at, table, self.notes))
    }

    /// The value as a table; an absent one is empty.
    pub(crate) fn table(&self) -> Option<&'d Table> {
        static EMPTY: Table = Table(Vec::new());
        match self.node {
            _ if self.broken => None,
            None => Some(&EMPTY),
            Some(Node::Table(table)) => Some(table),
            Some(other) => self.fault(Problem::WrongType {
                expected: "table",
                found: other.type_word(),
            }),
        }
    }
}

//! What a run is asked for beside the ordinary.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::domain::record::RecordKey;

/// What is asked of a run. The default is an ordinary one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a key of the event that a person may set by itself"
)]
pub struct Request {
    /// Look at both sides and tell what would be done; write to neither, take no lease and store nothing.
    pub dry_run: bool,
    /// Only these records, whether they are due or not. The cursor stays where it is.
    pub only: Option<BTreeSet<RecordKey>>,
    /// Read changes from here on instead of from the cursor, which stays where it is.
    pub since: Option<Timestamp>,
    /// Work on so many records at most; the rest is deferred.
    pub limit: Option<usize>,
    /// A person releases what is held, of `only` if that is given.
    pub release_held: bool,
    /// A person says that both systems are meant to be where the secret has them now, and that they are this deployment's.
    pub accept_move: bool,
    /// A person says that the ledger is rightly empty. On one that is not, this changes nothing.
    pub first_run: bool,
    /// Keys of checks whose fault a person knows of: the run goes on in spite of it.
    pub accept: BTreeSet<String>,
}

impl Request {
    /// Whether this record is asked for.
    #[must_use]
    pub fn wants(&self, key: &RecordKey) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(key))
    }

    /// Whether a person named this very record.
    #[must_use]
    pub fn names(&self, key: &RecordKey) -> bool {
        self.only.as_ref().is_some_and(|only| only.contains(key))
    }

    /// Whether the window of changes is the ordinary one, so that the cursor follows it.
    #[must_use]
    pub const fn moves_cursor(&self) -> bool {
        !self.dry_run && self.only.is_none() && self.since.is_none()
    }
}

//! A record's key in the ledger.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::fingerprint::Fingerprint;
use super::ids::{InteropReferralId, InterventionId};

/// The stable key of one unit of work, made of system ids only. Workflow 1.1: the intervention GUID in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordKey(String);

impl RecordKey {
    /// The key for something the source listed without a usable id: a keyed hash of what it sent, so that it can still be held
    /// and counted.
    #[must_use]
    pub fn of_unreadable(fingerprint: &Fingerprint) -> Self {
        let short = fingerprint.hash.get(..16).unwrap_or(&fingerprint.hash);
        Self(format!("unreadable-{short}"))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<InterventionId> for RecordKey {
    fn from(id: InterventionId) -> Self {
        Self(id.to_string())
    }
}

impl From<InteropReferralId> for RecordKey {
    fn from(id: InteropReferralId) -> Self {
        Self(id.to_string())
    }
}

impl fmt::Display for RecordKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

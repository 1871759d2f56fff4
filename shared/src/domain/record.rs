//! A record's key in the ledger.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::fingerprint::Fingerprint;
use super::ids::{CaseId, InterventionId, ReferralId, ServiceId};

/// The stable key of one unit of work, made of system ids only: of 1.1 and 1.2 the intervention GUID in lower case, of 2.1 the case
/// and its service.
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

    /// The key of a service. Its id alone may stand on several cases.
    #[must_use]
    pub fn of_service(case: &CaseId, service: ServiceId) -> Self {
        Self(format!("{case}/{service}"))
    }

    /// The key of a referral of a case that names no service.
    #[must_use]
    pub fn of_referral(case: &CaseId, referral: ReferralId) -> Self {
        Self(format!("{case}/{referral}"))
    }

    /// The key that a person wrote: trimmed, a GUID in its canonical form.
    #[must_use]
    pub fn written(text: &str) -> Self {
        let text = text.trim();
        let guid = text.parse::<InterventionId>();
        guid.map_or_else(|_| Self(text.to_owned()), Self::from)
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

impl fmt::Display for RecordKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

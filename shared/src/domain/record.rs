//! A record's key in the ledger.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::fingerprint::Fingerprint;
use super::ids::{CaseId, InteropReferralId, InterventionId, ReferralId, ServiceId};

/// The stable key of one unit of work, made of system ids only: of 1.1 and 1.2 the intervention GUID in lower case, of 2.1 the case
/// and its service, of 2.2 the interoperability referral id.
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

    /// The key that a person wrote: blanks, capitals and braces around a GUID do not matter.
    #[must_use]
    pub fn written(text: &str) -> Self {
        let canonical = |part: &str| {
            let part = part.trim();
            Uuid::try_parse(part)
                .map_or_else(|_| part.to_owned(), |id| id.as_hyphenated().to_string())
        };
        Self(text.split('/').map(canonical).collect::<Vec<_>>().join("/"))
    }

    /// The key for what a person wrote in place of a key: it may be a name or an individual number, and is not repeated.
    #[must_use]
    pub fn of_no_key() -> Self {
        Self("not-a-record-key".to_owned())
    }

    /// Whether it ends in an id, as every key does that the ledger may have.
    #[must_use]
    pub fn ends_in_an_id(&self) -> bool {
        let id = self.0.rsplit('/').next().unwrap_or_default();
        Uuid::try_parse(id).is_ok() || self.0.starts_with("unreadable-")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_key_is_found_whatever_its_blanks_capitals_and_braces() {
        for (text, key) in [
            (
                " {68B20E2A-4879-EE11-8179-000D3A43F6EB} ",
                "68b20e2a-4879-ee11-8179-000d3a43f6eb",
            ),
            (
                "Case-7/68B20E2A-4879-EE11-8179-000D3A43F6EB",
                "Case-7/68b20e2a-4879-ee11-8179-000d3a43f6eb",
            ),
            ("unreadable-0123456789abcdef", "unreadable-0123456789abcdef"),
        ] {
            assert_eq!(RecordKey::written(text).as_str(), key);
        }
    }
}

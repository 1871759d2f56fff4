//! A record's key in the ledger.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::fingerprint::Fingerprint;
use super::identifier::tidied;
use super::ids::{CaseId, InteropReferralId, InterventionId, ReferralId, ServiceId};
use super::system::WorkflowName;

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
            let part = tidied(part);
            match Uuid::try_parse(&part) {
                Ok(id) => id.as_hyphenated().to_string(),
                Err(_) => part,
            }
        };
        Self(text.split('/').map(canonical).collect::<Vec<_>>().join("/"))
    }

    /// The key that a person names to a run of this workflow; none if it is not made of ids alone, as every key is: a name or an
    /// individual number that was written in its place must not get into a report or a log.
    #[must_use]
    pub fn named(text: &str, workflow: WorkflowName) -> Option<Self> {
        let key = Self::written(text);
        let is_id = |part: &str| Uuid::try_parse(part).is_ok();
        let is_hash = |hash: &str| hash.len() == 16 && hash.chars().all(|c| c.is_ascii_hexdigit());
        let parts: Vec<&str> = key.0.split('/').collect();
        let usual = match (workflow, &*parts) {
            // 1.2 knows a service without an intervention by its place.
            (
                WorkflowName::ReferralsToProgres | WorkflowName::DecisionsToProgres,
                [case, service],
            ) => is_id(case) && is_id(service),
            (WorkflowName::ReferralsToProgres, _) => false,
            (_, [id]) => is_id(id),
            _ => false,
        };
        let unreadable = key.0.strip_prefix("unreadable-").is_some_and(is_hash);
        (usual || unreadable).then_some(key)
    }

    /// The key for what a person wrote in place of a key: it may be a name or an individual number, and is not repeated.
    #[must_use]
    pub fn of_no_key() -> Self {
        Self("not-a-record-key".to_owned())
    }

    /// Whether it stands for something without a usable id.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        self.0.starts_with("unreadable-")
    }

    /// Whether it ends in an id, as every key does that the ledger may have.
    #[must_use]
    pub fn ends_in_an_id(&self) -> bool {
        let id = self.0.rsplit('/').next().unwrap_or_default();
        Uuid::try_parse(id).is_ok() || self.is_unreadable()
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
    fn a_workflow_takes_the_keys_that_it_makes() {
        use WorkflowName as W;
        const ID: &str = "68b20e2a-4879-ee11-8179-000d3a43f6eb";
        let pair = format!("{ID}/{{{}}}", ID.to_uppercase());
        let takes = |text: &str| {
            let order = [
                W::ReferralsToPrimero,
                W::DecisionsToProgres,
                W::ReferralsToProgres,
                W::DecisionsToPrimero,
            ];
            order.map(|workflow| RecordKey::named(text, workflow).is_some())
        };
        assert_eq!(takes(ID), [true, true, false, true]);
        assert_eq!(takes(&pair), [false, true, true, false]);
        assert_eq!(takes("unreadable-0123456789abcdef"), [true; 4]);
        for text in [
            "",
            "/",
            "606-00000001",
            "Nyakong",
            "unreadable-",
            "unreadable-nyakong",
        ] {
            assert_eq!(takes(text), [false; 4], "{text}");
        }
        assert_eq!(takes(&format!("Nyakong/{ID}")), [false; 4]);
        assert_eq!(takes(&format!("{ID}/{ID}/Nyakong")), [false; 4]);
    }

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

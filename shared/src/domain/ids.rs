//! Identifiers of both systems as types, so that one can never stand where another is meant.
//!
//! All of them are system ids and may appear in logs and table keys. An individual number is personal data and is therefore
//! not here; see [`super::pii::Pii`].

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::identifier::tidied;

/// A text that is not the identifier it should be. Says which identifier, never the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {0}")]
pub struct InvalidId(&'static str);

macro_rules! guid_id {
    ($(#[$doc:meta])* $name:ident, $words:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Takes an id that was computed or read as a UUID.
            #[must_use]
            pub const fn new(id: Uuid) -> Self {
                Self(id)
            }

            /// The id as a UUID.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            /// Accepts a hyphenated GUID in any case, with or without braces, surrounding blanks and marks that nobody sees.
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let text = tidied(text);
                let bare = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(&text);
                if bare.len() != 36 {
                    return Err(InvalidId($words));
                }
                Uuid::try_parse(bare).map(Self).map_err(|_| InvalidId($words))
            }
        }

        impl fmt::Display for $name {
            /// The canonical lower-case form.
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(out)
            }
        }
    };
}

guid_id!(
    /// A proGres intervention (`progres_lpinterventionid`): one referral out of proGres.
    InterventionId,
    "intervention id"
);
guid_id!(
    /// A Primero case as its URLs name it (`id`).
    CaseRecordId,
    "case record id"
);
guid_id!(
    /// One service of a Primero case (`unique_id` of a `services_section` row).
    ServiceId,
    "service id"
);
guid_id!(
    /// A referral inside Primero, as its URLs name it (`id`).
    ReferralId,
    "referral id"
);
guid_id!(
    /// A referral that was submitted to proGres (`progres_interoperabilityreferralid`).
    InteropReferralId,
    "interoperability referral id"
);

/// Primero's `case_id`: what PING calls the case. A UUID in every installation seen, but opaque to us.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CaseId(String);

impl CaseId {
    /// Wraps the text that Primero returned.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The id as Primero spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CaseId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// PING's `SPHTransactionId`: the receipt of one request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TransactionId(String);

impl TransactionId {
    /// Wraps the text that PING returned.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The id as PING spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TransactionId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The name of a deployment (a country or field operation): `a`–`z`, digits and `-`, 1 to 40 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Deployment(String);

impl Deployment {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Deployment {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if (1..=40).contains(&text.len()) && text.chars().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidId(
                "deployment name (a-z, 0-9 and -, at most 40 characters)",
            ))
        }
    }
}

impl TryFrom<String> for Deployment {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<Deployment> for String {
    fn from(deployment: Deployment) -> Self {
        deployment.0
    }
}

impl fmt::Display for Deployment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_is_kept_in_canonical_lower_case() {
        let id: InterventionId = " {68B20E2A-4879-EE11\u{2011}8179-000D3A43F6EB}\u{200b} "
            .parse()
            .expect("a GUID");
        assert_eq!(id.to_string(), "68b20e2a-4879-ee11-8179-000d3a43f6eb");
    }

    #[test]
    fn what_is_not_a_guid_is_refused_without_repeating_it() {
        for text in ["", "secret-name", "68b20e2a4879ee118179000d3a43f6eb"] {
            let error = text.parse::<ServiceId>().expect_err("not a GUID");
            assert_eq!(error.to_string(), "not a valid service id");
        }
    }

    #[test]
    fn a_deployment_name_stays_within_its_alphabet() {
        assert!("gambella-2".parse::<Deployment>().is_ok());
        for text in ["", "Gambella", "a#b", "a b"] {
            assert!(text.parse::<Deployment>().is_err(), "{text:?}");
        }
    }
}

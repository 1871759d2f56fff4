//! 2.2: UNHCR's decisions from proGres to Primero.
mod mapping;
mod mark;
mod matching;
mod source;
#[cfg(test)]
mod testing;
use crate::domain::ids::{CaseRecordId, ReferralId};
use serde::{Deserialize, Serialize};

/// Where a decision's referral is in Primero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Empty as long as it was not found.
    #[serde(flatten)]
    pub found: Option<Found>,
}

/// A referral in Primero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Its case in URLs.
    pub case: CaseRecordId,
    /// The referral in URLs.
    pub referral: ReferralId,
}

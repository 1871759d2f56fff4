//! 2.1: referrals of Primero's case workers to proGres.
//!
//! A case worker asks UNHCR for a service by adding it to the case, with UNHCR as its agency, and by referring the case for it. Every
//! case that changed is looked at for such services; its referrals, for which there is no call for many cases, are read once per case.
//! PING takes a submission twice for two referrals and cannot be asked about one whose answer was lost, so such a one is held for a
//! person unless the profile says otherwise. The receipt is asked after until proGres has decided.
//!
//! Several pending referrals of one service are one submission, and the newest gives the date. A referral that is made after the
//! submission was closed is another wish, which a person releases (`referred_again`).
//!
//! | step of the contract | file |
//! |---|---|
//! | 1 discover: which service, which referral | `source.rs`, `choice.rs` |
//! | 2 consent, 4 map | `mapping.rs` |
//! | 3 contact | `contact.rs` |
//! | 5 send and confirm | `delivery.rs` |

mod choice;
mod contact;
mod mapping;
mod source;
#[cfg(test)]
mod testing;

use serde::{Deserialize, Serialize};

pub use self::choice::Submitted;
use crate::domain::ids::CaseRecordId;

/// Where a service stands in Primero, and what was submitted for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The case in URLs.
    pub case: CaseRecordId,
    /// What PING accepted for it, if anything.
    pub submitted: Option<Submitted>,
}

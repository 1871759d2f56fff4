//! 1.2: decisions of Primero's case workers to proGres.
//!
//! Every case that changed is looked at for services that a referral of UNHCR made (1.1) and that were accepted or rejected since.
//! A decision is its status and reason: an unchanged one is never sent again, a changed one is. proGres takes the fields of a decision
//! any number of times, but keeps every comment; so once a comment went out, the same decision only goes out without it, alone in its
//! request, and the report says `comment_unconfirmed`.
//!
//! One intervention may stand on two cases, say after a merge gone wrong. Whichever was seen first stands; what another case says is
//! held (`ambiguous_case`) until only one of them decides, or a person releases it, which chooses the case seen last.
//!
//! | step of the contract | file |
//! |---|---|
//! | 1 discover, 2 what a decision is | `decision.rs`, this file |
//! | 3 send | `mapping.rs`, `submission.rs`, `delivery.rs` |
//! | 4 confirm | `confirmation.rs` |

mod confirmation;
mod decision;
mod mapping;
mod submission;
#[cfg(test)]
mod testing;

use serde::{Deserialize, Serialize};

use crate::domain::fingerprint::Fingerprint;
use crate::domain::ids::CaseRecordId;

pub use self::mapping::Decision;

/// Where a decision stands, and what proGres may know of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The case in URLs.
    pub case: CaseRecordId,
    /// Another case that was seen with the same intervention, while that is not settled.
    pub rival: Option<CaseRecordId>,
    /// The decision whose comment may be in proGres.
    pub commented: Option<Fingerprint>,
}

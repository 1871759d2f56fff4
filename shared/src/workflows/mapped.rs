//! What the four workflows write and read together: what a deployment is examined against.

use super::{decisions_to_progres, referrals_to_primero, referrals_to_progres};
use crate::checks::{Mapped, MappedFields};
use crate::profile::Profile;

/// All fields of Primero that are mapped, and how PING spells what is read from it.
pub fn mapped(profile: &Profile) -> Mapped {
    let written = referrals_to_primero::written(profile);
    let read = [
        decisions_to_progres::fields_read(profile),
        referrals_to_progres::fields_read(profile),
    ];
    let all = read.iter().fold(written.clone(), MappedFields::and);
    Mapped {
        written,
        all,
        keys: referrals_to_primero::KEYS,
    }
}

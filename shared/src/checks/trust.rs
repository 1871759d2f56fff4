//! Can Primero's answers be trusted?

use std::time::Duration;

use jiff::Timestamp;

use super::ground::{Ground, listed};
use crate::domain::check::{Check, CheckKey};
use crate::primero::LookUp;
use crate::transport::GateError;

/// Clocks that differ by more do not tell the same day.
const APART: Duration = Duration::from_mins(5);

/// A look-up finds the case that it asks for, and no other.
pub async fn look_up(ground: &Ground<'_>) -> Result<Vec<Check>, GateError> {
    let found = match Box::pin(ground.primero.prove_look_up()).await? {
        LookUp::Honest => return Ok(Vec::new()),
        LookUp::NoControl if ground.profile.primero.allow_empty => return Ok(Vec::new()),
        LookUp::NoControl => {
            let found = "no visible case has an individual number";
            return Ok(vec![Check::of(CheckKey::PrimeroControl, found)]);
        }
        LookUp::Ignored => "the filter on `unhcr_individual_no` is ignored",
        LookUp::Blind => "a case that is there is not found by its number",
    };
    Ok(vec![Check::of(CheckKey::PrimeroFilter, found)])
}

/// The clock of Primero is ours, more or less.
pub async fn clock(ground: &Ground<'_>, now: Timestamp) -> Result<Option<Check>, GateError> {
    Ok(apart(ground.latest().await?.time, now))
}

/// What it means that Primero's answers have this time, if they have one.
pub fn apart(theirs: Option<Timestamp>, now: Timestamp) -> Option<Check> {
    let theirs = theirs?;
    let apart = theirs.duration_since(now).unsigned_abs();
    (apart >= APART).then(|| {
        let side = if theirs > now { "before" } else { "behind" };
        let found = format!("Primero is {} s {side} this machine", apart.as_secs());
        Check::of(CheckKey::PrimeroClock, found)
    })
}

/// Numbers that no referral would match, by case.
pub async fn untidy_numbers(ground: &Ground<'_>, names: bool) -> Result<Vec<Check>, GateError> {
    let untidy = ground.primero.untidy_numbers().await?;
    if untidy.is_empty() {
        return Ok(Vec::new());
    }
    let found = if names {
        let ids = untidy.iter().map(ToString::to_string);
        format!(
            "{} cases: {}",
            untidy.len(),
            ids.collect::<Vec<_>>().join(", ")
        )
    } else {
        listed([format!("{} cases", untidy.len())])
    };
    Ok(vec![Check::of(CheckKey::PrimeroUntidyNumbers, found)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_may_differ_by_less_than_five_minutes() {
        let ours = Timestamp::constant(1_790_000_000, 0);
        for (theirs, found) in [
            (None, None),
            (Some(299), None),
            (Some(-299), None),
            (Some(300), Some("Primero is 300 s before this machine")),
            (Some(-3600), Some("Primero is 3600 s behind this machine")),
        ] {
            let theirs = theirs.map(|seconds| Timestamp::constant(1_790_000_000 + seconds, 0));
            let check = apart(theirs, ours);
            assert_eq!(check.as_ref().map(|check| &*check.found), found);
        }
    }
}

//! Does the user see the cases of everybody?

use super::ground::{Ground, unchecked};
use super::trust;
use crate::domain::check::{Check, CheckKey};
use crate::engine::LedgerView;
use crate::primero::{Glance, Scope};
use crate::store::SeenCases;
use crate::transport::GateError;

/// One case in so many may be missing before it counts as fewer: 5 %.
const A_TWENTIETH: u64 = 20;
/// So many may always be missing.
const ALWAYS: u64 = 5;

/// Before cases or referrals are written: a user that does not see a child's case would make a second one.
pub async fn scope(
    ground: &Ground<'_>,
    ledger: LedgerView<'_>,
    may_be_empty: bool,
) -> Result<Vec<Check>, GateError> {
    match ground.own().await? {
        Some(own) => Ok(narrower(own.scope)),
        None => by_what_is_seen(ground, ledger, may_be_empty).await,
    }
}

/// What the list of users tells of the scope, where no ledger remembers what was seen before.
pub async fn told(ground: &Ground<'_>) -> Result<Vec<Check>, GateError> {
    Ok(match ground.own().await? {
        Some(own) => narrower(own.scope),
        None => vec![unchecked("users")],
    })
}

/// Before the cursor may move past what the user does not see. What it sees is remembered, for a day on which it may no longer list
/// users.
pub async fn scope_of_changes(
    ground: &Ground<'_>,
    ledger: LedgerView<'_>,
) -> Result<Vec<Check>, GateError> {
    let Some(own) = ground.own().await? else {
        // Where nothing is seen at all, nothing is passed over: the cursor stays where it begins.
        return by_what_is_seen(ground, ledger, true).await;
    };
    let mut found = narrower(own.scope);
    if found.is_empty() {
        let before = ledger.seen_cases().await?;
        let glance = ground.primero.glance().await?;
        let now = SeenCases {
            cases: glance.cases,
            foreign: before.and_then(|before| before.foreign).or(glance.foreign),
        };
        remember(ledger, before, now).await?;
        found.extend(trust::apart(glance.time, ledger.now()));
    }
    Ok(found)
}

fn narrower(scope: Scope) -> Vec<Check> {
    match scope {
        Scope::Everybody => Vec::new(),
        Scope::Narrower(word) => {
            let found = format!("`role_group_permission` is `{word}`");
            vec![Check::of(CheckKey::PrimeroScope, found)]
        }
    }
}

/// A case of somebody else must answer, the one that is remembered if there is one, and the number of cases must not have fallen.
async fn by_what_is_seen(
    ground: &Ground<'_>,
    ledger: LedgerView<'_>,
    may_be_empty: bool,
) -> Result<Vec<Check>, GateError> {
    let before = ledger.seen_cases().await?;
    let most = before.map_or(0, |before| before.cases);
    let Glance { cases, foreign, .. } = ground.primero.glance().await?;
    let foreign = match before.and_then(|before| before.foreign) {
        Some(id) => ground.primero.sees(id).await?.then_some(id),
        None => foreign,
    };
    let nothing_to_see = may_be_empty && cases == 0 && most == 0;
    if hardly_fewer(cases, most) && (foreign.is_some() || nothing_to_see) {
        let now = SeenCases {
            cases: cases.max(most),
            foreign,
        };
        remember(ledger, before, now).await?;
        return Ok(vec![unchecked("users")]);
    }
    let of_others = if foreign.is_some() { "one" } else { "none" };
    let found = format!("{cases} cases, {of_others} of somebody else; {most} cases before");
    Ok(vec![Check::of(CheckKey::PrimeroVisibleCases, found)])
}

fn hardly_fewer(now: u64, before: u64) -> bool {
    now + (before / A_TWENTIETH).max(ALWAYS) >= before
}

async fn remember(
    ledger: LedgerView<'_>,
    before: Option<SeenCases>,
    now: SeenCases,
) -> Result<(), GateError> {
    if before != Some(now) {
        ledger.remember_seen_cases(now).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_twentieth_may_be_missing_and_always_five() {
        for (now, before, enough) in [
            (0, 0, true),
            (0, 5, true),
            (0, 6, false),
            (95, 100, true),
            (94, 100, false),
            (950, 1000, true),
            (949, 1000, false),
            (7, 3, true),
        ] {
            assert_eq!(hardly_fewer(now, before), enough, "{now} of {before}");
        }
    }
}

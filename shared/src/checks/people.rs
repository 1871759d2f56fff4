//! Are the people and the agencies there whom the profile names?

use super::ground::{Ground, allowed, listed, unchecked};
use crate::document::spelling::{fold, nearest};
use crate::domain::check::{Check, CheckKey};
use crate::domain::ids::CaseRecordId;
use crate::domain::pii::Pii;
use crate::primero::Offered;
use crate::transport::GateError;

/// The owners of new cases exist and are enabled.
pub async fn intake_user(ground: &Ground<'_>) -> Result<Vec<Check>, GateError> {
    let mut checks = Vec::new();
    for name in ground.profile.primero.intake_users() {
        let user = ground.primero.user(&Pii::new(name.to_owned())).await;
        let found = match allowed(user)? {
            None => return Ok(vec![unchecked("users")]),
            Some(None) => "no user of that name",
            Some(Some(user)) if user.disabled => "the user is disabled",
            Some(Some(_)) => continue,
        };
        let by_rule = ground.profile.primero.intake.is_some();
        let whose = if by_rule {
            format!("{name}: {found}")
        } else {
            found.to_owned()
        };
        checks.push(Check::of(CheckKey::PrimeroIntakeUser, whose));
    }
    Ok(checks)
}

/// Whom case workers refer to when they mean proGres is there, enabled, and may receive referrals.
pub async fn progres_users(ground: &Ground<'_>) -> Result<Vec<Check>, GateError> {
    let mut wrong = Vec::new();
    for name in &ground.profile.primero.progres_user {
        let user = ground.primero.colleague(&Pii::new(name.clone())).await;
        let Some(user) = allowed(user)? else {
            return Ok(vec![unchecked("users")]);
        };
        let Some(user) = user else {
            wrong.push(format!("no user is named `{name}`"));
            continue;
        };
        if user.disabled {
            wrong.push(format!("`{name}` is disabled"));
            continue;
        }
        let rights = allowed(Box::pin(ground.primero.rights_of(&user)).await)?;
        if rights.is_some_and(|rights| !rights.may("receive_referral")) {
            wrong.push(format!("the role of `{name}` may not receive referrals"));
        }
    }
    if wrong.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![Check::of(CheckKey::PrimeroProgresUser, listed(wrong))])
}

/// The agencies of both sides are there and enabled.
pub async fn agencies(ground: &Ground<'_>) -> Result<Vec<Check>, GateError> {
    let Some(known) = ground.agencies().await? else {
        return Ok(vec![unchecked("agencies")]);
    };
    let profile = ground.profile;
    let mut found = Vec::new();
    let own = &profile.progres.agency;
    if !known.ids().any(|id| profile.progres.is_agency(id)) {
        found.push(Check::of(CheckKey::PrimeroAgency, missing(own, known)));
    }
    let receiving = &profile.primero.receiving_agency;
    if !known.contains(receiving) {
        let told = missing(receiving, known);
        found.push(Check::of(CheckKey::PrimeroReceivingAgency, told));
    }
    Ok(found)
}

fn missing(agency: &str, known: &Offered) -> String {
    if known.is_switched_off(agency) {
        return format!("`{agency}` is switched off");
    }
    let same = known.ids().find(|id| fold(id) == fold(agency));
    if let Some(near) = same.or_else(|| nearest(agency, known.ids())) {
        return format!("Primero has no agency `{agency}`; did you mean `{near}`?");
    }
    let mut ids: Vec<&str> = known.ids().collect();
    ids.sort_unstable();
    format!("Primero has no agency `{agency}`; it has {}", listed(ids))
}

/// A case that was just created is owned by somebody, and by the intake user that it was written with, if any.
pub fn owner_of_created(
    case: CaseRecordId,
    owner: Option<&str>,
    intake: Option<&str>,
) -> Option<Check> {
    let whom = match (owner, intake) {
        (None, _) => "nobody",
        (Some(owner), Some(intake)) if owner != intake => "somebody else",
        _ => return None,
    };
    let found = format!("the new case {case} is owned by {whom}");
    Some(Check::of(CheckKey::PrimeroIntakeUser, found))
}

//! Are the people there whom the profile names?

use super::ground::{Ground, allowed, unchecked};
use crate::domain::check::{Check, CheckKey};
use crate::domain::ids::CaseRecordId;
use crate::domain::pii::Pii;
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

//! Are the people there whom the profile names?

use super::ground::{Ground, allowed, unchecked};
use crate::domain::check::{Check, CheckKey};
use crate::domain::ids::CaseRecordId;
use crate::domain::pii::Pii;
use crate::transport::GateError;

/// The owner of new cases exists and is enabled.
pub async fn intake_user(ground: &Ground<'_>) -> Result<Vec<Check>, GateError> {
    let Some(name) = &ground.profile.primero.intake_user else {
        return Ok(Vec::new());
    };
    let name = Pii::new(name.clone());
    let found = match allowed(ground.primero.user(&name).await)? {
        None => return Ok(vec![unchecked("users")]),
        Some(None) => "no user of that name",
        Some(Some(user)) if user.disabled => "the user is disabled",
        Some(Some(_)) => return Ok(Vec::new()),
    };
    Ok(vec![Check::of(CheckKey::PrimeroIntakeUser, found)])
}

/// A case that was just created is owned by somebody, and by the intake user if there is one.
pub fn owner_of_created(
    ground: &Ground<'_>,
    case: CaseRecordId,
    owner: Option<&str>,
) -> Option<Check> {
    let intake = ground.profile.primero.intake_user.as_deref();
    let whom = match (owner, intake) {
        (None, _) => "nobody",
        (Some(owner), Some(intake)) if owner != intake => "somebody else",
        _ => return None,
    };
    let found = format!("the new case {case} is owned by {whom}");
    Some(Check::of(CheckKey::PrimeroIntakeUser, found))
}

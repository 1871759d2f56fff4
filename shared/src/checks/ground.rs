//! What the checks look at, each thing read once.

use std::collections::HashMap;

use tokio::sync::OnceCell;

use crate::domain::check::{Check, CheckKey};
use crate::domain::reason::Stop;
use crate::primero::{FormFields, OwnUser, PrimeroClient};
use crate::profile::Profile;
use crate::transport::GateError;

/// The installation as the checks see it.
pub struct Ground<'r> {
    pub(super) profile: &'r Profile,
    pub(super) primero: &'r PrimeroClient,
    own: OnceCell<Option<OwnUser>>,
    forms: OnceCell<Option<FormFields>>,
    writable: OnceCell<Option<HashMap<String, bool>>>,
}

impl<'r> Ground<'r> {
    /// Nothing is read yet.
    pub fn new(profile: &'r Profile, primero: &'r PrimeroClient) -> Self {
        Self {
            profile,
            primero,
            own: OnceCell::new(),
            forms: OnceCell::new(),
            writable: OnceCell::new(),
        }
    }

    /// The user that the bridge signs in as; none where it may not list users, or is not among those it is shown.
    pub(super) async fn own(&self) -> Result<Option<&OwnUser>, GateError> {
        let read = || async {
            let own = Box::pin(self.primero.own_user()).await;
            allowed(own).map(Option::flatten)
        };
        Ok(self.own.get_or_try_init(read).await?.as_ref())
    }

    /// The fields of the forms; none where the user may not read forms.
    pub(super) async fn forms(&self) -> Result<Option<&FormFields>, GateError> {
        let read = || async { allowed(Box::pin(self.primero.form_fields()).await) };
        Ok(self.forms.get_or_try_init(read).await?.as_ref())
    }

    /// The forms of the role, each with whether it writes it; none where nobody tells.
    pub(super) async fn role_forms(&self) -> Result<Option<&HashMap<String, bool>>, GateError> {
        let Some(own) = self.own().await? else {
            return Ok(None);
        };
        let read = || async {
            let role = Box::pin(self.primero.role_forms(own)).await;
            allowed(role).map(Option::flatten)
        };
        Ok(self.writable.get_or_try_init(read).await?.as_ref())
    }
}

/// What the user may not read, or the release does not have, is no ground for a check; any other error is one.
pub(super) fn allowed<T>(answer: Result<T, GateError>) -> Result<Option<T>, GateError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(GateError::Run(Stop::PermissionDenied { .. })) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Says once that something could not be looked at.
pub(super) fn unchecked(what: &str) -> Check {
    Check::of(CheckKey::Unchecked, what)
}

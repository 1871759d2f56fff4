//! What the checks look at, each thing read once.

use std::collections::HashMap;

use tokio::sync::OnceCell;

use crate::domain::check::{Check, CheckKey};
use crate::domain::reason::Stop;
use crate::primero::{
    FormFields, Latest, Offered, Options, OwnUser, PrimeroClient, RoleRights, Scope,
};
use crate::profile::Profile;
use crate::transport::GateError;

/// The installation as the checks see it.
pub struct Ground<'r> {
    pub(super) profile: &'r Profile,
    pub(super) primero: &'r PrimeroClient,
    own: OnceCell<Option<OwnUser>>,
    forms: OnceCell<Option<FormFields>>,
    rights: OnceCell<Option<RoleRights>>,
    options: OnceCell<Option<Options>>,
    agencies: OnceCell<Option<Offered>>,
    modules: OnceCell<Option<Vec<String>>>,
    latest: OnceCell<Latest>,
}

impl<'r> Ground<'r> {
    /// Nothing is read yet.
    pub fn new(profile: &'r Profile, primero: &'r PrimeroClient) -> Self {
        Self {
            profile,
            primero,
            own: OnceCell::new(),
            forms: OnceCell::new(),
            rights: OnceCell::new(),
            options: OnceCell::new(),
            agencies: OnceCell::new(),
            modules: OnceCell::new(),
            latest: OnceCell::new(),
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

    /// Whether it is known that the user sees some cases, and so some users, only.
    pub(super) async fn sees_too_little(&self) -> Result<bool, GateError> {
        let own = self.own().await?;
        Ok(own.is_some_and(|own| own.scope != Scope::Everybody))
    }

    /// The fields of the forms; none where the user may not read forms.
    pub(super) async fn forms(&self) -> Result<Option<&FormFields>, GateError> {
        let read = || async { allowed(Box::pin(self.primero.form_fields()).await) };
        Ok(self.forms.get_or_try_init(read).await?.as_ref())
    }

    /// The fields of the forms, where the module has any.
    pub(super) async fn module_forms(&self) -> Result<Option<&FormFields>, GateError> {
        let forms = self.forms().await?;
        Ok(forms.filter(|forms| !forms.case.is_empty()))
    }

    /// What the user's role may do; none where nobody tells.
    pub(super) async fn rights(&self) -> Result<Option<&RoleRights>, GateError> {
        let Some(own) = self.own().await? else {
            return Ok(None);
        };
        let read = || async { allowed(Box::pin(self.primero.rights_of(own)).await) };
        Ok(self.rights.get_or_try_init(read).await?.as_ref())
    }

    /// The forms of the role, each with whether it writes it; none where nobody tells.
    pub(super) async fn role_forms(&self) -> Result<Option<&HashMap<String, bool>>, GateError> {
        let rights = self.rights().await?;
        Ok(rights.and_then(|rights| rights.forms.as_ref()))
    }

    /// The option lists; none where the user may not read them.
    pub(super) async fn options(&self) -> Result<Option<&Options>, GateError> {
        let read = || async { allowed(Box::pin(self.primero.options()).await) };
        Ok(self.options.get_or_try_init(read).await?.as_ref())
    }

    /// The agencies; none where the user may not list them.
    pub(super) async fn agencies(&self) -> Result<Option<&Offered>, GateError> {
        let read = || async { allowed(Box::pin(self.primero.agencies()).await) };
        Ok(self.agencies.get_or_try_init(read).await?.as_ref())
    }

    /// The modules; none where the user may not list them.
    pub(super) async fn modules(&self) -> Result<Option<&Vec<String>>, GateError> {
        let read = || async { allowed(Box::pin(self.primero.modules()).await) };
        Ok(self.modules.get_or_try_init(read).await?.as_ref())
    }

    /// What the cases that changed last show.
    pub(super) async fn latest(&self) -> Result<&Latest, GateError> {
        let read = || async { Box::pin(self.primero.latest()).await };
        self.latest.get_or_try_init(read).await
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

/// Names in quotes, the first few of them, and how many more there are.
pub(super) fn listed<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    const SHOWN: usize = 12;
    let names: Vec<S> = names.into_iter().collect();
    let shown = names.iter().take(SHOWN).map(AsRef::as_ref);
    let text = shown.collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(SHOWN) {
        None | Some(0) => text,
        Some(more) => format!("{text} and {more} more"),
    }
}

//! The gate to Primero v2, as it really behaves: filters may be ignored, saves may be swallowed, an error may look like "none".
//!
//! What a caller gets from here has been checked: a look-up answers only cases that were asked for, and "none" only when a case
//! known to exist came back in the same answer.

mod answer;
mod asking;
mod candidates;
mod case;
mod changes;
mod control;
mod forms;
mod installation;
mod kinds;
mod listing;
mod look_up;
mod options;
mod own_user;
mod proof;
mod referrals;
mod rows;
mod seen;
mod sign_in;
#[cfg(test)]
mod tests;
mod trust;
mod users;
mod write;

use reqwest::{Client, RequestBuilder};
use tokio::sync::Mutex;

pub use self::candidates::{Candidate, Candidates};
pub use self::case::{Case, Choice, Service};
pub use self::changes::{ChangedCase, ChangedPage, Changes, UnreadableRow};
use self::control::Control;
pub use self::forms::{FormField, FormFields};
pub use self::installation::Release;
pub use self::look_up::LookedUp;
pub use self::options::{Choices, Offered, Options};
pub use self::own_user::{OwnUser, RoleRights, Scope};
pub use self::referrals::{Referral, ReferralAnswer, ReferralStatus};
pub use self::seen::Glance;
use self::sign_in::SignIn;
pub use self::trust::{Latest, LookUp};
pub use self::users::User;
pub use self::write::Created;
use crate::domain::ids::CaseRecordId;
use crate::domain::reason::Stop;
use crate::domain::system::System;
use crate::profile::PrimeroSettings;
use crate::secrets::{PrimeroSecret, PrimeroUser};
use crate::transport::{Answer, Conditions, GateError, Limits, Repeat, Transport};

/// Primero, for one run.
pub struct PrimeroClient {
    transport: Transport,
    /// Base URL of the installation.
    url: String,
    user: PrimeroUser,
    settings: PrimeroSettings,
    sign_in: SignIn,
    control: Mutex<Option<Control>>,
    glance: Mutex<Option<Glance>>,
}

impl PrimeroClient {
    /// The way to the Primero that the secret names, for one of its users.
    #[must_use]
    pub fn new(
        http: Client,
        secret: &PrimeroSecret,
        user: &PrimeroUser,
        settings: PrimeroSettings,
        conditions: Conditions,
    ) -> Self {
        let limits = Limits {
            timeout: settings.timeout,
            max_body_bytes: settings.max_body_bytes,
        };
        Self {
            transport: Transport::new(System::Primero, http, limits, conditions).bounded(),
            sign_in: SignIn::by(secret.auth),
            url: secret.url.trim_end_matches('/').to_owned(),
            user: user.clone(),
            settings,
            control: Mutex::new(None),
            glance: Mutex::new(None),
        }
    }

    /// Requests sent so far.
    pub fn calls(&self) -> u64 {
        self.transport.calls()
    }

    /// How many of them brought an error or no answer.
    pub fn failed_calls(&self) -> u64 {
        self.transport.failed_calls()
    }

    /// Sends a signed-in call on a route without a record's id, and judges the answer's status: what is forbidden or missing then is
    /// the route.
    async fn call(
        &self,
        route: &'static str,
        repeat: Repeat,
        build: impl Fn(&Client) -> RequestBuilder,
    ) -> Result<Answer, GateError> {
        let answer = self.send_signed_in(route, repeat, build).await?;
        let system = System::Primero;
        match answer.status.as_u16() {
            200..=299 => Ok(answer),
            403 => Err(Stop::PermissionDenied { system, route }.into()),
            404 | 405 | 410 => Err(Stop::NoSuchRoute { system, route }.into()),
            status => Err(refused(status, &answer)),
        }
    }

    /// The same on the route of one record: what is forbidden or missing then is the record.
    async fn call_on(
        &self,
        id: CaseRecordId,
        route: &'static str,
        repeat: Repeat,
        build: impl Fn(&Client) -> RequestBuilder,
    ) -> Result<Answer, GateError> {
        let answer = self.send_signed_in(route, repeat, build).await?;
        let (system, id) = (System::Primero, id.uuid());
        match answer.status.as_u16() {
            200..=299 => Ok(answer),
            403 => Err(GateError::NoAccess { system, route, id }),
            404 | 410 => Err(GateError::Gone { system, route, id }),
            status => Err(refused(status, &answer)),
        }
    }

    /// The path in the address of the secret, which should have none.
    pub fn path_of_url(&self) -> Option<String> {
        let url = reqwest::Url::parse(&self.url).ok()?;
        let path = url.path().trim_end_matches('/');
        (!path.is_empty()).then(|| path.to_owned())
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }
}

fn refused(status: u16, answer: &Answer) -> GateError {
    GateError::Refused {
        system: System::Primero,
        status,
        fields: answer::fields_at_fault(&answer.body),
    }
}

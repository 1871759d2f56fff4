//! Everything a run needs beside its workflow.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::report::Progress;
use crate::clock::{Clock, later};
use crate::deadline::Deadline;
use crate::domain::ids::Deployment;
use crate::domain::site::Site;
use crate::domain::system::System;
use crate::entropy::Entropy;
use crate::profile::EngineSettings;
use crate::store::Store;

/// A held record is looked at again after this long.
const DAY: Duration = Duration::from_hours(24);

/// Everything a run needs beside its workflow.
pub struct Context<'r> {
    /// Which deployment.
    pub deployment: &'r Deployment,
    /// The version of the profile in force: a held record opens again under a new one.
    pub profile_version: String,
    /// The versions of the secrets in use: a sign-in refused under one is not tried again under it.
    pub secret_versions: HashMap<System, String>,
    /// Where both systems are.
    pub site: &'r Site,
    /// Whether no other run of this ledger can be alive, so that a lease that is held is a dead run's.
    pub alone: bool,
    /// Limits and waiting times.
    pub settings: &'r EngineSettings,
    /// The workflow's rows.
    pub store: &'r Store,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<Entropy>,
    /// When the run must have ended.
    pub deadline: Deadline,
    /// The longest one call to either system may take.
    pub call_timeout: Duration,
    /// Sees every record as it settles.
    pub watch: &'r dyn Fn(&Progress<'_>),
}

impl Context<'_> {
    /// The present.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The versions of profile and secrets in force, by which what was refused without a field is
    /// remembered.
    pub(super) fn versions(&self) -> String {
        let secrets = self.secret_versions.iter();
        let mut secrets: Vec<String> = secrets
            .map(|(system, version)| format!("{system}={version}"))
            .collect();
        secrets.sort_unstable();
        format!("{}+{}", self.profile_version, secrets.join(","))
    }

    /// Whether a row was written under the profile in force, and the secrets if it remembers them.
    pub(super) fn is_in_force(&self, version: &str) -> bool {
        version == self.profile_version || version == self.versions()
    }

    /// Whether a time has come. One that lies further ahead than any pause was written by a wrong
    /// clock.
    pub(super) fn is_due(&self, at: Timestamp) -> bool {
        let now = self.now();
        at <= now || at > later(now, self.longest_pause())
    }

    /// The longest that a row ever waits.
    pub(super) fn longest_pause(&self) -> Duration {
        self.settings.retry_cap.max(DAY)
    }

    /// How long to wait after the `attempt`-th try.
    pub(super) fn pause(&self, attempt: u32) -> Duration {
        let factor = 2_u32.saturating_pow(attempt.saturating_sub(1));
        let wait = self.settings.retry_base.saturating_mul(factor);
        self.entropy.jitter(wait.min(self.settings.retry_cap))
    }
}

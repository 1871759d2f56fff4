//! The three secrets of a deployment: the gate to proGres, Primero, and the key of the ledger's fingerprints.
//!
//! The same JSON comes from Secrets Manager, from a file, or from environment variables. Nothing here prints a value:
//! `Debug` is redacted and a fault names the key, never what stands there.

mod aws;
mod environment;
mod faults;
mod fields;
mod file;
mod reading;
mod url;

#[cfg(test)]
mod samples;

use std::collections::HashMap;
use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use crate::domain::fingerprint::FingerprintKey;
use crate::domain::pii::Pii;
use crate::domain::system::{System, WorkflowName};

pub use aws::from_secrets_manager;
pub use environment::from_environment;
pub use faults::{FetchFailure, SecretFault, SecretFaults, SecretProblem};
pub use file::from_file;

/// All secrets of one deployment.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// The gate to proGres.
    pub ping: PingSecret,
    /// Primero.
    pub primero: PrimeroSecret,
    /// The key of the ledger's fingerprints.
    pub ledger: LedgerKey,
}

impl Secrets {
    /// Reads `{"ping": {…}, "primero": {…}, "ledger": {…}}`, or names every fault.
    pub fn from_json(
        secrets: serde_json::Map<String, serde_json::Value>,
    ) -> Result<Self, SecretFaults> {
        reading::read_all(secrets, "secrets")
    }

    /// The version of each system's credentials: what Secrets Manager calls it, else a keyed hash of them.
    #[must_use]
    pub fn versions(&self) -> HashMap<System, String> {
        let key = FingerprintKey::new(&self.ledger.fingerprint_key);
        let version = |known: &Option<SecretVersion>, parts: &[&str]| match known {
            Some(version) => version.as_str().to_owned(),
            None => {
                key.fingerprint(&Pii::new(parts.join("\n").into_bytes()))
                    .hash
            }
        };
        let (ping, primero) = (&self.ping, &self.primero);
        let of_ping = [
            &*ping.token_url,
            &ping.client_id,
            &ping.username,
            ping.password.expose_secret(),
            &ping.scope,
            ping.subscription_key.expose_secret(),
        ];
        let mut of_primero = vec![&*primero.url];
        let own = |workflow| primero.users.get(workflow);
        for user in [&primero.user]
            .into_iter()
            .chain(WorkflowName::ALL.iter().filter_map(own))
        {
            of_primero.extend([&*user.username, user.password.expose_secret()]);
        }
        HashMap::from([
            (System::Ping, version(&ping.version, &of_ping)),
            (System::Primero, version(&primero.version, &of_primero)),
        ])
    }
}

/// What a call to PING needs.
#[derive(Clone)]
pub struct PingSecret {
    /// Base URL of the gateway, without a slash at the end.
    pub base_url: String,
    /// Whole URL of the token endpoint; it holds a tenant and a policy name.
    pub token_url: String,
    /// `client_id` of the token request.
    pub client_id: String,
    /// `username` of the token request.
    pub username: String,
    /// `password` of the token request.
    pub password: SecretString,
    /// `scope` of the token request.
    pub scope: String,
    /// `Ocp-Apim-Subscription-Key` of every call.
    pub subscription_key: SecretString,
    /// Version, where Secrets Manager gave one.
    pub version: Option<SecretVersion>,
}

/// What a call to Primero needs.
#[derive(Clone)]
pub struct PrimeroSecret {
    /// Base URL of the installation, without a slash at the end.
    pub url: String,
    /// How to sign in. Default [`PrimeroAuth::Basic`].
    pub auth: PrimeroAuth,
    /// Signs in for every run that has no user of its own.
    pub user: PrimeroUser,
    /// Users of single workflows. Under [`PrimeroAuth::Session`] one user's new session ends that user's others.
    pub users: HashMap<WorkflowName, PrimeroUser>,
    /// Version, where Secrets Manager gave one.
    pub version: Option<SecretVersion>,
}

impl PrimeroSecret {
    /// The user of one run. A dry run may take place beside the workflow itself, so it never signs in as the workflow's own user.
    #[must_use]
    pub fn user_of(&self, workflow: WorkflowName, dry_run: bool) -> &PrimeroUser {
        let own = self.users.get(&workflow).filter(|_| !dry_run);
        own.unwrap_or(&self.user)
    }
}

/// A user of Primero.
#[derive(Clone)]
pub struct PrimeroUser {
    /// User name.
    pub username: String,
    /// Password.
    pub password: SecretString,
}

/// The key that the ledger's fingerprints are made with.
#[derive(Clone)]
pub struct LedgerKey {
    /// The key, at least 32 characters.
    pub fingerprint_key: SecretString,
    /// The one that was in use before it, for a ledger that has rows made with that.
    pub previous_fingerprint_key: Option<SecretString>,
    /// Version, where Secrets Manager gave one.
    pub version: Option<SecretVersion>,
}

impl LedgerKey {
    /// The key that makes fingerprints, and compares with those of the one before it.
    #[must_use]
    pub fn fingerprints(&self) -> FingerprintKey {
        let key = FingerprintKey::new(&self.fingerprint_key);
        match &self.previous_fingerprint_key {
            Some(previous) => key.replacing(FingerprintKey::new(previous)),
            None => key,
        }
    }
}

/// How to sign in to Primero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PrimeroAuth {
    /// HTTP Basic on every call (2.11 and later).
    #[default]
    Basic,
    /// Session cookies with a CSRF token (2.11 and later); needs a user of its own per workflow, see [`PrimeroSecret::users`].
    Session,
    /// A bearer token (up to 2.10).
    Token,
}

/// Version id of a secret. After a refused sign-in a secret is tried again only under another one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretVersion(String);

impl SecretVersion {
    /// Wraps the id that Secrets Manager gave.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretVersion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for PingSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("PingSecret")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for PrimeroSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("PrimeroSecret")
            .field("auth", &self.auth)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for LedgerKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("LedgerKey")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::samples;

    #[test]
    fn debug_shows_no_value_of_any_secret() {
        let secrets = samples::secrets();
        let shown = [
            format!("{secrets:?}"),
            format!("{:#?}", secrets.ping),
            format!("{:#?}", secrets.primero),
            format!("{:#?}", secrets.ledger),
        ];
        for text in &shown {
            for value in samples::values() {
                assert!(!text.contains(&value), "{text}");
            }
        }
    }
}

//! The three secrets of a deployment: the gate to proGres, Primero, and the key of the ledger's fingerprints.
//!
//! The same JSON comes from Secrets Manager, from a file, or from environment variables. Nothing here prints a value:
//! `Debug` is redacted and a fault names the key, never what stands there.

mod aws;
mod environment;
mod file;
mod reading;
mod url;

#[cfg(test)]
mod samples;

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::document::Faults;
use crate::document::declared::document;
use crate::document::kinds::{Kind as _, beside, computed, one_of};
use crate::domain::fingerprint::FingerprintKey;
use crate::domain::pii::Pii;
use crate::domain::site::Site;
use crate::domain::system::{System, WorkflowName};

pub use aws::from_secrets_manager;
pub use environment::from_environment;
pub use file::from_file;

use reading::{Users, Whole, key, line, password, url_by};

document! {
    /// All secrets of one deployment.
    #[derive(Clone, Debug)]
    pub struct Secrets {
        /// The gate to proGres.
        pub ping: PingSecret = Whole(PhantomData),
        /// Primero.
        pub primero: PrimeroSecret = Whole(PhantomData),
        /// The key of the ledger's fingerprints.
        pub ledger: LedgerKey = Whole(PhantomData),
    }
}

impl Secrets {
    /// Reads `{"ping": {…}, "primero": {…}, "ledger": {…}}`, or names every fault.
    pub fn from_json(secrets: Map<String, Value>) -> Result<Self, Faults> {
        reading::read_all(&Value::Object(secrets).into(), "secrets")
    }

    /// Where both systems are, written in one way, and in whose name this deployment works there: that of an agency, whatever its case
    /// and blanks.
    #[must_use]
    pub fn site(&self, agency: &str) -> Site {
        let agency: String = agency.split_whitespace().collect();
        Site {
            ping: url::one_way(&self.ping.base_url),
            primero: url::one_way(&self.primero.url),
            owned: format!("{}#{}", url::host(&self.primero.url), agency.to_lowercase()),
        }
    }

    /// The version of each system's secret: what Secrets Manager calls it, else a keyed hash of every field.
    #[must_use]
    pub fn versions(&self) -> HashMap<System, String> {
        let key = FingerprintKey::new(&self.ledger.fingerprint_key);
        let version = |known: &Option<SecretVersion>, parts: &[&str]| {
            if let Some(version) = known {
                return version.as_str().to_owned();
            }
            // As JSON, so that no two lists of values are one text.
            let text = serde_json::json!(parts).to_string();
            key.fingerprint(&Pii::new(text.into_bytes())).hash
        };
        let (ping, primero) = (&self.ping, &self.primero);
        let of_ping = [
            &*ping.base_url,
            &ping.token_url,
            &ping.client_id,
            &ping.username,
            ping.password.expose_secret(),
            &ping.scope,
            ping.subscription_key.expose_secret(),
        ];
        let mut of_primero = vec![&*primero.url, primero.auth.as_str()];
        let own = |workflow: &WorkflowName| Some((workflow.as_str(), primero.users.get(workflow)?));
        let own = WorkflowName::ALL.iter().filter_map(own);
        for (whose, user) in [("", &primero.user)].into_iter().chain(own) {
            of_primero.extend([whose, &*user.username, user.password.expose_secret()]);
        }
        HashMap::from([
            (System::Ping, version(&ping.version, &of_ping)),
            (System::Primero, version(&primero.version, &of_primero)),
        ])
    }
}

document! {
    /// What a call to PING needs.
    #[derive(Clone)]
    pub struct PingSecret {
        /// Base URL of the gateway, without a slash at the end.
        pub base_url: String = url_by(url::base),
        /// Whole URL of the token endpoint; it holds a tenant and a policy name.
        pub token_url: String = url_by(url::endpoint),
        /// `client_id` of the token request.
        pub client_id: String = line(),
        /// `username` of the token request.
        pub username: String = line(),
        /// `password` of the token request.
        pub password: SecretString = password(),
        /// `scope` of the token request.
        pub scope: String = line(),
        /// `Ocp-Apim-Subscription-Key` of every call.
        pub subscription_key: SecretString = key(1),
        /// Version, where Secrets Manager gave one.
        pub version: Option<SecretVersion> = computed(),
    }
}

document! {
    /// What a call to Primero needs.
    #[derive(Clone)]
    pub struct PrimeroSecret {
        /// Base URL of the installation, without a slash at the end.
        pub url: String = url_by(url::base),
        /// How to sign in. Default [`PrimeroAuth::Basic`].
        pub auth: PrimeroAuth = one_of([
            ("basic", PrimeroAuth::Basic),
            ("session", PrimeroAuth::Session),
            ("token", PrimeroAuth::Token),
        ]).or("basic"),
        /// Signs in for every run that has no user of its own.
        pub user: PrimeroUser = beside(),
        /// Users of single workflows. Under [`PrimeroAuth::Session`] one user's new session ends that user's others.
        pub users: HashMap<WorkflowName, PrimeroUser> = Users,
        /// Version, where Secrets Manager gave one.
        pub version: Option<SecretVersion> = computed(),
    }
}

impl PrimeroSecret {
    /// The user of one run. A dry run may take place beside the workflow itself, so it never signs in as the workflow's own user.
    #[must_use]
    pub fn user_of(&self, workflow: WorkflowName, dry_run: bool) -> &PrimeroUser {
        let own = self.users.get(&workflow).filter(|_| !dry_run);
        own.unwrap_or(&self.user)
    }
}

document! {
    /// A user of Primero.
    #[derive(Clone)]
    pub struct PrimeroUser {
        /// User name.
        pub username: String = line(),
        /// Password.
        pub password: SecretString = password(),
    }
}

document! {
    /// The key that the ledger's fingerprints are made with.
    #[derive(Clone)]
    pub struct LedgerKey {
        /// The key, at least 32 characters.
        pub fingerprint_key: SecretString = key(32),
        /// The one that was in use before it, for a ledger that has rows made with that.
        pub previous_fingerprint_key: Option<SecretString> = key(32).optional(),
        /// Version, where Secrets Manager gave one.
        pub version: Option<SecretVersion> = computed(),
    }
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

impl PrimeroAuth {
    /// The word for it in a secret.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Session => "session",
            Self::Token => "token",
        }
    }
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

/// Of a secret its version alone may be shown.
macro_rules! shows_its_version {
    ($($secret:ident),*) => { $(
        impl fmt::Debug for $secret {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut shown = out.debug_struct(stringify!($secret));
                shown.field("version", &self.version).finish_non_exhaustive()
            }
        }
    )* };
}

shows_its_version!(PingSecret, PrimeroSecret, LedgerKey);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::samples;
    use crate::domain::system::System;

    #[test]
    fn every_field_of_a_file_counts_for_the_version() {
        let before = samples::secrets().versions();
        for (name, field, value, system) in [
            ("ping", "base_url", "https://other.example", System::Ping),
            ("ping", "token_url", "https://other.example", System::Ping),
            ("ping", "client_id", "other", System::Ping),
            ("ping", "subscription_key", "other", System::Ping),
            ("primero", "url", "https://other.example", System::Primero),
            ("primero", "auth", "basic", System::Primero),
            ("primero", "username", "other", System::Primero),
            ("primero", "password", "other", System::Primero),
        ] {
            let mut json = samples::json();
            json[name][field] = json!(value);
            let after = samples::parse(&json).expect("valid secrets").versions();
            assert_ne!(after[&system], before[&system], "{name}.{field}");
        }
    }

    #[test]
    fn a_site_is_written_in_one_way() {
        let site_of = |url: &str, agency: &str| {
            let mut json = samples::json();
            json["primero"]["url"] = json!(url);
            samples::parse(&json).expect("valid secrets").site(agency)
        };
        let site = site_of("https://Primero.example:443/", "UN HCR ");
        assert_eq!(site.primero, "https://primero.example");
        assert_eq!(site.owned, "primero.example#unhcr");
        assert_eq!(site, site_of("https://primero.example", "unhcr"));
        let other = site_of("http://127.0.0.1:8080/sub", "unhcr");
        assert_eq!(other.owned, "127.0.0.1:8080#unhcr");
        assert_eq!(other.moved_from(&site), Some(System::Primero));
    }

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

//! The deployment profile: everything that differs between countries, and nothing secret.
//!
//! One TOML file per deployment (`infra/profiles/<deployment>.toml`); every key is documented in
//! `infra/profiles/reference.toml`. A profile with any fault is refused, and all its faults are named at once, because a
//! person at a field office should not have to find them one deployment at a time.

mod consent;
mod engine;
mod extra;
mod intake;
mod ping;
mod primero;
mod progres;
mod tables;
mod version;
mod warnings;
mod window;

#[cfg(test)]
mod keys;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod shipped;

use serde::Serialize;
use serde_json::{Value, json};

use crate::document::declared::{Declared as _, Schema, document};
use crate::document::kinds::{Kind as _, beside, computed, parsed, section, switch};
use crate::document::section::{Notes, Section};
use crate::document::{Faults, toml};
use crate::domain::ids::Deployment;

pub use crate::fields::Required;
pub use consent::ConsentSettings;
pub use engine::EngineSettings;
pub use extra::{ExtraField, ExtraKind, ExtraOf, ExtraSettings};
pub use intake::{Intake, IntakeBy};
pub use ping::{Ambiguity, PagingSettings, PingSettings, ShippingProcesses, StatusWords};
pub use primero::{ClosedCase, FallbackContact, PrimeroSettings};
pub use progres::{ProgresSettings, ReferredAgain};
pub(crate) use tables::find;
pub use tables::{CodeTables, LanguageTable};
pub use version::ProfileVersion;
pub use warnings::ProfileWarning;
pub use window::WindowSettings;

/// More would not fit into the memory of a function.
const MAX_BODY_BYTES: i64 = 256 * 1024 * 1024;

document! {
    /// A profile without faults.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    pub struct Profile {
        /// The deployment it belongs to; part of every table key and of every id we choose.
        pub deployment: Deployment = parsed("a deployment name"),
        /// Whether 1.1 tells proGres (status 001) about referrals that it had to hold. Default: no.
        pub report_delivery_fail: bool = switch().or(false),
        /// The gate to proGres.
        pub ping: PingSettings = section(),
        /// What identifies this deployment inside proGres.
        pub progres: ProgresSettings = section(),
        /// The Primero installation.
        pub primero: PrimeroSettings = section(),
        /// From when on changes in Primero are followed (1.2, 2.1).
        pub window: WindowSettings = section(),
        /// The consent without which nothing goes to proGres (2.1).
        pub consent: ConsentSettings = section(),
        /// Limits and retries of the engine (`[limits]`, `[retry]` and `[confirm]`).
        pub engine: EngineSettings = beside(),
        /// Code tables, both ways.
        pub tables: CodeTables = beside(),
        /// Fields of the country's own, which move beside those of the workflows' tables.
        #[serde(skip_serializing_if = "ExtraSettings::is_empty")]
        pub extra: ExtraSettings = section(),
        /// What is allowed but probably not meant. Not part of [`Self::version`].
        #[serde(skip)]
        pub warnings: Vec<ProfileWarning> = computed(),
        /// Changes with any value, and with nothing else.
        #[serde(skip)]
        pub version: ProfileVersion = computed(),
    }
    check |read: &Self, root: &Section<'_>| {
        extra::refuse_consent(&read.extra, &read.consent.fields, root);
    };
}

impl Profile {
    /// Reads a profile from TOML text.
    ///
    /// On failure every fault is listed, in the order of the keys' names; see [`Faults`].
    pub fn parse(text: &str) -> Result<Self, Faults> {
        let table = toml::read(text)?;
        let notes = Notes::default();
        let profile = notes.read("", &table, Self::read);
        let mut faults = notes.finish();
        faults.sort_by(|a, b| a.key.cmp(&b.key));
        match profile {
            Some(mut profile) if faults.is_empty() => {
                profile.warnings = warnings::of(&profile);
                profile.version = version::of(&profile);
                Ok(profile)
            }
            _ => Err(Faults::new(faults)),
        }
    }

    /// What a profile may hold, as JSON Schema.
    #[must_use]
    pub fn schema() -> Value {
        let mut schema = Schema::of::<Self>().finish();
        schema["$schema"] = json!("https://json-schema.org/draft-07/schema#");
        schema["title"] = json!("Deployment profile of Referral Bridge");
        schema
    }
}

#[cfg(test)]
mod tests {
    use super::samples::minimal;
    use super::*;
    use crate::document::Problem;

    #[test]
    fn what_has_a_safe_default_may_be_left_out() {
        let profile = minimal().profile();
        assert!(!profile.report_delivery_fail);
        assert_eq!(profile.progres.referred_by, "Primero CP");
        assert_eq!(profile.primero.closed_case, ClosedCase::Hold);
        assert_eq!(profile.primero.intake_user, None);
        assert_eq!(profile.warnings, []);
    }

    #[test]
    fn all_faults_come_at_once_with_their_key_paths() {
        let faults = minimal()
            .set("", "deployment", "\"Test Land\"")
            .set("ping", "details_batch", "0")
            .set("ping", "timeout_seconds", "\"30\"")
            .without("ping.shipping", "pending_referrals")
            .without("primero", "module_id")
            .set("primero", "module", "\"primeromodule-cp\"")
            .set("progres", "business_unit", "\"head office\"")
            .without("sex", "125080003")
            .without("language_in", "other")
            .set("service_in", "\"Legal Aid\"", "3")
            .faults();
        assert_eq!(
            faults,
            "deployment: \"Test Land\" is not a deployment name\n\
             language_in.other: missing\n\
             ping.details_batch: 0 is below 1\n\
             ping.shipping.pending_referrals: missing\n\
             ping.timeout_seconds: is of type string, expected integer\n\
             primero.module: unknown key, did you mean module_id?\n\
             primero.module_id: missing\n\
             progres.business_unit: \"head office\" is not a GUID\n\
             service_in.\"Legal Aid\": is of type integer, expected string\n\
             sex.125080003: missing"
        );
    }

    #[test]
    fn an_empty_profile_names_everything_that_is_required() {
        let faults = Profile::parse("").expect_err("nothing is there");
        let keys: Vec<_> = faults
            .as_slice()
            .iter()
            .map(|fault| fault.key.as_str())
            .collect();
        assert_eq!(keys.len(), 20, "{keys:?}");
        assert!(
            faults
                .as_slice()
                .iter()
                .all(|fault| fault.problem == Problem::Missing)
        );
        for key in [
            "deployment",
            "window.start_from",
            "service_in",
            "language_in.other",
            "sex.125080000",
        ] {
            assert!(keys.contains(&key), "{key}");
        }
    }

    #[test]
    fn what_is_not_toml_says_where() {
        let faults = Profile::parse("deployment = \"a\"\nping = [\n").expect_err("not TOML");
        let fault = &faults.as_slice()[0];
        let shown = fault.to_string();
        assert!(shown.starts_with("line 2, column 9: not TOML: "), "{shown}");
    }

    #[test]
    fn a_guid_is_kept_in_lower_case() {
        let upper = "\"577CCDF6-86DE-E811-80D8-001DD8B71FE3\"";
        let profile = minimal().set("progres", "business_unit", upper).profile();
        assert_eq!(
            profile.progres.business_unit,
            "577ccdf6-86de-e811-80d8-001dd8b71fe3"
        );
    }
}

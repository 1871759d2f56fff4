//! A short hash that changes with any value of a profile, and with nothing else.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::Profile;

/// Version of a profile: the first 16 hexadecimal digits of a SHA-256. A held record is tried again when it changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProfileVersion(String);

impl ProfileVersion {
    /// Wraps a version that was stored earlier.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The version as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProfileVersion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

pub(super) fn of(profile: &Profile) -> ProfileVersion {
    let value = serde_json::to_value(profile).expect("a profile has text keys and finite numbers");
    let mut text = String::new();
    write_canonical(&value, &mut text);
    let mut version = String::new();
    for byte in Sha256::digest(text.as_bytes()).iter().take(8) {
        write!(version, "{byte:02x}").expect("a String takes any text");
    }
    ProfileVersion(version)
}

/// JSON with sorted keys. Whether `serde_json` itself sorts them depends on a feature that any dependency may switch on.
fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(object) => {
            let mut entries: Vec<_> = object.iter().collect();
            entries.sort_by_key(|(key, _)| key.as_str());
            out.push('{');
            for (key, value) in entries {
                write_canonical(&Value::from(key.as_str()), out);
                out.push(':');
                write_canonical(value, out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(values) => {
            out.push('[');
            for value in values {
                write_canonical(value, out);
                out.push(',');
            }
            out.push(']');
        }
        scalar => write!(out, "{scalar}").expect("a String takes any text"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Draft, minimal};
    use super::*;

    fn version(draft: &Draft) -> ProfileVersion {
        draft.profile().version
    }

    #[test]
    fn it_is_sixteen_hexadecimal_digits() {
        let version = version(&minimal());
        assert_eq!(version.as_str().len(), 16);
        assert!(
            version
                .as_str()
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit())
        );
    }

    /// What is held is tried again under another version, so one that changes by itself would release everything.
    #[test]
    fn the_shipped_profiles_have_the_versions_that_they_always_had() {
        let gambella = include_str!("../../../infra/profiles/gambella.toml");
        let reference = include_str!("../../../infra/profiles/reference.toml");
        let versions = [gambella, reference, &minimal().text()].map(|text| {
            let profile = Profile::parse(text).expect("it has no faults");
            profile.version.to_string()
        });
        assert_eq!(
            versions,
            ["f3fbd8c6017d28ad", "fa9c045748e379ea", "38bd5550e4ca1edc"]
        );
    }

    #[test]
    fn comments_order_and_formatting_do_not_change_it() {
        let text = minimal().text();
        let (top, sections) = text.split_once('[').expect("a section");
        let mut sections: Vec<_> = sections.split("\n[").collect();
        sections.reverse();
        let shuffled = format!("# A comment.\n{top}\n[{}", sections.join("  # so\n\n["));
        let shuffled = shuffled.replace(" = ", "=");
        assert_ne!(shuffled, text);
        let parsed = Profile::parse(&shuffled).expect("a valid profile");
        assert_eq!(parsed.version, version(&minimal()));
    }

    #[test]
    fn a_written_default_does_not_change_it() {
        assert_eq!(
            version(&minimal().set("ping", "details_batch", "25")),
            version(&minimal())
        );
    }

    #[test]
    fn any_value_changes_it() {
        let changes = [
            ("", "deployment", "\"otherland\""),
            ("", "report_delivery_fail", "true"),
            ("ping", "status_batch", "24"),
            ("ping.paging", "max_pages", "9"),
            ("ping.shipping", "mark_referral", "\"SHP-8\""),
            ("ping.status_words", "confirmed", "[\"Done\"]"),
            ("progres", "agency", "\"UNHCR Field\""),
            ("primero", "closed_case", "\"append\""),
            ("primero", "progres_user", "\"unhcr_cw\""),
            ("primero", "required", "[\"name_last\"]"),
            ("primero", "rejection_reason_field", "\"reason\""),
            ("window", "start_from", "2026-01-02T00:00:00Z"),
            ("window", "overlap_seconds", "60"),
            ("consent", "required", "false"),
            ("ping", "ambiguity", "\"resend\""),
            ("progres", "referred_again", "\"send\""),
            ("progres", "time_zone", "\"Africa/Nairobi\""),
            ("primero.case_defaults", "flag", "true"),
            ("primero.service_defaults", "flag", "true"),
            ("limits", "concurrency", "4"),
            ("retry", "cap_seconds", "86399"),
            ("service_in", "Shelter", "\"shelter_2\""),
            (
                "service_out",
                "shelter",
                "\"577ccdf6-86de-e811-80d8-001dd8b71fe3\"",
            ),
            ("language_in", "other", "\"language8\""),
            ("language_in", "Nuer", "\"language2\""),
            ("language_out", "language2", "\"Nuer\""),
            ("sex", "125080002", "\"x\""),
            ("needs_in", "Orphan", "\"orphan\""),
            (
                "needs_out",
                "orphan",
                "\"577ccdf6-86de-e811-80d8-001dd8b71fe3\"",
            ),
        ];
        let mut seen = vec![version(&minimal())];
        for (section, key, literal) in changes {
            let other = version(&minimal().set(section, key, literal));
            assert!(!seen.contains(&other), "{section}.{key}");
            seen.push(other);
        }
    }

    #[test]
    fn keys_are_written_in_one_order_and_neighbours_apart() {
        let mut text = String::new();
        write_canonical(
            &serde_json::json!({ "b": [1, "2"], "a": { "d": null } }),
            &mut text,
        );
        assert_eq!(text, r#"{"a":{"d":null,},"b":[1,"2",],}"#);
    }
}

//! What profile and secrets show by themselves.

use std::time::Duration;

use jiff::Timestamp;

use super::ground::listed;
use crate::clock::later;
use crate::domain::check::{Check, CheckKey};
use crate::domain::system::WorkflowName;
use crate::profile::{Profile, ProfileWarning};
use crate::secrets::{PrimeroAuth, Secrets};

/// A start that lies further back is hardly the day of going live.
const LONG_AGO: Duration = Duration::from_hours(2 * 365 * 24);

/// The name of the profile that documents every key: its identifiers are its own.
const REFERENCE: &str = "reference";

/// The profile by itself. `of_today` is when this is.
pub fn profile(profile: &Profile, of_today: Timestamp) -> Vec<Check> {
    let mut found = Vec::new();
    found.extend(invented(profile));
    found.extend(examples(profile));
    found.extend(start(profile, of_today));
    found
}

/// The warnings of the profile, by what they are about.
#[must_use]
pub fn warnings(profile: &Profile) -> Vec<Check> {
    const ORDER: [CheckKey; 5] = [
        CheckKey::ProfileShipping,
        CheckKey::ProfileServices,
        CheckKey::ProfileLanguages,
        CheckKey::ProfileSex,
        CheckKey::ProfileUnreachable,
    ];
    let of = |key| {
        let all = profile.warnings.iter();
        let about: Vec<String> = all
            .filter(move |warning| about(warning) == key)
            .map(ToString::to_string)
            .collect();
        (!about.is_empty()).then(|| Check::of(key, about.join("; ")))
    };
    ORDER.into_iter().filter_map(of).collect()
}

fn about(warning: &ProfileWarning) -> CheckKey {
    match warning {
        ProfileWarning::LanguageReturnsAs { .. }
        | ProfileWarning::LanguageOptionReturnsAs { .. }
        | ProfileWarning::LanguagesWithoutWayIn { .. } => CheckKey::ProfileLanguages,
        ProfileWarning::NoChosenWayBack { .. } | ProfileWarning::ServiceWithoutWayOut { .. } => {
            CheckKey::ProfileServices
        }
        ProfileWarning::UnreachableEntry { .. } => CheckKey::ProfileUnreachable,
        ProfileWarning::SharedSex { .. } => CheckKey::ProfileSex,
        ProfileWarning::SharedShippingProcess { .. } => CheckKey::ProfileShipping,
    }
}

/// With sessions, no user serves two workflows.
#[must_use]
pub fn session(secrets: &Secrets) -> Option<Check> {
    let primero = &secrets.primero;
    if primero.auth != PrimeroAuth::Session {
        return None;
    }
    let name_of = |workflow: WorkflowName| &primero.user_of(workflow, false).username;
    let all = WorkflowName::ALL;
    let shares = |workflow: &&WorkflowName| {
        let others = all.iter().filter(|other| other != workflow);
        let mut others = others.map(|other| name_of(*other));
        others.any(|other| other == name_of(**workflow))
    };
    let sharing: Vec<&str> = all.iter().filter(shares).map(|one| one.number()).collect();
    (!sharing.is_empty()).then(|| {
        let found = format!("{} share a user", sharing.join(", "));
        Check::of(CheckKey::ProfileSession, found)
    })
}

/// What stands in `reference.toml` and nowhere else.
fn invented(profile: &Profile) -> Option<Check> {
    if profile.deployment.as_str() == REFERENCE {
        return None;
    }
    let (ping, progres) = (&profile.ping, &profile.progres);
    let mut keys = Vec::new();
    let mut note = |key: String, is_invented: bool| {
        if is_invented {
            keys.push(key);
        }
    };
    note(
        "ping.partner_id".to_owned(),
        is_issued_by_nobody(&ping.partner_id),
    );
    note(
        "ping.interop_id".to_owned(),
        is_issued_by_nobody(&ping.interop_id),
    );
    for (operation, id) in ping.shipping.all() {
        note(
            format!("ping.shipping.{operation}"),
            is_issued_by_nobody(id),
        );
    }
    note(
        "progres.business_unit".to_owned(),
        is_made_up(&progres.business_unit),
    );
    note(
        "progres.organization_from".to_owned(),
        is_made_up(&progres.organization_from),
    );
    for (table, entries) in [
        ("service_out", &profile.tables.service_out),
        ("needs_out", &profile.tables.needs_out),
    ] {
        let any = entries.values().any(|guid| is_made_up(guid));
        note(table.to_owned(), any);
    }
    if let Some(contact) = &profile.primero.fallback_contact {
        let address = contact
            .email
            .eq_ignore_ascii_case("focal.point@example.org");
        note("primero.fallback_contact".to_owned(), address);
    }
    (!keys.is_empty()).then(|| Check::of(CheckKey::ProfileInvented, listed(keys)))
}

/// `SHP-0001` and the like: PING numbers from further up.
fn is_issued_by_nobody(id: &str) -> bool {
    let digits = id.rsplit('-').next().unwrap_or_default();
    digits.len() == 4 && digits.starts_with("000") && id.contains('-')
}

/// `00000000-0000-4000-8000-…`, or nothing but zeros.
fn is_made_up(guid: &str) -> bool {
    guid.starts_with("00000000-0000-")
}

/// Contacts that nobody answers.
fn examples(profile: &Profile) -> Option<Check> {
    let contact = profile.primero.fallback_contact.as_ref()?;
    let domain = contact.email.rsplit('@').next().unwrap_or_default();
    let domain = domain.to_lowercase();
    let reserved = ["example.org", "example.com", "example.net"];
    let is_reserved = reserved
        .iter()
        .any(|name| domain == *name || domain.ends_with(&format!(".{name}")))
        || [".example", ".test", ".invalid", ".localhost"]
            .iter()
            .any(|ending| domain.ends_with(ending));
    let digits: String = contact.phone.chars().filter(char::is_ascii_digit).collect();
    let is_blank =
        digits.ends_with("000000000") || (!digits.is_empty() && digits.bytes().all(|c| c == b'0'));
    let mut keys = Vec::new();
    if is_reserved {
        keys.push("primero.fallback_contact.email");
    }
    if is_blank {
        keys.push("primero.fallback_contact.phone");
    }
    (!keys.is_empty()).then(|| Check::of(CheckKey::ProfileExample, keys.join(", ")))
}

fn start(profile: &Profile, now: Timestamp) -> Option<Check> {
    let start = profile.window.start_from;
    if start > now {
        let found = format!("window.start_from is {start:.0}");
        return Some(Check::of(CheckKey::ProfileStart, found));
    }
    (later(start, LONG_AGO) < now).then(|| {
        let found = format!("window.start_from is {start:.0}");
        Check::of(CheckKey::ProfileStartOld, found)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFERENCE_TOML: &str = include_str!("../../../infra/profiles/reference.toml");
    const GAMBELLA: &str = include_str!("../../../infra/profiles/gambella.toml");

    fn read(text: &str) -> Profile {
        Profile::parse(text).expect("no faults")
    }

    fn keys(found: &[Check]) -> Vec<&str> {
        found.iter().map(|check| &*check.key).collect()
    }

    fn now() -> Timestamp {
        "2026-11-23T10:00:00Z".parse().expect("a time")
    }

    #[test]
    fn every_invented_identifier_of_a_copied_reference_is_named() {
        let copied =
            REFERENCE_TOML.replace("deployment = \"reference\"", "deployment = \"uganda\"");
        let found = profile(&read(&copied), now());
        assert_eq!(keys(&found), ["profile_invented", "profile_example"]);
        for key in [
            "ping.partner_id",
            "ping.interop_id",
            "ping.shipping.mark_referral",
            "progres.business_unit",
            "and 2 more",
        ] {
            assert!(found[0].found.contains(key), "{key}: {}", found[0].found);
        }
        assert!(invented(&read(REFERENCE_TOML)).is_none(), "its own");
        assert!(invented(&read(GAMBELLA)).is_none(), "issued by PING");
    }

    #[test]
    fn a_start_that_is_still_to_come_or_long_past_is_named() {
        for (start, key) in [
            ("2062-01-01T00:00:00Z", Some("profile_start")),
            ("2026-11-23T10:00:01Z", Some("profile_start")),
            ("2026-11-23T10:00:00Z", None),
            ("2025-01-01T00:00:00Z", None),
            ("2006-01-01T00:00:00Z", Some("profile_start_old")),
        ] {
            let text = GAMBELLA.replace("2026-01-01T00:00:00Z", start);
            let found = super::start(&read(&text), now());
            assert_eq!(found.as_ref().map(|check| &*check.key), key, "{start}");
        }
    }

    #[test]
    fn the_warnings_of_a_profile_are_grouped_and_two_operations_of_one_process_are_a_fault() {
        let text = GAMBELLA.replace("SHP-2795", "SHP-2747");
        let found = warnings(&read(&text));
        assert_eq!(keys(&found)[0], "profile_shipping");
        assert!(found[0].found.contains("SHP-2747"), "{}", found[0].found);
        let mut once = keys(&found);
        once.dedup();
        assert_eq!(once, keys(&found));
    }
}

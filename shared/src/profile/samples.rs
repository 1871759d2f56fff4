//! A small valid profile for the tests of this folder, and changes of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Profile;
use crate::document::Faults;

/// Lines of a profile by section and key; values are TOML literals.
pub(super) struct Draft(BTreeMap<&'static str, BTreeMap<&'static str, String>>);

/// Only what is required.
pub(super) fn minimal() -> Draft {
    let guid = "\"577ccdf6-86de-e811-80d8-001dd8b71fe3\"";
    let mut draft = Draft(BTreeMap::new()).set("", "deployment", "\"testland\"");
    for (key, value) in [("partner_id", "\"PNR-1\""), ("interop_id", "\"INT-1\"")] {
        draft = draft.set("ping", key, value);
    }
    for (key, value) in [
        ("pending_referrals", "\"SHP-1\""),
        ("intervention_details", "\"SHP-2\""),
        ("intervention_status", "\"SHP-3\""),
        ("submit_referral", "\"SHP-4\""),
        ("referral_decisions", "\"SHP-5\""),
        ("decision_details", "\"SHP-6\""),
        ("mark_referral", "\"SHP-7\""),
    ] {
        draft = draft.set("ping.shipping", key, value);
    }
    for (key, value) in [
        ("125080000", "\"female\""),
        ("125080001", "\"male\""),
        ("125080002", "\"other\""),
        ("125080003", "\"unknown\""),
    ] {
        draft = draft.set("sex", key, value);
    }
    draft
        .set("progres", "business_unit", guid)
        .set("progres", "organization_from", guid)
        .set("primero", "module_id", "\"primeromodule-cp\"")
        .set("window", "start_from", "2026-01-01T00:00:00Z")
        .set("service_in", "Shelter", "\"shelter\"")
        .set("language_in", "other", "\"language9\"")
}

impl Draft {
    pub(super) fn set(mut self, section: &'static str, key: &'static str, literal: &str) -> Self {
        self.0
            .entry(section)
            .or_default()
            .insert(key, literal.to_owned());
        self
    }

    pub(super) fn without(mut self, section: &'static str, key: &'static str) -> Self {
        let removed = self.0.get_mut(section).and_then(|lines| lines.remove(key));
        assert!(removed.is_some(), "{section}.{key} is not in the draft");
        self
    }

    pub(super) fn without_section(mut self, section: &'static str) -> Self {
        assert!(
            self.0.remove(section).is_some(),
            "{section} is not in the draft"
        );
        self
    }

    /// Sections in the order of their names, the top level first.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for (section, lines) in &self.0 {
            if !section.is_empty() {
                writeln!(text, "[{section}]").expect("a String takes any text");
            }
            for (key, literal) in lines {
                writeln!(text, "{key} = {literal}").expect("a String takes any text");
            }
        }
        text
    }

    pub(super) fn parse(&self) -> Result<Profile, Faults> {
        Profile::parse(&self.text())
    }

    pub(super) fn profile(&self) -> Profile {
        self.parse().expect("a valid profile")
    }

    /// The faults without their places, one per line.
    pub(super) fn faults(&self) -> String {
        let faults = self.parse().expect_err("a fault");
        let faults = faults.as_slice().iter();
        let lines: Vec<_> = faults
            .map(|fault| format!("{}: {}", fault.key, fault.problem))
            .collect();
        lines.join("\n")
    }

    /// The warnings, one per line.
    pub(super) fn warnings(&self) -> String {
        let lines: Vec<_> = self
            .profile()
            .warnings
            .iter()
            .map(ToString::to_string)
            .collect();
        lines.join("\n")
    }
}

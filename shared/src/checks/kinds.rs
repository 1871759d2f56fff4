//! Of which type a field of Primero must be, so that what is written there stays.

use std::fmt;

use serde_json::Value;

use crate::domain::dates::date_part;
use crate::primero::FormField;
use crate::profile::Profile;

/// What is written into a field, or read from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Free text.
    Text,
    /// Text that an installation may also let people choose.
    Word,
    /// A calendar day.
    Day,
    /// A day with its time.
    Moment,
    /// A whole number.
    Number,
    /// One option.
    One,
    /// Several options.
    Many,
    /// Yes or no.
    Tick,
    /// Yes or no, also as two options.
    Consent,
    /// A list of subforms.
    Rows,
}

const KINDS: [(&str, Kind); 31] = [
    ("unhcr_individual_no", Kind::Text),
    ("unhcr_id_no", Kind::Text),
    ("name_first", Kind::Text),
    ("name_middle", Kind::Text),
    ("name_last", Kind::Text),
    ("name_nickname", Kind::Text),
    ("date_of_birth", Kind::Day),
    ("age", Kind::Number),
    ("sex", Kind::One),
    ("telephone_current", Kind::Text),
    ("address_current", Kind::Text),
    ("language", Kind::Many),
    ("protection_concerns", Kind::Many),
    ("services_section", Kind::Rows),
    ("service_type", Kind::One),
    ("service_type_other", Kind::Text),
    ("service_referral_notes", Kind::Text),
    ("service_appointment_date", Kind::Day),
    ("service_response_day_time", Kind::Moment),
    ("service_request_external", Kind::Tick),
    ("service_request_title", Kind::Word),
    ("service_request_agency", Kind::Word),
    ("service_request_phone", Kind::Text),
    ("service_request_email", Kind::Text),
    ("service_implementing_agency", Kind::One),
    ("service_response_type", Kind::One),
    ("service_referral", Kind::One),
    ("unhcr_referral_status", Kind::One),
    ("progres_interventionnumber", Kind::Text),
    ("disclosure_other_orgs", Kind::Consent),
    ("consent_for_services", Kind::Consent),
];

/// What a field of the mapping holds; none for a field whose type does not matter.
pub fn of_field(name: &str, profile: &Profile) -> Option<Kind> {
    if name == profile.primero.rejection_reason_field {
        return Some(Kind::Word);
    }
    if profile.consent.fields.iter().any(|one| one == name) {
        return Some(Kind::Consent);
    }
    let known = KINDS.iter().find(|(known, _)| *known == name);
    known.map(|(_, kind)| *kind)
}

impl Kind {
    /// Whether the field takes what is written.
    pub fn fits(self, field: &FormField) -> bool {
        // Whoever does not tell its type is believed.
        if field.kind.is_empty() {
            return true;
        }
        let is_one_of = |kinds: &[&str]| kinds.contains(&field.kind.as_str());
        let text = ["text_field", "textarea"];
        let choice = ["select_box", "radio_button"];
        match self {
            Self::Text => is_one_of(&text),
            Self::Word => is_one_of(&text) || (is_one_of(&choice) && !field.takes_many),
            Self::Day => is_one_of(&["date_field"]) && !field.has_time,
            Self::Moment => is_one_of(&["date_field"]) && field.has_time,
            Self::Number => is_one_of(&["numeric_field"]),
            Self::One => is_one_of(&choice) && !field.takes_many,
            Self::Many => is_one_of(&["select_box"]) && field.takes_many,
            Self::Tick => is_one_of(&["tick_box"]),
            Self::Consent => is_one_of(&["tick_box"]) || (is_one_of(&choice) && !field.takes_many),
            Self::Rows => is_one_of(&["subform"]),
        }
    }

    /// What a default is; none where any field may take it.
    pub fn of_value(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Bool(_) => Self::Tick,
            Value::Number(_) => Self::Number,
            Value::Array(_) => Self::Many,
            Value::String(text) if text.len() == 10 && date_part(text).is_ok() => Self::Day,
            Value::String(_) => Self::Word,
            Value::Null | Value::Object(_) => return None,
        })
    }

    /// Whether the field takes a default: as [`Self::fits`], and what is true may be one of two options.
    pub fn holds(self, field: &FormField) -> bool {
        self.fits(field) || (self == Self::Tick && Self::Consent.fits(field))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Text => "a text",
            Self::Word => "a text or one option",
            Self::Day => "a date without a time",
            Self::Moment => "a date with a time",
            Self::Number => "a number",
            Self::One => "one option",
            Self::Many => "several options",
            Self::Tick => "a tick box",
            Self::Consent => "a tick box or one option",
            Self::Rows => "a list of subforms",
        })
    }
}

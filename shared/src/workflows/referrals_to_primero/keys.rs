//! How the text of each key of an intervention is taken from a row.

use super::address;
use crate::checks::SourceKeys;
use crate::domain::codes::SexCode;
use crate::domain::identifier;
use crate::domain::ids::InterventionId;
use crate::fields::referrals_to_primero as own;
#[cfg(test)]
pub use crate::fields::referrals_to_primero::{
    BIRTH_DATE, COMMONLY_USED_NAME, DESCRIPTION, FAMILY_NAME, GIVEN_NAME, MIDDLE_NAME,
    OFFICER_EMAIL, OFFICER_PHONE, OFFICER_TITLE, PHONE, REASON, START_DATE,
};
pub use crate::fields::referrals_to_primero::{
    BUSINESS_UNIT, INDIVIDUAL_NO, INTERVENTION_ID, LANGUAGE, LANGUAGE_LOOKUP, NEED, NEED_NAME,
    NUMBER, OWN, PRIMERO_ID, REGISTRATION_GROUP, REGISTRATION_GROUP_LOOKUP, SERVICE_NAME, SEX,
    TRANSFER_STATUS_DATE,
};
use crate::progres::{Row, text_of};

const INTERVENTION_ID_OLDER: &str = "progres_intervention";
/// The keys of the intervention's id, the one that is mapped first.
pub const INTERVENTION_IDS: &[&str] = &[INTERVENTION_ID, INTERVENTION_ID_OLDER];
/// The number of an intervention, as lists name it; older ones use the other keys.
const LISTED_NUMBER: [&str; 3] = [
    NUMBER,
    "progres_interventionname",
    "progres_lpintervention.int.progres_interventionnumber",
];
const SEX_NAME: &str = "progres_individual.individuals.progres_sexname";

/// What an examination of PING looks for.
pub const KEYS: SourceKeys = SourceKeys {
    intervention: INTERVENTION_IDS,
    referral: &["progres_interoperabilityreferralid"],
    business_unit: BUSINESS_UNIT,
    business_unit_name: "progres_businessunitname",
    service: &[SERVICE_NAME],
    language: &[LANGUAGE, LANGUAGE_LOOKUP],
    need: &[NEED_NAME, NEED],
    single: &[
        NUMBER,
        own::START_DATE,
        own::DESCRIPTION,
        own::REASON,
        SERVICE_NAME,
        INDIVIDUAL_NO,
        own::GIVEN_NAME,
        own::MIDDLE_NAME,
        own::FAMILY_NAME,
        own::BIRTH_DATE,
        SEX,
        own::PHONE,
    ],
};

/// In which way a row is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// As it is read today.
    Now,
    /// As older versions read it: numbers as JSON spells them, nothing tidied, no code by its name.
    AsBefore,
}

/// The text of a key that all rows of an intervention have in common. A key of no rule of its own is text as it stands.
///
/// A number that is none even when it is tidied stays as it is, for a person to see.
pub fn taken(row: &Row, key: &str, reading: Reading) -> Option<String> {
    let text = || match reading {
        Reading::Now => row.text(key),
        Reading::AsBefore => row.text_as_spelt(key),
    };
    let now = reading == Reading::Now;
    match key {
        INTERVENTION_ID => listed_id(row).map(|id| id.to_string()).or_else(text),
        BUSINESS_UNIT => row.id(key),
        REGISTRATION_GROUP => {
            let group = name(row, key, REGISTRATION_GROUP_LOOKUP)?;
            Some(if now {
                identifier::tidied(&group)
            } else {
                group
            })
        }
        NUMBER if now => text().map(|text| identifier::intervention_number(&text).unwrap_or(text)),
        INDIVIDUAL_NO if now => {
            text().map(|text| identifier::individual_number(&text).unwrap_or(text))
        }
        SEX if now => text().or_else(|| sex_by_name(row)),
        _ if address::LEVELS.contains(&key) => address::level(row, key),
        _ => text(),
    }
}

/// Whether a key is read as text, so that a value of another type cannot be read.
pub fn is_text(key: &str) -> bool {
    let otherwise = [BUSINESS_UNIT, REGISTRATION_GROUP];
    !otherwise.contains(&key) && !address::LEVELS.contains(&key)
}

fn sex_by_name(row: &Row) -> Option<String> {
    let name = row.text(SEX_NAME)?;
    let code = SexCode::named(&name).map(|code| code.number().to_string());
    Some(code.unwrap_or(name))
}

/// The intervention that a list row names; older lists use another key.
pub fn listed_id(row: &Row) -> Option<InterventionId> {
    row.id(INTERVENTION_ID)
        .or_else(|| row.id(INTERVENTION_ID_OLDER))?
        .parse()
        .ok()
}

/// The number that a row gives its intervention.
pub fn listed_number(row: &Row) -> Option<String> {
    LISTED_NUMBER.iter().find_map(|key| row.text(key))
}

/// The name of what a field points to: its name twin, else the name in its lookup object. A bare id is no name.
pub fn name(row: &Row, twin: &str, lookup: &str) -> Option<String> {
    let lookup = row.get(lookup).filter(|value| value.is_object());
    row.text(twin).or_else(|| text_of(lookup?))
}

//! Who becomes the owner of a new case.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::document::declared::document;
use crate::document::kinds::{entries, one_of, text};

document! {
    /// `[primero.intake]`: the owner of a new case by what its first referral says.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct Intake {
        /// What decides.
        pub by: IntakeBy = one_of([
            ("service_type", IntakeBy::ServiceType),
            ("business_unit", IntakeBy::BusinessUnit),
            ("location", IntakeBy::Location),
        ]),
        /// The user of a service type of Primero, a business unit, or the name of a location; compared without case or blanks.
        pub users: BTreeMap<String, String> = entries(text()),
        /// The user of all others.
        pub other: String = text(),
    }
}

/// What decides who becomes the owner of a new case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IntakeBy {
    /// The service type that is asked for, as Primero has it.
    ServiceType,
    /// The business unit of the intervention, a GUID.
    BusinessUnit,
    /// The child's address: of its levels the narrowest that is listed.
    Location,
}

impl Intake {
    /// The user of the first of these words that is listed, else that of all others.
    pub fn user<'w>(&self, words: impl IntoIterator<Item = &'w str>) -> &str {
        let mut words = words.into_iter();
        let listed = words.find_map(|word| super::tables::find(&self.users, word));
        listed.unwrap_or(&self.other)
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::minimal;
    use super::*;

    #[test]
    fn new_cases_go_to_one_user_or_by_a_rule_and_never_both() {
        let rule = || {
            minimal()
                .set("primero.intake", "by", "\"location\"")
                .set(
                    "primero.intake",
                    "users",
                    "{ Kule = \"cw_kule\", \"Kule 2\" = \"cw_2\" }",
                )
                .set("primero.intake", "other", "\"cw_gambella\"")
        };
        let primero = rule().profile().primero;
        let intake = primero.intake.as_ref().expect("it is there");
        assert_eq!(intake.by, IntakeBy::Location);
        assert_eq!(intake.user(["Zone B", " KULE ", "Gambella"]), "cw_kule");
        assert_eq!(intake.user(["Gambella"]), "cw_gambella");
        assert_eq!(
            primero.intake_users(),
            ["cw_2", "cw_gambella", "cw_kule"].into()
        );
        let both = rule().set("primero", "intake_user", "\"cw\"").faults();
        let expected =
            "primero.intake_user: is decided by [primero.intake]; only one of them can be there";
        assert_eq!(both, expected);
        let without = rule().without("primero.intake", "other").faults();
        assert_eq!(without, "primero.intake.other: missing");
        assert!(minimal().profile().primero.intake_users().is_empty());
    }
}

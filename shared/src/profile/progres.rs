//! What identifies this deployment inside proGres.

use serde::Serialize;

use crate::document::declared::document;
use crate::document::kinds::{Kind as _, guid, one_of, parsed, text};
use crate::domain::dates::OfficeZone;
use crate::domain::words::says;

document! {
    /// `[progres]`.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct ProgresSettings {
        /// The agency that Primero knows UNHCR by; compared without case or blanks. Default `UNHCR`.
        pub agency: String = text().or("UNHCR"),
        /// GUID of the business unit, canonical lower case.
        pub business_unit: String = guid(),
        /// GUID of the organisation that refers (`progres_organizationfrom`), canonical lower case.
        pub organization_from: String = guid(),
        /// Who refers, as proGres shows it. Default `Primero CP`.
        pub referred_by: String = text().or("Primero CP"),
        /// What becomes of a service that is referred again after its submission was closed. Default [`ReferredAgain::Hold`].
        pub referred_again: ReferredAgain = one_of([
            ("hold", ReferredAgain::Hold),
            ("send", ReferredAgain::Send),
        ]).or("hold"),
        /// Where the office's midnights are, for calendar days that come as instants; unset: such a day is held.
        pub time_zone: Option<OfficeZone> = parsed("an IANA time zone, such as Africa/Nairobi").optional(),
    }
}

impl ProgresSettings {
    /// Whether Primero means UNHCR by this agency, whatever its case, its blanks and a lookup's suffix.
    #[must_use]
    pub fn is_agency(&self, name: &str) -> bool {
        let joined = |text: &str| text.split_whitespace().collect::<String>();
        says(&joined(name), &joined(&self.agency))
    }
}

/// What becomes of a service that is referred again after its submission was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReferredAgain {
    /// Held with reason `referred_again`, for a person to release.
    Hold,
    /// Submitted as another referral.
    Send,
}

#[cfg(test)]
mod tests {
    use super::super::samples::minimal;

    #[test]
    fn an_agency_is_the_same_whatever_its_case_and_blanks() {
        let progres = minimal()
            .set("progres", "agency", "\"UN HCR\"")
            .profile()
            .progres;
        for name in [
            "UNHCR",
            " unhcr ",
            "Un hcR",
            "\u{200f}UNHCR\u{200b}",
            "unhcr_340953",
        ] {
            assert!(progres.is_agency(name), "{name}");
        }
        for name in ["", "UNHCR Field", "UNICEF"] {
            assert!(!progres.is_agency(name), "{name}");
        }
    }

    #[test]
    fn a_time_zone_is_one_that_exists() {
        assert_eq!(minimal().profile().progres.time_zone, None);
        let zone = |literal| minimal().set("progres", "time_zone", literal);
        let nairobi = zone("\"Africa/Nairobi\"").profile().progres.time_zone;
        assert_eq!(nairobi, "Africa/Nairobi".parse().ok());
        assert_eq!(
            zone("\"Gambella\"").faults(),
            "progres.time_zone: \"Gambella\" is not an IANA time zone, such as Africa/Nairobi"
        );
    }
}

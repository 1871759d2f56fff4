//! What identifies this deployment inside proGres.

use serde::Serialize;

use super::section::{Read, Section};
use crate::domain::dates::OfficeZone;
use crate::domain::words::says;

/// `[progres]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProgresSettings {
    /// The agency that Primero knows UNHCR by; compared without case or blanks. Default `UNHCR`.
    pub agency: String,
    /// GUID of the business unit, canonical lower case.
    pub business_unit: String,
    /// GUID of the organisation that refers (`progres_organizationfrom`), canonical lower case.
    pub organization_from: String,
    /// Who refers, as proGres shows it. Default `Primero CP`.
    pub referred_by: String,
    /// What becomes of a service that is referred again after its submission was closed. Default [`ReferredAgain::Hold`].
    pub referred_again: ReferredAgain,
    /// Where the office's midnights are, for calendar days that come as instants; unset: such a day is held.
    pub time_zone: Option<OfficeZone>,
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

pub(super) fn read(section: &Section<'_>) -> Read<ProgresSettings> {
    let agency = section.text_or("agency", "UNHCR");
    let business_unit = section.guid("business_unit");
    let organization_from = section.guid("organization_from");
    let referred_by = section.text_or("referred_by", "Primero CP");
    let referred_again = section.choice(
        "referred_again",
        ReferredAgain::Hold,
        &[("hold", ReferredAgain::Hold), ("send", ReferredAgain::Send)],
    );
    let time_zone =
        section.optional_parsed("time_zone", "an IANA time zone, such as Africa/Nairobi");
    Ok(ProgresSettings {
        agency: agency?,
        business_unit: business_unit?,
        organization_from: organization_from?,
        referred_by: referred_by?,
        referred_again: referred_again?,
        time_zone: time_zone?,
    })
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

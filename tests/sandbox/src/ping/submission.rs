//! What a submitted referral must look like, and when two of them are the same.

use uuid::Uuid;

use super::state::{Received, code};

/// Every field of a submission. Only these are taken; which of them the real PING demands is not public, so
/// this one demands those without which a referral makes no sense.
pub(super) const FIELDS: &[&str] = &[
    "progres_externalguid",
    "progres_externalid",
    "progres_offlineid",
    "progres_businessunit",
    "progres_organizationfrom",
    "progres_orgreferredby",
    "progres_orgposition",
    "progres_orgemail",
    "progres_orgphonenumber",
    "progres_orgreferralid",
    "progres_referraldate",
    "progres_requestedservice",
    "progres_otherrequestedservices",
    "progres_spneedcategory",
    "progres_reasonforreferral",
    "progres_pocphonenumber",
    "progres_pocaddress",
    "progres_pocotheridnumber",
    "progres_unhcrid",
    "progres_pocdateofbirth",
    "progres_pocsex",
    "progres_pocfirstname",
    "progres_pocmiddlename",
    "progres_poclastname",
];

/// Why `proGres` rejects a submission that PING accepted; seen only by checkstatus.
pub(super) fn fault(record: &Received) -> Option<String> {
    let missing = [
        "progres_offlineid",
        "progres_businessunit",
        "progres_organizationfrom",
        "progres_orgreferralid",
    ]
    .into_iter()
    .find(|name| record.field(name).is_none_or(|text| text.trim().is_empty()));
    if let Some(name) = missing {
        return Some(format!("{name} is required"));
    }
    for name in ["progres_requestedservice", "progres_spneedcategory"] {
        let text = record.field(name);
        let optional = name == "progres_spneedcategory";
        let right = text.map_or(optional, |text| Uuid::try_parse(text).is_ok());
        if !right {
            return Some(format!("{name} is not a known record"));
        }
    }
    for name in ["progres_referraldate", "progres_pocdateofbirth"] {
        if record.field(name).is_some_and(|text| !is_date(text)) {
            return Some(format!("{name} is not a date"));
        }
    }
    record
        .field("progres_pocsex")
        .is_some_and(|text| !code::SEXES.contains(&text))
        .then(|| "progres_pocsex is not a value of this option set".to_owned())
}

/// The referral made by an earlier submission of the same service of the same case.
pub(super) fn earlier(submissions: &[Received], record: &Received) -> Option<Uuid> {
    submissions
        .iter()
        .filter(|earlier| earlier.external_guid == record.external_guid)
        .filter(|earlier| {
            earlier.field("progres_orgreferralid") == record.field("progres_orgreferralid")
        })
        .find_map(|earlier| earlier.referral)
}

/// A calendar date, alone or with a time.
pub(super) fn is_date(text: &str) -> bool {
    text.parse::<jiff::civil::Date>().is_ok() || text.parse::<jiff::Timestamp>().is_ok()
}

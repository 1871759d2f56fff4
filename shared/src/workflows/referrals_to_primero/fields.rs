//! The fields of Primero that 1.1 writes, by name: the forms must have them, and the role must write them.

use crate::checks::MappedFields;
use crate::profile::Profile;

/// Of a case. `status`, `module_id` and `owned_by` need no form.
const CASE: [&str; 13] = [
    "unhcr_individual_no",
    "unhcr_id_no",
    "name_first",
    "name_middle",
    "name_last",
    "name_nickname",
    "date_of_birth",
    "age",
    "sex",
    "telephone_current",
    "address_current",
    "language",
    "services_section",
];
/// Of a case, where the profile has a table for it.
const CONCERNS: &str = "protection_concerns";
/// Of a service, beside its id.
const SERVICE: [&str; 14] = [
    "service_type",
    "service_referral_notes",
    "service_appointment_date",
    "service_response_day_time",
    "service_request_external",
    "service_request_title",
    "service_request_agency",
    "service_request_phone",
    "service_request_email",
    "service_implementing_agency",
    "service_response_type",
    "service_referral",
    "unhcr_referral_status",
    "progres_interventionnumber",
];

/// The case field that matching rests on.
pub const CASE_FIELDS: [&str; 1] = ["unhcr_individual_no"];
/// The service fields that the way back (1.2) rests on.
pub const SERVICE_FIELDS: [&str; 4] = [
    "progres_interventionnumber",
    "unhcr_referral_status",
    "service_referral",
    "service_request_agency",
];

/// What a referral fills under this profile, and the field by which a rejection comes back with its reason.
pub fn written(profile: &Profile) -> MappedFields {
    let primero = &profile.primero;
    let concerns = (!profile.tables.needs_in.is_empty()).then_some(CONCERNS);
    let case = CASE.into_iter().chain(concerns).map(str::to_owned);
    let service = SERVICE.into_iter().map(str::to_owned);
    let reason = [primero.rejection_reason_field.clone()];
    let services = ["services_section"];
    MappedFields {
        case: each_once(case.chain(primero.case_defaults.keys().cloned())),
        service: each_once(
            service
                .chain(reason)
                .chain(primero.service_defaults.keys().cloned()),
        ),
        needed: [&CASE_FIELDS[..], &SERVICE_FIELDS, &services].concat(),
    }
}

fn each_once(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    for name in names {
        if !list.contains(&name) {
            list.push(name);
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::workflows::referrals_to_primero::testing::{changed, mapped, profile};

    #[test]
    fn every_field_that_a_referral_fills_is_among_those_that_are_checked() {
        let middle = "progres_individual.individuals.progres_middlename";
        let referral = mapped(changed(middle, "Achan")).expect("it maps");
        let filled = |fields: &serde_json::Map<String, serde_json::Value>, but: &[&str]| {
            let names = fields.keys().filter(|name| !but.contains(&name.as_str()));
            names.cloned().collect::<BTreeSet<_>>()
        };
        let checked = written(&profile());
        let case = filled(
            referral.case_fields.expose(),
            &["status", "module_id", "owned_by"],
        );
        assert_eq!(case, checked.case.into_iter().collect());
        let mut service = filled(referral.service_fields.expose(), &["unique_id"]);
        service.insert("unhcr_referral_rejection_reason".to_owned());
        assert_eq!(service, checked.service.into_iter().collect());
    }
}

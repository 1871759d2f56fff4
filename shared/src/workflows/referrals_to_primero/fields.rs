//! What of the table of 1.1 counts under a profile: the country's own fields come after those of the table.

use std::collections::BTreeMap;

use super::keys;
use crate::checks::MappedFields;
use crate::fields::referrals_to_primero::OWN;
pub use crate::fields::referrals_to_primero::{CASE, Field, Read, SERVICE, Said};
use crate::fields::{Keys, Need, each_once};
use crate::profile::{ExtraField, ExtraKind, Profile};

/// All fields of a case under this profile, the country's own after those of the table.
pub fn of_case(profile: &Profile) -> Vec<Field<'_>> {
    CASE.iter()
        .copied()
        .chain(own(&profile.extra.case))
        .collect()
}

/// All fields of a service under this profile.
pub fn of_service(profile: &Profile) -> Vec<Field<'_>> {
    SERVICE
        .iter()
        .copied()
        .chain(own(&profile.extra.service))
        .collect()
}

fn own(extra: &BTreeMap<String, ExtraField>) -> impl Iterator<Item = Field<'_>> {
    extra.iter().map(|(name, field)| Field {
        name,
        from: Keys::OfProfile([&field.from]),
        need: Need::Optional,
        read: match field.kind {
            ExtraKind::Text => Read::Text,
            ExtraKind::Day => Read::Day,
            ExtraKind::Instant => Read::Instant,
            ExtraKind::Code => Read::Code(&field.codes),
        },
        on_form: true,
    })
}

/// Every key that is the same in all rows of an intervention, each once.
pub fn keys(profile: &Profile) -> Vec<&str> {
    let of_rows = of_case(profile).into_iter().chain(of_service(profile));
    let of_rows = of_rows.filter(|field| !field.read.is_of_all_rows());
    let of_rows = of_rows.flat_map(|field| field.from.to_vec());
    each_once(OWN.iter().map(|(key, _)| *key).chain(of_rows))
}

/// The keys that are mapped as text.
pub fn text_keys(profile: &Profile) -> Vec<&str> {
    let mut all = keys(profile);
    all.retain(|key| keys::is_text(key));
    all
}

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
    let fills = |field: &&Field<'_>| {
        let has_no_table = matches!(field.read, Read::Needs) && profile.tables.needs_in.is_empty();
        field.on_form && !has_no_table
    };
    let names = |table: Vec<Field<'_>>| -> Vec<String> {
        let fields = table.iter().filter(fills);
        fields.map(|field| field.name.to_owned()).collect()
    };
    let services = "services_section";
    let case = names(of_case(profile))
        .into_iter()
        .chain([services.to_owned()]);
    let reason = [primero.rejection_reason_field.clone()];
    let service = names(of_service(profile)).into_iter().chain(reason);
    MappedFields {
        case: each_once(case.chain(primero.case_defaults.keys().cloned())),
        service: each_once(service.chain(primero.service_defaults.keys().cloned())),
        needed: [&CASE_FIELDS[..], &SERVICE_FIELDS, &[services]].concat(),
    }
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

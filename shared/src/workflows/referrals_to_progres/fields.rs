//! What of the table of 2.1 counts under a profile: what is read of a case, and the country's own fields.

use crate::checks::MappedFields;
pub use crate::fields::referrals_to_progres::{
    Field, INDIVIDUAL_NO, Key, Part, Read, SUBMISSION, Said,
};
use crate::fields::{Keys, Need, each_once};
use crate::profile::{ExtraKind, ExtraOf, Profile};

/// The order in which fingerprints have had the fields of a case since the first of them. What is mapped since then comes after.
const IN_FINGERPRINTS: [&str; 10] = [
    "name_first",
    "name_middle",
    "name_last",
    "unhcr_id_no",
    "date_of_birth",
    "sex",
    "telephone_current",
    "address_current",
    "protection_concerns",
    "owned_by",
];

/// The country's own fields under this profile.
pub fn own(profile: &Profile) -> Vec<Field<'_>> {
    let own = profile.extra.submission.iter().map(|(name, field)| Field {
        name,
        from: Keys::OfProfile([match field.of {
            ExtraOf::Case => Key::Case(&field.from),
            ExtraOf::Service => Key::Service(&field.from),
        }]),
        need: Need::Optional,
        read: match field.kind {
            ExtraKind::Text => Read::Text,
            ExtraKind::Day => Read::Day,
            ExtraKind::Instant => Read::Instant,
            ExtraKind::Code => Read::Code(&field.codes),
        },
        on_form: true,
    });
    own.collect()
}

fn keys(profile: &Profile) -> impl Iterator<Item = Key<'_>> {
    let fields = SUBMISSION.iter().copied().chain(own(profile));
    fields.flat_map(|field| field.from.to_vec())
}

/// The fields of a case that are mapped, and those of consent, in the order of the fingerprint. The child's number is a part of every
/// case that is read, and is not among them.
pub fn of_case(profile: &Profile) -> Vec<&str> {
    let named = keys(profile).filter_map(|key| match key {
        Key::Case(INDIVIDUAL_NO) | Key::Service(_) | Key::System(_) => None,
        Key::Case(name) => Some(name),
        Key::Owner(_) => Some("owned_by"),
    });
    let mapped: Vec<&str> = named.collect();
    let first = IN_FINGERPRINTS
        .into_iter()
        .filter(|name| mapped.contains(name));
    let mut fields = each_once(first.chain(mapped.iter().copied()));
    fields.extend(profile.consent.fields.iter().map(String::as_str));
    fields
}

/// The fields of a service that are mapped, in the order of the fingerprint.
pub fn of_service(profile: &Profile) -> Vec<&str> {
    each_once(keys(profile).filter_map(|key| match key {
        Key::Service(name) => Some(name),
        _ => None,
    }))
}

/// What a case is listed with, beside its ids and services.
pub fn listed(profile: &Profile) -> Vec<&str> {
    let mut fields = of_case(profile);
    fields.push(INDIVIDUAL_NO);
    fields
}

/// The fields that no submission is whole without, by name.
pub fn read(profile: &Profile) -> MappedFields {
    // The owner stands on every case, whatever its forms.
    let case = listed(profile)
        .into_iter()
        .filter(|name| *name != "owned_by");
    let service = of_service(profile).into_iter();
    let service = service.chain(["service_implementing_agency"]);
    MappedFields {
        case: case.map(str::to_owned).collect(),
        service: service.map(str::to_owned).collect(),
        needed: Vec::new(),
    }
}

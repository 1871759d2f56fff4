//! The table of 2.1: what a submission says to proGres, and what of Primero's words each field is made of.
//!
//! A new field is a new row. What a case is listed with, what is needed, the fingerprint, the lists of the checks and the mapping
//! sheet follow from it.

use std::borrow::Cow;

use super::contact::Contact;
use crate::checks::MappedFields;
use crate::domain::pii::Pii;
use crate::profile::{ExtraField, ExtraKind, ExtraOf, Profile};
use crate::workflows::table::{self, Keys, Need, each_once};

/// A field of a submission.
pub type Field<'a> = table::Field<'a, Key<'a>, Read<'a>>;

/// What a field is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key<'a> {
    /// A field of the case.
    Case(&'a str),
    /// A field of the service.
    Service(&'a str),
    /// What Primero always tells of a case, a service or a referral.
    System(&'a str),
    /// What the profile of the case's owner says.
    Owner(&'a str),
}

/// How a field is made.
#[derive(Clone, Copy, Debug)]
pub enum Read<'a> {
    /// Text, or a number as text.
    Text,
    /// The same without what nobody sees in a number.
    Tidied,
    /// The case in URLs.
    Case,
    /// The case as proGres knows it.
    CaseId,
    /// The service.
    ServiceId,
    /// The day on which the referral was made, in UTC.
    MadeOn,
    /// The child's number, else that of the registration group.
    Number,
    /// A day that a child can be born on.
    BirthDay,
    /// A word, through `[sex]` the other way.
    Sex,
    /// A service type, through `[service_out]`.
    Service,
    /// The first concern that `[needs_out]` lists.
    Need,
    /// Text, else this one.
    Or(&'static str),
    /// Whom to turn to.
    Contact(fn(&Contact) -> &Pii<String>),
    /// What the profile says under this key.
    Profile(&'static str, fn(&Profile) -> &str),
    /// A day.
    Day,
    /// A moment, in UTC.
    Instant,
    /// A code, through a table of the country's own; what is not listed is held.
    Code(&'a ExtraField),
}

const fn field(
    name: &'static str,
    from: &'static [Key<'static>],
    read: Read<'static>,
) -> Field<'static> {
    Field::new(name, from, read)
}

const NAME: Need<'_> = Need::AnyOf(&["name_first", "name_last"]);
const NUMBER: Need<'_> = Need::AnyOf(&["unhcr_individual_no", "unhcr_id_no"]);
const GROUP: Key<'_> = Key::Case("unhcr_id_no");

/// Every field of the contract, in its order. All go in every submission, with null where Primero has nothing.
pub const SUBMISSION: &[Field<'static>] = &[
    field("progres_externalguid", &[Key::System("id")], Read::Case),
    field(
        "progres_externalid",
        &[Key::System("case_id")],
        Read::CaseId,
    )
    .needed(Need::Required),
    field("progres_offlineid", &[Key::System("case_id")], Read::CaseId).needed(Need::Required),
    field("progres_businessunit", &[], BUSINESS_UNIT),
    field("progres_organizationfrom", &[], ORGANIZATION),
    field("progres_orgreferredby", &[], REFERRED_BY),
    field(
        "progres_orgposition",
        &[Key::Owner("position")],
        Read::Contact(|who| &who.position),
    )
    .needed(Need::Required),
    field(
        "progres_orgemail",
        &[Key::Owner("email")],
        Read::Contact(|who| &who.email),
    )
    .needed(Need::Required),
    field(
        "progres_orgphonenumber",
        &[Key::Owner("phone")],
        Read::Contact(|who| &who.phone),
    )
    .needed(Need::Required),
    field(
        "progres_orgreferralid",
        &[Key::System("unique_id")],
        Read::ServiceId,
    )
    .needed(Need::Required),
    field(
        "progres_referraldate",
        &[Key::System("created_at")],
        Read::MadeOn,
    ),
    field(
        "progres_requestedservice",
        &[Key::Service("service_type")],
        Read::Service,
    )
    .needed(Need::Required),
    field(
        "progres_otherrequestedservices",
        &[Key::Service("service_type_other")],
        Read::Text,
    ),
    field(
        "progres_spneedcategory",
        &[Key::Case("protection_concerns")],
        Read::Need,
    ),
    field(
        "progres_reasonforreferral",
        &[Key::Service("service_referral_notes")],
        NOTES,
    ),
    field(
        "progres_pocphonenumber",
        &[Key::Case("telephone_current")],
        Read::Text,
    ),
    field(
        "progres_pocaddress",
        &[Key::Case("address_current")],
        Read::Text,
    ),
    field("progres_pocotheridnumber", &[GROUP], Read::Tidied).needed(NUMBER),
    field(
        "progres_unhcrid",
        &[Key::Case(INDIVIDUAL_NO), GROUP],
        Read::Number,
    )
    .needed(NUMBER),
    field(
        "progres_pocdateofbirth",
        &[Key::Case("date_of_birth")],
        Read::BirthDay,
    ),
    field("progres_pocsex", &[Key::Case("sex")], Read::Sex),
    field(
        "progres_pocfirstname",
        &[Key::Case("name_first")],
        Read::Text,
    )
    .needed(NAME),
    field(
        "progres_pocmiddlename",
        &[Key::Case("name_middle")],
        Read::Text,
    ),
    field("progres_poclastname", &[Key::Case("name_last")], Read::Text).needed(NAME),
];

/// The child's number in proGres.
pub const INDIVIDUAL_NO: &str = "unhcr_individual_no";

const BUSINESS_UNIT: Read<'_> = Read::Profile("progres.business_unit", |profile| {
    &profile.progres.business_unit
});
const ORGANIZATION: Read<'_> = Read::Profile("progres.organization_from", |profile| {
    &profile.progres.organization_from
});
const REFERRED_BY: Read<'_> = Read::Profile("progres.referred_by", |profile| {
    &profile.progres.referred_by
});
/// What stands where a worker gave no reason.
const NOTES: Read<'_> = Read::Or("Primero referral");

impl Key<'_> {
    /// The key in words.
    pub fn words(&self) -> String {
        match self {
            Self::Case(key) | Self::Service(key) | Self::System(key) => (*key).to_owned(),
            Self::Owner(key) => format!("owned_by.{key}"),
        }
    }
}

impl Read<'_> {
    /// How it is read, in words.
    pub fn words(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Text => "as it stands",
            Self::Tidied => "as a number, without marks that nobody sees",
            Self::Case | Self::CaseId => "the case",
            Self::ServiceId => "the service",
            Self::MadeOn => "the day of the referral, in UTC",
            Self::Number => "the first that is there, as a number",
            Self::BirthDay => "as a day of birth; one that cannot be is held",
            Self::Sex => "through `[sex]`, the other way; what is not listed is unknown",
            Self::Service => "through `[service_out]`; one that is not listed is held",
            Self::Need => "the first that `[needs_out]` lists",
            Self::Day => "as a day; one that cannot be is held",
            Self::Instant => "as a moment in UTC; one that cannot be is held",
            Self::Code(_) => "through the table beside it; one that is not listed is held",
            Self::Contact(_) => "what is lacking is that of `[primero.fallback_contact]`",
            Self::Or(words) => return format!("as it stands, else `{words}`").into(),
            Self::Profile(key, _) => return format!("`{key}` of the profile").into(),
        })
    }
}

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
            ExtraKind::Code => Read::Code(field),
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

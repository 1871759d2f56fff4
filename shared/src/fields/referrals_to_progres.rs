//! The table of 2.1: what a submission says to proGres, and what of Primero's words each field is made of.
//!
//! A new field is a new row. What a case is listed with, what is needed, the fingerprint, what a profile may not add, the lists of the
//! checks and the mapping sheet follow from it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::Need;

/// A field of a submission.
pub type Field<'a> = super::Field<'a, Key<'a>, Read<'a>>;

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
    Contact(Part),
    /// What the profile says.
    Profile(Said),
    /// A day.
    Day,
    /// A moment, in UTC.
    Instant,
    /// A code, through a table of the country's own; what is not listed is held.
    Code(&'a BTreeMap<String, String>),
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
    field(
        "progres_businessunit",
        &[],
        Read::Profile(Said::BusinessUnit),
    ),
    field(
        "progres_organizationfrom",
        &[],
        Read::Profile(Said::Organization),
    ),
    field(
        "progres_orgreferredby",
        &[],
        Read::Profile(Said::ReferredBy),
    ),
    field(
        "progres_orgposition",
        &[Key::Owner("position")],
        Read::Contact(Part::Position),
    )
    .needed(Need::Required),
    field(
        "progres_orgemail",
        &[Key::Owner("email")],
        Read::Contact(Part::Email),
    )
    .needed(Need::Required),
    field(
        "progres_orgphonenumber",
        &[Key::Owner("phone")],
        Read::Contact(Part::Phone),
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

/// What stands where a worker gave no reason.
const NOTES: Read<'_> = Read::Or("Primero referral");

/// What of a contact goes into a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What tells proGres that a contact was substituted.
    Position,
    /// E-mail address.
    Email,
    /// Phone number.
    Phone,
}

/// What of a profile goes into a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// The business unit.
    BusinessUnit,
    /// The organisation that refers.
    Organization,
    /// Who refers, in words.
    ReferredBy,
}

impl Said {
    const fn key(self) -> &'static str {
        match self {
            Self::BusinessUnit => "progres.business_unit",
            Self::Organization => "progres.organization_from",
            Self::ReferredBy => "progres.referred_by",
        }
    }
}

impl Key<'_> {
    /// The key in words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Case(key) | Self::Service(key) | Self::System(key) => (*key).to_owned(),
            Self::Owner(key) => format!("owned_by.{key}"),
        }
    }
}

impl Read<'_> {
    /// How it is read, in words.
    #[must_use]
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
            Self::Profile(said) => return format!("`{}` of the profile", said.key()).into(),
        })
    }
}

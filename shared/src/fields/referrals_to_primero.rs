//! The table of 1.1: what a case and its service hold, and what of PING's words each field is made of.
//!
//! A new field is a new row. The keys that are asked for and folded, what is required, the fingerprint, what the forms must have, what
//! a profile may not add and the mapping sheet follow from it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Need, Required};

/// A field of a case or of a service.
pub type Field<'a> = super::Field<'a, &'a str, Read<'a>>;

/// How a field is made.
#[derive(Clone, Copy, Debug)]
pub enum Read<'a> {
    /// As it stands.
    Text,
    /// A number without what nobody sees in it; what is no number then is held.
    IndividualNumber,
    /// A day that a child can be born on.
    BirthDay,
    /// Whole years from that day until today.
    Age,
    /// A day.
    Day,
    /// A moment, in UTC.
    Instant,
    /// A code, through `[sex]`.
    Sex,
    /// A description, through `[service_in]`; what is not listed is held.
    Service,
    /// Names of all rows, through `[language_in]`.
    Languages,
    /// Needs of all rows, by id or name, through `[needs_in]`; what is not listed is left out.
    Needs,
    /// Names of location levels, joined by blanks.
    Levels,
    /// Notes in HTML as plain text, joined by commas.
    Notes,
    /// An id computed from the intervention's.
    ServiceId,
    /// Number, id and business unit of the intervention, parted by commas.
    Reference,
    /// Always this word.
    Fixed(&'static str),
    /// Always true.
    Yes,
    /// What the profile says.
    Profile(Said),
    /// Whom the profile names as owner of new cases, by a rule or always.
    Intake,
    /// A code, through a table of the country's own; what is not listed is held.
    Code(&'a BTreeMap<String, String>),
}

const fn field(
    name: &'static str,
    from: &'static [&'static str],
    read: Read<'static>,
) -> Field<'static> {
    Field::new(name, from, read)
}

/// What a new case holds, besides its service.
pub const CASE: &[Field<'static>] = &[
    field(
        "unhcr_individual_no",
        &[INDIVIDUAL_NO],
        Read::IndividualNumber,
    )
    .needed(Need::Required),
    field("unhcr_id_no", &[REGISTRATION_GROUP], Read::Text).needed(Need::Required),
    field("name_first", &[GIVEN_NAME], Read::Text).needed(Need::Required),
    field("name_middle", &[MIDDLE_NAME], Read::Text),
    field("name_last", &[FAMILY_NAME], Read::Text).needed(FAMILY_NAME_NEEDED),
    field("name_nickname", &[COMMONLY_USED_NAME], Read::Text),
    field("date_of_birth", &[BIRTH_DATE], Read::BirthDay).needed(BIRTH_NEEDED),
    field("age", &[BIRTH_DATE], Read::Age).needed(BIRTH_NEEDED),
    field("sex", &[SEX], Read::Sex).needed(Need::Required),
    field("telephone_current", &[PHONE], Read::Text),
    field("address_current", LEVELS, Read::Levels),
    field("language", &[LANGUAGE, LANGUAGE_LOOKUP], Read::Languages),
    field("protection_concerns", &[NEED, NEED_NAME], Read::Needs),
    field("status", &[], Read::Fixed("open")).by_itself(),
    field("module_id", &[], Read::Profile(Said::Module)).by_itself(),
    field("owned_by", &[], Read::Intake).by_itself(),
];

/// What a service holds.
pub const SERVICE: &[Field<'static>] = &[
    field("unique_id", &[INTERVENTION_ID], Read::ServiceId)
        .needed(Need::Required)
        .by_itself(),
    field("service_type", &[SERVICE_NAME], Read::Service).needed(Need::Required),
    field(
        "service_referral_notes",
        &[DESCRIPTION, REASON],
        Read::Notes,
    ),
    field("service_appointment_date", &[START_DATE], Read::Day),
    field(
        "service_response_day_time",
        &[TRANSFER_STATUS_DATE],
        Read::Instant,
    ),
    field("service_request_external", &[], Read::Yes),
    field("service_request_title", &[OFFICER_TITLE], Read::Text),
    field("service_request_agency", &[], Read::Profile(Said::Agency)),
    field("service_request_phone", &[OFFICER_PHONE], Read::Text),
    field("service_request_email", &[OFFICER_EMAIL], Read::Text),
    field(
        "service_implementing_agency",
        &[],
        Read::Profile(Said::ReceivingAgency),
    ),
    field(
        "service_response_type",
        &[],
        Read::Fixed("service_provision"),
    ),
    field("service_referral", &[], Read::Fixed("external_referral")),
    field("unhcr_referral_status", &[], Read::Fixed("pending")),
    field(
        "progres_interventionnumber",
        &[NUMBER, INTERVENTION_ID, BUSINESS_UNIT],
        Read::Reference,
    )
    .needed(Need::Required),
];

const FAMILY_NAME_NEEDED: Need<'_> = Need::AsTheProfileSays(Required::NameLast);
const BIRTH_NEEDED: Need<'_> = Need::AsTheProfileSays(Required::DateOfBirth);

/// What of a profile goes into a case or a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// The module of new cases.
    Module,
    /// The agency that refers.
    Agency,
    /// The agency that takes the referrals.
    ReceivingAgency,
}

impl Said {
    const fn key(self) -> &'static str {
        match self {
            Self::Module => "primero.module_id",
            Self::Agency => "progres.agency",
            Self::ReceivingAgency => "primero.receiving_agency",
        }
    }
}

impl Read<'_> {
    /// Whether its keys say something else in every row, so that all of them count.
    #[must_use]
    pub const fn is_of_all_rows(&self) -> bool {
        matches!(self, Self::Languages | Self::Needs)
    }

    /// How it is read, in words.
    #[must_use]
    pub fn words(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Text => "as it stands",
            Self::IndividualNumber => "as a number; what is none is held",
            Self::BirthDay => "as a day of birth; one that cannot be is held",
            Self::Age => "whole years on the day of writing",
            Self::Day => "as a day; one that cannot be is held",
            Self::Instant => "as a moment in UTC; one that cannot be is held",
            Self::Sex => "through `[sex]`; an unknown code is held",
            Self::Service => "through `[service_in]`; one that is not listed is held",
            Self::Languages => "all of them, through `[language_in]`",
            Self::Needs => "all of them, through `[needs_in]`; what is not listed is left out",
            Self::Levels => "names, joined by blanks",
            Self::Notes => "as plain text, joined by commas",
            Self::ServiceId => "an id computed from it",
            Self::Reference => "joined by commas",
            Self::Yes => "always `true`",
            Self::Intake => {
                "`primero.intake_user` of the profile, or whom `[primero.intake]` names by service type, business unit or location"
            }
            Self::Code(_) => "through the table beside it; one that is not listed is held",
            Self::Fixed(word) => return format!("always `{word}`").into(),
            Self::Profile(said) => return format!("`{}` of the profile", said.key()).into(),
        })
    }
}

/// The levels by their bare keys, the widest first.
pub const LEVELS: &[&str] = &[
    "progres_coalocationlevel1",
    "progres_coalocationlevel2",
    "progres_coalocationlevel3",
    "progres_coalocationlevel4",
    "progres_coalocationlevel5",
    "progres_coalocationlevel6",
];

/// Declares the keys that the bridge itself cannot do without. One that is left out here does not compile where it is used.
macro_rules! own_keys {
    ($($(#[$about:meta])* $name:ident = $key:literal, $words:literal;)*) => {
        $( $(#[$about])* #[doc = $words] pub const $name: &str = $key; )*

        /// What the bridge itself needs to know of an intervention, and what for.
        pub const OWN: &[(&str, &str)] = &[$(($name, $words)),*];
    };
}

own_keys! {
    /// The key of the intervention's id; older lists use another.
    INTERVENTION_ID = "progres_lpinterventionid", "names the record, and makes the id of the service";
    NUMBER = "progres_interventionnumber", "what people call the intervention; part of the reference";
    /// A GUID.
    BUSINESS_UNIT = "progres_businessunit", "whom proGres is told by; part of the reference";
    INDIVIDUAL_NO = "progres_individual.individuals.progres_id", "by which the case is found, and which makes its id";
    PRIMERO_ID = "progres_primeroid", "the case that proGres believes the child to have, of several";
}

/// When the service is to begin.
pub const START_DATE: &str = "progres_interventionstartdate";
/// When the transfer status was set; 1.1 sets it itself.
pub const TRANSFER_STATUS_DATE: &str = "progres_primerotransferstatusdate";
/// Notes, in HTML.
pub const DESCRIPTION: &str = "progres_interventiondescription";
/// More notes, in HTML.
pub const REASON: &str = "progres_reasonforreferral";
/// The service that is asked for.
pub const SERVICE_NAME: &str = "progres_interventiontype2.interventiontype.progres_description";
/// The number of the family.
pub const REGISTRATION_GROUP: &str = "progres_individual.progres_registrationgroupidname";
/// The same as an object.
pub const REGISTRATION_GROUP_LOOKUP: &str =
    "progres_individual.individuals.progres_registrationgroupid";
/// First name.
pub const GIVEN_NAME: &str = "progres_individual.individuals.progres_givenname";
/// Middle name.
pub const MIDDLE_NAME: &str = "progres_individual.individuals.progres_middlename";
/// Family name.
pub const FAMILY_NAME: &str = "progres_individual.individuals.progres_familyname";
/// Spelt so by proGres.
pub const COMMONLY_USED_NAME: &str = "progres_individual.individuals.progres_commonyusedname";
/// Day of birth.
pub const BIRTH_DATE: &str = "progres_individual.individuals.progres_dateofbirth";
/// A code.
pub const SEX: &str = "progres_individual.individuals.progres_sex";
/// The child's phone.
pub const PHONE: &str = "progres_individual.individuals.progres_primaryphonenumber";
/// Title of the officer who refers.
pub const OFFICER_TITLE: &str = "systemuser.title";
/// Their phone.
pub const OFFICER_PHONE: &str = "systemuser.su.mobilephone";
/// Their e-mail address.
pub const OFFICER_EMAIL: &str = "systemuser.su.internalemailaddress";
/// Name of a language; another in every row.
pub const LANGUAGE: &str = "progres_language.progres_languagecodeidname";
/// The same as an object.
pub const LANGUAGE_LOOKUP: &str = "progres_language.progres_languagecodeid";
/// A specific need, by its category; another in every row.
pub const NEED: &str = "progres_specificneed.specificneeds.progres_spncategory2";
/// The same by its name.
pub const NEED_NAME: &str = "progres_specificneed.progres_spncategory2name";

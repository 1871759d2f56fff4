//! The table of 1.1: what a case and its service hold, and what of PING's words each field is made of.
//!
//! A new field is a new row. The keys that are asked for and folded, what is required, the fingerprint, what the forms must have and
//! the mapping sheet follow from it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::address::LEVELS;
use super::keys::{
    self, BIRTH_DATE, BUSINESS_UNIT, COMMONLY_USED_NAME, DESCRIPTION, FAMILY_NAME, GIVEN_NAME,
    INDIVIDUAL_NO, INTERVENTION_ID, LANGUAGE, LANGUAGE_LOOKUP, MIDDLE_NAME, NEED, NEED_NAME,
    NUMBER, OFFICER_EMAIL, OFFICER_PHONE, OFFICER_TITLE, OWN, PHONE, REASON, REGISTRATION_GROUP,
    SERVICE_NAME, SEX, START_DATE, TRANSFER_STATUS_DATE,
};
use crate::checks::MappedFields;
use crate::profile::{ExtraField, ExtraKind, Profile, Required};
use crate::workflows::table::{self, Keys, Need, each_once};

/// A field of a case or of a service.
pub type Field<'a> = table::Field<'a, &'a str, Read<'a>>;

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
    /// What the profile says under this key.
    Profile(&'static str, fn(&Profile) -> Option<&str>),
    /// Whom the profile names as owner of new cases, by a rule or always.
    Intake,
    /// A code, through a table of the country's own; what is not listed is held.
    Code(&'a ExtraField),
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
    field("module_id", &[], MODULE).by_itself(),
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
    field("service_request_agency", &[], AGENCY),
    field("service_request_phone", &[OFFICER_PHONE], Read::Text),
    field("service_request_email", &[OFFICER_EMAIL], Read::Text),
    field("service_implementing_agency", &[], RECEIVER),
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
const MODULE: Read<'_> = Read::Profile("primero.module_id", |profile| {
    Some(&profile.primero.module_id)
});
const AGENCY: Read<'_> = Read::Profile("progres.agency", |profile| Some(&profile.progres.agency));
const RECEIVER: Read<'_> = Read::Profile("primero.receiving_agency", |profile| {
    Some(&profile.primero.receiving_agency)
});

impl Read<'_> {
    /// Whether its keys say something else in every row, so that all of them count.
    const fn is_of_all_rows(&self) -> bool {
        matches!(self, Self::Languages | Self::Needs)
    }

    /// How it is read, in words.
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
            Self::Profile(key, _) => return format!("`{key}` of the profile").into(),
        })
    }
}

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
            ExtraKind::Code => Read::Code(field),
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
    use crate::profile::extra;
    use crate::workflows::referrals_to_primero::testing::{changed, mapped, profile};

    /// The profile cannot know the table, which reads profiles; so it has the names by itself.
    #[test]
    fn a_countrys_own_field_can_be_none_of_the_table() {
        let names = |table: &[Field<'_>]| table.iter().map(|field| field.name.to_owned()).collect();
        let refused = |list: &[&str], more: &[&str]| {
            let list = list.iter().filter(|name| !more.contains(name));
            list.map(|name| (*name).to_owned()).collect::<BTreeSet<_>>()
        };
        let by_itself = [
            "services_section",
            "id",
            "case_id",
            "enabled",
            "disclosure_other_orgs",
            "consent_for_services",
        ];
        let case: BTreeSet<String> = names(CASE);
        assert_eq!(refused(extra::CASE_FIELDS, &by_itself), case);
        let service: BTreeSet<String> = names(SERVICE);
        let reason = ["unhcr_referral_rejection_reason"];
        assert_eq!(refused(extra::SERVICE_FIELDS, &reason), service);
    }

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

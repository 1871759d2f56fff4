//! What PING sends of one intervention: the keys as it spells them, and its rows folded into one.

use std::collections::{BTreeMap, BTreeSet};

use super::{Place, address};
use crate::domain::codes::SexCode;
use crate::domain::dates::instant;
use crate::domain::identifier;
use crate::domain::ids::{CaseId, InterventionId};
use crate::domain::pii::Pii;
use crate::progres::{Row, text_of};
use crate::workflows::details::Naming;
use crate::workflows::source_rows::Folded;

/// The key of the intervention's id.
pub const INTERVENTION_ID: &str = "progres_lpinterventionid";
const INTERVENTION_ID_OLDER: &str = "progres_intervention";
/// The number of an intervention, as lists name it; older ones use the other keys.
const LISTED_NUMBER: [&str; 3] = [
    NUMBER,
    "progres_interventionname",
    "progres_lpintervention.int.progres_interventionnumber",
];

pub const NUMBER: &str = "progres_interventionnumber";
pub const BUSINESS_UNIT: &str = "progres_businessunit";
pub const START_DATE: &str = "progres_interventionstartdate";
pub const TRANSFER_STATUS_DATE: &str = "progres_primerotransferstatusdate";
pub const PRIMERO_ID: &str = "progres_primeroid";
pub const DESCRIPTION: &str = "progres_interventiondescription";
pub const REASON: &str = "progres_reasonforreferral";
pub const SERVICE: &str = "progres_interventiontype2.interventiontype.progres_description";
pub const INDIVIDUAL_NO: &str = "progres_individual.individuals.progres_id";
pub const REGISTRATION_GROUP: &str = "progres_individual.progres_registrationgroupidname";
const REGISTRATION_GROUP_LOOKUP: &str =
    "progres_individual.individuals.progres_registrationgroupid";
pub const GIVEN_NAME: &str = "progres_individual.individuals.progres_givenname";
pub const MIDDLE_NAME: &str = "progres_individual.individuals.progres_middlename";
pub const FAMILY_NAME: &str = "progres_individual.individuals.progres_familyname";
/// Spelt so by proGres.
pub const COMMONLY_USED_NAME: &str = "progres_individual.individuals.progres_commonyusedname";
pub const BIRTH_DATE: &str = "progres_individual.individuals.progres_dateofbirth";
pub const SEX: &str = "progres_individual.individuals.progres_sex";
const SEX_NAME: &str = "progres_individual.individuals.progres_sexname";
pub const PHONE: &str = "progres_individual.individuals.progres_primaryphonenumber";
pub const OFFICER_TITLE: &str = "systemuser.title";
pub const OFFICER_PHONE: &str = "systemuser.su.mobilephone";
pub const OFFICER_EMAIL: &str = "systemuser.su.internalemailaddress";
const LANGUAGE: &str = "progres_language.progres_languagecodeidname";
const LANGUAGE_LOOKUP: &str = "progres_language.progres_languagecodeid";
const NEED: &str = "progres_specificneed.specificneeds.progres_spncategory2";
const NEED_NAME: &str = "progres_specificneed.progres_spncategory2name";

/// Every key whose value is the same in all rows of an intervention; the address levels come on top.
const SINGLE: [&str; 19] = [
    INTERVENTION_ID,
    NUMBER,
    START_DATE,
    TRANSFER_STATUS_DATE,
    PRIMERO_ID,
    DESCRIPTION,
    REASON,
    SERVICE,
    INDIVIDUAL_NO,
    GIVEN_NAME,
    MIDDLE_NAME,
    FAMILY_NAME,
    COMMONLY_USED_NAME,
    BIRTH_DATE,
    SEX,
    PHONE,
    OFFICER_TITLE,
    OFFICER_PHONE,
    OFFICER_EMAIL,
];

/// How detail rows name their intervention.
pub const NAMING: Naming<InterventionId> = Naming {
    keys: &[INTERVENTION_ID, INTERVENTION_ID_OLDER],
    id_of: listed_id,
    number_of: listed_number,
    texts: &SINGLE,
};

/// One intervention, its rows folded. Personal as a whole.
#[derive(Debug)]
pub struct SourceReferral {
    fields: Folded,
    /// The fields as they were read before identifiers were tidied, if that makes a difference.
    older: Option<Folded>,
    /// Names of languages in order of appearance, each once.
    pub languages: Pii<Vec<String>>,
    /// Specific needs in order of appearance, each once, as category GUID and category name.
    pub needs: Pii<Vec<(String, String)>>,
}

impl SourceReferral {
    /// Folds the rows of one intervention: PING sends one a language and specific need.
    pub fn fold(rows: &[Row]) -> Self {
        let mut languages = Vec::new();
        let mut needs = Vec::new();
        for row in rows {
            push_new(&mut languages, name(row, LANGUAGE, LANGUAGE_LOOKUP));
            let (need, name) = (row.id(NEED), name(row, NEED_NAME, NEED));
            let any = need.is_some() || name.is_some();
            push_new(
                &mut needs,
                any.then(|| (need.unwrap_or_default(), name.unwrap_or_default())),
            );
        }
        let fields = |text: TextOf| rows.iter().map(move |row| single_fields(row, text));
        let as_sent: Vec<_> = fields(Row::text_as_spelt).collect();
        let read: Vec<_> = fields(Row::text).zip(rows).map(tidy).collect();
        Self {
            older: (read != as_sent).then(|| Folded::of(as_sent)),
            fields: Folded::of(read),
            languages: Pii::new(languages),
            needs: Pii::new(needs),
        }
    }

    /// Keys of fields in which the rows disagree.
    pub fn contradictions(&self) -> &[String] {
        self.fields.contradictions()
    }

    /// A field as text, trimmed and not blank.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.fields.text(key)
    }

    /// What the fingerprint is made of: every mapped source field of every row, whatever the order of rows.
    ///
    /// Our own echo is no change: of the transfer status date, which we write ourselves, it holds only whether it is readable, and the
    /// case is left out if it is the one that the referral was placed on.
    pub fn fingerprint_input(&self, placed_on: Option<&CaseId>) -> Pii<Vec<u8>> {
        self.input_of(&self.fields, placed_on)
    }

    /// What a fingerprint was made of by older versions, where they read the same rows otherwise.
    pub fn fingerprint_input_of_older_readings(
        &self,
        placed_on: Option<&CaseId>,
    ) -> Option<Pii<Vec<u8>>> {
        let older = self.older.as_ref()?;
        Some(self.input_of(older, placed_on))
    }

    fn input_of(&self, fields: &Folded, placed_on: Option<&CaseId>) -> Pii<Vec<u8>> {
        let is_ours =
            |id: &String| placed_on.is_some_and(|own| own.as_str().eq_ignore_ascii_case(id));
        let mut versions = fields
            .versions()
            .expose()
            .clone()
            .into_iter()
            .collect::<Vec<_>>();
        for fields in &mut versions {
            if fields
                .get(TRANSFER_STATUS_DATE)
                .is_some_and(|date| instant(date).is_ok())
            {
                fields.remove(TRANSFER_STATUS_DATE);
            }
            if fields.get(PRIMERO_ID).is_some_and(is_ours) {
                fields.remove(PRIMERO_ID);
            }
        }
        let languages: BTreeSet<_> = self.languages.expose().iter().collect();
        let needs: BTreeSet<_> = self.needs.expose().iter().collect();
        let input =
            serde_json::to_vec(&(versions, languages, needs)).expect("texts always serialise");
        Pii::new(input)
    }

    /// How proGres is told of the referral while it has no place in Primero.
    pub fn address_in_progres(&self) -> Option<Place> {
        let business_unit = self.business_unit()?;
        Some(Place {
            business_unit,
            case: None,
            case_id: None,
        })
    }

    /// The business unit as a GUID in canonical form.
    pub fn business_unit(&self) -> Option<String> {
        let id = uuid::Uuid::try_parse(&identifier::tidied(self.text(BUSINESS_UNIT)?)).ok()?;
        Some(id.as_hyphenated().to_string())
    }
}

/// The intervention that a list row names; older lists use another key.
pub fn listed_id(row: &Row) -> Option<InterventionId> {
    row.id(INTERVENTION_ID)
        .or_else(|| row.id(INTERVENTION_ID_OLDER))?
        .parse()
        .ok()
}

/// The number that a row gives its intervention.
pub fn listed_number(row: &Row) -> Option<String> {
    LISTED_NUMBER.iter().find_map(|key| row.text(key))
}

/// How the text of a field is read.
type TextOf = fn(&Row, &str) -> Option<String>;

fn single_fields(row: &Row, text: TextOf) -> BTreeMap<String, String> {
    let group = name(row, REGISTRATION_GROUP, REGISTRATION_GROUP_LOOKUP);
    let unit = row.id(BUSINESS_UNIT);
    let mut fields: BTreeMap<String, String> = SINGLE
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), text(row, key)?)))
        .chain(group.map(|group| (REGISTRATION_GROUP.to_owned(), group)))
        .chain(unit.map(|unit| (BUSINESS_UNIT.to_owned(), unit)))
        .collect();
    fields.extend(address::levels(row));
    if let Some(id) = listed_id(row) {
        fields.insert(INTERVENTION_ID.to_owned(), id.to_string());
    }
    fields
}

/// Numbers without what nobody sees in them, and a code by its name where it has no number. A number that is none even then stays as it
/// is, for a person to see.
fn tidy((mut fields, row): (BTreeMap<String, String>, &Row)) -> BTreeMap<String, String> {
    let identifiers = [
        (NUMBER, identifier::intervention_number as fn(&str) -> _),
        (INDIVIDUAL_NO, identifier::individual_number),
    ];
    for (key, read) in identifiers {
        if let Some(text) = fields.get_mut(key)
            && let Ok(number) = read(text)
        {
            *text = number;
        }
    }
    if let Some(group) = fields.get_mut(REGISTRATION_GROUP) {
        *group = identifier::tidied(group);
    }
    if !fields.contains_key(SEX)
        && let Some(name) = row.text(SEX_NAME)
    {
        let code = SexCode::named(&name).map(|code| code.number().to_string());
        fields.insert(SEX.to_owned(), code.unwrap_or(name));
    }
    fields
}

/// The name of what a field points to: its name twin, else the name in its lookup object. A bare id is no name.
fn name(row: &Row, twin: &str, lookup: &str) -> Option<String> {
    let lookup = row.get(lookup).filter(|value| value.is_object());
    row.text(twin).or_else(|| text_of(lookup?))
}

fn push_new<T: PartialEq>(list: &mut Vec<T>, value: Option<T>) {
    if let Some(value) = value
        && !list.contains(&value)
    {
        list.push(value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::workflows::referrals_to_primero::testing::{changed, detail_rows, rows};

    fn print(rows: &[Row]) -> Pii<Vec<u8>> {
        SourceReferral::fold(rows).fingerprint_input(None)
    }

    #[test]
    fn four_rows_fold_into_one_with_each_language_and_need_once() {
        let source = SourceReferral::fold(&rows(detail_rows()));
        assert_eq!(source.languages.expose(), &["Somali", "Swahili"]);
        let names: Vec<&str> = source
            .needs
            .expose()
            .iter()
            .map(|(_, name)| name.as_str())
            .collect();
        assert_eq!(names, ["Unaccompanied or separated child", "Child at risk"]);
        assert!(source.contradictions().is_empty());
    }

    #[test]
    fn rows_that_disagree_name_the_fields() {
        let mut details = detail_rows();
        details[2][FAMILY_NAME] = json!("Another");
        details[3][MIDDLE_NAME] = json!("Now");
        let source = SourceReferral::fold(&rows(details));
        assert_eq!(source.contradictions(), [FAMILY_NAME, MIDDLE_NAME]);
    }

    #[test]
    fn the_fingerprint_ignores_order_and_our_own_status_date_and_nothing_else() {
        let before = print(&rows(detail_rows()));
        let mut reversed = detail_rows();
        reversed.reverse();
        assert!(print(&rows(reversed)) == before);
        assert!(print(&rows(changed(TRANSFER_STATUS_DATE, "2026-11-20"))) == before);
        assert!(print(&rows(changed(TRANSFER_STATUS_DATE, "soon"))) != before);
        for key in [FAMILY_NAME, PRIMERO_ID, SERVICE, LANGUAGE, NEED] {
            assert!(print(&rows(changed(key, "else"))) != before, "{key}");
        }
    }

    #[test]
    fn a_number_that_is_tidied_is_no_change_of_what_was_known_before() {
        let older = |details| {
            SourceReferral::fold(&rows(details)).fingerprint_input_of_older_readings(None)
        };
        assert!(older(detail_rows()).is_none());
        let pasted = || changed(INDIVIDUAL_NO, "803-100016547\u{200b}");
        assert!(print(&rows(pasted())) == print(&rows(detail_rows())));
        let before = older(pasted()).expect("it was read otherwise");
        let text = String::from_utf8(before.expose().clone()).expect("JSON");
        assert!(text.contains("803-100016547\u{200b}"));
    }

    #[test]
    fn the_case_that_the_referral_was_placed_on_is_no_change() {
        let placed_on = CaseId::new("f59e880e-d58f-4b68-ba6e-e0616a49aefd");
        let before = print(&rows(detail_rows()));
        let naming = |case: &str| {
            let source = SourceReferral::fold(&rows(changed(PRIMERO_ID, case)));
            source.fingerprint_input(Some(&placed_on))
        };
        assert!(naming(&placed_on.as_str().to_uppercase()) == before);
        assert!(naming("another") != before);
    }

    #[test]
    fn what_points_to_something_is_read_from_a_lookup_object_too() {
        let lookup = |key: &str, name: &str| json!({ "Id": detail_rows()[0][key], "Name": name });
        let mut details = detail_rows();
        for row in &mut details {
            for (twin, lookup) in [
                (LANGUAGE, LANGUAGE_LOOKUP),
                (REGISTRATION_GROUP, REGISTRATION_GROUP_LOOKUP),
            ] {
                row[lookup] =
                    json!({ "Id": "37d191c6-2624-e711-80d4-00155d34082d", "Name": row[twin] });
                row[twin] = json!(null);
            }
            row[NEED] = json!({ "Id": row[NEED], "Name": row[NEED_NAME] });
            row[NEED_NAME] = json!(null);
            row[BUSINESS_UNIT] = lookup(BUSINESS_UNIT, "Gambella");
            row[INTERVENTION_ID_OLDER] = lookup(INTERVENTION_ID, "803-26");
            row[INTERVENTION_ID] = json!(null);
        }
        assert!(print(&rows(details)) == print(&rows(detail_rows())));
    }

    #[test]
    fn an_older_list_names_the_intervention_by_another_key() {
        let row = &rows(vec![
            json!({"progres_intervention": "82698a1d-aa24-ee11-9cbc-0022488b6523"}),
        ])[0];
        assert_eq!(
            listed_id(row).map(|id| id.to_string()).as_deref(),
            Some("82698a1d-aa24-ee11-9cbc-0022488b6523")
        );
    }
}

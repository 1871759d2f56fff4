//! One intervention as PING tells of it: its rows folded into one.

use std::collections::{BTreeMap, BTreeSet};

use super::keys::{
    BUSINESS_UNIT, INTERVENTION_IDS, LANGUAGE, LANGUAGE_LOOKUP, NEED, NEED_NAME, PRIMERO_ID,
    Reading, TRANSFER_STATUS_DATE, listed_id, listed_number, name, taken,
};
use super::{Place, fields};
use crate::domain::dates::instant;
use crate::domain::identifier;
use crate::domain::ids::{CaseId, InterventionId};
use crate::domain::pii::Pii;
use crate::profile::Profile;
use crate::progres::Row;
use crate::workflows::details::Naming;
use crate::workflows::source_rows::Folded;

/// How detail rows name their intervention; `texts` are the keys that are mapped as text.
pub const fn naming<'t>(texts: &'t [&'t str]) -> Naming<'t, InterventionId> {
    Naming {
        keys: INTERVENTION_IDS,
        id_of: listed_id,
        number_of: listed_number,
        texts,
    }
}

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
    pub fn fold(rows: &[Row], profile: &Profile) -> Self {
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
        let keys = fields::keys(profile);
        let said = |row: &Row, reading| -> BTreeMap<String, String> {
            let texts = keys.iter();
            let texts =
                texts.filter_map(|key| Some(((*key).to_owned(), taken(row, key, reading)?)));
            texts.collect()
        };
        let all = |reading| rows.iter().map(|row| said(row, reading)).collect();
        let as_sent: Vec<_> = all(Reading::AsBefore);
        let read: Vec<_> = all(Reading::Now);
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

    use super::super::keys::{
        FAMILY_NAME, INDIVIDUAL_NO, INTERVENTION_ID, MIDDLE_NAME, REGISTRATION_GROUP,
        REGISTRATION_GROUP_LOOKUP, SERVICE_NAME,
    };
    use super::*;
    use crate::workflows::referrals_to_primero::testing::{changed, detail_rows, profile, rows};

    fn fold(rows: &[Row]) -> SourceReferral {
        SourceReferral::fold(rows, &profile())
    }

    fn print(rows: &[Row]) -> Pii<Vec<u8>> {
        fold(rows).fingerprint_input(None)
    }

    #[test]
    fn four_rows_fold_into_one_with_each_language_and_need_once() {
        let source = fold(&rows(detail_rows()));
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
        let source = fold(&rows(details));
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
        for key in [FAMILY_NAME, PRIMERO_ID, SERVICE_NAME, LANGUAGE, NEED] {
            assert!(print(&rows(changed(key, "else"))) != before, "{key}");
        }
    }

    #[test]
    fn a_number_that_is_tidied_is_no_change_of_what_was_known_before() {
        let older = |details| fold(&rows(details)).fingerprint_input_of_older_readings(None);
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
            let source = fold(&rows(changed(PRIMERO_ID, case)));
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
            row[INTERVENTION_IDS[1]] = lookup(INTERVENTION_ID, "803-26");
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

//! Fingerprints as they were before the table of fields: a record that did not change must not look changed.

use secrecy::SecretString;
use serde_json::{Value, json};

use super::source::SourceReferral;
use super::testing::{changed, detail_rows, profile, rows};
use crate::domain::fingerprint::FingerprintKey;
use crate::domain::ids::CaseId;
use crate::domain::pii::Pii;

fn hash(input: &Pii<Vec<u8>>) -> String {
    let key = SecretString::from("an-invented-key-of-32-characters!");
    let mut hash = FingerprintKey::new(&key).fingerprint(input).hash;
    hash.truncate(16);
    hash
}

/// The fingerprint now and, where the rows were read otherwise before, the older one.
fn prints(details: Vec<Value>) -> (String, Option<String>) {
    let placed_on = CaseId::new("f59e880e-d58f-4b68-ba6e-e0616a49aefd");
    let source = SourceReferral::fold(&rows(details), &profile());
    let older = source.fingerprint_input_of_older_readings(Some(&placed_on));
    (
        hash(&source.fingerprint_input(Some(&placed_on))),
        older.as_ref().map(hash),
    )
}

/// Rows in which every key that is read has a value, most of them in their less usual spelling.
fn every_key() -> Vec<Value> {
    let mut details = detail_rows();
    for row in &mut details {
        row["progres_individual.individuals.progres_middlename"] = json!("Achan");
        row["progres_primeroid"] = json!("82698a1d-aa24-ee11-9cbc-0022488b6523");
        row["progres_individual.individuals.progres_sex"] = Value::Null;
        row["progres_individual.individuals.progres_sexname"] = json!("Female");
        row["progres_coalocationlevel3name"] = json!("Hagadera");
        row["progres_individual.progres_coalocationlevel4"] = json!("Section A");
        row["individuals.progres_coalocationlevel5"] = json!({ "Name": "Block 7" });
        row["progres_individual.individuals.progres_coalocationlevel6"] = json!("6");
        row["progres_individual.individuals.progres_primaryphonenumber"] = json!(251_911_000_001.0);
        row["progres_individual.individuals.progres_id"] = json!("803\u{2011}100016547\u{200b}");
        row["progres_interventionnumber"] = json!(" 803-26-PRTITV-1000642\u{feff}");
        row["progres_intervention"] = row["progres_lpinterventionid"].take();
        row["progres_primerotransferstatusdate"] = json!("soon");
        row["progres_language.progres_languagecodeid"] =
            json!({ "Name": row["progres_language.progres_languagecodeidname"].take() });
    }
    details
}

#[test]
fn an_unchanged_referral_has_the_fingerprint_that_it_always_had() {
    let placed = changed("progres_primeroid", "F59E880E-d58f-4b68-ba6e-e0616a49aefd");
    let mut contradicting = detail_rows();
    contradicting[1]["progres_individual.individuals.progres_dateofbirth"] = json!("2015-01-01");
    let prints = [detail_rows(), every_key(), placed, contradicting].map(prints);
    let expected = [
        ("03bdf9ffffcbf7ba", None),
        ("ad4c47d36142a8a2", Some("ae6530d9cc9290be")),
        ("03bdf9ffffcbf7ba", None),
        ("859a857b9422b76a", None),
    ];
    let expected = expected.map(|(now, older)| (now.to_owned(), older.map(str::to_owned)));
    assert_eq!(prints, expected);
}

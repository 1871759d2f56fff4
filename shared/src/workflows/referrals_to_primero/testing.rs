//! Builders for the tests of this workflow.

use serde_json::{Value, json};

use super::mapping::{Referral, map};
use super::source::SourceReferral;
use crate::domain::ids::Deployment;
use crate::engine::Fault;
use crate::profile::Profile;
use crate::progres::Row;

/// The day on which the tests take place.
pub const TODAY: jiff::civil::Date = jiff::civil::date(2026, 11, 23);

/// The profile that ships for Gambella.
pub fn profile() -> Profile {
    let profile = Profile::parse(include_str!("../../../../infra/profiles/gambella.toml"));
    let profile = profile.expect("the shipped profile has no faults");
    assert_eq!(
        profile.deployment,
        "gambella".parse::<Deployment>().expect("a name")
    );
    profile
}

/// The four rows of one invented intervention: two languages, two needs.
pub fn detail_rows() -> Vec<Value> {
    let row = |language: &str, need: &str, need_name: &str| {
        json!({
            "progres_interventionnumber": "803-26-PRTITV-1000642",
            "progres_lpinterventionid": "68b20e2a-4879-ee11-8179-000d3a43f6eb",
            "progres_businessunit": "577ccdf6-86de-e811-80d8-001dd8b71fe3",
            "progres_interventionstartdate": "2026-11-02T00:00:00Z",
            "progres_primerotransferstatusdate": "2026-11-03",
            "progres_primeroid": null,
            "progres_interventiondescription": "<p>Child lives with a neighbour &amp; needs&nbsp;care.</p>",
            "progres_reasonforreferral": "<div>Family separation</div>",
            "progres_interventiontype2.interventiontype.progres_description": "Alternative Care",
            "progres_individual.individuals.progres_id": "803-100016547",
            "progres_individual.progres_registrationgroupidname": "803-26-1009229",
            "progres_individual.individuals.progres_givenname": "Lindiwe",
            "progres_individual.individuals.progres_middlename": null,
            "progres_individual.individuals.progres_familyname": "Okello",
            "progres_individual.individuals.progres_commonyusedname": "Lindi",
            "progres_individual.individuals.progres_dateofbirth": "2014-02-28T00:00:00Z",
            "progres_individual.individuals.progres_sex": 125_080_000,
            "progres_individual.individuals.progres_primaryphonenumber": "+254700000001",
            "progres_individual.individuals.progres_coalocationlevel1": { "Name": "Garissa" },
            "progres_individual.individuals.progres_coalocationlevel2": { "Name": "Dadaab" },
            "systemuser.title": "Associate Protection Officer",
            "systemuser.su.mobilephone": "+254700000002",
            "systemuser.su.internalemailaddress": "officer@example.org",
            "progres_language.progres_languagecodeidname": language,
            "progres_specificneed.progres_spncategory2name": need_name,
            "progres_specificneed.specificneeds.progres_spncategory2": need,
        })
    };
    let separated = (
        "abc5b4fb-8f76-e611-80c9-00155d340529",
        "Unaccompanied or separated child",
    );
    let at_risk = ("a1c5b4fb-8f76-e611-80c9-00155d340529", "Child at risk");
    vec![
        row("Somali", separated.0, separated.1),
        row("Somali", at_risk.0, at_risk.1),
        row("Swahili", separated.0, separated.1),
        row("Swahili", at_risk.0, at_risk.1),
    ]
}

/// The same rows with one field changed in all of them.
pub fn changed(key: &str, value: impl Into<Value>) -> Vec<Value> {
    let value = value.into();
    let mut details = detail_rows();
    for row in &mut details {
        row[key] = value.clone();
    }
    details
}

/// Rows as the client hands them on.
pub fn rows(details: Vec<Value>) -> Vec<Row> {
    let row = |detail| match detail {
        Value::Object(fields) => Row::new(fields),
        other => panic!("{other} is no row"),
    };
    details.into_iter().map(row).collect()
}

/// What these rows map to.
pub fn mapped(details: Vec<Value>) -> Result<Referral, Fault> {
    let profile = profile();
    let source = SourceReferral::fold(&rows(details), &profile);
    map(&source, TODAY, &profile)
}

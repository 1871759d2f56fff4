//! How list rows are made from what `proGres` holds.

use serde_json::{Map, Value, json};

use super::options::ListShape;

/// Detail key → list key, in the current spelling.
const CURRENT: &[(&str, &str)] = &[
    ("progres_lpinterventionid", "progres_lpinterventionid"),
    ("progres_interventionnumber", "progres_interventionnumber"),
    (
        "progres_interventionstartdate",
        "progres_interventionstartdate",
    ),
    ("progres_businessunit", "progres_businessunit"),
    ("progres_businessunitname", "progres_businessunitname"),
    (
        "progres_individual.individuals.progres_id",
        "progres_individual.individuals.progres_id",
    ),
    (
        "progres_individual.individuals.progres_givenname",
        "progres_individual.individuals.progres_givenname",
    ),
    (
        "progres_individual.individuals.progres_sex",
        "progres_individual.individuals.progres_sex",
    ),
    (
        "progres_individual.progres_registrationgroupidname",
        "progres_individual.progres_registrationgroupidname",
    ),
];

/// The same in the older spelling.
const OLDER: &[(&str, &str)] = &[
    ("progres_lpinterventionid", "progres_intervention"),
    ("progres_interventionnumber", "progres_interventionname"),
    (
        "progres_interventionnumber",
        "progres_lpintervention.int.progres_interventionnumber",
    ),
    (
        "progres_interventionstartdate",
        "progres_lpintervention.int.progres_interventionstartdate",
    ),
    ("progres_businessunit", "progres_businessunit"),
    ("progres_businessunitname", "progres_businessunitname"),
    (
        "progres_individual.individuals.progres_id",
        "progres_individual.indiv.progres_id",
    ),
    (
        "progres_individual.individuals.progres_id",
        "progres_lpintervention.progres_individualname",
    ),
    (
        "progres_individual.individuals.progres_givenname",
        "progres_individual.indiv.progres_givenname",
    ),
    (
        "progres_individual.individuals.progres_sex",
        "progres_individual.indiv.progres_sex",
    ),
    (
        "progres_individual.progres_registrationgroupidname",
        "progres_individual.progres_registrationgroupidname",
    ),
];

/// The list row of an intervention, from the first of its detail rows. Absent values have no key, as in the
/// public samples.
pub(super) fn pending(detail: &Value, shape: ListShape) -> Value {
    let spelling = match shape {
        ListShape::Current => CURRENT,
        ListShape::Older => OLDER,
    };
    let mut row: Map<String, Value> = spelling
        .iter()
        .filter_map(|(from, to)| {
            let value = detail.get(*from).filter(|value| !value.is_null())?;
            Some(((*to).to_owned(), value.clone()))
        })
        .collect();
    row.insert("statuscode".to_owned(), json!(1));
    row.insert("progres_deliverytype".to_owned(), json!(125_080_004));
    row.insert(
        "progres_deliverytypename".to_owned(),
        json!("Primero Outgoing Referral"),
    );
    Value::Object(row)
}

/// The list row of a decision, from its details.
pub(super) fn decision(detail: &Value) -> Value {
    let keys = [
        "progres_interoperabilityreferralid",
        "progres_interoperabilityreferralnumber",
        "progres_interoperabilityreferralstatus",
        "progres_interoperabilityreferralstatusname",
    ];
    let row = keys
        .into_iter()
        .filter_map(|key| Some((key.to_owned(), detail.get(key)?.clone())))
        .collect();
    Value::Object(row)
}

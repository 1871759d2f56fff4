//! What Primero holds now and held before, and how two values are compared.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value};

use super::expected::{Home, service_id};

/// Primero's cases before and after.
pub(super) struct Found {
    pub(super) before: BTreeMap<String, Value>,
    pub(super) cases: Vec<Value>,
}

/// A service and the case that it is in.
pub(super) struct Hit<'a> {
    pub(super) case: &'a Value,
    pub(super) service: &'a Value,
}

impl Found {
    pub(super) fn new(before: Vec<Value>, cases: Vec<Value>) -> Self {
        let before = before
            .into_iter()
            .map(|case| (text(&case, "id").to_owned(), case))
            .collect();
        Self { before, cases }
    }

    pub(super) fn existed(&self, case: &Value) -> bool {
        self.before.contains_key(text(case, "id"))
    }

    /// The cases in which the service may be: the one that existed, or new ones of the individual. More
    /// than one new case is a fault of its own, found elsewhere.
    pub(super) fn homes(&self, home: &Home) -> Vec<&Value> {
        let fits = |case: &&Value| match &home.existing {
            Some(id) => text(case, "id") == id,
            None => {
                !self.existed(case)
                    && case["record_state"] != false
                    && text(case, "unhcr_individual_no") == home.individual
            }
        };
        self.cases.iter().filter(fits).collect()
    }

    /// Every service of an intervention, in whatever case: by our id, by the GUID or by the whole number.
    pub(super) fn hits(&self, intervention: &str, number: &str) -> Vec<Hit<'_>> {
        let id = service_id(intervention);
        let belongs = |service: &Value| {
            text(service, "unique_id") == id || named_by(service, intervention, number)
        };
        let mut hits = Vec::new();
        for case in &self.cases {
            let own = services(case).iter().filter(|service| belongs(service));
            hits.extend(own.map(|service| Hit { case, service }));
        }
        hits
    }
}

/// Whole parts are compared: `…1000642` is not `…10006420`.
fn named_by(service: &Value, intervention: &str, number: &str) -> bool {
    let mut parts = text(service, "progres_interventionnumber")
        .split(',')
        .map(str::trim);
    parts.next() == Some(number)
        || parts
            .next()
            .is_some_and(|guid| guid.eq_ignore_ascii_case(intervention))
}

pub(super) fn services(case: &Value) -> &[Value] {
    case["services_section"]
        .as_array()
        .map_or(&[], Vec::as_slice)
}

pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// The differences between the fields wanted and the object found, as `name: wanted …, found …`.
pub(super) fn differences<'a>(
    wanted: impl IntoIterator<Item = (&'a String, &'a Value)>,
    found: &Value,
) -> Vec<String> {
    let empty = Map::new();
    let found = found.as_object().unwrap_or(&empty);
    wanted
        .into_iter()
        .filter_map(|(name, wanted)| {
            let found = found.get(name).unwrap_or(&Value::Null);
            (!same(name, wanted, found)).then(|| format!("{name}: wanted {wanted}, found {found}"))
        })
        .collect()
}

/// Null, absent, an empty text and an empty list are all "not there". GUIDs are compared without case,
/// instants by the moment that they name.
fn same(name: &str, wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        _ if is_nothing(wanted) => is_nothing(found),
        (Value::String(wanted), Value::String(found)) => {
            let same_moment = || {
                let wanted: Option<Timestamp> = wanted.parse().ok();
                wanted.is_some() && wanted == found.parse().ok()
            };
            wanted == found
                || (holds_guid(name) && wanted.eq_ignore_ascii_case(found))
                || (name == "service_response_day_time" && same_moment())
        }
        _ => wanted == found,
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn holds_guid(name: &str) -> bool {
    matches!(
        name,
        "progres_interventionnumber" | "progres_lpinterventionid" | "progres_businessunit"
    )
}

/// Whole years between two dates: a birthday counts from its own day on.
pub(super) fn age(born: Date, today: Date) -> i16 {
    let had_birthday = (today.month(), today.day()) >= (born.month(), born.day());
    today.year() - born.year() - i16::from(!had_birthday)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use serde_json::json;

    #[test]
    fn a_birthday_counts_from_its_own_day() {
        let born = date(2014, 2, 28);
        assert_eq!(age(born, date(2026, 2, 27)), 11);
        assert_eq!(age(born, date(2026, 2, 28)), 12);
    }

    #[test]
    fn a_number_is_compared_whole() {
        let service = json!({ "progres_interventionnumber": "606-26-PRTITV-10006420" });
        assert!(!named_by(&service, "guid", "606-26-PRTITV-1000642"));
        assert!(named_by(&service, "guid", "606-26-PRTITV-10006420"));
    }

    #[test]
    fn an_instant_may_be_spelt_in_two_ways_but_a_date_may_not() {
        let (short, long) = (
            json!("2026-11-03T00:00:00Z"),
            json!("2026-11-03T00:00:00.000Z"),
        );
        assert!(same("service_response_day_time", &long, &short));
        assert!(!same("date_of_birth", &long, &short));
    }
}

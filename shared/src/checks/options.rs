//! Is every value of the code tables, both ways, and of the fixed words an option of its field?

use std::collections::BTreeMap;

use serde_json::Value;

use super::ground::{Ground, listed, unchecked};
use crate::document::spelling::{fold, nearest};
use crate::domain::check::{Check, CheckKey};
use crate::primero::{Choices, FormFields, Offered, Options};
use crate::profile::{CodeTables, Profile};
use crate::transport::GateError;

/// What the tables and the mapping have in one field.
struct Used<'p> {
    /// The table of the profile, or where else the values come from.
    source: String,
    field: &'p str,
    /// Written as they stand.
    written: Vec<&'p str>,
    /// Only read, so compared as the table is: without case and blanks.
    read: Vec<&'p str>,
    /// What stands on the other side of the table: were the sides swapped, these would be the options.
    other_side: Vec<&'p str>,
}

/// What was found, and in which fields.
#[derive(Default)]
pub struct OptionFaults {
    /// One check a table.
    pub checks: Vec<Check>,
    /// The fields of which some value is no option.
    pub fields: Vec<String>,
    /// How many values were looked at.
    pub values: usize,
}

/// Looks at every value.
pub async fn options(ground: &Ground<'_>) -> Result<OptionFaults, GateError> {
    let mut found = OptionFaults::default();
    let (Some(forms), Some(lists)) = (ground.module_forms().await?, ground.options().await?) else {
        return Ok(found);
    };
    let offered = |name: &str| offered(name, forms, lists);
    for used in used(ground.profile) {
        let Some(offered) = offered(used.field) else {
            continue;
        };
        found.values += used.written.len() + used.read.len();
        if let Some(fault) = used.fault(offered) {
            found.fields.push(used.field.to_owned());
            found
                .checks
                .push(Check::of(CheckKey::PrimeroOptions, fault));
        }
    }
    found.checks.extend(defaults(ground.profile, &offered));
    let mut unknown = lists_missing(forms, lists);
    unknown.dedup();
    if !unknown.is_empty() {
        found.checks.push(unchecked(&format!(
            "options: Primero does not show {}",
            listed(unknown)
        )));
    }
    Ok(found)
}

/// The options of a field of case or service; none where they cannot be known. Agencies have checks of their own.
fn offered<'g>(name: &str, forms: &'g FormFields, lists: &'g Options) -> Option<&'g Offered> {
    let field = forms.case.get(name).or_else(|| forms.service.get(name))?;
    match &field.choices {
        Choices::List(list) => lists.of(list),
        Choices::Own(offered) => Some(offered),
        Choices::Agencies | Choices::Unknown => None,
    }
}

/// Lists that mapped fields name and Primero does not show.
fn lists_missing(forms: &FormFields, lists: &Options) -> Vec<String> {
    let fields = FIELDS.iter().filter_map(|name| {
        let field = forms.case.get(*name).or_else(|| forms.service.get(*name))?;
        match &field.choices {
            Choices::List(list) if lists.of(list).is_none() => Some(format!("`{list}`")),
            _ => None,
        }
    });
    fields.collect()
}

const FIELDS: [&str; 7] = [
    "service_type",
    "language",
    "sex",
    "protection_concerns",
    "service_response_type",
    "service_referral",
    "unhcr_referral_status",
];

fn keys(table: &BTreeMap<String, String>) -> Vec<&str> {
    table.keys().map(String::as_str).collect()
}

fn targets(table: &BTreeMap<String, String>) -> Vec<&str> {
    table.values().map(String::as_str).collect()
}

fn used(profile: &Profile) -> Vec<Used<'_>> {
    let CodeTables {
        service_in,
        service_out,
        language_in,
        language_out,
        sex,
        needs_in,
        needs_out,
    } = &profile.tables;
    let table = |source: &str, field, written, read, other_side| Used {
        source: format!("[{source}]"),
        field,
        written,
        read,
        other_side,
    };
    let languages = targets(&language_in.entries)
        .into_iter()
        .chain([&*language_in.other]);
    let fixed = |field, words: &[&'static str]| Used {
        source: "a fixed word of the exchange".to_owned(),
        field,
        written: words.to_vec(),
        read: Vec::new(),
        other_side: Vec::new(),
    };
    let mut used = vec![
        table(
            "service_in",
            "service_type",
            targets(service_in),
            vec![],
            keys(service_in),
        ),
        table(
            "service_out",
            "service_type",
            vec![],
            keys(service_out),
            vec![],
        ),
        table(
            "language_in",
            "language",
            languages.collect(),
            vec![],
            keys(&language_in.entries),
        ),
        table(
            "language_out",
            "language",
            vec![],
            keys(language_out),
            targets(language_out),
        ),
        table(
            "sex",
            "sex",
            sex.values().map(String::as_str).collect(),
            vec![],
            vec![],
        ),
        table(
            "needs_in",
            "protection_concerns",
            targets(needs_in),
            vec![],
            keys(needs_in),
        ),
        table(
            "needs_out",
            "protection_concerns",
            vec![],
            keys(needs_out),
            vec![],
        ),
        fixed("service_response_type", &["service_provision"]),
        fixed("service_referral", &["external_referral"]),
        fixed("status", &["open"]),
        Used {
            source: "progres.agency".to_owned(),
            field: "service_request_agency",
            written: vec![&*profile.progres.agency],
            read: Vec::new(),
            other_side: Vec::new(),
        },
        fixed(
            "unhcr_referral_status",
            &["pending", "accepted", "rejected"],
        ),
    ];
    let own = profile.extra.case.iter().chain(&profile.extra.service);
    used.extend(own.map(|(field, extra)| Used {
        source: format!("codes of `{field}`"),
        field,
        written: extra.codes.values().map(String::as_str).collect(),
        read: Vec::new(),
        other_side: extra.codes.keys().map(String::as_str).collect(),
    }));
    used
}

impl Used<'_> {
    fn fault(&self, offered: &Offered) -> Option<String> {
        let mut wrong: Vec<&str> = self.written.clone();
        wrong.retain(|value| !offered.contains(value));
        let ids: Vec<(String, &str)> = offered.ids().map(|id| (fold(id), id)).collect();
        let is_known = |value: &str| ids.iter().any(|(known, _)| *known == fold(value));
        wrong.extend(self.read.iter().filter(|value| !is_known(value)));
        wrong.sort_unstable();
        wrong.dedup();
        if wrong.is_empty() {
            return None;
        }
        let swapped: Vec<&&str> = (self.other_side.iter())
            .filter(|value| offered.contains(value))
            .collect();
        if let Some(example) = swapped.first() {
            return Some(format!(
                "{}: {} no option of `{}`, but `{example}` on the other side is: the two sides look swapped",
                self.source,
                are(wrong.iter().map(|value| format!("`{value}`"))),
                self.field,
            ));
        }
        let told = wrong.iter().map(|value| told(value, offered));
        Some(format!(
            "{}, `{}`: {}",
            self.source,
            self.field,
            listed(told)
        ))
    }
}

fn are(values: impl Iterator<Item = String>) -> String {
    let values: Vec<String> = values.collect();
    let verb = if values.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", listed(values))
}

fn told(value: &str, offered: &Offered) -> String {
    if offered.is_switched_off(value) {
        return format!("`{value}` is switched off");
    }
    match nearest(value, offered.ids()) {
        Some(near) => format!("`{value}` is no option; did you mean `{near}`?"),
        None => format!("`{value}` is no option"),
    }
}

/// Defaults of fields that have options.
fn defaults<'g>(
    profile: &Profile,
    offered: &impl Fn(&str) -> Option<&'g Offered>,
) -> Option<Check> {
    let primero = &profile.primero;
    let all = primero
        .case_defaults
        .iter()
        .chain(&primero.service_defaults);
    let wrong = all.flat_map(|(name, value)| {
        let values = match value {
            Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
            Value::String(value) => vec![value.as_str()],
            _ => Vec::new(),
        };
        let offered = offered(name);
        let wrong = values
            .into_iter()
            .filter_map(move |value| Some((value, offered?)))
            .filter(|(value, offered)| !offered.contains(value));
        wrong.map(move |(value, offered)| format!("`{name}`: {}", told(value, offered)))
    });
    let wrong: Vec<String> = wrong.collect();
    (!wrong.is_empty()).then(|| Check::of(CheckKey::PrimeroDefaults, listed(wrong)))
}

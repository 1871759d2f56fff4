//! Filters of `GET /api/v2/cases`, with the server's habit of dropping what it does not like.

use super::access::may_read;
use super::cast::{Cast, cast, is_never_found, refuse_null_byte};
use super::error_body::Refusal;
use super::forms::{Forms, Kind};
use super::moment::read_instant;
use super::query_string::{Parameter, QueryString};
use super::state::{Case, CaseBook};
use super::time_range::{TimeRange, read_range};
use super::users::User;
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

/// Parameters of a listing that are no filters.
const NO_FILTERS: [&str; 7] = [
    "fields",
    "page",
    "per",
    "order_by",
    "order",
    "query",
    "id_search",
];

/// Fields that a search by text looks into.
const SEARCHED: [&str; 9] = [
    "short_id",
    "case_id_display",
    "unhcr_individual_no",
    "unhcr_id_no",
    "national_id_no",
    "name",
    "name_first",
    "name_last",
    "name_nickname",
];

/// What must hold for a case to be listed.
#[derive(Debug)]
pub(super) enum Condition {
    Is(Test),
    IsNot(Test),
    AnyOf(Vec<Test>),
    Mentions(String),
    /// The database refuses the whole question, and the server answers that it found nothing.
    Never,
}

/// One field against one criterion.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Test {
    field: String,
    criterion: Criterion,
}

#[derive(Debug, PartialEq, Eq)]
enum Criterion {
    OneOf(Vec<String>),
    Numbers(i64, i64),
    Times(TimeRange),
    /// One of these numbers, and no text of the same digits.
    NumbersOnly(Vec<String>),
    /// A number of this range.
    NumbersFrom(i128, Option<i128>),
    Truth(bool),
    Nothing,
    /// Not a question that the database understands.
    Broken,
    /// No condition at all.
    Blank,
}

/// The conditions that the server takes from a query; the others are dropped without a word.
pub(super) fn read(
    query: &QueryString,
    user: &User,
    forms: &Forms,
) -> Result<Vec<Condition>, Refusal> {
    let mut conditions = Vec::new();
    let mut any_of = Vec::new();
    let mut lists: Vec<(&str, Vec<String>)> = Vec::new();
    for parameter in query.parameters() {
        let keys: Vec<&str> = parameter.keys.iter().map(String::as_str).collect();
        match (parameter.name.as_str(), keys.as_slice()) {
            (name, _) if NO_FILTERS.contains(&name) => {}
            ("or", ["", ..]) => {}
            ("or", [.., field]) => any_of.extend(loose_test(field, parameter, forms)?),
            ("not", [field]) => {
                conditions.extend(loose_test(field, parameter, forms)?.map(Condition::IsNot));
            }
            (name, _) if !may_read(name, user, forms) => {}
            (name, []) => {
                let criterion = criterion(name, &parameter.value, forms)?;
                conditions.extend(criterion.map(|c| Condition::Is(Test::new(name, c))));
            }
            (name, [index]) if is_index(index) && takes_list(name, forms) => {
                match lists.iter_mut().find(|(field, _)| *field == name) {
                    Some((_, values)) => values.push(parameter.value.clone()),
                    None => lists.push((name, vec![parameter.value.clone()])),
                }
            }
            _ => {}
        }
    }
    let one_of = |(name, values)| Condition::Is(Test::new(name, Criterion::OneOf(values)));
    conditions.extend(lists.into_iter().map(one_of));
    conditions.extend(any(any_of));
    conditions.retain(|condition| !condition.is_blank());
    if conditions.iter().any(Condition::is_broken) {
        conditions = vec![Condition::Never];
    }
    conditions.extend(
        query
            .plain("query")
            .map(|text| Condition::Mentions(text.to_lowercase())),
    );
    Ok(conditions)
}

/// Alternatives: one that asks nothing leaves nothing to ask if it stands alone, and no question if it stands among others.
fn any(tests: Vec<Test>) -> Option<Condition> {
    let blank = tests.iter().any(|test| test.criterion == Criterion::Blank);
    match tests.len() {
        0 => None,
        1 if blank => None,
        _ if blank => Some(Condition::Never),
        _ => Some(Condition::AnyOf(tests)),
    }
}

impl Condition {
    fn tests(&self) -> &[Test] {
        match self {
            Self::Is(test) | Self::IsNot(test) => std::slice::from_ref(test),
            Self::AnyOf(tests) => tests,
            Self::Mentions(_) | Self::Never => &[],
        }
    }

    fn is_broken(&self) -> bool {
        let mut tests = self.tests().iter();
        matches!(self, Self::Never) || tests.any(|test| test.criterion == Criterion::Broken)
    }

    fn is_blank(&self) -> bool {
        let is = |test: &Test| test.criterion == Criterion::Blank;
        matches!(self, Self::Is(test) | Self::IsNot(test) if is(test))
    }

    /// How many alternatives the database has to look for.
    pub(super) fn alternatives(&self) -> usize {
        match self {
            Self::AnyOf(tests) => tests.len(),
            _ => 0,
        }
    }

    pub(super) fn holds(&self, case: &Case, forms: &Forms) -> bool {
        match self {
            Self::Is(test) => test.holds(case, forms),
            Self::IsNot(test) => !test.holds(case, forms),
            Self::AnyOf(tests) => tests.iter().any(|test| test.holds(case, forms)),
            Self::Never => false,
            Self::Mentions(text) => {
                let mut texts = SEARCHED.iter().filter_map(|field| case.text(field));
                texts.any(|value| value.to_lowercase().contains(text))
            }
        }
    }

    /// Positions of all cases that could hold, when an index can tell; sorted, each once.
    pub(super) fn candidates(&self, cases: &CaseBook) -> Option<Vec<usize>> {
        let tests = match self {
            Self::Is(test) => std::slice::from_ref(test),
            Self::AnyOf(tests) => tests,
            Self::Never => return Some(Vec::new()),
            Self::IsNot(_) | Self::Mentions(_) => return None,
        };
        let mut positions = Vec::new();
        for test in tests {
            match &test.criterion {
                Criterion::Nothing | Criterion::Broken => {}
                Criterion::OneOf(values) if CaseBook::is_indexed(&test.field) => {
                    let found = values
                        .iter()
                        .filter_map(|v| cases.positions(&test.field, v));
                    positions.extend(found.flatten());
                }
                _ => return None,
            }
        }
        positions.sort_unstable();
        positions.dedup();
        Some(positions)
    }
}

impl Test {
    fn new(field: &str, criterion: Criterion) -> Self {
        Self {
            field: field.to_owned(),
            criterion,
        }
    }

    fn holds(&self, case: &Case, forms: &Forms) -> bool {
        match &self.criterion {
            Criterion::Nothing | Criterion::Broken => false,
            Criterion::Blank => true,
            Criterion::NumbersOnly(numbers) => case.fields.get(&self.field).is_some_and(
                |value| matches!(value, Value::Number(one) if numbers.contains(&one.to_string())),
            ),
            Criterion::NumbersFrom(from, to) => {
                let number = case.fields.get(&self.field).and_then(Value::as_i64);
                number
                    .map(i128::from)
                    .is_some_and(|number| *from <= number && to.is_none_or(|to| number <= to))
            }
            Criterion::Truth(truth) => {
                let value = case
                    .fields
                    .get(&self.field)
                    .filter(|value| !value.is_null());
                let says = |value: &Value| match value {
                    Value::Bool(said) => said == truth,
                    Value::String(text) => *text == truth.to_string(),
                    _ => false,
                };
                value.map_or(!truth, says)
            }
            Criterion::Times(range) => {
                time_of(case, &self.field, forms).is_some_and(|at| range.contains(at))
            }
            Criterion::Numbers(from, to) => {
                let number = case.fields.get(&self.field).and_then(Value::as_i64);
                number.is_some_and(|number| (*from..=*to).contains(&number))
            }
            Criterion::OneOf(wanted) => match case.fields.get(&self.field) {
                Some(Value::Array(items)) => items.iter().any(|item| is_among(item, wanted)),
                Some(value) => is_among(value, wanted),
                None => false,
            },
        }
    }
}

/// A test inside `or` and `not`: no check of the role, every value is cast, and a field that nobody knows matches nothing instead of
/// being dropped.
fn loose_test(field: &str, parameter: &Parameter, forms: &Forms) -> Result<Option<Test>, Refusal> {
    let value = &parameter.value;
    let criterion = match style(field, forms) {
        Style::Exact | Style::List => Some(cast_criterion(value)?),
        Style::Id if !comma_list(value).iter().all(|id| is_uuid(id)) => Some(Criterion::Broken),
        _ => criterion(field, value, forms)?,
    };
    Ok(criterion.map(|criterion| Test::new(field, criterion)))
}

fn cast_criterion(value: &str) -> Result<Criterion, Refusal> {
    Ok(match cast(value)? {
        Cast::Texts(texts) => Criterion::OneOf(texts),
        Cast::Numbers(numbers) => Criterion::NumbersOnly(numbers),
        Cast::Range(from, to) => Criterion::NumbersFrom(from, to),
        Cast::Truth(truth) => Criterion::Truth(truth),
        Cast::Nothing => Criterion::Blank,
        Cast::Broken => Criterion::Broken,
    })
}

/// At top level the value of an id field stays the text that it is; some texts no question can hold.
fn exact(value: &str) -> Result<Criterion, Refusal> {
    refuse_null_byte(value)?;
    if is_never_found(value) {
        return Ok(Criterion::Nothing);
    }
    Ok(Criterion::OneOf(vec![value.to_owned()]))
}

enum Style {
    Id,
    Time,
    Number,
    List,
    Exact,
    Subform,
}

fn style(field: &str, forms: &Forms) -> Style {
    match (field, forms.kind(field)) {
        ("id", _) => Style::Id,
        ("created_at" | "last_updated_at", _) | (_, Some(Kind::Date | Kind::DateTime)) => {
            Style::Time
        }
        (_, Some(Kind::Number)) => Style::Number,
        (_, Some(Kind::Subform)) => Style::Subform,
        ("record_state" | "short_id" | "case_id_display", _)
        | (_, Some(Kind::Text | Kind::Tick)) => Style::Exact,
        (_, Some(Kind::Select { .. }) | None) => Style::List,
    }
}

/// `None` means that the server drops the filter.
fn criterion(field: &str, value: &str, forms: &Forms) -> Result<Option<Criterion>, Refusal> {
    Ok(match style(field, forms) {
        Style::Subform => None,
        Style::Time => match read_range(value)? {
            Some(range) => Some(Criterion::Times(range)),
            None if is_index(value.trim_end_matches("..")) => Some(Criterion::Nothing),
            None => None,
        },
        Style::Id => Some(id_list(value)),
        Style::Number => Some(number_range(value)),
        Style::List => Some(Criterion::OneOf(comma_list(value))),
        Style::Exact => Some(exact(value)?),
    })
}

/// One malformed id spoils the whole list: the database refuses it, the server answers "none".
fn id_list(value: &str) -> Criterion {
    let ids = comma_list(value);
    if !ids.iter().all(|id| is_uuid(id)) {
        return Criterion::Nothing;
    }
    Criterion::OneOf(ids)
}

fn is_uuid(text: &str) -> bool {
    Uuid::try_parse(text).is_ok()
}

fn number_range(value: &str) -> Criterion {
    let ends = value
        .split_once("..")
        .map(|(from, to)| (from.parse(), to.parse()));
    match ends {
        Some((Ok(from), Ok(to))) => Criterion::Numbers(from, to),
        _ => Criterion::OneOf(vec![value.to_owned()]),
    }
}

fn comma_list(value: &str) -> Vec<String> {
    value.split(',').map(str::to_owned).collect()
}

fn is_index(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn takes_list(field: &str, forms: &Forms) -> bool {
    matches!(style(field, forms), Style::List)
}

fn is_among(value: &Value, wanted: &[String]) -> bool {
    match value {
        Value::String(text) => wanted.contains(text),
        Value::Number(_) | Value::Bool(_) => wanted.contains(&value.to_string()),
        _ => false,
    }
}

fn time_of(case: &Case, field: &str, forms: &Forms) -> Option<Timestamp> {
    match field {
        "created_at" => Some(case.created_at),
        "last_updated_at" => Some(case.last_updated_at),
        _ if forms.kind(field) == Some(&Kind::Date) => {
            read_instant(&format!("{}T00:00:00Z", case.text(field)?))
        }
        _ => read_instant(case.text(field)?),
    }
}

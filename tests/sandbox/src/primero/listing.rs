//! `GET /api/v2/cases`: filters, order, pages.

use super::access::{SHORT, View, view_in_list};
use super::error_body::Refusal;
use super::filters::{self, Condition};
use super::forms::Forms;
use super::query_string::QueryString;
use super::server::Answer;
use super::state::{Case, State};
use super::users::User;
use serde_json::{Value, json};
use std::cmp::Ordering;

const DEFAULT_PER: i64 = 20;
const MOST_PER: i64 = 1000;

pub(super) fn list(state: &State, by: View<'_>, query: &QueryString) -> Result<Answer, Refusal> {
    let page = Page::read(query)?;
    let conditions = filters::read(query, by.user, by.forms)?;
    let mut found = matching(state, &conditions, by.user, by.forms);
    sort(&mut found, query, page);
    let asked = asked_fields(query);
    let rows: Vec<Value> = page
        .cut(found.iter())
        .map(|case| view_in_list(case, asked.as_deref(), by))
        .collect();
    Ok(Answer::unchanged(
        json!({ "data": rows, "metadata": page.metadata(found.len()) }),
    ))
}

/// The fields to show: those of `fields=`, or the short set, or (`None`) all.
pub(super) fn asked_fields(query: &QueryString) -> Option<Vec<&str>> {
    if query.plain("id_search") == Some("true") {
        return Some(SHORT.to_vec());
    }
    match query.plain("fields") {
        None => None,
        Some("short") => Some(SHORT.to_vec()),
        Some(names) => Some(names.split(',').collect()),
    }
}

/// `per` and `page`, read as Ruby reads numbers: a word counts as 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    per: i64,
    number: i64,
    skip: usize,
    take: usize,
}

impl Page {
    pub(super) fn read(query: &QueryString) -> Result<Self, Refusal> {
        let number = |name, default| query.plain(name).map_or(default, leading_number);
        let per = number("per", DEFAULT_PER).min(MOST_PER);
        let page = number("page", 1);
        let take = usize::try_from(per)
            .map_err(|_| postgres("InvalidRowCountInLimitClause", "LIMIT must not be negative"))?;
        let skip = usize::try_from((page - 1).saturating_mul(per)).map_err(|_| {
            postgres(
                "InvalidRowCountInResultOffsetClause",
                "OFFSET must not be negative",
            )
        })?;
        Ok(Self {
            per,
            number: page,
            skip,
            take,
        })
    }

    pub(super) fn cut<T>(self, rows: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
        rows.skip(self.skip).take(self.take)
    }

    pub(super) fn metadata(self, total: usize) -> Value {
        json!({ "total": total, "per": self.per, "page": self.number })
    }
}

fn matching<'s>(
    state: &'s State,
    conditions: &[Condition],
    user: &User,
    forms: &Forms,
) -> Vec<&'s Case> {
    let fits = |case: &&Case| {
        state.opens(case, user)
            && conditions
                .iter()
                .all(|condition| condition.holds(case, forms))
    };
    let cases = &state.cases;
    let all = cases.all();
    match conditions
        .iter()
        .find_map(|condition| condition.candidates(cases))
    {
        Some(positions) => positions.iter().map(|at| &all[*at]).filter(fits).collect(),
        None => all.iter().filter(fits).collect(),
    }
}

/// Newest first unless asked otherwise. There is no tie-breaker on the real server; here the order
/// of creation breaks ties, so that tests repeat.
fn sort(found: &mut [&Case], query: &QueryString, page: Page) {
    let field = query.plain("order_by").unwrap_or("created_at");
    match field {
        "created_at" => found.sort_by_key(|case| case.created_at),
        "last_updated_at" => found.sort_by_key(|case| case.last_updated_at),
        _ if found
            .iter()
            .all(|case| case.fields.get(field).is_none_or(Value::is_null)) =>
        {
            return keep_heap_order(found, page);
        }
        _ => found.sort_by(|a, b| compare(a.fields.get(field), b.fields.get(field))),
    }
    if query.plain("order") != Some("asc") {
        found.reverse();
    }
}

/// Nothing to sort by: the database keeps the first rows it meets in a heap and empties it from
/// the end. With fewer rows than the page takes there is no heap.
fn keep_heap_order(found: &mut [&Case], page: Page) {
    let kept = page.skip.saturating_add(page.take);
    if kept < found.len() {
        found[..kept].reverse();
    }
}

/// Absent values come last, as in an ascending order of the database.
fn compare(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    match (a.filter(|v| !v.is_null()), b.filter(|v| !v.is_null())) {
        (Some(Value::Number(a)), Some(Value::Number(b))) => a
            .as_f64()
            .partial_cmp(&b.as_f64())
            .unwrap_or(Ordering::Equal),
        (Some(Value::String(a)), Some(Value::String(b))) => a.cmp(b),
        (Some(a), Some(b)) => a.to_string().cmp(&b.to_string()),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

fn leading_number(text: &str) -> i64 {
    let end = text
        .char_indices()
        .find(|(at, c)| !(c.is_ascii_digit() || (*at == 0 && *c == '-')));
    text[..end.map_or(text.len(), |(at, _)| at)]
        .parse()
        .unwrap_or(0)
}

fn postgres(class: &str, message: &str) -> Refusal {
    Refusal::ServerError(format!("PG::{class}: ERROR:  {message}\n"))
}

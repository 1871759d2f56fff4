//! Lists and details, page by page.
//!
//! A page is cut from what is there *now*: when records leave the list between two pages, the rest moves up
//! and rows are skipped, as with any offset paging over a list that shrinks.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Ping;
use super::body::{Body, Refusal, parse};
use super::options::Nothing;
use super::rows;
use super::state::{self, State as Held, canonical};
use crate::wire::json_answer;

const KNOWN_KEYS: &[&str] = &[
    "ShippingProcessId",
    "PartnerId",
    "InteropID",
    "APIVersion",
    "QueryParameters",
    "PagingCookie",
    "PageNumber",
];

pub(super) async fn retrieve(State(ping): State<Ping>, bytes: Bytes) -> Response {
    let transaction = ping.new_id();
    match page(&ping, &bytes) {
        Ok(page) => page.into_answer(transaction, ping.options().nothing),
        Err(refusal) => refusal.into_answer(transaction),
    }
}

struct Page {
    rows: Vec<Value>,
    number: usize,
    /// Absent on the last page.
    cookie: Option<String>,
}

impl Page {
    fn into_answer(self, transaction: Uuid, nothing: Nothing) -> Response {
        if self.rows.is_empty() {
            return nothing_there(transaction, nothing);
        }
        json_answer(
            StatusCode::OK,
            &json!({
                "RecordCount": self.rows.len(),
                "Data": self.rows,
                "ErrorMessage": null,
                "SPHTransactionId": transaction,
                "PagingSummary": {
                    "IsMoreRecordsAvailable": self.cookie.is_some(),
                    "PagingCookie": self.cookie,
                    "PageNumber": self.number,
                },
            }),
        )
    }
}

fn nothing_there(transaction: Uuid, nothing: Nothing) -> Response {
    let mut answer = json!({
        "ErrorMessage": null,
        "RecordCount": null,
        "SPHTransactionId": transaction,
        "PagingSummary": null,
    });
    let data = match nothing {
        Nothing::Words => Some(json!("No Data Available")),
        Nothing::Null => Some(Value::Null),
        Nothing::EmptyList => Some(json!([])),
        Nothing::Absent => None,
    };
    if let Some(data) = data {
        answer["Data"] = data;
    }
    json_answer(StatusCode::OK, &answer)
}

fn page(ping: &Ping, bytes: &[u8]) -> Result<Page, Refusal> {
    let members = parse(bytes)?;
    let body = Body::of(&members, "request", KNOWN_KEYS)?;
    let options = ping.options();
    body.expect("PartnerId", &options.partner_id)?;
    body.expect("InteropID", &options.interop_id)?;
    body.expect("APIVersion", &options.retrieval_api_version)?;
    let process = body.text("ShippingProcessId")?;
    let ids = record_ids(&body)?;
    let shipping = &options.shipping;

    let query = format!(
        "{process} {}",
        members.get("QueryParameters").unwrap_or(&Value::Null)
    );

    let mut held = ping.state();
    let number = page_number(&held, &body, &query)?;
    let (list, details) = (held.list_page_rows, held.details_page_rows);
    let (rows, more) = if process == shipping.pending_referrals {
        refuse_parameters(ids.as_deref())?;
        let shape = options.list_shape;
        cut(pending(&held), number, list, |row| {
            rows::pending(row, shape)
        })
    } else if process == shipping.referral_decisions {
        refuse_parameters(ids.as_deref())?;
        let listed = decisions(&held, options.list_synced_decisions);
        cut(listed, number, list, rows::decision)
    } else if process == shipping.intervention_details {
        let found = intervention_details(&held, ids)?;
        cut(found.into_iter(), number, details, Value::clone)
    } else if process == shipping.decision_details {
        let found = decision_details(&held, ids)?;
        cut(found.into_iter(), number, details, Value::clone)
    } else {
        return Err(body.fault("ShippingProcessId", "is not known for this partner"));
    };
    let cookie = more.then(|| issue_cookie(&mut held, number, query));
    Ok(Page {
        rows,
        number,
        cookie,
    })
}

/// The page asked for. Any but the first needs the cookie of the same query.
fn page_number(held: &Held, body: &Body<'_>, query: &str) -> Result<usize, Refusal> {
    let number = match body.get("PageNumber") {
        None => 0,
        Some(number) => number
            .as_u64()
            .and_then(|number| usize::try_from(number).ok())
            .ok_or_else(|| body.fault("PageNumber", "must be a whole number"))?,
    };
    let cookie = body.get("PagingCookie").and_then(Value::as_str);
    let issued = cookie.and_then(|cookie| held.cookies.get(cookie));
    let fits = match (number, cookie) {
        (0, None) => true,
        _ => issued.is_some_and(|issued| issued == query),
    };
    if fits {
        Ok(number)
    } else {
        Err(body.fault("PagingCookie", "does not belong to this query and page"))
    }
}

/// The rows of one page, and whether more follow. Only these rows are shaped: lists may be long.
fn cut<'a>(
    rows: impl Iterator<Item = &'a Value>,
    number: usize,
    page_rows: usize,
    shape: impl Fn(&Value) -> Value,
) -> (Vec<Value>, bool) {
    let page_rows = page_rows.max(1);
    let mut rows = rows.skip(number.saturating_mul(page_rows));
    let page = rows.by_ref().take(page_rows).map(shape).collect();
    (page, rows.next().is_some())
}

fn issue_cookie(held: &mut Held, number: usize, query: String) -> String {
    let place = held.cookies.len();
    let cookie = format!(
        r#"<cookie page="{}"><row last="{{{place}}}" /></cookie>"#,
        number + 1
    );
    held.cookies.insert(cookie.clone(), query);
    cookie
}

/// `{record_ids}` as one id or `[a,b]`; absent where no parameter was sent.
fn record_ids(body: &Body<'_>) -> Result<Option<Vec<String>>, Refusal> {
    let [parameter] = body.list("QueryParameters")? else {
        return match body.list("QueryParameters")?.len() {
            0 => Ok(None),
            _ => Err(body.fault("QueryParameters", "takes one parameter")),
        };
    };
    let parameter = Body::of_value(
        parameter,
        "request.QueryParameters[0]",
        &["ParameterName", "Value"],
    )?;
    parameter.expect("ParameterName", "{record_ids}")?;
    let value = parameter.text("Value")?;
    let list = value
        .strip_prefix('[')
        .and_then(|value| value.strip_suffix(']'))
        .unwrap_or(value);
    Ok(Some(list.split(',').map(canonical).collect()))
}

/// A known remark about the real lists: "query params fail".
fn refuse_parameters(ids: Option<&[String]>) -> Result<(), Refusal> {
    match ids {
        None => Ok(()),
        Some(_) => Err(Refusal::message(
            "query parameters are not supported by this process",
        )),
    }
}

fn pending(held: &Held) -> impl Iterator<Item = &Value> {
    held.interventions
        .iter()
        .filter(|intervention| intervention.is_pending())
        .filter_map(|intervention| intervention.rows.first())
}

fn decisions(held: &Held, with_synced: bool) -> impl Iterator<Item = &Value> {
    held.referrals
        .iter()
        .filter_map(|referral| referral.decision.as_ref())
        .filter(move |decision| {
            with_synced
                || state::digits(&decision["progres_interoperabilityreferralstatus"]).as_deref()
                    != Some(state::code::SYNCED)
        })
}

/// Ids as GUIDs; one that is none, or that was declared poisoned, fails the whole batch.
fn checked(held: &Held, ids: Option<Vec<String>>) -> Result<Vec<(String, Uuid)>, Refusal> {
    let ids = ids.ok_or_else(|| Refusal::message("parameter {record_ids} is missing"))?;
    ids.into_iter()
        .map(|id| match Uuid::try_parse(&id) {
            Ok(guid) if id.len() == 36 && !held.poisoned.contains(&id) => Ok((id, guid)),
            _ => Err(Refusal::message(
                "An error occurred while retrieving the records",
            )),
        })
        .collect()
}

/// An id that was never there fails the batch; a record that was withdrawn since it was listed has no rows.
fn intervention_details(held: &Held, ids: Option<Vec<String>>) -> Result<Vec<&Value>, Refusal> {
    let mut rows = Vec::new();
    for (id, _) in checked(held, ids)? {
        match held.intervention(&id) {
            Some(intervention) if intervention.withdrawn => {}
            Some(intervention) => rows.extend(&intervention.rows),
            None => return Err(Refusal::message("a record does not exist")),
        }
    }
    Ok(rows)
}

fn decision_details(held: &Held, ids: Option<Vec<String>>) -> Result<Vec<&Value>, Refusal> {
    let mut rows = Vec::new();
    for (_, id) in checked(held, ids)? {
        match held.referral(id) {
            Some(referral) => rows.extend(&referral.decision),
            None => return Err(Refusal::message("a record does not exist")),
        }
    }
    Ok(rows)
}

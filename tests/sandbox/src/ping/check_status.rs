//! What became of an ingestion call.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Ping;
use super::body::{Body, Refusal, parse};
use super::options::StatusShape;
use super::state::{RecordResult, Transaction};
use crate::wire::json_answer;

pub(super) async fn check(State(ping): State<Ping>, bytes: Bytes) -> Response {
    match look_up(&ping, &bytes) {
        Ok((transaction, data, records)) => json_answer(
            StatusCode::OK,
            &json!({
                "Data": data,
                "ErrorMessage": null,
                "RecordCount": records,
                "SPHTransactionId": transaction,
            }),
        ),
        Err(refusal) => refusal.into_answer(ping.new_id()),
    }
}

fn look_up(ping: &Ping, bytes: &[u8]) -> Result<(Uuid, Value, usize), Refusal> {
    let members = parse(bytes)?;
    let known = &[
        "ShippingProcessId",
        "InteropID",
        "PartnerId",
        "SPHTransactionId",
    ];
    let body = Body::of(&members, "request", known)?;
    body.expect("InteropID", &ping.options().interop_id)?;
    body.expect("PartnerId", &ping.options().partner_id)?;
    let process = body.text("ShippingProcessId")?;
    let unknown = || body.fault("SPHTransactionId", "no such transaction");
    let id = Uuid::try_parse(body.text("SPHTransactionId")?).map_err(|_| unknown())?;

    let mut held = ping.state();
    let transaction = held
        .transactions
        .get_mut(&id)
        .filter(|transaction| transaction.shipping_process == process)
        .ok_or_else(unknown)?;
    if transaction.checks_left > 0 {
        transaction.checks_left -= 1;
        let interim = ping.options().interim_word.as_deref();
        let records = usize::from(interim.is_some());
        return Ok((id, not_yet(id, interim), records));
    }
    let data = finished(id, transaction, ping.options().status_shape);
    Ok((id, data, transaction.results.len()))
}

fn not_yet(id: Uuid, interim: Option<&str>) -> Value {
    match interim {
        None => Value::Null,
        Some(word) => {
            json!([{ "SPHTransactionId": id, "Status": word, "Data": null, "ErrorMessage": "" }])
        }
    }
}

fn finished(id: Uuid, transaction: &Transaction, shape: StatusShape) -> Value {
    let results = transaction.results.iter();
    match shape {
        StatusShape::Records => results.map(|result| record(id, result)).collect(),
        StatusShape::AlmostJson => {
            let records: Vec<String> = results.map(|result| almost_json(id, result)).collect();
            Value::String(format!("[{}]", records.join(",")))
        }
    }
}

fn record(id: Uuid, result: &RecordResult) -> Value {
    json!({
        "SPHTransactionId": id,
        "Status": status_word(result),
        "Data": inner(result).to_string(),
        "ErrorMessage": result.rejected.as_deref().unwrap_or_default(),
    })
}

/// The defect of the real answer: the quotes inside `Data` are not escaped.
fn almost_json(id: Uuid, result: &RecordResult) -> String {
    format!(
        r#"{{"SPHTransactionId":"{id}","Status":"{}","Data":"{}","ErrorMessage":{}}}"#,
        status_word(result),
        inner(result),
        json!(result.rejected.as_deref().unwrap_or_default()),
    )
}

fn inner(result: &RecordResult) -> Value {
    let (name, id) = &result.key;
    let message = if result.rejected.is_none() {
        "Record created"
    } else {
        "Record not created"
    };
    json!({ (*name): id, "Message": message })
}

fn status_word(result: &RecordResult) -> &'static str {
    if result.rejected.is_none() {
        "Success"
    } else {
        "Failed"
    }
}

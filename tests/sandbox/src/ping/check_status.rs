//! What became of an ingestion call.

use axum::Extension;
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
use crate::faults::Fault;
use crate::wire::{HandlersFault, json_answer};

pub(super) async fn check(
    State(ping): State<Ping>,
    fault: Option<Extension<HandlersFault>>,
    bytes: Bytes,
) -> Response {
    let telling = Telling {
        shape: ping.options().status_shape,
        fault: fault.map(|Extension(HandlersFault(fault))| fault),
    };
    match look_up(&ping, &bytes, &telling) {
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

fn look_up(ping: &Ping, bytes: &[u8], telling: &Telling) -> Result<(Uuid, Value, usize), Refusal> {
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
    if transaction.checks_left > 0 || telling.fault == Some(Fault::NotYet) {
        transaction.checks_left = transaction.checks_left.saturating_sub(1);
        let interim = ping.options().interim_word.as_deref();
        let records = usize::from(interim.is_some());
        return Ok((id, not_yet(id, interim), records));
    }
    let data = telling.finished(id, transaction);
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

/// How a finished transaction is told of.
struct Telling {
    shape: StatusShape,
    fault: Option<Fault>,
}

impl Telling {
    fn finished(&self, id: Uuid, transaction: &Transaction) -> Value {
        let results = transaction.results.iter();
        if self.fault == Some(Fault::UnreadableStatus) {
            return json!(format!(r#"[{{"SPHTransactionId":"{id}","Status":"Succ"#));
        }
        match self.shape {
            StatusShape::Records => results.map(|result| self.record(id, result)).collect(),
            StatusShape::AlmostJson => {
                let records: Vec<String> =
                    results.map(|result| self.almost_json(id, result)).collect();
                Value::String(format!("[{}]", records.join(",")))
            }
        }
    }

    fn record(&self, id: Uuid, result: &RecordResult) -> Value {
        json!({
            "SPHTransactionId": id,
            "Status": self.word(result),
            "Data": self.inner(result).to_string(),
            "ErrorMessage": result.rejected.as_deref().unwrap_or_default(),
        })
    }

    /// The defect of the real answer: the quotes inside `Data` are not escaped.
    fn almost_json(&self, id: Uuid, result: &RecordResult) -> String {
        format!(
            r#"{{"SPHTransactionId":"{id}","Status":"{}","Data":"{}","ErrorMessage":{}}}"#,
            self.word(result),
            self.inner(result),
            json!(result.rejected.as_deref().unwrap_or_default()),
        )
    }

    fn inner(&self, result: &RecordResult) -> Value {
        let (name, id) = &result.key;
        let message = if result.rejected.is_none() {
            "Record created"
        } else {
            "Record not created"
        };
        let mut inner = json!({ "Message": message });
        if self.fault != Some(Fault::StatusWithoutIds) {
            inner[*name] = json!(id);
        }
        inner
    }

    fn word(&self, result: &RecordResult) -> &str {
        match (&result.rejected, &self.fault) {
            (Some(_), _) => "Failed",
            (None, Some(Fault::StatusWord { word })) => word,
            (None, _) => "Success",
        }
    }
}

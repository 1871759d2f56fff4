//! Asking PING what it answers to each operation, and keeping of that the shape alone: keys, types and counts, never a value.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::envelope::Envelope;
use super::keys::folded;
use super::row::Row;
use super::{PingClient, text};
use crate::clock::until;
use crate::transport::{GateError, Repeat};

/// Letters of a status word that is kept; anything longer is no word.
const LONGEST_WORD: usize = 30;

/// An answer of PING without any value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Shape {
    /// HTTP status; none without an answer.
    pub http_status: Option<u16>,
    /// How long it took.
    pub milliseconds: u64,
    /// Each key by its path, with the types that stood there and how often. `[]` stands for the entries of a list.
    pub keys: BTreeMap<String, BTreeMap<&'static str, u64>>,
    /// What identifiers look like: `guid`, `GUID`, `{guid}`, `digits` or `text`, by path.
    pub identifiers: BTreeMap<String, BTreeSet<&'static str>>,
    /// Status words of checkstatus.
    pub status_words: BTreeSet<String>,
}

/// What one question brought.
#[derive(Debug)]
pub struct Probed {
    /// The first page of rows.
    pub rows: Result<Vec<Row>, GateError>,
    /// Whether more pages are announced.
    pub more: bool,
    /// What the answer looked like.
    pub shape: Shape,
}

impl PingClient {
    /// Whether the gateway refused a call under a token that had just been granted: most likely its subscription key is wrong.
    #[must_use]
    pub fn refused_token(&self) -> bool {
        self.refused_token.load(Ordering::Relaxed)
    }

    /// Signs in, if that is still to be done.
    pub async fn prove_sign_in(&self) -> Result<(), GateError> {
        self.token(None).await.map(drop)
    }

    /// The first page of a retrieval process, of these records if any are named.
    pub async fn probe(&self, process: &str, ids: &[String]) -> Probed {
        let query = match ids {
            [] => json!([]),
            [one] => json!([{ "ParameterName": "{record_ids}", "Value": one }]),
            many => {
                let list = format!("[{}]", many.join(","));
                json!([{ "ParameterName": "{record_ids}", "Value": list }])
            }
        };
        let body = self.page_request(process, &query, None);
        let path = self.settings.retrieval_path.clone();
        let (envelope, shape) = self.look("probe a retrieval", &path, &body).await;
        let more = |envelope: &Envelope| {
            let paging = envelope.paging(&self.transport);
            paging.is_ok_and(|paging| paging.more == Some(true))
        };
        Probed {
            more: envelope.as_ref().is_ok_and(more),
            rows: envelope.and_then(|envelope| envelope.rows(&self.transport, |row| row)),
            shape,
        }
    }

    /// Asks checkstatus after a transaction that never was. An error message is an answer in shape.
    pub async fn probe_check_status(&self) -> (Result<(), GateError>, Shape) {
        let body = json!({
            "ShippingProcessId": self.settings.shipping.intervention_status,
            "InteropID": self.settings.interop_id,
            "PartnerId": self.settings.partner_id,
            "SPHTransactionId": Uuid::nil(),
        });
        let path = self.settings.check_status_path.clone();
        let (envelope, shape) = self.look("probe checkstatus", &path, &body).await;
        (in_shape(envelope), shape)
    }

    /// Asks the routes that write, with no record to be written.
    pub async fn probe_write_routes(&self) -> Vec<(&'static str, Result<(), GateError>)> {
        let (settings, partner) = (&self.settings, &self.settings.partner_id);
        let mut told = Vec::new();
        for (key, path, process) in [
            (
                "ping.ingestion_path",
                &settings.ingestion_path,
                &settings.shipping.intervention_status,
            ),
            (
                "ping.async_ingestion_path",
                &settings.async_ingestion_path,
                &settings.shipping.submit_referral,
            ),
        ] {
            let body = json!({
                "ShippingProcessId": process,
                "InteropId": settings.interop_id,
                "Data": [],
            });
            let path = path.replace("{PartnerId}", partner);
            let (envelope, _) = self.look("probe a route that writes", &path, &body).await;
            told.push((key, in_shape(envelope)));
        }
        told
    }

    async fn look(
        &self,
        route: &'static str,
        path: &str,
        body: &Value,
    ) -> (Result<Envelope, GateError>, Shape) {
        let began = self.transport.clock().now();
        let answer = self.post(route, path, body, Repeat::Freely).await;
        let took = until(began, self.transport.clock().now());
        let mut shape = Shape {
            milliseconds: milliseconds(took),
            ..Shape::default()
        };
        if let Ok(answer) = &answer {
            shape.http_status = Some(answer.status.as_u16());
            if let Ok(whole) = serde_json::from_str(&text::of(&answer.body)) {
                shape.take("", &whole);
            }
        }
        let envelope = answer.and_then(|answer| Envelope::of_read(&self.transport, route, &answer));
        (envelope, shape)
    }
}

fn in_shape(envelope: Result<Envelope, GateError>) -> Result<(), GateError> {
    match envelope {
        Ok(_) | Err(GateError::Reported(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Shape {
    fn take(&mut self, path: &str, value: &Value) {
        if !path.is_empty() {
            let types = self.keys.entry(path.to_owned()).or_default();
            *types.entry(type_of(value)).or_default() += 1;
        }
        match value {
            Value::Object(members) => {
                for (key, value) in members {
                    let key = if is_a_key(key) { key } else { "(another key)" };
                    let dot = if path.is_empty() { "" } else { "." };
                    self.take(&format!("{path}{dot}{key}"), value);
                }
            }
            Value::Array(entries) => {
                let path = format!("{path}[]");
                for entry in entries {
                    self.take(&path, entry);
                }
            }
            Value::String(text) => self.take_text(path, text),
            _ => {}
        }
    }

    fn take_text(&mut self, path: &str, text: &str) {
        let key = folded(path.rsplit('.').next().unwrap_or(path));
        let is_word = text.len() <= LONGEST_WORD && text.chars().all(|c| c.is_ascii_alphabetic());
        if key == "status" && is_word {
            self.status_words.insert(text.to_owned());
        }
        if key.ends_with("id") || key.ends_with("number") || key.ends_with("businessunit") {
            let looks = self.identifiers.entry(path.to_owned()).or_default();
            looks.insert(look_of(text));
        }
    }
}

/// A key of a contract has letters, digits and dots; anything else may be a value that slipped there.
fn is_a_key(key: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '@');
    key.len() <= 120 && key.chars().all(fits)
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

fn look_of(text: &str) -> &'static str {
    let inner = text
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'));
    let is_guid = |text: &str| text.len() == 36 && Uuid::try_parse(text).is_ok();
    match inner {
        Some(inner) if is_guid(inner) => "{guid}",
        _ if is_guid(text) && text.chars().any(|c| c.is_ascii_uppercase()) => "GUID",
        _ if is_guid(text) => "guid",
        _ if !text.is_empty() && text.chars().all(|c| c.is_ascii_digit()) => "digits",
        _ => "text",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_keeps_keys_types_and_counts_and_no_value() {
        let mut shape = Shape::default();
        shape.take(
            "",
            &json!({
                "Data": [
                    { "progres_id": "606-00C12345", "name": "Nyakong", "n": 1 },
                    { "progres_id": null, "Nyakong Ochalla": "x", "n": "2" },
                ],
                "Status": "Parked",
                "SPHTransactionId": "0C3A4F5E-0000-4000-8000-000000000001",
            }),
        );
        let told = serde_json::to_string(&shape).expect("it is plain");
        for value in ["606-", "Nyakong", "Ochalla", "0C3A"] {
            assert!(!told.contains(value), "{told}");
        }
        assert_eq!(shape.keys["Data[].n"]["number"], 1);
        assert_eq!(shape.keys["Data[].n"]["text"], 1);
        assert_eq!(shape.keys["Data[].progres_id"]["null"], 1);
        assert!(shape.identifiers["SPHTransactionId"].contains("GUID"));
        assert!(shape.status_words.contains("Parked"));
    }
}

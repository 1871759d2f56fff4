//! Strict reading of request bodies, and PING's way of saying no.
//!
//! How the real PING words its refusals is not public; that they come as HTTP 200 with an `ErrorMessage` is.
//! Which faults it forgives is not public either, so this one forgives none.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::wire::json_answer;

/// Why a request was not carried out.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The body is not a JSON object: the gateway answers 400 (our guess).
    NotJson,
    /// HTTP 200 with this `ErrorMessage`.
    Message(String),
}

impl Refusal {
    pub(super) fn message(text: impl Into<String>) -> Self {
        Self::Message(text.into())
    }

    /// The answer, carrying a transaction id as real refusals do.
    pub(super) fn into_answer(self, transaction: Uuid) -> Response {
        match self {
            Self::NotJson => json_answer(
                StatusCode::BAD_REQUEST,
                &json!({ "statusCode": 400, "message": "The request body is not valid JSON." }),
            ),
            Self::Message(text) => json_answer(
                StatusCode::OK,
                &json!({
                    "Data": null,
                    "ErrorMessage": text,
                    "RecordCount": 0,
                    "SPHTransactionId": transaction,
                    "PagingSummary": null,
                }),
            ),
        }
    }
}

/// One JSON object of a request, with its place for messages.
pub(super) struct Body<'a> {
    place: String,
    members: &'a Map<String, Value>,
}

/// Parses a whole request body.
pub(super) fn parse(bytes: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(Refusal::NotJson),
    }
}

impl<'a> Body<'a> {
    /// Refuses every key that is not in `known`, so that a misspelt one (`InteropId` for `InteropID`) shows.
    pub(super) fn of(
        members: &'a Map<String, Value>,
        place: impl Into<String>,
        known: &[&str],
    ) -> Result<Self, Refusal> {
        let place = place.into();
        match members.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(Refusal::message(format!("{place}: unknown key {key}"))),
            None => Ok(Self { place, members }),
        }
    }

    pub(super) fn of_value(
        value: &'a Value,
        place: impl Into<String>,
        known: &[&str],
    ) -> Result<Self, Refusal> {
        let place = place.into();
        match value {
            Value::Object(members) => Self::of(members, place, known),
            _ => Err(Refusal::message(format!("{place}: not an object"))),
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.members.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, key: &str) -> Result<&'a str, Refusal> {
        match self.members.get(key) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text),
            Some(_) => Err(self.fault(key, "must be a string that is not empty")),
            None => Err(self.fault(key, "missing")),
        }
    }

    /// Demands one value; `what` names it in the refusal.
    pub(super) fn expect(&self, key: &str, wanted: &str) -> Result<(), Refusal> {
        if self.text(key)? == wanted {
            Ok(())
        } else {
            Err(self.fault(key, "is not known for this partner"))
        }
    }

    /// A list; absent and null are empty.
    pub(super) fn list(&self, key: &str) -> Result<&'a [Value], Refusal> {
        match self.get(key) {
            None => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(self.fault(key, "must be an array")),
        }
    }

    /// A text or null under a key that must be there.
    pub(super) fn text_or_null(&self, key: &str) -> Result<Option<&'a str>, Refusal> {
        match self.members.get(key) {
            Some(Value::String(text)) => Ok(Some(text)),
            Some(Value::Null) => Ok(None),
            Some(_) => Err(self.fault(key, "must be a string or null")),
            None => Err(self.fault(key, "missing")),
        }
    }

    pub(super) fn fault(&self, key: &str, what: &str) -> Refusal {
        Refusal::message(format!("{}.{key}: {what}", self.place))
    }
}

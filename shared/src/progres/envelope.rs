//! The frame of every PING answer.

use serde::Deserialize;
use serde_json::Value;

use super::row::Row;
use crate::domain::ids::TransactionId;
use crate::transport::{Answer, GateError, Transport};

/// What PING sends instead of an empty list.
const NOTHING: &str = "No Data Available";

/// An answer without an error message.
#[derive(Debug, Deserialize)]
pub struct Envelope {
    #[serde(default, rename = "Data")]
    data: Value,
    #[serde(default, rename = "ErrorMessage")]
    error_message: Value,
    #[serde(default, rename = "SPHTransactionId")]
    transaction_id: Option<String>,
    #[serde(default, rename = "PagingSummary")]
    paging: Option<PagingSummary>,
}

/// Whether and how a next page is to be asked for.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct PagingSummary {
    #[serde(default, rename = "PagingCookie")]
    pub cookie: Value,
    #[serde(default, rename = "PageNumber")]
    pub page_number: Option<u64>,
    #[serde(default, rename = "IsMoreRecordsAvailable")]
    pub more: Option<bool>,
}

/// Whether a text stands for an empty list.
pub fn is_nothing(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case(NOTHING)
}

impl Envelope {
    /// Reads an answer with a status of success. PING reports errors under it, too: any error message that is not blank is one.
    pub fn read(
        transport: &Transport,
        route: &'static str,
        answer: &Answer,
    ) -> Result<Self, GateError> {
        let envelope: Self = transport.json(route, answer)?;
        match &envelope.error_message {
            Value::Null => Ok(envelope),
            Value::String(text) if text.trim().is_empty() => Ok(envelope),
            _ => Err(GateError::Reported(envelope.transaction_id())),
        }
    }

    /// PING's receipt.
    pub fn transaction_id(&self) -> Option<TransactionId> {
        self.transaction_id
            .as_ref()
            .filter(|id| !id.trim().is_empty())
            .map(TransactionId::new)
    }

    /// The data as they came.
    pub fn data(self) -> Value {
        self.data
    }

    /// How to go on.
    pub fn paging(&self) -> PagingSummary {
        self.paging.clone().unwrap_or_default()
    }

    /// The rows. "Nothing" has four spellings: null, absent, an empty list and a sentence.
    pub fn rows(self, transport: &Transport, route: &'static str) -> Result<Vec<Row>, GateError> {
        match self.data {
            Value::Null => Ok(Vec::new()),
            Value::String(text) if is_nothing(&text) => Ok(Vec::new()),
            Value::Array(rows) => rows
                .into_iter()
                .enumerate()
                .map(|(i, row)| match row {
                    Value::Object(fields) => Ok(Row::new(fields)),
                    _ => Err(transport.unreadable(route, format!("`Data[{i}]`"))),
                })
                .collect(),
            _ => Err(transport.unreadable(route, "`Data`".to_owned())),
        }
    }
}

//! The frame of every PING answer.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::row::Row;
use crate::domain::ids::TransactionId;
use crate::domain::system::System;
use crate::transport::{Answer, GateError, Transport};

/// What PING sends instead of an empty list.
const NOTHING: &str = "No Data Available";

/// An answer without an error message. The data stay the text that they came as until they are asked for: a page of a list can be large.
#[derive(Debug)]
pub struct Envelope {
    answer: Answer,
    transaction_id: Option<String>,
    paging: Option<PagingSummary>,
}

#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(borrow, default, rename = "Data")]
    data: Option<&'a RawValue>,
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
        answer: Answer,
    ) -> Result<Self, GateError> {
        let frame: Frame<'_> = transport.json(route, &answer)?;
        let (transaction_id, paging) = (frame.transaction_id, frame.paging);
        let reports_no_error = match &frame.error_message {
            Value::Null => true,
            Value::String(text) => text.trim().is_empty(),
            _ => false,
        };
        let envelope = Self {
            answer,
            transaction_id,
            paging,
        };
        if reports_no_error {
            return Ok(envelope);
        }
        transport.count_reported(route);
        Err(GateError::Reported(envelope.transaction_id()))
    }

    /// PING's receipt.
    pub fn transaction_id(&self) -> Option<TransactionId> {
        self.transaction_id
            .as_ref()
            .filter(|id| !id.trim().is_empty())
            .map(TransactionId::new)
    }

    /// How to go on.
    pub fn paging(&self) -> PagingSummary {
        self.paging.clone().unwrap_or_default()
    }

    /// The data as they came; null if there are none.
    pub fn data(&self, transport: &Transport, route: &'static str) -> Result<Value, GateError> {
        let frame: Frame<'_> = transport.json(route, &self.answer)?;
        let data = frame.data.map_or("null", RawValue::get);
        serde_json::from_str(data).map_err(|_| transport.unreadable(route, "`Data`".to_owned()))
    }

    /// What `take` makes of each row, one row after the other. "Nothing" has four spellings: null, absent, an empty list and a sentence. A
    /// row that is no object is [`GateError::UnreadableRecord`].
    pub fn rows<T>(
        &self,
        transport: &Transport,
        route: &'static str,
        mut take: impl FnMut(Row) -> T,
    ) -> Result<Vec<T>, GateError> {
        let frame: Frame<'_> = transport.json(route, &self.answer)?;
        let data = frame.data.map_or("null", RawValue::get);
        let unreadable = |place: String| transport.unreadable(route, place);
        let rows: Vec<&RawValue> = if data.starts_with('[') {
            serde_json::from_str(data).map_err(|_| unreadable("`Data`".to_owned()))?
        } else {
            match serde_json::from_str::<Option<String>>(data) {
                Ok(text) if text.as_deref().is_none_or(is_nothing) => Vec::new(),
                _ => return Err(unreadable("`Data`".to_owned())),
            }
        };
        let mut taken = Vec::with_capacity(rows.len());
        for (i, row) in rows.into_iter().enumerate() {
            let fields = serde_json::from_str(row.get());
            let fields = fields.map_err(|_| GateError::UnreadableRecord {
                system: System::Ping,
                route,
                place: format!("`Data[{i}]`"),
            })?;
            taken.push(take(Row::new(fields)));
        }
        Ok(taken)
    }
}

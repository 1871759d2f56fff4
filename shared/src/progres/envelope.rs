//! The frame of every PING answer.
//!
//! Its keys are compared without case, and an answer that has none of them is unreadable: it must never be taken for "nothing is there"
//! or for "taken".

use serde_json::Value;
use serde_json::value::RawValue;

use super::keys::{Members, Twice, folded};
use super::row::Row;
use super::text;
use crate::domain::ids::TransactionId;
use crate::transport::{Answer, GateError, Transport};

/// What PING sends instead of an empty list.
const NOTHING: &str = "No Data Available";

/// Keys by which an answer is known for PING's, beside those of errors.
const KNOWN: [&str; 5] = [
    "data",
    "errormessage",
    "recordcount",
    "sphtransactionid",
    "pagingsummary",
];

/// Words that a bare text cannot hold and still mean that a write was taken.
const REFUSING: [&str; 13] = [
    "error",
    "fail",
    "invalid",
    "denied",
    "unauthor",
    "forbid",
    "unavailable",
    "exception",
    "reject",
    "refuse",
    "not ",
    "timeout",
    "maintenance",
];

/// An answer without an error message. The data stay the text that they came as until they are asked for: a page of a list can be large.
#[derive(Debug)]
pub struct Envelope {
    route: &'static str,
    text: String,
    transaction_id: Option<TransactionId>,
}

/// Whether and how a next page is to be asked for.
#[derive(Clone, Debug, Default)]
pub struct PagingSummary {
    pub cookie: Value,
    pub page_number: Option<u64>,
    pub more: Option<bool>,
}

/// Whether a text stands for an empty list.
pub fn is_nothing(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case(NOTHING)
}

/// Whether a value under a key for errors says that there is one.
pub fn complains(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(says_so) => *says_so,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(values) => values.iter().any(complains),
        Value::Object(members) => !members.is_empty(),
        Value::Number(_) => true,
    }
}

impl Envelope {
    /// Reads an answer to a question, with a status of success.
    pub fn of_read(
        transport: &Transport,
        route: &'static str,
        answer: &Answer,
    ) -> Result<Self, GateError> {
        Self::of_object(transport, route, text::of(&answer.body))
    }

    /// Reads an answer to a write, with a status of success. It may be empty, or a bare text that refuses nothing; then it has no receipt.
    pub fn of_write(
        transport: &Transport,
        route: &'static str,
        answer: &Answer,
    ) -> Result<Self, GateError> {
        let text = text::of(&answer.body);
        if is_bare_consent(&text) {
            return Ok(Self {
                route,
                text: "{}".to_owned(),
                transaction_id: None,
            });
        }
        Self::of_object(transport, route, text)
    }

    /// Reads an object. PING reports errors under a status of success, too: any error message that is not blank is one.
    fn of_object(
        transport: &Transport,
        route: &'static str,
        text: String,
    ) -> Result<Self, GateError> {
        let mut envelope = Self {
            route,
            text,
            transaction_id: None,
        };
        if serde_json::from_str::<Members<'_>>(&envelope.text).is_err() {
            envelope.text = text::with_escaped_controls(&envelope.text);
        }
        let members = envelope.members(transport)?;
        let keys = || members.0.iter().map(|(key, _)| folded(key));
        let reports = members
            .0
            .iter()
            .any(|(key, value)| reports_error(key, value));
        if !reports && !keys().any(|key| KNOWN.contains(&key.as_str())) {
            return Err(transport.unreadable(route, "its keys: none is known".to_owned()));
        }
        let transaction = envelope.get(transport, &members, "SPHTransactionId")?;
        let transaction = transaction.map(|value| serde_json::from_str(value.get()));
        let transaction = match transaction {
            Some(Ok(Value::String(id))) if !id.trim().is_empty() => Some(TransactionId::new(id)),
            Some(Ok(Value::Number(id))) => Some(TransactionId::new(id.to_string())),
            _ => None,
        };
        envelope.transaction_id = transaction;
        if reports {
            transport.count_reported(route);
            return Err(GateError::Reported(envelope.transaction_id));
        }
        Ok(envelope)
    }

    fn members(&self, transport: &Transport) -> Result<Members<'_>, GateError> {
        let members = serde_json::from_str(&self.text);
        members.map_err(|_| transport.unreadable(self.route, "its frame".to_owned()))
    }

    fn get<'a>(
        &self,
        transport: &Transport,
        members: &Members<'a>,
        key: &str,
    ) -> Result<Option<&'a RawValue>, GateError> {
        let value = members.get(&folded(key));
        value.map_err(|Twice| transport.unreadable(self.route, format!("`{key}`, given twice")))
    }

    /// PING's receipt.
    pub fn transaction_id(&self) -> Option<TransactionId> {
        self.transaction_id.clone()
    }

    /// How to go on.
    pub fn paging(&self, transport: &Transport) -> Result<PagingSummary, GateError> {
        const NAME: &str = "PagingSummary";
        let unreadable = |key: &str| {
            let dot = if key.is_empty() { "" } else { "." };
            transport.unreadable(self.route, format!("`{NAME}{dot}{key}`"))
        };
        let members = self.members(transport)?;
        let Some(summary) = self.get(transport, &members, NAME)? else {
            return Ok(PagingSummary::default());
        };
        if matches!(summary.get().trim(), "\"\"" | "[]") {
            return Ok(PagingSummary::default());
        }
        let members: Members<'_> =
            serde_json::from_str(summary.get()).map_err(|_| unreadable(""))?;
        let value = |key: &str| {
            let found = members.get(&folded(key)).map_err(|Twice| unreadable(key))?;
            let value = found.map_or(Ok(Value::Null), |value| serde_json::from_str(value.get()));
            value.map_err(|_| unreadable(key))
        };
        let number = "PageNumber";
        let page_number = match value(number)? {
            Value::Null => None,
            Value::Number(page) => Some(page.as_u64().ok_or_else(|| unreadable(number))?),
            Value::String(page) => Some(page.trim().parse().map_err(|_| unreadable(number))?),
            _ => return Err(unreadable(number)),
        };
        let available = "IsMoreRecordsAvailable";
        let more = match value(available)? {
            Value::Null => None,
            Value::Bool(more) => Some(more),
            Value::String(more) => {
                let more = more.trim().to_lowercase();
                Some(more.parse().map_err(|_| unreadable(available))?)
            }
            _ => return Err(unreadable(available)),
        };
        Ok(PagingSummary {
            cookie: value("PagingCookie")?,
            page_number,
            more,
        })
    }

    /// The data as they came, null if there are none; nothing for data that nobody can read.
    pub fn data(&self, transport: &Transport) -> Result<Option<Value>, GateError> {
        let members = self.members(transport)?;
        let data = self.get(transport, &members, "Data")?;
        Ok(serde_json::from_str(data.map_or("null", RawValue::get)).ok())
    }

    /// What `take` makes of each row, one row after the other. "Nothing" has four spellings: null, absent, an empty list and a sentence.
    /// One object is one row. A row that cannot be read says so itself, unless none of several is an object.
    pub fn rows<T>(
        &self,
        transport: &Transport,
        mut take: impl FnMut(Row) -> T,
    ) -> Result<Vec<T>, GateError> {
        let members = self.members(transport)?;
        let unreadable = |place: &str| transport.unreadable(self.route, place.to_owned());
        let data = self.get(transport, &members, "Data")?;
        let rows: Vec<&RawValue> = match data {
            None => Vec::new(),
            Some(data) if data.get().starts_with('[') => {
                serde_json::from_str(data.get()).map_err(|_| unreadable("`Data`"))?
            }
            Some(data) if data.get().starts_with('{') => vec![data],
            Some(data) => match serde_json::from_str::<String>(data.get()) {
                Ok(text) if is_nothing(&text) => Vec::new(),
                _ => return Err(unreadable("`Data`")),
            },
        };
        let is_object = |row: &&RawValue| row.get().starts_with('{');
        if rows.len() > 1 && !rows.iter().any(is_object) {
            return Err(unreadable("`Data[0]`"));
        }
        if rows.is_empty() && self.counts_records(transport, &members)? {
            return Err(unreadable("`Data`: nothing, although `RecordCount` counts"));
        }
        Ok(rows.into_iter().map(|row| take(Row::read(row))).collect())
    }

    /// Whether the answer says that there are records.
    fn counts_records(
        &self,
        transport: &Transport,
        members: &Members<'_>,
    ) -> Result<bool, GateError> {
        let count = self.get(transport, members, "RecordCount")?;
        let digits = count.map_or("0", RawValue::get).trim_matches('"');
        Ok(digits.parse().is_ok_and(|count: u64| count > 0))
    }
}

/// Whether a member of the frame says that the request failed.
fn reports_error(key: &str, value: &RawValue) -> bool {
    let key = folded(key);
    // What nobody can read is no reassurance.
    let value = serde_json::from_str(value.get());
    let word = |value: &Value| value.as_str().map(|word| word.trim().to_lowercase());
    match (key.as_str(), value) {
        (key, Err(_)) => key.starts_with("error"),
        ("errormessage", Ok(value)) => complains(&value),
        (key, Ok(value)) if key.starts_with("error") => {
            let no_code = matches!(word(&value).as_deref(), Some("0" | "none"));
            complains(&value) && value != 0 && !no_code
        }
        ("success" | "issuccess" | "succeeded", Ok(value)) => {
            value == false || word(&value).as_deref() == Some("false")
        }
        ("status", Ok(value)) => word(&value).is_some_and(|word| {
            let refuses = ["fail", "error", "reject"];
            refuses.iter().any(|refusal| word.contains(refusal))
        }),
        _ => false,
    }
}

/// Whether the whole answer to a write is nothing, or a bare text that refuses nothing.
fn is_bare_consent(text: &str) -> bool {
    let text = text.trim();
    let said = match serde_json::from_str(text) {
        Ok(Value::Null | Value::Bool(true) | Value::Number(_)) => String::new(),
        Ok(Value::String(said)) => said,
        Ok(_) => return false,
        // Neither a page nor JSON that was cut off.
        Err(_) if text.starts_with(['<', '{', '[', '"']) => return false,
        Err(_) => text.to_owned(),
    };
    let said = format!("{} ", said.to_lowercase());
    !REFUSING.iter().any(|word| said.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_and_a_bare_text_are_consent_and_a_page_or_a_refusal_is_not() {
        for text in [
            "",
            " \r\n",
            "Accepted",
            "\"Accepted\"",
            "null",
            "true",
            "202",
        ] {
            assert!(is_bare_consent(text), "{text}");
        }
        for text in [
            "<html><title>OK</title></html>",
            "{}",
            "[]",
            "{\"Data\":",
            "\"Acc",
            "false",
            "Error: invalid field value",
            "\"Service Unavailable\"",
            "not accepted",
        ] {
            assert!(!is_bare_consent(text), "{text}");
        }
    }

    #[test]
    fn an_error_is_reported_under_any_key_that_speaks_of_one() {
        let reports = |key: &str, value: &str| {
            let value: Box<RawValue> = serde_json::from_str(value).expect("JSON");
            reports_error(key, &value)
        };
        for (key, value) in [
            ("errorMessage", r#""x""#),
            ("ERROR_MESSAGE", r#"{"code":7}"#),
            ("ErrorMessage", r#""\ud83d""#),
            ("Errors", r#"["x"]"#),
            ("error", r#""x""#),
            ("ErrorCode", "7"),
            ("Success", "false"),
            ("Status", r#""Failed""#),
        ] {
            assert!(reports(key, value), "{key}");
        }
        for (key, value) in [
            ("errorMessage", "null"),
            ("ErrorMessage", r#"" ""#),
            ("Errors", "[]"),
            ("ErrorCode", "0"),
            ("ErrorCode", r#""0""#),
            ("Success", "true"),
            ("Status", r#""Success""#),
            ("Data", r#""error""#),
        ] {
            assert!(!reports(key, value), "{key}");
        }
    }
}

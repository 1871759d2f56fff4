//! Asking what became of a write.

use serde_json::{Map, Value, json};

use super::PingClient;
use super::almost_json;
use super::envelope::{complains, is_nothing};
use super::keys::{folded, member};
use crate::domain::ids::TransactionId;
use crate::domain::pii::Pii;
use crate::profile::StatusWords;
use crate::transport::GateError;

/// The writes that can be asked after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A transfer status of, or a decision on, an intervention.
    InterventionStatus,
    /// A new referral.
    SubmitReferral,
    /// A mark on a referral.
    MarkReferral,
}

/// What a status word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The record is in.
    Confirmed,
    /// The record was refused.
    Rejected,
    /// Not decided yet.
    InProgress,
    /// A word that the profile does not know, or one that its error message contradicts: neither in nor refused.
    Unknown,
}

/// What checkstatus knows of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// Nothing yet.
    NotYet,
    /// One status a record.
    Records(Vec<RecordStatus>),
    /// An answer that nobody can read; the records stay unconfirmed.
    Unreadable,
}

/// The status of one record of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordStatus {
    /// What the word means.
    pub status: Status,
    /// What PING says of the record, such as its ids; empty if that is no object.
    pub data: Pii<Map<String, Value>>,
}

impl Checked {
    /// The status of all records, where they agree; none where they differ. Nothing yet is in progress, the unreadable unknown.
    #[must_use]
    pub fn of_all(&self) -> Option<Status> {
        match self {
            Self::NotYet => Some(Status::InProgress),
            Self::Unreadable => Some(Status::Unknown),
            Self::Records(records) => RecordStatus::common(records),
        }
    }
}

impl RecordStatus {
    /// The status of these results, if there are any and they agree.
    pub fn common<'r>(results: impl IntoIterator<Item = &'r Self>) -> Option<Status> {
        let mut results = results.into_iter();
        let first = results.next()?.status;
        results
            .all(|result| result.status == first)
            .then_some(first)
    }

    /// An id or another text that PING says of the record.
    #[must_use]
    pub fn text(&self, field: &str) -> Option<&str> {
        member(self.data.expose(), &folded(field)).as_str()
    }
}

const ROUTE: &str = "check status";

impl PingClient {
    /// Asks what became of the write with this receipt.
    pub async fn check_status(
        &self,
        operation: Operation,
        transaction: &TransactionId,
    ) -> Result<Checked, GateError> {
        let shipping = &self.settings.shipping;
        let process = match operation {
            Operation::InterventionStatus => &shipping.intervention_status,
            Operation::SubmitReferral => &shipping.submit_referral,
            Operation::MarkReferral => &shipping.mark_referral,
        };
        let body = json!({
            "ShippingProcessId": process,
            "InteropID": self.settings.interop_id,
            "PartnerId": self.settings.partner_id,
            "SPHTransactionId": transaction.as_str(),
        });
        let path = &self.settings.check_status_path;
        let envelope = self.ask(ROUTE, path, &body).await?;
        let words = &self.settings.status_words;
        let data = envelope.data(&self.transport)?;
        let checked = data.map_or(Checked::Unreadable, |data| {
            understood(data, transaction, words)
        });
        if checked == Checked::Unreadable {
            tracing::warn!(transaction_id = %transaction, "checkstatus sent what nobody can read; the records stay unconfirmed");
        }
        Ok(checked)
    }
}

/// What the answer's `Data` says: nothing yet, a list, or the text of a list, well-formed or almost.
fn understood(data: Value, transaction: &TransactionId, words: &StatusWords) -> Checked {
    let data = match data {
        Value::String(text) if is_nothing(&text) => Value::Null,
        Value::String(text) => match almost_json::read(&text) {
            Ok(data) => data,
            Err(_) => return Checked::Unreadable,
        },
        data => data,
    };
    let rows = match data {
        Value::Null => return Checked::NotYet,
        Value::Array(rows) => rows,
        // One object is one row.
        Value::Object(row) if !member(&row, "status").is_null() => vec![Value::Object(row)],
        _ => return Checked::Unreadable,
    };
    if rows.is_empty() {
        return Checked::NotYet;
    }
    let read = |row| record_status(row, transaction, words);
    rows.iter()
        .map(read)
        .collect::<Option<_>>()
        .map_or(Checked::Unreadable, Checked::Records)
}

/// None for what is no record of this transaction.
fn record_status(
    row: &Value,
    transaction: &TransactionId,
    words: &StatusWords,
) -> Option<RecordStatus> {
    let entry = row.as_object()?;
    let is_ours = |id: &str| id.trim().eq_ignore_ascii_case(transaction.as_str().trim());
    match member(entry, "sphtransactionid") {
        Value::Null => {}
        id if id.as_str().is_some_and(is_ours) => {}
        _ => return None,
    }
    let status = match meaning(member(entry, "status"), words) {
        Status::Confirmed if complains(member(entry, "errormessage")) => Status::Unknown,
        status => status,
    };
    let data = match member(entry, "data") {
        Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
        Value::Object(fields) => fields.clone(),
        _ => Map::new(),
    };
    Some(RecordStatus {
        status,
        data: Pii::new(data),
    })
}

fn meaning(word: &Value, words: &StatusWords) -> Status {
    let Some(word) = word.as_str().map(|word| word.trim().to_lowercase()) else {
        return Status::Unknown;
    };
    let lists = [
        (&words.confirmed, Status::Confirmed),
        (&words.rejected, Status::Rejected),
        (&words.in_progress, Status::InProgress),
    ];
    let known = lists
        .into_iter()
        .find(|(list, _)| list.iter().any(|known| known.trim().to_lowercase() == word));
    known.map_or(Status::Unknown, |(_, status)| status)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> StatusWords {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        StatusWords {
            confirmed: list(&["Success", "Processed"]),
            rejected: list(&["Failed"]),
            in_progress: list(&["InProgress"]),
        }
    }

    fn checked(data: Value) -> Checked {
        understood(data, &TransactionId::new("T-1"), &words())
    }

    fn of_all(data: Value) -> Option<Status> {
        checked(data).of_all()
    }

    #[test]
    fn nothing_is_not_yet_in_every_spelling() {
        for data in [
            json!(null),
            json!([]),
            json!("No Data Available"),
            json!("[]"),
        ] {
            assert_eq!(checked(data.clone()), Checked::NotYet, "{data}");
        }
    }

    #[test]
    fn the_profiles_words_decide_whatever_their_case() {
        for (word, status) in [
            ("Success", Status::Confirmed),
            ("PROCESSED", Status::Confirmed),
            ("failed ", Status::Rejected),
            ("inprogress", Status::InProgress),
            ("Parked", Status::Unknown),
            ("", Status::Unknown),
        ] {
            assert_eq!(of_all(json!([{ "Status": word }])), Some(status), "{word}");
        }
        assert_eq!(of_all(json!([{}])), Some(Status::Unknown));
    }

    #[test]
    fn a_success_with_an_error_message_confirms_nothing() {
        let row = json!([{ "Status": "Success", "ErrorMessage": "Duplicate" }]);
        assert_eq!(of_all(row), Some(Status::Unknown));
        let row = json!([{ "Status": "Failed", "ErrorMessage": "Duplicate" }]);
        assert_eq!(of_all(row), Some(Status::Rejected));
    }

    #[test]
    fn keys_may_be_spelt_otherwise_and_one_record_may_come_without_its_list() {
        let row = json!({ "status": "Success", "errorMessage": null, "data": { "ID": "a" } });
        for data in [row.clone(), json!([row])] {
            let Checked::Records(records) = checked(data) else {
                panic!("it is a record");
            };
            assert_eq!(records[0].status, Status::Confirmed);
            assert_eq!(records[0].text("id"), Some("a"));
        }
        let row = json!([{ "STATUS": "Success", "error_message": "Duplicate" }]);
        assert_eq!(of_all(row), Some(Status::Unknown));
    }

    #[test]
    fn records_that_differ_have_no_common_status() {
        let rows = json!([{ "Status": "Success" }, { "Status": "Failed" }]);
        assert_eq!(of_all(rows), None);
    }

    #[test]
    fn a_record_says_its_ids_escaped_or_not() {
        for text in [
            r#"[{"SPHTransactionId":"t-1","Status":"Success","Data":"{"id":"a"}","ErrorMessage":""}]"#,
            r#"[{"SPHTransactionId":"t-1","Status":"Success","Data":"{\"id\":\"a\"}","ErrorMessage":""}]"#,
            r#"[{"SPHTransactionId":"t-1","Status":"Success","Data":{"id":"a"},"ErrorMessage":""}]"#,
        ] {
            let Checked::Records(records) = checked(json!(text)) else {
                panic!("{text}");
            };
            assert_eq!(records[0].status, Status::Confirmed);
            assert_eq!(records[0].text("id"), Some("a"));
        }
    }

    #[test]
    fn what_nobody_can_read_or_what_is_of_another_transaction_is_unreadable() {
        for data in [
            json!(""),
            json!("Processing"),
            json!(r#""Success""#),
            json!(7),
            json!({}),
            json!(["Success"]),
            json!([{ "Status": "Success", "SPHTransactionId": "T-2" }]),
            json!(r#"[{"Status":"Success","Message":"{"a":1}"}]"#),
        ] {
            assert_eq!(checked(data.clone()), Checked::Unreadable, "{data}");
        }
    }
}

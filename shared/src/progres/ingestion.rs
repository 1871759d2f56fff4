//! Writing to proGres: synchronously in batches (`/data`), and one referral at a time (`/asyncdata`).

use serde_json::{Value, json};

use super::PingClient;
use super::batch::bisected;
use crate::domain::ids::{CaseRecordId, TransactionId};
use crate::domain::pii::Pii;
use crate::transport::{GateError, Repeat};

/// One record to write.
#[derive(Clone, Debug, Default)]
pub struct Submission {
    /// The record's id on our side.
    pub external_id: String,
    /// Field names and values.
    pub fields: Vec<(&'static str, FieldValue)>,
    /// The same of fields of a country's own.
    pub own: Vec<(String, FieldValue)>,
    /// What is attached as comments.
    pub comments: Vec<Pii<String>>,
}

/// PING takes a text or null, nothing else.
pub type FieldValue = Option<Pii<String>>;

/// The receipt of a synchronous write, by which checkstatus knows it; PING may leave it out.
pub type Receipt = Option<TransactionId>;

/// What PING said to a submitted referral.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// It is on its way; checkstatus knows the outcome under this id.
    Accepted(TransactionId),
    /// PING answered without an id, so the outcome can never be asked for.
    Unconfirmed,
}

/// A synchronous write: what it is called in logs, its shipping process, and whether it may be sent twice.
struct Write<'p> {
    route: &'static str,
    process: &'p str,
    repeat: Repeat,
}

impl PingClient {
    /// Writes transfer statuses of interventions. Writing the same twice has no second effect. One result a submission, in order.
    pub async fn write_intervention_status(
        &self,
        submissions: &[Submission],
    ) -> Result<Vec<Result<(), GateError>>, GateError> {
        let write = Write {
            route: "write intervention status",
            process: &self.settings.shipping.intervention_status,
            repeat: Repeat::Freely,
        };
        let answers = self.write(&write, submissions).await?;
        Ok(answers
            .into_iter()
            .map(|answer| answer.map(|_| ()))
            .collect())
    }

    /// Writes Primero's decisions on interventions. Twice would double their comments, so nothing of unknown fate is repeated: one whose
    /// answer was lost is [`GateError::Ambiguous`], and each of several that were answered with an error message is
    /// [`GateError::ReportedOfMany`]. With any other error it was refused before the effect. One result a submission, in order.
    pub async fn write_decisions(
        &self,
        submissions: &[Submission],
    ) -> Result<Vec<Result<Receipt, GateError>>, GateError> {
        let write = Write {
            route: "write decisions",
            process: &self.settings.shipping.intervention_status,
            repeat: Repeat::Unaskable,
        };
        self.write(&write, submissions).await
    }

    /// Marks referrals to proGres as known to Primero. Marking twice has no second effect. One result a submission, in order.
    pub async fn mark_referrals(
        &self,
        submissions: &[Submission],
    ) -> Result<Vec<Result<Receipt, GateError>>, GateError> {
        let write = Write {
            route: "mark referrals",
            process: &self.settings.shipping.mark_referral,
            repeat: Repeat::Freely,
        };
        self.write(&write, submissions).await
    }

    async fn write(
        &self,
        write: &Write<'_>,
        submissions: &[Submission],
    ) -> Result<Vec<Result<Receipt, GateError>>, GateError> {
        let path = self.for_partner(&self.settings.ingestion_path);
        let size = self.settings.status_batch;
        let parts = bisected(submissions, size, async |batch: &[Submission]| {
            let body = json!({
                "ShippingProcessId": write.process,
                "InteropId": self.settings.interop_id,
                "Data": batch.iter().map(record).collect::<Vec<_>>(),
            });
            let answer = self.tell(write.route, &path, &body, write.repeat).await;
            let answer = answer.map_err(|error| match error {
                // Some of them may have been taken, so that halves of the batch would be sent twice.
                GateError::Reported(id) if batch.len() > 1 && write.repeat.would_double() => {
                    GateError::ReportedOfMany(id)
                }
                error => error,
            });
            Ok(answer?.transaction_id())
        })
        .await?;
        let each = parts
            .into_iter()
            .flat_map(|(part, answer)| part.iter().map(move |_| answer.clone()));
        Ok(each.collect())
    }

    /// Submits one new referral; one a request, because one transaction id has one outcome. `external_guid` is the case's id in
    /// URLs. PING takes a repeat for another referral, so one of unknown fate is [`GateError::Ambiguous`], a 503 included. With any
    /// other error it was refused before the effect.
    pub async fn submit_referral(
        &self,
        external_guid: CaseRecordId,
        submission: &Submission,
    ) -> Result<Submitted, GateError> {
        let path = self.for_partner(&self.settings.async_ingestion_path);
        let mut record = record(submission);
        record["ExternalGUID"] = json!(external_guid.to_string());
        let body = json!({
            "ShippingProcessId": self.settings.shipping.submit_referral,
            "InteropID": self.settings.interop_id,
            "APIVersion": self.settings.async_api_version,
            "Data": [record],
        });
        let envelope = self
            .tell("submit referral", &path, &body, Repeat::Unaskable)
            .await?;
        Ok(envelope
            .transaction_id()
            .map_or(Submitted::Unconfirmed, Submitted::Accepted))
    }

    fn for_partner(&self, path: &str) -> String {
        path.replace("{PartnerId}", &self.settings.partner_id)
    }
}

fn record(submission: &Submission) -> Value {
    let fields = submission.fields.iter();
    let fields = fields.map(|(name, value)| (*name, value));
    let own = submission.own.iter();
    let own = own.map(|(name, value)| (name.as_str(), value));
    let field = |(name, value): (&str, &FieldValue)| json!({ "Name": name, "Value": value.as_ref().map(Pii::expose) });
    let comment = |text: &Pii<String>| json!({ "Comment": text.expose() });
    json!({
        "ExternalId": submission.external_id,
        "Attachments": submission.comments.iter().map(comment).collect::<Vec<_>>(),
        "Fields": fields.chain(own).map(field).collect::<Vec<_>>(),
    })
}

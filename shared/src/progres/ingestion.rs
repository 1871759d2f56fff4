//! Writing to proGres, synchronously and in batches.

use serde_json::{Value, json};

use super::PingClient;
use super::batch::bisected;
use crate::domain::pii::Pii;
use crate::transport::{GateError, Repeat};

/// One record to write.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The record's id on our side.
    pub external_id: String,
    /// Field names and values.
    pub fields: Vec<(&'static str, FieldValue)>,
}

/// PING takes a text or null, nothing else.
pub type FieldValue = Option<Pii<String>>;

impl PingClient {
    /// Writes transfer statuses of interventions. Writing the same twice has no second effect. One result a submission, in order.
    pub async fn write_intervention_status(
        &self,
        submissions: &[Submission],
    ) -> Result<Vec<Result<(), GateError>>, GateError> {
        let path = self
            .settings
            .ingestion_path
            .replace("{PartnerId}", &self.settings.partner_id);
        let parts = bisected(
            submissions,
            self.settings.status_batch,
            async |batch: &[Submission]| {
                let body = json!({
                    "ShippingProcessId": self.settings.shipping.intervention_status,
                    "InteropId": self.settings.interop_id,
                    "Data": batch.iter().map(record).collect::<Vec<_>>(),
                });
                self.post("write intervention status", &path, &body, Repeat::Freely)
                    .await?;
                Ok(())
            },
        )
        .await?;
        let each = parts
            .into_iter()
            .flat_map(|(part, answer)| part.iter().map(move |_| answer.clone()));
        Ok(each.collect())
    }
}

fn record(submission: &Submission) -> Value {
    let field = |(name, value): &(&str, FieldValue)| json!({ "Name": name, "Value": value.as_ref().map(Pii::expose) });
    json!({
        "ExternalId": submission.external_id,
        "Attachments": [],
        "Fields": submission.fields.iter().map(field).collect::<Vec<_>>(),
    })
}

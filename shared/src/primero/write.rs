//! Creating cases and appending services.

use reqwest::StatusCode;
use serde_json::{Map, Value, json};

use super::{PrimeroClient, Repeat};
use crate::domain::ids::CaseRecordId;
use crate::domain::pii::Pii;
use crate::transport::GateError;

/// What became of a create.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// The case is new.
    New,
    /// A case with this id was there before; it may be our own first try.
    Exists,
}

impl PrimeroClient {
    /// Creates a case under an id of our choice. A repeat meets the first try and answers [`Created::Exists`], so it may be repeated
    /// freely.
    pub async fn create_case(
        &self,
        id: CaseRecordId,
        fields: &Pii<Map<String, Value>>,
    ) -> Result<Created, GateError> {
        let mut data = fields.expose().clone();
        data.insert("id".to_owned(), Value::String(id.to_string()));
        let (url, body) = (self.url("/api/v2/cases"), json!({ "data": data }));
        let answer = self
            .call("create case", Repeat::Freely, |http| {
                http.post(&url).json(&body)
            })
            .await;
        match answer {
            Ok(_) => Ok(Created::New),
            Err(GateError::Refused { status, .. }) if status == StatusCode::CONFLICT.as_u16() => {
                Ok(Created::Exists)
            }
            Err(error) => Err(error),
        }
    }

    /// Writes all fields of a case of ours that is empty. The caller has just seen that it is.
    pub async fn fill_case(
        &self,
        case: CaseRecordId,
        fields: &Pii<Map<String, Value>>,
    ) -> Result<(), GateError> {
        let url = self.url(&format!("/api/v2/cases/{case}"));
        let body = json!({ "data": fields.expose() });
        self.call_on(case, "fill case", Repeat::AfterAsking, |http| {
            http.patch(&url).json(&body)
        })
        .await?;
        Ok(())
    }

    /// Appends one service, and touches nothing else of the case. The caller has just seen that the service is not there: Primero
    /// would merge it into an existing one and reset the worker's answer. Hence [`GateError::Ambiguous`] instead of a repeat.
    pub async fn append_service(
        &self,
        case: CaseRecordId,
        service: &Pii<Map<String, Value>>,
    ) -> Result<(), GateError> {
        let url = self.url(&format!("/api/v2/cases/{case}"));
        let body = json!({ "data": { "services_section": [service.expose()] } });
        self.call_on(case, "append service", Repeat::AfterAsking, |http| {
            http.patch(&url).json(&body)
        })
        .await?;
        Ok(())
    }
}

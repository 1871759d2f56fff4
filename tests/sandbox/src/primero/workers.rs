//! What case workers do to their cases behind the API's back: edit, close, decide what UNHCR asked for.

use super::Primero;
use super::control::{found, owner};
use super::life;
use super::merge::merge;
use super::state::Case;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What a case worker decides about a service that UNHCR asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceDecision {
    /// Not decided, or no longer.
    Pending,
    /// `unhcr_referral_status` = `accepted`.
    Accepted,
    /// `unhcr_referral_status` = `rejected`, with `unhcr_referral_rejection_reason` where one is given.
    Rejected(Option<String>),
}

impl ServiceDecision {
    /// An earlier reason does not outlive its decision.
    pub(crate) fn fields(&self) -> Value {
        let (status, reason) = match self {
            Self::Pending => ("pending", None),
            Self::Accepted => ("accepted", None),
            Self::Rejected(reason) => ("rejected", reason.as_deref()),
        };
        json!({ "unhcr_referral_status": status, "unhcr_referral_rejection_reason": reason })
    }
}

impl Primero {
    /// The case's owner sets fields of one service, e.g. `unhcr_referral_status`.
    ///
    /// # Errors
    /// When there is no such case or service, or `fields` is no object.
    pub fn worker_updates_service(
        &self,
        case_id: &str,
        service_id: &str,
        fields: Value,
    ) -> Result<(), String> {
        let Value::Object(mut row) = fields else {
            return Err("fields are an object".to_owned());
        };
        let has_service = |case: &Case| {
            let services = case
                .fields
                .get("services_section")
                .and_then(Value::as_array);
            services
                .into_iter()
                .flatten()
                .any(|row| row["unique_id"] == service_id)
        };
        if !self.state().cases.find(case_id).is_some_and(has_service) {
            return Err(format!("no service {service_id} in a case {case_id}"));
        }
        row.insert("unique_id".to_owned(), json!(service_id));
        self.worker_updates_case(case_id, json!({ "services_section": [row] }))
    }

    /// The case's owner decides about a service that UNHCR asked for, or changes their mind.
    ///
    /// # Errors
    /// When there is no such case or service.
    pub fn worker_decides(
        &self,
        case_id: &str,
        service_id: &str,
        decision: &ServiceDecision,
    ) -> Result<(), String> {
        self.worker_updates_service(case_id, service_id, decision.fields())
    }

    /// [`Primero::worker_decides`] for the service that came with an intervention of proGres.
    ///
    /// # Errors
    /// When no service names the intervention.
    pub fn worker_decides_intervention(
        &self,
        intervention: &str,
        decision: &ServiceDecision,
    ) -> Result<(), String> {
        let (case, service) = self
            .service_of_intervention(intervention)
            .ok_or_else(|| format!("no service of an intervention {intervention}"))?;
        self.worker_decides(&case, &service, decision)
    }

    /// The case and the service whose number names the intervention's GUID.
    fn service_of_intervention(&self, intervention: &str) -> Option<(String, String)> {
        let names = |service: &Value| {
            let number = service["progres_interventionnumber"].as_str();
            let guid = number.and_then(|number| number.split(',').nth(1));
            guid.is_some_and(|guid| guid.trim().eq_ignore_ascii_case(intervention.trim()))
        };
        let state = self.state();
        state.cases.all().iter().find_map(|case| {
            let services = case.fields.get("services_section")?.as_array()?;
            let service = services.iter().find(|service| names(service))?;
            let service = service["unique_id"].as_str()?;
            Some((case.id().to_owned(), service.to_owned()))
        })
    }

    /// The case's owner sets fields of the case; services merge by `unique_id` as in a PATCH.
    ///
    /// # Errors
    /// When there is no such case or `fields` is no object.
    pub fn worker_updates_case(&self, case_id: &str, fields: Value) -> Result<(), String> {
        let Value::Object(sent) = fields else {
            return Err("fields are an object".to_owned());
        };
        let now = self.now();
        let mut state = self.state();
        let before = found(&state, case_id)?.clone();
        let editor = owner(&state, &before);
        let mut after = before.fields.clone();
        merge(&mut after, sent, self.forms(), &mut state.ids);
        let after = life::edited(after, &before, &editor, &state, now);
        state.cases.write(after);
        Ok(())
    }

    /// The owner closes the case.
    ///
    /// # Errors
    /// When there is no such case.
    pub fn close_case(&self, case_id: &str) -> Result<(), String> {
        self.worker_updates_case(case_id, json!({ "status": "closed" }))
    }

    /// The owner disables the case: it is still listed, with `enabled: false`.
    ///
    /// # Errors
    /// When there is no such case.
    pub fn disable_case(&self, case_id: &str) -> Result<(), String> {
        self.worker_updates_case(case_id, json!({ "record_state": false }))
    }
}

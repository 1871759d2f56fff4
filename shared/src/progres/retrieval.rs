//! Reading from proGres: lists and details, page by page.

use std::collections::HashSet;
use std::fmt::Display;

use serde_json::{Value, json};

use super::PingClient;
use super::batch::bisected;
use super::envelope::PagingSummary;
use super::row::Row;
use crate::domain::ids::{InteropReferralId, InterventionId};
use crate::domain::pii::Pii;
use crate::transport::{GateError, Repeat};

/// One page of a list, handed on as it comes so that no list is ever in memory whole.
pub type Page = Vec<Row>;

/// Detail rows, with the records asked for in that call.
pub type Details<'i, I> = Vec<(&'i [I], Result<Vec<Row>, GateError>)>;

impl PingClient {
    /// Reads the referrals that are pending for Primero, all pages.
    pub async fn pending_referrals(&self, each: impl FnMut(Page)) -> Result<(), GateError> {
        let process = &self.settings.shipping.pending_referrals;
        self.pages("list pending referrals", process, json!([]), each)
            .await
    }

    /// Reads the details of these interventions, in batches: several rows an intervention.
    pub async fn intervention_details<'i>(
        &self,
        ids: &'i [InterventionId],
    ) -> Result<Details<'i, InterventionId>, GateError> {
        let process = &self.settings.shipping.intervention_details;
        self.details("intervention details", process, ids).await
    }

    /// Reads the decisions on referrals to proGres, all pages; finished ones may be among them.
    pub async fn referral_decisions(&self, each: impl FnMut(Page)) -> Result<(), GateError> {
        let process = &self.settings.shipping.referral_decisions;
        self.pages("list referral decisions", process, json!([]), each)
            .await
    }

    /// Reads the details of these decisions, in batches.
    pub async fn decision_details<'i>(
        &self,
        ids: &'i [InteropReferralId],
    ) -> Result<Details<'i, InteropReferralId>, GateError> {
        let process = &self.settings.shipping.decision_details;
        self.details("decision details", process, ids).await
    }

    async fn details<'i, I: Display>(
        &self,
        route: &'static str,
        process: &str,
        ids: &'i [I],
    ) -> Result<Details<'i, I>, GateError> {
        bisected(ids, self.settings.details_batch, async |ids: &[I]| {
            let list: Vec<String> = ids.iter().map(ToString::to_string).collect();
            let asked = match &*list {
                [one] => one.clone(),
                many => format!("[{}]", many.join(",")),
            };
            let query = json!([{ "ParameterName": "{record_ids}", "Value": asked }]);
            let mut rows = Vec::new();
            self.pages(route, process, query, |page| rows.extend(page))
                .await?;
            Ok(rows)
        })
        .await
    }

    /// Asks for page after page. A page that brings no row not seen before, or one too many, ends in an error instead of a loop.
    async fn pages(
        &self,
        route: &'static str,
        process: &str,
        query: Value,
        mut each: impl FnMut(Page),
    ) -> Result<(), GateError> {
        let mut seen: HashSet<u64> = HashSet::new();
        let mut before: Option<PagingSummary> = None;
        for page in 0..self.settings.paging.max_pages {
            let body = self.page_request(process, &query, before.as_ref());
            let envelope = self
                .post(route, &self.settings.retrieval_path, &body, Repeat::Freely)
                .await?;
            let paging = envelope.paging();
            let rows = envelope.rows(&self.transport, route)?;
            let fresh = rows
                .iter()
                .filter(|row| seen.insert(digest(&row.canonical())))
                .count();
            if fresh == 0 && page > 0 {
                return Err(self
                    .transport
                    .unreadable(route, format!("page {page}: it brought nothing new")));
            }
            each(rows);
            if paging.more != Some(true) {
                return Ok(());
            }
            before = Some(paging);
        }
        let place = format!("more than {} pages", self.settings.paging.max_pages);
        Err(self.transport.unreadable(route, place))
    }

    fn page_request(&self, process: &str, query: &Value, before: Option<&PagingSummary>) -> Value {
        let settings = &self.settings;
        let mut body = json!({
            "ShippingProcessId": process,
            "PartnerId": settings.partner_id,
            "InteropID": settings.interop_id,
            "APIVersion": settings.retrieval_api_version,
            "QueryParameters": query,
        });
        if let Some(before) = before {
            body[&settings.paging.cookie_field] = before.cookie.clone();
            body[&settings.paging.page_number_field] = json!(before.page_number.unwrap_or(0) + 1);
        }
        body
    }
}

/// Tells rows apart within one run; nothing outlives it.
fn digest(text: &Pii<String>) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    text.expose().hash(&mut hasher);
    hasher.finish()
}

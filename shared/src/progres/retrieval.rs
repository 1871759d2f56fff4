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
use crate::transport::GateError;

/// Detail rows, with the records asked for in that call.
pub type Details<'i, I> = Vec<(&'i [I], Result<Vec<Row>, GateError>)>;

impl PingClient {
    /// The referrals that are pending for Primero, page by page.
    pub fn pending_referrals(&self) -> Pages<'_> {
        let process = &self.settings.shipping.pending_referrals;
        let ids = &["progres_lpinterventionid", "progres_intervention"];
        self.pages("list pending referrals", process, json!([]), ids)
    }

    /// Reads the details of these interventions, in batches: several rows an intervention.
    pub async fn intervention_details<'i>(
        &self,
        ids: &'i [InterventionId],
    ) -> Result<Details<'i, InterventionId>, GateError> {
        let process = &self.settings.shipping.intervention_details;
        self.details("intervention details", process, ids).await
    }

    /// The decisions on referrals to proGres, page by page; finished ones may be among them.
    pub fn referral_decisions(&self) -> Pages<'_> {
        let process = &self.settings.shipping.referral_decisions;
        let ids = &["progres_interoperabilityreferralid"];
        self.pages("list referral decisions", process, json!([]), ids)
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
            // The rows of one record may fill pages.
            let mut pages = self.pages(route, process, query, &[]);
            let mut rows = Vec::new();
            while let Some(page) = pages.next(|row| row).await? {
                rows.extend(page);
            }
            Ok(rows)
        })
        .await
    }

    fn pages(
        &self,
        route: &'static str,
        process: &str,
        query: Value,
        ids: &'static [&'static str],
    ) -> Pages<'_> {
        Pages {
            client: self,
            route,
            process: process.to_owned(),
            query,
            ids,
            seen: HashSet::new(),
            before: None,
            count: 0,
            over: false,
        }
    }

    pub(super) fn page_request(
        &self,
        process: &str,
        query: &Value,
        before: Option<&PagingSummary>,
    ) -> Value {
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

/// The pages of one list. One too many, or one that brings nothing new, ends in an error instead of a loop. As long as more pages are to
/// follow, new is a record not seen before; the last one may hold what is left of a record's rows.
pub struct Pages<'c> {
    client: &'c PingClient,
    route: &'static str,
    process: String,
    query: Value,
    /// The fields that may name a row's record.
    ids: &'static [&'static str],
    seen: HashSet<u64>,
    before: Option<PagingSummary>,
    count: usize,
    over: bool,
}

impl Pages<'_> {
    /// What `take` makes of each row of the next page; none after the last one. Rows are handed on one by one, so that no page is ever in
    /// memory whole.
    pub async fn next<T>(
        &mut self,
        mut take: impl FnMut(Row) -> T,
    ) -> Result<Option<Vec<T>>, GateError> {
        if self.over {
            return Ok(None);
        }
        let (client, route) = (self.client, self.route);
        let most = client.settings.paging.max_pages;
        if self.count >= most {
            let place = format!("more than {most} pages");
            return Err(client.transport.unreadable(route, place));
        }
        let body = client.page_request(&self.process, &self.query, self.before.as_ref());
        let path = &client.settings.retrieval_path;
        let envelope = client.ask(route, path, &body).await?;
        let paging = envelope.paging(&client.transport)?;
        let more = paging.more == Some(true);
        let mut brought_new = false;
        let rows = envelope.rows(&client.transport, |row| {
            let new_row = self.seen.insert(digest(&row.canonical()));
            brought_new |= match self.ids.iter().find_map(|field| row.text(field)) {
                Some(id) if more => self.seen.insert(digest(&Pii::new(id))),
                _ => new_row,
            };
            take(row)
        })?;
        if !brought_new && self.count > 0 {
            let place = format!("page {}: it brought nothing new", self.count);
            return Err(client.transport.unreadable(route, place));
        }
        self.count += 1;
        self.over = !more;
        self.before = Some(paging);
        Ok(Some(rows))
    }
}

/// Tells rows apart within one run; nothing outlives it.
fn digest(text: &Pii<String>) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    text.expose().hash(&mut hasher);
    hasher.finish()
}

//! The simulated PING: the gate to `proGres`, strict about what it is sent.
//!
//! What is public about PING is answered as the spec and the samples say. What is not public is a guess, and
//! each guess is either a switch in [`PingOptions`] or named where it is made: refusals are HTTP 200 with an
//! `ErrorMessage`; an unknown key in a body, an unknown field name or an id that was never there refuses the
//! whole call; the next page is asked for by echoing `PagingCookie` and `PageNumber` + 1.

mod body;
mod check_status;
mod ingestion;
mod options;
mod retrieval;
mod rows;
mod sign_in;
mod state;
mod submission;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::post;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

pub use options::{ListShape, Nothing, PingOptions, ShippingProcesses, StatusShape};
pub use sign_in::SignIns;
pub use state::Received;

use crate::journal::locked;
use state::{Intervention, Referral, State};

/// The simulated PING and the `proGres` behind it; cheap to clone, all clones are one.
#[derive(Clone)]
pub struct Ping {
    options: Arc<PingOptions>,
    state: Arc<Mutex<State>>,
}

/// What UNHCR decided about a referral that came through PING.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Decision {
    /// `progres_interoperabilityreferralstatus`, such as 125080001 (accepted).
    pub status: Option<u64>,
    /// `progres_reviewdecision`, such as 125080000 (accepted): another code table.
    pub review_decision: Option<u64>,
    /// `progres_reviewdate`, such as `2026-11-20T00:00:00Z`.
    pub review_date: Option<String>,
    /// `progres_interoperabiltyreferralrejectionreason` (sic).
    pub reason: Option<u64>,
    /// `progres_interoperabilityreferralrejectionomment` (sic).
    pub comment: Option<String>,
}

impl Ping {
    /// A PING without any record.
    #[must_use]
    pub fn new(options: PingOptions) -> Self {
        let state = Arc::new(Mutex::new(State::new(&options)));
        Self {
            options: Arc::new(options),
            state,
        }
    }

    /// The whole HTTP interface.
    pub fn router(&self) -> Router {
        let gate = from_fn_with_state(self.clone(), sign_in::gateway);
        Router::new()
            .route(
                "/primes/fetch/paging/v3/retrievedatawithpaging",
                post(retrieval::retrieve),
            )
            .route("/api/ingestion/v2/{partner}/data", post(ingestion::data))
            .route(
                "/api/ingestion/v2/{partner}/asyncdata",
                post(ingestion::async_data),
            )
            .route(
                "/primes/ingestion/checkstatus/v1/pingdata",
                post(check_status::check),
            )
            .route_layer(gate)
            .route(&self.options.token_path, post(sign_in::token))
            .layer(DefaultBodyLimit::disable())
            .with_state(self.clone())
    }

    /// How this PING is set up, credentials included.
    #[must_use]
    pub fn options(&self) -> &PingOptions {
        &self.options
    }

    /// Refers one intervention to Primero: its detail rows, one per language × specific need. The first row
    /// makes the row of the list. An intervention that is already there is refused.
    pub fn refer(&self, detail_rows: Vec<Value>) -> Result<(), String> {
        let id = intervention_id(&detail_rows)?;
        let mut state = self.state();
        if state.intervention_index.contains_key(&id) {
            return Err(format!("intervention {id} is already there"));
        }
        let place = state.interventions.len();
        state.intervention_index.insert(id, place);
        state.interventions.push(Intervention {
            rows: detail_rows,
            withdrawn: false,
            statuses: Vec::new(),
        });
        Ok(())
    }

    /// Replaces the detail rows of an intervention that is already there.
    pub fn edit(&self, detail_rows: Vec<Value>) -> Result<(), String> {
        let id = intervention_id(&detail_rows)?;
        let mut state = self.state();
        let held = state.intervention_mut(&id);
        held.ok_or_else(|| format!("no intervention {id}"))?.rows = detail_rows;
        Ok(())
    }

    /// Takes an intervention back: it is no longer listed and has no details.
    pub fn withdraw(&self, intervention: &str) -> Result<(), String> {
        let mut state = self.state();
        let held = state.intervention_mut(intervention);
        held.ok_or_else(|| format!("no intervention {intervention}"))?
            .withdrawn = true;
        Ok(())
    }

    /// The ids of the interventions that are listed now, lower case, in list order.
    #[must_use]
    pub fn pending(&self) -> Vec<String> {
        let state = self.state();
        let listed = state.interventions.iter().filter(|one| one.is_pending());
        listed
            .filter_map(|one| intervention_id(&one.rows).ok())
            .collect()
    }

    /// Every transfer status received, by intervention id in lower case, each in order of arrival.
    #[must_use]
    pub fn transfer_statuses(&self) -> BTreeMap<String, Vec<Received>> {
        let state = self.state();
        let told = state
            .interventions
            .iter()
            .filter(|one| !one.statuses.is_empty());
        told.filter_map(|one| Some((intervention_id(&one.rows).ok()?, one.statuses.clone())))
            .collect()
    }

    /// Every transfer status received for one intervention, in order; empty for an unknown one.
    #[must_use]
    pub fn transfer_statuses_of(&self, intervention: &str) -> Vec<Received> {
        self.state()
            .intervention(intervention)
            .map(|held| held.statuses.clone())
            .unwrap_or_default()
    }

    /// Every referral submitted through `/asyncdata`, in order.
    #[must_use]
    pub fn submissions(&self) -> Vec<Received> {
        self.state().submissions.clone()
    }

    /// Every mark received, by interoperability referral, each in order of arrival.
    #[must_use]
    pub fn marks(&self) -> BTreeMap<Uuid, Vec<Received>> {
        let state = self.state();
        let marked = state.referrals.iter().filter(|one| !one.marks.is_empty());
        marked.map(|one| (one.id, one.marks.clone())).collect()
    }

    /// UNHCR decides about a submitted referral; the decision is listed from now on.
    pub fn decide_referral(&self, referral: Uuid, decision: &Decision) -> Result<(), String> {
        let mut state = self.state();
        let held = state
            .referral_mut(referral)
            .ok_or_else(|| format!("no referral {referral}"))?;
        held.decision = Some(decision_row(held, decision));
        Ok(())
    }

    /// Adds a decision on a referral that did not come through this PING: its whole detail row.
    pub fn add_decision(&self, row: Value) -> Result<(), String> {
        let id = row["progres_interoperabilityreferralid"]
            .as_str()
            .and_then(|id| Uuid::try_parse(id).ok())
            .ok_or("progres_interoperabilityreferralid is missing or no GUID")?;
        let mut state = self.state();
        if let Some(held) = state.referral_mut(id) {
            held.decision = Some(row);
        } else {
            let text = |key: &str| row[key].as_str().map(str::to_owned);
            let referral = Referral {
                id,
                offline_id: text("progres_offlineid"),
                org_referral_id: text("progres_orgreferralid"),
                requested_service: text("progres_requestedservice"),
                decision: Some(row),
                marks: Vec::new(),
            };
            state.add_referral(referral);
        }
        Ok(())
    }

    /// Every batch with this id fails from now on, for reading and for writing.
    pub fn poison(&self, id: &str) {
        self.state().poisoned.insert(state::canonical(id));
    }

    /// The batches with this id work again.
    pub fn heal(&self, id: &str) {
        self.state().poisoned.remove(&state::canonical(id));
    }

    /// The next `records` ingested records are accepted, change nothing, and are rejected at checkstatus.
    pub fn reject_later(&self, records: usize, message: &str) {
        let mut state = self.state();
        state
            .later_rejections
            .extend(std::iter::repeat_n(message.to_owned(), records));
    }

    /// Every token issued so far is expired.
    pub fn expire_tokens(&self) {
        self.state().tokens.clear();
    }

    /// Moves PING's clock on; tokens age by it.
    pub fn advance_clock(&self, by: SignedDuration) {
        self.state().clock_offset += by;
    }

    /// Rows on a page from now on, of lists and of details.
    pub fn set_page_rows(&self, list: usize, details: usize) {
        let mut state = self.state();
        state.list_page_rows = list;
        state.details_page_rows = details;
    }

    /// How often somebody tried to sign in.
    #[must_use]
    pub fn sign_ins(&self) -> SignIns {
        self.state().sign_ins
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::now() + self.state().clock_offset
    }

    fn new_id(&self) -> Uuid {
        state::random_id(&mut self.state().ids)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }
}

/// The id shared by all rows, in lower case.
fn intervention_id(rows: &[Value]) -> Result<String, String> {
    let mut ids = rows.iter().map(|row| {
        row["progres_lpinterventionid"]
            .as_str()
            .map(state::canonical)
    });
    match ids.next() {
        Some(Some(first)) if ids.all(|id| id.as_ref() == Some(&first)) => Ok(first),
        _ => Err("the rows do not share one progres_lpinterventionid".to_owned()),
    }
}

fn decision_row(referral: &Referral, decision: &Decision) -> Value {
    let mut row = json!({
        "progres_interoperabilityreferralid": referral.id,
        "progres_offlineid": referral.offline_id,
        "progres_orgreferralid": referral.org_referral_id,
        "progres_requestedservice": referral.requested_service,
        "progres_interoperabilityreferralstatus": decision.status,
        "progres_reviewdecision": decision.review_decision,
        "progres_reviewdate": decision.review_date,
        "progres_interoperabiltyreferralrejectionreason": decision.reason,
        "progres_interoperabilityreferralrejectionomment": decision.comment,
    });
    // A status that is not set has no key at all, as everywhere in PING's rows.
    if let Some(members) = row.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    row
}

//! What stories do to `proGres` behind the gate, and what they see there. No request is counted for any of it.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Ping;
use super::sign_in::SignIns;
use super::state::{self, Intervention, Received, Referral};

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

/// An interoperability referral as `proGres` holds it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InteropReferral {
    /// `progres_interoperabilityreferralid`.
    pub id: Uuid,
    /// `progres_offlineid`: Primero's `case_id`.
    pub case_id: Option<String>,
    /// `progres_orgreferralid`: the service's `unique_id`.
    pub service_id: Option<String>,
    /// The detail row, once UNHCR decided.
    pub decision: Option<Value>,
    /// Every mark received, in order.
    pub marks: Vec<Received>,
}

impl Ping {
    /// Refers one intervention to Primero: its detail rows, one per language × specific need. The first row
    /// makes the row of the list. An intervention that is already there is refused.
    pub fn refer(&self, detail_rows: Vec<Value>) -> Result<(), String> {
        self.add_intervention(detail_rows, true)
    }

    /// Adds an intervention that Primero received before this PING began: it is not listed, and its decision
    /// can be reported.
    pub fn add_delivered(&self, detail_rows: Vec<Value>) -> Result<(), String> {
        self.add_intervention(detail_rows, false)
    }

    fn add_intervention(&self, detail_rows: Vec<Value>, listed: bool) -> Result<(), String> {
        let id = intervention_id(&detail_rows)?;
        let mut state = self.state();
        if state.intervention_index.contains_key(&id) {
            return Err(format!("intervention {id} is already there"));
        }
        let place = state.interventions.len();
        state.intervention_index.insert(id, place);
        state.interventions.push(Intervention {
            rows: detail_rows,
            listed,
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

    /// The comments received with applied transfer statuses of one intervention, in order.
    #[must_use]
    pub fn comments_of(&self, intervention: &str) -> Vec<String> {
        let statuses = self.transfer_statuses_of(intervention);
        let applied = statuses.into_iter().filter(|status| status.applied);
        applied.flat_map(|status| status.attachments).collect()
    }

    /// Turns the last decision received for an intervention into its opposite, as though it had come so.
    pub(crate) fn falsify_decision(&self, intervention: &str) -> Result<(), String> {
        let mut state = self.state();
        let last = state
            .intervention_mut(intervention)
            .and_then(|held| held.statuses.last_mut())
            .ok_or_else(|| format!("no transfer status of {intervention}"))?;
        let opposite = match last.field("progres_primerotransferstatus") {
            Some("125080003") => "125080004",
            _ => "125080003",
        };
        let name = "progres_primerotransferstatus".to_owned();
        last.fields.insert(name, Some(opposite.to_owned()));
        Ok(())
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

    /// Every interoperability referral, in the order in which they were made.
    #[must_use]
    pub fn interop_referrals(&self) -> Vec<InteropReferral> {
        let state = self.state();
        let shown = state.referrals.iter().map(|held| InteropReferral {
            id: held.id,
            case_id: held.offline_id.clone(),
            service_id: held.org_referral_id.clone(),
            decision: held.decision.clone(),
            marks: held.marks.clone(),
        });
        shown.collect()
    }

    /// The newest referral that was submitted for a service of a case; `case_id` is Primero's `case_id`.
    #[must_use]
    pub fn referral_of(&self, case_id: &str, service: &str) -> Option<Uuid> {
        let state = self.state();
        let mut newest_first = state.referrals.iter().rev();
        let found = newest_first.find(|held| {
            held.offline_id.as_deref() == Some(case_id)
                && held.org_referral_id.as_deref() == Some(service)
        });
        found.map(|held| held.id)
    }

    /// UNHCR decides about a submitted referral, or changes its mind; the decision is listed from now on.
    pub fn decide_referral(&self, referral: Uuid, decision: &Decision) -> Result<(), String> {
        let mut state = self.state();
        let held = state
            .referral_mut(referral)
            .ok_or_else(|| format!("no referral {referral}"))?;
        held.decision = Some(decision_row(held, decision));
        Ok(())
    }

    /// Writes fields into the detail row of a decision as given: codes as text, as null, or in no list.
    pub fn amend_decision(&self, referral: Uuid, fields: Value) -> Result<(), String> {
        let Value::Object(fields) = fields else {
            return Err("fields are an object".to_owned());
        };
        let mut state = self.state();
        let held = state.referral_mut(referral);
        let row = held.and_then(|held| held.decision.as_mut()?.as_object_mut());
        row.ok_or_else(|| format!("no decision on a referral {referral}"))?
            .extend(fields);
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

    /// The next record of this id is accepted, changes nothing, and is rejected at checkstatus. The id is an
    /// intervention's, an interoperability referral's, or of a submission its `progres_orgreferralid`.
    pub fn reject_record_later(&self, id: &str, message: &str) {
        let mut state = self.state();
        let planned = &mut state.later_rejections_by_id;
        planned.insert(state::canonical(id), message.to_owned());
    }

    /// Checkstatus calls that a transaction begun from now on answers with "not yet".
    pub fn set_checks_before_result(&self, checks: u32) {
        self.state().checks_before_result = checks;
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

//! What people do between the workflows: case workers decide and refer, UNHCR's staff decide.
//!
//! What was played can be seen in the two systems, so the checker needs no memory of it.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::cases_at_the_start;
use crate::Sandbox;
use crate::ping::{Decision, Ping};
use crate::primero::{NewReferral, Primero, ServiceDecision};

/// The user that stands for `proGres` in Primero.
pub(super) const PROGRES_USER: &str = "unhcr_cw";

#[derive(Deserialize)]
struct Decisions {
    registered: Vec<Value>,
    delivered_long_ago: Vec<Vec<Value>>,
    /// In the order in which they were made; the last one of an intervention counts.
    decided: Vec<Decided>,
}

#[derive(Deserialize)]
struct Decided {
    intervention: String,
    decision: ServiceDecision,
}

#[derive(Deserialize)]
struct Referrals {
    registered: Vec<Value>,
    edited: Vec<Edit>,
    referred: Vec<Referral>,
    withdrawn: Vec<Referral>,
    accepted: Vec<Referral>,
    edited_afterwards: Vec<Edit>,
}

#[derive(Deserialize)]
struct Edit {
    case: String,
    fields: Map<String, Value>,
}

/// A referral to `proGres`, by the case's `id` and the service's `unique_id`.
#[derive(Deserialize)]
struct Referral {
    case: String,
    service: String,
    #[serde(default)]
    consent_overridden: bool,
}

#[derive(Deserialize)]
struct Reviews {
    /// In the order in which they were made; the last one of a referral counts.
    reviewed: Vec<Review>,
    from_elsewhere: Vec<Value>,
    withdrawn: Vec<Referral>,
    accepted: Vec<Referral>,
}

#[derive(Deserialize)]
struct Review {
    case_id: String,
    service: String,
    decision: Decision,
    /// Fields of the row as they are, whatever their type.
    amended: Option<Value>,
}

fn decisions() -> Decisions {
    let text = include_str!("../../data/demo/story-decisions.json");
    serde_json::from_str(text).expect("invariant: the embedded story is well formed")
}

fn referrals() -> Referrals {
    let text = include_str!("../../data/demo/story-referrals.json");
    serde_json::from_str(text).expect("invariant: the embedded story is well formed")
}

fn reviews() -> Reviews {
    let text = include_str!("../../data/demo/story-reviews.json");
    serde_json::from_str(text).expect("invariant: the embedded story is well formed")
}

/// After 1.1: case workers decide about what was delivered, one of them changes their mind, one takes a
/// decision back, and there is a child with services of which only some are UNHCR's. Answers the number of
/// services decided about.
pub fn case_workers_decide(sandbox: &Sandbox) -> Result<usize, String> {
    decide(&sandbox.ping, &sandbox.primero)
}

pub(crate) fn decide(ping: &Ping, primero: &Primero) -> Result<usize, String> {
    let story = decisions();
    for case in story.registered {
        primero.insert_case(case)?;
    }
    for rows in story.delivered_long_ago {
        ping.add_delivered(rows)?;
    }
    let mut decided = BTreeSet::new();
    for one in story.decided {
        primero.worker_decides_intervention(&one.intervention, &one.decision)?;
        decided.insert(one.intervention);
    }
    Ok(decided.len())
}

/// After 1.2: case workers refer children to `proGres`, withdraw one, and take back one's consent. Answers the
/// number of referrals.
pub fn case_workers_refer(sandbox: &Sandbox) -> Result<usize, String> {
    refer(&sandbox.primero)
}

pub(crate) fn refer(primero: &Primero) -> Result<usize, String> {
    let story = referrals();
    for case in story.registered {
        primero.insert_case(case)?;
    }
    for edit in story.edited {
        primero.worker_updates_case(&edit.case, Value::Object(edit.fields))?;
    }
    for one in &story.referred {
        let referral = NewReferral {
            transitioned_to: PROGRES_USER.to_owned(),
            service_record_id: Some(one.service.clone()),
            consent_overridden: one.consent_overridden,
            ..NewReferral::default()
        };
        primero.refer(&one.case, &referral)?;
    }
    for one in &story.withdrawn {
        primero.revoke_referral(&referral_in_primero(primero, one)?)?;
    }
    for one in &story.accepted {
        primero.accept_referral(&referral_in_primero(primero, one)?)?;
    }
    for edit in story.edited_afterwards {
        primero.worker_updates_case(&edit.case, Value::Object(edit.fields))?;
    }
    Ok(story.referred.len())
}

/// After 2.1: UNHCR's staff decide about what arrived, one changes their mind, and there is a decision on a
/// referral from elsewhere; meanwhile one referral is withdrawn in Primero and one accepted there by hand.
/// Answers the number of decisions. An error where a referral that should be in `proGres` is not.
pub fn unhcr_decides(sandbox: &Sandbox) -> Result<usize, String> {
    review(&sandbox.ping, &sandbox.primero)
}

pub(crate) fn review(ping: &Ping, primero: &Primero) -> Result<usize, String> {
    let story = reviews();
    // proGres keeps the day of a review, not its time.
    let today = primero.now().strftime("%Y-%m-%dT00:00:00Z");
    let mut decided = BTreeSet::new();
    for review in story.reviewed {
        let id = ping
            .referral_of(&review.case_id, &review.service)
            .ok_or_else(|| format!("the service {} was never submitted", review.service))?;
        let decision = Decision {
            review_date: Some(today.to_string()),
            ..review.decision
        };
        ping.decide_referral(id, &decision)?;
        if let Some(fields) = review.amended {
            ping.amend_decision(id, fields)?;
        }
        decided.insert(id);
    }
    for row in story.from_elsewhere {
        decided.insert(interop_id(&row)?);
        ping.add_decision(row)?;
    }
    for one in &story.withdrawn {
        primero.revoke_referral(&referral_in_primero(primero, one)?)?;
    }
    for one in &story.accepted {
        primero.accept_referral(&referral_in_primero(primero, one)?)?;
    }
    Ok(decided.len())
}

fn interop_id(row: &Value) -> Result<Uuid, String> {
    let id = row["progres_interoperabilityreferralid"].as_str();
    id.and_then(|id| Uuid::try_parse(id).ok())
        .ok_or_else(|| "a decision without an id".to_owned())
}

fn referral_in_primero(primero: &Primero, wanted: &Referral) -> Result<String, String> {
    let referrals = primero.referrals_of(&wanted.case);
    let found = referrals
        .iter()
        .find(|referral| referral["service_record_id"] == json!(wanted.service));
    let id = found.and_then(|referral| referral["id"].as_str());
    id.map(str::to_owned)
        .ok_or_else(|| format!("nobody referred the service {}", wanted.service))
}

/// Which steps of the story were played.
#[derive(Clone, Copy)]
pub(super) struct Played {
    decisions: bool,
    referrals: bool,
}

impl Played {
    pub(super) fn in_sandbox(sandbox: &Sandbox) -> Self {
        let is_there = |registered: &[Value]| {
            let id = registered.first().and_then(|case| case["id"].as_str());
            id.is_some_and(|id| sandbox.primero.case(id).is_some())
        };
        Self {
            decisions: is_there(&decisions().registered),
            referrals: is_there(&referrals().registered),
        }
    }

    /// What the case worker decided last about the service of an intervention.
    pub(super) fn decision_on(self, intervention: &str) -> Option<ServiceDecision> {
        let mut newest_first = decisions().decided.into_iter().rev();
        let found = newest_first.find(|one| one.intervention == intervention)?;
        self.decisions.then_some(found.decision)
    }

    /// The cases that are in Primero by the hands of people alone, as they left them. Of a delivered service
    /// in them nothing is known here.
    pub(super) fn cases(self) -> Vec<Value> {
        let mut cases = cases_at_the_start();
        if self.decisions {
            cases.extend(decisions().registered);
        }
        if self.referrals {
            let story = referrals();
            cases.extend(story.registered);
            for edit in story.edited.into_iter().chain(story.edited_afterwards) {
                let case = cases.iter_mut().find(|case| case["id"] == json!(edit.case));
                if let Some(case) = case {
                    apply(case, edit.fields);
                }
            }
        }
        cases
    }
}

/// Services are appended, everything else is replaced.
fn apply(case: &mut Value, fields: Map<String, Value>) {
    for (name, value) in fields {
        match (case.get_mut(&name).and_then(Value::as_array_mut), value) {
            (Some(rows), Value::Array(more)) => rows.extend(more),
            (_, value) => case[name] = value,
        }
    }
}

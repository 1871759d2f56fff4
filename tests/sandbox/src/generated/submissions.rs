//! 2.1: services that case workers referred to `proGres`. 2.2: what UNHCR decided about them.

use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Generated;
use super::children::{Child, Saves, guid, one_of, series};
use super::referrals::text;
use crate::Sandbox;
use crate::ping::{Decision, Ping};
use crate::primero::NewReferral;

const SERVICES: [&str; 5] = [
    "legal_support",
    "medical",
    "shelter",
    "cash_assistance",
    "documentation",
];
const CONCERNS: [&str; 3] = ["unaccompanied", "separated", "neglect"];
const COMMENTS: [&str; 2] = [
    "No such registration in this operation",
    "Ask again in spring",
];
const ACCEPTED: u64 = 125_080_001;
const REJECTED: u64 = 125_080_002;
/// The first of three.
const FIRST_REASON: u64 = 125_080_000;

/// A service that was referred to `proGres`.
struct Referred {
    case_id: String,
    service: String,
    at: Timestamp,
}

/// Loads what 2.1 is to send; answers the `unique_id`s of the services.
pub(super) fn load(
    sandbox: &Sandbox,
    what: &Generated,
    chance: &mut StdRng,
) -> Result<Vec<String>, String> {
    let referred = refer(sandbox, what, chance)?;
    Ok(referred.into_iter().map(|one| one.service).collect())
}

/// Loads the same with UNHCR's decisions; answers the ids of the interoperability referrals.
pub(super) fn load_decided(
    sandbox: &Sandbox,
    what: &Generated,
    chance: &mut StdRng,
) -> Result<Vec<String>, String> {
    let mut ids = Vec::with_capacity(what.records);
    for (place, referred) in refer(sandbox, what, chance)?.into_iter().enumerate() {
        let id = guid(chance);
        let mut row = json!({
            "progres_interoperabilityreferralid": id,
            "progres_interoperabilityreferralnumber":
                format!("REF-IOP-GAM-{}{place:08}", series(what.workflow)),
            "progres_offlineid": referred.case_id,
            "progres_orgreferralid": referred.service,
        });
        for (field, value) in review(chance, referred.at) {
            row[field] = value;
        }
        sandbox.ping.add_decision(row)?;
        ids.push(id);
    }
    Ok(ids)
}

/// UNHCR decides about every submitted referral on which it has not decided yet; answers how many. With it
/// 2.2 can be measured where the bridge itself sent the referrals before.
pub fn decide_submitted(ping: &Ping, seed: u64) -> Result<usize, String> {
    let mut chance = StdRng::seed_from_u64(seed);
    let referrals = ping.interop_referrals();
    let undecided: Vec<Uuid> = referrals
        .into_iter()
        .filter(|referral| referral.decision.is_none())
        .map(|referral| referral.id)
        .collect();
    for id in &undecided {
        let fields: serde_json::Map<String, Value> = review(&mut chance, ping.now())
            .into_iter()
            .map(|(field, value)| (field.to_owned(), value))
            .collect();
        ping.decide_referral(*id, &Decision::default())?;
        ping.amend_decision(*id, Value::Object(fields))?;
    }
    Ok(undecided.len())
}

/// The fields of a decision a day after the referral. Three of ten are rejected.
fn review(chance: &mut StdRng, referred_at: Timestamp) -> Vec<(&'static str, Value)> {
    let date = (referred_at + SignedDuration::from_hours(24)).strftime("%Y-%m-%dT00:00:00Z");
    let rejected = chance.random_range(0..10) < 3;
    let status = if rejected { REJECTED } else { ACCEPTED };
    let mut fields = vec![
        ("progres_interoperabilityreferralstatus", json!(status)),
        ("progres_reviewdate", json!(date.to_string())),
    ];
    if rejected {
        let reason = FIRST_REASON + chance.random_range(0..3);
        let comment = one_of(&COMMENTS, chance);
        fields.extend([
            (
                "progres_interoperabiltyreferralrejectionreason",
                json!(reason),
            ),
            (
                "progres_interoperabilityreferralrejectionomment",
                json!(comment),
            ),
        ]);
    }
    fields
}

fn refer(
    sandbox: &Sandbox,
    what: &Generated,
    chance: &mut StdRng,
) -> Result<Vec<Referred>, String> {
    let mut saves = Saves::begin();
    let mut referred = Vec::with_capacity(what.records);
    for place in 0..what.records {
        let at = saves.next(chance);
        let child = Child::drawn(chance, what.workflow, place);
        let case = with_service(&child, chance, at);
        let service = text(&case["services_section"][0], "unique_id");
        let case_id = text(&case, "case_id");
        let id = sandbox.primero.insert_case(case)?;
        let referral = NewReferral {
            transitioned_to: "unhcr_cw".to_owned(),
            service_record_id: Some(service.clone()),
            ..NewReferral::default()
        };
        sandbox.primero.refer_at(&id, &referral, at)?;
        referred.push(Referred {
            case_id,
            service,
            at,
        });
    }
    Ok(referred)
}

/// A case with consent and one service that UNHCR is to give.
fn with_service(child: &Child, chance: &mut StdRng, saved_at: Timestamp) -> Value {
    let mut case = child.case(chance, saved_at);
    case["unhcr_id_no"] = json!(child.group);
    case["consent_for_services"] = json!(true);
    case["disclosure_other_orgs"] = json!(true);
    case["protection_concerns"] = json!([one_of(&CONCERNS, chance)]);
    case["services_section"] = json!([{
        "unique_id": guid(chance),
        "service_type": one_of(&SERVICES, chance),
        "service_implementing_agency": "UNHCR",
        "service_response_type": "service_provision",
        "service_referral_notes": "Please help this child.",
    }]);
    case
}

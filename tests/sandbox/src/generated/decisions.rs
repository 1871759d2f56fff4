//! 1.2: services that UNHCR asked for, decided by the case workers of their children.

use jiff::Timestamp;
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::Generated;
use super::children::{Child, Saves, guid, one_of};
use super::referrals::{BUSINESS_UNIT, intervention, text};
use crate::Sandbox;

const REASONS: [&str; 3] = [
    "The family has moved to another camp.",
    "Already helped by another agency.",
    "The child is an adult.",
];

/// Loads the data; answers the ids of the interventions.
pub(super) fn load(
    sandbox: &Sandbox,
    what: &Generated,
    chance: &mut StdRng,
) -> Result<Vec<String>, String> {
    let mut saves = Saves::begin();
    let mut ids = Vec::with_capacity(what.records);
    for place in 0..what.records {
        let child = Child::drawn(chance, what.workflow, place);
        let rows = intervention(&child, what.workflow, chance, place);
        let saved_at = saves.next(chance);
        let case = decided(&child, &rows[0], chance, saved_at);
        ids.push(text(&rows[0], "progres_lpinterventionid"));
        sandbox.primero.insert_case(case)?;
        sandbox.ping.add_delivered(rows)?;
    }
    Ok(ids)
}

/// A case with the service of an intervention. Three of ten are rejected, most of them with a reason.
fn decided(child: &Child, row: &Value, chance: &mut StdRng, saved_at: Timestamp) -> Value {
    let number = text(row, "progres_interventionnumber");
    let id = text(row, "progres_lpinterventionid");
    let rejected = chance.random_range(0..10) < 3;
    let has_reason = rejected && chance.random_range(0..4) > 0;
    let mut case = child.case(chance, saved_at);
    case["unhcr_id_no"] = json!(child.group);
    case["services_section"] = json!([{
        "unique_id": guid(chance),
        "service_type": "alternative_care",
        "service_request_external": true,
        "service_request_agency": "UNHCR",
        "service_implementing_agency": "UNICEF",
        "service_response_type": "service_provision",
        "service_referral": "external_referral",
        "unhcr_referral_status": if rejected { "rejected" } else { "accepted" },
        "unhcr_referral_rejection_reason": has_reason.then(|| one_of(&REASONS, chance)),
        "progres_interventionnumber": format!("{number},{id},{BUSINESS_UNIT}"),
    }]);
    case
}

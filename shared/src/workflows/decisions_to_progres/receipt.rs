//! What 1.1 tells of the same interventions: its receipt must not follow the decision.

use std::collections::HashMap;

use serde::Deserialize;

use crate::domain::ids::CaseRecordId;
use crate::domain::reason::{Reason, Stop};
use crate::domain::record::RecordKey;
use crate::domain::system::WorkflowName;
use crate::engine::LedgerView;
use crate::store::RecordState;

const OTHER: WorkflowName = WorkflowName::ReferralsToPrimero;

/// Where 1.1 placed a referral; the rest of its place is not read.
#[derive(Deserialize)]
struct Placed {
    case: Option<CaseRecordId>,
}

/// The cases on which 1.1 placed the referrals of these interventions, where it knows them.
pub async fn cases_of(
    keys: &[RecordKey],
    ledger: LedgerView<'_>,
) -> Result<HashMap<RecordKey, CaseRecordId>, Stop> {
    let found = ledger.places_of::<Placed>(OTHER, keys).await?;
    Ok(found
        .into_iter()
        .filter_map(|(key, place)| Some((key, place.case?)))
        .collect())
}

/// Which decisions wait for a run of 1.1 that has their receipt in hand.
pub async fn yields(
    keys: &[&RecordKey],
    ledger: LedgerView<'_>,
) -> Result<Vec<Option<Reason>>, Stop> {
    let keys: Vec<RecordKey> = keys.iter().copied().cloned().collect();
    let rows = ledger.rows_of(OTHER, &keys).await?;
    let untold = |key: &RecordKey| {
        let row = rows.get(key);
        row.is_some_and(|row| matches!(row.state, RecordState::Written | RecordState::Verified))
    };
    if !keys.iter().any(untold) || !ledger.is_running(OTHER).await? {
        return Ok(Vec::new());
    }
    let reason = |key: &RecordKey| untold(key).then_some(Reason::ReceiptUnderWay);
    Ok(keys.iter().map(reason).collect())
}

//! What 1.1 tells of the same interventions: its receipt must not follow the decision.

use crate::domain::reason::{Reason, Stop};
use crate::domain::record::RecordKey;
use crate::domain::system::WorkflowName;
use crate::engine::LedgerView;
use crate::store::RecordState;

/// Which decisions wait for a run of 1.1 that has their receipt in hand.
pub async fn yields(
    keys: &[&RecordKey],
    ledger: LedgerView<'_>,
) -> Result<Vec<Option<Reason>>, Stop> {
    const OTHER: WorkflowName = WorkflowName::ReferralsToPrimero;
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

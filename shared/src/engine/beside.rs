//! What discovery shows beside records, and is worth a remark.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::panics::guarded_now;
use super::under_way::Run;
use super::workflow::{Shown, Workflow};
use crate::domain::reason::{Reason, Stop};
use crate::store::Beside;

/// Keeps what the last page showed beside its records, before the cursor can pass it. Answers the
/// remarks that are new.
pub async fn keep_shown<W: Workflow>(run: &Run<'_, W>) -> Result<Vec<Reason>, Stop> {
    let shown = guarded_now(|| run.workflow.shown()).map_err(|_| Stop::InternalError)?;
    if shown.is_empty() || run.request.dry_run {
        return Ok(Vec::new());
    }
    let store = run.context.store;
    let known = store.beside().await?;
    let mut new = Vec::new();
    for one in shown {
        run.still_ours()?;
        match (one.remark, known.get(&one.key)) {
            (None, None) => {}
            (None, Some(_)) => {
                let expires = run.context.clock.now().as_second();
                let none = beside(run, one, BTreeMap::new(), Some(expires));
                store.put_beside(&none).await?;
            }
            (Some(_), Some(before)) if before.version == one.version => {}
            (Some(remark), before) => {
                let since = before.and_then(|before| before.remarks.get(&remark).copied());
                if since.is_none() {
                    new.push(remark);
                }
                let since = since.unwrap_or_else(|| run.context.clock.now());
                let remarks = BTreeMap::from([(remark, since)]);
                let beside = beside(run, one, remarks, None);
                store.put_beside(&beside).await?;
            }
        }
    }
    Ok(new)
}

fn beside<W: Workflow>(
    run: &Run<'_, W>,
    shown: Shown,
    remarks: BTreeMap<Reason, Timestamp>,
    ttl: Option<i64>,
) -> Beside {
    Beside {
        key: shown.key,
        version: shown.version,
        remarks,
        ttl,
        run_id: run.lease.run_id.clone(),
        fence: run.lease.fence,
    }
}

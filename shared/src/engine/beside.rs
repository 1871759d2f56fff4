//! What discovery shows beside records, and is worth a remark.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::panics::guarded_now;
use super::run::Run;
use super::workflow::Workflow;
use crate::domain::reason::{Reason, Stop};
use crate::store::Beside;

/// Something of the source that is no record, such as a case as a whole, as a page showed it. Ids only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its id.
    pub key: String,
    /// Its version.
    pub version: String,
    /// What is worth a remark on it; none undoes what was remarked before.
    pub remark: Option<Reason>,
}

impl<W: Workflow> Run<'_, W> {
    /// Keeps what the last page showed beside its records, before the cursor can pass it. Answers the remarks that are new.
    pub(super) async fn keep_shown(&self) -> Result<Vec<Reason>, Stop> {
        let shown = guarded_now(|| self.workflow.shown()).map_err(|_| Stop::InternalError)?;
        if shown.is_empty() || self.request.dry_run {
            return Ok(Vec::new());
        }
        let store = self.around.store;
        let known = store.beside().await?;
        let mut new = Vec::new();
        for one in shown {
            self.still_ours()?;
            match (one.remark, known.get(&one.key)) {
                (None, None) => {}
                (None, Some(_)) => {
                    let expires = self.around.clock.now().as_second();
                    let none = self.beside(one, BTreeMap::new(), Some(expires));
                    store.put_beside(&none).await?;
                }
                (Some(_), Some(before)) if before.version == one.version => {}
                (Some(remark), before) => {
                    let since = before.and_then(|before| before.remarks.get(&remark).copied());
                    if since.is_none() {
                        new.push(remark);
                    }
                    let since = since.unwrap_or_else(|| self.around.clock.now());
                    let remarks = BTreeMap::from([(remark, since)]);
                    let beside = self.beside(one, remarks, None);
                    store.put_beside(&beside).await?;
                }
            }
        }
        Ok(new)
    }

    fn beside(
        &self,
        shown: Shown,
        remarks: BTreeMap<Reason, Timestamp>,
        ttl: Option<i64>,
    ) -> Beside {
        Beside {
            key: shown.key,
            version: shown.version,
            remarks,
            ttl,
            run_id: self.lease.run_id.clone(),
            fence: self.lease.fence,
        }
    }
}

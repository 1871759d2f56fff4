//! An empty ledger is not trusted where a repeat does harm: a table that was deleted and made anew, or a mistyped name of one, looks
//! like the very first run, and would send everything again.
//!
//! Such a run first goes dry, over the whole window and whatever was asked of it, up to the first record that it would send. Is there
//! one, the run ends and leaves neither row nor cursor, so the next one is refused as well; only a person lets it go. Is there none, it
//! goes on as usual, and its cursor is the mark that the ledger is in use.

use super::pass::pass;
use super::report::Report;
use super::request::Request;
use super::under_way::Run;
use super::workflow::{SourceKind, Workflow};
use crate::domain::outcome::RunReport;
use crate::domain::reason::Stop;
use crate::store::Cursor;

/// Stops a run with [`Stop::LedgerEmpty`] that would send something though the ledger knows of nothing.
pub async fn refuse_empty_ledger<W: Workflow>(
    run: &Run<'_, W>,
    cursor: Option<&Cursor>,
    report: &RunReport,
) -> Result<(), Stop> {
    let asked = run.request.dry_run || run.request.first_run;
    if asked || run.traits.source_kind == SourceKind::Pending || cursor.is_some() {
        return Ok(());
    }
    if run.context.store.has_records().await? {
        return Ok(());
    }
    let request = Request {
        dry_run: true,
        ..Request::default()
    };
    let look = Run {
        workflow: run.workflow,
        context: run.context,
        request: &request,
        traits: run.traits,
        lease: run.lease.clone(),
        site_kept: std::cell::Cell::new(true),
        looks_first: true,
    };
    let (counted, mut report) = (Report::silent(), report.clone());
    let passed = Box::pin(pass(&look, None, &mut report, &counted)).await?;
    if passed.ended? {
        Err(Stop::NoProgress)
    } else {
        Ok(())
    }
}

//! Following the changes in Primero, as 1.2 and 2.1 do.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::domain::reason::Stop;
use crate::domain::system::System;
use crate::engine::{Discovered, Opened, Page, Workflow};
use crate::primero::{ChangedCase, Changes, PrimeroClient};
use crate::transport::GateError;

/// A save is dated before it can be seen, so the latest ones are left for the next run.
const UNSETTLED: SignedDuration = SignedDuration::from_secs(5);

/// Begins to list what changed from `from` until just now, by Primero's own time.
pub async fn open<'c>(
    primero: &'c PrimeroClient,
    from: Timestamp,
    fields: &[&str],
) -> Result<Opened<Changes<'c>>, Stop> {
    let until = primero.server_time().await.map_err(ended)? - UNSETTLED;
    Ok(Opened {
        pages: primero.changed_cases(from, until, fields),
        until: Some(until),
    })
}

/// The next page, with the records that each of its cases holds.
pub async fn next_page<W: Workflow>(
    changes: &mut Changes<'_>,
    records: impl Fn(&Arc<ChangedCase>) -> Vec<Discovered<W>>,
) -> Result<Option<Page<W>>, Stop> {
    let page = changes.next().await.map_err(ended)?;
    Ok(page.map(|page| Page {
        records: page
            .cases
            .into_iter()
            .flat_map(|case| records(&Arc::new(case)))
            .collect(),
        reached: page.reached,
    }))
}

/// What tells one state of a case from another.
pub fn version(case: &ChangedCase) -> String {
    case.changed_at.to_string()
}

/// Without the list there is nothing to do: any failure ends the run.
fn ended(error: GateError) -> Stop {
    match error.of_the_system() {
        GateError::Run(stop) => stop,
        GateError::Refused { status, .. } => Stop::UnreadableAnswer {
            system: System::Primero,
            route: "list changed cases",
            place: format!("status {status}"),
        },
        _ => Stop::Unavailable(System::Primero),
    }
}

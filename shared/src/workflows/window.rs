//! Following the changes in Primero, as 1.2 and 2.1 do.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::domain::fingerprint::FingerprintKey;
use crate::domain::ids::CaseRecordId;
use crate::domain::pii::Pii;
use crate::domain::reason::{Reason, Stop};
use crate::domain::record::RecordKey;
use crate::domain::system::System;
use crate::engine::{Discovered, Fault, Opened, Page, Workflow};
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

/// The cases of a page, by time of change.
pub struct PageCases {
    /// Cases to work on.
    pub enabled: Vec<Arc<ChangedCase>>,
    /// Cases on which nothing is done.
    pub disabled: Vec<Arc<ChangedCase>>,
}

/// The next page, with the records that its cases hold. A row that cannot be read is held by itself.
pub async fn next_page<W: Workflow>(
    changes: &mut Changes<'_>,
    keys: &FingerprintKey,
    records: impl Fn(&PageCases) -> Vec<Discovered<W>>,
) -> Result<Option<Page<W>>, Stop> {
    let page = changes.next().await.map_err(ended)?;
    Ok(page.map(|page| {
        let shared = |cases: Vec<ChangedCase>| cases.into_iter().map(Arc::new).collect();
        let cases = PageCases {
            enabled: shared(page.cases),
            disabled: shared(page.disabled),
        };
        let unreadable = page.unreadable.into_iter().map(|row| Discovered {
            fault: Some(unreadable(vec![row.field.to_owned()])),
            ..Discovered::named(unreadable_key(&row.known_by, keys))
        });
        Page {
            records: records(&cases).into_iter().chain(unreadable).collect(),
            reached: page.reached,
        }
    }))
}

/// The key under which a case is held that cannot be told from others otherwise.
pub fn key_of_unreadable(case: CaseRecordId, keys: &FingerprintKey) -> RecordKey {
    unreadable_key(&Pii::new(case.to_string()), keys)
}

fn unreadable_key(known_by: &Pii<String>, keys: &FingerprintKey) -> RecordKey {
    let bytes = Pii::new(known_by.expose().clone().into_bytes());
    RecordKey::of_unreadable(&keys.fingerprint(&bytes))
}

/// Why nothing can be said of a case on which nobody can tell what stands; none of any other.
pub fn undecided(case: &ChangedCase) -> Option<Fault> {
    let fields = case.case.undecided();
    (!fields.is_empty()).then(|| unreadable(fields))
}

fn unreadable(fields: Vec<String>) -> Fault {
    Fault::hold(Reason::UnreadableRecord, fields)
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

//! Demo data for a full round trip, the people who act in between, and an independent checker of what a bridge
//! made of it.
//!
//! The order is [`load`], workflow 1.1, [`case_workers_decide`], 1.2, [`case_workers_refer`], 2.1,
//! [`unhcr_decides`], 2.2; the check may be made after any workflow.
//!
//! The expectations in `data/demo/expected-*.json` were derived by hand from the mapping that the two
//! programmes agreed on, for the Gambella tables without their suspicious entries. Nothing here shares code
//! with the bridge: the checker reads what the two simulated systems hold and compares every field. The one
//! thing that it takes from the bridge is the ledger's word on records that did not arrive.

mod check;
mod decided;
mod expected;
mod found;
mod leftovers;
mod plant;
mod received;
mod reviewed;
mod story;
mod submitted;
mod verdict;

use serde_json::Value;

use crate::Sandbox;

pub use check::{check, check_with, keys};
pub use plant::{Plant, plant};
pub use story::{case_workers_decide, case_workers_refer, unhcr_decides};
pub(crate) use story::{decide, refer, review};
pub use verdict::{Claims, HeldClaim, Kind, Ledger, Problem, RecordVerdict, Sums, Verdict};

/// Rows on one page while the demo data is loaded: small, so that lists have several pages and the rows of
/// one intervention fall on two.
const PAGE_ROWS: usize = 7;

/// Puts the demo data into both systems; answers the number of referred interventions. A sandbox takes it
/// once: a second time is an error, as is anything that the simulated systems do not take.
pub fn load(sandbox: &Sandbox) -> Result<usize, String> {
    let cases = cases_at_the_start();
    let interventions = interventions();
    sandbox.ping.set_page_rows(PAGE_ROWS, PAGE_ROWS);
    for case in cases {
        sandbox.primero.insert_case(case)?;
    }
    let count = interventions.len();
    for rows in interventions {
        sandbox.ping.refer(rows)?;
    }
    Ok(count)
}

/// The cases that Primero has before the first run.
fn cases_at_the_start() -> Vec<Value> {
    let text = include_str!("../../data/demo/primero.json");
    let mut data: std::collections::BTreeMap<String, Vec<Value>> =
        serde_json::from_str(text).expect("invariant: the embedded cases are well formed");
    data.remove("cases").unwrap_or_default()
}

/// The detail rows of each intervention.
fn interventions() -> Vec<Vec<Value>> {
    let text = include_str!("../../data/demo/progres.json");
    let mut data: std::collections::BTreeMap<String, Vec<Vec<Value>>> =
        serde_json::from_str(text).expect("invariant: the embedded interventions are well formed");
    data.remove("interventions").unwrap_or_default()
}

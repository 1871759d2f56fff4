//! The sync engine: one run of one workflow.
//!
//! **Promise.** An effect happens exactly once wherever the destination can be asked; nothing the source offered ends without a
//! ledger row or a count in the report.
//!
//! **How it keeps it.** [`run()`] takes the lease, discovers, and puts every offered record on the conveyor: gate → fetch → map →
//! locate → write, then verify or confirm, tell the source, and `done`. All stages of all records are driven by one task, so
//! a run has no data races of its own; the lease and the fence of every row keep two runs apart. A crash at any point leaves the
//! record in a state from which the next run goes on: the destination is asked before anything is written again.
//!
//! The engine knows no gate: whatever it needs of the two systems it asks of a [`Workflow`].

mod absorb;
mod beside;
mod confirming;
mod conveyor;
mod discovery;
mod entry;
mod fault;
mod first_run;
mod freshness;
mod gated;
mod gating;
mod looks;
mod panics;
mod probing;
mod request;
mod rows;
mod run;
mod settle;
mod sign_in;
mod site;
mod stages;
mod streaks;
mod tally;
mod telling;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod under_way;
mod workflow;
mod writing;

pub use self::beside::Shown;
pub use self::fault::{Fault, FaultKind, Refusal, Trouble};
pub use self::request::Request;
pub use self::run::{Finished, Surroundings, run};
pub use self::sign_in::SignInLedger;
pub use self::tally::Progress;
pub use self::workflow::{
    Asked, BatchResult, Batches, Character, Confirmation, Discovered, Feed, History, LedgerView,
    Located, Mapped, Notice, OnLoss, Opened, Page, Partition, Precedence, Seen, Tells,
    Verification, Workflow, Written,
};

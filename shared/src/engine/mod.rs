//! The sync engine: one run of one workflow.
//!
//! **Promise.** An effect happens exactly once wherever the destination can be asked; nothing the source offered ends without a
//! ledger row or a count in the report.
//!
//! **How it keeps it.** [`run()`] takes the lease, discovers, and puts every offered record on the conveyor: gate → fetch → map →
//! locate → write → keep `written` → verify → tell the source → keep `done`. All stages of all records are driven by one task, so
//! a run has no data races of its own; the lease and the fence of every row keep two runs apart. A crash at any point leaves the
//! record in a state from which the next run goes on: the destination is asked before anything is written again.
//!
//! The engine knows no gate: whatever it needs of the two systems it asks of a [`Workflow`].

mod absorb;
mod conveyor;
mod entry;
mod gating;
mod panics;
mod run;
mod settle;
mod sign_in;
mod stages;
mod tally;
mod telling;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod workflow;

pub use self::run::{Finished, Surroundings, run};
pub use self::tally::Progress;
pub use self::workflow::{
    BatchResult, Batches, Discovered, Fault, FaultKind, LedgerView, Located, Mapped, Notice,
    Partition, Trouble, Verification, Workflow,
};

//! The sync engine: one run of one workflow.
//!
//! **Promise.** An effect happens exactly once wherever the destination can be asked; nothing the source offered ends without a
//! ledger row or a count in the report.
//!
//! **How it keeps it.** [`run()`] takes the lease, reads what is due, and lets every record live: gate → fetch → map → locate → write,
//! then verify or confirm, acknowledge, and `done`. The life of one record is one straight function (`life`). All lives are driven by
//! one task (`drive`), so a run has no data races of its own; the lease and the fence of every row keep two runs apart. A crash at any
//! point leaves the record in a state from which the next run goes on: the destination is asked before anything is written again.
//!
//! **The map.** What many lives ask goes out in one call (`batch`, `flow`, `calls`), as far as the run may (`limits`, `failures`) and in
//! source order (`order`, `turns`, `window`). What is no life stands beside: the source and its cursor (`source`), counting (`report`).
//!
//! The engine knows no gate: whatever it needs of the two systems it asks of a [`Workflow`].

mod acknowledging;
mod batch;
mod bell;
mod beside;
mod calls;
mod confirming;
mod context;
mod drive;
mod due;
mod failures;
mod fault;
mod first_run;
mod flow;
mod gate;
mod life;
mod limits;
mod line;
mod living;
mod looks;
mod naps;
mod obstacle;
mod order;
mod panics;
mod pass;
mod persist;
mod reading;
mod record;
mod report;
mod request;
mod run;
mod runtime;
mod settling;
mod sign_in;
mod site;
mod source;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod turns;
mod under_way;
mod window;
mod workflow;
mod writing;

pub use self::context::Context;
pub use self::fault::{CallError, Fault, FaultKind, Refusal};
pub use self::report::Progress;
pub use self::request::Request;
pub use self::run::{Finished, run};
pub use self::sign_in::SignInLedger;
pub use self::workflow::{
    Asked, BatchResult, Batches, Confirmation, Discovered, History, LedgerView, Located, Mapped,
    Notice, OnLoss, Opened, Page, Partition, Precedence, Seen, Shown, SourceKind, Tells, Traits,
    Verification, Workflow, Written,
};

//! The body of every Lambda function: an event in, a run report out. A function's `main.rs` only joins it to the runtime.

mod aws;
mod event;
mod host;
pub mod metrics;

pub use self::event::{Event, EventFault, EventFaults, acceptable};
pub use self::host::{Answered, Host, RunError, StartError};

//! Simulated PING and Primero, as close to the real systems as the recordings and the public knowledge of
//! them allow, with demo data and an independent checker of what a bridge made of it.
#![deny(missing_docs)]

mod controls;
pub mod demo;
pub mod faults;
mod front;
pub mod generated;
pub mod journal;
pub mod ping;
pub mod primero;
mod sandbox;
pub mod shape;
mod wire;
mod workflow;

pub use front::FrontLimits;
pub use sandbox::{Sandbox, SandboxOptions};
pub use workflow::Workflow;

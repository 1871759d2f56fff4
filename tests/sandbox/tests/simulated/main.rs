//! The simulated systems, their controls, data and checker. One binary for all of it: each takes long to link.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod demo_check;
mod generated;
mod ping_http;
mod ping_sandbox;
mod primero_http;
mod readme;

//! The simulated PING over HTTP.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod faults;
mod gate;
mod ingestion;
mod retrieval;
mod sign_in;

//! The simulated PING over HTTP.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod decisions;
mod faults;
mod gate;
mod ingestion;
mod retrieval;
mod reviews;
mod sign_in;

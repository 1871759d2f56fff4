//! The simulated PING over HTTP.

mod decisions;
mod faults;
mod gate;
mod ingestion;
mod retrieval;
mod reviews;
mod sign_in;

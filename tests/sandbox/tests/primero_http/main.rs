//! The simulated Primero over real HTTP: against the recordings, and rule by rule.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod comparison;
mod effects;
mod listing;
mod overlap;
mod recording;
mod replay;
mod served;
mod sign_in;
mod stories;
mod variation;
mod writing;

//! The checker on correct end states, written through the HTTP interfaces, and on spoilt ones.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod by_hand;
mod decided;
mod expected;
mod received;
mod reviewed;
mod round_trip;
mod submitted;

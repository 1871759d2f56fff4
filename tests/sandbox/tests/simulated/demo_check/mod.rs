//! The checker on correct end states, written through the HTTP interfaces, and on spoilt ones.

mod by_hand;
mod decided;
mod expected;
mod received;
mod reviewed;
mod round_trip;
mod submitted;

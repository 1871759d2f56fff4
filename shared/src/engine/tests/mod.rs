//! The engine on the real store and a made-up exchange: a list of parcels and a shelf, with mishaps on demand and a bent clock.

mod crashes;
mod delivery;
mod exchange;
mod fate;
mod holding;
mod lease;
mod limits;
mod model;
mod ordering;
mod panics;
mod reports;
mod retrying;
mod scenario;
mod stopping;
mod systems;
mod telling;
mod verifying;

//! The engine on the real store and two made-up exchanges, with mishaps on demand and a bent clock: records from a list onto a shelf, and
//! (in `letters`) letters from a register, which is followed by time of change, to an office that has the last word later.

mod crashes;
mod delivery;
mod exchange;
mod fate;
mod holding;
mod lease;
mod letters;
mod limits;
mod line;
mod looking;
mod looks;
mod model;
mod named;
mod ordering;
mod outages;
mod panics;
mod refused;
mod reports;
mod retrying;
mod scenario;
mod site;
mod stopping;
mod systems;
mod telling;
mod unreadable;
mod verifying;

//! The simulated Primero over real HTTP: against the recordings, and rule by rule.

mod casts;
mod comparison;
mod effects;
mod front;
mod installation;
mod listing;
mod overlap;
mod recording;
mod replay;
mod roles;
mod served;
mod sign_in;
mod stories;
mod variation;
mod writing;

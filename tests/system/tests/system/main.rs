//! Stories of the whole system: the bridge as it is installed, a real state table, simulated PING and Primero. What became of a
//! story is read from what the simulated systems hold, not from our own report alone.

mod asked;
mod bridge;
mod child;
mod reasons;
mod referral;
mod stories;
mod waiting;
mod wish;

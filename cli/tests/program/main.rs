//! `bridge` as a program. One binary for all of its tests: each takes long to link.
#![expect(clippy::unwrap_used, reason = "a test may say plainly what must hold")]

mod bench;
mod doctor;
mod ledger;
mod profile;
mod run;

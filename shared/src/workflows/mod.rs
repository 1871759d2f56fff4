//! The workflows, one folder each. A workflow knows its two systems; the engine knows none.

mod details;
mod diagnosis;
mod faults;
mod installation;
mod mapped;
mod notes;
pub mod sheet;
mod source_rows;
#[cfg(test)]
mod testing;
mod traffic;
mod trouble;
mod window;

pub mod decisions_to_primero;
pub mod decisions_to_progres;
pub mod referrals_to_primero;
pub mod referrals_to_progres;

pub use self::diagnosis::Diagnosis;
pub use self::installation::Installation;

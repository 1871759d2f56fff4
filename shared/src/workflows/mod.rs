//! The workflows, one folder each. A workflow knows its two systems; the engine knows none.

mod faults;
mod installation;
mod source_rows;
mod trouble;

pub mod decisions_to_primero;
pub mod referrals_to_primero;

pub use self::installation::Installation;

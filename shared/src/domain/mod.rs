//! The words of the field as types. Nothing here does I/O or reads a clock.

pub mod check;
pub mod codes;
pub mod dates;
pub mod fingerprint;
pub mod identifier;
pub mod identity;
pub mod ids;
pub mod outcome;
pub mod pii;
pub mod reason;
pub mod record;
pub mod refusal;
pub mod site;
pub mod system;
pub mod words;

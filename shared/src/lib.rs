//! Keeps child-protection referrals moving between proGres (UNHCR, through PING) and Primero (UNICEF).
//!
//! `docs/ARCHITECTURE.md` tells which module keeps which rule, and who may call whom.

#![deny(missing_docs)]

pub mod checks;
pub mod clock;
pub mod deadline;
pub mod document;
pub mod domain;
pub mod engine;
pub mod entropy;
mod fields;
pub mod function;
pub mod observe;
pub mod primero;
pub mod profile;
pub mod progres;
pub mod secrets;
pub mod store;
pub mod transport;
pub mod workflows;

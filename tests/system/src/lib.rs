//! What tests of the whole system stand on, beside the simulated systems: the parts of AWS that a function meets.

#![deny(missing_docs)]

mod function;
mod runtime_api;
mod secrets_manager;

pub use function::{Function, TABLE};
pub use runtime_api::{Answer, Invocation, RuntimeApi};
pub use secrets_manager::SecretsManager;

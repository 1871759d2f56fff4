//! Letters from a register to an office.

mod awaiting;
mod changing;
mod mailing;
mod post;
mod register;

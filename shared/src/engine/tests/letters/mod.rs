//! Letters from a register to an office.

mod asking;
mod awaiting;
mod changing;
mod following;
mod mailing;
mod post;
mod register;
mod sending;

//! Letters from a register to an office.

mod ageing;
mod asking;
mod awaiting;
mod beginning;
mod changing;
mod following;
mod mailing;
mod outage;
mod post;
mod register;
mod sending;

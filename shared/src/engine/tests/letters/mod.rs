//! Letters from a register to an office.

mod asking;
mod awaiting;
mod changing;
mod following;
mod mailing;
mod model;
mod post;
mod register;
mod seeded;
mod sending;

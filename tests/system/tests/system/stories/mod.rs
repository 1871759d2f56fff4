mod access;
mod delivery;
mod demo;
mod interference;
mod lost_answers;
mod passing_failures;

mod access;
mod decisions_to_primero;
mod delivery;
mod demo;
mod interference;
mod lost_answers;
mod passing_failures;
mod refused_submissions;

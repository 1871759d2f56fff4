mod access;
mod asked_by_a_person;
mod decisions_to_primero;
mod delivery;
mod demo;
mod interference;
mod lost_answers;
mod passing_failures;

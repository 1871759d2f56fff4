

mod access;
mod answered_before_sent;
mod asked_by_a_person;
mod at_once;
mod contacts;
mod decisions_to_primero;
mod delivery;
mod demo;
mod disguises;
mod ignored_updates;
mod interference;
mod late_answers;
mod lost_answers;
mod passing_failures;
mod referred_again;
mod refused_submissions;
mod renewals;
mod review_codes;
mod round_trip;
mod several_of_one_child;
mod wrong_passwords;

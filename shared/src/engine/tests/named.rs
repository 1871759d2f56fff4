//! Which test shows which line of the promise: every way between two states of the ledger, and every row of what is seen of a call and
//! what follows. The names are checked to be those of tests.

/// From a state of the ledger, by what, to which; and the tests that show it.
const TRANSITIONS: &[(&str, &[&str])] = &[
    (
        "new → sending: about to be written where nobody can be asked",
        &["before_a_letter_goes_out_its_row_says_sending_until_lease_and_last_call_are_over"],
    ),
    (
        "new → written → verified → done: read back, then told",
        &[
            "what_was_written_is_read_back_two_seconds_later_at_the_earliest",
            "a_report_that_fails_leaves_the_record_verified_and_the_next_run_looks_and_tells",
        ],
    ),
    (
        "new → verified → done: the answer itself proves it",
        &["an_answer_that_proves_the_effect_is_told_without_a_second_look"],
    ),
    (
        "new → awaiting_confirmation: accepted for now",
        &["the_run_that_sent_a_letter_asks_a_few_times_and_later_runs_once_each"],
    ),
    (
        "new → retry: a passing failure",
        &["a_listed_record_without_details_is_tried_again_later"],
    ),
    (
        "new → held: a person or other data is needed",
        &["an_invalid_record_is_held_by_reason_and_field_and_its_neighbours_go_on"],
    ),
    (
        "new → skipped: not ours to send",
        &[
            "a_skipped_letter_has_a_row_with_its_reason_and_opens_when_it_is_saved_anew",
            "the_source_hears_of_a_skipped_letter_if_it_is_to_hear_of_it",
        ],
    ),
    (
        "sending → done or awaiting_confirmation: answered",
        &["letters_of_one_batch_share_a_transaction_and_each_has_its_own_word"],
    ),
    (
        "sending → held: the run died, or the answer was lost",
        &[
            "a_letter_of_a_dead_run_is_held_and_goes_again_by_release_alone",
            "an_answer_that_was_lost_holds_the_letter_at_once",
        ],
    ),
    (
        "sending → sending: another run's lease is not over",
        &[
            "a_letter_of_a_dead_run_is_left_alone_until_its_lease_and_last_call_are_over",
            "whatever_the_source_shows_of_it_a_letter_that_may_have_arrived_stays_one",
        ],
    ),
    (
        "sending → sent again, by the profile",
        &["a_letter_of_a_dead_run_is_sent_again_where_that_does_no_harm"],
    ),
    (
        "sending → retry: nothing went out",
        &[
            "what_the_call_had_no_time_for_is_due_and_not_unknown",
            "a_refused_sign_in_takes_sending_back",
        ],
    ),
    (
        "written → done, or written again: looked for first",
        &["a_failed_reading_back_leaves_the_record_written_and_the_next_run_finds_it"],
    ),
    (
        "awaiting_confirmation → done: confirmed",
        &["a_letter_that_is_confirmed_later_is_done"],
    ),
    (
        "awaiting_confirmation → held: rejected",
        &["a_letter_that_is_rejected_later_is_held_with_its_transaction"],
    ),
    (
        "awaiting_confirmation → held: overdue",
        &["a_letter_without_a_last_word_is_held_when_it_is_overdue_and_opens_by_release_alone"],
    ),
    (
        "awaiting_confirmation → itself: not yet, not understood, not reached, or not looked at",
        &[
            "the_run_that_sent_a_letter_asks_a_few_times_and_later_runs_once_each",
            "a_word_that_nobody_knows_leaves_the_letter_awaited_and_is_counted",
            "an_office_that_cannot_be_asked_after_a_letter_is_asked_by_the_next_run",
            "a_panic_while_asking_after_a_letter_leaves_it_awaited",
            "a_change_that_cannot_be_looked_at_leaves_the_awaited_transaction_alone",
        ],
    ),
    (
        "awaiting_confirmation → retry: never to be told",
        &["a_transaction_that_will_never_tell_is_tried_again_with_its_new_place"],
    ),
    (
        "awaiting_confirmation → sent anew: changed meanwhile",
        &[
            "a_change_waits_until_the_older_version_is_confirmed_and_follows_in_the_same_run",
            "a_change_that_is_taken_back_before_the_last_word_is_never_sent",
        ],
    ),
    (
        "retry → retry: its time has not come",
        &["before_its_time_a_waiting_record_is_deferred_and_nobody_is_asked"],
    ),
    (
        "retry → done: its time has come",
        &["once_it_is_due_a_waiting_record_is_delivered"],
    ),
    (
        "retry → held: tried often enough",
        &["after_the_last_attempt_a_record_is_held"],
    ),
    (
        "held → open: changed data",
        &["a_held_record_opens_when_its_source_changes"],
    ),
    (
        "held → open: another profile",
        &[
            "a_held_record_opens_under_another_profile",
            "a_held_letter_is_not_looked_at_again_before_it_is_saved_anew_or_the_profile_changes",
        ],
    ),
    (
        "held → open: a release",
        &[
            "a_release_stays_in_the_row_until_the_letter_is_held_or_done",
            "a_release_is_of_what_was_held_before_and_not_of_what_the_run_itself_holds",
        ],
    ),
    (
        "held → held: nothing changed, or a look failed",
        &[
            "an_unchanged_held_record_stays_held_without_a_new_row",
            "a_failed_look_at_a_rejected_letter_does_not_send_it_again",
        ],
    ),
    (
        "held → open: what it rests on changed, and no entry shows it",
        &[
            "a_held_letter_is_looked_at_once_a_day_and_opens_if_what_it_rests_on_changed",
            "a_change_of_a_held_letter_that_could_not_be_fetched_is_looked_at_before_long",
        ],
    ),
    (
        "done → done: seen again, or saved without a change",
        &[
            "a_delivered_letter_is_done_and_not_looked_at_again",
            "a_changed_letter_is_sent_again_and_one_that_is_only_saved_is_not",
            "what_changed_without_concern_to_a_delivered_letter_leaves_it_done",
        ],
    ),
    (
        "done → sent again: changed",
        &["a_changed_letter_is_sent_again_and_one_that_is_only_saved_is_not"],
    ),
    (
        "done → retry, and back: a look at the change failed",
        &[
            "a_change_that_could_not_be_fetched_is_delivered_later",
            "a_saved_but_unchanged_letter_that_could_not_be_fetched_is_not_sent_again",
        ],
    ),
    (
        "done → held, and back",
        &["a_delivered_letter_that_is_held_and_comes_back_as_it_was_is_not_sent_again"],
    ),
    (
        "done → told again → held: still listed",
        &["a_done_record_that_is_still_listed_is_told_three_times_more_and_then_held"],
    ),
    (
        "any → refused by the store: another run has written",
        &[
            "a_row_of_a_later_run_is_not_overwritten_by_an_earlier_one",
            "a_stalled_run_that_wakes_after_its_successor_writes_nothing_to_the_store",
            "a_stalled_run_that_wakes_after_its_successor_sends_nothing",
            "a_stalled_run_that_wakes_writes_no_row_even_where_its_successor_wrote_none",
            "a_stalled_run_that_was_overtaken_by_a_lease_alone_sends_nothing",
        ],
    ),
    (
        "every pair of states: followed, or refused by the store",
        &[
            "a_row_that_cannot_follow_the_one_before_it_is_refused",
            "what_awaits_its_confirmation_is_not_sent_again",
        ],
    ),
];

/// What is seen of a call, what follows; and the tests that show it. The first ones are the gates' to decide.
const ERRORS: &[(&str, &[&str])] = &[
    (
        "503 on a write to a destination that cannot be asked: ambiguous, unless the gateway is known to refuse early",
        &[
            "a_write_that_cannot_be_asked_after_is_of_unknown_fate_after_a_503_too",
            "what_the_gateway_is_known_to_answer_before_the_effect_is_repeated",
            "a_write_answered_503_after_its_effect_is_ambiguous_and_sent_once",
        ],
    ),
    (
        "403 that speaks of quota or asks to wait: passing, like 429",
        &["a_refusal_that_speaks_of_quota_or_asks_to_wait_is_later_and_no_missing_permission"],
    ),
    (
        "429, 503, no connection: repeated in the call",
        &[
            "a_passing_failure_is_repeated_until_it_has_passed",
            "a_call_is_tried_four_times_and_no_more",
            "retry_after_is_honoured",
            "retry_after_never_reaches_into_the_reserve",
            "a_connection_that_was_never_made_is_a_passing_failure_of_a_write_too",
        ],
    ),
    (
        "time-out, reset, 408, 500 and every other 5xx: ambiguous on a write, passing on a read",
        &[
            "a_write_of_unknown_fate_is_not_repeated",
            "a_read_of_unknown_fate_is_repeated",
            "a_write_that_times_out_is_ambiguous_and_not_repeated",
            "a_connection_that_breaks_after_the_request_leaves_a_write_ambiguous",
        ],
    ),
    (
        "an ambiguous write that can be asked for: asked before it is repeated",
        &["a_write_whose_answer_was_lost_is_met_by_the_next_run_and_not_repeated"],
    ),
    (
        "an ambiguous write that cannot be asked for: held, or resent by the profile",
        &[
            "an_answer_that_was_lost_holds_the_letter_at_once",
            "a_letter_of_a_dead_run_is_sent_again_where_that_does_no_harm",
        ],
    ),
    (
        "400, 404, 409, 422: held",
        &[
            "a_record_that_fails_primeros_validation_is_refused_with_every_field_named",
            "a_write_refused_for_good_is_held_with_the_fields_that_it_names",
        ],
    ),
    (
        "401: renewed once",
        &[
            "token_that_expired_is_renewed_once",
            "session_that_ended_is_renewed_once_for_reads_and_for_writes",
            "a_token_that_expired_is_renewed_once_for_all_calls",
        ],
    ),
    (
        "401 after all: one try over all workflows, once more after an hour for what had worked, three in all",
        &[
            "a_version_that_never_worked_is_tried_once_and_another_at_once",
            "a_version_that_had_worked_is_tried_once_an_hour_and_three_times_at_most",
            "one_run_tries_at_a_time_until_it_gives_the_try_back_or_its_time_is_over",
            "only_a_refused_grant_is_a_refused_sign_in",
            "a_wrong_password_costs_one_try_although_eight_calls_start_at_once",
            "a_wrong_password_is_tried_once_although_eight_calls_start_at_once",
        ],
    ),
    (
        "403: ends the run, by system and route",
        &[
            "a_missing_permission_names_system_and_route",
            "a_call_that_is_denied_names_its_route",
        ],
    ),
    (
        "404, 405, 410 without a record: ends the run, and nothing is held",
        &[
            "a_route_that_is_not_there_ends_the_run_and_holds_nobody",
            "a_route_that_ping_does_not_have_ends_the_run",
        ],
    ),
    (
        "PING 200 with an error message: the batch is halved",
        &[
            "one_bad_id_fails_alone_and_costs_about_ten_calls",
            "statuses_are_written_in_batches_and_one_bad_record_fails_alone",
        ],
    ),
    (
        "create, repeated: meets its first try",
        &[
            "a_create_that_is_repeated_meets_its_first_try",
            "a_create_whose_answer_was_lost_is_repeated_and_exists",
        ],
    ),
    (
        "gone when read back: written again, at most three times",
        &[
            "a_swallowed_write_is_noticed_and_written_again",
            "a_write_swallowed_three_times_is_left_to_a_later_run",
        ],
    ),
    (
        "across runs: later and later, then held",
        &[
            "the_wait_doubles_up_to_its_cap",
            "after_the_last_attempt_a_record_is_held",
        ],
    ),
    (
        "five failures of a whole system in a row: end the run",
        &[
            "five_failures_of_a_whole_system_in_a_row_stop_the_run",
            "a_success_in_between_starts_the_count_again",
            "answers_of_the_other_system_do_not_start_the_count_again",
            "an_office_whose_answers_are_all_lost_stops_the_run_before_it_holds_every_letter",
        ],
    ),
    (
        "a panic: that record's alone",
        &[
            "a_panic_while_fetching_holds_only_the_record_at_fault",
            "a_panic_while_mapping_holds_only_the_record_at_fault",
            "a_panic_while_locating_holds_only_the_record_at_fault",
            "a_panic_while_writing_holds_only_the_record_at_fault",
            "a_panic_while_verifying_holds_only_the_record_at_fault",
            "a_panic_while_reporting_holds_only_the_record_at_fault",
            "a_panic_while_sending_leaves_the_outcome_unknown_and_the_others_go_on",
        ],
    ),
    (
        "all of it in any order, against a plain model",
        &[
            "where_the_destination_can_be_asked_every_effect_is_there_exactly_once",
            "where_it_cannot_an_effect_is_there_at_most_once_and_a_person_is_told",
            "where_what_was_lost_is_sent_again_every_effect_is_there_in_the_end",
            "no_update_is_ever_missed",
        ],
    ),
];

const SOURCES: &[&str] = &[
    include_str!("holding.rs"),
    include_str!("lease.rs"),
    include_str!("letters/asking.rs"),
    include_str!("letters/awaiting.rs"),
    include_str!("letters/changing.rs"),
    include_str!("letters/following.rs"),
    include_str!("letters/sending.rs"),
    include_str!("model/cursor.rs"),
    include_str!("model/sequences.rs"),
    include_str!("panics.rs"),
    include_str!("retrying.rs"),
    include_str!("stopping.rs"),
    include_str!("telling.rs"),
    include_str!("verifying.rs"),
    include_str!("../../primero/tests/bad_input.rs"),
    include_str!("../../primero/tests/sign_in.rs"),
    include_str!("../../primero/tests/writes.rs"),
    include_str!("../../progres/tests/ingestion.rs"),
    include_str!("../../progres/tests/retrieval.rs"),
    include_str!("../../progres/tests/sign_in.rs"),
    include_str!("../../store/tests/ledger.rs"),
    include_str!("../../store/tests/reading.rs"),
    include_str!("../sign_in/tests.rs"),
    include_str!("../../transport/tests.rs"),
];

#[test]
fn every_line_of_the_promise_has_a_test_of_the_name_given() {
    for (line, tests) in TRANSITIONS.iter().chain(ERRORS) {
        assert!(!tests.is_empty(), "{line}");
        for test in *tests {
            let found = SOURCES.iter().any(|source| is_test(source, test));
            assert!(found, "{line}: there is no test {test}");
        }
    }
}

/// Whether a source has a test of this name: the attribute stands right before it.
fn is_test(source: &str, name: &str) -> bool {
    let head = |start: &str| source.contains(&format!("test]\n{start}fn {name}()"));
    head("") || head("async ")
}

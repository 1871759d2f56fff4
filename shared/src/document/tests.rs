//! Every message that a person may be shown of a profile or of secrets, as before there was one reader, and its place.

use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::profile::Profile;
use crate::secrets::Secrets;

const GUID: &str = "577ccdf6-86de-e811-80d8-001dd8b71fe3";

/// What is said of a profile that holds these lines, and of what it lacks.
fn of_profile(lines: &str) -> Vec<String> {
    let faults = Profile::parse(lines).expect_err("a fault");
    faults.as_slice().iter().map(ToString::to_string).collect()
}

/// What is said of these lines of a profile, each of which must cause its message.
fn assert_said(messages: &[(&str, &str)]) {
    for (lines, message) in messages {
        let said = of_profile(lines);
        assert!(said.contains(&(*message).to_owned()), "{lines}\n{said:#?}");
    }
}

#[test]
fn of_a_profile_no_message_is_lost_and_each_knows_its_place() {
    assert_said(&[
        (
            "ping = [\n",
            "line 1, column 9: not TOML: unclosed array, expected `]`",
        ),
        (
            "a = 1\na = 2\n",
            "line 2, column 1: not TOML: duplicate key",
        ),
        ("", "deployment: missing"),
        ("[ping]", "ping.partner_id: missing (line 1, column 2)"),
        ("colour = 1", "colour: unknown key (line 1, column 1)"),
        (
            "[limits]\nattempts = 3",
            "limits.attempts: unknown key, did you mean retry.attempts? (line 2, column 1)",
        ),
        (
            "[ping]\ntimeout_seconds = \"30\"",
            "ping.timeout_seconds: is of type string, expected integer (line 2, column 1)",
        ),
        (
            "sex = 1",
            "sex: is of type integer, expected table (line 1, column 1)",
        ),
    ]);
}

#[test]
fn of_values_no_message_is_lost_and_each_knows_its_place() {
    assert_said(&[
        (
            "[ping]\n  details_batch = 0",
            "ping.details_batch: 0 is below 1 (line 2, column 3)",
        ),
        (
            "ping.submit_batch = 2",
            "ping.submit_batch: 2 is above 1 (line 1, column 6)",
        ),
        (
            "[retry]\nbase_seconds = 61\ncap_seconds = 60",
            "retry.base_seconds: 61 is above retry.cap_seconds (60) (line 2, column 1)",
        ),
        (
            "[limits]\nfirst_run_writes = 6\nmax_writes_per_run = 5",
            "limits.first_run_writes: 6 is above limits.max_writes_per_run (5) (line 2, column 1)",
        ),
        (
            "[ping]\npartner_id = \" \"",
            "ping.partner_id: is blank (line 2, column 1)",
        ),
        (
            "[service_in]\n\" \" = \"x\"",
            "service_in.\" \": is blank (line 2, column 1)",
        ),
        (
            "[ping]\npartner_id = \"x \"",
            "ping.partner_id: has blanks around it (line 2, column 1)",
        ),
        (
            "[ping]\npartner_id = \"a\\nb\"",
            "ping.partner_id: holds a control character (line 2, column 1)",
        ),
        (
            "[primero]\nclosed_case = \"reopen\"",
            "primero.closed_case: \"reopen\" is not one of hold, append (line 2, column 1)",
        ),
        (
            "deployment = \"A B\"",
            "deployment: \"A B\" is not a deployment name (line 1, column 1)",
        ),
        (
            "[progres]\nbusiness_unit = \"hq\"",
            "progres.business_unit: \"hq\" is not a GUID (line 2, column 1)",
        ),
        (
            "[window]\nstart_from = 2026-01-31",
            "window.start_from: \"2026-01-31\" is not a time with its offset, such as 2026-01-31T00:00:00Z (line 2, column 1)",
        ),
        (
            "[ping]\ningestion_path = \"data\"",
            "ping.ingestion_path: is not a path (it starts with /, has no query, and {PartnerId} is its only placeholder) \
             (line 2, column 1)",
        ),
        (
            "[ping.status_words]\nrejected = []",
            "ping.status_words.rejected: is an empty list (line 2, column 1)",
        ),
        (
            "[ping.status_words]\nrejected = [\"SUCCESS\"]",
            "ping.status_words.rejected: \"SUCCESS\" is in confirmed as well (line 2, column 1)",
        ),
        (
            "[service_in]\nA = \"x\"\na = \"y\"",
            "service_in.a: differs from \"A\" only in case or blanks but has another target (line 3, column 1)",
        ),
        (
            "[primero.case_defaults]\nsex = \"x\"",
            "primero.case_defaults.sex: is set by the mapping and cannot have a default (line 2, column 1)",
        ),
        (
            "[primero.case_defaults]\nscore = nan",
            "primero.case_defaults.score: is not a finite number (line 2, column 1)",
        ),
    ]);
    let out = format!("[service_out]\nshelter = \"{GUID}x\"");
    assert_said(&[(
        &out,
        &format!("service_out.shelter: \"{GUID}x\" is not a GUID (line 2, column 1)"),
    )]);
}

#[test]
fn of_secrets_no_message_is_lost_and_none_repeats_a_value_or_a_stray_key() {
    let hush = json!({
        "ping": {
            "base_url": "http://hush.example", "token_url": "hush", "client_id": " hush", "username": " ",
            "password": "hush\n", "scope": ["hush"], "Subscription-Key": "hush", "hush": 1,
        },
        "primero": { "url": "https://hush@hush.example", "auth": "hush", "username": "a\u{7}hush", "users": "hush" },
        "ledger": { "fingerprint_key": "hush" },
        "hush": true,
    });
    let Some(object) = hush.as_object() else {
        panic!("it is an object")
    };
    let faults = Secrets::from_json(object.clone()).expect_err("faults");
    let said: BTreeSet<String> = faults.as_slice().iter().map(ToString::to_string).collect();
    let expected = [
        "secrets: 1 unknown key",
        "ping.base_url: url_must_be_https",
        "ping.token_url: not_a_url",
        "ping.client_id: has blanks around it or a control character in it",
        "ping.username: is blank",
        "ping.password: ends in a line end",
        "ping.scope: is not a text",
        "ping.subscription_key: missing",
        "ping: 2 unknown keys, did you mean subscription_key?",
        "primero.url: url_must_not_hold_user_info",
        "primero.auth: is not one of basic, session, token",
        "primero.username: has blanks around it or a control character in it",
        "primero.password: missing",
        "primero.users: is not a JSON object",
        "ledger.fingerprint_key: is shorter than 32 characters",
    ];
    assert_eq!(said, expected.map(str::to_owned).into());
    assert!(
        !format!("{faults} {faults:?}").contains("hush"),
        "{faults:?}"
    );
}

/// Whatever is found is noted through one place, and that place silences it.
#[test]
fn a_silent_document_repeats_nothing_whatever_is_found() {
    let found = || Some("hush".to_owned());
    for problem in [
        Problem::Quoting("hush is above 3".to_owned()),
        Problem::NotA {
            found: found(),
            expected: "a GUID".to_owned(),
        },
        Problem::WrongType {
            expected: "string",
            found: "integer",
        },
    ] {
        let notes = section::Notes::silent();
        notes.fault("key".to_owned(), None, problem);
        let faults = Faults::new(notes.finish());
        assert!(!faults.to_string().contains("hush"), "{faults}");
        assert!(faults.to_string().starts_with("key: is not "), "{faults}");
    }
}

#[test]
fn a_place_counts_lines_and_characters_from_one() {
    let text = "é = 1\n  b = 2";
    let place = |line, column| Position { line, column };
    assert_eq!(Position::of(text, 0), place(1, 1));
    assert_eq!(Position::of(text, 3), place(1, 3));
    assert_eq!(Position::of(text, text.len() - 5), place(2, 3));
}

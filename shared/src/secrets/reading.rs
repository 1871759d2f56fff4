//! Reading the JSON of the three secrets, with all faults of all of them at once.

use std::collections::HashMap;

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::faults::{SecretFault, SecretFaults, SecretProblem};
use super::fields::{Fields, Source};
use super::{LedgerKey, PingSecret, PrimeroAuth, PrimeroSecret, PrimeroUser, Secrets, url};
use crate::domain::system::WorkflowName;
use crate::written::Written;

/// Fewer characters would not carry 128 bits in any usual spelling of a key.
const FINGERPRINT_KEY_CHARACTERS: usize = 32;

/// Every key that secrets may have, for errors that may not name another.
const KEYS: [&str; 19] = [
    "ping",
    "primero",
    "ledger",
    "base_url",
    "token_url",
    "client_id",
    "username",
    "password",
    "scope",
    "subscription_key",
    "url",
    "auth",
    "users",
    "fingerprint_key",
    "previous_fingerprint_key",
    WorkflowName::ReferralsToPrimero.as_str(),
    WorkflowName::DecisionsToProgres.as_str(),
    WorkflowName::ReferralsToProgres.as_str(),
    WorkflowName::DecisionsToPrimero.as_str(),
];

/// Parses text to JSON; the error has the position and nothing of the text.
pub(super) fn json(text: &str) -> Result<Value, SecretProblem> {
    let written = Written::read(text).map_err(|error| SecretProblem::NotJson {
        line: error.line(),
        column: error.column(),
    })?;
    let repeated = written.repeated;
    if repeated.is_empty() {
        return Ok(written.value);
    }
    let is_repeated = |key: &&str| repeated.iter().any(|repeated| repeated == key);
    Err(SecretProblem::RepeatedKeys {
        count: repeated.len(),
        named: KEYS.into_iter().filter(is_repeated).collect(),
    })
}

/// Reads `{"ping": {…}, "primero": {…}, "ledger": {…}}`; `at` names where the object came from.
pub(super) fn read_all(mut object: Map<String, Value>, at: &str) -> Result<Secrets, SecretFaults> {
    let [ping, primero, ledger] = ["ping", "primero", "ledger"].map(|name| Source {
        name: name.to_owned(),
        content: object.remove(name).ok_or(SecretProblem::Missing),
        version: None,
    });
    let secrets = read(ping, primero, ledger);
    if object.is_empty() {
        return secrets;
    }
    let problem = SecretProblem::UnknownKeys {
        count: object.len(),
        meant: Vec::new(),
    };
    let unknown = SecretFault {
        at: at.to_owned(),
        problem,
    };
    let others = secrets
        .err()
        .into_iter()
        .flat_map(|faults| faults.as_slice().to_vec());
    Err(SecretFaults::new(
        std::iter::once(unknown).chain(others).collect(),
    ))
}

/// Reads all three, or names every fault of every one.
pub(super) fn read(ping: Source, primero: Source, ledger: Source) -> Result<Secrets, SecretFaults> {
    let mut faults = Vec::new();
    let ping = Fields::open(ping, &mut faults).and_then(|fields| fields.close(read_ping));
    let primero = Fields::open(primero, &mut faults).and_then(|fields| fields.close(read_primero));
    let ledger = Fields::open(ledger, &mut faults).and_then(|fields| fields.close(read_ledger));
    match (ping, primero, ledger) {
        (Some(ping), Some(primero), Some(ledger)) if faults.is_empty() => Ok(Secrets {
            ping,
            primero,
            ledger,
        }),
        _ => Err(SecretFaults::new(faults)),
    }
}

fn read_ping(fields: &mut Fields<'_>) -> Option<PingSecret> {
    let base_url = fields.checked("base_url", url::base);
    let token_url = fields.checked("token_url", url::endpoint);
    let client_id = fields.text("client_id");
    let username = fields.text("username");
    let password = fields.password("password");
    let scope = fields.text("scope");
    let subscription_key = fields.text("subscription_key").map(SecretString::from);
    Some(PingSecret {
        base_url: base_url?,
        token_url: token_url?,
        client_id: client_id?,
        username: username?,
        password: password?,
        scope: scope?,
        subscription_key: subscription_key?,
        version: fields.version.clone(),
    })
}

fn read_primero(fields: &mut Fields<'_>) -> Option<PrimeroSecret> {
    let url = fields.checked("url", url::base);
    let auth = fields.optional("auth", |fields, key| {
        fields.checked(key, |word| match word {
            "basic" => Ok(PrimeroAuth::Basic),
            "session" => Ok(PrimeroAuth::Session),
            "token" => Ok(PrimeroAuth::Token),
            _ => Err(SecretProblem::NotOneOf("basic, session, token")),
        })
    });
    let user = read_user(fields);
    let users = fields.optional("users", |fields, key| fields.group(key, read_users));
    Some(PrimeroSecret {
        url: url?,
        auth: auth?,
        user: user?,
        users: users?,
        version: fields.version.clone(),
    })
}

fn read_user(fields: &mut Fields<'_>) -> Option<PrimeroUser> {
    let username = fields.text("username");
    let password = fields.password("password");
    Some(PrimeroUser {
        username: username?,
        password: password?,
    })
}

/// A user per workflow, for as many workflows as there are.
fn read_users(fields: &mut Fields<'_>) -> Option<HashMap<WorkflowName, PrimeroUser>> {
    let mut read = |workflow: &WorkflowName| {
        let user = fields.optional(workflow.as_str(), |fields, key| {
            fields.group(key, read_user).map(Some)
        })?;
        Some(user.map(|user| (*workflow, user)))
    };
    // All of them, so that every fault is found.
    let users: Vec<_> = WorkflowName::ALL.iter().map(&mut read).collect();
    let users: Option<Vec<_>> = users.into_iter().collect();
    Some(users?.into_iter().flatten().collect())
}

fn read_ledger(fields: &mut Fields<'_>) -> Option<LedgerKey> {
    let long_enough = |key: &str| {
        if key.chars().count() < FINGERPRINT_KEY_CHARACTERS {
            return Err(SecretProblem::TooShort(FINGERPRINT_KEY_CHARACTERS));
        }
        Ok(SecretString::from(key))
    };
    let fingerprint_key = fields.checked("fingerprint_key", long_enough);
    let previous_fingerprint_key = fields.optional("previous_fingerprint_key", |fields, key| {
        fields.checked(key, long_enough).map(Some)
    });
    Some(LedgerKey {
        fingerprint_key: fingerprint_key?,
        previous_fingerprint_key: previous_fingerprint_key?,
        version: fields.version.clone(),
    })
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;
    use serde_json::json;

    use super::super::samples;
    use super::*;
    use crate::domain::system::System;

    /// The faults after one change of valid secrets.
    fn faults_after(change: impl FnOnce(&mut Value)) -> String {
        let mut json = samples::json();
        change(&mut json);
        let faults = samples::parse(&json).expect_err("a fault");
        faults.to_string()
    }

    #[test]
    fn every_field_is_read() {
        let Secrets {
            ping,
            primero,
            ledger,
        } = samples::secrets();
        assert_eq!(ping.base_url, "https://gate.example");
        assert_eq!(
            ping.token_url,
            "https://login.example/tenant-9/token?p=policy-9"
        );
        assert_eq!(ping.client_id, "client-4711");
        assert_eq!(ping.username, "bridge@gate.example");
        assert_eq!(ping.password.expose_secret(), "open-sesame-ping");
        assert_eq!(ping.scope, "https://login.example/scope-9");
        assert_eq!(ping.subscription_key.expose_secret(), "subscription-4711");
        assert_eq!(primero.url, "https://primero.example");
        assert_eq!(primero.auth, PrimeroAuth::Session);
        assert_eq!(primero.user.username, "primero-bridge");
        assert_eq!(primero.user.password.expose_secret(), "open-sesame-primero");
        assert_eq!(
            ledger.fingerprint_key.expose_secret(),
            "an-invented-key-of-32-characters!"
        );
    }

    #[test]
    fn the_faults_of_all_three_come_at_once() {
        let faults = faults_after(|json| {
            json["ping"]["base_url"] = json!("http://gate.example");
            json["ping"]["password"] = json!(17);
            json["primero"]["auth"] = json!("oauth");
            json["primero"]["username"] = json!(" ");
            json["ledger"] = json!({});
        });
        assert_eq!(
            faults,
            "ping.base_url: url_must_be_https\n\
             ping.password: is not a text\n\
             primero.auth: is not one of basic, session, token\n\
             primero.username: is blank\n\
             ledger.fingerprint_key: missing"
        );
    }

    #[test]
    fn a_stray_key_is_counted_but_not_repeated() {
        let faults = faults_after(|json| json["ping"]["hunter2"] = json!("password"));
        assert_eq!(faults, "ping: 1 unknown key");
    }

    #[test]
    fn a_key_in_another_spelling_gets_the_one_that_was_meant() {
        let faults = faults_after(|json| {
            json["ping"]["Client-ID"] = json!("client-4711");
            json["ping"]["tenant"] = json!("t");
        });
        assert_eq!(faults, "ping: 2 unknown keys, did you mean client_id?");
    }

    #[test]
    fn a_short_fingerprint_key_is_refused() {
        let faults = faults_after(|json| json["ledger"]["fingerprint_key"] = json!("k".repeat(31)));
        assert_eq!(
            faults,
            "ledger.fingerprint_key: is shorter than 32 characters"
        );
    }

    #[test]
    fn the_key_before_a_rotation_may_be_given_and_is_checked_like_the_key() {
        let mut json = samples::json();
        json["ledger"]["previous_fingerprint_key"] = json!("p".repeat(32));
        let ledger = samples::parse(&json).expect("valid secrets").ledger;
        assert!(ledger.previous_fingerprint_key.is_some());
        let faults = faults_after(|json| json["ledger"]["previous_fingerprint_key"] = json!("p"));
        assert_eq!(
            faults,
            "ledger.previous_fingerprint_key: is shorter than 32 characters"
        );
    }

    #[test]
    fn no_fault_repeats_a_value() {
        let mut json = samples::json();
        for system in json.as_object_mut().expect("an object").values_mut() {
            for value in system.as_object_mut().expect("an object").values_mut() {
                *value = json!(" hush ");
            }
        }
        for wrong in [
            json,
            json!("hush"),
            json!({ "ping": ["hush"], "primero": "hush" }),
        ] {
            let faults = samples::parse(&wrong).expect_err("all is wrong");
            assert!(!format!("{faults} {faults:?}").contains("hush"), "{faults}");
        }
    }

    #[test]
    fn a_workflow_may_have_a_user_of_its_own_which_its_dry_runs_leave_alone() {
        let mut json = samples::json();
        json["primero"]["users"] = json!({
            "decisions-to-primero": { "username": "decisions", "password": "open-sesame-2.2" },
        });
        let primero = samples::parse(&json).expect("valid secrets").primero;
        let user = |workflow, dry_run| &*primero.user_of(workflow, dry_run).username;
        let (one, other) = (
            WorkflowName::DecisionsToPrimero,
            WorkflowName::ReferralsToPrimero,
        );
        assert_eq!(user(one, false), "decisions");
        assert_eq!(user(one, true), "primero-bridge");
        assert_eq!(user(other, false), "primero-bridge");
    }

    #[test]
    fn the_faults_of_a_workflows_user_are_named_by_their_place() {
        let faults = faults_after(|json| {
            json["primero"]["users"] = json!({
                "referrals-to-primero": { "username": "one", "pass": "hush" },
                "Decisions-to-primero": { "username": "two", "password": "hush" },
                "referrals-to-progres": "hush",
            });
        });
        assert_eq!(
            faults,
            "primero.users.referrals-to-primero.password: missing\n\
             primero.users.referrals-to-primero: 1 unknown key\n\
             primero.users.referrals-to-progres: is not a JSON object\n\
             primero.users: 1 unknown key, did you mean decisions-to-primero?"
        );
    }

    #[test]
    fn another_password_of_any_user_is_another_version() {
        let version = |password: &str| {
            let mut json = samples::json();
            json["primero"]["users"] = json!({ "decisions-to-primero": { "username": "decisions", "password": password } });
            let secrets = samples::parse(&json).expect("valid secrets");
            secrets.versions()[&System::Primero].clone()
        };
        assert_eq!(version("first"), version("first"));
        assert_ne!(version("first"), version("second"));
    }

    #[test]
    fn sign_in_is_basic_unless_said_otherwise() {
        let mut json = samples::json();
        json["primero"]
            .as_object_mut()
            .expect("an object")
            .remove("auth");
        let secrets = samples::parse(&json).expect("auth is optional");
        assert_eq!(secrets.primero.auth, PrimeroAuth::Basic);
    }

    #[test]
    fn a_copied_line_break_is_refused_where_it_cannot_be_meant() {
        let faults = faults_after(|json| json["ping"]["subscription_key"] = json!("key\n"));
        assert_eq!(
            faults,
            "ping.subscription_key: has blanks around it or a control character in it"
        );
    }

    #[test]
    fn a_line_end_behind_a_password_is_refused() {
        for end in ["\n", "\r\n", "\r"] {
            let faults = faults_after(|json| {
                json["primero"]["password"] = json!(format!("open-sesame{end}"));
            });
            assert_eq!(faults, "primero.password: ends in a line end");
        }
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert_eq!(json("\u{feff}{}"), Ok(json!({})));
    }

    #[test]
    fn a_key_that_is_given_twice_is_a_fault_and_named_if_it_is_known() {
        let text = r#"{"ping": {"password": "one", "password": "two", "hush": 1, "hush": 2}}"#;
        let fault = json(text).expect_err("a fault").to_string();
        assert_eq!(fault, "2 keys given twice: password");
    }

    #[test]
    fn a_password_is_kept_as_it_stands() {
        let mut json = samples::json();
        json["primero"]["password"] = json!(" blanks are part of it ");
        let secrets = samples::parse(&json).expect("a password may have blanks");
        assert_eq!(
            secrets.primero.user.password.expose_secret(),
            " blanks are part of it "
        );
    }
}

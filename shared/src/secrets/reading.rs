//! Reading the JSON of the three secrets, with all faults of all of them at once.

use std::collections::HashMap;

use secrecy::SecretString;
use serde_json::{Value, json};

use super::{LedgerKey, PingSecret, PrimeroSecret, PrimeroUser, SecretVersion, Secrets};
use crate::document::declared::{Declared, Schema};
use crate::document::kinds::{Field, Kind, by, optional_section, wrong_type};
use crate::document::section::{Notes, Section};
use crate::document::{Document, Faults, Node, Problem};
use crate::domain::system::WorkflowName;

/// One secret as it came, before anything is known about it.
pub(super) struct Source {
    /// What a person knows it by: a key of the file, a variable, a secret id.
    pub(super) name: String,
    pub(super) content: Result<Document, Problem>,
    pub(super) version: Option<SecretVersion>,
}

/// Parses text to JSON; the error has the position and nothing of the text.
pub(super) fn document(text: &str) -> Result<Document, Problem> {
    let document = Document::read(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Problem::Told(format!("not JSON (line {line}, column {column})"))
    })?;
    let repeated = document.repeated();
    if repeated.is_empty() {
        return Ok(document);
    }
    let known = known_keys();
    let count = repeated.len();
    let named = repeated.into_iter().filter(|key| known.contains(key));
    Err(Problem::RepeatedKeys {
        count,
        named: named.collect(),
    })
}

/// Every key that secrets may have, for errors that may not name another.
fn known_keys() -> Vec<String> {
    fn inside(shape: &Value, keys: &mut Vec<String>) {
        for (key, shape) in shape["properties"].as_object().into_iter().flatten() {
            keys.push(key.clone());
            inside(shape, keys);
        }
    }
    let mut keys = Vec::new();
    inside(&Schema::of::<Secrets>().finish(), &mut keys);
    keys
}

/// Reads `{"ping": {…}, "primero": {…}, "ledger": {…}}`; `at` names where the object came from.
pub(super) fn read_all(document: &Document, at: &str) -> Result<Secrets, Faults> {
    let notes = Notes::silent();
    let secrets = notes.read_node("", &document.root, Secrets::read);
    let mut faults = notes.finish();
    for fault in faults.iter_mut().filter(|fault| fault.key.is_empty()) {
        at.clone_into(&mut fault.key);
    }
    // What concerns the file comes first.
    faults.sort_by_key(|fault| fault.key != at);
    secrets
        .filter(|_| faults.is_empty())
        .ok_or_else(|| Faults::new(faults))
}

/// Reads all three, or names every fault of every one.
pub(super) fn read(ping: Source, primero: Source, ledger: Source) -> Result<Secrets, Faults> {
    let notes = Notes::silent();
    let versions = [&ping, &primero, &ledger].map(|source| source.version.clone());
    let ping: Option<PingSecret> = read_one(ping, &notes);
    let primero: Option<PrimeroSecret> = read_one(primero, &notes);
    let ledger: Option<LedgerKey> = read_one(ledger, &notes);
    let faults = notes.finish();
    let (Some(mut ping), Some(mut primero), Some(mut ledger), []) =
        (ping, primero, ledger, &*faults)
    else {
        return Err(Faults::new(faults));
    };
    [ping.version, primero.version, ledger.version] = versions;
    Ok(Secrets {
        ping,
        primero,
        ledger,
    })
}

fn read_one<T: Declared>(source: Source, notes: &Notes) -> Option<T> {
    match source.content {
        Ok(document) => notes.read_node(&source.name, &document.root, T::read),
        Err(problem) => {
            notes.fault(source.name, None, problem);
            None
        }
    }
}

/// A secret that must be there as a whole.
pub(super) struct Whole<T>(pub(super) std::marker::PhantomData<T>);

impl<T: Declared> Field for Whole<T> {
    type Value = T;

    fn read(&self, section: &Section<'_>, key: &str) -> Option<T> {
        let slot = section.slot(key);
        match optional_section::<T>().read(section, key)? {
            None => slot.fault(Problem::Missing),
            whole => whole,
        }
    }

    fn describe(&self, schema: &mut Schema, key: &str, about: &[&str]) {
        optional_section::<T>().describe(schema, key, about);
    }
}

/// A user per workflow, for as many workflows as there are.
pub(super) struct Users;

struct UserOfEach(HashMap<WorkflowName, PrimeroUser>);

impl Declared for UserOfEach {
    fn read(section: &Section<'_>) -> Option<Self> {
        let read = |workflow: &WorkflowName| {
            let user = optional_section::<PrimeroUser>().read(section, workflow.as_str());
            Some((*workflow, user?))
        };
        // All of them, so that every fault is found.
        let users: Vec<_> = WorkflowName::ALL.iter().map(read).collect();
        let users: Vec<_> = users.into_iter().collect::<Option<_>>()?;
        let named = users
            .into_iter()
            .filter_map(|(workflow, user)| Some((workflow, user?)));
        Some(Self(named.collect()))
    }

    fn describe(schema: &mut Schema) {
        for workflow in WorkflowName::ALL {
            optional_section::<PrimeroUser>().describe(schema, workflow.as_str(), &[]);
        }
    }
}

impl Field for Users {
    type Value = HashMap<WorkflowName, PrimeroUser>;

    fn read(&self, section: &Section<'_>, key: &str) -> Option<Self::Value> {
        let users = optional_section::<UserOfEach>().read(section, key)?;
        Some(users.map_or_else(HashMap::new, |users| users.0))
    }

    fn describe(&self, schema: &mut Schema, key: &str, about: &[&str]) {
        optional_section::<UserOfEach>().describe(schema, key, about);
    }
}

/// A text without stray blanks, of which `read` makes something.
fn line_by<T>(read: impl Fn(&str) -> Result<T, Problem>) -> impl Kind<Value = T> {
    by(json!({ "type": "string" }), move |node| {
        let text = text(node)?;
        if text.trim() != text || text.chars().any(char::is_control) {
            let problem = "has blanks around it or a control character in it";
            return Err(Problem::Plain(problem));
        }
        read(text)
    })
}

/// A text without stray blanks.
pub(super) fn line() -> impl Kind<Value = String> {
    line_by(|text| Ok(text.to_owned()))
}

/// A URL that passes this check.
pub(super) fn url_by(check: fn(&str) -> Result<String, Problem>) -> impl Kind<Value = String> {
    line_by(check)
}

/// A key of so many characters at least: fewer than 32 would not carry 128 bits in any usual spelling of a key.
pub(super) fn key(characters: usize) -> impl Kind<Value = SecretString> {
    line_by(move |key| {
        if key.chars().count() < characters {
            let problem = format!("is shorter than {characters} characters");
            return Err(Problem::Told(problem));
        }
        Ok(SecretString::from(key))
    })
}

/// A password may begin or end with a blank; it is sent as it stands. A line end behind it came with copying.
pub(super) fn password() -> impl Kind<Value = SecretString> {
    by(json!({ "type": "string" }), |node| {
        let text = text(node)?;
        if text.ends_with(['\n', '\r']) {
            return Err(Problem::Plain("ends in a line end"));
        }
        Ok(SecretString::from(text))
    })
}

fn text(node: &Node) -> Result<&str, Problem> {
    let text = node.as_text().ok_or_else(|| wrong_type(node, "string"))?;
    if text.trim().is_empty() {
        return Err(Problem::BLANK);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;
    use serde_json::json;

    use super::super::{PrimeroAuth, samples};
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
             primero.users.referrals-to-progres: is not a JSON object\n\
             primero.users.referrals-to-primero: 1 unknown key\n\
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
        assert_eq!(document("\u{feff}{}"), Ok(json!({}).into()));
    }

    #[test]
    fn a_key_that_is_given_twice_is_a_fault_and_named_if_it_is_known() {
        let text = r#"{"ping": {"password": "one", "password": "two", "hush": 1, "hush": 2}}"#;
        let fault = document(text).expect_err("a fault").to_string();
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

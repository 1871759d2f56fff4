//! Invented secrets for the tests of this folder.

use serde_json::{Value, json};

use super::Secrets;
use super::reading::{self, Source};
use crate::document::Faults;

pub(super) fn json() -> Value {
    json!({
        "ping": {
            "base_url": "https://gate.example",
            "token_url": "https://login.example/tenant-9/token?p=policy-9",
            "client_id": "client-4711",
            "username": "bridge@gate.example",
            "password": "open-sesame-ping",
            "scope": "https://login.example/scope-9",
            "subscription_key": "subscription-4711"
        },
        "primero": {
            "url": "https://primero.example",
            "auth": "session",
            "username": "primero-bridge",
            "password": "open-sesame-primero"
        },
        "ledger": { "fingerprint_key": "an-invented-key-of-32-characters!" }
    })
}

/// Every value of [`json`], for tests that none of them is shown.
pub(super) fn values() -> Vec<String> {
    let json = json();
    let systems = json.as_object().expect("an object").values();
    let texts = systems.flat_map(|system| system.as_object().expect("an object").values());
    let texts = texts.map(|text| text.as_str().expect("a text").to_owned());
    texts.filter(|text| text != "session").collect()
}

pub(super) fn secrets() -> Secrets {
    parse(&json()).expect("valid secrets")
}

pub(super) fn parse(json: &Value) -> Result<Secrets, Faults> {
    let source = |name: &str| Source {
        name: name.to_owned(),
        content: Ok(json[name].clone().into()),
        version: None,
    };
    reading::read(source("ping"), source("primero"), source("ledger"))
}

//! The recorded exchanges, one JSON object a line.

use serde::Deserialize;
use serde_json::Value;

/// One request and what the real server answered.
#[derive(Clone, Debug, Deserialize)]
pub struct Exchange {
    /// Its number; the batch recording has none, there the line counts.
    #[serde(default)]
    pub n: Option<u32>,
    pub label: String,
    pub auth: Option<Auth>,
    pub request: Request,
    pub response: Response,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Auth {
    pub user: String,
    pub password: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Request {
    pub method: String,
    pub path: String,
    #[serde(default)]
    pub headers: Option<std::collections::BTreeMap<String, String>>,
    #[serde(default)]
    pub body: Value,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Response {
    pub status: u16,
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    #[serde(default)]
    pub body: Value,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The names of the cookies set, in order of the alphabet.
    pub fn cookie_names(&self) -> Vec<&str> {
        cookie_names(&self.headers)
    }
}

pub fn cookie_names(headers: &[(String, String)]) -> Vec<&str> {
    let set = headers.iter().filter(|(key, _)| key == "set-cookie");
    let mut names: Vec<&str> = set
        .filter_map(|(_, cookie)| cookie.split('=').next())
        .collect();
    names.sort_unstable();
    names
}

/// The main recording.
pub fn exchanges() -> Vec<Exchange> {
    read(include_str!("../fixtures/primero-exchanges.jsonl"))
}

/// Look-ups of many cases in one call, from an empty installation.
pub fn batch_exchanges() -> Vec<Exchange> {
    read(include_str!("../fixtures/primero-exchanges-batch.jsonl"))
}

fn read(lines: &str) -> Vec<Exchange> {
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

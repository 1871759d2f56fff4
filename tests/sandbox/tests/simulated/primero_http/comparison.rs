//! Is our answer the recorded one, up to the ids and times that each server makes for itself?

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::HashMap;

/// Keys under which a server puts ids of its own making.
const ID_KEYS: [&str; 7] = [
    "id",
    "case_id",
    "short_id",
    "case_id_display",
    "unique_id",
    "record_id",
    "service_record_id",
];

/// Ours, but cut from the recording, which kept "the fields we care for".
const CUT_FROM_THE_RECORDING: [&str; 6] = [
    "multi_select",
    "date_include_time",
    "date_closure",
    "disabled",
    "visible",
    "module_ids",
];

/// Every time that the recorded server took from its own clock.
const RECORDING_HOURS: &str = "2026-11-23T14:";

/// Before this the installation was set up; its times then are nobody's to repeat.
const RECORDING_STARTS: &str = "2026-11-23T14:21";

/// How far our clock, set from the recorded times, may be from them.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(5);

/// What the recorded ids and times are called in our run.
#[derive(Default)]
pub struct Names(HashMap<String, String>);

impl Names {
    /// Ids that the client chose are the same in both worlds.
    pub fn keep_client_ids(&mut self, body: &Value) {
        match body {
            Value::Object(fields) => {
                for (key, value) in fields {
                    match value {
                        Value::String(id) if ID_KEYS.contains(&key.as_str()) => {
                            self.0.entry(id.clone()).or_insert_with(|| id.clone());
                        }
                        other => self.keep_client_ids(other),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.keep_client_ids(item)),
            _ => {}
        }
    }

    /// A recorded text (path, body) with the ids of our run.
    pub fn translate(&self, text: &str) -> String {
        let mut known: Vec<_> = self
            .0
            .iter()
            .filter(|(recorded, _)| recorded.len() >= 7)
            .collect();
        known.sort_by_key(|(recorded, _)| std::cmp::Reverse(recorded.len()));
        known
            .iter()
            .fold(text.to_owned(), |text, (recorded, ours)| {
                text.replace(*recorded, ours)
            })
    }

    /// Where ours differs from the recorded answer, one line each; learns new names on the way.
    pub fn differences(&mut self, recorded: &Value, ours: &Value) -> Vec<String> {
        let mut found = Vec::new();
        self.compare("", "", recorded, ours, &mut found);
        found
    }

    fn compare(
        &mut self,
        path: &str,
        key: &str,
        recorded: &Value,
        ours: &Value,
        found: &mut Vec<String>,
    ) {
        match (recorded, ours) {
            (Value::Object(a), Value::Object(b)) => {
                for (key, value) in a.iter().filter(|(key, _)| *key != "_elided") {
                    let path = format!("{path}/{key}");
                    match b.get(key) {
                        Some(ours) if key == "data" && ours.is_array() => {
                            let elided = a.get("_elided").and_then(Value::as_u64).unwrap_or(0);
                            self.compare_rows(&path, value, ours, elided, found);
                        }
                        Some(ours) => self.compare(&path, key, value, ours, found),
                        None => found.push(format!("{path}: missing, recorded {value}")),
                    }
                }
                let more = b.keys().filter(|k| !a.contains_key(*k));
                let more = more.filter(|k| !CUT_FROM_THE_RECORDING.contains(&k.as_str()));
                found
                    .extend(more.map(|key| format!("{path}/{key}: not recorded, ours {}", b[key])));
            }
            (Value::Array(a), Value::Array(b)) => {
                if a.len() != b.len() {
                    found.push(format!("{path}: recorded {recorded}, ours {ours}"));
                    return;
                }
                for (at, (a, b)) in a.iter().zip(b).enumerate() {
                    self.compare(&format!("{path}/{at}"), key, a, b, found);
                }
            }
            (Value::String(a), Value::String(b)) if is_servers_own(key, a) => {
                let known = self.0.entry(a.clone()).or_insert_with(|| b.clone());
                if known != b || !is_plausible(a, b) {
                    found.push(format!("{path}: recorded {a} was {known} before, now {b}"));
                }
            }
            (Value::String(a), Value::String(b)) if self.translate(a) == *b => {}
            (a, b) if a == b => {}
            _ => found.push(format!("{path}: recorded {recorded}, ours {ours}")),
        }
    }

    /// Lists are cut after three rows in the recording; the number cut is known.
    fn compare_rows(
        &mut self,
        path: &str,
        recorded: &Value,
        ours: &Value,
        elided: u64,
        found: &mut Vec<String>,
    ) {
        let (recorded, ours) = (recorded.as_array().unwrap(), ours.as_array().unwrap());
        let expected = recorded.len() + usize::try_from(elided).unwrap();
        if expected != ours.len() {
            found.push(format!(
                "{path}: recorded {expected} rows, ours {}",
                ours.len()
            ));
        }
        for (at, (a, b)) in recorded.iter().zip(ours).enumerate() {
            self.compare(&format!("{path}/{at}"), "", a, b, found);
        }
    }
}

/// An id or a time that each server makes for itself.
fn is_servers_own(key: &str, text: &str) -> bool {
    let short_id = text.len() == 7 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let is_id = short_id || uuid::Uuid::try_parse(text).is_ok();
    (ID_KEYS.contains(&key) && is_id) || text.starts_with(RECORDING_HOURS)
}

/// Ours is of the same nature: an id of the same length, or a time near the recorded one.
fn is_plausible(recorded: &str, ours: &str) -> bool {
    let (Ok(a), Ok(b)) = (recorded.parse::<Timestamp>(), ours.parse::<Timestamp>()) else {
        return recorded.len() == ours.len() && ours.bytes().all(|b| b != b' ');
    };
    let distance = a.duration_since(b).abs();
    distance < CLOCK_TOLERANCE || recorded < RECORDING_STARTS
}

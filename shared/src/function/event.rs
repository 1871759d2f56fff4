//! What a function is invoked with: by the scheduler, or by a person.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::domain::ids::Deployment;
use crate::domain::record::RecordKey;
use crate::domain::system::WorkflowName;
use crate::engine::Request;

/// What the scheduler or a person asks for. `{}` asks for an ordinary run of the default deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Which deployment; the function's default if absent.
    pub deployment: Option<Deployment>,
    /// What is asked of the run.
    pub request: Request,
}

/// The keys of an event, in the order of the documentation.
const KEYS: [&str; 6] = [
    "deployment",
    "dry_run",
    "only",
    "since",
    "limit",
    "release_held",
];

/// What is wrong with an event. Names keys, never values. `docs/REASONS.md` explains each; a test compares the two.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// The event is no JSON object.
    #[error("the event must be a JSON object")]
    NotAnObject,
    /// These keys mean nothing to a run.
    #[error("unknown key in the event: {}; a run takes: {}", .0.join(", "), KEYS.join(", "))]
    UnknownKeys(Vec<String>),
    /// A key holds something else than it should.
    #[error("{key} in the event must be {expected}")]
    WrongType {
        /// The key.
        key: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
    /// The source lists what is pending, so there is no window to begin elsewhere.
    #[error("since in the event means nothing to {0}: its source lists what is pending")]
    SinceRefused(WorkflowName),
}

impl EventError {
    /// A stable code for the kind of fault.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAnObject => "not_an_object",
            Self::UnknownKeys(_) => "unknown_key",
            Self::WrongType { .. } => "wrong_type",
            Self::SinceRefused(_) => "since_refused",
        }
    }
}

impl Event {
    /// Reads an event for this workflow. A plain event of EventBridge Scheduler or EventBridge counts as `{}`.
    pub fn read(event: &Value, workflow: WorkflowName) -> Result<Self, EventError> {
        let keys = match event {
            Value::Null => return Ok(Self::default()),
            Value::Object(keys) => keys,
            _ => return Err(EventError::NotAnObject),
        };
        if keys.get("detail-type").and_then(Value::as_str) == Some("Scheduled Event") {
            return Ok(Self::default());
        }
        let unknown: Vec<String> = keys
            .keys()
            .filter(|key| !KEYS.contains(&key.as_str()))
            .cloned()
            .collect();
        if !unknown.is_empty() {
            return Err(EventError::UnknownKeys(unknown));
        }
        let deployment = read(keys, "deployment", "the name of a deployment", |value| {
            value.as_str()?.parse().ok()
        })?;
        let switch = |key| read(keys, key, "true or false", Value::as_bool);
        let only = read(
            keys,
            "only",
            "a list of record keys, not empty",
            record_keys,
        )?;
        let since = read(
            keys,
            "since",
            "a time such as 2026-01-01T00:00:00Z",
            |value| value.as_str()?.parse::<Timestamp>().ok(),
        )?;
        let limit = read(keys, "limit", "a whole number above 0", |value| {
            value.as_u64()?.try_into().ok().filter(|limit| *limit > 0)
        })?;
        if since.is_some() && !workflow.follows_changes() {
            return Err(EventError::SinceRefused(workflow));
        }
        Ok(Self {
            deployment,
            request: Request {
                dry_run: switch("dry_run")?.unwrap_or_default(),
                only,
                since,
                limit,
                release_held: switch("release_held")?.unwrap_or_default(),
            },
        })
    }
}

/// The value of a key; null counts as absent.
fn read<T>(
    keys: &Map<String, Value>,
    key: &'static str,
    expected: &'static str,
    parse: impl FnOnce(&Value) -> Option<T>,
) -> Result<Option<T>, EventError> {
    match keys.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match parse(value) {
            Some(read) => Ok(Some(read)),
            None => Err(EventError::WrongType { key, expected }),
        },
    }
}

fn record_keys(value: &Value) -> Option<std::collections::BTreeSet<RecordKey>> {
    let keys = value.as_array().filter(|keys| !keys.is_empty())?;
    let key = |value: &Value| {
        let text = value.as_str().filter(|text| !text.trim().is_empty())?;
        Some(RecordKey::written(text))
    };
    keys.iter().map(key).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(event: &Value) -> Result<Event, EventError> {
        Event::read(event, WorkflowName::ReferralsToPrimero)
    }

    #[test]
    fn nothing_and_a_plain_scheduler_event_ask_for_an_ordinary_run() {
        let scheduled = json!({
            "version": "0", "id": "53dc4d37", "detail-type": "Scheduled Event", "source": "aws.scheduler",
            "account": "123456789012", "time": "2026-11-23T00:00:00Z", "region": "eu-west-1", "resources": [], "detail": "{}",
        });
        for event in [json!({}), json!(null), scheduled] {
            assert_eq!(read(&event), Ok(Event::default()));
        }
    }

    #[test]
    fn every_key_is_taken() {
        let event = json!({
            "deployment": "gambella", "dry_run": true, "limit": 100, "release_held": true,
            "only": [" {68B20E2A-4879-EE11-8179-000D3A43F6EB} ", "case/service"],
        });
        let only = ["68b20e2a-4879-ee11-8179-000d3a43f6eb", "case/service"];
        let expected = Event {
            deployment: Some("gambella".parse().expect("a name")),
            request: Request {
                dry_run: true,
                only: Some(only.map(RecordKey::written).into()),
                since: None,
                limit: Some(100),
                release_held: true,
            },
        };
        assert_eq!(read(&event), Ok(expected));
    }

    #[test]
    fn unknown_keys_and_wrong_types_are_refused_by_name() {
        let message = |event: Value| read(&event).expect_err("refused").to_string();
        assert!(message(json!({ "deploiment": "x", "dry": true })).contains("deploiment, dry"));
        assert!(message(json!([])).contains("object"));
        for event in [
            json!({ "deployment": 7 }),
            json!({ "deployment": "Not A Name" }),
            json!({ "dry_run": "yes" }),
            json!({ "only": [] }),
            json!({ "only": "68b20e2a-4879-ee11-8179-000d3a43f6eb" }),
            json!({ "only": [7] }),
            json!({ "since": "yesterday" }),
            json!({ "limit": 0 }),
            json!({ "limit": -1 }),
            json!({ "release_held": 1 }),
        ] {
            let key = event.as_object().and_then(|keys| keys.keys().next());
            let expected = format!("{} in the event must be", key.expect("it has one"));
            assert!(message(event.clone()).starts_with(&expected), "{event}");
        }
    }

    #[test]
    fn a_window_means_nothing_to_a_source_that_lists_what_is_pending() {
        let event = json!({ "since": "2026-01-01T00:00:00Z" });
        assert_eq!(
            read(&event),
            Err(EventError::SinceRefused(WorkflowName::ReferralsToPrimero))
        );
    }

    #[test]
    fn the_table_for_people_lists_every_fault_of_an_event() {
        let table = include_str!("../../../docs/REASONS.md");
        let faults = [
            EventError::NotAnObject,
            EventError::UnknownKeys(vec!["KEY".to_owned()]),
            EventError::WrongType {
                key: "KEY",
                expected: "…",
            },
            EventError::SinceRefused(WorkflowName::ReferralsToPrimero),
        ];
        for fault in faults {
            let row = format!("| {} | {fault} |", fault.code());
            assert!(
                table.contains(&row),
                "docs/REASONS.md lacks this row:\n{row}"
            );
        }
    }
}

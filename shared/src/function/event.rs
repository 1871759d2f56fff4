//! What a function is invoked with: by the scheduler, or by a person.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::domain::ids::Deployment;
use crate::domain::record::RecordKey;
use crate::domain::system::WorkflowName;
use crate::engine::Request;
use crate::written::Written;

/// What the scheduler or a person asks for. `{}` asks for an ordinary run of the default deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Which deployment; the function's default if absent.
    pub deployment: Option<Deployment>,
    /// What is asked of the run.
    pub request: Request,
}

/// The keys of an event, in the order of the documentation.
const KEYS: [&str; 8] = [
    "deployment",
    "dry_run",
    "only",
    "since",
    "limit",
    "release_held",
    "accept_move",
    "first_run",
];

/// The keys of an event that EventBridge makes by itself.
const SCHEDULED: [&str; 10] = [
    "version",
    "id",
    "detail-type",
    "source",
    "account",
    "time",
    "region",
    "resources",
    "detail",
    "replay-name",
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
    /// These keys are given more than once, and nobody knows which is meant.
    #[error("key given twice in the event: {}", .0.join(", "))]
    RepeatedKeys(Vec<String>),
    /// A scheduler's event says by itself what it is; whoever wrote these keys into it meant another run.
    #[error("key beside a scheduler's event: {}; send the keys of a run alone, without the scheduler's", .0.join(", "))]
    BesideSchedule(Vec<String>),
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
            Self::RepeatedKeys(_) => "repeated_key",
            Self::BesideSchedule(_) => "beside_schedule",
            Self::WrongType { .. } => "wrong_type",
            Self::SinceRefused(_) => "since_refused",
        }
    }
}

impl Event {
    /// Reads an event for this workflow. A plain event of EventBridge Scheduler or EventBridge counts as `{}`.
    pub fn read(event: &Written, workflow: WorkflowName) -> Result<Self, EventError> {
        if !event.repeated.is_empty() {
            return Err(EventError::RepeatedKeys(event.repeated.clone()));
        }
        let keys = match &event.value {
            Value::Null => return Ok(Self::default()),
            Value::Object(keys) => keys,
            _ => return Err(EventError::NotAnObject),
        };
        if keys.get("detail-type").and_then(Value::as_str) == Some("Scheduled Event") {
            return match beside_schedule(keys) {
                beside if beside.is_empty() => Ok(Self::default()),
                beside => Err(EventError::BesideSchedule(beside)),
            };
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
            "a list of record keys of the workflow, not empty",
            |value| record_keys(value, workflow),
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
                accept_move: switch("accept_move")?.unwrap_or_default(),
                first_run: switch("first_run")?.unwrap_or_default(),
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

fn record_keys(
    value: &Value,
    workflow: WorkflowName,
) -> Option<std::collections::BTreeSet<RecordKey>> {
    let keys = value.as_array().filter(|keys| !keys.is_empty())?;
    let key = |value: &Value| RecordKey::named(value.as_str()?, workflow);
    keys.iter().map(key).collect()
}

/// What was written into a scheduler's event beside its own keys, or into its detail.
fn beside_schedule(event: &Map<String, Value>) -> Vec<String> {
    let outside = event
        .keys()
        .filter(|key| !SCHEDULED.contains(&key.as_str()))
        .cloned();
    // The detail is an object, or the text of one.
    let detail = match event.get("detail") {
        Some(Value::Object(detail)) => detail.clone(),
        Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_default(),
        _ => Map::new(),
    };
    outside
        .chain(detail.into_iter().map(|(key, _)| key))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const INTERVENTION: &str = "68b20e2a-4879-ee11-8179-000d3a43f6eb";

    fn read(event: &Value) -> Result<Event, EventError> {
        let event = event.clone().into();
        Event::read(&event, WorkflowName::ReferralsToPrimero)
    }

    /// A plain event of EventBridge Scheduler, with a key written into it.
    fn scheduled(key: &str, value: Value) -> Value {
        let mut event = json!({
            "version": "0", "id": "53dc4d37", "detail-type": "Scheduled Event", "source": "aws.scheduler",
            "account": "123456789012", "time": "2026-11-23T00:00:00Z", "region": "eu-west-1", "resources": [], "detail": "{}",
        });
        event[key] = value;
        event
    }

    #[test]
    fn nothing_and_a_plain_scheduler_event_ask_for_an_ordinary_run() {
        for event in [
            json!({}),
            json!(null),
            scheduled("detail", json!("{}")),
            scheduled("detail", json!({})),
            scheduled("detail", json!("")),
        ] {
            assert_eq!(read(&event), Ok(Event::default()), "{event}");
        }
    }

    #[test]
    fn what_is_written_into_a_schedulers_event_is_refused_by_name() {
        for (key, value, named) in [
            ("dry_run", json!(true), "dry_run"),
            ("deployment", json!("gambella"), "deployment"),
            ("Dry-Run", json!(true), "Dry-Run"),
            ("detail", json!({ "dry_run": true }), "dry_run"),
            ("detail", json!("{\"only\": []}"), "only"),
        ] {
            let refused = Err(EventError::BesideSchedule(vec![named.to_owned()]));
            assert_eq!(read(&scheduled(key, value)), refused, "{key}");
        }
    }

    #[test]
    fn a_key_that_is_given_twice_is_refused_by_name() {
        let text = r#"{ "dry_run": true, "limit": 1, "dry_run": false }"#;
        let event = Written::read(text).expect("it is JSON");
        let refused = Err(EventError::RepeatedKeys(vec!["dry_run".to_owned()]));
        assert_eq!(
            Event::read(&event, WorkflowName::ReferralsToPrimero),
            refused
        );
    }

    #[test]
    fn what_is_no_record_key_is_refused_before_anything_keeps_it() {
        for key in [
            String::new(),
            " ".to_owned(),
            "Nyakong Ochalla".to_owned(),
            format!("Nyakong Ochalla/{INTERVENTION}"),
            format!("Nyakong/{INTERVENTION}"),
            format!("{INTERVENTION}/Nyakong"),
            "unreadable-nyakong-ochalla".to_owned(),
        ] {
            let event = json!({ "only": [INTERVENTION, key] });
            let refused = read(&event).expect_err("refused").to_string();
            assert!(refused.starts_with("only in the event must be"), "{key}");
            assert!(!refused.contains("Nyakong"), "{refused}");
        }
    }

    #[test]
    fn every_key_is_taken() {
        let event = json!({
            "deployment": "gambella", "dry_run": true, "limit": 100, "release_held": true, "accept_move": true, "first_run": true,
            "only": [" {68B20E2A-4879-EE11-8179-000D3A43F6EB} ", "unreadable-0123456789abcdef"],
        });
        let only = [INTERVENTION, "unreadable-0123456789abcdef"];
        let expected = Event {
            deployment: Some("gambella".parse().expect("a name")),
            request: Request {
                dry_run: true,
                only: Some(only.map(RecordKey::written).into()),
                since: None,
                limit: Some(100),
                release_held: true,
                accept_move: true,
                first_run: true,
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
            json!({ "first_run": "yes" }),
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
            EventError::RepeatedKeys(vec!["KEY".to_owned()]),
            EventError::BesideSchedule(vec!["KEY".to_owned()]),
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

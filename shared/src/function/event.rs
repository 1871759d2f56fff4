//! What a function is invoked with: by the scheduler, or by a person.

use serde_json::Value;

use crate::domain::ids::Deployment;

/// What the scheduler or a person asks for. `{}` asks for an ordinary run of the default deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Which deployment; the function's default if absent.
    pub deployment: Option<Deployment>,
}

/// What is wrong with an event. Names keys, never values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// The event is no JSON object.
    #[error("the event must be a JSON object")]
    NotAnObject,
    /// These keys mean nothing to a run.
    #[error("unknown key in the event: {}; a run takes: deployment", .0.join(", "))]
    UnknownKeys(Vec<String>),
    /// A key holds something else than it should.
    #[error("{key} in the event must be {expected}")]
    WrongType {
        /// The key.
        key: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
}

impl Event {
    /// Reads an event. A plain event of EventBridge Scheduler or EventBridge counts as `{}`.
    pub fn read(event: &Value) -> Result<Self, EventError> {
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
            .filter(|key| *key != "deployment")
            .cloned()
            .collect();
        if !unknown.is_empty() {
            return Err(EventError::UnknownKeys(unknown));
        }
        let wrong = EventError::WrongType {
            key: "deployment",
            expected: "the name of a deployment",
        };
        let deployment = match keys.get("deployment") {
            None => None,
            Some(Value::String(name)) => Some(name.parse().map_err(|_| wrong)?),
            Some(_) => return Err(wrong),
        };
        Ok(Self { deployment })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_and_a_plain_scheduler_event_ask_for_an_ordinary_run() {
        let scheduled = json!({
            "version": "0", "id": "53dc4d37", "detail-type": "Scheduled Event", "source": "aws.scheduler",
            "account": "123456789012", "time": "2026-11-23T00:00:00Z", "region": "eu-west-1", "resources": [], "detail": "{}",
        });
        for event in [json!({}), json!(null), scheduled] {
            assert_eq!(Event::read(&event), Ok(Event::default()));
        }
    }

    #[test]
    fn the_deployment_is_taken() {
        let event = Event::read(&json!({ "deployment": "gambella" }));
        assert_eq!(
            event.map(|event| event.deployment),
            Ok(Some("gambella".parse().expect("a name")))
        );
    }

    #[test]
    fn unknown_keys_and_wrong_types_are_refused_by_name() {
        let message = |event: Value| Event::read(&event).expect_err("refused").to_string();
        assert!(message(json!({ "deploiment": "x", "dry": true })).contains("deploiment, dry"));
        assert!(message(json!({ "deployment": 7 })).starts_with("deployment in the event must be"));
        assert!(
            message(json!({ "deployment": "Not A Name" }))
                .starts_with("deployment in the event must be")
        );
        assert!(message(json!([])).contains("object"));
    }
}

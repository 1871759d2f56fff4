//! What a function is invoked with: by the scheduler, or by a person.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;

use crate::document::declared::{Declared as _, Schema, document};
use crate::document::kinds::{Kind, by};
use crate::document::section::Notes;
use crate::document::{Document, Entry, Node, Problem, Table};
use crate::domain::check::CheckKey;
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
    /// Look at the whole deployment instead of running.
    pub check: bool,
}

document! {
    /// The keys of an event, in the order of the documentation.
    struct Asked {
        deployment: Option<Deployment> =
            value("the name of a deployment", |node| node.as_text()?.parse().ok()).optional(),
        dry_run: bool = flag().or(false),
        only: Option<Vec<String>> = value(RECORD_KEYS, texts).optional(),
        since: Option<Timestamp> =
            value("a time such as 2026-01-01T00:00:00Z", |node| node.as_text()?.parse().ok()).optional(),
        limit: Option<usize> = value("a whole number above 0", count).optional(),
        release_held: bool = flag().or(false),
        accept_move: bool = flag().or(false),
        first_run: bool = flag().or(false),
        accept: Option<BTreeSet<String>> =
            value(CHECK_KEYS, |node| acceptable(texts(node)?.iter().map(String::as_str))).optional(),
        check: bool = flag().or(false),
    }
}

const CHECK_KEYS: &str = "a list of keys of checks, none of them about the user's scope";

const RECORD_KEYS: &str = "a list of record keys of the workflow, not empty";

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

/// Everything that is wrong with an event; never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct EventFaults(pub Vec<EventFault>);

/// What is wrong with an event. Names keys, never values. `docs/REASONS.md` explains each; a test compares the two.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventFault {
    /// The event is no JSON object.
    #[error("the event must be a JSON object")]
    NotAnObject,
    /// Keys that mean nothing to a run, and keys of a run that may have been meant.
    #[error(
        "unknown key in the event: {}{}; a run takes: {}",
        .0.join(", "),
        if .1.is_empty() { String::new() } else { format!(" (did you mean {}?)", .1.join(", ")) },
        Schema::of::<Asked>().keys().join(", ")
    )]
    UnknownKeys(Vec<String>, Vec<String>),
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
        key: String,
        /// What it should hold.
        expected: String,
    },
    /// An examination takes nothing that is asked of a run.
    #[error("check in the event stands beside deployment alone: it asks for no run")]
    BesideCheck,
    /// The source lists what is pending, so there is no window to begin elsewhere.
    #[error("since in the event means nothing to {0}: its source lists what is pending")]
    SinceRefused(WorkflowName),
}

impl EventFault {
    /// A stable code for the kind of fault.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAnObject => "not_an_object",
            Self::UnknownKeys(..) => "unknown_key",
            Self::RepeatedKeys(_) => "repeated_key",
            Self::BesideSchedule(_) => "beside_schedule",
            Self::WrongType { .. } => "wrong_type",
            Self::BesideCheck => "beside_check",
            Self::SinceRefused(_) => "since_refused",
        }
    }
}

impl Event {
    /// Reads an event for this workflow. A plain event of EventBridge Scheduler or EventBridge counts as `{}`.
    pub fn read(event: &Document, workflow: WorkflowName) -> Result<Self, EventFaults> {
        let repeated = event.repeated();
        let mut faults = Vec::new();
        if !repeated.is_empty() {
            faults.push(EventFault::RepeatedKeys(repeated));
        }
        let keys = match &event.root {
            Node::Null => return Ok(Self::default()),
            Node::Table(keys) => keys,
            _ => return Err(EventFaults(vec![EventFault::NotAnObject])),
        };
        if text(keys, "detail-type") == Some("Scheduled Event") {
            let beside = beside_schedule(keys);
            if !beside.is_empty() {
                faults.push(EventFault::BesideSchedule(beside));
            }
            return finished(Self::default(), faults);
        }
        let notes = Notes::default();
        let asked = notes.read("", keys, Asked::read);
        faults.extend(told(notes));
        let Some(asked) = asked else {
            return Err(EventFaults(faults));
        };
        if asked.since.is_some() && !workflow.follows_changes() {
            faults.push(EventFault::SinceRefused(workflow));
        }
        let of_a_run = |entry: &Entry| !["deployment", "check"].contains(&&*entry.key);
        if asked.check && keys.0.iter().any(of_a_run) {
            faults.push(EventFault::BesideCheck);
        }
        let key = |key: &String| RecordKey::named(key, workflow);
        let only = asked.only.map(|keys| keys.iter().map(key).collect());
        if only == Some(None) {
            faults.push(EventFault::WrongType {
                key: "only".to_owned(),
                expected: RECORD_KEYS.to_owned(),
            });
        }
        let event = Self {
            deployment: asked.deployment,
            request: Request {
                dry_run: asked.dry_run,
                only: only.flatten(),
                since: asked.since,
                limit: asked.limit,
                release_held: asked.release_held,
                accept_move: asked.accept_move,
                first_run: asked.first_run,
                accept: asked.accept.unwrap_or_default(),
            },
            check: asked.check,
        };
        finished(event, faults)
    }
}

/// Keys of checks whose fault a person may accept; none where one is no such key.
pub fn acceptable<'k>(keys: impl Iterator<Item = &'k str>) -> Option<BTreeSet<String>> {
    let key = |key: &str| {
        let check = CheckKey::named(key)?;
        check.may_be_accepted().then(|| check.code().to_owned())
    };
    keys.map(key).collect()
}

fn finished(event: Event, faults: Vec<EventFault>) -> Result<Event, EventFaults> {
    if faults.is_empty() {
        return Ok(event);
    }
    Err(EventFaults(faults))
}

/// The notes of the reader in the words of an event; unknown keys are named together.
fn told(notes: Notes) -> Vec<EventFault> {
    let (mut unknown, mut meant, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    for fault in notes.finish() {
        match fault.problem {
            Problem::UnknownKey { suggestion } => {
                unknown.push(fault.key);
                meant.extend(suggestion);
            }
            problem => faults.push(EventFault::WrongType {
                key: fault.key,
                expected: match problem {
                    Problem::NotA { expected, .. } => expected,
                    other => other.to_string(),
                },
            }),
        }
    }
    if !unknown.is_empty() {
        faults.insert(0, EventFault::UnknownKeys(unknown, meant));
    }
    faults
}

/// A value that is never repeated in a fault.
fn value<T>(expected: &'static str, read: impl Fn(&Node) -> Option<T>) -> impl Kind<Value = T> {
    let problem = move || Problem::NotA {
        found: None,
        expected: expected.to_owned(),
    };
    by(json!({}), move |node| read(node).ok_or_else(problem))
}

fn flag() -> impl Kind<Value = bool> {
    value("true or false", |node| match node {
        Node::Switch(value) => Some(*value),
        _ => None,
    })
}

fn texts(node: &Node) -> Option<Vec<String>> {
    let Node::List(list) = node else { return None };
    let text = |node: &Node| node.as_text().map(str::to_owned);
    list.iter()
        .map(text)
        .collect::<Option<Vec<_>>>()
        .filter(|list| !list.is_empty())
}

fn count(node: &Node) -> Option<usize> {
    match node {
        Node::Integer(number) => usize::try_from(*number).ok().filter(|number| *number > 0),
        _ => None,
    }
}

fn text<'d>(keys: &'d Table, key: &str) -> Option<&'d str> {
    keys.get(key)?.node.as_text()
}

/// What was written into a scheduler's event beside its own keys, or into its detail.
fn beside_schedule(event: &Table) -> Vec<String> {
    let named = |table: &Table| table.0.iter().map(|entry| entry.key.clone()).collect();
    let mut beside: Vec<String> = named(event);
    beside.retain(|key| !SCHEDULED.contains(&key.as_str()));
    // The detail is an object, or the text of one.
    let detail = event.get("detail").map(|entry| &entry.node);
    let read = detail
        .and_then(Node::as_text)
        .and_then(|text| Document::read(text).ok());
    if let Some(Node::Table(table)) = read.as_ref().map(|read| &read.root).or(detail) {
        let inside: Vec<String> = named(table);
        beside.extend(inside);
    }
    beside
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const INTERVENTION: &str = "68b20e2a-4879-ee11-8179-000d3a43f6eb";

    fn read(event: &Value) -> Result<Event, EventFaults> {
        let event = event.clone().into();
        Event::read(&event, WorkflowName::ReferralsToPrimero)
    }

    fn only<T>(fault: EventFault) -> Result<T, EventFaults> {
        Err(EventFaults(vec![fault]))
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
            let refused = only(EventFault::BesideSchedule(vec![named.to_owned()]));
            assert_eq!(read(&scheduled(key, value)), refused, "{key}");
        }
    }

    #[test]
    fn a_key_that_is_given_twice_is_refused_by_name() {
        let text = r#"{ "dry_run": true, "limit": 1, "dry_run": false }"#;
        let event = Document::read(text).expect("it is JSON");
        let refused = only(EventFault::RepeatedKeys(vec!["dry_run".to_owned()]));
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
            "accept": ["primero_fields"],
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
                accept: BTreeSet::from(["primero_fields".to_owned()]),
            },
            check: false,
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
            json!({ "accept": "primero_fields" }),
            json!({ "accept": ["no_such_check"] }),
            json!({ "accept": ["primero_scope"] }),
            json!({ "check": "yes" }),
        ] {
            let key = event.as_object().and_then(|keys| keys.keys().next());
            let expected = format!("{} in the event must be", key.expect("it has one"));
            assert!(message(event.clone()).starts_with(&expected), "{event}");
        }
    }

    #[test]
    fn all_faults_come_at_once_and_an_unknown_key_gets_the_one_that_was_meant() {
        let event = json!({
            "dry-run": true, "limit": "x", "only": ["Nyakong"], "since": "2026-01-01T00:00:00Z",
        });
        assert_eq!(
            read(&event).expect_err("three faults").to_string(),
            "unknown key in the event: dry-run (did you mean dry_run?); a run takes: deployment, dry_run, only, since, \
             limit, release_held, accept_move, first_run, accept, check; limit in the event must be a whole number above 0"
        );
        let event = json!({ "only": ["Nyakong"], "since": "2026-01-01T00:00:00Z" });
        let expected = EventFaults(vec![
            EventFault::SinceRefused(WorkflowName::ReferralsToPrimero),
            EventFault::WrongType {
                key: "only".to_owned(),
                expected: RECORD_KEYS.to_owned(),
            },
        ]);
        assert_eq!(read(&event), Err(expected));
    }

    #[test]
    fn an_examination_takes_nothing_but_its_deployment() {
        let event = read(&json!({ "deployment": "gambella", "check": true })).expect("it is one");
        assert!(event.check);
        assert_eq!(event.request, Request::default());
        for key in ["dry_run", "first_run"] {
            let event = json!({ "check": true, key: true });
            assert_eq!(read(&event), only(EventFault::BesideCheck), "{key}");
        }
    }

    #[test]
    fn a_window_means_nothing_to_a_source_that_lists_what_is_pending() {
        let event = json!({ "since": "2026-01-01T00:00:00Z" });
        assert_eq!(
            read(&event),
            only(EventFault::SinceRefused(WorkflowName::ReferralsToPrimero))
        );
    }

    #[test]
    fn the_table_for_people_lists_every_fault_of_an_event() {
        let table = include_str!("../../../docs/REASONS.md");
        let faults = [
            EventFault::NotAnObject,
            EventFault::UnknownKeys(vec!["KEY".to_owned()], Vec::new()),
            EventFault::RepeatedKeys(vec!["KEY".to_owned()]),
            EventFault::BesideSchedule(vec!["KEY".to_owned()]),
            EventFault::WrongType {
                key: "KEY".to_owned(),
                expected: "…".to_owned(),
            },
            EventFault::BesideCheck,
            EventFault::SinceRefused(WorkflowName::ReferralsToPrimero),
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

//! Spoils the end state on purpose, to show that the checker can fail.

use std::str::FromStr;

use serde_json::{Value, json};

use super::expected::{Outcome, expectations};
use super::found::{Found, text};
use super::{cases_beforehand, verdict::Kind};
use crate::Sandbox;

/// What to spoil.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plant {
    /// A delivered service disappears.
    Lost,
    /// A delivered service is there twice.
    Duplicated,
    /// A delivered service is in another child's case.
    WrongCase,
}

impl FromStr for Plant {
    type Err = String;

    /// `lost`, `duplicated` or `wrong-case`.
    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "lost" => Ok(Self::Lost),
            "duplicated" => Ok(Self::Duplicated),
            "wrong-case" => Ok(Self::WrongCase),
            _ => Err(format!("{name} is none of lost, duplicated, wrong-case")),
        }
    }
}

impl Plant {
    /// The counter that must then be above zero.
    #[must_use]
    pub fn shows_as(self) -> Kind {
        match self {
            Self::Lost => Kind::Lost,
            Self::Duplicated => Kind::Duplicated,
            Self::WrongCase => Kind::WrongCase,
        }
    }
}

/// Spoils one delivered record in the simulated Primero, behind its HTTP interface. An error where nothing
/// was delivered yet, so that there is nothing to spoil.
pub fn plant(sandbox: &Sandbox, what: Plant) -> Result<(), String> {
    let found = Found::new(cases_beforehand(), sandbox.primero.cases());
    let (case, service) = delivered(&found).ok_or("no delivered service to spoil")?;
    let id = text(&case, "id");
    match what {
        Plant::Lost => change(sandbox, id, &removal(&service)),
        Plant::Duplicated => {
            let mut copy = service;
            copy["unique_id"] = json!(uuid::Uuid::new_v4());
            change(sandbox, id, &copy)
        }
        Plant::WrongCase => {
            let other = found
                .cases
                .iter()
                .find(|other| other["unhcr_individual_no"] != case["unhcr_individual_no"])
                .ok_or("no other child's case")?;
            change(sandbox, id, &removal(&service))?;
            change(sandbox, text(other, "id"), &service)
        }
    }
}

/// The first delivered service, and its case.
fn delivered(found: &Found) -> Option<(Value, Value)> {
    expectations()
        .iter()
        .filter(|(_, expected)| matches!(expected.outcome, Outcome::Delivered(_)))
        .find_map(|(key, expected)| {
            let hit = found.hits(key, &expected.number).into_iter().next()?;
            Some((hit.case.clone(), hit.service.clone()))
        })
}

fn removal(service: &Value) -> Value {
    json!({ "unique_id": text(service, "unique_id"), "_destroy": true })
}

fn change(sandbox: &Sandbox, case: &str, service: &Value) -> Result<(), String> {
    sandbox
        .primero
        .worker_updates_case(case, json!({ "services_section": [service] }))
}

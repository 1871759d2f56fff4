//! Spoils the end state on purpose, to show that the checker can fail.

use std::str::FromStr;

use serde_json::{Value, json};

use super::expected::{Outcome, decisions, referrals};
use super::found::{Found, text};
use super::{cases_at_the_start, verdict::Kind};
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
    /// `proGres` was told the opposite of a case worker's decision.
    WrongDecision,
}

impl FromStr for Plant {
    type Err = String;

    /// `lost`, `duplicated`, `wrong-case` or `wrong-decision`.
    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "lost" => Ok(Self::Lost),
            "duplicated" => Ok(Self::Duplicated),
            "wrong-case" => Ok(Self::WrongCase),
            "wrong-decision" => Ok(Self::WrongDecision),
            _ => Err(format!(
                "{name} is none of lost, duplicated, wrong-case, wrong-decision"
            )),
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
            Self::WrongDecision => Kind::WrongDecision,
        }
    }
}

/// Spoils one record at its destination, behind the HTTP interfaces. An error where nothing was delivered, or
/// no decision reported, so that there is nothing to spoil.
pub fn plant(sandbox: &Sandbox, what: Plant) -> Result<(), String> {
    let found = Found::new(cases_at_the_start(), sandbox.primero.cases());
    let (case, service) = delivered(&found).ok_or("no delivered service to spoil")?;
    let id = text(&case, "id");
    match what {
        Plant::WrongDecision => {
            let is_told = |key: &String| !sandbox.ping.comments_of(key).is_empty();
            let told = decisions().into_keys().find(is_told);
            let told = told.ok_or("no reported decision to spoil")?;
            sandbox.ping.falsify_decision(&told)
        }
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
    referrals()
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

//! What nobody asked for: changed data of children's cases, extra cases and services, claims about unknown
//! records.

use std::collections::BTreeMap;

use serde_json::Value;

use super::check::Said;
use super::expected::{Expected, Outcome, service_id};
use super::found::{Found, differences, services, text};
use super::received::DECISIONS;
use super::verdict::{Kind, Ledger, Problem, RecordVerdict, unexpected};
use crate::{Sandbox, Workflow};

/// The only workflow that writes cases.
const WRITES_CASES: Workflow = Workflow::ReferralsToPrimero;

/// Fields that Primero itself changes whenever a case is saved.
const KEPT_BY_PRIMERO: [&str; 4] = [
    "services_section",
    "last_updated_at",
    "last_updated_by",
    "associated_user_names",
];

/// The child's own data that a referral could overwrite.
const DEMOGRAPHICS: [&str; 16] = [
    "unhcr_individual_no",
    "unhcr_id_no",
    "name_first",
    "name_middle",
    "name_last",
    "name_nickname",
    "date_of_birth",
    "age",
    "sex",
    "telephone_current",
    "address_current",
    "language",
    "protection_concerns",
    "status",
    "module_id",
    "owned_by",
];

/// One verdict per case in which something is other than expected.
pub(super) fn cases(found: &Found, expected: &BTreeMap<String, Expected>) -> Vec<RecordVerdict> {
    let mut verdicts = Vec::new();
    for case in &found.cases {
        let problems = match found.before.get(text(case, "id")) {
            Some(before) => changes(before, case, expected),
            None => additions(case, expected),
        };
        verdicts.extend(verdict(WRITES_CASES, text(case, "id"), "case", problems));
    }
    for id in found.before.keys() {
        if !found.cases.iter().any(|case| text(case, "id") == id) {
            let problem = Kind::Unexpected.because("the case is gone");
            verdicts.extend(verdict(WRITES_CASES, id, "case", vec![problem]));
        }
    }
    verdicts
}

/// One verdict per claim about a record that nobody expected.
pub(super) fn claims(
    workflow: Workflow,
    said: &Said<'_>,
    records: &[RecordVerdict],
) -> Vec<RecordVerdict> {
    let strangers = said.about_others(records);
    strangers
        .filter_map(|(key, claim)| {
            let text = format!(
                "kept back for {}, but there is no such record",
                claim.reason
            );
            verdict(workflow, key, "claim", vec![Kind::Unexpected.because(text)])
        })
        .collect()
}

/// What a workflow did that has not run.
pub(super) fn early(sandbox: &Sandbox, ledger: &Ledger) -> Vec<RecordVerdict> {
    let mut verdicts = Vec::new();
    let mut add = |workflow: Workflow, key: &str, text: &str| {
        let problem = Kind::Unexpected.because(text);
        if !ledger.contains_key(&workflow) {
            verdicts.extend(verdict(workflow, key, "too early", vec![problem]));
        }
    };
    for (key, statuses) in sandbox.ping.transfer_statuses() {
        for status in statuses.iter().filter(|status| status.applied) {
            let code = status.field("progres_primerotransferstatus");
            if code.is_some_and(|code| DECISIONS.contains(&code)) {
                let text = "proGres was told of a decision";
                add(Workflow::DecisionsToProgres, &key, text);
            }
        }
    }
    for submission in sandbox.ping.submissions() {
        if submission.applied {
            let text = "a referral was submitted";
            add(Workflow::ReferralsToProgres, &submission.external_id, text);
        }
    }
    for referral in sandbox.ping.marks().keys() {
        let text = "a decision was marked";
        add(Workflow::DecisionsToPrimero, &referral.to_string(), text);
    }
    verdicts
}

fn verdict(
    workflow: Workflow,
    key: &str,
    label: &str,
    problems: Vec<Problem>,
) -> Option<RecordVerdict> {
    (!problems.is_empty()).then(|| RecordVerdict {
        workflow,
        key: key.to_owned(),
        label: label.to_owned(),
        expected: "nothing".to_owned(),
        found: "a difference".to_owned(),
        problems,
    })
}

/// A case that existed: only the services of its own referrals may be new.
fn changes(before: &Value, now: &Value, expected: &BTreeMap<String, Expected>) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Some(fields) = before.as_object() {
        let kept = fields
            .iter()
            .filter(|(name, _)| !KEPT_BY_PRIMERO.contains(&name.as_str()));
        problems.extend(unexpected("changed", differences(kept, now)));
        let appeared = DEMOGRAPHICS
            .into_iter()
            .filter(|name| !fields.contains_key(*name) && !now[*name].is_null());
        problems.extend(
            appeared.map(|name| Kind::Unexpected.because(format!("changed: {name} appeared"))),
        );
    }
    for service in services(before) {
        let id = text(service, "unique_id");
        let same = services(now)
            .iter()
            .find(|now| text(now, "unique_id") == id);
        match (same, service.as_object()) {
            (Some(now), Some(fields)) => {
                problems.extend(unexpected("changed service", differences(fields, now)));
            }
            _ => problems.push(Kind::Unexpected.because(format!("service {id} is gone"))),
        }
    }
    let known: Vec<&str> = services(before)
        .iter()
        .map(|service| text(service, "unique_id"))
        .collect();
    problems.extend(strangers(now, &known, expected));
    problems
}

/// A case that did not exist: it must be one of a child who needed one.
fn additions(case: &Value, expected: &BTreeMap<String, Expected>) -> Vec<Problem> {
    let individual = text(case, "unhcr_individual_no");
    let wanted = expected.values().any(|expected| match &expected.outcome {
        Outcome::Delivered(delivered) => {
            delivered.case.existing.is_none() && delivered.case.individual == individual
        }
        Outcome::AlreadyInPlace(_) | Outcome::Held(_) => false,
    });
    let mut problems: Vec<Problem> = strangers(case, &[], expected).collect();
    if !wanted {
        problems.push(Kind::Unexpected.because("a case that nobody needed"));
    }
    problems
}

/// Services that belong to no referral of the demo data.
fn strangers<'a>(
    case: &'a Value,
    known: &'a [&str],
    expected: &'a BTreeMap<String, Expected>,
) -> impl Iterator<Item = Problem> + 'a {
    let belongs = |service: &Value| {
        let mut parts = text(service, "progres_interventionnumber").split(',');
        let number = parts.next().unwrap_or_default().trim();
        let guid = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        expected.iter().any(|(key, expected)| {
            expected.number == number
                || *key == guid
                || service_id(key) == text(service, "unique_id")
        })
    };
    services(case)
        .iter()
        .filter(|service| !known.contains(&text(service, "unique_id")))
        .filter(move |service| !belongs(service))
        .map(|service| {
            let id = text(service, "unique_id");
            Kind::Unexpected.because(format!("service {id} belongs to no referral"))
        })
}

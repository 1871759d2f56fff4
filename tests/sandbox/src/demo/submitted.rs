//! 2.1: whether each service that was referred to `proGres` is there once, with every field.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::check::{Said, Scene};
use super::expected::{ExpectedSubmission, SubmissionOutcome, Submitted, submissions};
use super::found::{differences, text};
use super::verdict::{HeldClaim, Kind, Problem, RecordVerdict, unexpected};
use crate::Workflow;
use crate::ping::Received;

/// One verdict per service, and one per submission that belongs to none.
pub(super) fn records(scene: &Scene<'_>, said: &Said<'_>) -> Vec<RecordVerdict> {
    let expected = submissions();
    let mut by_key: BTreeMap<String, Vec<Received>> = BTreeMap::new();
    for submission in scene.sandbox.ping.submissions() {
        if submission.applied {
            by_key
                .entry(key_of(&submission))
                .or_default()
                .push(submission);
        }
    }
    let none = Vec::new();
    let mut records: Vec<RecordVerdict> = expected
        .iter()
        .map(|(key, expected)| {
            let sent = by_key.get(key).unwrap_or(&none);
            record(scene, key, expected, sent, said.about(key))
        })
        .collect();
    for (key, sent) in &by_key {
        if !expected.contains_key(key) {
            records.extend(sent.iter().map(|one| stray(key, one, &expected)));
        }
    }
    records
}

/// Where a submission says that it comes from.
fn key_of(submission: &Received) -> String {
    let part = |name| submission.field(name).unwrap_or_default();
    let (case_id, service) = (part("progres_offlineid"), part("progres_orgreferralid"));
    format!("{case_id}/{service}").to_ascii_lowercase()
}

fn record(
    scene: &Scene<'_>,
    key: &str,
    expected: &ExpectedSubmission,
    sent: &[Received],
    claim: Option<&HeldClaim>,
) -> RecordVerdict {
    let (verb, wanted, problems) = match &expected.outcome {
        SubmissionOutcome::Submitted(wanted) => (
            "held",
            "submitted".to_owned(),
            submitted_once(scene, key, wanted, sent, claim),
        ),
        SubmissionOutcome::Held(reason) => (
            "held",
            format!("held({reason})"),
            kept_back(reason, sent, claim),
        ),
        SubmissionOutcome::Skipped(reason) => (
            "skipped",
            format!("skipped({reason})"),
            kept_back(reason, sent, claim),
        ),
    };
    let found = match (sent, claim) {
        ([], Some(claim)) => format!("{verb}({})", claim.reason),
        ([], None) => "nothing".to_owned(),
        ([_], _) => "submitted".to_owned(),
        (many, _) => format!("submitted {} times", many.len()),
    };
    RecordVerdict {
        workflow: Workflow::ReferralsToProgres,
        key: key.to_owned(),
        label: expected.label.clone(),
        expected: wanted,
        found,
        problems,
    }
}

fn submitted_once(
    scene: &Scene<'_>,
    key: &str,
    wanted: &Submitted,
    sent: &[Received],
    claim: Option<&HeldClaim>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    match (sent, claim) {
        ([], Some(claim)) => {
            let text = format!("not sent; the ledger says kept back for {}", claim.reason);
            problems.push(Kind::Lost.because(text));
        }
        ([], None) => problems.push(Kind::Lost.because("never sent")),
        (_, Some(claim)) => {
            let text = format!("sent, but the ledger says kept back for {}", claim.reason);
            problems.push(Kind::Unexpected.because(text));
        }
        (_, None) => {}
    }
    if sent.len() > 1 {
        let text = format!("{} referrals for one service", sent.len());
        problems.push(Kind::Duplicated.because(text));
    }
    for one in sent {
        problems.extend(as_referred(scene, key, wanted, one));
    }
    problems
}

/// Whether a submission holds what the case holds.
fn as_referred(scene: &Scene<'_>, key: &str, wanted: &Submitted, one: &Received) -> Vec<Problem> {
    let mut problems = Vec::new();
    let guid = one.external_guid.as_deref();
    if one.external_id != wanted.external_id || guid != Some(&wanted.external_guid) {
        problems.push(Kind::WrongCase.because("it names another case"));
    }
    let mut fields = wanted.fields.clone();
    let referred_on = referred_on(scene, key);
    fields.insert("progres_referraldate".to_owned(), json!(referred_on));
    let found: Value = json!(one.fields);
    problems.extend(unexpected("field", differences(&fields, &found)));
    let absent = fields.keys().filter(|name| !one.fields.contains_key(*name));
    problems.extend(absent.map(|name| Kind::Unexpected.because(format!("{name} is not there"))));
    let empty = wanted
        .filled
        .iter()
        .filter(|name| one.field(name).is_none_or(|text| text.trim().is_empty()));
    problems.extend(empty.map(|name| Kind::Unexpected.because(format!("{name} is empty"))));
    problems
}

/// The day on which Primero's referral was made.
fn referred_on(scene: &Scene<'_>, key: &str) -> Option<String> {
    let (case_id, service) = key.split_once('/')?;
    let case = scene.sandbox.primero.case(case_id)?;
    let referrals = scene.sandbox.primero.referrals_of(text(&case, "id"));
    let referral = referrals
        .iter()
        .rfind(|referral| text(referral, "service_record_id") == service)?;
    text(referral, "created_at").get(..10).map(str::to_owned)
}

fn kept_back(reason: &str, sent: &[Received], claim: Option<&HeldClaim>) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !sent.is_empty() {
        problems.push(Kind::Unexpected.because("sent, but it should have been kept back"));
    }
    match claim {
        None if sent.is_empty() => {
            let text = "kept back in silence: the ledger does not know it";
            problems.push(Kind::Lost.because(text));
        }
        None => {}
        Some(claim) => problems.extend(claim.differs(reason, None)),
    }
    problems
}

/// A submission of a known service under another case's ids, or of a service that nobody knows.
fn stray(
    key: &str,
    one: &Received,
    expected: &BTreeMap<String, ExpectedSubmission>,
) -> RecordVerdict {
    let service = one.field("progres_orgreferralid").unwrap_or_default();
    let is_known = expected
        .keys()
        .any(|key| key.ends_with(&format!("/{service}")));
    let problem = if is_known {
        Kind::WrongCase.because("a service under the ids of another case")
    } else {
        Kind::Unexpected.because("a service that nobody referred")
    };
    RecordVerdict {
        workflow: Workflow::ReferralsToProgres,
        key: key.to_owned(),
        label: "submission".to_owned(),
        expected: "nothing".to_owned(),
        found: "submitted".to_owned(),
        problems: vec![problem],
    }
}

//! 1.2: whether `proGres` knows each decision of a case worker, once, and none that nobody made.

use serde_json::{Value, json};

use super::check::{Said, Scene};
use super::expected::{DecisionOutcome, Told, decisions};
use super::found::{differences, text};
use super::received::DECISIONS;
use super::verdict::{HeldClaim, Kind, Problem, RecordVerdict, unexpected};
use crate::Workflow;
use crate::ping::Received;

const STATUS: &str = "progres_primerotransferstatus";

/// One verdict per decision, and one per intervention of which `proGres` was told a decision that was not
/// to be told.
pub(super) fn records(scene: &Scene<'_>, said: &Said<'_>) -> Vec<RecordVerdict> {
    let expected = decisions();
    let mut records = Vec::new();
    for (key, expected) in &expected {
        let received = decisions_on(scene, key);
        let claim = said.about(key);
        let (wanted, problems) = match &expected.outcome {
            DecisionOutcome::Told(told) => (
                word(told.report[STATUS].as_str()).to_owned(),
                told_once(scene, key, told, &received, claim),
            ),
            DecisionOutcome::NotTold(why) => {
                ("nothing".to_owned(), not_told(why, &received, claim))
            }
            DecisionOutcome::Held(reason) => {
                (format!("held({reason})"), held(reason, &received, claim))
            }
        };
        records.push(RecordVerdict {
            workflow: Workflow::DecisionsToProgres,
            key: key.clone(),
            label: expected.label.clone(),
            expected: wanted,
            found: summary(&received, claim),
            problems,
        });
    }
    for key in scene.sandbox.ping.transfer_statuses().into_keys() {
        let received = decisions_on(scene, &key);
        if !received.is_empty() && !expected.contains_key(&key) {
            records.push(RecordVerdict {
                workflow: Workflow::DecisionsToProgres,
                label: "not decided".to_owned(),
                expected: "nothing".to_owned(),
                found: summary(&received, None),
                problems: not_told("not decided", &received, None),
                key,
            });
        }
    }
    records
}

fn decisions_on(scene: &Scene<'_>, key: &str) -> Vec<Received> {
    let mut received = scene.sandbox.ping.transfer_statuses_of(key);
    received.retain(|one| {
        let status = one.field(STATUS);
        one.applied && status.is_some_and(|status| DECISIONS.contains(&status))
    });
    received
}

fn word(status: Option<&str>) -> &'static str {
    match status {
        Some("125080003") => "accepted",
        Some("125080004") => "rejected",
        _ => "unknown",
    }
}

fn summary(received: &[Received], claim: Option<&HeldClaim>) -> String {
    match (received, claim) {
        ([], Some(claim)) => format!("held({})", claim.reason),
        ([], None) => "nothing".to_owned(),
        ([one], _) => word(one.field(STATUS)).to_owned(),
        (many, _) => format!("told {} times", many.len()),
    }
}

fn told_once(
    scene: &Scene<'_>,
    key: &str,
    wanted: &Told,
    received: &[Received],
    claim: Option<&HeldClaim>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    match (received, claim) {
        ([], Some(claim)) => {
            let text = format!("not told; the ledger says held({})", claim.reason);
            problems.push(Kind::Lost.because(text));
        }
        ([], None) => problems.push(Kind::Lost.because("proGres was never told")),
        (_, Some(claim)) => {
            let text = format!("told, but the ledger says held({})", claim.reason);
            problems.push(Kind::Unexpected.because(text));
        }
        (_, None) => {}
    }
    let comments: usize = received.iter().map(|one| one.attachments.len()).sum();
    if received.len() > 1 || comments > 1 {
        let times = received.len();
        let text = format!("proGres was told {times} times, with {comments} comments");
        problems.push(Kind::Duplicated.because(text));
    }
    for one in received {
        problems.extend(as_decided(scene, key, wanted, one));
    }
    problems
}

/// Whether one report says what was decided.
fn as_decided(scene: &Scene<'_>, key: &str, wanted: &Told, one: &Received) -> Vec<Problem> {
    if wanted.report[STATUS] != json!(one.field(STATUS)) {
        let told = word(one.field(STATUS));
        return vec![Kind::WrongDecision.because(format!("proGres was told {told}"))];
    }
    let mut problems = Vec::new();
    let homes = scene.found.homes(&wanted.case);
    let case_id = homes.first().map_or("", |case| text(case, "case_id"));
    if one.field("progres_primeroid") != Some(case_id) || one.external_id != case_id {
        problems.push(Kind::WrongCase.because("it names another case"));
    }
    let date = one.field("progres_primerotransferstatusdate");
    if !scene.is_today(date, one.received_at) {
        problems.push(Kind::Unexpected.because("the status date is not today"));
    }
    if one
        .attachments
        .iter()
        .any(|comment| *comment != wanted.comment)
        || one.attachments.is_empty()
    {
        let text = format!(
            "comment: wanted {:?}, found {:?}",
            wanted.comment, one.attachments
        );
        problems.push(Kind::Unexpected.because(text));
    }
    let mut fields = wanted.report.clone();
    fields.insert("progres_lpinterventionid".to_owned(), json!(key));
    let found: Value = json!(one.fields);
    problems.extend(unexpected("decision", differences(&fields, &found)));
    problems
}

fn not_told(why: &str, received: &[Received], claim: Option<&HeldClaim>) -> Vec<Problem> {
    let mut problems: Vec<Problem> = received
        .iter()
        .map(|one| {
            let told = word(one.field(STATUS));
            Kind::WrongDecision.because(format!("proGres was told {told}, but it is {why}"))
        })
        .collect();
    if let Some(claim) = claim {
        let text = format!(
            "kept back for {}, but there is nothing to tell: {why}",
            claim.reason
        );
        problems.push(Kind::Unexpected.because(text));
    }
    problems
}

fn held(reason: &str, received: &[Received], claim: Option<&HeldClaim>) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !received.is_empty() {
        problems.push(Kind::Unexpected.because("told, but it should have been held"));
    }
    match claim {
        None if received.is_empty() => {
            let text = "kept back in silence: the ledger does not know it";
            problems.push(Kind::Lost.because(text));
        }
        None => {}
        Some(claim) => problems.extend(claim.differs(reason, None)),
    }
    problems
}

//! 2.2: whether each referral in Primero stands as UNHCR decided, and `proGres` knows that it does.

use serde_json::Value;
use uuid::Uuid;

use super::check::{Said, Scene};
use super::expected::{ExpectedReview, reviews};
use super::found::text;
use super::verdict::{HeldClaim, Kind, Problem, RecordVerdict};
use crate::ping::Received;
use crate::{Sandbox, Workflow};

const SYNCED: &str = "125080003";

/// One verdict per referral to `proGres`, and one per decision that belongs to none.
pub(super) fn records(scene: &Scene<'_>, said: &Said<'_>) -> Vec<RecordVerdict> {
    let marks = scene.sandbox.ping.marks();
    reviews()
        .iter()
        .map(|(place, expected)| {
            let interop = interop_id(scene.sandbox, place);
            let marks = interop.and_then(|id| marks.get(&id));
            let found = Standing {
                interop,
                referral: referral(scene.sandbox, place),
                marks: marks
                    .into_iter()
                    .flatten()
                    .filter(|mark| mark.applied)
                    .collect(),
                claim: interop.and_then(|id| said.about(&id.to_string())),
            };
            let key = interop.map_or_else(|| place.clone(), |id| id.to_string());
            found.judged(key, expected, scene.allowed_reports)
        })
        .collect()
}

/// The ids of the interoperability referrals that are in `proGres` by now.
pub(super) fn keys(sandbox: &Sandbox) -> Vec<String> {
    let places = reviews().into_keys();
    places
        .filter_map(|place| Some(interop_id(sandbox, &place)?.to_string()))
        .collect()
}

/// `place` is `<case_id>/<service>`, or the id itself.
fn interop_id(sandbox: &Sandbox, place: &str) -> Option<Uuid> {
    match place.split_once('/') {
        Some((case_id, service)) => sandbox.ping.referral_of(case_id, service),
        None => Uuid::try_parse(place).ok(),
    }
}

/// Primero's referral of the service; the newest where there are several.
fn referral(sandbox: &Sandbox, place: &str) -> Option<Value> {
    let (case_id, service) = place.split_once('/')?;
    let case = sandbox.primero.case(case_id)?;
    let referrals = sandbox.primero.referrals_of(text(&case, "id"));
    referrals
        .into_iter()
        .rfind(|referral| text(referral, "service_record_id") == service)
}

/// How a referral stands on both sides.
struct Standing<'a> {
    interop: Option<Uuid>,
    referral: Option<Value>,
    marks: Vec<&'a Received>,
    claim: Option<&'a HeldClaim>,
}

impl Standing<'_> {
    fn judged(
        &self,
        key: String,
        expected: &ExpectedReview,
        allowed_marks: usize,
    ) -> RecordVerdict {
        let mut problems = self.status_problems(expected);
        problems.extend(self.mark_problems(expected, allowed_marks));
        problems.extend(self.claim_problems(expected));
        let wanted_status = expected.status.as_deref();
        let verb = if expected.skipped.is_some() {
            "skipped"
        } else {
            "held"
        };
        let reason = expected.held.as_deref().or(expected.skipped.as_deref());
        let said = self.claim.map(|claim| claim.reason.as_str());
        RecordVerdict {
            workflow: Workflow::DecisionsToPrimero,
            key,
            label: expected.label.clone(),
            expected: words(wanted_status, expected.marked, verb, reason),
            found: words(self.status(), !self.marks.is_empty(), verb, said),
            problems,
        }
    }

    fn status(&self) -> Option<&str> {
        self.referral
            .as_ref()
            .map(|referral| text(referral, "status"))
    }

    fn status_problems(&self, expected: &ExpectedReview) -> Vec<Problem> {
        let wanted = expected.status.as_deref();
        let found = self.status();
        if found == wanted {
            let reason = self
                .referral
                .as_ref()
                .map(|one| text(one, "rejected_reason"));
            let reason = reason.filter(|reason| !reason.is_empty());
            if reason == expected.rejected_reason.as_deref() {
                return Vec::new();
            }
            let wanted = &expected.rejected_reason;
            let text = format!("rejected_reason: wanted {wanted:?}, found {reason:?}");
            return vec![Kind::Unexpected.because(text)];
        }
        let kind = match (wanted, found) {
            (Some("accepted" | "rejected"), Some("in_progress")) => Kind::Lost,
            (_, Some("accepted" | "rejected")) => Kind::WrongDecision,
            _ => Kind::Unexpected,
        };
        let name = |status: Option<&str>| status.unwrap_or("absent").to_owned();
        let text = format!("the referral is {}, not {}", name(found), name(wanted));
        vec![kind.because(text)]
    }

    fn mark_problems(&self, expected: &ExpectedReview, allowed_marks: usize) -> Vec<Problem> {
        let mut problems = Vec::new();
        let count = self.marks.len();
        match (expected.marked, count) {
            (true, 0) => {
                problems.push(Kind::Lost.because("proGres was never told that Primero knows"));
            }
            (true, count) if count > allowed_marks => {
                problems.push(Kind::Duplicated.because(format!("marked {count} times")));
            }
            (false, 1..) => {
                let text = "proGres was told that Primero knows, and it does not";
                problems.push(Kind::Unexpected.because(text));
            }
            _ => {}
        }
        for mark in &self.marks {
            if mark.field("progres_interoperabilityreferralstatus") != Some(SYNCED) {
                problems.push(Kind::Unexpected.because("the mark is not 003"));
            }
            if !self.is_own(&mark.external_id) {
                problems.push(Kind::WrongCase.because("the mark names another referral"));
            }
        }
        problems
    }

    /// The id on either side.
    fn is_own(&self, external_id: &str) -> bool {
        let in_primero = self.referral.as_ref().map(|one| text(one, "id"));
        let in_progres = self.interop.map(|id| id.to_string());
        Some(external_id) == in_primero || Some(external_id) == in_progres.as_deref()
    }

    fn claim_problems(&self, expected: &ExpectedReview) -> Vec<Problem> {
        let wanted = expected.held.as_deref().or(expected.skipped.as_deref());
        match (wanted, self.claim) {
            (Some(reason), Some(claim)) => claim.differs(reason, None),
            (Some(reason), None) => {
                let text = format!("the ledger does not say {reason}");
                vec![Kind::Lost.because(text)]
            }
            (None, Some(claim)) => {
                let text = format!("the ledger says kept back for {}", claim.reason);
                vec![Kind::Unexpected.because(text)]
            }
            (None, None) => Vec::new(),
        }
    }
}

/// Such as `rejected, marked` or `in_progress, held(unknown_code)`.
fn words(status: Option<&str>, marked: bool, verb: &str, reason: Option<&str>) -> String {
    let reason = reason.map(|reason| format!("{verb}({reason})"));
    let parts = [
        status.map(str::to_owned),
        marked.then(|| "marked".to_owned()),
        reason,
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

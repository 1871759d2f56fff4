//! 1.1: whether each referral of `proGres` is in Primero once, in the right case, and reported.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::{Value, json};

use super::check::{Said, Scene};
use super::expected::{Delivered, Expected, Home, InPlace, Outcome, new_case_id, referrals};
use super::found::{Found, Hit, age, differences, text};
use super::verdict::{HeldClaim, Kind, Problem, RecordVerdict, unexpected};
use crate::Workflow;
use crate::ping::Received;

/// The transfer status of a referral that Primero received.
const RECEIVED: &str = "125080002";
/// Those of decisions, which are 1.2's.
pub(super) const DECISIONS: [&str; 2] = ["125080003", "125080004"];

/// One verdict per referral.
pub(super) fn records(scene: &Scene<'_>, said: &Said<'_>) -> Vec<RecordVerdict> {
    let check = Check {
        scene,
        said,
        found: &scene.found,
        pending: scene.sandbox.ping.pending(),
    };
    let expected = referrals();
    let records = expected.iter();
    records
        .map(|(key, expected)| check.record(key, expected))
        .collect()
}

struct Check<'a> {
    scene: &'a Scene<'a>,
    said: &'a Said<'a>,
    found: &'a Found,
    pending: Vec<String>,
}

impl Check<'_> {
    fn record(&self, key: &str, expected: &Expected) -> RecordVerdict {
        let hits = self.found.hits(key, &expected.number);
        let claim = self.said.about(key);
        let (wanted, problems) = match &expected.outcome {
            Outcome::Delivered(delivered) => (
                "delivered".to_owned(),
                self.delivered(key, delivered, &hits, claim),
            ),
            Outcome::AlreadyInPlace(in_place) => (
                "already_in_place".to_owned(),
                self.in_place(key, in_place, &hits, claim),
            ),
            Outcome::Held(reason) => (
                format!("held({reason})"),
                self.held(key, reason, expected.fields.as_deref(), &hits, claim),
            ),
        };
        RecordVerdict {
            workflow: Workflow::ReferralsToPrimero,
            key: key.to_owned(),
            label: expected.label.clone(),
            expected: wanted,
            found: self.summary(&hits, claim),
            problems,
        }
    }

    fn summary(&self, hits: &[Hit<'_>], claim: Option<&HeldClaim>) -> String {
        match (hits, claim) {
            ([], Some(claim)) => format!("held({})", claim.reason),
            ([], None) => "nothing".to_owned(),
            ([hit], _) if self.was_there(hit) => "already_in_place".to_owned(),
            ([_], _) => "delivered".to_owned(),
            (hits, _) => format!("delivered {} times", hits.len()),
        }
    }

    fn was_there(&self, hit: &Hit<'_>) -> bool {
        let before = self.found.before.get(text(hit.case, "id"));
        before.is_some_and(|before| {
            super::found::services(before)
                .iter()
                .any(|service| service["unique_id"] == hit.service["unique_id"])
        })
    }

    fn delivered(
        &self,
        key: &str,
        wanted: &Delivered,
        hits: &[Hit<'_>],
        claim: Option<&HeldClaim>,
    ) -> Vec<Problem> {
        let homes = self.found.homes(&wanted.case);
        let mut problems = placed(&homes, hits, claim);
        let at_home = hits.iter().find(|hit| is_at_home(&homes, hit));
        if let Some(hit) = at_home {
            let wanted = self.as_decided(key, &wanted.service);
            let differing = differences(&wanted, hit.service);
            problems.extend(unexpected("service", differing));
        }
        if let (Some(fields), [case, ..]) = (&wanted.case_fields, homes.as_slice()) {
            problems.extend(self.new_case(&wanted.case, fields, case));
        }
        if homes.len() > 1 {
            problems.push(Kind::Duplicated.because("the child has more than one new case"));
        }
        if !hits.is_empty() {
            problems.extend(self.reports(key, &homes, &wanted.status_report));
        }
        problems
    }

    /// The service as its case worker left it.
    fn as_decided(&self, key: &str, service: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
        let mut service = service.clone();
        if let Some(decision) = self.scene.played.decision_on(key) {
            let fields = decision.fields();
            let fields = fields.as_object().into_iter().flatten();
            service.extend(fields.map(|(name, value)| (name.clone(), value.clone())));
        }
        service
    }

    fn new_case(
        &self,
        home: &Home,
        fields: &BTreeMap<String, Value>,
        case: &Value,
    ) -> Vec<Problem> {
        let mut wanted = fields.clone();
        wanted.insert("id".to_owned(), json!(new_case_id(&home.individual)));
        let born: Option<Date> = fields["date_of_birth"]
            .as_str()
            .and_then(|born| born.parse().ok());
        if let Some(born) = born {
            wanted.insert("age".to_owned(), json!(age(born, self.scene.today)));
        }
        unexpected("case", differences(&wanted, case)).collect()
    }

    fn in_place(
        &self,
        key: &str,
        wanted: &InPlace,
        hits: &[Hit<'_>],
        claim: Option<&HeldClaim>,
    ) -> Vec<Problem> {
        let homes = self.found.homes(&wanted.case);
        let mut problems = placed(&homes, hits, claim);
        let stayed = hits
            .iter()
            .any(|hit| text(hit.service, "unique_id") == wanted.service_id);
        if !hits.is_empty() && !stayed {
            problems.push(Kind::Unexpected.because("the service that was there was replaced"));
        }
        if !hits.is_empty() {
            problems.extend(self.reports(key, &homes, &wanted.status_report));
        }
        problems
    }

    fn held(
        &self,
        key: &str,
        reason: &str,
        fields: Option<&[String]>,
        hits: &[Hit<'_>],
        claim: Option<&HeldClaim>,
    ) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !hits.is_empty() {
            problems.push(Kind::Unexpected.because("delivered, but it should have been held"));
        }
        match claim {
            None if hits.is_empty() => {
                problems
                    .push(Kind::Lost.because("kept back in silence: the ledger does not know it"));
            }
            None => {}
            Some(claim) => problems.extend(claim.differs(reason, fields)),
        }
        if !self.applied_reports(key).is_empty() {
            problems.push(Kind::Unexpected.because("proGres was told something about it"));
        }
        if !self.pending.iter().any(|pending| pending == key) {
            problems.push(Kind::Unexpected.because("it left the list of pending referrals"));
        }
        problems
    }

    fn applied_reports(&self, key: &str) -> Vec<Received> {
        let mut reports = self.scene.sandbox.ping.transfer_statuses_of(key);
        reports.retain(|report| {
            let status = report.field("progres_primerotransferstatus");
            report.applied && !status.is_some_and(|status| DECISIONS.contains(&status))
        });
        reports
    }

    /// What `proGres` was told about a record that arrived.
    fn reports(
        &self,
        key: &str,
        homes: &[&Value],
        wanted: &BTreeMap<String, Value>,
    ) -> Vec<Problem> {
        let (reports, others): (Vec<Received>, Vec<Received>) = self
            .applied_reports(key)
            .into_iter()
            .partition(|report| report.field("progres_primerotransferstatus") == Some(RECEIVED));
        let mut problems = Vec::new();
        if reports.is_empty() {
            problems.push(Kind::Lost.because("proGres was never told that it arrived"));
        }
        if !others.is_empty() {
            problems.push(Kind::Unexpected.because("proGres was told another transfer status"));
        }
        if reports.len() > self.scene.allowed_reports {
            let count = reports.len();
            problems.push(Kind::Duplicated.because(format!("proGres was told {count} times")));
        }
        let case_id = homes.first().map_or("", |case| text(case, "case_id"));
        for report in &reports {
            let date = report.field("progres_primerotransferstatusdate");
            if !self.scene.is_today(date, report.received_at) {
                problems.push(Kind::Unexpected.because("report: the status date is not today"));
            }
            let mut wanted = wanted.clone();
            wanted.insert("progres_lpinterventionid".to_owned(), json!(key));
            wanted.insert("progres_primeroid".to_owned(), json!(case_id));
            wanted.insert("ExternalId".to_owned(), json!(case_id));
            let mut found = json!(report.fields);
            found["ExternalId"] = json!(report.external_id);
            problems.extend(unexpected("report", differences(&wanted, &found)));
        }
        problems
    }
}

/// Whether the services of an intervention are there once and in the right case.
fn placed(homes: &[&Value], hits: &[Hit<'_>], claim: Option<&HeldClaim>) -> Vec<Problem> {
    let mut problems = Vec::new();
    match (hits, claim) {
        ([], Some(claim)) => {
            let text = format!("did not arrive; the ledger says held({})", claim.reason);
            problems.push(Kind::Lost.because(text));
        }
        ([], None) => problems.push(Kind::Lost.because("did not arrive")),
        (_, Some(claim)) => {
            let text = format!("arrived, but the ledger says held({})", claim.reason);
            problems.push(Kind::Unexpected.because(text));
        }
        (_, None) => {}
    }
    if hits.len() > 1 {
        let text = format!("{} services for one intervention", hits.len());
        problems.push(Kind::Duplicated.because(text));
    }
    for stray in hits.iter().filter(|hit| !is_at_home(homes, hit)) {
        let id = text(stray.case, "id");
        problems.push(Kind::WrongCase.because(format!("its service is in case {id}")));
    }
    problems
}

fn is_at_home(homes: &[&Value], hit: &Hit<'_>) -> bool {
    homes.iter().any(|home| home["id"] == hit.case["id"])
}

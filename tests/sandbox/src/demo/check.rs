//! Compares what both simulated systems hold with what they should hold.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use serde_json::{Value, json};

use super::expected::{Delivered, Expected, Home, InPlace, Outcome, expectations, new_case_id};
use super::found::{Found, Hit, age, differences, text};
use super::verdict::{HeldClaim, Kind, Problem, RecordVerdict, Verdict, unexpected};
use super::{cases_beforehand, leftovers};
use crate::Sandbox;
use crate::ping::Received;

/// The transfer status of a referral that Primero received.
const RECEIVED: &str = "125080002";

/// Checks the demo data after a bridge ran over it. `held` is the ledger's word on records that did not
/// arrive, by intervention id; `now` is the time of the run. One report to `proGres` per record is allowed.
#[must_use]
pub fn check(sandbox: &Sandbox, held: &BTreeMap<String, HeldClaim>, now: Timestamp) -> Verdict {
    check_with(sandbox, held, now, 1)
}

/// [`check`] with another number of allowed reports per record: a report whose answer was lost may be
/// repeated, so a run with faults needs more than one.
#[must_use]
pub fn check_with(
    sandbox: &Sandbox,
    held: &BTreeMap<String, HeldClaim>,
    now: Timestamp,
    allowed_reports: usize,
) -> Verdict {
    let check = Check {
        sandbox,
        found: Found::new(cases_beforehand(), sandbox.primero.cases()),
        claims: held
            .iter()
            .map(|(key, claim)| (key.to_ascii_lowercase(), claim))
            .collect(),
        pending: sandbox.ping.pending(),
        today: day(now),
        allowed_reports,
    };
    let expected = expectations();
    let mut records: Vec<RecordVerdict> = expected
        .iter()
        .map(|(key, expected)| check.record(key, expected))
        .collect();
    records.extend(leftovers::cases(&check.found, &expected));
    records.extend(leftovers::claims(&check.claims, &expected));
    Verdict::over(records)
}

struct Check<'a> {
    sandbox: &'a Sandbox,
    found: Found,
    claims: BTreeMap<String, &'a HeldClaim>,
    pending: Vec<String>,
    today: Date,
    allowed_reports: usize,
}

impl Check<'_> {
    fn record(&self, key: &str, expected: &Expected) -> RecordVerdict {
        let hits = self.found.hits(key, &expected.number);
        let claim = self.claims.get(key).copied();
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
            let differing = differences(&wanted.service, hit.service);
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
            wanted.insert("age".to_owned(), json!(age(born, self.today)));
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
            Some(claim) => problems.extend(claim_differs(claim, reason, fields)),
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
        let mut reports = self.sandbox.ping.transfer_statuses_of(key);
        reports.retain(|report| report.applied);
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
        if reports.len() > self.allowed_reports {
            let count = reports.len();
            problems.push(Kind::Duplicated.because(format!("proGres was told {count} times")));
        }
        let case_id = homes.first().map_or("", |case| text(case, "case_id"));
        for report in &reports {
            let days = [self.today, day(report.received_at)].map(|day| day.to_string());
            let date = report.field("progres_primerotransferstatusdate");
            if !days.iter().any(|day| Some(day.as_str()) == date) {
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

fn claim_differs(claim: &HeldClaim, reason: &str, fields: Option<&[String]>) -> Vec<Problem> {
    let mut problems = Vec::new();
    if claim.reason != reason {
        let text = format!("held for {}, not for {reason}", claim.reason);
        problems.push(Kind::Unexpected.because(text));
    }
    if let Some(fields) = fields {
        let sorted = |fields: &[String]| {
            let mut fields = fields.to_vec();
            fields.sort();
            fields
        };
        if sorted(&claim.fields) != sorted(fields) {
            let text = format!("names {:?} instead of {fields:?}", claim.fields);
            problems.push(Kind::Unexpected.because(text));
        }
    }
    problems
}

/// Dates are UTC, as the reports to `proGres` are.
fn day(instant: Timestamp) -> Date {
    Offset::UTC.to_datetime(instant).date()
}

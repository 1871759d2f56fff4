//! Compares what both simulated systems hold with what they should hold.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

use super::found::Found;
use super::story::Played;
use super::verdict::{Claims, HeldClaim, Ledger, RecordVerdict, Verdict};
use super::{decided, expected, leftovers, received, reviewed, submitted};
use crate::{Sandbox, Workflow};

/// Checks the demo data after a bridge ran over it: what the workflows in `ledger` should have done, and that
/// nothing else happened. `now` is the time of the run. One report to `proGres` per record is allowed.
#[must_use]
pub fn check(sandbox: &Sandbox, ledger: &Ledger, now: Timestamp) -> Verdict {
    check_with(sandbox, ledger, now, 1)
}

/// [`check`] with another number of allowed reports (1.1) and marks (2.2) per record: one whose answer was
/// lost may be repeated, so a run with faults needs more than one. A decision (1.2) and a referral (2.1) may
/// never be repeated.
#[must_use]
pub fn check_with(
    sandbox: &Sandbox,
    ledger: &Ledger,
    now: Timestamp,
    allowed_reports: usize,
) -> Verdict {
    let played = Played::in_sandbox(sandbox);
    let scene = Scene {
        sandbox,
        played,
        found: Found::new(played.cases(), sandbox.primero.cases()),
        today: day(now),
        allowed_reports,
    };
    let mut records = Vec::new();
    for (workflow, claims) in ledger {
        let said = Said::new(claims);
        let of_workflow = match workflow {
            Workflow::ReferralsToPrimero => received::records(&scene, &said),
            Workflow::DecisionsToProgres => decided::records(&scene, &said),
            Workflow::ReferralsToProgres => submitted::records(&scene, &said),
            Workflow::DecisionsToPrimero => reviewed::records(&scene, &said),
        };
        let strangers = leftovers::claims(*workflow, &said, &of_workflow);
        records.extend(of_workflow);
        records.extend(strangers);
    }
    records.extend(leftovers::cases(&scene.found, &expected::referrals()));
    records.extend(leftovers::early(sandbox, ledger));
    Verdict::over(records, ledger.keys().copied())
}

/// Everything about which the ledger can be asked after a workflow has run: the keys of its records, in the
/// shape of [`Claims`]. Those of 2.2 are known only once UNHCR decided.
#[must_use]
pub fn keys(sandbox: &Sandbox, workflow: Workflow) -> Vec<String> {
    match workflow {
        Workflow::ReferralsToPrimero => expected::referrals().into_keys().collect(),
        Workflow::DecisionsToProgres => expected::decisions().into_keys().collect(),
        Workflow::ReferralsToProgres => expected::submissions().into_keys().collect(),
        Workflow::DecisionsToPrimero => reviewed::keys(sandbox),
    }
}

/// What every part of the check looks at.
pub(super) struct Scene<'a> {
    pub(super) sandbox: &'a Sandbox,
    pub(super) played: Played,
    pub(super) found: Found,
    pub(super) today: Date,
    pub(super) allowed_reports: usize,
}

impl Scene<'_> {
    /// A date told to `proGres` may be the run's day, or the day on which it came.
    pub(super) fn is_today(&self, date: Option<&str>, received_at: Timestamp) -> bool {
        let days = [self.today, day(received_at)].map(|day| day.to_string());
        days.iter().any(|day| Some(day.as_str()) == date)
    }
}

/// The claims of one workflow by key in lower case.
pub(super) struct Said<'a> {
    claims: BTreeMap<String, &'a HeldClaim>,
}

impl<'a> Said<'a> {
    fn new(claims: &'a Claims) -> Self {
        let lower = claims
            .iter()
            .map(|(key, claim)| (key.to_ascii_lowercase(), claim));
        Self {
            claims: lower.collect(),
        }
    }

    pub(super) fn about(&self, key: &str) -> Option<&'a HeldClaim> {
        self.claims.get(key).copied()
    }

    /// The claims about none of these records.
    pub(super) fn about_others(
        &self,
        records: &[RecordVerdict],
    ) -> impl Iterator<Item = (&str, &'a HeldClaim)> {
        self.claims
            .iter()
            .filter(|(key, _)| !records.iter().any(|record| record.key == **key))
            .map(|(key, claim)| (key.as_str(), *claim))
    }
}

/// Dates are UTC, as the reports to `proGres` are.
fn day(instant: Timestamp) -> Date {
    Offset::UTC.to_datetime(instant).date()
}

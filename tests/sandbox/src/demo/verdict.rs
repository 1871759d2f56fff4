//! What the checker says.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Workflow;

/// What the bridge's ledger says about a record that did not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldClaim {
    /// The reason code, such as `missing_required_field`.
    pub reason: String,
    /// The source keys that are at fault; the order does not matter.
    pub fields: Vec<String>,
}

/// The ledger's word on what a workflow did not deliver, held or skipped, by record key: 1.1 the intervention's
/// GUID; 1.2 the same, or `<case_id>/<service unique_id>` where the service's number lacks parts; 2.1
/// `<case_id>/<service unique_id>`; 2.2 the id of the interoperability referral. See [`super::keys`].
pub type Claims = BTreeMap<String, HeldClaim>;

/// The claims of each workflow that has run. What a workflow that is not in it should do is not demanded yet.
pub type Ledger = BTreeMap<Workflow, Claims>;

/// How many things are wrong, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sums {
    /// Should have arrived and did not, or the source was not told, or was kept back in silence.
    pub lost: usize,
    /// More than one service, decision or referral for one record, more than one case for a child, or more
    /// reports than allowed.
    pub duplicated: usize,
    /// In another case than the child's.
    pub wrong_case: usize,
    /// Another decision than the one that was made.
    pub wrong_decision: usize,
    /// Anything else that differs.
    pub unexpected: usize,
}

/// The judgement over all records.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// One per expected record of each workflow that has run, then one per thing that nobody expected.
    pub records: Vec<RecordVerdict>,
    /// Over all workflows.
    #[serde(flatten)]
    pub sums: Sums,
    /// The same for each workflow that has run.
    pub workflows: BTreeMap<Workflow, Sums>,
}

/// The judgement over one record.
#[derive(Clone, Debug, Serialize)]
pub struct RecordVerdict {
    /// Whose record it is.
    pub workflow: Workflow,
    /// The record's key, or the id of an unexpected case or claim.
    pub key: String,
    /// What the record is there to show.
    pub label: String,
    /// Such as `delivered`, `already_in_place`, `accepted`, `held(reason)`, or `nothing`.
    pub expected: String,
    /// What was found, in the same words.
    pub found: String,
    /// Empty when all is well.
    pub problems: Vec<Problem>,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Which counter it adds to.
    pub kind: Kind,
    /// What differs.
    pub text: String,
}

/// The counters of [`Sums`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// See [`Sums::lost`].
    Lost,
    /// See [`Sums::duplicated`].
    Duplicated,
    /// See [`Sums::wrong_case`].
    WrongCase,
    /// See [`Sums::wrong_decision`].
    WrongDecision,
    /// See [`Sums::unexpected`].
    Unexpected,
}

impl Sums {
    /// The counter of one kind.
    #[must_use]
    pub const fn of(&self, kind: Kind) -> usize {
        match kind {
            Kind::Lost => self.lost,
            Kind::Duplicated => self.duplicated,
            Kind::WrongCase => self.wrong_case,
            Kind::WrongDecision => self.wrong_decision,
            Kind::Unexpected => self.unexpected,
        }
    }

    /// Over all kinds.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.lost + self.duplicated + self.wrong_case + self.wrong_decision + self.unexpected
    }

    fn over<'a>(records: impl Iterator<Item = &'a RecordVerdict>) -> Self {
        let mut sums = Self::default();
        for problem in records.flat_map(|record| &record.problems) {
            *match problem.kind {
                Kind::Lost => &mut sums.lost,
                Kind::Duplicated => &mut sums.duplicated,
                Kind::WrongCase => &mut sums.wrong_case,
                Kind::WrongDecision => &mut sums.wrong_decision,
                Kind::Unexpected => &mut sums.unexpected,
            } += 1;
        }
        sums
    }
}

impl Verdict {
    /// True when nothing differs.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.sums.total() == 0
    }

    pub(super) fn over(records: Vec<RecordVerdict>, ran: impl Iterator<Item = Workflow>) -> Self {
        let of = |workflow| {
            records
                .iter()
                .filter(move |record| record.workflow == workflow)
        };
        let workflows = ran.map(|workflow| (workflow, Sums::over(of(workflow))));
        Self {
            sums: Sums::over(records.iter()),
            workflows: workflows.collect(),
            records,
        }
    }
}

impl HeldClaim {
    /// Nothing where the ledger gives the wanted reason, and the wanted fields where any are named.
    pub(super) fn differs(&self, reason: &str, fields: Option<&[String]>) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.reason != reason {
            let text = format!("kept back for {}, not for {reason}", self.reason);
            problems.push(Kind::Unexpected.because(text));
        }
        if let Some(fields) = fields {
            let sorted = |fields: &[String]| {
                let mut fields = fields.to_vec();
                fields.sort();
                fields
            };
            if sorted(&self.fields) != sorted(fields) {
                let text = format!("names {:?} instead of {fields:?}", self.fields);
                problems.push(Kind::Unexpected.because(text));
            }
        }
        problems
    }
}

impl Kind {
    pub(super) fn because(self, text: impl Into<String>) -> Problem {
        Problem {
            kind: self,
            text: text.into(),
        }
    }
}

/// One problem per differing field, each with the place where it was found.
pub(super) fn unexpected(
    place: &str,
    differing: Vec<String>,
) -> impl Iterator<Item = Problem> + use<'_> {
    differing
        .into_iter()
        .map(move |text| Kind::Unexpected.because(format!("{place}: {text}")))
}

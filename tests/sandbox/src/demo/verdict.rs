//! What the checker says.

use serde::Serialize;

/// What the bridge's ledger says about a record that did not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldClaim {
    /// The reason code, such as `missing_required_field`.
    pub reason: String,
    /// The source keys that are at fault; the order does not matter.
    pub fields: Vec<String>,
}

/// The judgement over all records.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// One per expected intervention, then one per thing that nobody expected.
    pub records: Vec<RecordVerdict>,
    /// Should have arrived and did not, or `proGres` was not told, or was kept back in silence.
    pub lost: usize,
    /// More than one service for an intervention, more than one case for a child, or more reports than allowed.
    pub duplicated: usize,
    /// A service in another case than its child's.
    pub wrong_case: usize,
    /// Anything else that differs.
    pub unexpected: usize,
}

/// The judgement over one record.
#[derive(Clone, Debug, Serialize)]
pub struct RecordVerdict {
    /// The intervention's GUID, or the id of an unexpected case or claim.
    pub key: String,
    /// What the record is there to show.
    pub label: String,
    /// `delivered`, `already_in_place`, `held(reason)`, or `nothing`.
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

/// The counters of a [`Verdict`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// See [`Verdict::lost`].
    Lost,
    /// See [`Verdict::duplicated`].
    Duplicated,
    /// See [`Verdict::wrong_case`].
    WrongCase,
    /// See [`Verdict::unexpected`].
    Unexpected,
}

impl Verdict {
    /// True when nothing differs.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.lost + self.duplicated + self.wrong_case + self.unexpected == 0
    }

    pub(super) fn over(records: Vec<RecordVerdict>) -> Self {
        let count = |kind| {
            let problems = records.iter().flat_map(|record| &record.problems);
            problems.filter(|problem| problem.kind == kind).count()
        };
        Self {
            lost: count(Kind::Lost),
            duplicated: count(Kind::Duplicated),
            wrong_case: count(Kind::WrongCase),
            unexpected: count(Kind::Unexpected),
            records,
        }
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

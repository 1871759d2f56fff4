//! The four ways in which referrals and decisions travel.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// One of the four workflows, in the order of a round trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Workflow {
    /// 1.1: a referral from `proGres` to Primero.
    ReferralsToPrimero,
    /// 1.2: what the case worker decided about it, back to `proGres`.
    DecisionsToProgres,
    /// 2.1: a referral from Primero to `proGres`.
    ReferralsToProgres,
    /// 2.2: what UNHCR decided about it, back to Primero.
    DecisionsToPrimero,
}

impl Workflow {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [
        Self::ReferralsToPrimero,
        Self::DecisionsToProgres,
        Self::ReferralsToProgres,
        Self::DecisionsToPrimero,
    ];

    /// The number that programme staff use, such as `1.1`.
    #[must_use]
    pub const fn number(self) -> &'static str {
        match self {
            Self::ReferralsToPrimero => "1.1",
            Self::DecisionsToProgres => "1.2",
            Self::ReferralsToProgres => "2.1",
            Self::DecisionsToPrimero => "2.2",
        }
    }

    /// The name, such as `referrals-to-primero`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReferralsToPrimero => "referrals-to-primero",
            Self::DecisionsToProgres => "decisions-to-progres",
            Self::ReferralsToProgres => "referrals-to-progres",
            Self::DecisionsToPrimero => "decisions-to-primero",
        }
    }
}

impl fmt::Display for Workflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Workflow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl FromStr for Workflow {
    type Err = String;

    /// From the name or the number.
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|one| text == one.name() || text == one.number())
            .ok_or_else(|| format!("{text} is no workflow"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workflow_is_read_by_its_name_and_by_its_number() {
        for workflow in Workflow::ALL {
            assert_eq!(workflow.name().parse(), Ok(workflow));
            assert_eq!(workflow.number().parse(), Ok(workflow));
        }
        assert!("3.1".parse::<Workflow>().is_err());
    }
}

//! The systems and workflows by name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One of the systems a run talks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum System {
    /// UNHCR's gateway to proGres.
    Ping,
    /// UNICEF's case management system.
    Primero,
}

impl fmt::Display for System {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Ping => "ping",
            Self::Primero => "primero",
        })
    }
}

/// A workflow's name, the same in crates, functions, schedules and the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WorkflowName {
    /// 1.1: referrals from proGres to Primero.
    ReferralsToPrimero,
    /// 1.2: decisions from Primero to proGres.
    DecisionsToProgres,
    /// 2.1: referrals from Primero to proGres.
    ReferralsToProgres,
    /// 2.2: decisions from proGres to Primero.
    DecisionsToPrimero,
}

impl WorkflowName {
    /// Every workflow.
    pub const ALL: &'static [Self] = &[
        Self::ReferralsToPrimero,
        Self::DecisionsToProgres,
        Self::ReferralsToProgres,
        Self::DecisionsToPrimero,
    ];

    /// The number that programme staff use.
    #[must_use]
    pub const fn number(self) -> &'static str {
        match self {
            Self::ReferralsToPrimero => "1.1",
            Self::DecisionsToProgres => "1.2",
            Self::ReferralsToProgres => "2.1",
            Self::DecisionsToPrimero => "2.2",
        }
    }

    /// Where its records come from.
    #[must_use]
    pub const fn source(self) -> System {
        match self {
            Self::ReferralsToPrimero | Self::DecisionsToPrimero => System::Ping,
            Self::DecisionsToProgres | Self::ReferralsToProgres => System::Primero,
        }
    }

    /// Where its records go.
    #[must_use]
    pub const fn destination(self) -> System {
        match self.source() {
            System::Ping => System::Primero,
            System::Primero => System::Ping,
        }
    }

    /// Whether its source is followed by time of change, with a cursor; else it lists what is pending.
    #[must_use]
    pub const fn follows_changes(self) -> bool {
        match self {
            Self::ReferralsToPrimero | Self::DecisionsToPrimero => false,
            Self::DecisionsToProgres | Self::ReferralsToProgres => true,
        }
    }

    /// The name as it stands in the table, the logs and the report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReferralsToPrimero => "referrals-to-primero",
            Self::DecisionsToProgres => "decisions-to-progres",
            Self::ReferralsToProgres => "referrals-to-progres",
            Self::DecisionsToPrimero => "decisions-to-primero",
        }
    }
}

/// A text that names no workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no workflow of this name or number; there are referrals-to-primero (1.1), decisions-to-progres (1.2), \
     referrals-to-progres (2.1) and decisions-to-primero (2.2)"
)]
pub struct UnknownWorkflow;

impl FromStr for WorkflowName {
    type Err = UnknownWorkflow;

    /// Accepts the name or the number.
    fn from_str(text: &str) -> Result<Self, UnknownWorkflow> {
        let named = |name: &&Self| text == name.as_str() || text == name.number();
        Self::ALL.iter().find(named).copied().ok_or(UnknownWorkflow)
    }
}

impl fmt::Display for WorkflowName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workflow_is_called_by_its_name_or_its_number() {
        for name in WorkflowName::ALL {
            assert_eq!(name.as_str().parse(), Ok(*name));
            assert_eq!(name.number().parse(), Ok(*name));
            let listed = format!("{name} ({})", name.number());
            assert!(UnknownWorkflow.to_string().contains(&listed), "{listed}");
        }
        assert_eq!("1".parse::<WorkflowName>(), Err(UnknownWorkflow));
    }

    #[test]
    fn a_workflow_has_one_name_everywhere() {
        for name in WorkflowName::ALL {
            let stored = serde_json::to_value(name).expect("a name is a text");
            assert_eq!(stored, name.as_str());
        }
    }
}

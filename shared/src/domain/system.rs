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
}

impl WorkflowName {
    /// Every workflow.
    pub const ALL: &'static [Self] = &[Self::ReferralsToPrimero];

    /// The number that programme staff use.
    #[must_use]
    pub const fn number(self) -> &'static str {
        match self {
            Self::ReferralsToPrimero => "1.1",
        }
    }

    /// Whether its source is followed by time of change, with a cursor; else it lists what is pending.
    #[must_use]
    pub const fn follows_changes(self) -> bool {
        match self {
            Self::ReferralsToPrimero => false,
        }
    }

    /// The name as it stands in the table, the logs and the report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReferralsToPrimero => "referrals-to-primero",
        }
    }
}

/// A text that names no workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no workflow of this name or number; there is referrals-to-primero (1.1)")]
pub struct UnknownWorkflow;

impl FromStr for WorkflowName {
    type Err = UnknownWorkflow;

    /// Accepts the name or the number.
    fn from_str(text: &str) -> Result<Self, UnknownWorkflow> {
        match text {
            "referrals-to-primero" | "1.1" => Ok(Self::ReferralsToPrimero),
            _ => Err(UnknownWorkflow),
        }
    }
}

impl fmt::Display for WorkflowName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

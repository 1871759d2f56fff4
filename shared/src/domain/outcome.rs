//! What became of each record in a run, and the report of the run. The shapes are those of the contract ("Invocation").

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::check::Check;
use super::ids::Deployment;
use super::reason::Reason;
use super::record::RecordKey;
use super::system::{System, WorkflowName};

/// What became of one record in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Written in this run, verified, and the source knows.
    Delivered,
    /// What a dry run counts instead of [`Self::Delivered`]: a real run would have written it now.
    WouldDeliver,
    /// Was there before this run wrote anything; the source knows.
    AlreadyInPlace,
    /// Accepted by the destination, which has not said yet whether for good.
    AwaitingConfirmation,
    /// Seen and not ours to send.
    Skipped,
    /// Needs a person or changed source data.
    Held,
    /// Failed for a passing reason; a later run tries again.
    WillRetry,
    /// Not due yet, out of time, or over the run's write limit.
    Deferred,
}

impl Outcome {
    /// The outcome as it stands in reports and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::WouldDeliver => "would_deliver",
            Self::AlreadyInPlace => "already_in_place",
            Self::AwaitingConfirmation => "awaiting_confirmation",
            Self::Skipped => "skipped",
            Self::Held => "held",
            Self::WillRetry => "will_retry",
            Self::Deferred => "deferred",
        }
    }
}

/// How many records ended in which outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Distinct records the source offered.
    pub discovered: u64,
    /// See [`Outcome::Delivered`].
    pub delivered: u64,
    /// See [`Outcome::WouldDeliver`].
    #[serde(default)]
    pub would_deliver: u64,
    /// See [`Outcome::AlreadyInPlace`].
    pub already_in_place: u64,
    /// See [`Outcome::AwaitingConfirmation`].
    pub awaiting_confirmation: u64,
    /// See [`Outcome::Skipped`].
    pub skipped: u64,
    /// See [`Outcome::Deferred`].
    pub deferred: u64,
    /// See [`Outcome::Held`].
    pub held: u64,
    /// See [`Outcome::WillRetry`].
    pub will_retry: u64,
}

/// What a run shows beside its report: for metrics only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measures {
    /// Records that were held in this run and not before it.
    pub newly_held: u64,
    /// Codes and status words that this run met and nobody understands.
    pub unknown_codes: u64,
    /// Requests to either system that brought an error or no answer.
    pub failed_calls: u64,
    /// How the workflow stands after the run; none if the run ended before it read the ledger.
    pub standing: Option<Standing>,
}

/// What a workflow has unfinished, whether a run worked on it or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Records that are held.
    pub held: u64,
    /// When the longest unsent record was first met.
    pub oldest_unsent: Option<Timestamp>,
    /// When the longest held record was first met.
    pub oldest_held: Option<Timestamp>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Everything that was due was worked on.
    Completed,
    /// Time ran out; the next run continues.
    Truncated,
    /// Another run of the same workflow holds the lease; nothing was done.
    AlreadyRunning,
    /// Stopped by the error that the report names.
    Failed,
}

impl RunStatus {
    /// The status as it stands in reports and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Truncated => "truncated",
            Self::AlreadyRunning => "already_running",
            Self::Failed => "failed",
        }
    }
}

/// Requests sent, per system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calls {
    /// To PING, sign-in included.
    pub ping: u64,
    /// To Primero.
    pub primero: u64,
    /// To the state table.
    pub state: u64,
}

impl Calls {
    /// Requests to one system.
    #[must_use]
    pub const fn to(&self, system: System) -> u64 {
        match system {
            System::Ping => self.ping,
            System::Primero => self.primero,
        }
    }
}

/// The window of a workflow that follows a cursor; both empty for one whose source lists what is pending.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CursorMove {
    /// Where the run began.
    pub before: Option<Timestamp>,
    /// Where the next one will begin.
    pub after: Option<Timestamp>,
}

/// One line of the report: ids, codes and field names, never values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordReport {
    /// The record.
    pub key: RecordKey,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it was not delivered.
    pub reason: Option<Reason>,
    /// Names of the fields at fault.
    pub fields: Vec<String>,
    /// PING's receipt, where it gave one.
    pub transaction_id: Option<String>,
    /// What a person should know of it beside the outcome.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<Reason>,
}

/// The report of one run: what a caller gets and the table keeps for 90 days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunReport {
    /// A ULID: sorts by start time.
    pub run_id: String,
    /// Which deployment.
    pub deployment: Deployment,
    /// Which workflow.
    pub workflow: WorkflowName,
    /// How it ended.
    pub status: RunStatus,
    /// Code and message of the error that stopped it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When it began, UTC.
    pub started_at: Timestamp,
    /// When it ended, UTC.
    pub finished_at: Timestamp,
    /// Whether it only looked.
    pub dry_run: bool,
    /// Records by outcome.
    pub counts: Counts,
    /// Records by reason.
    pub reasons: BTreeMap<Reason, u64>,
    /// Records by remark. Reports of earlier releases count them among the reasons.
    #[serde(default)]
    pub remarks: BTreeMap<Reason, u64>,
    /// The cursor before and after.
    pub cursor: CursorMove,
    /// The write limit that the run came to, if it did, as the profile says it: the rest is deferred.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write_limit: Option<String>,
    /// Requests sent.
    pub calls: Calls,
    /// What was not delivered first; at most 100.
    pub records: Vec<RecordReport>,
    /// What the checks before the run found otherwise than it should be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
}

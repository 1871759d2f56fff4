//! What a workflow tells the engine about its two systems. The engine knows neither.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::fingerprint::Fingerprint;
use crate::domain::outcome::Calls;
use crate::domain::pii::Pii;
use crate::domain::reason::{Reason, Stop};
use crate::domain::record::RecordKey;
use crate::domain::system::{System, WorkflowName};
use crate::store::{Store, StoreError};

/// One direction of one exchange, in the stages that every record passes: discover, fetch, map, locate, write, verify, report.
///
/// A batch function answers one result for every record asked, in the order asked. Where even the call failed, it answers one
/// [`Trouble`] for all. The engine may call any stage again for the same record, in this run or a later one.
#[expect(
    async_fn_in_trait,
    reason = "one task drives a run, so no future has to be Send"
)]
pub trait Workflow {
    /// One record as the source sent it.
    type Source;
    /// One record mapped, validated and ready to be placed.
    type Record;
    /// What is to be written for a record, decided by looking at the destination.
    type Plan;
    /// How to find a record's effect again and tell the source of it. Ids only: it is kept in the ledger.
    type Place: Clone + Serialize + DeserializeOwned;

    /// Which workflow this is.
    fn name(&self) -> WorkflowName;

    /// How many records go into one call of each batch stage.
    fn batches(&self) -> Batches;

    /// Whether the source wants to hear of held records, too.
    fn tells_held(&self) -> bool;

    /// Requests sent so far; the state table's are the engine's to count.
    fn calls(&self) -> Calls;

    /// Everything the source offers now, in source order.
    async fn discover(&self) -> Result<Vec<Discovered>, Stop>;

    /// What has to be known before the first record is placed. Called once, beside discovery.
    async fn prepare(&self, ledger: LedgerView<'_>) -> Result<(), Stop>;

    /// Reads records from the source.
    async fn fetch(&self, keys: &[RecordKey]) -> BatchResult<Self::Source>;

    /// Maps one record: pure, `now` is the only clock.
    fn map(&self, key: &RecordKey, source: Self::Source, now: Timestamp) -> Mapped<Self>;

    /// Looks for records at the destination.
    async fn locate(&self, records: &[&Self::Record]) -> BatchResult<Located<Self>>;

    /// Writes one record. Never called for two records of one partition at once.
    async fn write(&self, record: &Self::Record, plan: &Self::Plan)
    -> Result<Self::Place, Trouble>;

    /// Reads back what was written.
    async fn verify(
        &self,
        written: &[(&Self::Record, &Self::Place)],
    ) -> BatchResult<Verification<Self::Place>>;

    /// Tells the source.
    async fn report(&self, notices: &[Notice<Self::Place>]) -> BatchResult<()>;
}

/// One result a record, or one trouble for all.
pub type BatchResult<T> = Result<Vec<Result<T, Fault>>, Trouble>;

/// Records per call of each batch stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batches {
    /// See [`Workflow::fetch`].
    pub fetch: usize,
    /// See [`Workflow::locate`].
    pub locate: usize,
    /// See [`Workflow::verify`].
    pub verify: usize,
    /// See [`Workflow::report`].
    pub report: usize,
}

/// One record that the source offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovered {
    /// Its key.
    pub key: RecordKey,
    /// Set when what the source listed cannot even be fetched.
    pub fault: Option<Fault>,
}

/// A record after mapping.
pub struct Mapped<W: Workflow + ?Sized> {
    /// What it looks like, without anything derived from the clock.
    pub fingerprint: Fingerprint,
    /// How the source can be told of it, as far as it is known before it is placed.
    pub place: Option<W::Place>,
    /// The record with its partition, or everything that is wrong with it.
    pub result: Result<(Partition, W::Record), Fault>,
}

/// What must not be written to side by side: the individual, or the case.
pub type Partition = Pii<String>;

/// What the destination knows of a record.
pub enum Located<W: Workflow + ?Sized> {
    /// Its effect is there, whole.
    InPlace(W::Place),
    /// This is to be written.
    Missing(W::Plan),
}

/// What reading back showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verification<P> {
    /// The effect is there.
    Verified(P),
    /// It is gone, although the destination had accepted it.
    Gone,
}

/// What the source is to be told of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice<P> {
    /// The record.
    pub key: RecordKey,
    /// Where its effect is; for a held record only how to address the source.
    pub place: P,
    /// Set for a record that is held instead of delivered: why, and the names of the fields at fault.
    pub held: Option<(Reason, Vec<String>)>,
}

/// Why one record did not get on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What becomes of the record.
    pub kind: FaultKind,
    /// Names of the fields at fault.
    pub fields: Vec<String>,
    /// PING's receipt, where there is one.
    pub transaction_id: Option<String>,
}

/// What becomes of a record with a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// A person or changed source data is needed.
    Hold(Reason),
    /// It passes by itself. `down` names a system that failed as a whole: five such failures in a row stop the run.
    Retry {
        /// Why.
        reason: Reason,
        /// The system that failed as a whole.
        down: Option<System>,
    },
    /// There was no time left for it in this run.
    Defer,
}

impl Fault {
    /// A record to be held, with the names of the fields at fault.
    #[must_use]
    pub const fn hold(reason: Reason, fields: Vec<String>) -> Self {
        Self {
            kind: FaultKind::Hold(reason),
            fields,
            transaction_id: None,
        }
    }

    /// A record to be tried again in a later run.
    #[must_use]
    pub const fn retry(reason: Reason) -> Self {
        Self {
            kind: FaultKind::Retry { reason, down: None },
            fields: Vec::new(),
            transaction_id: None,
        }
    }

    /// A record to be tried again because a whole system failed.
    #[must_use]
    pub const fn down(system: System) -> Self {
        let reason = match system {
            System::Ping => Reason::PingUnavailable,
            System::Primero => Reason::PrimeroUnavailable,
        };
        Self {
            kind: FaultKind::Retry {
                reason,
                down: Some(system),
            },
            fields: Vec::new(),
            transaction_id: None,
        }
    }

    /// A record for which there was no time.
    #[must_use]
    pub const fn defer() -> Self {
        Self {
            kind: FaultKind::Defer,
            fields: Vec::new(),
            transaction_id: None,
        }
    }
}

/// What a failed call means: for the records in it, or for the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Every record of the call has this fault.
    Record(Fault),
    /// The run cannot go on.
    Run(Stop),
}

impl From<Stop> for Trouble {
    fn from(stop: Stop) -> Self {
        Self::Run(stop)
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Record(fault)
    }
}

/// What a workflow may ask the ledger.
#[derive(Clone, Copy)]
pub struct LedgerView<'r>(pub(super) &'r Store);

impl LedgerView<'_> {
    /// Whether any record of this workflow ever reached its destination.
    pub async fn has_delivered(&self) -> Result<bool, Stop> {
        self.0.has_delivered().await.map_err(Stop::from)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Superseded => Self::LeaseLost,
            StoreError::Unavailable(what) | StoreError::Unreadable(what) => {
                Self::StoreUnavailable(what)
            }
        }
    }
}

//! What a workflow tells the engine about its two systems. The engine knows neither.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::fault::{CallError, Fault};
use crate::domain::check::Check;
use crate::domain::fingerprint::Fingerprint;
use crate::domain::ids::{InteropReferralId, TransactionId};
use crate::domain::outcome::Calls;
use crate::domain::pii::Pii;
use crate::domain::reason::{Reason, Stop};
use crate::domain::record::RecordKey;
use crate::domain::system::{System, WorkflowName};
use crate::store::{RecordRow, SeenCases, Store};

/// One direction of one exchange, in the stages that a record passes: discover, fetch, map, locate, write, and then, as the
/// destination allows, verify or confirm; last the source is told.
///
/// A batch function answers one result for every record asked, in the order asked. Where even the call failed, it answers one
/// [`CallError`] for all. The engine may call any stage again for the same record, in this run or a later one, and calls none that
/// writes in a dry run.
#[expect(
    async_fn_in_trait,
    reason = "one task drives a run, so no future has to be Send"
)]
pub trait Workflow {
    /// What discovery brings of a record beside its key.
    type Offer;
    /// One record as the source sent it, whole.
    type Source;
    /// One record mapped, validated and ready to be placed.
    type Record;
    /// What is to be written for a record, decided by looking at the destination.
    type Plan;
    /// How to find a record's source and its effect again, and to tell the source of it. Ids only: it is kept in the ledger.
    type Place: Clone + PartialEq + Serialize + DeserializeOwned;
    /// Discovery in progress.
    type Pages;

    /// What the engine has to know of the two systems beforehand.
    fn traits(&self) -> Traits;

    /// How many records go into one call of each batch stage.
    fn batches(&self) -> Batches;

    /// Requests sent so far; the state table's are the engine's to count.
    fn calls(&self) -> Calls;

    /// How many of them brought an error or no answer.
    fn failed_calls(&self) -> Calls;

    /// What has to be known and proven before the first record is placed, and before anything is read of a source that is followed by
    /// time of change. Of a list it is asked for once there is something to do.
    async fn prepare(&self, ledger: LedgerView<'_>) -> Result<(), Stop>;

    /// Looks at the whole deployment, and ends the run where nothing may be moved: the first act of a dry run, and of the first run
    /// of all.
    async fn examine(&self, _ledger: LedgerView<'_>) -> Result<(), Stop> {
        Ok(())
    }

    /// What was found that is otherwise than it should be, in [`Workflow::prepare`] and since: names, ids, codes and counts.
    fn checks(&self) -> Vec<Check> {
        Vec::new()
    }

    /// Begins discovery. `from` is where the window of a source begins that is followed by time of change; the workflow bounds it by
    /// the source's own time.
    async fn open(&self, from: Option<Timestamp>) -> Result<Opened<Self::Pages>, Stop>;

    /// The next page of what the source offers, in source order; none after the last.
    async fn next_page(&self, pages: &mut Self::Pages) -> Result<Option<Page<Self>>, Stop>;

    /// What the last page showed beside its records, each once; asked for after every [`Workflow::next_page`].
    fn shown(&self) -> Vec<Shown> {
        Vec::new()
    }

    /// Reads records from the source, as far as discovery did not bring them.
    async fn fetch(&self, asked: &[Asked<'_, Self>]) -> BatchResult<Self::Source>;

    /// Records that came to light while others were fetched, each once; asked for after every [`Workflow::fetch`].
    fn found(&self) -> Vec<Discovered<Self>> {
        Vec::new()
    }

    /// The place of a record that the source shows elsewhere than the ledger has it, if both have to be looked at.
    fn both(&self, _known: &Self::Place, _found: &Self::Place) -> Option<Self::Place> {
        None
    }

    /// How old what was read of a record may be when its write begins: what is older is read once more first. None where age does not
    /// matter.
    fn fresh_for(&self) -> Option<Duration> {
        None
    }

    /// Reads records once more, right before they are written.
    async fn read_again(&self, asked: &[Asked<'_, Self>]) -> BatchResult<Self::Source> {
        self.fetch(asked).await
    }

    /// What the source shows that is worth a remark on a record that was sent, each with whether it is so now: pure. What is not named
    /// stays as the ledger has it.
    fn remarks_now(
        &self,
        _key: &RecordKey,
        _source: &Self::Source,
        _history: &History<'_, Self::Place>,
    ) -> Vec<(Reason, bool)> {
        Vec::new()
    }

    /// Maps one record: pure, `now` is the only clock.
    fn map(
        &self,
        key: &RecordKey,
        source: Self::Source,
        history: History<'_, Self::Place>,
        now: Timestamp,
    ) -> Mapped<Self>;

    /// Looks for records at the destination.
    async fn locate(
        &self,
        records: &[&Self::Record],
        ledger: LedgerView<'_>,
    ) -> BatchResult<Located<Self>>;

    /// The names of the fields that a write would fill: what a dry run reports.
    fn field_names(&self, record: &Self::Record, plan: &Self::Plan) -> Vec<String>;

    /// What a person should know even of a record that is delivered.
    fn remark(&self, _record: &Self::Record, _plan: &Self::Plan) -> Option<Reason> {
        None
    }

    /// Where a record may be once its write has begun: kept in its row before, so that a later run knows what may be there. None where
    /// the destination is asked before anything is written.
    fn noted(&self, _record: &Self::Record, _plan: &Self::Plan) -> Option<Self::Place> {
        None
    }

    /// Which of these records have to let another workflow go first, and why; asked after their rows are kept, right before they are
    /// written. No entry means that it need not.
    async fn yields(
        &self,
        _keys: &[&RecordKey],
        _ledger: LedgerView<'_>,
    ) -> Result<Vec<Option<Reason>>, Stop> {
        Ok(Vec::new())
    }

    /// Writes records. Never called for two records of one partition at once.
    async fn write(
        &self,
        batch: &[(&Self::Record, &Self::Plan)],
    ) -> BatchResult<Written<Self::Place>>;

    /// Reads back what was [`Written::ToVerify`].
    async fn verify(
        &self,
        _written: &[(&Self::Record, &Self::Place)],
    ) -> BatchResult<Verification<Self::Place>> {
        Err(Stop::InternalError.into())
    }

    /// Whether what the ledger has in place is there, of records that the source no longer offers. Where the answer to a write proves
    /// it, it is.
    async fn still_there(&self, records: &[(&RecordKey, &Self::Place)]) -> BatchResult<bool> {
        Ok(records.iter().map(|_| Ok(true)).collect())
    }

    /// What came to light of another workflow's records while details were fetched; asked for after every [`Workflow::fetch`].
    fn seen(&self) -> Vec<Seen> {
        Vec::new()
    }

    /// Which workflow sees what became of records that may be at a destination that cannot be asked.
    fn sighted_by(&self) -> Option<WorkflowName> {
        None
    }

    /// Where such a record is, if one of these sightings is of what was sent of it since `began`.
    fn arrived(
        &self,
        _place: &Self::Place,
        _seen: &[(InteropReferralId, Timestamp)],
        _began: Timestamp,
    ) -> Option<Self::Place> {
        None
    }

    /// Asks what became of records that were [`Written::Accepted`] under one transaction.
    async fn confirm(
        &self,
        _transaction: &TransactionId,
        _records: &[(&RecordKey, &Self::Place)],
    ) -> BatchResult<Confirmation<Self::Place>> {
        Err(Stop::InternalError.into())
    }

    /// Whether what another workflow tells of the same records comes before these notices; asked right before they are sent. No entry
    /// means that the source is told.
    async fn precedence(
        &self,
        _notices: &[Notice<Self::Place>],
        _ledger: LedgerView<'_>,
    ) -> Result<Vec<Precedence>, Stop> {
        Ok(Vec::new())
    }

    /// Tells the source, if [`Traits::tells`] says so.
    async fn report(&self, _notices: &[Notice<Self::Place>]) -> BatchResult<()> {
        Err(Stop::InternalError.into())
    }
}

/// One result a record, or one trouble for all.
pub type BatchResult<T> = Result<Vec<Result<T, Fault>>, CallError>;

/// What the engine has to know of a workflow's two systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traits {
    /// Which workflow.
    pub name: WorkflowName,
    /// How the source offers records.
    pub source_kind: SourceKind,
    /// What the source is told.
    pub tells: Tells,
    /// Set if the destination cannot be asked what became of a write: a `sending` row is kept before it.
    pub unaskable: Option<OnLoss>,
}

impl Traits {
    /// Whether nobody can find out at once what became of a write.
    #[must_use]
    pub fn cannot_be_asked(&self) -> bool {
        self.unaskable.is_some() || self.name.destination() == System::Ping
    }
}

/// How a source offers its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// It lists what is pending, and lists it again until it is told. The list may shrink then, so nothing is told before it was read.
    Pending,
    /// It is followed by time of change, with a cursor.
    Changes {
        /// Where the very first window begins.
        start_from: Timestamp,
        /// How far a window reaches back behind the cursor.
        overlap: Duration,
    },
}

/// What the source is told of its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tells {
    /// Nothing.
    Nothing,
    /// What is in place.
    Delivered,
    /// What is in place, and what is held.
    HeldToo,
}

/// What becomes of a record whose run died while it wrote what cannot be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnLoss {
    /// A person looks.
    Hold,
    /// It is sent again.
    Resend,
}

/// Records per call of each batch stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batches {
    /// See [`Workflow::fetch`].
    pub fetch: usize,
    /// See [`Workflow::locate`].
    pub locate: usize,
    /// See [`Workflow::write`].
    pub write: usize,
    /// See [`Workflow::verify`].
    pub verify: usize,
    /// See [`Workflow::report`].
    pub report: usize,
}

/// Discovery that has begun.
#[derive(Clone, Debug)]
pub struct Opened<P> {
    /// What [`Workflow::next_page`] goes on with.
    pub pages: P,
    /// Where the window ends, by the source's own time; none for a list of what is pending.
    pub until: Option<Timestamp>,
}

/// One page of what the source offers.
pub struct Page<W: Workflow + ?Sized> {
    /// Its records.
    pub records: Vec<Discovered<W>>,
    /// For a source followed by time of change: all that changed before this moment was handed out.
    pub reached: Option<Timestamp>,
}

/// Something of the source that is no record, such as a case as a whole, as a page showed it. Ids only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its id.
    pub key: String,
    /// Its version.
    pub version: String,
    /// What is worth a remark on it; none undoes what was remarked before.
    pub remark: Option<Reason>,
}

/// One record that the source offers.
pub struct Discovered<W: Workflow + ?Sized> {
    /// Its key.
    pub key: RecordKey,
    /// The version of the source record, where the source has versions: one that is held, skipped or done in this version already is
    /// not looked at again. Of a list it is what the list shows: one that is in place in another version is looked at anew before the
    /// source is told.
    pub version: Option<String>,
    /// Where it is found, as far as discovery tells.
    pub place: Option<W::Place>,
    /// What discovery already shows of it.
    pub offer: Option<W::Offer>,
    /// Set when what the source listed cannot even be fetched.
    pub fault: Option<Fault>,
    /// Whether it concerns us only if the ledger has a row of it: else it is not even counted.
    pub only_if_known: bool,
}

impl<W: Workflow + ?Sized> Discovered<W> {
    /// A record of which discovery shows nothing but the key.
    #[must_use]
    pub const fn named(key: RecordKey) -> Self {
        Self {
            key,
            version: None,
            place: None,
            offer: None,
            fault: None,
            only_if_known: false,
        }
    }
}

/// One record to be fetched.
pub struct Asked<'a, W: Workflow + ?Sized> {
    /// Its key.
    pub key: &'a RecordKey,
    /// Where it is found: by discovery in this run, else by the ledger.
    pub place: Option<&'a W::Place>,
    /// Where the ledger has it.
    pub known: Option<&'a W::Place>,
    /// What discovery brought of it in this run.
    pub offer: Option<&'a W::Offer>,
}

/// What is known of a record when it is mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History<'h, P> {
    /// Its place in the ledger.
    pub place: Option<&'h P>,
    /// Whether the ledger has it as done, or had it so when an attempt failed that wrote nothing. It is worked on again only if its
    /// fingerprint changed.
    pub done: bool,
    /// Whether a person released it, and it has not been held or done since.
    pub released: bool,
    /// Whether it is, or may be, at its destination.
    pub may_be_there: bool,
}

/// A record after mapping.
pub struct Mapped<W: Workflow + ?Sized> {
    /// What it looks like, without anything derived from the clock.
    pub fingerprint: Fingerprint,
    /// How it is found again, and the source told of it, as far as it is known before it is placed.
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
    /// It was found, and cannot be written.
    Otherwise(W::Place, Fault),
}

/// What became of a write that was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written<P> {
    /// Taken, but only reading it back proves it.
    ToVerify(P),
    /// The answer itself proves it.
    InPlace(P),
    /// Accepted for now; the final word is to be asked for.
    Accepted(P, TransactionId),
    /// Unknown. A later attempt is made with this place, which says what may be there already.
    Unsure(P),
    /// It was not written, or not as it should be, and this is where it was to be.
    Otherwise(P, Fault),
}

impl<P> Written<P> {
    /// Whether the destination took it.
    #[must_use]
    pub const fn is_taken(&self) -> bool {
        matches!(
            self,
            Self::ToVerify(_) | Self::InPlace(_) | Self::Accepted(..)
        )
    }
}

/// What reading back showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verification<P> {
    /// The effect is there.
    Verified(P),
    /// It is gone, although the destination had accepted it.
    Gone,
}

/// What the destination says of a record that it had accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirmation<P> {
    /// It is in.
    Confirmed,
    /// It is in, and the answer tells more of its place.
    ConfirmedAt(P),
    /// It was refused after all.
    Rejected,
    /// Nothing yet.
    NotYet,
    /// Not all that was sent has its answer, and nothing says that more is to come. In a later run that counts as unsure, with this
    /// place.
    Incomplete(P),
    /// What it says cannot be understood; the record stays unconfirmed.
    Unknown,
    /// The answer will never tell of this record. A later attempt is made with this place.
    Unsure(P),
}

/// What the source is to be told of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice<P> {
    /// The record.
    pub key: RecordKey,
    /// Where its effect is; for a held record only how to address the source.
    pub place: P,
    /// Whether the source was told so in an earlier run, and lists the record all the same.
    pub again: bool,
    /// Set for a record that is held instead of delivered: why, and the names of the fields at fault.
    pub held: Option<(Reason, Vec<String>)>,
}

/// What comes first: a notice, or what another workflow tells of the same record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precedence {
    /// The source is told.
    Told,
    /// Nothing is said: what the other workflow tells says more.
    Silent,
    /// The other workflow has told of it for so long that the source should not list it any more.
    StillPending,
}

/// What was seen of another workflow's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The record there.
    pub of: RecordKey,
    /// What proGres calls it.
    pub id: InteropReferralId,
}

/// What a workflow may ask the ledger.
#[derive(Clone, Copy)]
pub struct LedgerView<'r> {
    pub(super) store: &'r Store,
    pub(super) dry_run: bool,
    pub(super) now: Timestamp,
    pub(super) accept: &'r BTreeSet<String>,
}

impl<'r> LedgerView<'r> {
    /// A look at the ledger outside any run: nothing is stored.
    #[must_use]
    pub const fn outside(store: &'r Store, now: Timestamp, accept: &'r BTreeSet<String>) -> Self {
        Self {
            store,
            dry_run: true,
            now,
            accept,
        }
    }

    /// Whether a person accepts the fault that this check finds.
    #[must_use]
    pub fn accepts(&self, check: &str) -> bool {
        self.accept.contains(check)
    }

    /// Whether this run writes nothing: what the answer to a write would tell is to be looked at instead.
    #[must_use]
    pub const fn only_looks(&self) -> bool {
        self.dry_run
    }

    /// Whether any record of this workflow ever reached its destination.
    pub async fn has_delivered(&self) -> Result<bool, Stop> {
        self.store.has_delivered().await.map_err(Stop::from)
    }

    /// The present.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Whether a run of another workflow of the same deployment is under way.
    pub async fn is_running(&self, workflow: WorkflowName) -> Result<bool, Stop> {
        let other = self.store.of(workflow);
        other.is_running(self.now).await.map_err(Stop::from)
    }

    /// The rows of another workflow of the same deployment.
    pub async fn rows_of(
        &self,
        workflow: WorkflowName,
        keys: &[RecordKey],
    ) -> Result<HashMap<RecordKey, RecordRow<Value>>, Stop> {
        let rows = self.store.of(workflow).records::<Value>(keys).await;
        rows.map_err(Stop::from)
    }

    /// What the deployment's user saw of Primero before.
    pub async fn seen_cases(&self) -> Result<Option<SeenCases>, Stop> {
        self.store.seen_cases().await.map_err(Stop::from)
    }

    /// Remembers what it sees now, unless the run stores nothing.
    pub async fn remember_seen_cases(&self, seen: SeenCases) -> Result<(), Stop> {
        if self.dry_run {
            return Ok(());
        }
        self.store.put_seen_cases(seen).await.map_err(Stop::from)
    }

    /// What the ledger of another workflow of the same deployment knows of these records. One without a row or a place has no entry;
    /// neither has one whose place cannot be read as `P`.
    pub async fn places_of<P: DeserializeOwned>(
        &self,
        workflow: WorkflowName,
        keys: &[RecordKey],
    ) -> Result<HashMap<RecordKey, P>, Stop> {
        let rows = self.store.of(workflow).each_record::<Value>(keys).await?;
        let place = |value: Value| serde_json::from_value(value).ok();
        Ok(rows
            .readable
            .into_iter()
            .filter_map(|(key, row)| Some((key, place(row.place?)?)))
            .collect())
    }
}

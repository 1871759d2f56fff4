//! 1.2: decisions of Primero's case workers to proGres.
//!
//! Every case that changed is looked at for services that a referral of UNHCR made (1.1) and that were accepted or rejected since.
//! A decision is its status and reason: an unchanged one is never sent again, a changed one is. proGres takes the fields of a decision
//! any number of times, but keeps every comment; so once a comment went out, the same decision only goes out without it, alone in its
//! request, and the report says `comment_unconfirmed`.
//!
//! One intervention may stand on two cases, say after a merge gone wrong. What the cases of a page say is gathered before anything is
//! told, and the row keeps the case that decided. What another enabled case says otherwise is held (`ambiguous_case`) until only one of
//! them decides, or a person releases it, which chooses the case seen last. What a disabled case says is held (`case_disabled`) unless
//! an enabled one has the intervention. A decision that is taken back after it went is remarked (`decision_taken_back`).
//!
//! | step of the contract | file |
//! |---|---|
//! | 1 discover, 2 what a decision is | `decision.rs`, `gathering.rs` |
//! | which case speaks for an intervention | `voices.rs` |
//! | 3 send | `mapping.rs`, `submission.rs`, `delivery.rs` |
//! | 4 confirm | `confirmation.rs` |

mod confirmation;
mod decision;
mod delivery;
mod gathering;
mod mapping;
mod receipt;
mod submission;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod voices;

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

pub(super) use self::decision::fields_read;
use self::voices::Source;
use super::mapped::mapped;
use super::trouble::per_record;
use super::window::PageCases;
use super::{traffic, window};
use crate::checks::Preflight;
use crate::domain::check::Check;
use crate::domain::fingerprint::{Fingerprint, FingerprintKey};
use crate::domain::ids::{CaseRecordId, TransactionId};
use crate::domain::outcome::Calls;
use crate::domain::pii::Pii;
use crate::domain::reason::{Reason, Stop};
use crate::domain::record::RecordKey;
use crate::domain::system::WorkflowName;
use crate::engine::{
    Asked, BatchResult, Batches, CallError, Confirmation, Discovered, Fault, History, LedgerView,
    Located, Mapped, Opened, Page, SourceKind, Tells, Traits, Workflow, Written,
};
use crate::primero::{ChangedCase, Changes, PrimeroClient};
use crate::profile::Profile;
use crate::progres::PingClient;

pub use self::mapping::Decision;

/// Workflow 1.2 in one run.
pub struct DecisionsToProgres<'r> {
    profile: &'r Profile,
    ping: &'r PingClient,
    primero: &'r PrimeroClient,
    fingerprints: FingerprintKey,
    preflight: Preflight<'r>,
}

/// Where a decision stands, and what proGres may know of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The case in URLs.
    pub case: CaseRecordId,
    /// Another case that was seen with the same intervention, while that is not settled.
    pub rival: Option<CaseRecordId>,
    /// The decision whose comment may be in proGres.
    pub commented: Option<Fingerprint>,
    /// Whether that comment went once more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeated: bool,
    /// How many decisions proGres took in one request with it, itself among them.
    #[serde(default)]
    pub sent_with: usize,
}

impl Place {
    /// A decision of which nothing is known but its case.
    fn at(case: &ChangedCase) -> Self {
        Self {
            case: case.case.id,
            rival: None,
            commented: None,
            repeated: false,
            sent_with: 0,
        }
    }
}

impl<'r> DecisionsToProgres<'r> {
    /// The workflow between these two systems.
    #[must_use]
    pub fn new(
        profile: &'r Profile,
        ping: &'r PingClient,
        primero: &'r PrimeroClient,
        fingerprints: FingerprintKey,
    ) -> Self {
        Self {
            profile,
            ping,
            primero,
            fingerprints,
            preflight: Preflight::new(profile, primero),
        }
    }

    /// The decisions of a page, one record each however many cases hold it.
    fn decisions(&self, page: &PageCases) -> Vec<Discovered<Self>> {
        let undecided = page.enabled.iter().filter_map(|case| {
            Some(Discovered {
                version: Some(window::version(case)),
                place: Some(Place::at(case)),
                fault: Some(window::undecided(case)?),
                ..Discovered::named(window::key_of_unreadable(case.case.id, &self.fingerprints))
            })
        });
        let readable = |cases: &[Arc<ChangedCase>]| {
            let readable = cases
                .iter()
                .filter(|case| window::undecided(case).is_none());
            readable.cloned().collect()
        };
        let page = PageCases {
            enabled: readable(&page.enabled),
            disabled: readable(&page.disabled),
        };
        let gathered = gathering::gather(&page, self.profile, &self.fingerprints).into_iter();
        let gathered = gathered.map(|one| Discovered {
            version: one.version(),
            place: Some(one.place),
            only_if_known: !one.decided,
            offer: Some(one.cases),
            ..Discovered::named(one.key)
        });
        undecided.chain(gathered).collect()
    }

    /// What a disabled case decides, where no enabled case is known to have the intervention: the one on which 1.1 placed it may.
    async fn of_disabled_case(
        &self,
        decision: &Decision,
        ledger: LedgerView<'_>,
    ) -> Result<Located<Self>, CallError> {
        let held = || CallError::from(mapping::case_disabled());
        let key = RecordKey::from(decision.intervention.id);
        let placed = receipt::cases_of(std::slice::from_ref(&key), ledger).await?;
        let placed = placed.get(&key).copied();
        let Some(id) = placed.filter(|id| *id != decision.place.case) else {
            return Err(held());
        };
        let (mut cases, mut unread) = self.cases(&[id]).await?;
        if let Some(error) = unread.remove(&id) {
            return Err(error.into());
        }
        let case = cases.remove(&id).filter(|case| {
            let mut keys = decision::keys_of(case, self.profile, &self.fingerprints);
            case.case.enabled && keys.any(|other| other == key)
        });
        let case: Arc<ChangedCase> = case.ok_or_else(held)?;
        let place = Place::at(&case);
        Ok(Located::Otherwise(
            place,
            Fault::skip(Reason::DecisionWithdrawn),
        ))
    }
}

impl<'r> Workflow for DecisionsToProgres<'r> {
    /// The cases of a page that have the intervention.
    type Offer = Vec<Arc<ChangedCase>>;
    type Source = Source;
    type Record = Decision;
    /// There is one way to tell of a decision.
    type Plan = ();
    type Place = Place;
    type Pages = Changes<'r>;

    fn traits(&self) -> Traits {
        Traits {
            name: WorkflowName::DecisionsToProgres,
            source_kind: SourceKind::Changes {
                start_from: self.profile.window.start_from,
                overlap: self.profile.window.overlap,
            },
            tells: Tells::Nothing,
            unaskable: None,
        }
    }

    fn batches(&self) -> Batches {
        Batches {
            fetch: self.profile.primero.verify_batch,
            locate: self.profile.ping.status_batch,
            write: self.profile.ping.status_batch,
            verify: 1,
            report: 1,
        }
    }

    fn calls(&self) -> Calls {
        traffic::calls(self.ping, self.primero)
    }

    fn failed_calls(&self) -> Calls {
        traffic::failed_calls(self.ping, self.primero)
    }

    async fn prepare(&self, ledger: LedgerView<'_>) -> Result<(), Stop> {
        self.preflight.scope_of_changes(ledger).await
    }

    async fn examine(&self, ledger: LedgerView<'_>) -> Result<(), Stop> {
        let mapped = mapped(self.profile);
        self.preflight.examine(self.ping, &mapped, ledger).await
    }

    fn checks(&self) -> Vec<Check> {
        self.preflight.found()
    }

    async fn open(&self, from: Option<Timestamp>) -> Result<Opened<Changes<'r>>, Stop> {
        let from = from.unwrap_or(self.profile.window.start_from);
        window::open(self.primero, from, &decision::CASE_FIELDS).await
    }

    async fn next_page(&self, changes: &mut Changes<'r>) -> Result<Option<Page<Self>>, Stop> {
        window::next_page(changes, &self.fingerprints, |page| self.decisions(page)).await
    }

    async fn fetch(&self, asked: &[Asked<'_, Self>]) -> BatchResult<Source> {
        self.read(asked).await
    }

    fn both(&self, known: &Place, found: &Place) -> Option<Place> {
        let rival = if found.case == known.case {
            found.rival.filter(|_| known.rival.is_none())
        } else {
            Some(known.case)
        };
        rival.is_some().then(|| Place {
            case: found.case,
            rival,
            ..known.clone()
        })
    }

    fn remarks_now(
        &self,
        key: &RecordKey,
        source: &Source,
        history: &History<'_, Place>,
    ) -> Vec<(Reason, bool)> {
        let by = (self.profile, &self.fingerprints);
        let taken_back = mapping::taken_back(key, source, history, by);
        let taken_back = taken_back.map(|is_so| (Reason::DecisionTakenBack, is_so));
        taken_back.into_iter().collect()
    }

    fn map(
        &self,
        key: &RecordKey,
        source: Source,
        history: History<'_, Place>,
        now: Timestamp,
    ) -> Mapped<Self> {
        let today = now.to_zoned_datetime(TimeZone::UTC).date();
        let by = (self.profile, &self.fingerprints);
        let outcome = mapping::map(key, &source, &history, today, by);
        let partition = Pii::new(key.to_string());
        Mapped {
            fingerprint: outcome.fingerprint,
            place: outcome.place,
            result: outcome.result.map(|decision| (partition, decision)),
        }
    }

    /// proGres cannot be asked what it knows of an intervention; the ledger remembers what it was told.
    async fn locate(
        &self,
        decisions: &[&Decision],
        ledger: LedgerView<'_>,
    ) -> BatchResult<Located<Self>> {
        // A reason that is not there may have had no field to stand in.
        if decisions.iter().any(|decision| decision.lacks_reason()) {
            let read = decision::fields_read(self.profile);
            self.preflight.fields_read(&read).await;
        }
        let mut located = Vec::with_capacity(decisions.len());
        for decision in decisions {
            located.push(if decision.of_disabled_case {
                self.of_disabled_case(decision, ledger).await
            } else {
                Ok(Located::Missing(()))
            });
        }
        per_record(located)
    }

    fn field_names(&self, decision: &Decision, (): &()) -> Vec<String> {
        let fields = submission::of(decision).fields.into_iter();
        fields.map(|(name, _)| name.to_owned()).collect()
    }

    fn remark(&self, decision: &Decision, (): &()) -> Option<Reason> {
        let left_out = decision.comment_may_be_there && !decision.repeats;
        left_out.then_some(Reason::CommentUnconfirmed)
    }

    fn noted(&self, decision: &Decision, (): &()) -> Option<Place> {
        Some(decision.place.clone())
    }

    /// A receipt that a run of 1.1 is about to send would overtake the decision.
    async fn yields(
        &self,
        keys: &[&RecordKey],
        ledger: LedgerView<'_>,
    ) -> Result<Vec<Option<Reason>>, Stop> {
        receipt::yields(keys, ledger).await
    }

    async fn write(&self, batch: &[(&Decision, &())]) -> BatchResult<Written<Place>> {
        self.tell(batch).await
    }

    async fn confirm(
        &self,
        transaction: &TransactionId,
        records: &[(&RecordKey, &Place)],
    ) -> BatchResult<Confirmation<Place>> {
        self.ask_after(transaction, records).await
    }
}

//! 1.2: decisions of Primero's case workers to proGres.
//!
//! Every case that changed is looked at for services that a referral of UNHCR made (1.1) and that were accepted or rejected since.
//! A decision is its status and reason: an unchanged one is never sent again, a changed one is. proGres takes the fields of a decision
//! any number of times, but keeps every comment; so once a comment went out, the same decision only goes out without it, alone in its
//! request, and the report says `comment_unconfirmed`.
//!
//! One intervention may stand on two cases, say after a merge gone wrong. Whichever was seen first stands; what another case says is
//! held (`ambiguous_case`) until only one of them decides, or a person releases it, which chooses the case seen last.
//!
//! | step of the contract | file |
//! |---|---|
//! | 1 discover, 2 what a decision is | `decision.rs`, this file |
//! | 3 send | `mapping.rs`, `submission.rs`, `delivery.rs` |
//! | 4 confirm | `confirmation.rs` |

mod confirmation;
mod decision;
mod delivery;
mod mapping;
mod receipt;
mod submission;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use self::mapping::Source;
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
    Asked, BatchResult, Batches, Character, Confirmation, Discovered, Feed, History, LedgerView,
    Located, Mapped, Opened, Page, Tells, Workflow, Written,
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

    /// The decisions of a case, one record each however often it holds them.
    fn decisions(&self, case: &Arc<ChangedCase>) -> Vec<Discovered<Self>> {
        let place = || Place {
            case: case.case.id,
            rival: None,
            commented: None,
            repeated: false,
            sent_with: 0,
        };
        if let Some(fault) = window::undecided(case) {
            return vec![Discovered {
                version: Some(window::version(case)),
                place: Some(place()),
                fault: Some(fault),
                ..Discovered::named(window::key_of_unreadable(case.case.id, &self.fingerprints))
            }];
        }
        let decided = decision::decided(case, self.profile, &self.fingerprints);
        let mut seen = HashSet::new();
        let keys = decided.into_iter().map(|decided| decided.key);
        keys.filter(|key| seen.insert(key.clone()))
            .map(|key| Discovered {
                version: Some(window::version(case)),
                place: Some(place()),
                offer: Some(Arc::clone(case)),
                ..Discovered::named(key)
            })
            .collect()
    }
}

impl<'r> Workflow for DecisionsToProgres<'r> {
    type Offer = Arc<ChangedCase>;
    type Source = Source;
    type Record = Decision;
    /// There is one way to tell of a decision.
    type Plan = ();
    type Place = Place;
    type Pages = Changes<'r>;

    fn character(&self) -> Character {
        Character {
            name: WorkflowName::DecisionsToProgres,
            feed: Feed::Changes {
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

    fn checks(&self) -> Vec<Check> {
        self.preflight.found()
    }

    async fn open(&self, from: Option<Timestamp>) -> Result<Opened<Changes<'r>>, Stop> {
        let from = from.unwrap_or(self.profile.window.start_from);
        window::open(self.primero, from, &decision::CASE_FIELDS).await
    }

    async fn next_page(&self, changes: &mut Changes<'r>) -> Result<Option<Page<Self>>, Stop> {
        window::next_page(changes, &self.fingerprints, |case| self.decisions(case)).await
    }

    async fn fetch(&self, asked: &[Asked<'_, Self>]) -> BatchResult<Source> {
        self.read(asked).await
    }

    fn both(&self, known: &Place, found: &Place) -> Option<Place> {
        (found.case != known.case).then(|| Place {
            case: found.case,
            rival: Some(known.case),
            ..known.clone()
        })
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
            place: Some(outcome.place),
            result: outcome.result.map(|decision| (partition, decision)),
        }
    }

    /// proGres cannot be asked what it knows of an intervention; the ledger remembers what it was told.
    async fn locate(
        &self,
        decisions: &[&Decision],
        _ledger: LedgerView<'_>,
    ) -> BatchResult<Located<Self>> {
        // A reason that is not there may have had no field to stand in.
        if decisions.iter().any(|decision| decision.lacks_reason()) {
            let read = decision::fields_read(self.profile);
            self.preflight.fields_read(&read).await;
        }
        Ok(decisions.iter().map(|_| Ok(Located::Missing(()))).collect())
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

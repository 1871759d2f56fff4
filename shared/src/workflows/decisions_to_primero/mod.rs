//! 2.2: decisions of UNHCR from proGres to Primero.
//!
//! PING lists the referrals to proGres that UNHCR has decided about, until they are marked as known to Primero. Each is answered in
//! Primero, where the case worker waits for it. What 2.1 submitted is known from its ledger, case and referral, and needs no look-up:
//! the answer to the answering tells where the referral stands. Everything else is looked up. proGres is told only of referrals that
//! Primero itself shows as decided, or as taken back.
//!
//! Primero says 200 to an answer that it ignored, so what it shows afterwards counts and nothing else.
//!
//! | step of the contract | file |
//! |---|---|
//! | 1 discover, 2 details | `source.rs` (the list, folding), `mapping.rs` (the decision and its codes) |
//! | 3 locate | `placing.rs` (ledger, look-up), `matching.rs` (which referral is meant) |
//! | 4 update | `placing.rs` (answering), `matching.rs` (where a referral stands) |
//! | 5 mark | `mark.rs` |

mod mapping;
mod mark;
mod matching;
mod placing;
mod source;
#[cfg(test)]
mod testing;

use std::cell::RefCell;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use self::source::{Listed, SourceDecision};
use super::details::{self, Wanted};
use super::mapped::mapped;
use super::trouble::per_record;
use super::{source_rows, traffic};
use crate::checks::Preflight;
use crate::domain::check::Check;
use crate::domain::codes::InteropReferralStatus;
use crate::domain::fingerprint::FingerprintKey;
use crate::domain::ids::{CaseRecordId, InteropReferralId, ReferralId};
use crate::domain::outcome::Calls;
use crate::domain::pii::Pii;
use crate::domain::reason::{Reason, Stop};
use crate::domain::record::RecordKey;
use crate::domain::system::WorkflowName;
use crate::engine::{
    Asked, BatchResult, Batches, Discovered, Fault, History, LedgerView, Located, Mapped, Notice,
    Opened, Page, Seen, SourceKind, Tells, Traits, Workflow, Written,
};
use crate::primero::{PrimeroClient, ReferralAnswer};
use crate::profile::Profile;
use crate::progres::{Pages, PingClient, Row};

pub use self::mapping::DecidedReferral;
pub use self::matching::MadeBefore;

/// Workflow 2.2 in one run.
pub struct DecisionsToPrimero<'r> {
    profile: &'r Profile,
    ping: &'r PingClient,
    primero: &'r PrimeroClient,
    fingerprints: FingerprintKey,
    preflight: Preflight<'r>,
    /// Set once there is a control entry, which only look-ups need.
    control: OnceCell<()>,
    /// What was read of 2.1's records since it was last asked for.
    seen: RefCell<Vec<Seen>>,
}

/// Records located at once, as in 1.1.
const LOCATED_AT_ONCE: usize = 48;

/// Where a decision's referral is in Primero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The referral; none as long as it was not found.
    pub found: Option<Found>,
}

/// A referral in Primero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Its case in URLs.
    pub case: CaseRecordId,
    /// The referral in URLs.
    pub referral: ReferralId,
}

/// A referral to be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Where it is, as far as we know.
    pub found: Found,
    /// Other referrals of the service, which are not meant even if this one is gone.
    pub others: Vec<ReferralId>,
}

/// The details of a decision, and what the list showed of it.
#[derive(Debug)]
pub struct Details {
    rows: Vec<Row>,
    listed: Option<InteropReferralStatus>,
}

impl<'r> DecisionsToPrimero<'r> {
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
            control: OnceCell::const_new(),
            seen: RefCell::new(Vec::new()),
        }
    }

    /// A row of the list as a record; none for a decision that Primero knows.
    fn listed(&self, row: &Row) -> Option<Discovered<Self>> {
        let faulty = |key, reason, field: &str| Discovered {
            fault: Some(Fault::hold(reason, vec![field.to_owned()])),
            ..Discovered::named(key)
        };
        Some(match Listed::of(row) {
            Listed::Finished => return None,
            Listed::Open(id, status) => Discovered {
                version: status.map(|status| status.number().to_string()),
                offer: status,
                ..Discovered::named(id.into())
            },
            Listed::UnknownStatus(id) => faulty(id.into(), Reason::UnknownCode, source::STATUS),
            Listed::Nameless => {
                let key = source_rows::key_of_unreadable(row, &self.fingerprints);
                faulty(key, Reason::UnreadableRecord, source::REFERRAL_ID)
            }
        })
    }
}

impl<'r> Workflow for DecisionsToPrimero<'r> {
    type Offer = InteropReferralStatus;
    type Source = Details;
    type Record = DecidedReferral;
    type Plan = Plan;
    type Place = Place;
    type Pages = Pages<'r>;

    fn traits(&self) -> Traits {
        Traits {
            name: WorkflowName::DecisionsToPrimero,
            source_kind: SourceKind::Pending,
            tells: Tells::Delivered,
            unaskable: None,
        }
    }

    fn batches(&self) -> Batches {
        Batches {
            fetch: self.profile.ping.details_batch,
            locate: LOCATED_AT_ONCE,
            write: 1,
            verify: 1,
            report: self.profile.ping.status_batch,
        }
    }

    fn calls(&self) -> Calls {
        traffic::calls(self.ping, self.primero)
    }

    fn failed_calls(&self) -> Calls {
        traffic::failed_calls(self.ping, self.primero)
    }

    /// Whether anything has to be looked up is known only record by record.
    async fn prepare(&self, ledger: LedgerView<'_>) -> Result<(), Stop> {
        let may_be_empty = self.profile.primero.allow_empty && !ledger.has_delivered().await?;
        self.preflight.scope(ledger, may_be_empty).await
    }

    async fn examine(&self, ledger: LedgerView<'_>) -> Result<(), Stop> {
        let mapped = mapped(self.profile);
        self.preflight.examine(self.ping, &mapped, ledger).await
    }

    fn checks(&self) -> Vec<Check> {
        self.preflight.found()
    }

    async fn open(&self, _from: Option<Timestamp>) -> Result<Opened<Pages<'r>>, Stop> {
        Ok(Opened {
            pages: self.ping.referral_decisions(),
            until: None,
        })
    }

    async fn next_page(&self, pages: &mut Pages<'r>) -> Result<Option<Page<Self>>, Stop> {
        let page = pages.next(|row| self.listed(&row)).await;
        let page =
            page.map_err(|error| source_rows::listing_failed("list referral decisions", error))?;
        Ok(page.map(|rows| Page {
            records: rows.into_iter().flatten().collect(),
            reached: None,
        }))
    }

    async fn fetch(&self, asked: &[Asked<'_, Self>]) -> BatchResult<Details> {
        let wanted = |record: &Asked<'_, Self>| Wanted {
            id: record.key.as_str().parse().ok(),
            number: None,
        };
        let wanted: Vec<Wanted<InteropReferralId>> = asked.iter().map(wanted).collect();
        let rows = details::read(&wanted, &source::NAMING, async |ids| {
            self.ping.decision_details(ids).await
        })
        .await?;
        let read = rows.iter().zip(&wanted);
        let seen = read.filter_map(|(rows, one)| Some((rows.as_ref().ok()?.first()?, one.id?)));
        let seen = seen.filter_map(|(row, id)| source::submission(row).map(|of| Seen { of, id }));
        self.seen.borrow_mut().extend(seen);
        let with_offer = |(rows, record): (Result<Vec<Row>, Fault>, &Asked<'_, Self>)| {
            let listed = record.offer.copied();
            rows.map(|rows| Details { rows, listed })
        };
        Ok(rows.into_iter().zip(asked).map(with_offer).collect())
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.take()
    }

    fn map(
        &self,
        key: &RecordKey,
        details: Details,
        history: History<'_, Place>,
        _now: Timestamp,
    ) -> Mapped<Self> {
        let source = SourceDecision::fold(&details.rows);
        let place = history.place.copied().unwrap_or_default();
        let result = match key.as_str().parse() {
            Ok(id) => mapping::map(id, details.listed, &source, place.found).map(|record| {
                let told = history.done;
                DecidedReferral { told, ..record }
            }),
            Err(_) => Err(Fault::hold(
                Reason::UnreadableRecord,
                vec![source::REFERRAL_ID.to_owned()],
            )),
        };
        let mut fingerprint = self.fingerprints.fingerprint(&source.fingerprint_input());
        if let Some(older) = source.fingerprint_input_of_older_readings() {
            fingerprint = fingerprint.or(self.fingerprints.fingerprint(&older));
        }
        Mapped {
            fingerprint,
            place: Some(place),
            result: result.map(|record| {
                let partition = Pii::new(record.case_id.to_string());
                let takes_likeliest = history.released;
                let record = DecidedReferral {
                    takes_likeliest,
                    ..record
                };
                (partition, record)
            }),
        }
    }

    async fn locate(
        &self,
        records: &[&DecidedReferral],
        ledger: LedgerView<'_>,
    ) -> BatchResult<Located<Self>> {
        self.find(records, ledger).await
    }

    fn field_names(&self, record: &DecidedReferral, _plan: &Plan) -> Vec<String> {
        let names: &[&str] = match record.answer {
            ReferralAnswer::Accepted | ReferralAnswer::Rejected(None) => &["status"],
            ReferralAnswer::Rejected(Some(_)) => &["status", "rejected_reason"],
        };
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    async fn write(&self, batch: &[(&DecidedReferral, &Plan)]) -> BatchResult<Written<Place>> {
        let mut answers = Vec::with_capacity(batch.len());
        for (record, plan) in batch {
            answers.push(self.answer(record, plan).await);
        }
        per_record(answers)
    }

    async fn report(&self, notices: &[Notice<Place>]) -> BatchResult<()> {
        let marks: Vec<_> = notices.iter().map(mark::finished).collect();
        let answers = self.ping.mark_referrals(&marks).await?;
        per_record(answers.into_iter().map(|answer| answer.map(|_| ())))
    }
}

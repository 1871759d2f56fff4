//! 1.1: referrals from proGres to Primero.
//!
//! PING lists the interventions that are pending for Primero. Each becomes one service on the child's case: on the case that
//! carries the child's individual number, or on a new one under an id computed from that number. Both ids are computed, so a
//! write that is repeated after a crash meets its own first try; matching reads before every write, so no service is ever sent
//! twice. proGres is told (status 002) only of services that were read back from Primero.
//!
//! | step of the contract | file |
//! |---|---|
//! | 1 discover, 2 details | `keys.rs`, `source.rs` (folding), this file |
//! | 3 validate, 4 map | `crate::fields` (the table), `fields.rs`, `mapping.rs` (which reads it), `address.rs`, `workflows/notes.rs` |
//! | 5 match | `matching.rs` (the choice), `delivery.rs` (look-up, create, append, verify) |
//! | 6 report to proGres | `status.rs` |

mod address;
mod decisions;
mod delivery;
mod fields;
#[cfg(test)]
mod golden;
mod keys;
mod mapping;
mod matching;
mod source;
mod status;
#[cfg(test)]
mod testing;

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

pub(super) use self::fields::written;
pub(super) use self::keys::KEYS;
use self::matching::Plan;
use self::source::SourceReferral;
use super::mapped::mapped;
use super::traffic;
use crate::checks::Preflight;
use crate::clock::Clock;
use crate::domain::check::Check;
use crate::domain::dates;
use crate::domain::fingerprint::FingerprintKey;
use crate::domain::ids::{CaseId, CaseRecordId, InterventionId};
use crate::domain::outcome::Calls;
use crate::domain::reason::{Reason, Stop};
use crate::domain::record::RecordKey;
use crate::domain::system::WorkflowName;
use crate::engine::{
    Asked, BatchResult, Batches, Discovered, Fault, History, LedgerView, Located, Mapped, Notice,
    Opened, Page, Precedence, SourceKind, Tells, Traits, Verification, Workflow, Written,
};
use crate::primero::PrimeroClient;
use crate::profile::Profile;
use crate::progres::{Pages, PingClient, Row};
use crate::workflows::details::{self, Wanted};
use crate::workflows::source_rows;
use crate::workflows::trouble::per_record;

pub(super) use self::fields::{CASE, Field, SERVICE, of_case, of_service};
pub(super) use self::keys::OWN;
pub use self::mapping::Referral;

/// Workflow 1.1 in one run.
pub struct ReferralsToPrimero<'r> {
    profile: &'r Profile,
    ping: &'r PingClient,
    primero: &'r PrimeroClient,
    fingerprints: FingerprintKey,
    clock: Arc<dyn Clock>,
    preflight: Preflight<'r>,
    /// Whether a case that this run created came back with its owner.
    owner: Mutex<Proof>,
    proof: Mutex<Proof>,
}

/// Records located at once: as many look-ups side by side as Primero takes at most, with four in each, less what is under way beside.
const LOCATED_AT_ONCE: usize = 48;

/// Whether a write of this run was read back as it must be.
enum Proof {
    /// Nothing was written yet, or the first write is under way.
    Awaited,
    /// It was.
    Given,
    /// The first write ended the run; those that waited for it must not write either.
    Failed(Stop),
}

/// Where a referral's service is, and how proGres is told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// `progres_businessunit`, a GUID.
    pub business_unit: String,
    /// The case in URLs; unknown as long as the referral is not placed.
    pub case: Option<CaseRecordId>,
    /// What proGres calls the case; known once the case was read.
    pub case_id: Option<CaseId>,
}

impl<'r> ReferralsToPrimero<'r> {
    /// The workflow between these two systems.
    #[must_use]
    pub fn new(
        profile: &'r Profile,
        ping: &'r PingClient,
        primero: &'r PrimeroClient,
        fingerprints: FingerprintKey,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            profile,
            ping,
            primero,
            fingerprints,
            clock,
            preflight: Preflight::new(profile, primero),
            owner: Mutex::new(Proof::Awaited),
            proof: Mutex::new(Proof::Awaited),
        }
    }

    fn listed(&self, row: &Row) -> Discovered<Self> {
        if let Some(id) = keys::listed_id(row) {
            return Discovered {
                offer: keys::listed_number(row),
                version: Some(source_rows::version(row, &self.fingerprints)),
                ..Discovered::named(id.into())
            };
        }
        let key = source_rows::key_of_unreadable(row, &self.fingerprints);
        let field = keys::INTERVENTION_ID.to_owned();
        Discovered {
            fault: Some(Fault::hold(Reason::UnreadableRecord, vec![field])),
            ..Discovered::named(key)
        }
    }
}

impl<'r> Workflow for ReferralsToPrimero<'r> {
    /// The number of the intervention.
    type Offer = String;
    type Source = Vec<Row>;
    type Record = Referral;
    type Plan = Plan;
    type Place = Place;
    type Pages = Pages<'r>;

    fn traits(&self) -> Traits {
        Traits {
            name: WorkflowName::ReferralsToPrimero,
            source_kind: SourceKind::Pending,
            tells: if self.profile.report_delivery_fail {
                Tells::HeldToo
            } else {
                Tells::Delivered
            },
            unaskable: None,
        }
    }

    fn batches(&self) -> Batches {
        Batches {
            fetch: self.profile.ping.details_batch,
            locate: LOCATED_AT_ONCE,
            write: 1,
            verify: self.profile.primero.verify_batch,
            report: self.profile.ping.status_batch,
        }
    }

    fn calls(&self) -> Calls {
        traffic::calls(self.ping, self.primero)
    }

    fn failed_calls(&self) -> Calls {
        traffic::failed_calls(self.ping, self.primero)
    }

    async fn open(&self, _from: Option<Timestamp>) -> Result<Opened<Pages<'r>>, Stop> {
        Ok(Opened {
            pages: self.ping.pending_referrals(),
            until: None,
        })
    }

    async fn next_page(&self, pages: &mut Pages<'r>) -> Result<Option<Page<Self>>, Stop> {
        let page = pages.next(|row| self.listed(&row)).await;
        let page =
            page.map_err(|error| source_rows::listing_failed("list pending referrals", error))?;
        Ok(page.map(|records| Page {
            records,
            reached: None,
        }))
    }

    async fn prepare(&self, ledger: LedgerView<'_>) -> Result<(), Stop> {
        self.prepare_primero(ledger).await
    }

    async fn examine(&self, ledger: LedgerView<'_>) -> Result<(), Stop> {
        let mapped = mapped(self.profile);
        self.preflight.examine(self.ping, &mapped, ledger).await
    }

    fn checks(&self) -> Vec<Check> {
        self.preflight.found()
    }

    async fn fetch(&self, asked: &[Asked<'_, Self>]) -> BatchResult<Vec<Row>> {
        let wanted = |record: &Asked<'_, Self>| Wanted {
            id: record.key.as_str().parse().ok(),
            number: record.offer.cloned(),
        };
        let wanted: Vec<Wanted<InterventionId>> = asked.iter().map(wanted).collect();
        let texts = fields::text_keys(self.profile);
        details::read(&wanted, &source::naming(&texts), async |ids| {
            self.ping.intervention_details(ids).await
        })
        .await
    }

    fn map(
        &self,
        _key: &RecordKey,
        rows: Vec<Row>,
        history: History<'_, Place>,
        now: Timestamp,
    ) -> Mapped<Self> {
        let source = SourceReferral::fold(&rows, self.profile);
        let placed_on = history.place.and_then(|place| place.case_id.as_ref());
        let mut fingerprint = self
            .fingerprints
            .fingerprint(&source.fingerprint_input(placed_on));
        if let Some(older) = source.fingerprint_input_of_older_readings(placed_on) {
            fingerprint = fingerprint.or(self.fingerprints.fingerprint(&older));
        }
        let today = dates::today(now, self.profile.progres.time_zone.as_ref());
        let written_on = history.place.and_then(|place| place.case);
        let result = mapping::map(&source, today, self.profile).map(|mut referral| {
            referral.placed = written_on;
            referral.own_case_written = written_on == Some(referral.case);
            (referral.individual_no.clone(), referral)
        });
        Mapped {
            fingerprint,
            place: place_now(source.address_in_progres(), history.place),
            result,
        }
    }

    async fn locate(
        &self,
        referrals: &[&Referral],
        _ledger: LedgerView<'_>,
    ) -> BatchResult<Located<Self>> {
        self.match_cases(referrals).await
    }

    fn field_names(&self, referral: &Referral, plan: &Plan) -> Vec<String> {
        let fields = match plan {
            Plan::Create => &referral.case_fields,
            Plan::Append { .. } => &referral.service_fields,
        };
        fields.expose().keys().cloned().collect()
    }

    async fn write(&self, batch: &[(&Referral, &Plan)]) -> BatchResult<Written<Place>> {
        let mut answers = Vec::with_capacity(batch.len());
        for (referral, plan) in batch {
            let written = self.write_service(referral, plan).await;
            answers.push(written.map(Written::ToVerify));
        }
        per_record(answers)
    }

    async fn verify(&self, written: &[(&Referral, &Place)]) -> BatchResult<Verification<Place>> {
        self.verify_services(written).await
    }

    async fn still_there(&self, records: &[(&RecordKey, &Place)]) -> BatchResult<bool> {
        self.look_for(records).await
    }

    async fn precedence(
        &self,
        notices: &[Notice<Place>],
        ledger: LedgerView<'_>,
    ) -> Result<Vec<Precedence>, Stop> {
        decisions::precedence(notices, ledger).await
    }

    async fn report(&self, notices: &[Notice<Place>]) -> BatchResult<()> {
        let today = self.clock.now().to_zoned_datetime(TimeZone::UTC).date();
        let statuses: Vec<_> = notices
            .iter()
            .map(|notice| status::transfer_status(notice, today))
            .collect();
        per_record(self.ping.write_intervention_status(&statuses).await?)
    }
}

/// How proGres is told of a referral as it is now, and where the ledger has it: only the ledger knows that.
fn place_now(now: Option<Place>, before: Option<&Place>) -> Option<Place> {
    let Some(before) = before else { return now };
    let business_unit = now.map_or_else(|| before.business_unit.clone(), |now| now.business_unit);
    Some(Place {
        business_unit,
        ..before.clone()
    })
}

//! 2.1: referrals of Primero's case workers to proGres.
//!
//! A case worker asks UNHCR for a service by adding it to the case, with UNHCR as its agency, and by referring the case for it. Every
//! case that changed is looked at for such services; its referrals, for which there is no call for many cases, are read once per case.
//! PING takes a submission twice for two referrals and cannot be asked about one whose answer was lost, so such a one is held for a
//! person unless the profile says otherwise. The receipt is asked after until proGres has decided.
//!
//! Several pending referrals of one service are one submission, and the newest gives the date. A referral that is made after the
//! submission was closed is another wish, which a person releases (`referred_again`).
//!
//! | step of the contract | file |
//! |---|---|
//! | 1 discover: which service, which referral | `source.rs`, `choice.rs` |
//! | 2 consent, 4 map | `crate::fields` (the table), `fields.rs`, `mapping.rs` (which reads it) |
//! | 3 contact | `contact.rs` |
//! | 5 send and confirm | `delivery.rs` |
//! | what was withdrawn after it was sent | `withdrawn.rs` |

mod choice;
mod contact;
mod delivery;
mod fields;
#[cfg(test)]
mod golden;
mod mapping;
mod source;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod withdrawn;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use self::choice::Past;
pub use self::choice::SubmittedReferral;
pub(super) use self::fields::{Key, SUBMISSION, own, read as fields_read};
use self::source::{Source, Subject};
use super::mapped::mapped;
use super::{traffic, window};
use crate::checks::Preflight;
use crate::domain::check::Check;
use crate::domain::dates;
use crate::domain::fingerprint::FingerprintKey;
use crate::domain::ids::{CaseRecordId, InteropReferralId, ReferralId, TransactionId};
use crate::domain::outcome::Calls;
use crate::domain::pii::Pii;
use crate::domain::reason::{Reason, Stop};
use crate::domain::record::RecordKey;
use crate::domain::system::WorkflowName;
use crate::engine::{
    Asked, BatchResult, Batches, Confirmation, Discovered, Fault, History, LedgerView, Located,
    Mapped, OnLoss, Opened, Page, Shown, SourceKind, Tells, Traits, Workflow, Written,
};
use crate::primero::{self, ChangedCase, Changes, PrimeroClient, User};
use crate::profile::{Ambiguity, Profile};
use crate::progres::{PingClient, Submission};

/// How old what was read of consent and referral may be when a submission goes out.
const FRESH_FOR: Duration = Duration::from_mins(1);

/// Workflow 2.1 in one run.
pub struct ReferralsToProgres<'r> {
    profile: &'r Profile,
    ping: &'r PingClient,
    primero: &'r PrimeroClient,
    fingerprints: FingerprintKey,
    preflight: Preflight<'r>,
    /// All users, once they were needed.
    users: OnceCell<HashMap<Pii<String>, User>>,
    /// Records that came to light while others were read.
    found: RefCell<Vec<Discovered<Self>>>,
    /// The cases of the last page.
    shown: RefCell<Vec<Shown>>,
}

/// What discovery shows of a record.
pub struct Offer {
    case: Arc<ChangedCase>,
    /// The referrals of the case, where they were read already.
    referrals: Option<Arc<Vec<primero::Referral>>>,
}

/// A referral, ready to be submitted.
#[derive(Clone, Debug)]
pub struct Referral {
    /// What proGres gets.
    pub submission: Submission,
    /// Whether its contact is the profile's in part.
    pub contact_substituted: bool,
    /// Where the service stands once PING accepted it.
    pub place: Place,
}

/// Where a service stands in Primero, and what was submitted for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The case in URLs.
    pub case: CaseRecordId,
    /// What PING accepted for it, if anything.
    pub submitted: Option<SubmittedReferral>,
    /// Every referral of the service that proGres confirmed, by what proGres calls it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub confirmed: BTreeMap<InteropReferralId, ReferralId>,
}

impl Place {
    const fn of(case: &ChangedCase) -> Self {
        Self {
            case: case.case.id,
            submitted: None,
            confirmed: BTreeMap::new(),
        }
    }
}

impl<'r> ReferralsToProgres<'r> {
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
            users: OnceCell::new(),
            found: RefCell::default(),
            shown: RefCell::default(),
        }
    }

    /// The services of a case that UNHCR is to give, referred or not.
    fn services(&self, case: &Arc<ChangedCase>) -> Vec<Discovered<Self>> {
        self.shown.borrow_mut().push(source::shown(case));
        if let Some(fault) = window::undecided(case) {
            return vec![Discovered {
                version: Some(window::version(case)),
                place: Some(Place::of(case)),
                fault: Some(fault),
                ..Discovered::named(window::key_of_unreadable(case.case.id, &self.fingerprints))
            }];
        }
        source::services(case, self.profile)
            .map(|service| {
                let ids = (&case.case.case_id, source::service_id(service));
                let (key, fault) = match ids {
                    (Some(case), Some(service)) => (RecordKey::of_service(case, service), None),
                    _ => self.without_id(case),
                };
                Discovered {
                    version: Some(window::version(case)),
                    place: Some(Place::of(case)),
                    offer: Some(Offer {
                        case: Arc::clone(case),
                        referrals: None,
                    }),
                    fault,
                    ..Discovered::named(key)
                }
            })
            .collect()
    }

    /// A service that cannot be named is held under its case.
    fn without_id(&self, case: &ChangedCase) -> (RecordKey, Option<Fault>) {
        let key = window::key_of_unreadable(case.case.id, &self.fingerprints);
        (key, Some(nameless()))
    }

    /// What is to be submitted for a record, or why nothing is.
    fn referral(
        &self,
        source: &Source,
        subject: Subject<'_>,
        history: &History<'_, Place>,
        today: Date,
    ) -> Result<Referral, Fault> {
        if let Some(fault) = window::undecided(&source.case) {
            return Err(fault);
        }
        let (service, id) = match subject {
            Subject::Service(service, id) => (service, id),
            Subject::Referral(lone) => return Err(choice::without_service(lone, self.profile)),
            Subject::Nameless => return Err(nameless()),
            Subject::Gone if history.done => return Err(Fault::settled()),
            Subject::Gone if history.may_be_there => {
                return Err(Fault::hold(Reason::OutcomeUnknown, Vec::new()));
            }
            Subject::Gone => return Err(Fault::skip(Reason::NotReferred)),
        };
        let past = Past {
            submitted: history.place.and_then(|place| place.submitted.as_ref()),
            done: history.done,
            released: history.released,
            unsure: history.may_be_there && !history.done,
        };
        let made: Vec<&primero::Referral> = source.referrals_of(id, self.profile).collect();
        let elsewhere = source.is_referred_elsewhere(id, self.profile);
        let chosen = choice::choose(&made, past, self.profile)
            .map_err(|fault| choice::or_elsewhere(fault, elsewhere))?;
        if let Some(fault) = source::doubtful(service, self.profile) {
            return Err(fault);
        }
        let odd = &source.case.case.odd;
        if !odd.is_empty() {
            return Err(Fault::hold(Reason::UnreadableRecord, odd.clone()));
        }
        let mapped = mapping::map(source, (service, id), chosen, today, self.profile)?;
        Ok(Referral {
            submission: mapped.submission,
            contact_substituted: mapped.contact_substituted,
            place: Place {
                submitted: Some(SubmittedReferral {
                    referral: chosen.id,
                    made_at: chosen.created_at,
                }),
                ..place_now(&source.case, history)
            },
        })
    }
}

impl<'r> Workflow for ReferralsToProgres<'r> {
    type Offer = Offer;
    type Source = Source;
    type Record = Referral;
    /// There is one way to submit a referral.
    type Plan = ();
    type Place = Place;
    type Pages = Changes<'r>;

    fn traits(&self) -> Traits {
        Traits {
            name: WorkflowName::ReferralsToProgres,
            source_kind: SourceKind::Changes {
                start_from: self.profile.window.start_from,
                overlap: self.profile.window.overlap,
            },
            tells: Tells::Nothing,
            unaskable: Some(match self.profile.ping.ambiguity {
                Ambiguity::Hold => OnLoss::Hold,
                Ambiguity::Resend => OnLoss::Resend,
            }),
        }
    }

    fn batches(&self) -> Batches {
        Batches {
            fetch: self.profile.primero.verify_batch,
            locate: self.profile.primero.verify_batch,
            write: self.profile.ping.submit_batch,
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
        let fields = fields::listed(self.profile);
        window::open(self.primero, from, &fields).await
    }

    async fn next_page(&self, changes: &mut Changes<'r>) -> Result<Option<Page<Self>>, Stop> {
        window::next_page(changes, &self.fingerprints, |page| {
            let cases = page.enabled.iter();
            cases.flat_map(|case| self.services(case)).collect()
        })
        .await
    }

    async fn fetch(&self, asked: &[Asked<'_, Self>]) -> BatchResult<Source> {
        self.read(asked, delivery::LoneOnes::Noted).await
    }

    fn fresh_for(&self) -> Option<Duration> {
        Some(FRESH_FOR)
    }

    async fn read_again(&self, asked: &[Asked<'_, Self>]) -> BatchResult<Source> {
        self.read(asked, delivery::LoneOnes::Known).await
    }

    fn remarks_now(
        &self,
        _key: &RecordKey,
        source: &Source,
        history: &History<'_, Place>,
    ) -> Vec<(Reason, bool)> {
        let sent = history.place.filter(|_| history.may_be_there);
        let withdrawn = |place| withdrawn::after_sending(source, place, self.profile);
        sent.map(|place| (Reason::WithdrawnAfterSending, withdrawn(place)))
            .into_iter()
            .collect()
    }

    fn shown(&self) -> Vec<Shown> {
        self.shown.take()
    }

    fn found(&self) -> Vec<Discovered<Self>> {
        self.found.take()
    }

    fn map(
        &self,
        key: &RecordKey,
        source: Source,
        history: History<'_, Place>,
        now: Timestamp,
    ) -> Mapped<Self> {
        let subject = source.subject(key, self.profile);
        let input = source.fingerprint_input(subject, self.profile);
        let today = dates::today(now, self.profile.progres.time_zone.as_ref());
        let partition = Pii::new(source.case.case.id.to_string());
        Mapped {
            fingerprint: self.fingerprints.fingerprint(&input),
            place: Some(place_now(&source.case, &history)),
            result: self
                .referral(&source, subject, &history, today)
                .map(|referral| (partition, referral)),
        }
    }

    /// PING cannot be asked what it knows of a referral; the ledger remembers what was submitted.
    async fn locate(
        &self,
        referrals: &[&Referral],
        _ledger: LedgerView<'_>,
    ) -> BatchResult<Located<Self>> {
        let read = fields::read(self.profile);
        self.preflight.fields_read(&read).await;
        Ok(referrals.iter().map(|_| Ok(Located::Missing(()))).collect())
    }

    fn field_names(&self, referral: &Referral, (): &()) -> Vec<String> {
        let fields = referral.submission.fields.iter();
        let own = referral.submission.own.iter();
        let names = fields.map(|(name, _)| *name);
        let names = names.chain(own.map(|(name, _)| name.as_str()));
        names.map(str::to_owned).collect()
    }

    fn remark(&self, referral: &Referral, (): &()) -> Option<Reason> {
        referral
            .contact_substituted
            .then_some(Reason::ContactSubstituted)
    }

    fn noted(&self, referral: &Referral, (): &()) -> Option<Place> {
        Some(referral.place.clone())
    }

    fn sighted_by(&self) -> Option<WorkflowName> {
        Some(WorkflowName::DecisionsToPrimero)
    }

    /// proGres has what a decision of UNHCR names, by an id that came up after the submission began.
    fn arrived(
        &self,
        place: &Place,
        seen: &[(InteropReferralId, Timestamp)],
        began: Timestamp,
    ) -> Option<Place> {
        let new = seen
            .iter()
            .filter(|(id, at)| *at > began && !place.confirmed.contains_key(id));
        let (id, _) = new.min_by_key(|(_, at)| *at)?;
        let mut place = place.clone();
        if let Some(submitted) = &place.submitted {
            place.confirmed.insert(*id, submitted.referral);
        }
        Some(place)
    }

    async fn write(&self, batch: &[(&Referral, &())]) -> BatchResult<Written<Place>> {
        self.submit(batch).await
    }

    async fn confirm(
        &self,
        transaction: &TransactionId,
        records: &[(&RecordKey, &Place)],
    ) -> BatchResult<Confirmation<Place>> {
        self.ask_after(transaction, records).await
    }
}

/// What cannot be named to proGres.
fn nameless() -> Fault {
    let fields = vec!["case_id".to_owned(), "unique_id".to_owned()];
    Fault::hold(Reason::UnreadableRecord, fields)
}

/// What the ledger knows of a service, at the case that has it now.
fn place_now(case: &ChangedCase, history: &History<'_, Place>) -> Place {
    let here = Place::of(case);
    match history.place.cloned() {
        Some(before) => Place {
            case: here.case,
            ..before
        },
        None => here,
    }
}

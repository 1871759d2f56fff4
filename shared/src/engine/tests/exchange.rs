//! The made-up workflow: records from the list onto the shelf.

use jiff::Timestamp;
use secrecy::SecretString;

use super::fate::Fate;
use super::line::{Line, system_of};
use super::systems::{Offer, Stage, Systems};
use crate::clock::VirtualClock;
use crate::domain::fingerprint::FingerprintKey;
use crate::domain::outcome::Calls;
use crate::domain::pii::Pii;
use crate::domain::reason::{Reason, Stop};
use crate::domain::record::RecordKey;
use crate::domain::system::{System, WorkflowName};
use crate::engine::{
    Asked, BatchResult, Batches, CallError, Discovered, Fault, History, LedgerView, Located,
    Mapped, Notice, Opened, Page, Precedence, SourceKind, Tells, Traits, Verification, Workflow,
    Written,
};

pub struct Exchange<'s> {
    pub systems: &'s Systems,
    pub fate: &'s Fate,
    pub clock: &'s VirtualClock,
    pub batches: Batches,
    pub tells_held: bool,
    pub secret: &'s str,
}

impl Exchange<'_> {
    fn line(&self) -> Line<'_> {
        Line {
            systems: self.systems,
            fate: self.fate,
            clock: self.clock,
        }
    }

    fn listed(&self) -> Vec<Discovered<Self>> {
        let (offers, told) = (self.systems.offers.borrow(), self.systems.told.borrow());
        let in_place = |offer: &Offer| {
            let mut of_it = told.iter().filter(|notice| notice.key == offer.key);
            of_it.any(|notice| notice.held.is_none())
        };
        let pending = offers
            .iter()
            .filter(|offer| self.systems.forgetful.get() || !in_place(offer));
        pending
            .map(|offer| Discovered {
                fault: offer.unusable.clone(),
                version: offer.shown.clone(),
                ..Discovered::named(offer.key.clone())
            })
            .collect()
    }

    fn is_shelved(&self, key: &RecordKey) -> bool {
        self.systems.shelf.borrow().contains(key)
    }
}

impl Workflow for Exchange<'_> {
    type Offer = ();
    type Source = Offer;
    type Record = Offer;
    type Plan = ();
    type Place = String;
    /// Whether the list was handed out.
    type Pages = bool;

    fn traits(&self) -> Traits {
        Traits {
            name: WorkflowName::ReferralsToPrimero,
            source_kind: SourceKind::Pending,
            tells: if self.tells_held {
                Tells::HeldToo
            } else {
                Tells::Delivered
            },
            unaskable: None,
        }
    }

    fn batches(&self) -> Batches {
        self.batches
    }

    fn calls(&self) -> Calls {
        let events = self.systems.events.borrow();
        let to = |system| {
            let begun = events.iter().filter(|event| !event.ended);
            begun
                .filter(|event| system_of(event.stage) == system)
                .count() as u64
        };
        Calls {
            ping: to(System::Ping),
            primero: to(System::Primero),
            state: 0,
        }
    }

    fn failed_calls(&self) -> Calls {
        Calls::default()
    }

    async fn open(&self, _: Option<Timestamp>) -> Result<Opened<bool>, Stop> {
        Ok(Opened {
            pages: false,
            until: None,
        })
    }

    async fn next_page(&self, over: &mut bool) -> Result<Option<Page<Self>>, Stop> {
        if std::mem::replace(over, true) {
            return Ok(None);
        }
        match self.line().call(Stage::Discover, &[], |_| Ok(())).await {
            Ok(_) => Ok(Some(Page {
                records: self.listed(),
                reached: None,
            })),
            Err(CallError::Run(stop)) => Err(stop),
            Err(CallError::Record(_)) => Err(Stop::Unavailable(System::Ping)),
        }
    }

    async fn prepare(&self, _: LedgerView<'_>) -> Result<(), Stop> {
        match self.line().call(Stage::Prepare, &[], |_| Ok(())).await {
            Ok(_) => Ok(()),
            Err(CallError::Run(stop)) => Err(stop),
            Err(CallError::Record(_)) => Err(Stop::Unavailable(System::Primero)),
        }
    }

    async fn fetch(&self, asked: &[Asked<'_, Self>]) -> BatchResult<Offer> {
        let keys: Vec<_> = asked.iter().map(|record| record.key.clone()).collect();
        self.line()
            .call(Stage::Fetch, &keys, |key| {
                let offers = self.systems.offers.borrow();
                let offer = offers.iter().find(|offer| offer.key == *key);
                offer.cloned().ok_or(Fault::retry(Reason::DetailsMissing))
            })
            .await
    }

    fn map(
        &self,
        key: &RecordKey,
        offer: Offer,
        _: History<'_, String>,
        _: Timestamp,
    ) -> Mapped<Self> {
        let mishaps = self.systems.mishaps(Stage::Map, std::slice::from_ref(key));
        assert!(mishaps.is_empty(), "on purpose, while mapping");
        let secret = FingerprintKey::new(&SecretString::from(self.secret));
        Mapped {
            fingerprint: secret.fingerprint(&Pii::new(offer.content.clone().into_bytes())),
            place: Some(offer.household.clone()),
            result: match &offer.invalid {
                Some(fault) => Err(fault.clone()),
                None => Ok((Pii::new(offer.household.clone()), offer)),
            },
        }
    }

    async fn locate(&self, offers: &[&Offer], _: LedgerView<'_>) -> BatchResult<Located<Self>> {
        let keys: Vec<_> = offers.iter().map(|offer| offer.key.clone()).collect();
        let located = |key: &RecordKey| {
            let offer = offers.iter().find(|offer| offer.key == *key);
            let place = offer.expect("it was asked for").household.clone();
            Ok(if self.is_shelved(key) {
                Located::InPlace(place)
            } else {
                Located::Missing(())
            })
        };
        self.line().call(Stage::Locate, &keys, located).await
    }

    fn field_names(&self, _: &Offer, (): &()) -> Vec<String> {
        vec!["content".to_owned()]
    }

    async fn write(&self, batch: &[(&Offer, &())]) -> BatchResult<Written<String>> {
        let keys: Vec<_> = batch.iter().map(|(offer, ())| offer.key.clone()).collect();
        let shelve = |key: &RecordKey| {
            let own = batch.iter().find(|(offer, ())| offer.key == *key);
            self.systems.shelf.borrow_mut().push(key.clone());
            let (offer, ()) = own.expect("it was asked for");
            Ok(Written::ToVerify(offer.household.clone()))
        };
        self.line().call(Stage::Write, &keys, shelve).await
    }

    async fn verify(&self, written: &[(&Offer, &String)]) -> BatchResult<Verification<String>> {
        let keys: Vec<_> = written.iter().map(|(offer, _)| offer.key.clone()).collect();
        let verified = |key: &RecordKey| {
            let own = written.iter().find(|(offer, _)| offer.key == *key);
            let (_, place) = own.expect("it was asked for");
            Ok(if self.is_shelved(key) {
                Verification::Verified((*place).clone())
            } else {
                Verification::Gone
            })
        };
        self.line().call(Stage::Verify, &keys, verified).await
    }

    async fn still_there(&self, records: &[(&RecordKey, &String)]) -> BatchResult<bool> {
        let keys: Vec<_> = records.iter().map(|(key, _)| (*key).clone()).collect();
        self.line()
            .call(Stage::Look, &keys, |key| Ok(self.is_shelved(key)))
            .await
    }

    async fn precedence(
        &self,
        notices: &[Notice<String>],
        _: LedgerView<'_>,
    ) -> Result<Vec<Precedence>, Stop> {
        let ranks = self.systems.ranks.borrow();
        let rank = |notice: &Notice<String>| ranks.get(&notice.key).copied();
        let ranks = notices.iter().map(rank);
        Ok(ranks.map(|rank| rank.unwrap_or(Precedence::Told)).collect())
    }

    async fn report(&self, notices: &[Notice<String>]) -> BatchResult<()> {
        let keys: Vec<_> = notices.iter().map(|notice| notice.key.clone()).collect();
        let tell = |key: &RecordKey| {
            let notice = notices.iter().find(|notice| notice.key == *key);
            let notice = notice.expect("it was asked for").clone();
            self.systems.told.borrow_mut().push(notice);
            Ok(())
        };
        self.line().call(Stage::Report, &keys, tell).await
    }
}

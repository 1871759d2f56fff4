//! The made-up workflow: sheets of the source become letters to the destination.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use uuid::Uuid;

use super::destination::{Destination, Word};
use super::pace::Pace;
use super::source::{Change, Kind, Listing, Sheet, Source};
use crate::clock::{Clock, VirtualClock, later};
use crate::deadline::Deadline;
use crate::domain::fingerprint::{Fingerprint, FingerprintKey};
use crate::domain::ids::{InterventionId, TransactionId};
use crate::domain::outcome::Calls;
use crate::domain::pii::Pii;
use crate::domain::reason::{Reason, Stop};
use crate::domain::record::RecordKey;
use crate::domain::system::{System, WorkflowName};
use crate::engine::tests::fate::{Fate, Receiver, Turn};
use crate::engine::{
    Asked, BatchResult, Batches, Confirmation, Discovered, Fault, History, LedgerView, Located,
    Mapped, OnLoss, Opened, Page, SourceKind, Tells, Traits, Workflow, Written,
};

/// The longest a call may take to have its effect.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// A save is dated before it can be seen, so the latest ones are left for the next run.
const UNSETTLED: Duration = Duration::from_secs(5);

/// What the destination is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// It can be asked what it has.
    Askable,
    /// It cannot, and a person looks into what was lost.
    Hold,
    /// It cannot, and what was lost is sent again.
    Resend,
    /// It can be asked, and whatever it answers is its last word.
    Final,
}

/// What the two systems are like, for all runs of a case.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    pub nature: Nature,
    /// Rows of a page of the source's list.
    pub per: usize,
    /// Whether every sheet is read anew before it is sent, or taken as it was listed.
    pub reads_anew: bool,
    /// By how many seconds the source's clock is ahead of ours.
    pub ahead: i64,
    pub start_from: Timestamp,
}

/// What happens during one run, by the number of the call to either system.
#[derive(Clone, Debug, Default)]
pub struct Course {
    /// This call's answer comes only after so long.
    pub slow: Option<(usize, Duration)>,
    /// Changes at the source, each just before this call.
    pub changes: Vec<(usize, Change)>,
}

pub struct Dispatch<'c> {
    pub source: &'c Source,
    pub destination: &'c Destination,
    pub terms: Terms,
    pub course: &'c Course,
    pub calls: Cell<usize>,
    pub fate: &'c Fate,
    pub clock: &'c VirtualClock,
    pub deadline: Deadline,
    pub profile_version: u32,
    /// Where windows began and how many pages were handed out.
    pub windows: &'c RefCell<Vec<(Timestamp, usize)>>,
    pub pace: &'c Pace,
    pub process: usize,
}

pub fn key(number: u32) -> RecordKey {
    InterventionId::new(Uuid::from_u128(number.into())).into()
}

pub fn fingerprint(sheet: &Sheet) -> Fingerprint {
    let secret = SecretString::from("an invented key of the made-up dispatch");
    let fields = format!("{} {}", sheet.number, sheet.revision);
    FingerprintKey::new(&secret).fingerprint(&Pii::new(fields.into_bytes()))
}

pub fn version(sheet: &Sheet) -> String {
    sheet.changed_at.to_string()
}

/// The source's own time.
pub fn source_time(now: Timestamp, ahead: i64) -> Timestamp {
    now + jiff::SignedDuration::from_secs(ahead)
}

/// How a call that went wrong did so.
enum Broken {
    NotSent,
    AnswerLost,
}

impl Dispatch<'_> {
    fn source_now(&self) -> Timestamp {
        source_time(self.clock.now(), self.terms.ahead)
    }

    /// One call to either system: its effect comes at once, or not at all; its answer may be lost, or late.
    async fn call<T>(&self, effect: impl FnOnce() -> T) -> Result<T, Broken> {
        let number = self.calls.get() + 1;
        self.calls.set(number);
        self.pace.step(self.process);
        let due = |(at, _): &&(usize, Change)| *at == number;
        for (_, change) in self.course.changes.iter().filter(due) {
            self.source.change(*change, self.source_now());
        }
        match self.fate.begin(Receiver::System) {
            Turn::Goes => {}
            Turn::Fails => return Err(Broken::NotSent),
            Turn::Never => std::future::pending().await,
        }
        let answer = effect();
        match self.fate.end() {
            Turn::Goes => {}
            Turn::Fails => return Err(Broken::AnswerLost),
            Turn::Never => std::future::pending().await,
        }
        if let Some((at, duration)) = self.course.slow
            && at == number
        {
            self.clock.sleep(duration).await;
            self.pace.stall(self.process).await;
        }
        // Others get their turn between a call and its answer.
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        Ok(answer)
    }

    async fn ask<T>(&self, system: System, effect: impl FnOnce() -> T) -> Result<T, Fault> {
        let answer = self.call(effect).await;
        answer.map_err(|_| Fault::down(system))
    }

    fn located(&self, sheet: &Sheet) -> Result<Located<Self>, Fault> {
        if matches!(self.terms.nature, Nature::Hold | Nature::Resend) {
            return Ok(Located::Missing(()));
        }
        let now = self.clock.now();
        let letters = self.destination.of(sheet.number);
        if letters
            .iter()
            .any(|letter| letter.word(now) == Word::NotYet)
        {
            return Err(Fault::retry(Reason::PingError));
        }
        let mut own = letters.iter().filter(|letter| letter.sheet == *sheet);
        Ok(if own.any(|letter| letter.word(now) == Word::In) {
            Located::InPlace(sheet.number)
        } else {
            Located::Missing(())
        })
    }

    fn written(&self, sheet: &Sheet, transaction: u32) -> Written<u32> {
        match self.terms.nature {
            Nature::Final => Written::InPlace(sheet.number),
            _ => Written::Accepted(sheet.number, TransactionId::new(transaction.to_string())),
        }
    }

    /// What an unanswered write means for a sheet.
    fn lost(&self, sheet: &Sheet) -> Result<Written<u32>, Fault> {
        match self.terms.nature {
            Nature::Hold => Err(Fault::hold(Reason::OutcomeUnknown, Vec::new())),
            _ => Ok(Written::Unsure(sheet.number)),
        }
    }
}

impl Workflow for Dispatch<'_> {
    type Offer = Sheet;
    type Source = Sheet;
    type Record = Sheet;
    type Plan = ();
    type Place = u32;
    type Pages = Listing;

    fn traits(&self) -> Traits {
        Traits {
            name: WorkflowName::DecisionsToProgres,
            source_kind: SourceKind::Changes {
                start_from: self.terms.start_from,
                overlap: Duration::from_mins(10),
            },
            tells: Tells::Nothing,
            unaskable: match self.terms.nature {
                Nature::Askable | Nature::Final => None,
                Nature::Hold => Some(OnLoss::Hold),
                Nature::Resend => Some(OnLoss::Resend),
            },
        }
    }

    fn batches(&self) -> Batches {
        Batches {
            fetch: 2,
            locate: 3,
            write: 2,
            verify: 1,
            report: 1,
        }
    }

    fn calls(&self) -> Calls {
        Calls {
            primero: self.calls.get() as u64,
            ..Calls::default()
        }
    }

    fn failed_calls(&self) -> Calls {
        Calls::default()
    }

    async fn prepare(&self, _: LedgerView<'_>) -> Result<(), Stop> {
        let ready = self.ask(System::Ping, || ()).await;
        ready.map_err(|_| Stop::Unavailable(System::Ping))
    }

    async fn open(&self, from: Option<Timestamp>) -> Result<Opened<Listing>, Stop> {
        let from = from.expect("a window begins somewhere");
        let now = self.ask(System::Primero, || self.source_now()).await;
        let now = now.map_err(|_| Stop::Unavailable(System::Primero))?;
        let until = now - jiff::SignedDuration::try_from(UNSETTLED).expect("it is short");
        self.windows.borrow_mut().push((from, 0));
        Ok(Opened {
            pages: Listing::new(from, until, self.terms.per),
            until: Some(until),
        })
    }

    async fn next_page(&self, pages: &mut Listing) -> Result<Option<Page<Self>>, Stop> {
        let listed = || pages.next(self.source, self.source_now());
        let listed = self.ask(System::Primero, listed).await;
        let listed = listed.map_err(|_| Stop::Unavailable(System::Primero))?;
        let Some((sheets, reached)) = listed else {
            return Ok(None);
        };
        if let Some((_, pages)) = self.windows.borrow_mut().last_mut() {
            *pages += 1;
        }
        let discovered = |sheet: Sheet| Discovered {
            version: Some(version(&sheet)),
            place: Some(sheet.number),
            offer: Some(sheet),
            ..Discovered::named(key(sheet.number))
        };
        Ok(Some(Page {
            records: sheets.into_iter().map(discovered).collect(),
            reached,
        }))
    }

    async fn fetch(&self, asked: &[Asked<'_, Self>]) -> BatchResult<Sheet> {
        let listed = |record: &Asked<'_, Self>| match record.offer {
            Some(sheet) if !self.terms.reads_anew => *sheet,
            _ => self
                .source
                .read(*record.place.expect("the ledger or the list tells")),
        };
        let read = || asked.iter().map(|record| Ok(listed(record))).collect();
        Ok(self.ask(System::Primero, read).await?)
    }

    fn map(&self, _: &RecordKey, sheet: Sheet, _: History<'_, u32>, _: Timestamp) -> Mapped<Self> {
        let held = |reason| Err(Fault::hold(reason, vec!["kind".to_owned()]));
        Mapped {
            fingerprint: fingerprint(&sheet),
            place: Some(sheet.number),
            result: match sheet.kind {
                Kind::Unmappable => held(Reason::MissingRequiredField),
                Kind::Unknown { under } if self.profile_version <= under => {
                    held(Reason::UnmappedService)
                }
                Kind::NotOurs => Err(Fault::skip(Reason::Withdrawn)),
                // Two sheets share a household, so that some wait for each other.
                _ => Ok((Pii::new((sheet.number / 2).to_string()), sheet)),
            },
        }
    }

    async fn locate(&self, sheets: &[&Sheet], _: LedgerView<'_>) -> BatchResult<Located<Self>> {
        let located = || sheets.iter().map(|sheet| self.located(sheet)).collect();
        Ok(self.ask(System::Ping, located).await?)
    }

    fn field_names(&self, _: &Sheet, (): &()) -> Vec<String> {
        vec!["kind".to_owned()]
    }

    async fn write(&self, batch: &[(&Sheet, &())]) -> BatchResult<Written<u32>> {
        let now = self.clock.now();
        if later(now, CALL_TIMEOUT) > self.deadline.last_answer() {
            return Ok(batch.iter().map(|_| Err(Fault::defer())).collect());
        }
        let sheets: Vec<&Sheet> = batch.iter().map(|(sheet, ())| *sheet).collect();
        let doubles = self.terms.nature == Nature::Resend;
        let take = || self.destination.take(&sheets, now, doubles);
        match self.call(take).await {
            Ok(transaction) => Ok(sheets
                .iter()
                .map(|sheet| Ok(self.written(sheet, transaction)))
                .collect()),
            Err(Broken::NotSent) => Err(Fault::down(System::Ping).into()),
            Err(Broken::AnswerLost) => Ok(sheets.iter().map(|sheet| self.lost(sheet)).collect()),
        }
    }

    async fn confirm(
        &self,
        transaction: &TransactionId,
        records: &[(&RecordKey, &u32)],
    ) -> BatchResult<Confirmation<u32>> {
        let now = self.clock.now();
        let transaction = transaction.to_string();
        let said = |number: u32| match self.destination.word(&transaction, number, now) {
            Some(Word::In) => Confirmation::Confirmed,
            Some(Word::Rejected) => Confirmation::Rejected,
            Some(Word::NotYet) => Confirmation::NotYet,
            None => Confirmation::Unknown,
        };
        let all = || {
            records
                .iter()
                .map(|(_, number)| Ok(said(**number)))
                .collect()
        };
        Ok(self.ask(System::Ping, all).await?)
    }
}

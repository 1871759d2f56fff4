//! The made-up workflow: letters from the register to the office.

use std::collections::HashSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use super::super::line::Line;
use super::super::systems::{Stage, key};
use super::register::{Answers, Letter, Office, Receipt, Register, Standing, Verdict};
use crate::clock::Clock;
use crate::domain::fingerprint::{Fingerprint, FingerprintKey};
use crate::domain::ids::TransactionId;
use crate::domain::outcome::Calls;
use crate::domain::pii::Pii;
use crate::domain::reason::{Reason, Stop};
use crate::domain::record::RecordKey;
use crate::domain::system::{System, WorkflowName};
use crate::engine::{
    Asked, BatchResult, Batches, CallError, Confirmation, Discovered, Fault, FaultKind, History,
    LedgerView, Located, Mapped, Notice, OnLoss, Opened, Page, SourceKind, Tells, Traits,
    Verification, Workflow, Written,
};

/// A letter with this content or a higher one cannot be sent.
pub const BLANK: u32 = 100;

/// The register answers changes up to this long before its own present.
const SETTLING: SignedDuration = SignedDuration::from_secs(5);

pub struct Post<'s> {
    pub line: Line<'s>,
    pub register: &'s Register,
    pub office: &'s Office,
    pub batches: Batches,
    pub unaskable: Option<OnLoss>,
    pub tells: Tells,
    pub start_from: Timestamp,
    pub overlap: Duration,
    /// Letters a page.
    pub per: usize,
    /// Letters of one bundle are sent one after another.
    pub bundles: u128,
    pub fresh_for: Option<Duration>,
    pub secret: &'s str,
}

/// Pages of a window, in whole seconds.
pub struct Pages {
    at: i64,
    until: i64,
    handed: HashSet<(RecordKey, Timestamp)>,
    over: bool,
}

impl Post<'_> {
    fn page(&self, pages: &mut Pages) -> Page<Self> {
        let second = |letter: &Letter| letter.saved_at.as_second();
        let mut shown: Vec<Letter> = self.register.letters.borrow().clone();
        shown.retain(|letter| (pages.at..=pages.until).contains(&second(letter)));
        shown.sort_by_key(|letter| (letter.saved_at, letter.key.clone()));
        if shown.len() > self.per {
            let last = second(&shown[self.per - 1]);
            if last == pages.at {
                shown.retain(|letter| second(letter) == last);
                pages.at = last + 1;
            } else {
                shown.truncate(self.per);
                pages.at = last;
            }
        } else {
            pages.over = true;
        }
        let reached = shown.last().map(second);
        shown.retain(|letter| pages.handed.insert((letter.key.clone(), letter.saved_at)));
        Page {
            records: shown.into_iter().map(discovered).collect(),
            reached: reached.map(|at| Timestamp::from_second(at).expect("it is a time")),
        }
    }

    fn receive(&self, letter: &Letter, transaction: &TransactionId, standing: Standing) {
        self.office.receipts.borrow_mut().push(Receipt {
            key: letter.key.clone(),
            content: letter.content,
            transaction: transaction.clone(),
            standing,
        });
    }

    fn stands(&self, transaction: &TransactionId, key: &RecordKey, standing: Standing) {
        for receipt in self.office.receipts.borrow_mut().iter_mut() {
            if receipt.transaction == *transaction && receipt.key == *key {
                receipt.standing = standing;
            }
        }
    }
}

impl Workflow for Post<'_> {
    type Offer = ();
    type Source = Letter;
    type Record = Letter;
    type Plan = ();
    type Place = String;
    type Pages = Pages;

    fn traits(&self) -> Traits {
        Traits {
            name: WorkflowName::ReferralsToPrimero,
            source_kind: SourceKind::Changes {
                start_from: self.start_from,
                overlap: self.overlap,
            },
            tells: self.tells,
            unaskable: self.unaskable,
        }
    }

    fn batches(&self) -> Batches {
        self.batches
    }

    fn calls(&self) -> Calls {
        Calls::default()
    }

    fn failed_calls(&self) -> Calls {
        Calls::default()
    }

    async fn prepare(&self, _: LedgerView<'_>) -> Result<(), Stop> {
        Ok(())
    }

    async fn open(&self, from: Option<Timestamp>) -> Result<Opened<Pages>, Stop> {
        let until = self.line.clock.now();
        let until = until.checked_sub(SETTLING).expect("within all time");
        Ok(Opened {
            pages: Pages {
                at: from.expect("a window").as_second(),
                until: until.as_second(),
                handed: HashSet::new(),
                over: false,
            },
            until: Some(until),
        })
    }

    async fn next_page(&self, pages: &mut Pages) -> Result<Option<Page<Self>>, Stop> {
        if pages.over {
            return Ok(None);
        }
        match self.line.call(Stage::Discover, &[], |_| Ok(())).await {
            Ok(_) => Ok(Some(self.page(pages))),
            Err(CallError::Run(stop)) => Err(stop),
            Err(CallError::Record(_)) => Err(Stop::Unavailable(System::Primero)),
        }
    }

    async fn fetch(&self, asked: &[Asked<'_, Self>]) -> BatchResult<Letter> {
        let keys: Vec<_> = asked.iter().map(|record| record.key.clone()).collect();
        let fetched = |key: &RecordKey| {
            let letter = self.register.letter(key);
            letter.ok_or(Fault::retry(Reason::DetailsMissing))
        };
        self.line.call(Stage::Fetch, &keys, fetched).await
    }

    fn fresh_for(&self) -> Option<Duration> {
        self.fresh_for
    }

    fn found(&self) -> Vec<Discovered<Self>> {
        let found = std::mem::take(&mut *self.register.found.borrow_mut());
        found
            .into_iter()
            .map(|number| Discovered::named(key(number)))
            .collect()
    }

    fn map(
        &self,
        key: &RecordKey,
        letter: Letter,
        history: History<'_, String>,
        _: Timestamp,
    ) -> Mapped<Self> {
        let known = (key.clone(), history.done, history.released);
        self.register.histories.borrow_mut().push(known);
        let mishaps = self
            .line
            .systems
            .mishaps(Stage::Map, std::slice::from_ref(key));
        assert!(mishaps.is_empty(), "on purpose, while mapping");
        let place = history.place.cloned();
        let bundle = key.as_str().bytes().map(u128::from).sum::<u128>() % self.bundles;
        Mapped {
            fingerprint: print_of(self.secret, letter.content),
            place: place.or_else(|| Some("pigeonhole".to_owned())),
            result: match &letter.invalid {
                Some(fault) => Err(fault.clone()),
                None if letter.content >= BLANK => {
                    Err(Fault::hold(Reason::MissingRequiredField, Vec::new()))
                }
                None => Ok((Pii::new(format!("bundle {bundle}")), letter)),
            },
        }
    }

    async fn locate(&self, letters: &[&Letter], _: LedgerView<'_>) -> BatchResult<Located<Self>> {
        let keys: Vec<_> = letters.iter().map(|letter| letter.key.clone()).collect();
        let located = |key: &RecordKey| {
            let letter = letters.iter().find(|letter| letter.key == *key);
            let content = letter.expect("it was asked for").content;
            let there = self.unaskable.is_none() && self.office.latest(key) == Some(content);
            Ok(if there {
                Located::InPlace("desk".to_owned())
            } else {
                Located::Missing(())
            })
        };
        self.line.call(Stage::Locate, &keys, located).await
    }

    fn field_names(&self, _: &Letter, (): &()) -> Vec<String> {
        vec!["content".to_owned()]
    }

    async fn write(&self, batch: &[(&Letter, &())]) -> BatchResult<Written<String>> {
        let keys: Vec<_> = batch
            .iter()
            .map(|(letter, ())| letter.key.clone())
            .collect();
        let transaction = self.office.next_transaction();
        let send = |key: &RecordKey| {
            let own = batch.iter().find(|(letter, ())| letter.key == *key);
            let (letter, ()) = own.expect("it was asked for");
            let desk = "desk".to_owned();
            Ok(match self.office.answers.get() {
                Answers::Accepts => {
                    self.receive(letter, &transaction, Standing::Open);
                    Written::Accepted(desk, transaction.clone())
                }
                Answers::InPlace => {
                    self.receive(letter, &transaction, Standing::In);
                    Written::InPlace(desk)
                }
                Answers::ToVerify => {
                    self.receive(letter, &transaction, Standing::In);
                    Written::ToVerify(desk)
                }
                Answers::Unsure => Written::Unsure("perhaps on the desk".to_owned()),
                Answers::Closed => Written::Otherwise(desk, Fault::down(System::Primero)),
            })
        };
        match self.line.call(Stage::Write, &keys, send).await {
            // Whether it arrived cannot be asked, so it is not sent again.
            Err(CallError::Record(fault))
                if self.unaskable == Some(OnLoss::Hold)
                    && matches!(fault.kind, FaultKind::Retry { .. }) =>
            {
                Err(Fault::hold(Reason::OutcomeUnknown, Vec::new()).into())
            }
            answer => answer,
        }
    }

    async fn verify(&self, written: &[(&Letter, &String)]) -> BatchResult<Verification<String>> {
        let keys: Vec<_> = written
            .iter()
            .map(|(letter, _)| letter.key.clone())
            .collect();
        let verified = |key: &RecordKey| {
            Ok(match self.office.latest(key) {
                Some(_) => Verification::Verified("desk".to_owned()),
                None => Verification::Gone,
            })
        };
        self.line.call(Stage::Verify, &keys, verified).await
    }

    async fn confirm(
        &self,
        transaction: &TransactionId,
        records: &[(&RecordKey, &String)],
    ) -> BatchResult<Confirmation<String>> {
        let keys: Vec<_> = records.iter().map(|(key, _)| (*key).clone()).collect();
        let said = |key: &RecordKey| {
            Ok(match self.office.verdict_on(key) {
                Verdict::Confirms => {
                    self.stands(transaction, key, Standing::In);
                    Confirmation::Confirmed
                }
                Verdict::Rejects => {
                    self.stands(transaction, key, Standing::Refused);
                    Confirmation::Rejected
                }
                Verdict::NotYet => Confirmation::NotYet,
                Verdict::Mumbles => Confirmation::Unknown,
                Verdict::Omits => Confirmation::Incomplete("perhaps on the desk".to_owned()),
                Verdict::Forgot => Confirmation::Unsure("perhaps on the desk".to_owned()),
            })
        };
        self.line.call(Stage::Confirm, &keys, said).await
    }

    async fn report(&self, notices: &[Notice<String>]) -> BatchResult<()> {
        let keys: Vec<_> = notices.iter().map(|notice| notice.key.clone()).collect();
        let tell = |key: &RecordKey| {
            let notice = notices.iter().find(|notice| notice.key == *key);
            let notice = notice.expect("it was asked for").clone();
            self.line.systems.told.borrow_mut().push(notice);
            Ok(())
        };
        self.line.call(Stage::Report, &keys, tell).await
    }
}

/// The fingerprint of a letter with this content.
pub fn print_of(secret: &str, content: u32) -> Fingerprint {
    let secret = FingerprintKey::new(&SecretString::from(secret));
    secret.fingerprint(&Pii::new(content.to_be_bytes().to_vec()))
}

fn discovered<W: Workflow<Place = String>>(letter: Letter) -> Discovered<W> {
    Discovered {
        version: Some(letter.saved_at.to_string()),
        place: Some("pigeonhole".to_owned()),
        fault: letter.unusable,
        ..Discovered::named(letter.key)
    }
}

//! What is proven of a deployment before the first child's data moves, and of every run before its first write and its cursor.
//!
//! Each check is one function that looks at the `Ground` and answers the faults it found; the table of all of them is
//! `domain/check.rs`. What they look at is read once a run, however many of them look. A fault of the severity "stop" ends the run;
//! the report names all that was found.

mod doctor;
mod forms;
mod gate;
mod ground;
mod kinds;
mod options;
mod people;
mod scope;
mod sent;
mod settings;
mod trust;

use std::cell::{Cell, RefCell};

pub use self::doctor::{
    Doctor, Examined, Finding, Looked, Mapped, Thoroughness, faults, without_consequences,
};
pub use self::forms::MappedFields;
pub use self::ground::Ground;
pub use self::sent::SourceKeys;
pub use self::settings::{session, warnings};
use crate::domain::check::{Check, CheckKey, Severity};
use crate::domain::ids::CaseRecordId;
use crate::domain::reason::Stop;
use crate::domain::system::System;
use crate::engine::LedgerView;
use crate::primero::PrimeroClient;
use crate::profile::Profile;
use crate::progres::PingClient;
use crate::transport::GateError;

/// The checks of one run, and what they found.
pub struct Preflight<'r> {
    ground: Ground<'r>,
    found: RefCell<Vec<Check>>,
    /// Whether it was looked which fields are there to be read.
    looked: Cell<bool>,
}

impl<'r> Preflight<'r> {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(profile: &'r Profile, primero: &'r PrimeroClient) -> Self {
        Self {
            ground: Ground::new(profile, primero),
            found: RefCell::default(),
            looked: Cell::new(false),
        }
    }

    /// What was found so far, each thing once.
    #[must_use]
    pub fn found(&self) -> Vec<Check> {
        self.found.borrow().clone()
    }

    /// Looks at the whole deployment: the first act of a dry run and of a first run.
    pub async fn examine(
        &self,
        ping: &PingClient,
        mapped: &Mapped,
        ledger: LedgerView<'_>,
    ) -> Result<(), Stop> {
        let doctor = Doctor {
            ground: &self.ground,
            ping,
            mapped,
            ledger: Some(ledger),
            now: ledger.now(),
            thoroughness: Thoroughness::default(),
        };
        let examined = Box::pin(doctor.examine()).await;
        let mut first = Ok(());
        for Finding { check, stop } in examined.findings {
            let ends = self.judge(vec![check], Some(ledger));
            // What the system itself said tells more.
            first = first.and(ends.map_err(|end| stop.unwrap_or(end)));
        }
        first
    }

    /// Proves that the user sees the cases of everybody. `may_be_empty` allows an installation without any case.
    pub async fn scope(&self, ledger: LedgerView<'_>, may_be_empty: bool) -> Result<(), Stop> {
        let found = Box::pin(scope::scope(&self.ground, ledger, may_be_empty)).await;
        self.judge(found.map_err(not_ready)?, Some(ledger))
    }

    /// The same where changes are followed: the number of cases that are seen is remembered.
    pub async fn scope_of_changes(&self, ledger: LedgerView<'_>) -> Result<(), Stop> {
        let found = Box::pin(scope::scope_of_changes(&self.ground, ledger)).await;
        self.judge(found.map_err(not_ready)?, Some(ledger))
    }

    /// Proves that cases can be written whole: module, fields, forms that the role writes, and the intake user.
    pub async fn writing_cases(
        &self,
        ledger: LedgerView<'_>,
        mapped: &MappedFields,
    ) -> Result<(), Stop> {
        let ground = &self.ground;
        let (fields, forms, intake) = futures::join!(
            Box::pin(forms::fields(ground, mapped)),
            Box::pin(forms::writable(ground, mapped)),
            Box::pin(people::intake_user(ground)),
        );
        let mut found = fields.map_err(not_ready)?;
        found.extend(forms.map_err(not_ready)?);
        found.extend(intake.map_err(not_ready)?);
        self.judge(found, Some(ledger))
    }

    /// Looks, once a run, which of the fields that are read no form has. Nothing is stopped by that.
    pub async fn fields_read(&self, mapped: &MappedFields) {
        if self.looked.replace(true) {
            return;
        }
        if let Ok(found) = Box::pin(forms::fields(&self.ground, mapped)).await {
            self.note(found);
        }
    }

    /// The owner of the first case that was created shows whether Primero knows the intake user.
    pub fn owner_of_created(
        &self,
        case: CaseRecordId,
        owner: Option<&str>,
        intake: Option<&str>,
    ) -> Result<(), Stop> {
        let found = people::owner_of_created(case, owner, intake);
        self.judge(found.into_iter().collect(), None)
    }

    /// Keeps what was found, and stops the run by the first thing that must and that nobody has accepted.
    fn judge(&self, mut found: Vec<Check>, ledger: Option<LedgerView<'_>>) -> Result<(), Stop> {
        for check in &mut found {
            let may = CheckKey::named(&check.key).is_some_and(CheckKey::may_be_accepted);
            let is_accepted = ledger.is_some_and(|ledger| ledger.accepts(&check.key));
            check.accepted = may && is_accepted && check.severity == Severity::Stop;
        }
        let stop = found.iter().find_map(stop_of);
        self.note(found);
        stop.map_or(Ok(()), Err)
    }

    /// What was found before under the same key is not told again in other words.
    fn note(&self, found: Vec<Check>) {
        let mut all = self.found.borrow_mut();
        let before = all.len();
        for check in found {
            let is_known = |known: &Check| known.key == check.key;
            let again =
                all[..before].iter().any(is_known) && check.key != CheckKey::Unchecked.code();
            if !again && !all.contains(&check) {
                log(&check);
                all.push(check);
            }
        }
    }
}

/// One line a finding: its key and what it means. What was found stands in the report.
fn log(check: &Check) {
    tracing::warn!(
        check = &*check.key,
        severity = %check.severity,
        accepted = check.accepted.then_some(true),
        "a check found a fault"
    );
}

/// The error that a fault ends the run with; none for one that lets it go on.
fn stop_of(check: &Check) -> Option<Stop> {
    if check.severity != Severity::Stop || check.accepted {
        return None;
    }
    let found = check.found.clone();
    Some(match CheckKey::named(&check.key)? {
        CheckKey::PrimeroScope | CheckKey::PrimeroVisibleCases => Stop::ScopeNotProven(found),
        CheckKey::PrimeroModule => Stop::UnknownModule(found),
        CheckKey::PrimeroFields => Stop::FieldNotAccepted(found),
        CheckKey::PrimeroWritableForms => Stop::FormNotWritable(found),
        CheckKey::PrimeroIntakeUser => Stop::IntakeUserUnknown(found),
        key => Stop::CheckFailed {
            check: key.code(),
            found,
        },
    })
}

/// What could not be read proves nothing, so the run cannot go on.
fn not_ready(error: GateError) -> Stop {
    match error.of_the_system() {
        GateError::Run(stop) => stop,
        GateError::Refused { status, .. } => Stop::UnreadableAnswer {
            system: System::Primero,
            route: "checks before the run",
            place: format!("status {status}"),
        },
        _ => Stop::Unavailable(System::Primero),
    }
}

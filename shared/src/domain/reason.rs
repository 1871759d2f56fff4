//! Why a record was not delivered, or a run was stopped: every code that a person can meet, in one place.
//!
//! `docs/REASONS.md` is the same table for people; a test keeps the two equal.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use super::system::System;

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $variant:ident = $code:literal,)+) => {
        /// Why a record is held, will be retried or was skipped. The code stands in the ledger, reports, logs and metrics.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum Reason {
            $($(#[doc = $doc])+ #[serde(rename = $code)] $variant,)+
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code, in snake case.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// What it means and what to do, one paragraph.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim(),)+ }
            }
        }
    };
}

reasons! {
    /// Fields that the referral cannot do without are empty at the source; all are named. Fill them in there.
    MissingRequiredField = "missing_required_field",
    /// A date is no real calendar date, a time that is no midnight at the office (`progres.time_zone`), or no possible birth. Correct it at the source. A birth of tonight is tried again by itself.
    InvalidDate = "invalid_date",
    /// The service is not in the profile's table `service_in` or, on its way out, `service_out`. Add it there, or correct it at the source.
    UnmappedService = "unmapped_service",
    /// A code is not in the option set of its field, or the profile has no word for it. It is never guessed.
    UnknownCode = "unknown_code",
    /// The source has several rows for one intervention that differ in the named fields. Correct it there.
    ContradictingRows = "contradicting_rows",
    /// The source's answer for this record does not have the shape of the contract, at the named place.
    UnreadableRecord = "unreadable_record",
    /// Several cases in Primero carry the child's number, or one intervention, and none is clearly the right one. Merge or disable the others; it is looked for again, or release it.
    AmbiguousCase = "ambiguous_case",
    /// The child's only case in Primero is closed. Reopen it; it is looked for again within the hour, or release it. Or set `primero.closed_case` to `append`. Where a status is named, the case was transferred, is a duplicate or the like: settle in Primero which case is the right one, then release.
    CaseClosed = "case_closed",
    /// The child has a case in Primero only in another module, where nothing is written. Make one in the module of the profile, or move it there; it is looked for again within the hour, or release it.
    CaseOfAnotherModule = "case_of_another_module",
    /// The case that we would create exists already but is another child's, or disabled. Check it in Primero, then release.
    CaseIdentityChanged = "case_identity_changed",
    /// The service is in Primero but has lost its intervention number, so its decision could not go back. Restore the number; it is looked for again within the hour, or release it.
    InterventionNumberLost = "intervention_number_lost",
    /// Primero refused the record for the named fields, or the request as a whole. Correct the data or the profile.
    RefusedByPrimero = "refused_by_primero",
    /// PING refused the record's report. The transaction id, where there is one, is what UNHCR's helpdesk asks for.
    RefusedByPing = "refused_by_ping",
    /// Reported to proGres three more times and still listed as pending there. Ask UNHCR, then release.
    StillPendingAtSource = "still_pending_at_source",
    /// A fault of this software while it worked on the record. Please report it with the run id, then release.
    InternalError = "internal_error",
    /// Tried as often as the profile allows. The last passing reason is in the log; release to start over.
    AttemptsExhausted = "attempts_exhausted",
    /// Listed by the source, but its details were not in the answer. Tried again later.
    DetailsMissing = "details_missing",
    /// PING answered for this record alone with an error message. Tried again later.
    PingError = "ping_error",
    /// PING could not be reached or was not ready. Tried again later.
    PingUnavailable = "ping_unavailable",
    /// Primero could not be reached or was not ready. Tried again later.
    PrimeroUnavailable = "primero_unavailable",
    /// Written three times, and each time gone when read back: somebody is saving the same case. Tried again later.
    NotVerified = "not_verified",
    /// The service's `progres_interventionnumber` lacks one of its three parts, so proGres cannot be told of the decision. Complete it in Primero.
    LegacyInterventionNumber = "legacy_intervention_number",
    /// It is unknown whether the destination took the record, and it cannot be asked. Look there, then release to send again.
    OutcomeUnknown = "outcome_unknown",
    /// Accepted by PING at first and rejected later. The transaction id is what UNHCR's helpdesk asks for. Correct the data, then release.
    RejectedByProgres = "rejected_by_progres",
    /// PING never said what became of the record. Ask UNHCR by the transaction id, then release to send again.
    ConfirmationOverdue = "confirmation_overdue",
    /// The decision was taken back in Primero before it reached proGres. It is sent when the service is decided again.
    DecisionWithdrawn = "decision_withdrawn",
    /// The decision was taken back in Primero after proGres was told. Decide anew in Primero, or tell UNHCR.
    DecisionTakenBack = "decision_taken_back",
    /// A disabled case has a decision that proGres was not told, and no enabled case is known to have the intervention. Enable it, or decide on the case that took its place.
    CaseDisabled = "case_disabled",
    /// The decision was sent, but whether its comment arrived is unknown; it was not sent twice.
    CommentUnconfirmed = "comment_unconfirmed",
    /// Referred again after UNHCR had closed the first submission. Release to send it, or set `progres.referred_again` to `send`.
    ReferredAgain = "referred_again",
    /// A referral to proGres that names no service, so there is nothing to request. Refer from a service of the case.
    ReferralWithoutService = "referral_without_service",
    /// The referral was withdrawn, rejected, accepted or finished in Primero before it was sent.
    NotPending = "not_pending",
    /// A service for UNHCR that nobody has referred yet.
    NotReferred = "not_referred",
    /// A service for UNHCR that is referred to another user, to another system or to nobody known, and not to `primero.progres_user`. Refer it to that user if UNHCR is meant.
    ReferredToAnother = "referred_to_another",
    /// The referral is older than `window.start_from` of the profile.
    BeforeStart = "before_start",
    /// Workflow 1.1 is just telling proGres that the referral arrived; the decision goes in the next run, so that nothing overtakes it.
    ReceiptUnderWay = "receipt_under_way",
    /// The fields that record the child's consent are not set, and the worker did not override them. Record the consent in Primero.
    ConsentNotGiven = "consent_not_given",
    /// Sent, but with the fallback contact of the profile in place of what the case worker's profile lacks. Complete it in Primero.
    ContactSubstituted = "contact_substituted",
    /// Consent was taken back, or the referral revoked, after it was sent. UNHCR has the child's data: tell UNHCR.
    WithdrawnAfterSending = "withdrawn_after_sending",
    /// The two codes of UNHCR's decision contradict each other. Ask UNHCR to correct it.
    ContradictingCodes = "contradicting_codes",
    /// No case or no referral in Primero belongs to this decision of UNHCR. Looked for again from time to time.
    NoMatchingReferral = "no_matching_referral",
    /// The individual number of this case has a blank, another dash or a mark that nobody sees, so it is not found by its number, and a second case may be made of the child. Write the number anew in Primero.
    UntidyNumber = "untidy_number",
    /// Several referrals of the service may be meant: one was made on the very day of UNHCR's decision, and nothing says whether before it. Look in proGres and answer it by hand in Primero, or release to answer the pending one, else the newest.
    AmbiguousReferral = "ambiguous_referral",
    /// proGres has the referral as known to Primero, by somebody else's mark. Nothing is left to do.
    AlreadyFinished = "already_finished",
    /// The referral was taken back in Primero before UNHCR decided.
    Withdrawn = "withdrawn",
    /// The referral in Primero stands otherwise than UNHCR decided and can no longer be changed. Settle it by hand, then release.
    ReferralNotPending = "referral_not_pending",
    /// The run was asked to stop before the answer came home. The next run asks what became of it.
    UnderWay = "under_way",
    /// The user may not touch this record, or it is not there any more. Give the role access, or look for the record. Looked at again daily.
    NoAccess = "no_access",
    /// Refused in three runs as others were, with nothing taken between. Correct the role, the secret or the profile: a change of either opens it.
    RefusedAlike = "refused_alike",
    /// The ledger's row of this record cannot be read, so nothing is done with it. Restore the row from a backup, or report it with the key.
    UnreadableRow = "unreadable_row",
    /// Written at the destination, but the ledger could not keep it. A later run looks for it there before anything else.
    LedgerUnavailable = "ledger_unavailable",
    /// A reason that this release does not know: a newer one wrote it. Use that release again, or release the record after a look.
    Other = "other",
    /// A person asked for this key, and neither the source nor the ledger knows it.
    NotFound = "not_found",
}

impl Reason {
    /// Whether only a person may let the record go on: it may be at a destination that cannot be asked, so changed data must not send
    /// it again.
    #[must_use]
    pub const fn opens_only_by_release(self) -> bool {
        self.may_be_there_already() || matches!(self, Self::Other)
    }

    /// Whether the record may be at a destination that cannot be asked, so that only a person who names it lets it go on.
    #[must_use]
    pub const fn may_be_there_already(self) -> bool {
        matches!(self, Self::OutcomeUnknown | Self::ConfirmationOverdue)
    }
}

impl Reason {
    /// Whether a held record is worked on again after a day: nothing at the source would show that what kept it is over.
    #[must_use]
    pub const fn opens_by_itself(self) -> bool {
        matches!(self, Self::NoAccess)
    }

    /// Whether a look at Primero shows that what kept a record is over: nothing at the source would.
    #[must_use]
    pub const fn shows_in_primero(self) -> bool {
        matches!(
            self,
            Self::AmbiguousCase
                | Self::CaseClosed
                | Self::CaseOfAnotherModule
                | Self::InterventionNumberLost
                | Self::AmbiguousReferral
        )
    }
}

impl Reason {
    /// Whether it is a remark: it stands beside any state, and holds nothing.
    #[must_use]
    pub const fn is_remark(self) -> bool {
        matches!(
            self,
            Self::ContactSubstituted
                | Self::CommentUnconfirmed
                | Self::UntidyNumber
                | Self::WithdrawnAfterSending
                | Self::DecisionTakenBack
        )
    }

    /// Whether it is a remark on a case as a whole, which is no record.
    #[must_use]
    pub const fn is_of_a_case(self) -> bool {
        matches!(self, Self::UntidyNumber)
    }

    /// Whether it is a remark on the last thing that was sent, so that what is sent next takes its place.
    #[must_use]
    pub const fn is_of_a_write(self) -> bool {
        matches!(self, Self::ContactSubstituted | Self::CommentUnconfirmed)
    }
}

/// A code that this release does not know reads as [`Reason::Other`]: one row of a newer release must not stop a workflow.
impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let code = String::deserialize(reader)?;
        let known = Self::ALL.iter().find(|reason| reason.code() == code);
        Ok(known.copied().unwrap_or(Self::Other))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code())
    }
}

/// Why a run cannot go on. It becomes the function's error type; the run's report is saved all the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// The system refused our sign-in. It is tried once and not again: Primero locks an account after six tries.
    #[error(
        "authentication_failed({0}): sign-in was refused, and is not tried again before the secret changes"
    )]
    AuthenticationFailed(System),
    /// The system lets us in but not to this route.
    #[error("permission_denied({system}): the user may not use {route}")]
    PermissionDenied {
        /// Which system.
        system: System,
        /// The route, without ids.
        route: &'static str,
    },
    /// The system does not know a route that every installation has: the URL leads elsewhere.
    #[error(
        "no_such_route({system}): {route} is not there; is the URL in the secret (base_url, url) the root?"
    )]
    NoSuchRoute {
        /// Which system.
        system: System,
        /// The route, without ids.
        route: &'static str,
    },
    /// Primero took the password and gave no token: 2.11 and later releases give none.
    #[error(
        "token_not_given(primero): this release gives no token; set auth to basic or session in the secret"
    )]
    TokenNotGiven,
    /// Primero leaves a field out of every row, which means that the role may not read it.
    #[error("field_not_readable({0}): no case shows the field; give the role the form that has it")]
    FieldNotReadable(&'static str),
    /// Five records in a row were refused without a field named, and none was taken between.
    #[error(
        "refused_alike({system}): five records in a row were refused ({reason}), so it is no record's fault; they go last next time"
    )]
    RefusedAlike {
        /// The system that refused.
        system: System,
        /// What each of them met.
        reason: Reason,
    },
    /// The system cannot be reached, or fails again and again.
    #[error("destination_unavailable({0}): nothing is lost, the next run continues")]
    Unavailable(System),
    /// The system answered in a way that the contract does not know.
    #[error("unreadable_answer({system}): {route} answered out of contract at {place}")]
    UnreadableAnswer {
        /// Which system.
        system: System,
        /// The route, without ids.
        route: &'static str,
        /// Where it broke: a path or a rule, never a value.
        place: String,
    },
    /// PING answered a list with an error message.
    #[error("ping_error: {route} answered with an error message, transaction {transaction}")]
    PingError {
        /// The route, without ids.
        route: &'static str,
        /// PING's transaction id, or `none`.
        transaction: String,
    },
    /// Primero returned a case that nobody asked for: it ignored our filter, and writing would touch another child's case.
    #[error(
        "filter_not_applied: Primero ignored the filter on {field}; check the role's permissions"
    )]
    FilterNotApplied {
        /// The field we filtered on.
        field: &'static str,
    },
    /// A look-up did not return the entry that is known to exist, so "none" cannot be trusted.
    #[error(
        "control_missing: Primero's look-up did not return a case known to exist; no answer can be trusted"
    )]
    ControlMissing,
    /// No case in Primero has an individual number, so no look-up can be checked.
    #[error(
        "no_control_case: no visible case has {field}; the user may see some cases only, so give its role those of everybody; if Primero is really empty, set primero.allow_empty (first runs only)"
    )]
    NoControlCase {
        /// The field that no case has.
        field: &'static str,
    },
    /// Primero has no place for a field that the round trip needs.
    #[error(
        "field_not_accepted({0}): add the fields to Primero's forms, or decisions can never go back"
    )]
    FieldNotAccepted(String),
    /// The user sees some cases only, or it cannot be shown that it sees all.
    #[error(
        "scope_not_proven: it is not shown that the user sees the cases of everybody ({0}); give its role in Primero access to all cases"
    )]
    ScopeNotProven(String),
    /// Primero has no case form for the profile's module.
    #[error(
        "unknown_module({0}): Primero has no case form of this module; correct primero.module_id"
    )]
    UnknownModule(String),
    /// The role may not write forms that hold what is to be written.
    #[error(
        "form_not_writable({0}): the role may not write these forms, and Primero would drop what they hold; give it read and write access"
    )]
    FormNotWritable(String),
    /// The owner of new cases is nobody whom Primero knows.
    #[error(
        "intake_user_unknown: {0}; correct primero.intake_user or enable the user, or nobody will see the new cases"
    )]
    IntakeUserUnknown(String),
    /// Another check before the run found a fault that no run may go on with.
    #[error(
        "check_failed({check}): {found}; `bridge doctor` tells more, and docs/CHECKS.md what to do"
    )]
    CheckFailed {
        /// The key of the check.
        check: &'static str,
        /// What it found.
        found: String,
    },
    /// The state table could not be read or written.
    #[error("store_unavailable: {0}")]
    StoreUnavailable(&'static str),
    /// The secret names another system than the one that this workflow has written to.
    #[error(
        "system_moved: the secret names another {0} than the one that this workflow has written to; if that is meant, run it once with accept_move"
    )]
    SystemMoved(System),
    /// Another deployment of the table works at this Primero for this agency.
    #[error(
        "installation_taken: {0} moves the referrals of this Primero and agency; if this deployment is to do so instead, run it once with accept_move"
    )]
    InstallationTaken(String),
    /// Another run took over; this one writes nothing more.
    #[error("lease_lost: another run has taken over")]
    LeaseLost,
    /// The ledger is empty, and something would be sent that may have been sent already.
    #[error(
        "ledger_empty: the ledger knows nothing of this workflow, and there is something to send; on the very first run say first_run, else look for the table that has the ledger"
    )]
    LedgerEmpty,
    /// A fault of this software outside any one record.
    #[error("internal_error: a fault of this software; please report it with the run id")]
    InternalError,
    /// The run had due records and finished none of them.
    #[error("no_progress: records were due and none could be finished in time")]
    NoProgress,
}

impl Stop {
    /// The code in snake case, the first word of the message: the function's `errorType`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AuthenticationFailed(_) => "authentication_failed",
            Self::PermissionDenied { .. } => "permission_denied",
            Self::NoSuchRoute { .. } => "no_such_route",
            Self::TokenNotGiven => "token_not_given",
            Self::FieldNotReadable(_) => "field_not_readable",
            Self::RefusedAlike { .. } => "refused_alike",
            Self::Unavailable(_) => "destination_unavailable",
            Self::UnreadableAnswer { .. } => "unreadable_answer",
            Self::PingError { .. } => "ping_error",
            Self::FilterNotApplied { .. } => "filter_not_applied",
            Self::ControlMissing => "control_missing",
            Self::NoControlCase { .. } => "no_control_case",
            Self::FieldNotAccepted(_) => "field_not_accepted",
            Self::ScopeNotProven(_) => "scope_not_proven",
            Self::UnknownModule(_) => "unknown_module",
            Self::FormNotWritable(_) => "form_not_writable",
            Self::IntakeUserUnknown(_) => "intake_user_unknown",
            Self::CheckFailed { .. } => "check_failed",
            Self::StoreUnavailable(_) => "store_unavailable",
            Self::SystemMoved(_) => "system_moved",
            Self::InstallationTaken(_) => "installation_taken",
            Self::LeaseLost => "lease_lost",
            Self::LedgerEmpty => "ledger_empty",
            Self::InternalError => "internal_error",
            Self::NoProgress => "no_progress",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_for_people_lists_every_reason_with_its_meaning() {
        let table = include_str!("../../../docs/REASONS.md");
        for reason in Reason::ALL {
            let row = format!("| `{}` | {} |", reason.code(), reason.meaning());
            assert!(
                table.contains(&row),
                "docs/REASONS.md lacks this row:\n{row}"
            );
        }
        let rows = table.lines().filter(|line| line.starts_with("| `")).count();
        assert_eq!(
            rows,
            Reason::ALL.len(),
            "docs/REASONS.md has rows that are no reason"
        );
    }

    /// One of each; what is missing here no longer compiles below.
    fn every_stop() -> Vec<Stop> {
        let (system, field) = (System::Primero, "unhcr_individual_no");
        let route = "cases";
        let stops = vec![
            Stop::AuthenticationFailed(system),
            Stop::PermissionDenied { system, route },
            Stop::NoSuchRoute { system, route },
            Stop::TokenNotGiven,
            Stop::FieldNotReadable(field),
            Stop::RefusedAlike {
                system,
                reason: Reason::RefusedByPrimero,
            },
            Stop::Unavailable(system),
            Stop::UnreadableAnswer {
                system,
                route,
                place: "`data`".to_owned(),
            },
            Stop::PingError {
                route,
                transaction: "none".to_owned(),
            },
            Stop::FilterNotApplied { field },
            Stop::ControlMissing,
            Stop::NoControlCase { field },
            Stop::FieldNotAccepted("x".to_owned()),
            Stop::ScopeNotProven("x".to_owned()),
            Stop::UnknownModule("x".to_owned()),
            Stop::FormNotWritable("x".to_owned()),
            Stop::IntakeUserUnknown("x".to_owned()),
            Stop::CheckFailed {
                check: "ping_business_unit",
                found: "x".to_owned(),
            },
            Stop::StoreUnavailable("x"),
            Stop::SystemMoved(system),
            Stop::InstallationTaken("x".to_owned()),
            Stop::LeaseLost,
            Stop::LedgerEmpty,
            Stop::InternalError,
            Stop::NoProgress,
        ];
        for stop in &stops {
            match stop {
                Stop::AuthenticationFailed(_)
                | Stop::PermissionDenied { .. }
                | Stop::NoSuchRoute { .. }
                | Stop::TokenNotGiven
                | Stop::FieldNotReadable(_)
                | Stop::RefusedAlike { .. }
                | Stop::Unavailable(_)
                | Stop::UnreadableAnswer { .. }
                | Stop::PingError { .. }
                | Stop::FilterNotApplied { .. }
                | Stop::ControlMissing
                | Stop::NoControlCase { .. }
                | Stop::FieldNotAccepted(_)
                | Stop::ScopeNotProven(_)
                | Stop::UnknownModule(_)
                | Stop::FormNotWritable(_)
                | Stop::IntakeUserUnknown(_)
                | Stop::CheckFailed { .. }
                | Stop::StoreUnavailable(_)
                | Stop::SystemMoved(_)
                | Stop::InstallationTaken(_)
                | Stop::LeaseLost
                | Stop::LedgerEmpty
                | Stop::InternalError
                | Stop::NoProgress => {}
            }
        }
        stops
    }

    #[test]
    fn the_table_for_people_lists_every_error_that_ends_a_run() {
        let table = include_str!("../../../docs/REASONS.md");
        let (_, table) = table
            .split_once("## Errors that end a run")
            .expect("a section");
        let table = table.split("\n## ").next().unwrap_or_default();
        let of_invocations = [
            "invalid_event",
            "unknown_deployment",
            "invalid_profile",
            "invalid_secrets",
        ];
        let mut codes: Vec<&str> = every_stop().iter().map(Stop::code).collect();
        codes.extend(of_invocations);
        for code in &codes {
            let row = format!("\n| {code} | ");
            assert_eq!(table.matches(&row).count(), 1, "{code}");
        }
        let lines = table.lines().filter(|line| line.starts_with("| ")).count();
        assert_eq!(lines, codes.len() + 1, "a heading, and a row for each");
    }

    #[test]
    fn a_stop_message_begins_with_its_code() {
        for stop in every_stop() {
            assert!(stop.to_string().starts_with(stop.code()), "{stop}");
        }
    }
}

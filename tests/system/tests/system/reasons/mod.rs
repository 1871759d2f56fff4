//! Every reason that a person can meet, produced by the whole system. The list is the enum itself: a new reason does not compile here
//! until somebody shows how it comes about.

mod of_proceedings;
mod of_records;
mod of_systems;

use std::pin::Pin;

use referral_bridge::domain::outcome::{RecordReport, RunReport};
use referral_bridge::domain::reason::Reason;

/// Each story is made on the heap: all of them together are more than a thread's stack holds.
fn heap<F: Future>(story: impl FnOnce() -> F) -> Pin<Box<F>> {
    Box::pin(story())
}

/// A run that meets the reason.
async fn met(reason: Reason) -> RunReport {
    use Reason as R;
    match reason {
        R::MissingRequiredField => heap(of_records::missing_required_field).await,
        R::InvalidDate => heap(of_records::invalid_date).await,
        R::UnmappedService => heap(of_records::unmapped_service).await,
        R::UnknownCode => heap(of_records::unknown_code).await,
        R::ContradictingRows => heap(of_records::contradicting_rows).await,
        R::UnreadableRecord => heap(of_records::unreadable_record).await,
        R::AmbiguousCase => heap(of_records::ambiguous_case).await,
        R::CaseClosed => heap(of_records::case_closed).await,
        R::CaseOfAnotherModule => heap(of_records::case_of_another_module).await,
        R::CaseIdentityChanged => heap(of_records::case_identity_changed).await,
        R::InterventionNumberLost => heap(of_records::intervention_number_lost).await,
        R::RefusedByPrimero => heap(of_systems::refused_by_primero).await,
        R::RefusedByPing => heap(of_systems::refused_by_ping).await,
        R::StillPendingAtSource => heap(of_systems::still_pending_at_source).await,
        R::InternalError => heap(of_systems::internal_error).await,
        R::AttemptsExhausted => heap(of_systems::attempts_exhausted).await,
        R::DetailsMissing => heap(of_systems::details_missing).await,
        R::PingError => heap(of_systems::ping_error).await,
        R::PingUnavailable => heap(of_systems::ping_unavailable).await,
        R::PrimeroUnavailable => heap(of_systems::primero_unavailable).await,
        R::NotVerified => heap(of_systems::not_verified).await,
        R::LegacyInterventionNumber => heap(of_proceedings::legacy_intervention_number).await,
        R::OutcomeUnknown => heap(of_systems::outcome_unknown).await,
        R::RejectedByProgres => heap(of_systems::rejected_by_progres).await,
        R::ConfirmationOverdue => heap(of_systems::confirmation_overdue).await,
        R::DecisionWithdrawn => heap(of_proceedings::decision_withdrawn).await,
        R::DecisionTakenBack => heap(of_proceedings::decision_taken_back).await,
        R::CaseDisabled => heap(of_proceedings::case_disabled).await,
        R::CommentUnconfirmed => heap(of_proceedings::comment_unconfirmed).await,
        R::ReferredAgain => heap(of_proceedings::referred_again).await,
        R::ReferralWithoutService => heap(of_proceedings::referral_without_service).await,
        R::NotPending => heap(of_proceedings::not_pending).await,
        R::NotReferred => heap(of_proceedings::not_referred).await,
        R::BeforeStart => heap(of_proceedings::before_start).await,
        R::ReceiptUnderWay => heap(of_proceedings::receipt_under_way).await,
        R::ConsentNotGiven => heap(of_proceedings::consent_not_given).await,
        R::ContactSubstituted => heap(of_proceedings::contact_substituted).await,
        R::WithdrawnAfterSending => heap(of_proceedings::withdrawn_after_sending).await,
        R::ContradictingCodes => heap(of_records::contradicting_codes).await,
        R::NoMatchingReferral => heap(of_proceedings::no_matching_referral).await,
        R::AmbiguousReferral => heap(of_proceedings::ambiguous_referral).await,
        R::UntidyNumber => heap(of_proceedings::untidy_number).await,
        R::AlreadyFinished => heap(of_proceedings::already_finished).await,
        R::Withdrawn => heap(of_proceedings::withdrawn).await,
        R::ReferralNotPending => heap(of_proceedings::referral_not_pending).await,
        R::UnderWay => heap(of_systems::under_way).await,
        R::ReferredToAnother => heap(of_proceedings::referred_to_another).await,
        R::NoAccess => heap(of_systems::no_access).await,
        R::RefusedAlike => heap(of_systems::refused_alike).await,
        R::UnreadableRow => heap(of_systems::unreadable_row).await,
        R::LedgerUnavailable => heap(of_systems::ledger_unavailable).await,
        R::Other => heap(of_systems::other).await,
        R::NotFound => heap(of_systems::not_found).await,
    }
}

#[tokio::test]
async fn every_reason_comes_about_and_stands_in_report_and_record() {
    for reason in Reason::ALL {
        let report = met(*reason).await;
        let counted = if reason.is_remark() {
            &report.remarks
        } else {
            &report.reasons
        };
        assert!(counted.contains_key(reason), "{reason}: {report:?}");
        let names =
            |one: &RecordReport| one.reason == Some(*reason) || one.remarks.contains(reason);
        let line = report.records.iter().find(|one| names(one));
        assert!(
            line.is_some() || reason.is_of_a_case(),
            "{reason}: {report:?}"
        );
    }
}

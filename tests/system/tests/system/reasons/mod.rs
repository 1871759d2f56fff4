//! Every reason that a person can meet, produced by the whole system. The list is the enum itself: a new reason does not compile here
//! until somebody shows how it comes about.

mod of_proceedings;
mod of_records;
mod of_systems;

use referral_bridge::domain::outcome::{RecordReport, RunReport};
use referral_bridge::domain::reason::Reason;

/// A run that meets the reason.
async fn met(reason: Reason) -> RunReport {
    use Reason as R;
    match reason {
        R::MissingRequiredField => of_records::missing_required_field().await,
        R::InvalidDate => of_records::invalid_date().await,
        R::UnmappedService => of_records::unmapped_service().await,
        R::UnknownCode => of_records::unknown_code().await,
        R::ContradictingRows => of_records::contradicting_rows().await,
        R::UnreadableRecord => of_records::unreadable_record().await,
        R::AmbiguousCase => of_records::ambiguous_case().await,
        R::CaseClosed => of_records::case_closed().await,
        R::CaseOfAnotherModule => of_records::case_of_another_module().await,
        R::CaseIdentityChanged => of_records::case_identity_changed().await,
        R::InterventionNumberLost => of_records::intervention_number_lost().await,
        R::RefusedByPrimero => of_systems::refused_by_primero().await,
        R::RefusedByPing => of_systems::refused_by_ping().await,
        R::StillPendingAtSource => of_systems::still_pending_at_source().await,
        R::InternalError => of_systems::internal_error().await,
        R::AttemptsExhausted => of_systems::attempts_exhausted().await,
        R::DetailsMissing => of_systems::details_missing().await,
        R::PingError => of_systems::ping_error().await,
        R::PingUnavailable => of_systems::ping_unavailable().await,
        R::PrimeroUnavailable => of_systems::primero_unavailable().await,
        R::NotVerified => of_systems::not_verified().await,
        R::LegacyInterventionNumber => of_proceedings::legacy_intervention_number().await,
        R::OutcomeUnknown => of_systems::outcome_unknown().await,
        R::RejectedByProgres => of_systems::rejected_by_progres().await,
        R::ConfirmationOverdue => of_systems::confirmation_overdue().await,
        R::DecisionWithdrawn => of_proceedings::decision_withdrawn().await,
        R::CommentUnconfirmed => of_proceedings::comment_unconfirmed().await,
        R::ReferredAgain => of_proceedings::referred_again().await,
        R::ReferralWithoutService => of_proceedings::referral_without_service().await,
        R::NotPending => of_proceedings::not_pending().await,
        R::NotReferred => of_proceedings::not_referred().await,
        R::ReferredToAnother => of_proceedings::referred_to_another().await,
        R::BeforeStart => of_proceedings::before_start().await,
        R::ConsentNotGiven => of_proceedings::consent_not_given().await,
        R::ContactSubstituted => of_proceedings::contact_substituted().await,
        R::ContradictingCodes => of_records::contradicting_codes().await,
        R::NoMatchingReferral => of_proceedings::no_matching_referral().await,
        R::AlreadyFinished => of_proceedings::already_finished().await,
        R::Withdrawn => of_proceedings::withdrawn().await,
        R::ReferralNotPending => of_proceedings::referral_not_pending().await,
        R::UnderWay => of_systems::under_way().await,
        R::NotFound => of_systems::not_found().await,
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
        assert!(line.is_some(), "{reason}: {report:?}");
    }
}

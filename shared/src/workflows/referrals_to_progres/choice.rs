//! Which of a service's referrals is to be sent, if one is. Pure.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::ids::ReferralId;
use crate::domain::reason::Reason;
use crate::engine::Fault;
use crate::primero::{Referral, ReferralStatus};
use crate::profile::{Profile, ReferredAgain};

/// A referral that was submitted to proGres.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmittedReferral {
    /// The referral in Primero.
    pub referral: ReferralId,
    /// When it was made.
    pub made_at: Timestamp,
}

/// What the ledger says of a service.
#[derive(Clone, Copy, Debug, Default)]
pub struct Past<'p> {
    /// What was submitted for it.
    pub submitted: Option<&'p SubmittedReferral>,
    /// Whether proGres confirmed that.
    pub done: bool,
    /// Whether a person released it.
    pub released: bool,
    /// Whether something was sent for it and may have arrived, though proGres has not confirmed it.
    pub unsure: bool,
}

/// The newest pending referral of a service, or why none is to be sent. Several pending ones are one submission.
pub fn choose<'r>(
    referrals: &[&'r Referral],
    past: Past<'_>,
    profile: &Profile,
) -> Result<&'r Referral, Fault> {
    let pending = referrals
        .iter()
        .copied()
        .filter(|referral| is_pending(referral));
    let Some(newest) = pending.max_by_key(|referral| referral.created_at) else {
        return Err(without_pending(referrals, past));
    };
    let part_of = |before| is_part_of(newest, before, referrals);
    if past.done && past.submitted.is_none_or(part_of) {
        return Err(Fault::settled());
    }
    let again = past.submitted.is_some_and(|before| !part_of(before));
    let may_again = past.released || profile.progres.referred_again == ReferredAgain::Send;
    if again && !may_again {
        return Err(Fault::hold(Reason::ReferredAgain, Vec::new()));
    }
    if newest.created_at < profile.window.start_from {
        return Err(Fault::skip(Reason::BeforeStart));
    }
    Ok(newest)
}

/// What nobody has referred to proGres may be referred to somebody else, which a person should know.
pub fn or_elsewhere(fault: Fault, elsewhere: bool) -> Fault {
    let nothing_here = [Reason::NotReferred, Reason::NotPending].map(Fault::skip);
    if elsewhere && nothing_here.contains(&fault) {
        Fault::skip(Reason::ReferredToAnother)
    } else {
        fault
    }
}

/// Why a referral that names no service is not sent.
pub fn without_service(referral: &Referral, profile: &Profile) -> Fault {
    if !is_pending(referral) {
        Fault::skip(Reason::NotPending)
    } else if referral.created_at < profile.window.start_from {
        Fault::skip(Reason::BeforeStart)
    } else {
        let field = "service_record_id".to_owned();
        Fault::hold(Reason::ReferralWithoutService, vec![field])
    }
}

/// Whether nobody has answered a referral.
pub fn is_pending(referral: &Referral) -> bool {
    referral.status == ReferralStatus::InProgress
}

fn without_pending(referrals: &[&Referral], past: Past<'_>) -> Fault {
    let unknown = |referral: &&Referral| referral.status == ReferralStatus::Unknown;
    if past.done {
        Fault::settled()
    } else if past.unsure {
        // It may be at proGres, so nobody may say that it never went.
        Fault::hold(Reason::OutcomeUnknown, Vec::new())
    } else if referrals.is_empty() {
        Fault::skip(Reason::NotReferred)
    } else if referrals.iter().any(unknown) {
        Fault::hold(Reason::UnknownCode, vec!["status".to_owned()])
    } else {
        Fault::skip(Reason::NotPending)
    }
}

/// Whether a pending referral belongs to the submission that was made before: it is the same one, or was made before that one was
/// closed.
fn is_part_of(referral: &Referral, before: &SubmittedReferral, referrals: &[&Referral]) -> bool {
    let submitted = referrals.iter().find(|other| other.id == before.referral);
    match submitted {
        Some(submitted) if is_pending(submitted) => true,
        Some(submitted) => {
            let closed_at = submitted.responded_at.unwrap_or(before.made_at);
            referral.created_at <= closed_at
        }
        None => referral.created_at <= before.made_at,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{profile, referral, referral_with};
    use super::*;
    use serde_json::json;

    const MADE: &str = "2026-11-10T09:00:00Z";
    const FIRST: &str = "1e5be7bd-7357-4790-a880-ccaca3f47b5a";
    const SECOND: &str = "2e5be7bd-7357-4790-a880-ccaca3f47b5a";

    fn made(id: &str, status: &str, at: &str) -> Referral {
        referral_with(&json!({ "id": id, "status": status, "created_at": at }))
    }

    fn chosen(referrals: &[Referral], past: Past<'_>) -> Result<ReferralId, Fault> {
        let all: Vec<&Referral> = referrals.iter().collect();
        choose(&all, past, &profile()).map(|referral| referral.id)
    }

    fn id(text: &str) -> ReferralId {
        text.parse().expect("a GUID")
    }

    fn first_submitted() -> SubmittedReferral {
        SubmittedReferral {
            referral: id(FIRST),
            made_at: MADE.parse().expect("a moment"),
        }
    }

    /// Submitted before, and confirmed.
    fn done(submitted: &SubmittedReferral) -> Past<'_> {
        Past {
            submitted: Some(submitted),
            done: true,
            released: false,
            unsure: false,
        }
    }

    fn again() -> Result<ReferralId, Fault> {
        Err(Fault::hold(Reason::ReferredAgain, Vec::new()))
    }

    #[test]
    fn what_may_have_arrived_is_never_said_to_have_not_been_sent() {
        let unsure = Past {
            unsure: true,
            ..Past::default()
        };
        let unknown = Err(Fault::hold(Reason::OutcomeUnknown, Vec::new()));
        for status in ["accepted", "rejected", "revoked"] {
            assert_eq!(chosen(&[made(FIRST, status, MADE)], unsure), unknown);
        }
        assert_eq!(chosen(&[], unsure), unknown);
        let pending = [made(FIRST, "in_progress", MADE)];
        assert_eq!(chosen(&pending, unsure), Ok(id(FIRST)));
    }

    #[test]
    fn the_newest_pending_referral_of_several_is_chosen() {
        let referrals = [
            made(FIRST, "in_progress", MADE),
            made(SECOND, "in_progress", "2026-11-11T09:00:00Z"),
            made(
                "3e5be7bd-7357-4790-a880-ccaca3f47b5a",
                "revoked",
                "2026-11-12T09:00:00Z",
            ),
        ];
        assert_eq!(chosen(&referrals, Past::default()), Ok(id(SECOND)));
    }

    #[test]
    fn what_was_answered_or_withdrawn_before_it_was_sent_is_skipped() {
        for status in ["revoked", "rejected", "accepted", "done"] {
            let answered = [made(FIRST, status, MADE)];
            let skipped = Err(Fault::skip(Reason::NotPending));
            assert_eq!(chosen(&answered, Past::default()), skipped, "{status}");
        }
    }

    #[test]
    fn a_status_that_nobody_knows_is_held() {
        let referrals = [made(FIRST, "parked", MADE), made(SECOND, "revoked", MADE)];
        let held = Err(Fault::hold(Reason::UnknownCode, vec!["status".to_owned()]));
        assert_eq!(chosen(&referrals, Past::default()), held);
    }

    #[test]
    fn a_service_that_nobody_referred_is_skipped() {
        let skipped = Err(Fault::skip(Reason::NotReferred));
        assert_eq!(chosen(&[], Past::default()), skipped);
    }

    #[test]
    fn what_is_referred_to_somebody_else_is_told_as_such() {
        let another = Fault::skip(Reason::ReferredToAnother);
        for reason in [Reason::NotReferred, Reason::NotPending] {
            assert_eq!(or_elsewhere(Fault::skip(reason), true), another);
            assert_eq!(
                or_elsewhere(Fault::skip(reason), false),
                Fault::skip(reason)
            );
        }
        assert_eq!(or_elsewhere(Fault::settled(), true), Fault::settled());
    }

    #[test]
    fn a_referral_older_than_the_start_is_skipped() {
        let mut profile = profile();
        let referral = referral();
        profile.window.start_from = referral.created_at;
        assert!(choose(&[&referral], Past::default(), &profile).is_ok());
        profile.window.start_from += jiff::SignedDuration::from_secs(1);
        let skipped = choose(&[&referral], Past::default(), &profile);
        assert_eq!(skipped.err(), Some(Fault::skip(Reason::BeforeStart)));
    }

    #[test]
    fn a_done_service_stays_done_while_its_submission_is_all_there_is() {
        let before = first_submitted();
        let same = [made(FIRST, "in_progress", MADE)];
        let answered = [made(FIRST, "accepted", MADE)];
        let beside = [
            made(FIRST, "in_progress", MADE),
            made(SECOND, "in_progress", "2026-11-11T09:00:00Z"),
        ];
        for referrals in [&same[..], &answered, &beside, &[]] {
            assert_eq!(chosen(referrals, done(&before)), Err(Fault::settled()));
        }
    }

    #[test]
    fn a_referral_made_after_the_submission_was_closed_is_held() {
        let before = first_submitted();
        let mut closed = made(FIRST, "rejected", MADE);
        closed.responded_at = Some("2026-11-12T09:00:00Z".parse().expect("a moment"));
        let new = |at| [closed.clone(), made(SECOND, "in_progress", at)];
        let during = new("2026-11-11T09:00:00Z");
        let after = new("2026-11-13T09:00:00Z");
        assert_eq!(chosen(&during, done(&before)), Err(Fault::settled()));
        assert_eq!(chosen(&after, done(&before)), again());
        // Held is no longer done, and stays held.
        let held = Past {
            done: false,
            ..done(&before)
        };
        assert_eq!(chosen(&after, held), again());
    }

    #[test]
    fn a_submission_closed_without_a_date_or_no_longer_shown_was_closed_when_it_was_made() {
        let before = first_submitted();
        let new = made(SECOND, "in_progress", "2026-11-13T09:00:00Z");
        let closed = made(FIRST, "revoked", MADE);
        assert_eq!(chosen(&[closed, new.clone()], done(&before)), again());
        assert_eq!(chosen(&[new], done(&before)), again());
    }

    #[test]
    fn a_second_referral_is_sent_when_a_person_or_the_profile_says_so() {
        let before = first_submitted();
        let new = made(SECOND, "in_progress", "2026-11-13T09:00:00Z");
        let released = Past {
            done: false,
            released: true,
            ..done(&before)
        };
        assert_eq!(chosen(std::slice::from_ref(&new), released), Ok(id(SECOND)));
        let mut profile = profile();
        profile.progres.referred_again = ReferredAgain::Send;
        let sent = choose(&[&new], done(&before), &profile).expect("it is sent");
        assert_eq!(sent.id, id(SECOND));
    }

    #[test]
    fn a_submission_that_was_refused_by_progres_may_be_made_again() {
        let before = first_submitted();
        let held = Past {
            done: false,
            ..done(&before)
        };
        let same = [made(FIRST, "in_progress", MADE)];
        assert_eq!(chosen(&same, held), Ok(id(FIRST)));
    }

    #[test]
    fn a_referral_without_a_service_is_held_only_while_it_asks_for_something() {
        let profile = profile();
        let mut lone = made(FIRST, "in_progress", MADE);
        let field = vec!["service_record_id".to_owned()];
        let held = Fault::hold(Reason::ReferralWithoutService, field);
        assert_eq!(without_service(&lone, &profile), held);
        lone.created_at = "2020-01-01T00:00:00Z".parse().expect("a moment");
        let skipped = Fault::skip(Reason::BeforeStart);
        assert_eq!(without_service(&lone, &profile), skipped);
        lone.status = ReferralStatus::Revoked;
        let skipped = Fault::skip(Reason::NotPending);
        assert_eq!(without_service(&lone, &profile), skipped);
    }
}

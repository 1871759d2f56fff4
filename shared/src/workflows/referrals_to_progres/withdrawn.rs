//! Whether what was sent has been withdrawn since, so that a person tells UNHCR. Pure.

use super::source::Source;
use super::{Place, mapping};
use crate::primero::{Referral, ReferralStatus};
use crate::profile::Profile;

/// Whether a referral that was submitted is revoked, or the consent on which it went is no longer given.
pub fn after_sending(source: &Source, place: &Place, profile: &Profile) -> bool {
    let submitted = place.submitted.as_ref().map(|sent| sent.referral);
    let was_sent = |referral: &&Referral| {
        submitted == Some(referral.id) || place.confirmed.values().any(|id| *id == referral.id)
    };
    let sent: Vec<&Referral> = source.referrals.iter().filter(was_sent).collect();
    let revoked = |referral: &&Referral| referral.status == ReferralStatus::Revoked;
    if sent.iter().any(revoked) {
        return true;
    }
    // Earlier releases did not keep which referral went: then any may have been the one without consent.
    let all: Vec<&Referral> = source.referrals.iter().collect();
    let went = if sent.is_empty() { all } else { sent };
    let overridden = went.iter().any(|referral| referral.consent_overridden);
    !mapping::consent_lacking(source, overridden, profile).is_empty()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::super::SubmittedReferral;
    use super::super::testing::{
        CASE, REFERRAL, case_json, case_of, profile, referral, referral_with, source,
    };
    use super::*;

    const OTHER: &str = "2e5be7bd-7357-4790-a880-ccaca3f47b5a";

    fn place() -> Place {
        Place {
            case: CASE.parse().expect("a GUID"),
            submitted: Some(SubmittedReferral {
                referral: REFERRAL.parse().expect("a GUID"),
                made_at: referral().created_at,
            }),
            confirmed: BTreeMap::new(),
        }
    }

    fn withdrawn(case: Value, referrals: &[Value], place: &Place) -> bool {
        let referrals = referrals.iter().map(referral_with).collect();
        after_sending(&source(case_of(case), referrals), place, &profile())
    }

    fn without_consent() -> Value {
        let mut case = case_json();
        case["consent_for_services"] = json!(false);
        case
    }

    #[test]
    fn what_stands_as_it_was_sent_is_not_withdrawn() {
        for status in ["in_progress", "accepted", "rejected", "done"] {
            let referral = json!({ "status": status });
            assert!(!withdrawn(case_json(), &[referral], &place()), "{status}");
        }
    }

    #[test]
    fn a_revoked_referral_is_withdrawn_if_it_is_the_one_that_went() {
        let revoked = json!({ "status": "revoked" });
        let another = json!({ "id": OTHER, "status": "revoked" });
        assert!(withdrawn(case_json(), &[revoked], &place()));
        assert!(!withdrawn(
            case_json(),
            &[json!({}), another.clone()],
            &place()
        ));
        // One that was confirmed before another went stays one that UNHCR has.
        let mut both = place();
        let made = "d1930000-0000-4000-8000-000000000001"
            .parse()
            .expect("a GUID");
        both.confirmed.insert(made, OTHER.parse().expect("a GUID"));
        assert!(withdrawn(case_json(), &[json!({}), another], &both));
    }

    #[test]
    fn consent_that_is_taken_back_is_withdrawn_unless_the_worker_overrode_it() {
        let overridden = || json!({ "consent_overridden": true });
        assert!(withdrawn(without_consent(), &[json!({})], &place()));
        assert!(!withdrawn(without_consent(), &[overridden()], &place()));
        let unnamed = Place {
            submitted: None,
            ..place()
        };
        assert!(withdrawn(without_consent(), &[json!({})], &unnamed));
        assert!(!withdrawn(
            without_consent(),
            &[json!({}), overridden()],
            &unnamed
        ));
    }
}

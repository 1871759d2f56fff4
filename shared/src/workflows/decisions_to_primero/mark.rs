//! What proGres is told of a decision that Primero knows.

use super::{Place, source};
use crate::domain::codes::InteropReferralStatus;
use crate::domain::pii::Pii;
use crate::engine::Notice;
use crate::progres::Submission;

/// The mark on a referral: finished. The external id is the referral's in Primero; of one whose referral was never found it is proGres'
/// own.
pub fn finished(notice: &Notice<Place>) -> Submission {
    let status = InteropReferralStatus::Synced.number().to_string();
    let fields = [
        (source::REFERRAL_ID, notice.key.to_string()),
        (source::STATUS, status),
        (
            "progres_comments",
            "Decision synchronised with Primero".to_owned(),
        ),
    ];
    let found = notice.place.found;
    Submission {
        external_id: found.map_or_else(
            || notice.key.to_string(),
            |found| found.referral.to_string(),
        ),
        fields: fields
            .into_iter()
            .map(|(name, value)| (name, Some(Pii::new(value))))
            .collect(),
        own: Vec::new(),
        comments: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Found;
    use super::super::testing::INTEROP;
    use super::*;
    use crate::domain::ids::InteropReferralId;

    #[test]
    fn a_mark_names_both_referrals_and_says_finished() {
        let key: InteropReferralId = INTEROP.parse().expect("a GUID");
        let found = Found {
            case: "406b539a-e662-425e-810b-47e4fa7da496"
                .parse()
                .expect("a GUID"),
            referral: "1e5be7bd-7357-4790-a880-ccaca3f47b5a"
                .parse()
                .expect("a GUID"),
        };

        let mark = finished(&Notice {
            key: key.into(),
            place: Place { found: Some(found) },
            again: false,
            held: None,
        });

        assert_eq!(mark.external_id, "1e5be7bd-7357-4790-a880-ccaca3f47b5a");
        let fields: Vec<_> = mark
            .fields
            .iter()
            .map(|(name, value)| (*name, value.as_ref().map(|value| value.expose().as_str())))
            .collect();
        assert_eq!(
            fields,
            [
                ("progres_interoperabilityreferralid", Some(INTEROP)),
                ("progres_interoperabilityreferralstatus", Some("125080003")),
                (
                    "progres_comments",
                    Some("Decision synchronised with Primero")
                ),
            ]
        );
    }
}

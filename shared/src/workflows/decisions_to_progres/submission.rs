//! What proGres is told of a decision.

use super::Decision;
use super::decision::Verdict;
use crate::domain::pii::Pii;
use crate::progres::Submission;

/// The decision as PING takes it. Its fields may be written twice; its comment may not, so it is left out where it may be there.
pub fn of(decision: &Decision) -> Submission {
    let text = |value: &dyn ToString| Some(Pii::new(value.to_string()));
    let fields = vec![
        ("progres_lpinterventionid", text(&decision.intervention.id)),
        (
            "progres_businessunit",
            text(&decision.intervention.business_unit),
        ),
        (
            "progres_primerotransferstatus",
            text(&decision.verdict.code().number()),
        ),
        ("progres_primerotransferstatusdate", text(&decision.told_on)),
        ("progres_primeroid", text(&decision.case_id)),
        ("progres_primerocaseworker", decision.case_worker.clone()),
    ];
    let comments = if decision.comment_may_be_there && !decision.repeats {
        Vec::new()
    } else {
        vec![comment(decision)]
    };
    Submission {
        external_id: decision.case_id.to_string(),
        fields,
        own: Vec::new(),
        comments,
    }
}

fn comment(decision: &Decision) -> Pii<String> {
    let word = match decision.verdict {
        Verdict::Accepted => "acknowledged",
        Verdict::Rejected => "rejected",
    };
    let reason = decision.reason.as_ref();
    let reason = reason.map_or_else(String::new, |reason| format!(": {}", reason.expose()));
    let again = if decision.repeats { " (repeated)" } else { "" };
    Pii::new(format!("Referral {word} by PRIMERO{reason}{again}"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{CASE_ID, accepted, case, case_with, decision, rejected};
    use super::*;

    fn fields(submission: &Submission) -> Vec<(&str, Option<&str>)> {
        submission
            .fields
            .iter()
            .map(|(name, value)| (*name, value.as_ref().map(|value| value.expose().as_str())))
            .collect()
    }

    fn comments(submission: &Submission) -> Vec<&str> {
        let comments = submission.comments.iter();
        comments.map(|comment| comment.expose().as_str()).collect()
    }

    #[test]
    fn an_acceptance_is_acknowledged_with_every_field_of_the_contract() {
        let submission = of(&decision(&case(&[accepted()])));
        assert_eq!(submission.external_id, CASE_ID);
        assert_eq!(
            fields(&submission),
            [
                (
                    "progres_lpinterventionid",
                    Some("68b20e2a-4879-ee11-8179-000d3a43f6eb")
                ),
                (
                    "progres_businessunit",
                    Some("577ccdf6-86de-e811-80d8-001dd8b71fe3")
                ),
                ("progres_primerotransferstatus", Some("125080003")),
                ("progres_primerotransferstatusdate", Some("2026-11-23")),
                ("progres_primeroid", Some(CASE_ID)),
                ("progres_primerocaseworker", Some("cw_gambella")),
            ]
        );
        assert_eq!(comments(&submission), ["Referral acknowledged by PRIMERO"]);
    }

    #[test]
    fn a_rejection_says_why() {
        let submission = of(&decision(&case(&[rejected("Duplicate")])));
        let status = fields(&submission)[2];
        assert_eq!(status, ("progres_primerotransferstatus", Some("125080004")));
        assert_eq!(
            comments(&submission),
            ["Referral rejected by PRIMERO: Duplicate"]
        );
        let submission = of(&decision(&case(&[rejected(" ")])));
        assert_eq!(comments(&submission), ["Referral rejected by PRIMERO"]);
    }

    #[test]
    fn a_case_without_an_owner_has_no_worker_and_the_field_all_the_same() {
        let submission = of(&decision(&case_with("owned_by", (), &[accepted()])));
        assert_eq!(fields(&submission)[5], ("progres_primerocaseworker", None));
    }

    #[test]
    fn a_comment_that_may_be_there_is_not_sent_again() {
        let mut decision = decision(&case(&[rejected("Duplicate")]));
        decision.comment_may_be_there = true;
        let submission = of(&decision);
        assert_eq!(comments(&submission), [""; 0]);
        assert_eq!(submission.fields.len(), 6);
    }

    #[test]
    fn a_reason_that_may_be_lost_goes_once_more_and_says_so() {
        let mut decision = decision(&case(&[rejected("Duplicate")]));
        decision.comment_may_be_there = true;
        decision.repeats = true;
        assert_eq!(
            comments(&of(&decision)),
            ["Referral rejected by PRIMERO: Duplicate (repeated)"]
        );
    }
}

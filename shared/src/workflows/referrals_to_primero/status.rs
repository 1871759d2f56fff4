//! What proGres is told of a referral.

use jiff::civil::Date;

use super::Place;
use crate::domain::codes::TransferStatus;
use crate::domain::pii::Pii;
use crate::engine::Notice;
use crate::progres::Submission;

/// The transfer status of a referral: pending in Primero, or not deliverable.
pub fn transfer_status(notice: &Notice<Place>, today: Date) -> Submission {
    let place = &notice.place;
    let status = if notice.held.is_none() {
        TransferStatus::Pending
    } else {
        TransferStatus::DeliveryFail
    };
    let mut fields = vec![
        ("progres_lpinterventionid", Some(notice.key.to_string())),
        ("progres_businessunit", Some(place.business_unit.clone())),
        (
            "progres_primerotransferstatus",
            Some(status.number().to_string()),
        ),
        ("progres_primerotransferstatusdate", Some(today.to_string())),
    ];
    let external_id = match (&notice.held, &place.case_id) {
        (None, case_id) => {
            let case_id = case_id.as_ref().map(ToString::to_string);
            fields.push(("progres_primeroid", case_id.clone()));
            case_id.unwrap_or_default()
        }
        (Some((reason, names)), _) => {
            let comment = if names.is_empty() {
                reason.to_string()
            } else {
                format!("{reason}: {}", names.join(", "))
            };
            fields.push(("progres_comments_displayfield", Some(comment)));
            notice.key.to_string()
        }
    };
    let fields = fields
        .into_iter()
        .map(|(name, value)| (name, value.map(Pii::new)))
        .collect();
    Submission {
        external_id,
        fields,
        own: Vec::new(),
        comments: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{CaseId, InterventionId};
    use crate::domain::reason::Reason;

    fn notice(held: Option<(Reason, Vec<String>)>) -> Notice<Place> {
        let id: InterventionId = "68b20e2a-4879-ee11-8179-000d3a43f6eb"
            .parse()
            .expect("a GUID");
        let place = Place {
            business_unit: "577ccdf6-86de-e811-80d8-001dd8b71fe3".to_owned(),
            case: None,
            case_id: Some(CaseId::new("f59e880e-d58f-4b68-ba6e-e0616a49aefd")),
        };
        Notice {
            key: id.into(),
            place,
            again: false,
            held,
        }
    }

    fn value<'s>(submission: &'s Submission, name: &str) -> Option<&'s str> {
        let (_, value) = submission.fields.iter().find(|(field, _)| *field == name)?;
        value.as_ref().map(|value| value.expose().as_str())
    }

    #[test]
    fn a_delivered_referral_is_pending_under_its_case_id() {
        let status = transfer_status(&notice(None), jiff::civil::date(2026, 11, 23));
        assert_eq!(status.external_id, "f59e880e-d58f-4b68-ba6e-e0616a49aefd");
        assert_eq!(
            value(&status, "progres_lpinterventionid"),
            Some("68b20e2a-4879-ee11-8179-000d3a43f6eb")
        );
        assert_eq!(
            value(&status, "progres_businessunit"),
            Some("577ccdf6-86de-e811-80d8-001dd8b71fe3")
        );
        assert_eq!(
            value(&status, "progres_primerotransferstatus"),
            Some("125080002")
        );
        assert_eq!(
            value(&status, "progres_primerotransferstatusdate"),
            Some("2026-11-23")
        );
        assert_eq!(
            value(&status, "progres_primeroid"),
            Some("f59e880e-d58f-4b68-ba6e-e0616a49aefd")
        );
    }

    #[test]
    fn a_held_referral_is_a_delivery_failure_with_its_reason_and_field_names() {
        let held = Some((Reason::InvalidDate, vec!["progres_dateofbirth".to_owned()]));
        let status = transfer_status(&notice(held), jiff::civil::date(2026, 11, 23));
        assert_eq!(
            value(&status, "progres_primerotransferstatus"),
            Some("125080001")
        );
        assert_eq!(
            value(&status, "progres_comments_displayfield"),
            Some("invalid_date: progres_dateofbirth")
        );
        assert_eq!(value(&status, "progres_primeroid"), None);
    }
}

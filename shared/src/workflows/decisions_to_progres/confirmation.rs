//! What checkstatus says of each decision that went out in one request. Never a guess: where it says less than was sent, the rest is
//! awaited until a later run; where it does not tell of a decision even then, or all is said, that one is sent again alone.

use super::Place;
use crate::domain::ids::InterventionId;
use crate::domain::record::RecordKey;
use crate::engine::Confirmation;
use crate::progres::{Checked, RecordStatus, Status};

/// The field by which PING's results name their intervention.
const INTERVENTION: &str = "progres_lpinterventionid";

/// One answer for every record, in order.
pub fn of(checked: &Checked, records: &[(&RecordKey, &Place)]) -> Vec<Confirmation<Place>> {
    let results = match checked {
        Checked::NotYet => return all(&Confirmation::NotYet, records),
        Checked::Records(none) if none.is_empty() => return all(&Confirmation::NotYet, records),
        Checked::Unreadable => return all(&Confirmation::Unknown, records),
        Checked::Records(results) => results,
    };
    let named = results.iter().any(|result| intervention(result).is_some());
    let in_progress = results
        .iter()
        .any(|result| result.status == Status::InProgress);
    let word = |(key, place): &(&RecordKey, &Place)| {
        let is_of_record = |result: &&RecordStatus| {
            !named || intervention(result).is_some_and(|id| RecordKey::from(id) == **key)
        };
        let all_said = results.len() >= place.sent_with;
        let untold = || match (in_progress, all_said) {
            (true, _) => Confirmation::NotYet,
            (false, false) => Confirmation::Incomplete((*place).clone()),
            (false, true) => Confirmation::Unsure((*place).clone()),
        };
        match RecordStatus::common(results.iter().filter(is_of_record)) {
            Some(Status::InProgress) => Confirmation::NotYet,
            Some(Status::Unknown) => Confirmation::Unknown,
            // Whom they are about is only known once everybody has one.
            _ if !named && !all_said => untold(),
            Some(Status::Confirmed) => Confirmation::Confirmed,
            Some(Status::Rejected) => Confirmation::Rejected,
            None => untold(),
        }
    };
    records.iter().map(word).collect()
}

fn intervention(result: &RecordStatus) -> Option<InterventionId> {
    result.text(INTERVENTION)?.parse().ok()
}

fn all(word: &Confirmation<Place>, records: &[(&RecordKey, &Place)]) -> Vec<Confirmation<Place>> {
    records.iter().map(|_| word.clone()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{CASE, INTERVENTION};
    use super::*;
    use crate::domain::pii::Pii;

    const OTHER: &str = "82698a1d-aa24-ee11-9cbc-0022488b6523";

    fn key(id: &str) -> RecordKey {
        id.parse::<InterventionId>().expect("a GUID").into()
    }

    fn place() -> Place {
        Place {
            case: CASE.parse().expect("a GUID"),
            rival: None,
            commented: None,
            repeated: false,
            sent_with: 2,
        }
    }

    /// A result, with the intervention that it names if it names one.
    fn result(status: Status, id: Option<&str>) -> RecordStatus {
        let data = id.map_or(json!({}), |id| json!({ INTERVENTION_FIELD: id }));
        let data = data.as_object().cloned().unwrap_or_default();
        RecordStatus {
            status,
            data: Pii::new(data),
        }
    }

    const INTERVENTION_FIELD: &str = super::INTERVENTION;

    /// What both records of a request become by these results.
    fn both(results: Vec<RecordStatus>) -> [Confirmation<Place>; 2] {
        let (one, other, place) = (key(INTERVENTION), key(OTHER), place());
        let words = of(
            &Checked::Records(results),
            &[(&one, &place), (&other, &place)],
        );
        words.try_into().expect("one word a record")
    }

    #[test]
    fn a_mixed_answer_is_told_record_by_record() {
        let upper = INTERVENTION.to_uppercase();
        let words = both(vec![
            result(Status::Rejected, Some(OTHER)),
            result(Status::Confirmed, Some(&upper)),
        ]);
        assert_eq!(words, [Confirmation::Confirmed, Confirmation::Rejected]);
    }

    #[test]
    fn a_record_of_which_nothing_is_said_is_unsure_once_all_is_said() {
        let one = result(Status::Confirmed, Some(INTERVENTION));
        let words = both(vec![one.clone()]);
        let incomplete = Confirmation::Incomplete(place());
        assert_eq!(words, [Confirmation::Confirmed, incomplete]);
        let words = both(vec![one, result(Status::Rejected, None)]);
        assert_eq!(
            words,
            [Confirmation::Confirmed, Confirmation::Unsure(place())]
        );
    }

    #[test]
    fn nothing_is_unsure_as_long_as_something_is_in_progress() {
        let words = both(vec![
            result(Status::Confirmed, Some(INTERVENTION)),
            result(Status::InProgress, None),
        ]);
        assert_eq!(words, [Confirmation::Confirmed, Confirmation::NotYet]);
    }

    #[test]
    fn results_that_name_nobody_count_for_all_if_they_agree() {
        let words = both(vec![
            result(Status::Confirmed, None),
            result(Status::Confirmed, None),
        ]);
        assert_eq!(words, [Confirmation::Confirmed, Confirmation::Confirmed]);
        let words = both(vec![
            result(Status::Confirmed, None),
            result(Status::Rejected, None),
        ]);
        let unsure = || Confirmation::Unsure(place());
        assert_eq!(words, [unsure(), unsure()]);
    }

    #[test]
    fn fewer_results_that_name_nobody_than_went_out_count_for_none() {
        for status in [Status::Confirmed, Status::Rejected] {
            let words = both(vec![result(status, None)]);
            let incomplete = || Confirmation::Incomplete(place());
            assert_eq!(words, [incomplete(), incomplete()]);
        }
    }

    #[test]
    fn two_results_of_one_record_that_contradict_each_other_tell_nothing() {
        let words = both(vec![
            result(Status::Confirmed, Some(INTERVENTION)),
            result(Status::Rejected, Some(INTERVENTION)),
            result(Status::Confirmed, Some(OTHER)),
        ]);
        assert_eq!(
            words,
            [Confirmation::Unsure(place()), Confirmation::Confirmed]
        );
    }

    #[test]
    fn words_that_are_not_final_leave_the_record_unconfirmed() {
        let (key, place) = (key(INTERVENTION), place());
        for (checked, word) in [
            (Checked::NotYet, Confirmation::NotYet),
            (Checked::Unreadable, Confirmation::Unknown),
            (
                Checked::Records(vec![result(Status::Unknown, Some(INTERVENTION))]),
                Confirmation::Unknown,
            ),
            (
                Checked::Records(vec![result(Status::InProgress, None)]),
                Confirmation::NotYet,
            ),
        ] {
            assert_eq!(of(&checked, &[(&key, &place)]), [word], "{checked:?}");
        }
    }
}

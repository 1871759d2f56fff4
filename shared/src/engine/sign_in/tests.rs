//! When a secret may be tried.

use super::*;
use crate::store::{AcceptedSignIn, RefusedSignIn};

const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

fn known(accepted_hours_ago: Option<i64>, refused: Option<(i64, u32)>) -> SignIns {
    let ago = |minutes: i64| NOW - jiff::SignedDuration::from_mins(minutes);
    SignIns {
        accepted: accepted_hours_ago.map(|hours| AcceptedSignIn {
            version: "v1".to_owned(),
            at: ago(hours * 60),
        }),
        refused: refused.map(|(minutes, tries)| RefusedSignIn {
            version: "v1".to_owned(),
            at: Some(ago(minutes)),
            tries,
        }),
    }
}

#[test]
fn a_version_that_worked_within_a_day_is_used_freely_and_any_other_by_one_run_at_a_time() {
    assert_eq!(may_try(&known(Some(23), None), "v1", NOW), May::Freely);
    assert_eq!(may_try(&known(Some(24), None), "v1", NOW), May::Alone);
    assert_eq!(may_try(&known(None, None), "v1", NOW), May::Alone);
    assert_eq!(may_try(&known(Some(1), None), "v2", NOW), May::Alone);
}

#[test]
fn a_version_that_never_worked_is_tried_once_and_another_at_once() {
    let refused = known(None, Some((60 * 24 * 30, 1)));
    assert_eq!(may_try(&refused, "v1", NOW), May::Not);
    assert_eq!(may_try(&refused, "v2", NOW), May::Alone);
}

#[test]
fn a_version_that_had_worked_is_tried_once_an_hour_and_three_times_at_most() {
    for (minutes_ago, tries, may) in [
        (59, 1, May::Not),
        (60, 1, May::Alone),
        (60, 2, May::Alone),
        (60, 3, May::Not),
        (60 * 24 * 30, 3, May::Not),
    ] {
        let known = known(Some(2), Some((minutes_ago, tries)));
        assert_eq!(may_try(&known, "v1", NOW), may, "{minutes_ago} {tries}");
    }
}

#[test]
fn a_refusal_whose_time_cannot_be_read_is_left_to_a_person() {
    let mut known = known(Some(2), Some((90, 1)));
    known.refused.as_mut().expect("it was refused").at = None;
    assert_eq!(may_try(&known, "v1", NOW), May::Not);
}

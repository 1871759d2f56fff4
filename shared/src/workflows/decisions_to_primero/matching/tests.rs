use serde_json::{Value, json};

use super::super::testing::SERVICE;
use super::*;

const OLDER: &str = "1e5be7bd-7357-4790-a880-ccaca3f47b5a";
const NEWER: &str = "4c58d02f-3182-4006-b2fe-96aa797f5ee7";

fn referral(id: &str, status: &str, made_at: &str) -> Value {
    json!({
        "id": id,
        "record_id": "406b539a-e662-425e-810b-47e4fa7da496",
        "status": status,
        "transitioned_to": "unhcr_cw",
        "service_record_id": SERVICE,
        "created_at": made_at,
    })
}

fn chosen(referrals: Value, review: Option<&str>, user: Option<&str>) -> Option<String> {
    let referrals: Vec<Referral> = serde_json::from_value(referrals).expect("referrals");
    let made_before = MadeBefore::review(review).expect("a date");
    let users: Vec<String> = user.into_iter().map(str::to_owned).collect();
    let chosen = choose(&referrals, SERVICE, made_before, &users);
    let chosen = chosen.expect("no two of them can be meant");
    chosen.map(|one| one.id.to_string())
}

#[test]
fn of_several_the_pending_one_is_meant_else_the_newest() {
    let review = Some("2026-11-20T00:00:00Z");
    let one = |older, newer| {
        let older = referral(OLDER, older, "2026-11-01T08:00:00Z");
        let newer = referral(NEWER, newer, "2026-11-10T08:00:00Z");
        chosen(json!([older, newer]), review, None)
    };
    assert_eq!(one("in_progress", "revoked").as_deref(), Some(OLDER));
    assert_eq!(one("rejected", "in_progress").as_deref(), Some(NEWER));
    assert_eq!(one("rejected", "revoked").as_deref(), Some(NEWER));
    assert_eq!(one("in_progress", "in_progress").as_deref(), Some(NEWER));
}

#[test]
fn a_referral_made_after_the_decision_is_never_meant() {
    let older = referral(OLDER, "rejected", "2026-11-01T08:00:00Z");
    let again = referral(NEWER, "in_progress", "2026-11-21T08:00:00Z");
    let review = Some("2026-11-20T00:00:00Z");
    let both = chosen(json!([older, again]), review, None);
    assert_eq!(both.as_deref(), Some(OLDER));
    assert_eq!(chosen(json!([again]), review, None), None);
    assert_eq!(chosen(json!([again]), None, None).as_deref(), Some(NEWER));
}

#[test]
fn a_referral_made_on_the_day_of_the_decision_is_meant() {
    let allows = |review: &str, made_at: &str| {
        MadeBefore::review(Some(review))
            .expect("a date")
            .allows(made_at.parse().expect("a moment"))
    };
    for review in [
        "2026-11-20T00:00:00Z",
        "2026-11-20",
        "2026-11-20T00:00:00",
        "2026-11-20T03:00:00+03:00",
    ] {
        assert!(allows(review, "2026-11-20T23:59:59.999Z"), "{review}");
        assert!(!allows(review, "2026-11-21T00:00:00Z"), "{review}");
    }
    // Midnight in Nairobi.
    assert!(allows("2026-11-19T21:00:00Z", "2026-11-20T15:00:00Z"));
    assert!(!allows("2026-11-19T21:00:00Z", "2026-11-20T21:00:00Z"));
    // No midnight anywhere: the moment itself.
    assert!(allows("2026-11-20T10:02:31Z", "2026-11-20T10:02:31Z"));
    assert!(!allows("2026-11-20T10:02:31Z", "2026-11-20T10:02:32Z"));
}

#[test]
fn of_several_one_made_on_the_day_of_the_decision_is_not_told_from_the_others() {
    let read = |older: &str, newer: &str, review: &str| {
        let older = referral(OLDER, "rejected", older);
        let newer = referral(NEWER, "in_progress", newer);
        let referrals: Vec<Referral> =
            serde_json::from_value(json!([older, newer])).expect("referrals");
        let made_before = MadeBefore::review(Some(review)).expect("a date");
        choose(&referrals, SERVICE, made_before, &[])
            .map(|one| one.map(|one| one.id.to_string()))
            .map_err(|one| one.id.to_string())
    };
    let (morning, noon) = ("2026-11-20T08:00:00Z", "2026-11-20T12:00:00Z");
    for review in [
        "2026-11-20",
        "2026-11-20T00:00:00Z",
        "2026-11-19T21:00:00Z",
        "2026-11-20T16:02:31Z",
    ] {
        let (before, ambiguous) = ("2026-11-01T08:00:00Z", Err(NEWER.to_owned()));
        assert_eq!(read(morning, noon, review), ambiguous, "{review}");
        assert_eq!(read(before, noon, review), ambiguous, "{review}");
        let last_week = read(before, "2026-11-12T08:00:00Z", review);
        assert_eq!(last_week, Ok(Some(NEWER.to_owned())), "{review}");
        let the_next_day = read(morning, "2026-11-22T08:00:00Z", review);
        assert_eq!(the_next_day, Ok(Some(OLDER.to_owned())), "{review}");
    }
}

#[test]
fn what_is_no_date_is_refused() {
    for text in ["soon", "2026-02-30", "20/11/2026"] {
        assert_eq!(MadeBefore::review(Some(text)), Err(InvalidDate), "{text}");
    }
}

#[test]
fn another_services_referral_is_never_meant() {
    let mut other = referral(OLDER, "in_progress", "2026-11-01T08:00:00Z");
    other["service_record_id"] = json!("bbbbbbbb-0000-4000-8000-000000000001");
    let mut none = referral(NEWER, "in_progress", "2026-11-01T08:00:00Z");
    none["service_record_id"] = json!("");
    assert_eq!(chosen(json!([other, none]), None, None), None);
}

#[test]
fn a_referral_to_somebody_else_is_never_meant() {
    let mut other = referral(NEWER, "in_progress", "2026-11-10T08:00:00Z");
    other["transitioned_to"] = json!("worker1");
    let ours = referral(OLDER, "in_progress", "2026-11-01T08:00:00Z");
    let both = json!([other, ours]);
    assert_eq!(
        chosen(both.clone(), None, Some("unhcr_cw")).as_deref(),
        Some(OLDER)
    );
    assert_eq!(
        chosen(json!([both[0]]), None, Some("unhcr_cw")),
        None,
        "even if it is the only one"
    );
    assert_eq!(chosen(both, None, None).as_deref(), Some(NEWER));
}

#[test]
fn a_user_is_the_same_whatever_the_blanks_around_its_name() {
    let mut ours = referral(OLDER, "in_progress", "2026-11-01T08:00:00Z");
    ours["transitioned_to"] = json!("unhcr_cw ");
    let found = chosen(json!([ours]), None, Some("unhcr_cw"));
    assert_eq!(found.as_deref(), Some(OLDER));
}

#[test]
fn every_status_stands_somewhere_towards_a_decision() {
    use ReferralStatus::{Accepted, Done, InProgress, Rejected, Revoked, Unknown};
    let (accepted, rejected) = (ReferralAnswer::Accepted, ReferralAnswer::Rejected(None));
    for (status, to_accepted, to_rejected) in [
        (InProgress, Standing::Pending, Standing::Pending),
        (Accepted, Standing::InPlace, Standing::Otherwise),
        (Rejected, Standing::Otherwise, Standing::InPlace),
        (Done, Standing::InPlace, Standing::Otherwise),
        (Revoked, Standing::Withdrawn, Standing::Withdrawn),
        (Unknown, Standing::Otherwise, Standing::Otherwise),
    ] {
        assert_eq!(standing(status, &accepted), to_accepted, "{status:?}");
        assert_eq!(standing(status, &rejected), to_rejected, "{status:?}");
    }
}

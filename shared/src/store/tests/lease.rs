use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::{Embedded, NOW, store_of};
use crate::clock::later;
use crate::store::{LONGEST_RUN, Lease, LeaseTaken, Probe};

const QUARTER: Duration = Duration::from_mins(15);

/// Asks for the lease at `at`, for a quarter of an hour.
async fn ask(embedded: &Embedded, run_id: &str, at: Timestamp) -> Option<Lease> {
    let answer = embedded
        .store()
        .take_lease(run_id, at, later(at, QUARTER))
        .await;
    match answer.expect("the store answers") {
        LeaseTaken::Taken(lease) => Some(lease),
        LeaseTaken::HeldByAnother => None,
    }
}

#[tokio::test]
async fn the_first_lease_has_fence_one() {
    let embedded = Embedded::start().await;
    let lease = ask(&embedded, "a", NOW).await.expect("it is free");
    let expected = Lease {
        run_id: "a".to_owned(),
        fence: 1,
        expires_at: later(NOW, QUARTER),
        has_written: false,
        site: None,
        predates_sites: false,
        written_under: None,
        probe: None,
    };
    assert_eq!(lease, expected);
}

#[tokio::test]
async fn a_live_lease_is_refused_to_others_up_to_its_last_moment() {
    let embedded = Embedded::start().await;
    ask(&embedded, "a", NOW).await.expect("it is free");
    assert_eq!(ask(&embedded, "b", later(NOW, QUARTER)).await, None);
}

#[tokio::test]
async fn a_lease_that_ends_later_than_any_run_may_is_a_wrong_clocks_and_stale() {
    let embedded = Embedded::start().await;
    let a_year_ahead = later(NOW, Duration::from_hours(365 * 24));
    ask(&embedded, "a", a_year_ahead).await.expect("it is free");
    assert_eq!(
        ask(&embedded, "b", NOW).await.map(|lease| lease.fence),
        Some(2)
    );
}

#[tokio::test]
async fn a_lease_of_the_longest_run_is_in_force() {
    let embedded = Embedded::start().await;
    let store = embedded.store();
    let ends = later(NOW, LONGEST_RUN + Duration::from_mins(1));
    let longest = store.take_lease("a", NOW, ends).await;
    assert!(matches!(longest, Ok(LeaseTaken::Taken(_))));
    assert_eq!(ask(&embedded, "b", NOW).await, None);
}

#[tokio::test]
async fn an_expired_lease_is_taken_over_with_a_higher_fence() {
    let embedded = Embedded::start().await;
    ask(&embedded, "a", NOW).await.expect("it is free");
    let after = later(NOW, QUARTER + Duration::from_millis(1));
    assert_eq!(
        ask(&embedded, "b", after).await.map(|lease| lease.fence),
        Some(2)
    );
}

#[tokio::test]
async fn a_released_lease_is_free_at_once_and_its_fence_goes_on() {
    let embedded = Embedded::start().await;
    let first = ask(&embedded, "a", NOW).await.expect("it is free");
    embedded
        .store()
        .release_lease(&first, false, None)
        .await
        .expect("it is ours");
    assert_eq!(embedded.attribute("lease", "holder").await, None);
    let kept = embedded.attribute("lease", "fence").await;
    assert_eq!(kept, Some(AttributeValue::N("1".to_owned())));
    assert_eq!(
        ask(&embedded, "b", NOW).await.map(|lease| lease.fence),
        Some(2)
    );
}

#[tokio::test]
async fn that_a_run_wrote_is_remembered_by_all_later_leases() {
    let embedded = Embedded::start().await;
    for (run_id, wrote, before) in [
        ("a", false, false),
        ("b", true, false),
        ("c", false, true),
        ("d", false, true),
    ] {
        let lease = ask(&embedded, run_id, NOW).await.expect("it is free");
        assert_eq!(lease.has_written, before, "{run_id}");
        embedded
            .store()
            .release_lease(&lease, wrote, None)
            .await
            .expect("it is ours");
    }
}

#[tokio::test]
async fn the_profile_of_the_last_whole_run_that_wrote_is_remembered_by_later_leases() {
    let embedded = Embedded::start().await;
    for (run_id, under, before) in [
        ("a", None, None),
        ("b", Some("v1"), None),
        ("c", None, Some("v1")),
        ("d", Some("v2"), Some("v1")),
        ("e", None, Some("v2")),
    ] {
        let lease = ask(&embedded, run_id, NOW).await.expect("it is free");
        assert_eq!(lease.written_under.as_deref(), before, "{run_id}");
        let store = embedded.store();
        let released = store.release_lease(&lease, true, under).await;
        released.expect("it is ours");
    }
}

#[tokio::test]
async fn what_is_known_of_a_destination_that_is_down_stands_beside_the_lease() {
    let embedded = Embedded::start().await;
    let store = embedded.store();
    for probe in [None, Some(NOW)] {
        let lease = ask(&embedded, "a", NOW).await.expect("it is free");
        let probe = Probe { not_before: probe };
        store.put_probe(&lease, Some(&probe)).await.expect("kept");
        let lease = ask(&embedded, "a", NOW).await.expect("it is ours");
        assert_eq!(lease.probe, Some(probe));
        store.put_probe(&lease, None).await.expect("kept");
        let lease = ask(&embedded, "a", NOW).await.expect("it is ours");
        assert_eq!(lease.probe, None);
    }
}

#[tokio::test]
async fn a_lease_that_was_taken_over_is_not_released_by_its_former_holder() {
    let embedded = Embedded::start().await;
    let stalled = ask(&embedded, "a", NOW).await.expect("it is free");
    let after = later(NOW, QUARTER + Duration::from_millis(1));
    ask(&embedded, "b", after).await.expect("it has expired");
    embedded
        .store()
        .release_lease(&stalled, true, None)
        .await
        .expect("no error");
    assert_eq!(ask(&embedded, "c", after).await, None);
}

#[tokio::test]
async fn a_repeated_question_for_our_own_lease_is_granted() {
    let embedded = Embedded::start().await;
    ask(&embedded, "a", NOW).await.expect("it is free");
    // The client repeats the request if the first answer is lost.
    let again = ask(&embedded, "a", NOW).await.expect("it is ours");
    assert!(again.fence > 0);
    assert_eq!(ask(&embedded, "b", NOW).await, None);
}

#[tokio::test]
async fn deployments_have_leases_of_their_own() {
    let embedded = Embedded::start().await;
    ask(&embedded, "a", NOW).await.expect("it is free");
    let elsewhere = store_of(embedded.client.clone(), "elsewhere");
    let taken = elsewhere.take_lease("b", NOW, later(NOW, QUARTER)).await;
    assert!(matches!(taken, Ok(LeaseTaken::Taken(lease)) if lease.fence == 1));
}

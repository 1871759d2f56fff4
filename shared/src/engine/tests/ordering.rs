//! One after another within a household, side by side otherwise.

use super::scenario::Scenario;
use super::systems::{Event, Mishap, Stage, Systems, key};
use crate::domain::reason::Reason;
use crate::domain::record::RecordKey;
use crate::engine::Fault;

/// Beginnings and ends of writes, in order.
fn writes(systems: &Systems) -> Vec<Event> {
    let events = systems.events.borrow();
    let writes = events.iter().filter(|event| event.stage == Stage::Write);
    writes.cloned().collect()
}

/// The most writes under way at once.
fn widest(writes: &[Event]) -> usize {
    let (mut now, mut most) = (0_usize, 0);
    for event in writes {
        now = if event.ended { now - 1 } else { now + 1 };
        most = most.max(now);
    }
    most
}

#[tokio::test]
async fn records_of_one_partition_are_written_strictly_one_after_another_in_source_order() {
    let systems = Systems::default();
    for number in 1..=9 {
        systems.offer(number, if number % 3 == 0 { "Okello" } else { "Deng" });
    }
    let scenario = Scenario::of(systems).await;
    scenario.complete().await;
    for (household, numbers) in [("Okello", vec![3, 6, 9]), ("Deng", vec![1, 2, 4, 5, 7, 8])] {
        let keys: Vec<RecordKey> = numbers.into_iter().map(key).collect();
        let own: Vec<Event> = writes(&scenario.systems)
            .into_iter()
            .filter(|event| keys.contains(&event.keys[0]))
            .collect();
        let order: Vec<RecordKey> = own
            .iter()
            .filter(|event| !event.ended)
            .map(|event| event.keys[0].clone())
            .collect();
        assert_eq!(order, keys, "{household}");
        assert_eq!(widest(&own), 1, "{household}");
    }
}

#[tokio::test]
async fn a_record_is_located_only_after_the_write_before_it_in_its_partition() {
    let scenario = Scenario::offering(1).await;
    scenario.systems.offer(2, "household 1");
    scenario.complete().await;
    let events = scenario.systems.events.borrow();
    let place = |stage, number, ended| {
        let keys = [key(number)];
        events.iter().position(|event| {
            event.stage == stage && event.ended == ended && event.keys.contains(&keys[0])
        })
    };
    assert!(place(Stage::Write, 1, true) < place(Stage::Locate, 2, false));
    assert!(place(Stage::Write, 1, true).is_some());
}

#[tokio::test]
async fn records_of_different_partitions_are_written_side_by_side_up_to_the_limit() {
    let scenario = Scenario::offering(20).await;
    scenario.complete().await;
    assert_eq!(
        widest(&writes(&scenario.systems)),
        scenario.settings.concurrency
    );
}

#[tokio::test]
async fn with_a_concurrency_of_one_writes_follow_one_another() {
    let mut scenario = Scenario::offering(6).await;
    scenario.settings.concurrency = 1;
    let report = scenario.complete().await;
    assert_eq!(report.counts.delivered, 6);
    assert_eq!(widest(&writes(&scenario.systems)), 1);
}

#[tokio::test]
async fn details_that_come_out_of_order_keep_the_source_order() {
    let systems = Systems::default();
    for number in 1..=6 {
        systems.offer(number, "Deng");
    }
    let scenario = Scenario::of(systems).await;
    // The first batch of three answers after the second.
    scenario.systems.once(Stage::Fetch, Mishap::AnswersAfter(1));
    scenario.complete().await;
    let answered: Vec<RecordKey> = scenario
        .systems
        .ended(Stage::Fetch)
        .into_iter()
        .map(|event| event.keys[0].clone())
        .collect();
    assert_eq!(answered, [key(4), key(1)], "the story is the one meant");
    assert_eq!(
        scenario.systems.asked(Stage::Write),
        [1, 2, 3, 4, 5, 6].map(key)
    );
}

#[tokio::test]
async fn a_record_that_fails_lets_the_next_of_its_partition_follow() {
    let systems = Systems::default();
    for number in 1..=3 {
        systems.offer(number, "Deng");
    }
    let scenario = Scenario::of(systems).await;
    let refused = Mishap::Record(Fault::hold(Reason::RefusedByPrimero, Vec::new()));
    scenario.systems.with(1, 1, Stage::Locate, refused.clone());
    scenario.systems.with(2, 1, Stage::Write, refused);
    let report = scenario.complete().await;
    assert_eq!((report.counts.held, report.counts.delivered), (2, 1));
    assert_eq!(scenario.systems.copies(3), 1);
}

#[tokio::test]
async fn a_dry_run_looks_at_every_record_of_a_partition() {
    let systems = Systems::default();
    for number in 1..=5 {
        systems.offer(number, "Okello");
    }
    let mut scenario = Scenario::of(systems).await;
    scenario.request.dry_run = true;
    let looked = scenario
        .run_to_its_fate()
        .await
        .expect("nothing befalls it");
    assert_eq!(looked.stop, None);
    assert_eq!(looked.report.counts.would_deliver, 5);
    assert_eq!(looked.report.counts.deferred, 0);
    assert!(writes(&scenario.systems).is_empty());
}

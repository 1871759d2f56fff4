//! What a person asks the table for.

use jiff::ToSpan as _;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{Embedded, NOW, TABLE, key, row, store_of};
use crate::domain::outcome::{Calls, Counts, CursorMove, RunReport, RunStatus};
use crate::domain::reason::Reason;
use crate::domain::system::{System, WorkflowName};
use crate::store::RecordState;

fn report(run_id: &str) -> RunReport {
    RunReport {
        run_id: run_id.to_owned(),
        deployment: "somewhere".parse().expect("a name"),
        workflow: WorkflowName::ReferralsToPrimero,
        status: RunStatus::Completed,
        error: None,
        started_at: NOW,
        finished_at: NOW,
        dry_run: false,
        counts: Counts::default(),
        reasons: std::iter::once((Reason::InvalidDate, 2)).collect(),
        remarks: <_>::default(),
        cursor: CursorMove::default(),
        write_limit: None,
        calls: Calls::default(),
        records: Vec::new(),
        checks: Vec::new(),
    }
}

#[tokio::test]
async fn the_last_runs_come_newest_first_and_no_more_than_asked() {
    let embedded = Embedded::start().await;
    let store = embedded.store();
    for run in ["01B", "01C", "01A"] {
        store.put_run(&report(run)).await.expect("new");
    }
    let ids = async |limit| -> Vec<String> {
        let runs = store.last_runs(limit).await.expect("read");
        runs.into_iter().map(|run| run.run_id).collect()
    };
    assert_eq!(ids(2).await, ["01C", "01B"]);
    assert_eq!(ids(9).await, ["01C", "01B", "01A"]);
    let newest = store.last_runs(1).await.expect("read");
    assert_eq!(newest, [report("01C")]);
    let elsewhere = store_of(embedded.client.clone(), "elsewhere");
    assert_eq!(elsewhere.last_runs(9).await, Ok(Vec::new()));
}

#[tokio::test]
async fn held_records_are_listed_alone_and_the_oldest_first() {
    let embedded = Embedded::start().await;
    let store = embedded.store();
    for (number, state) in [
        (1, RecordState::Held),
        (2, RecordState::Done),
        (3, RecordState::Held),
        (4, RecordState::Retry),
    ] {
        let mut row = row(number, state, 1);
        row.first_seen_at = NOW - i64::try_from(number).expect("a few").hours();
        store.put_record(&row).await.expect("new");
    }
    let held = store.held_records::<String>().await.expect("read");
    let keys: Vec<_> = held.into_iter().map(|row| row.key).collect();
    assert_eq!(keys, [key(3), key(1)]);
}

#[tokio::test]
async fn refusals_are_counted_for_a_version_and_begin_anew_for_another() {
    let embedded = Embedded::start().await;
    let store = embedded.store();
    let counted = async || {
        let known = store.sign_ins().await.expect("read");
        let refused = known[&System::Primero].refused.clone();
        refused.map(|refused| (refused.version, refused.tries))
    };
    assert_eq!(counted().await, None);
    for (version, tries) in [("v1", 1), ("v1", 2), ("v1", 3), ("v2", 1)] {
        let put = store.put_refused_sign_in(System::Primero, version, NOW);
        put.await.expect("put");
        assert_eq!(counted().await, Some((version.to_owned(), tries)));
    }
}

#[tokio::test]
async fn a_refusal_of_an_older_release_was_one_try() {
    let embedded = Embedded::start().await;
    let (store, text) = (embedded.store(), |text: &str| {
        AttributeValue::S(text.to_owned())
    });
    let item = [
        ("pk", "somewhere#sign-in"),
        ("sk", "auth_failed#ping"),
        ("secret_version", "v1"),
        ("refused_at", "2026-11-20T10:00:00Z"),
    ];
    let item = item.map(|(name, value)| (name.to_owned(), text(value)));
    let put = embedded.client.put_item().table_name(TABLE);
    let put = put.set_item(Some(item.into())).send().await;
    put.expect("put");

    let tries = async || {
        let known = store.sign_ins().await.expect("read");
        let refused = known[&System::Ping].refused.as_ref();
        refused.map(|refused| refused.tries)
    };
    assert_eq!(tries().await, Some(1));
    let put = store.put_refused_sign_in(System::Ping, "v1", NOW);
    put.await.expect("put");
    assert_eq!(tries().await, Some(2));
}

#[tokio::test]
async fn one_run_tries_at_a_time_until_it_gives_the_try_back_or_its_time_is_over() {
    let embedded = Embedded::start().await;
    let store = embedded.store();
    let ends = NOW + 30.seconds();
    let take = async |holder: &str, now| {
        let taken = store.take_try(System::Primero, holder, now, ends).await;
        taken.expect("it answers")
    };
    assert!(take("first", NOW).await);
    assert!(!take("second", NOW).await);
    assert!(take("first", NOW).await, "its answer may have been lost");
    store
        .release_try(System::Primero, "second")
        .await
        .expect("it is not its own");
    assert!(!take("second", NOW).await);
    store
        .release_try(System::Primero, "first")
        .await
        .expect("it is its own");
    assert!(take("second", NOW).await);
    assert!(take("third", ends + 1.seconds()).await);
}

#[tokio::test]
async fn a_forgotten_sign_in_is_forgotten_for_its_system_alone() {
    let embedded = Embedded::start().await;
    let store = embedded.store();
    for system in [System::Ping, System::Primero] {
        let put = store.put_refused_sign_in(system, "v1", NOW).await;
        assert_eq!(put, Ok(()));
    }
    assert_eq!(store.forget_refused_sign_in(System::Ping).await, Ok(true));
    let refused = store.refused_sign_ins().await.expect("read");
    assert_eq!(refused.keys().collect::<Vec<_>>(), [&System::Primero]);
    assert_eq!(store.forget_refused_sign_in(System::Ping).await, Ok(false));
}

#[tokio::test]
async fn remarks_are_found_in_any_state_the_longest_standing_first() {
    let embedded = Embedded::start().await;
    let store = embedded.store();
    let later = NOW + 1.hour();
    for (number, state, since) in [(1, RecordState::Done, later), (2, RecordState::Held, NOW)] {
        let mut row = row(number, state, 1);
        row.remarks.insert(Reason::ContactSubstituted, since);
        store.put_record(&row).await.expect("new");
    }
    let plain = row(3, RecordState::Done, 1);
    store.put_record(&plain).await.expect("new");

    let remarked = store.remarked().await.expect("read");

    let found: Vec<_> = remarked
        .iter()
        .map(|item| (item.key.as_str(), item.state, item.remarks.clone()))
        .collect();
    let said = |since| std::iter::once((Reason::ContactSubstituted, since)).collect();
    let (one, two) = (key(1), key(2));
    let held = (two.as_str(), Some(RecordState::Held), said(NOW));
    let done = (one.as_str(), Some(RecordState::Done), said(later));
    assert_eq!(found, [held, done]);
    assert_eq!(store.unfinished().await.expect("read").len(), 1);
}

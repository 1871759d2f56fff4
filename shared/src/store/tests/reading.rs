//! What a person asks the table for.

use jiff::ToSpan as _;

use super::{Embedded, NOW, key, row, store_of};
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

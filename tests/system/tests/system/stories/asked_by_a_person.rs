//! Runs that a person asks for: some records only, so many of them, an older window, or what was held.

use std::time::Duration;

use referral_bridge::domain::outcome::Outcome;
use referral_bridge::domain::reason::Reason;
use referral_bridge::domain::record::RecordKey;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::engine::Request;
use sandbox::primero::ServiceDecision;
use serde_json::json;

use crate::bridge::{CONTROL, NOW, TestBridge};
use crate::referral::Referral;
use crate::waiting::only;

const UNKNOWN: &str = "0badc0de-0000-4000-8000-000000000000";

#[tokio::test]
async fn a_key_that_nobody_knows_is_not_found_and_nothing_else_is_touched() {
    for workflow in WorkflowName::ALL {
        let bridge = TestBridge::start().await;
        let others = bridge.waiting(*workflow, 2);
        let unknown = RecordKey::written(UNKNOWN);

        let finished = bridge.ask(*workflow, &only([&unknown])).await;

        assert_eq!(finished.stop, None, "{workflow}");
        let [line] = &finished.report.records[..] else {
            panic!("{workflow}: {:?}", finished.report);
        };
        assert_eq!((&line.key, line.reason), (&unknown, Some(Reason::NotFound)));
        assert_eq!(bridge.effective_writes(), 0, "{workflow}");
        bridge.completed(*workflow).await;
        bridge.assert_each_arrived_once(&others);
    }
}

#[tokio::test]
async fn what_is_no_key_is_not_repeated_for_it_may_be_a_childs_number() {
    let bridge = TestBridge::start().await;
    let number = RecordKey::written("606-00000001");

    let workflow = WorkflowName::ReferralsToPrimero;
    let finished = bridge.ask(workflow, &only([&number])).await;

    let [line] = &finished.report.records[..] else {
        panic!("{:?}", finished.report);
    };
    assert_eq!(line.reason, Some(Reason::NotFound));
    assert_eq!(line.key.as_str(), "not-a-record-key");
}

#[tokio::test]
async fn only_the_named_record_is_moved_and_the_others_wait_for_an_ordinary_run() {
    for workflow in WorkflowName::ALL {
        let bridge = TestBridge::start().await;
        let records = bridge.waiting(*workflow, 3);

        let named = only([&records[1].key()]);
        let finished = bridge.ask(*workflow, &named).await;

        assert_eq!(finished.stop, None, "{workflow}");
        assert_eq!(finished.report.counts.delivered, 1, "{workflow}");
        let cursor = finished.report.cursor;
        assert_eq!(cursor.before, cursor.after, "{workflow}");
        let arrived: Vec<bool> = records.iter().map(|one| bridge.has_arrived(one)).collect();
        assert_eq!(arrived, [false, true, false], "{workflow}");
        bridge.completed(*workflow).await;
        bridge.assert_each_arrived_once(&records);
    }
}

#[tokio::test]
async fn a_limit_defers_what_is_beyond_it_to_the_next_run() {
    for workflow in WorkflowName::ALL {
        let bridge = TestBridge::start().await;
        let records = bridge.waiting(*workflow, 5);
        let two = Request {
            limit: Some(2),
            ..Request::default()
        };

        let report = bridge.ask(*workflow, &two).await.report;

        let counts = (report.counts.delivered, report.counts.deferred);
        assert_eq!(counts, (2, 3), "{workflow}");
        let arrived = records.iter().filter(|one| bridge.has_arrived(one)).count();
        assert_eq!(arrived, 2, "{workflow}");
        let rest = bridge.completed(*workflow).await;
        assert_eq!(rest.counts.delivered, 3, "{workflow}");
        bridge.assert_each_arrived_once(&records);
    }
}

#[tokio::test]
async fn since_reads_an_older_window_again_writes_nothing_and_leaves_the_cursor() {
    for workflow in [
        WorkflowName::DecisionsToProgres,
        WorkflowName::ReferralsToProgres,
    ] {
        let bridge = TestBridge::start().await;
        let old = bridge.waiting(workflow, 1);
        bridge.completed(workflow).await;
        bridge.pass(Duration::from_hours(2));
        bridge.decided(99, &ServiceDecision::Accepted);
        bridge.wish(99);
        bridge.pass(Duration::from_mins(1));
        bridge.completed(workflow).await;
        let ordinary = bridge.completed(workflow).await;
        assert_eq!(ordinary.counts.discovered, 1, "the old one is out of reach");
        let effects = bridge.effective_writes();

        let since = Request {
            since: Some(NOW.parse().unwrap()),
            ..Request::default()
        };
        let report = bridge.ask(workflow, &since).await.report;

        assert_eq!(report.counts.already_in_place, 2, "{report:?}");
        assert_eq!(report.cursor, ordinary.cursor);
        assert_eq!(bridge.effective_writes(), effects);
        assert_eq!(bridge.completed(workflow).await.cursor, ordinary.cursor);
        bridge.assert_each_arrived_once(&old);
    }
}

#[tokio::test]
async fn what_is_held_opens_for_a_person_and_only_what_the_person_names() {
    let bridge = TestBridge::start().await;
    let second = "606-100000002";
    let referrals = [
        Referral::numbered(1).of(CONTROL),
        Referral::numbered(2).of(second),
    ];
    let cases = [
        bridge.cases_of(CONTROL)[0]["id"].clone(),
        json!(bridge.insert_case(second)),
    ];
    for (referral, case) in referrals.iter().zip(&cases) {
        bridge.refer(referral);
        let case = case.as_str().unwrap();
        bridge.sandbox.primero.close_case(case).unwrap();
    }
    assert_eq!(bridge.complete().await.reasons[&Reason::CaseClosed], 2);
    for case in &cases {
        let open = json!({ "status": "open" });
        let primero = &bridge.sandbox.primero;
        primero
            .worker_updates_case(case.as_str().unwrap(), open)
            .unwrap();
    }
    assert_eq!(
        bridge.complete().await.counts.held,
        2,
        "no data changed at the source"
    );

    let first = RecordKey::written(&referrals[0].intervention);
    let released = Request {
        release_held: true,
        ..only([&first])
    };
    let report = bridge
        .ask(WorkflowName::ReferralsToPrimero, &released)
        .await
        .report;
    assert_eq!(
        (report.counts.delivered, report.counts.held),
        (1, 0),
        "{report:?}"
    );
    bridge.assert_delivered_once(&referrals[0]);
    assert!(bridge.services_of(&referrals[1]).is_empty());

    let all = Request {
        release_held: true,
        ..Request::default()
    };
    bridge.ask(WorkflowName::ReferralsToPrimero, &all).await;
    bridge.assert_delivered_once(&referrals[1]);
}

#[tokio::test]
async fn a_released_record_that_is_still_wrong_is_held_again() {
    let bridge = TestBridge::start().await;
    let referral = Referral::numbered(1).of(CONTROL);
    let case = bridge.cases_of(CONTROL)[0]["id"].clone();
    bridge
        .sandbox
        .primero
        .close_case(case.as_str().unwrap())
        .unwrap();
    bridge.refer(&referral);
    bridge.complete().await;
    let release = Request {
        release_held: true,
        ..Request::default()
    };
    let report = bridge
        .ask(WorkflowName::ReferralsToPrimero, &release)
        .await
        .report;
    assert_eq!(report.records[0].outcome, Outcome::Held);
    assert_eq!(report.reasons[&Reason::CaseClosed], 1);
    assert_eq!(bridge.effective_writes(), 0);
}

//! More changed cases than Primero puts on a page, while people go on saving them (1.2 and 2.1).

use std::collections::BTreeMap;
use std::time::Duration;

use referral_bridge::domain::system::WorkflowName;
use referral_bridge::engine::Request;
use sandbox::Workflow;
use sandbox::generated::Generated;
use serde_json::json;

use crate::bridge::TestBridge;

const CASES: usize = 2500;
/// Cases that people save between two pages.
const SAVED: usize = 100;

/// A bridge without a small first run, and generated records for a workflow.
async fn many(workflow: Workflow) -> TestBridge {
    let unbounded = TestBridge::beginning().profile(|profile| {
        profile.engine.first_run_writes = profile.engine.max_writes_per_run;
    });
    let bridge = unbounded.empty_primero().start().await;
    let generated = Generated {
        workflow,
        records: CASES,
        seed: 7,
        existing_percent: 0,
        bad_percent: 0,
    };
    generated.load(&bridge.sandbox).expect("it takes them");
    bridge
}

/// After every page people save cases that were read, cases that come next and cases of the end, so that rows move from page to page.
fn save_while_we_read(bridge: &TestBridge) {
    let cases = bridge.sandbox.primero.cases().into_iter();
    let ids: Vec<String> = cases
        .filter_map(|case| case["id"].as_str().map(str::to_owned))
        .collect();
    bridge
        .sandbox
        .primero
        .after_each_page_of_changes(move |primero, listings| {
            for place in 0..SAVED {
                let nth = (listings * 211 + place * (CASES / SAVED)) % ids.len();
                let name = json!({ "name_nickname": format!("saved {listings}") });
                let saved = primero.worker_updates_case(&ids[nth], name);
                saved.expect("there is such a case");
            }
        });
}

/// Runs while people save cases, and then until a run has nothing to do; answers how many records each run delivered.
async fn until_quiet(bridge: &TestBridge, workflow: WorkflowName) -> Vec<u64> {
    save_while_we_read(bridge);
    let mut delivered = Vec::new();
    for _ in 0..12 {
        bridge.pass(Duration::from_mins(15));
        let finished = bridge.ask(workflow, &Request::default()).await;
        assert_eq!(finished.stop, None, "{:?}", finished.report.counts);
        bridge.sandbox.primero.leave_listings_alone();
        let counts = finished.report.counts;
        assert_eq!((counts.held, counts.skipped), (0, 0), "{counts:?}");
        delivered.push(counts.delivered);
        if counts.delivered + counts.awaiting_confirmation + counts.deferred == 0 {
            return delivered;
        }
    }
    panic!("it never ends: {delivered:?}");
}

fn assert_each_once(arrived: &BTreeMap<String, usize>) {
    assert_eq!(arrived.len(), CASES);
    let repeated: Vec<_> = arrived.iter().filter(|(_, times)| **times != 1).collect();
    assert!(repeated.is_empty(), "{repeated:?}");
}

#[tokio::test]
async fn every_decision_of_2500_changed_cases_arrives_once_while_people_save_them() {
    let bridge = many(Workflow::DecisionsToProgres).await;

    let delivered = until_quiet(&bridge, WorkflowName::DecisionsToProgres).await;

    assert!(delivered[0] > 1000, "more than a page: {delivered:?}");
    assert!(delivered[1] > 0, "some had moved on: {delivered:?}");
    let statuses = bridge.sandbox.ping.transfer_statuses().into_iter();
    assert_each_once(&statuses.map(|(id, told)| (id, told.len())).collect());
}

#[tokio::test]
async fn every_referral_of_2500_changed_cases_arrives_once_while_people_save_them() {
    let bridge = many(Workflow::ReferralsToProgres).await;

    let delivered = until_quiet(&bridge, WorkflowName::ReferralsToProgres).await;

    assert!(delivered[0] > 1000, "more than a page: {delivered:?}");
    let mut arrived = BTreeMap::new();
    for submission in bridge.sandbox.ping.submissions() {
        let service = submission
            .field("progres_orgreferralid")
            .unwrap_or_default();
        *arrived.entry(service.to_owned()).or_default() += 1;
    }
    assert_each_once(&arrived);
}

//! A ledger that knows nothing: the first day of a country, or a table that was lost.

use std::time::Duration;

use referral_bridge::domain::reason::Stop;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::engine::Request;
use referral_bridge::store::table;

use crate::bridge::TestBridge;

const FOLLOWING: [WorkflowName; 2] = [
    WorkflowName::DecisionsToProgres,
    WorkflowName::ReferralsToProgres,
];

async fn unannounced() -> TestBridge {
    let mut bridge = TestBridge::beginning().untried().start().await;
    bridge.first_run = false;
    bridge
}

#[tokio::test]
async fn a_table_that_was_lost_and_made_anew_sends_nothing_a_second_time() {
    for workflow in FOLLOWING {
        let mut bridge = TestBridge::start().await;
        let records = bridge.waiting(workflow, 3);
        bridge.completed(workflow).await;
        bridge.assert_each_arrived_once(&records);
        let effects = bridge.effective_writes();

        bridge.first_run = false;
        let lost = bridge.installation.table.clone();
        bridge.installation.table = format!("{lost}-anew");
        let made = table::ensure(&bridge.installation.state, &bridge.installation.table);
        made.await.expect("a table");
        for _ in 0..2 {
            bridge.pass(Duration::from_mins(2));
            let finished = bridge.ask(workflow, &Request::default()).await;
            assert_eq!(finished.stop, Some(Stop::LedgerEmpty), "{workflow}");
        }
        assert_eq!(bridge.effective_writes(), effects, "{workflow}");
    }
}

#[tokio::test]
async fn a_country_whose_first_decision_comes_weeks_later_is_not_asked() {
    for workflow in FOLLOWING {
        let bridge = unannounced().await;
        for _ in 0..3 {
            bridge.completed(workflow).await;
            bridge.pass(Duration::from_hours(7 * 24));
        }
        let records = bridge.waiting(workflow, 1);
        bridge.pass(Duration::from_mins(1));
        bridge.completed(workflow).await;
        bridge.assert_each_arrived_once(&records);
    }
}

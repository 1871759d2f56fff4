//! proGres is down for hours, and its gateway answers 503 after the effect: nothing goes twice, and nearly nothing waits for a person.

use std::time::Duration;

use referral_bridge::domain::reason::Stop;
use referral_bridge::domain::system::{self, WorkflowName};
use referral_bridge::engine::Request;
use sandbox::faults::{Fault, Rule, Target};
use sandbox::journal::System;

use crate::bridge::TestBridge;

const WORKFLOW: WorkflowName = WorkflowName::ReferralsToProgres;
const DOWN: Stop = Stop::Unavailable(system::System::Ping);

#[tokio::test]
async fn a_503_after_the_effect_doubles_nothing_and_holds_what_was_out_and_one_an_hour() {
    let bridge = TestBridge::start().await;
    let records = bridge.waiting(WORKFLOW, 30);
    let not_ready = Fault::Status {
        status: 503,
        retry_after: None,
        after_effect: true,
    };
    let on = Target::Containing("/asyncdata".to_owned());
    let faults = bridge.sandbox.faults(System::Ping);
    faults.add(Rule::always(on, not_ready));
    for _ in 0..(4 * 6) {
        let finished = bridge.ask(WORKFLOW, &Request::default()).await;
        assert_eq!(finished.stop, Some(DOWN));
        bridge.pass(Duration::from_mins(10));
    }
    let out = bridge.sandbox.ping.submissions().len();
    assert!((8..=8 + 4).contains(&out), "{out}");
    let held = bridge.store_of(WORKFLOW);
    let held = held.held_records::<serde_json::Value>().await;
    assert_eq!(held.expect("it answers").len(), out);

    faults.clear();
    bridge.pass(Duration::from_hours(1));
    let report = bridge.completed(WORKFLOW).await;
    let delivered = usize::try_from(report.counts.delivered).expect("few");
    assert_eq!(delivered, records.len() - out, "{report:?}");
    bridge.assert_each_arrived_once(&records);
}

//! PING accepts a submission at once and says later, or never, what became of it (2.1).

use std::time::Duration;

use referral_bridge::domain::reason::Reason;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::engine::Request;
use referral_bridge::store::RecordState;
use sandbox::faults::{Fault, Rule, Target};
use sandbox::journal::System;
use serde_json::json;

use crate::bridge::TestBridge;
use crate::child::{Child, assert_only, release};

const CHECK_STATUS: &str = "checkstatus";
const DAY: Duration = Duration::from_hours(24);
/// More than one run asks.
const MORE_CHECKS_THAN_A_RUN_MAKES: u32 = 6;

/// PING's receipt of the one submission of a child.
fn receipt(bridge: &TestBridge, child: &Child) -> String {
    let submissions = bridge.submissions_of(child, &child.service);
    assert_eq!(submissions.len(), 1, "{submissions:?}");
    submissions[0].transaction.to_string()
}

/// From now on every checkstatus meets this fault.
fn always(bridge: &TestBridge, fault: Fault) {
    let on = Target::Containing(CHECK_STATUS.to_owned());
    let faults = bridge.sandbox.faults(System::Ping);
    faults.add(Rule::always(on, fault));
}

#[tokio::test]
async fn a_submission_rejected_after_the_run_is_found_in_a_later_one_and_held_with_its_receipt() {
    let bridge = TestBridge::start().await;
    let (rejected, taken) = (bridge.asking_child(1), bridge.asking_child(2));
    let ping = &bridge.sandbox.ping;
    ping.set_checks_before_result(MORE_CHECKS_THAN_A_RUN_MAKES);
    ping.reject_record_later(&rejected.service, "Individual is closed");

    let report = bridge.send_to_progres().await;

    assert_eq!(report.counts.awaiting_confirmation, 2, "{report:?}");
    let receipt = receipt(&bridge, &rejected);
    let row = bridge.child_row(&rejected).await;
    assert_eq!(row.state, RecordState::AwaitingConfirmation);

    let mut ended = None;
    for _ in 0..8 {
        bridge.pass(Duration::from_hours(2));
        let report = bridge.send_to_progres().await;
        if report.counts.held > 0 {
            ended = Some(report);
            break;
        }
    }

    let report = ended.expect("it is found");
    assert_eq!(report.counts.discovered, 2, "{report:?}");
    assert_only(&report, Reason::RejectedByProgres);
    let line = &report.records[0];
    assert_eq!(line.key.as_str(), rejected.key(&rejected.service));
    assert_eq!(line.transaction_id.as_ref(), Some(&receipt));
    let row = bridge.child_row(&rejected).await;
    assert_eq!(row.reason, Some(Reason::RejectedByProgres));
    assert_eq!(row.transaction_id, Some(receipt));
    assert_eq!(bridge.child_row(&taken).await.state, RecordState::Done);
}

#[tokio::test]
async fn a_rejected_submission_is_sent_again_once_its_data_are_corrected_or_a_person_releases_it() {
    let bridge = TestBridge::start().await;
    let (corrected, released) = (bridge.asking_child(1), bridge.asking_child(2));
    for child in [&corrected, &released] {
        let ping = &bridge.sandbox.ping;
        ping.reject_record_later(&child.service, "Name too short");
    }
    let report = bridge.send_to_progres().await;
    assert_eq!(report.reasons[&Reason::RejectedByProgres], 2, "{report:?}");
    bridge.pass(DAY);
    let nothing_new = bridge.send_to_progres().await;
    assert_eq!(nothing_new.counts.delivered, 0, "{nothing_new:?}");

    let name = json!({ "name_first": "Nyabolpiny" });
    let primero = &bridge.sandbox.primero;
    let edited = primero.worker_updates_case(&corrected.case, name);
    edited.expect("it is there");
    let report = bridge.send_to_progres().await;
    assert_eq!(report.counts.delivered, 1, "{report:?}");
    bridge.assert_submitted(&corrected, 2);
    bridge.assert_submitted(&released, 1);

    let release = release(&released.key(&released.service));
    let report = bridge.send_asked(&release).await;
    assert_eq!(report.counts.delivered, 1, "{report:?}");
    bridge.assert_submitted(&released, 2);
    bridge.assert_submitted(&corrected, 2);
}

#[tokio::test]
async fn a_submission_that_ping_never_speaks_of_is_held_after_a_week_and_never_sent_again_by_itself()
 {
    let bridge = TestBridge::start().await;
    let child = bridge.asking_child(1);
    always(&bridge, Fault::NotYet);
    let report = bridge.send_to_progres().await;
    assert_eq!(report.counts.awaiting_confirmation, 1, "{report:?}");
    let receipt = receipt(&bridge, &child);

    for day in 1..7 {
        bridge.pass(DAY);
        bridge.send_to_progres().await;
        let row = bridge.child_row(&child).await;
        assert_eq!(row.state, RecordState::AwaitingConfirmation, "day {day}");
    }
    for _ in 7..10 {
        bridge.pass(DAY);
        bridge.send_to_progres().await;
    }

    bridge
        .assert_held(&child, Reason::ConfirmationOverdue)
        .await;
    assert_eq!(bridge.child_row(&child).await.transaction_id, Some(receipt));
    let name = json!({ "name_first": "Nyakim" });
    let primero = &bridge.sandbox.primero;
    let edited = primero.worker_updates_case(&child.case, name);
    edited.expect("it is there");
    bridge.send_to_progres().await;
    bridge.assert_submitted(&child, 1);

    bridge.sandbox.faults(System::Ping).clear();
    let released = release(&child.key(&child.service));
    let report = bridge.send_asked(&released).await;
    assert_eq!(report.counts.delivered, 1, "{report:?}");
    bridge.assert_submitted(&child, 2);
}

#[tokio::test]
async fn a_status_word_that_nobody_knows_leaves_a_submission_awaiting() {
    let bridge = TestBridge::start().await;
    let child = bridge.asking_child(1);
    let word = "Parked".to_owned();
    always(&bridge, Fault::StatusWord { word });
    bridge.pass(Duration::from_mins(1));

    let workflow = WorkflowName::ReferralsToProgres;
    let finished = bridge.ask(workflow, &Request::default()).await;

    assert_eq!(finished.stop, None);
    let counts = &finished.report.counts;
    assert_eq!(counts.awaiting_confirmation, 1, "{:?}", finished.report);
    assert!(finished.measures.unknown_codes > 0);
    for _ in 0..2 {
        bridge.pass(DAY);
        bridge.send_to_progres().await;
        let row = bridge.child_row(&child).await;
        assert_eq!(row.state, RecordState::AwaitingConfirmation);
    }

    bridge.sandbox.faults(System::Ping).clear();
    bridge.pass(DAY);
    let report = bridge.send_to_progres().await;
    assert_eq!(report.counts.delivered, 1, "{report:?}");
    bridge.assert_submitted(&child, 1);
}

#[tokio::test]
async fn a_receipt_that_cannot_be_read_leaves_a_submission_awaiting() {
    let bridge = TestBridge::start().await;
    let child = bridge.asking_child(1);
    always(&bridge, Fault::UnreadableStatus);

    let report = bridge.send_to_progres().await;
    assert_eq!(report.counts.awaiting_confirmation, 1, "{report:?}");

    bridge.sandbox.faults(System::Ping).clear();
    bridge.pass(DAY);
    let report = bridge.send_to_progres().await;
    assert_eq!(report.counts.delivered, 1, "{report:?}");
    bridge.assert_submitted(&child, 1);
}

#[tokio::test]
async fn a_submission_without_a_receipt_is_held_and_not_counted_as_delivered() {
    let bridge = TestBridge::start().await;
    let child = bridge.asking_child(1);
    bridge.once(System::Ping, "asyncdata", Fault::WithoutTransaction);

    let report = bridge.send_to_progres().await;

    assert_only(&report, Reason::OutcomeUnknown);
    bridge.assert_submitted(&child, 1);
    bridge.pass(DAY);
    bridge.send_to_progres().await;
    bridge.assert_submitted(&child, 1);
}

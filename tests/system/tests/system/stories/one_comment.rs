//! proGres keeps every comment that it is given: a decision comes with one, whatever happens to the answers.

use std::time::Duration;

use referral_bridge::domain::outcome::RunReport;
use referral_bridge::domain::reason::Reason;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::store::RecordState;
use sandbox::faults::{Fault, Rule, Target};
use sandbox::journal::System;
use sandbox::primero::ServiceDecision;

use crate::asked::{ACKNOWLEDGED, Asked, COMMENT, REFUSED, rejected};
use crate::bridge::TestBridge;
use crate::child::assert_only;

const DATA: &str = "SHP-2748";

const fn error(status: u16, after_effect: bool) -> Fault {
    Fault::Status {
        status,
        retry_after: None,
        after_effect,
    }
}

/// The next answers to a decision are lost, so many of them.
fn lose(bridge: &TestBridge, fault: &Fault, times: u32) {
    let rule = Rule {
        times: Some(times),
        ..Rule::always(Target::Containing(DATA.to_owned()), fault.clone())
    };
    bridge.sandbox.faults(System::Ping).add(rule);
}

/// Runs once a day until the decision is delivered; answers how often it was not, and the last report.
async fn until_delivered(bridge: &TestBridge) -> (u32, RunReport) {
    for failures in 0..10 {
        let report = bridge.report_decisions().await;
        if report.counts.delivered == 1 {
            return (failures, report);
        }
        assert_eq!(report.counts.will_retry, 1, "{report:?}");
        bridge.pass(Duration::from_hours(24));
    }
    panic!("ten days are enough");
}

fn last_told(bridge: &TestBridge, asked: &Asked) -> String {
    bridge.codes_told(asked).pop().unwrap_or_default()
}

#[tokio::test]
async fn a_decision_that_arrived_has_one_comment_however_often_its_answer_is_lost() {
    let faults = [
        Fault::DropAfterEffect,
        error(500, true),
        error(502, true),
        error(504, true),
        Fault::TruncatedBody,
        Fault::MalformedBody,
        Fault::WithoutTransaction,
    ];
    for fault in faults {
        for times in [1, 3] {
            let bridge = TestBridge::start().await;
            let asked = bridge.accepted(1);
            lose(&bridge, &fault, times);

            let (failures, report) = until_delivered(&bridge).await;

            assert_eq!(failures, times, "{fault:?}");
            assert_eq!(last_told(&bridge, &asked), ACKNOWLEDGED, "{fault:?}");
            assert_eq!(bridge.comments(&asked), [COMMENT], "{fault:?} {times}");
            assert_eq!(report.remarks[&Reason::CommentUnconfirmed], 1, "{fault:?}");
        }
    }
}

#[tokio::test]
async fn a_decision_that_is_taken_back_and_made_again_before_it_is_confirmed_has_one_comment() {
    let bridge = TestBridge::start().await;
    let asked = bridge.accepted(1);
    lose(&bridge, &Fault::DropAfterEffect, 1);
    bridge.report_decisions().await;
    bridge.answer(&asked, &ServiceDecision::Pending);
    bridge.pass(Duration::from_hours(1));
    let report = bridge.report_decisions().await;
    assert_only(&report, Reason::DecisionWithdrawn);

    bridge.answer(&asked, &ServiceDecision::Accepted);
    let report = bridge.report_decisions().await;

    assert_eq!(report.counts.delivered, 1, "{report:?}");
    assert_eq!(bridge.codes_told(&asked), [ACKNOWLEDGED; 2]);
    assert_eq!(bridge.comments(&asked), [COMMENT]);
}

#[tokio::test]
async fn a_decision_that_did_not_arrive_is_told_later_and_the_report_says_that_its_comment_may_lack()
 {
    for fault in [Fault::DropBeforeEffect, error(500, false)] {
        let bridge = TestBridge::start().await;
        let asked = bridge.accepted(1);
        lose(&bridge, &fault, 2);

        let (failures, report) = until_delivered(&bridge).await;

        assert_eq!(failures, 2, "{fault:?}");
        assert_eq!(bridge.codes_told(&asked), [ACKNOWLEDGED], "{fault:?}");
        assert_eq!(bridge.comments(&asked), [""; 0], "{fault:?}");
        assert_eq!(report.remarks[&Reason::CommentUnconfirmed], 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_decision_that_is_told_late_and_again_has_one_comment() {
    let bridge = TestBridge::start().await;
    let asked = bridge.accepted(1);
    lose(&bridge, &Fault::LateEffect, 1);
    bridge.report_decisions().await;
    assert!(bridge.codes_told(&asked).is_empty());

    bridge.pass(Duration::from_hours(1));
    bridge.report_decisions().await;
    assert_eq!(bridge.codes_told(&asked), [ACKNOWLEDGED]);
    assert!(bridge.comments(&asked).is_empty());
    let late = bridge.sandbox.carry_out_late(System::Ping).await;

    assert_eq!(late, 1, "the story is the one meant");
    assert_eq!(bridge.codes_told(&asked), [ACKNOWLEDGED; 2]);
    assert_eq!(bridge.comments(&asked), [COMMENT]);
}

#[tokio::test]
async fn all_decisions_of_a_lost_request_have_one_comment_each() {
    let bridge = TestBridge::start().await;
    let all: Vec<Asked> = (1..=20).map(|number| bridge.accepted(number)).collect();
    lose(&bridge, &Fault::DropAfterEffect, 1);

    let first = bridge.report_decisions().await;
    bridge.pass(Duration::from_hours(1));
    let second = bridge.report_decisions().await;

    assert_eq!(first.counts.will_retry, 20, "{first:?}");
    assert_eq!(second.counts.delivered, 20, "{second:?}");
    for asked in &all {
        assert_eq!(bridge.codes_told(asked), [ACKNOWLEDGED; 2]);
        assert_eq!(bridge.comments(asked), [COMMENT]);
    }
}

#[tokio::test]
async fn a_late_first_decision_never_overtakes_a_newer_one() {
    let bridge = TestBridge::start().await;
    let asked = bridge.accepted(1);
    lose(&bridge, &Fault::LateEffect, 1);
    bridge.report_decisions().await;

    bridge.answer(&asked, &rejected("Moved away"));
    let too_early = bridge.report_decisions().await;
    assert_eq!(too_early.counts.deferred, 1, "{too_early:?}");
    assert!(bridge.codes_told(&asked).is_empty());
    let late = bridge.sandbox.carry_out_late(System::Ping).await;
    assert_eq!(late, 1, "the story is the one meant");
    bridge.pass(Duration::from_hours(1));
    let report = bridge.report_decisions().await;

    assert_eq!(report.counts.delivered, 1, "{report:?}");
    assert_eq!(bridge.codes_told(&asked), [ACKNOWLEDGED, REFUSED]);
    let refusal = "Referral rejected by PRIMERO: Moved away";
    assert_eq!(bridge.comments(&asked), [COMMENT, refusal]);
}

/// When a run dies that has kept the row of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Death {
    BeforeTheRequest,
    AfterTheRequest,
}

/// A run that tells of one decision dies; a later one goes on. Answers that one's report.
async fn killed(bridge: &TestBridge, asked: &Asked, death: Death) -> RunReport {
    const FOR_EVER: u64 = 24 * 60 * 60 * 1000;
    let fault = match death {
        Death::BeforeTheRequest => Fault::Latency {
            milliseconds: FOR_EVER,
        },
        Death::AfterTheRequest => Fault::SlowBody {
            milliseconds: FOR_EVER,
        },
    };
    lose(bridge, &fault, 1);
    bridge.pass(Duration::from_mins(1));
    let workflow = WorkflowName::DecisionsToProgres;
    let dies = async {
        loop {
            let noted = bridge.row_of(workflow, &asked.intervention).await.is_some();
            let arrived = !bridge.codes_told(asked).is_empty();
            if noted && (arrived || death == Death::BeforeTheRequest) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        () = dies => {}
        report = bridge.completed(workflow) => panic!("it was to die: {report:?}"),
    }
    bridge.sandbox.faults(System::Ping).clear();
    let row = bridge.row_of(workflow, &asked.intervention).await;
    let row = row.expect("it was kept before the request");
    assert_eq!(row.state, RecordState::Retry, "{death:?}");
    let told = usize::from(death == Death::AfterTheRequest);
    assert_eq!(
        bridge.codes_told(asked).len(),
        told,
        "the story is the one meant"
    );
    bridge.pass(Duration::from_hours(1));
    bridge.completed(workflow).await
}

#[tokio::test]
async fn an_acceptance_whose_run_is_killed_at_its_request_goes_again_without_its_comment() {
    for (death, comments) in [
        (Death::BeforeTheRequest, &[""; 0][..]),
        (Death::AfterTheRequest, &[COMMENT][..]),
    ] {
        let bridge = TestBridge::start().await;
        let asked = bridge.accepted(1);

        let report = killed(&bridge, &asked, death).await;

        assert_eq!(report.counts.delivered, 1, "{death:?}: {report:?}");
        assert_eq!(last_told(&bridge, &asked), ACKNOWLEDGED);
        assert_eq!(bridge.comments(&asked), comments, "{death:?}");
        assert_eq!(report.remarks[&Reason::CommentUnconfirmed], 1, "{death:?}");
        let quiet = bridge.report_decisions().await;
        assert_eq!(quiet.counts.delivered, 0, "{death:?}: {quiet:?}");
    }
}

#[tokio::test]
async fn a_rejection_whose_run_is_killed_at_its_request_goes_again_with_its_reason_marked() {
    const REASON: &str = "Referral rejected by PRIMERO: Moved away";
    const AGAIN: &str = "Referral rejected by PRIMERO: Moved away (repeated)";
    for (death, comments) in [
        (Death::BeforeTheRequest, &[AGAIN][..]),
        (Death::AfterTheRequest, &[REASON, AGAIN][..]),
    ] {
        let bridge = TestBridge::start().await;
        let asked = bridge.asked(1);
        bridge.answer(&asked, &rejected("Moved away"));

        let report = killed(&bridge, &asked, death).await;

        assert_eq!(report.counts.delivered, 1, "{death:?}: {report:?}");
        assert_eq!(last_told(&bridge, &asked), REFUSED);
        assert_eq!(bridge.comments(&asked), comments, "{death:?}");
        let quiet = bridge.report_decisions().await;
        assert_eq!(quiet.counts.delivered, 0, "{death:?}: {quiet:?}");
        assert_eq!(bridge.comments(&asked), comments, "twice at most");
    }
}

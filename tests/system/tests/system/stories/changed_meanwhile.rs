//! Primero's cases change while we read them and in the very second in which we stopped reading (1.2 and 2.1).

use std::time::Duration;

use referral_bridge::clock::{Clock as _, later};
use referral_bridge::domain::system::WorkflowName;
use sandbox::primero::ServiceDecision;
use serde_json::json;

use crate::asked::{ACKNOWLEDGED, REFUSED, rejected};
use crate::bridge::TestBridge;
use crate::wish::Wish;

const DECISIONS: WorkflowName = WorkflowName::DecisionsToProgres;
const REFERRALS: WorkflowName = WorkflowName::ReferralsToProgres;
/// How long before Primero's present a window ends.
const UNSETTLED: Duration = Duration::from_secs(5);

/// A bridge that reads nothing twice for safety's sake, so that only the cursor itself decides.
async fn without_overlap() -> TestBridge {
    let exact = TestBridge::beginning().profile(|profile| profile.window.overlap = Duration::ZERO);
    exact.start().await
}

/// Sets Primero's clock back to the second of the cursor for what is saved now.
fn in_the_second_of_the_cursor(bridge: &TestBridge) {
    let primero = &bridge.sandbox.primero;
    let now = bridge.clock.now();
    let second = now - jiff::SignedDuration::try_from(UNSETTLED).expect("a few seconds");
    primero.stop_clock_at(later(second, Duration::from_millis(900)));
}

fn submissions(bridge: &TestBridge, wish: &Wish) -> usize {
    let submissions = bridge.sandbox.ping.submissions();
    let of_case = submissions
        .iter()
        .filter(|one| one.external_id == wish.case_id);
    of_case.count()
}

#[tokio::test]
async fn a_decision_changed_while_its_case_is_worked_on_is_told_by_the_next_run_and_each_once() {
    let bridge = without_overlap().await;
    let (early, late) = (bridge.accepted(1), bridge.asked(2));
    let (turned, taken) = (early.clone(), late.clone());
    bridge
        .sandbox
        .primero
        .after_each_listing(move |primero, listings| {
            // The first tells the time, the second is the page.
            if listings == 2 {
                let changes = [
                    (&turned, rejected("Moved away")),
                    (&taken, ServiceDecision::Accepted),
                ];
                for (asked, decision) in changes {
                    let decided = primero.worker_decides(&asked.case, &asked.service, &decision);
                    decided.expect("there is such a service");
                }
            }
        });

    let first = bridge.report_decisions().await;
    bridge.sandbox.primero.leave_listings_alone();
    assert_eq!(first.counts.delivered, 1, "{first:?}");
    assert_eq!(bridge.codes_told(&early), [ACKNOWLEDGED]);
    let second = bridge.report_decisions().await;
    let third = bridge.report_decisions().await;

    assert_eq!(second.counts.delivered, 2, "{second:?}");
    assert_eq!(third.counts.delivered, 0, "{third:?}");
    assert_eq!(bridge.codes_told(&early), [ACKNOWLEDGED, REFUSED]);
    assert_eq!(bridge.codes_told(&late), [ACKNOWLEDGED]);
}

#[tokio::test]
async fn a_decision_of_the_second_in_which_we_stopped_reading_is_told_once() {
    let bridge = without_overlap().await;
    let seen = bridge.accepted(1);
    let unseen = bridge.asked(2);
    bridge.pass(UNSETTLED);
    let first = bridge.completed(DECISIONS).await;
    assert_eq!(first.counts.delivered, 1, "{first:?}");

    in_the_second_of_the_cursor(&bridge);
    bridge.answer(&unseen, &ServiceDecision::Accepted);
    let second = bridge.report_decisions().await;
    let third = bridge.report_decisions().await;

    assert_eq!(second.counts.delivered, 1, "{second:?}");
    assert_eq!(third.counts.delivered, 0, "{third:?}");
    for asked in [&seen, &unseen] {
        assert_eq!(bridge.codes_told(asked), [ACKNOWLEDGED]);
    }
}

#[tokio::test]
async fn a_case_that_is_saved_in_the_last_seconds_waits_for_the_next_run() {
    let bridge = without_overlap().await;
    let asked = bridge.accepted(1);
    bridge.pass(Duration::from_secs(4));
    let first = bridge.completed(DECISIONS).await;
    assert_eq!(first.counts.discovered, 0, "{first:?}");

    bridge.report_decisions().await;
    bridge.report_decisions().await;

    assert_eq!(bridge.codes_told(&asked), [ACKNOWLEDGED]);
}

#[tokio::test]
async fn a_case_changed_while_it_is_submitted_is_submitted_once() {
    let bridge = without_overlap().await;
    let wishes = [bridge.wish(1), bridge.wish(2)];
    let cases = wishes.clone().map(|wish| wish.case);
    bridge
        .sandbox
        .primero
        .after_each_listing(move |primero, _| {
            for case in &cases {
                let edited = primero.worker_updates_case(case, json!({ "name_last": "Omot" }));
                edited.expect("there is such a case");
            }
        });
    bridge.pass(Duration::from_mins(1));
    let first = bridge.completed(REFERRALS).await;
    bridge.sandbox.primero.leave_listings_alone();
    bridge.pass(Duration::from_mins(1));
    let second = bridge.completed(REFERRALS).await;
    bridge.pass(Duration::from_mins(1));
    bridge.completed(REFERRALS).await;

    let delivered = first.counts.delivered + second.counts.delivered;
    assert_eq!(delivered, 2, "{first:?} {second:?}");
    for wish in &wishes {
        assert_eq!(submissions(&bridge, wish), 1);
    }
}

#[tokio::test]
async fn a_referral_of_the_second_in_which_we_stopped_reading_is_submitted_once() {
    let bridge = without_overlap().await;
    let seen = bridge.wish(1);
    bridge.pass(UNSETTLED);
    let first = bridge.completed(REFERRALS).await;
    assert_eq!(first.counts.delivered, 1, "{first:?}");

    in_the_second_of_the_cursor(&bridge);
    let unseen = bridge.wish(2);
    for _ in 0..2 {
        bridge.pass(Duration::from_mins(1));
        bridge.completed(REFERRALS).await;
    }

    for wish in [&seen, &unseen] {
        assert_eq!(submissions(&bridge, wish), 1);
    }
}

//! UNHCR's decisions reach the case workers who asked for them (2.2).

use std::time::Duration;

use referral_bridge::clock::Clock as _;
use referral_bridge::domain::outcome::RunReport;
use referral_bridge::domain::reason::Reason;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::engine::Request;
use referral_bridge::store::{RecordRow, RecordState, Store};
use sandbox::faults::{Fault, Rule, Target};
use sandbox::journal::System;
use sandbox::ping::Decision;
use serde_json::{Value, json};

use crate::bridge::{NOW, TestBridge};
use crate::wish::{ACCEPTED, REJECTED, Wish};

const ANSWER: &str = "PATCH /api/v2/cases/:id/referrals/:id";
const LIST: &str = "GET /api/v2/cases/:id/referrals";
const LOOK_UP: &str = "GET /api/v2/cases";

fn status(bridge: &TestBridge, wish: &Wish) -> String {
    let referral = bridge.referral(&wish.referral);
    referral["status"].as_str().unwrap_or_default().to_owned()
}

/// The referral that the ledger has for the decision on a wish.
async fn found(bridge: &TestBridge, wish: &Wish) -> Value {
    let workflow = WorkflowName::DecisionsToPrimero;
    let row = bridge.row_of(workflow, &wish.interop.to_string()).await;
    let place = row.and_then(|row| row.place).expect("it has a place");
    place["found"]["referral"].clone()
}

fn only(report: &RunReport, reason: Reason) {
    let reasons: Vec<_> = report.reasons.iter().collect();
    assert_eq!(reasons, [(&reason, &1)], "{report:?}");
}

/// What 2.1 leaves in its ledger of a wish that it submitted.
async fn submitted(bridge: &TestBridge, wish: &Wish, referral: &str, made_at: &str) {
    let row = json!({
        "key": format!("{}/{}", wish.case_id, wish.service),
        "state": RecordState::Done,
        "profile_version": "v1",
        "place": { "case": wish.case, "submitted": { "referral": referral, "made_at": made_at } },
        "attempts": 0, "told": 0, "first_seen_at": NOW, "updated_at": NOW, "run_id": "01A", "fence": 1,
    });
    let row: RecordRow<Value> = serde_json::from_value(row).expect("a row");
    let installation = &bridge.installation;
    let store = Store::new(
        installation.state.clone(),
        installation.table.clone(),
        &installation.profile.deployment,
        WorkflowName::ReferralsToProgres,
    );
    store.put_record(&row).await.expect("it is new");
}

#[tokio::test]
async fn a_rejection_reaches_its_referral_with_its_reason_and_progres_hears_of_it_once() {
    let bridge = TestBridge::start().await;
    let (wish, other) = (bridge.wish(1), bridge.wish(2));
    let mut decision = wish.decision(REJECTED);
    decision["progres_interoperabiltyreferralrejectionreason"] = json!(125_080_001);
    decision["progres_interoperabilityreferralrejectionomment"] = json!("Another  family");
    bridge.decide(decision);

    let report = bridge.bring_decisions().await;

    assert_eq!(report.counts.delivered, 1, "{report:?}");
    let referral = bridge.referral(&wish.referral);
    assert_eq!(referral["status"], "rejected");
    let reason = "Individual Not Match UNHCR ID — Another family";
    assert_eq!(referral["rejected_reason"], reason);
    assert_eq!(bridge.marks_on(&wish), [wish.referral.as_str()]);
    assert_eq!(status(&bridge, &other), "in_progress");
    let writes = bridge.effective_writes();
    let again = bridge.bring_decisions().await;
    assert_eq!(
        (again.counts.discovered, bridge.effective_writes()),
        (0, writes)
    );
}

#[tokio::test]
async fn only_codes_of_the_fields_own_table_decide_and_nothing_is_accepted_by_default() {
    let bridge = TestBridge::start().await;
    let reviewed = |wish: &Wish, code: u32| {
        let mut row = wish.decision(Value::Null);
        row.as_object_mut()
            .expect("a row")
            .remove("progres_interoperabilityreferralstatus");
        row["progres_reviewdecision"] = json!(code);
        row
    };
    let text = bridge.wish(1);
    bridge.decide(text.decision("125080001"));
    let unknown = bridge.wish(2);
    bridge.decide(unknown.decision(125_080_007));
    let empty = bridge.wish(3);
    bridge.decide(empty.decision(Value::Null));
    let review_accepted = bridge.wish(4);
    bridge.decide(reviewed(&review_accepted, 125_080_000));
    let review_rejected = bridge.wish(5);
    bridge.decide(reviewed(&review_rejected, 125_080_001));
    let contradicting = bridge.wish(6);
    let mut both = contradicting.decision(ACCEPTED);
    both["progres_reviewdecision"] = json!(125_080_001);
    bridge.decide(both);

    let report = bridge.bring_decisions().await;

    for (wish, expected) in [
        (&text, "accepted"),
        (&unknown, "in_progress"),
        (&empty, "in_progress"),
        (&review_accepted, "accepted"),
        (&review_rejected, "rejected"),
        (&contradicting, "in_progress"),
    ] {
        assert_eq!(status(&bridge, wish), expected, "{wish:?}");
        let marked = !bridge.marks_on(wish).is_empty();
        assert_eq!(marked, expected != "in_progress", "{wish:?}");
    }
    assert_eq!(report.reasons[&Reason::UnknownCode], 2);
    assert_eq!(report.reasons[&Reason::ContradictingCodes], 1);
}

#[tokio::test]
async fn what_primero_ignores_with_200_is_held_and_progres_is_not_told() {
    let bridge = TestBridge::start().await;
    let wish = bridge.wish(1);
    submitted(&bridge, &wish, &wish.referral, NOW).await;
    bridge
        .sandbox
        .primero
        .accept_referral(&wish.referral)
        .expect("it waits");
    bridge.decide(wish.decision(REJECTED));

    let report = bridge.bring_decisions().await;

    only(&report, Reason::ReferralNotPending);
    assert_eq!(bridge.calls(System::Primero, ANSWER), 1);
    assert_eq!(status(&bridge, &wish), "accepted");
    assert!(bridge.marks_on(&wish).is_empty());
}

#[tokio::test]
async fn what_a_worker_did_in_the_meantime_is_respected() {
    let bridge = TestBridge::start().await;
    let (same, finished, other) = (bridge.wish(1), bridge.wish(2), bridge.wish(3));
    let primero = &bridge.sandbox.primero;
    for wish in [&same, &finished, &other] {
        primero.accept_referral(&wish.referral).expect("it waits");
    }
    primero
        .finish_referral(&finished.referral)
        .expect("it is accepted");
    bridge.decide(same.decision(ACCEPTED));
    bridge.decide(finished.decision(ACCEPTED));
    bridge.decide(other.decision(REJECTED));

    let report = bridge.bring_decisions().await;

    assert_eq!(report.counts.already_in_place, 2, "{report:?}");
    only(&report, Reason::ReferralNotPending);
    assert_eq!(bridge.calls(System::Primero, ANSWER), 0);
    let marked = [&same, &finished, &other].map(|wish| bridge.marks_on(wish).len());
    assert_eq!(marked, [1, 1, 0]);
    assert_eq!(found(&bridge, &other).await, other.referral);
}

#[tokio::test]
async fn a_referral_that_was_looked_up_stays_the_one_meant_when_it_cannot_be_answered() {
    let bridge = TestBridge::start().await;
    let wish = bridge.wish(1);
    bridge.decide(wish.decision(ACCEPTED));
    let on = Target::Exactly(ANSWER.to_owned());
    let lost = Rule::always(on, Fault::DropBeforeEffect);
    bridge.sandbox.faults(System::Primero).add(lost);

    let report = bridge.bring_decisions().await;

    only(&report, Reason::PrimeroUnavailable);
    assert_eq!(found(&bridge, &wish).await, wish.referral);
}

#[tokio::test]
async fn a_referral_that_was_taken_back_is_left_so_and_progres_is_told() {
    let bridge = TestBridge::start().await;
    let (known, unknown) = (bridge.wish(1), bridge.wish(2));
    submitted(&bridge, &known, &known.referral, NOW).await;
    for wish in [&known, &unknown] {
        let revoked = bridge.sandbox.primero.revoke_referral(&wish.referral);
        revoked.expect("it waits");
        bridge.decide(wish.decision(ACCEPTED));
    }

    let report = bridge.bring_decisions().await;

    assert_eq!(report.counts.skipped, 2, "{report:?}");
    assert_eq!(report.reasons[&Reason::Withdrawn], 2);
    for wish in [&known, &unknown] {
        assert_eq!(status(&bridge, wish), "revoked");
        assert_eq!(bridge.marks_on(wish), [wish.referral.as_str()]);
    }
}

#[tokio::test]
async fn a_decision_without_a_referral_waits_for_one() {
    let bridge = TestBridge::start().await;
    let wish = bridge.wish(1);
    let mut elsewhere = wish.decision(ACCEPTED);
    elsewhere["progres_offlineid"] = json!("f59e880e-d58f-4b68-ba6e-e0616a49aefd");
    bridge.decide(elsewhere);

    let report = bridge.bring_decisions().await;
    assert_eq!(report.counts.skipped, 1);
    only(&report, Reason::NoMatchingReferral);
    assert_eq!(status(&bridge, &wish), "in_progress");
    assert!(bridge.marks_on(&wish).is_empty());

    bridge.decide(wish.decision(ACCEPTED));
    bridge.clock.advance(Duration::from_hours(24));
    bridge.bring_decisions().await;
    assert_eq!(status(&bridge, &wish), "accepted");
    assert_eq!(bridge.marks_on(&wish).len(), 1);
}

#[tokio::test]
async fn a_failing_primero_is_never_taken_for_no_referral() {
    for route in [LOOK_UP, LIST] {
        let bridge = TestBridge::start().await;
        let wish = bridge.wish(1);
        bridge.decide(wish.decision(ACCEPTED));
        let broken = Fault::Status {
            status: 500,
            retry_after: None,
            after_effect: false,
        };
        let faults = bridge.sandbox.faults(System::Primero);
        faults.add(Rule::always(Target::Exactly(route.to_owned()), broken));

        let workflow = WorkflowName::DecisionsToPrimero;
        let report = bridge.ask(workflow, &Request::default()).await.report;
        assert_eq!(report.counts.will_retry, 1, "{route}: {report:?}");
        only(&report, Reason::PrimeroUnavailable);

        faults.clear();
        bridge.clock.advance(Duration::from_hours(1));
        bridge.bring_decisions().await;
        assert_eq!(status(&bridge, &wish), "accepted", "{route}");
    }
}

#[tokio::test]
async fn a_referral_made_after_the_decision_is_not_answered_by_it() {
    let bridge = TestBridge::start().await;
    let wish = bridge.wish(1);
    let reject = bridge
        .sandbox
        .primero
        .reject_referral(&wish.referral, "by hand");
    reject.expect("it waits");
    let tomorrow = "2026-11-24T10:00:00Z";
    let primero = &bridge.sandbox.primero;
    primero.stop_clock_at(tomorrow.parse().expect("a time"));
    let again = bridge.refer_again(&wish);
    submitted(&bridge, &wish, &again, tomorrow).await;
    bridge.decide(wish.decision(REJECTED));

    let report = bridge.bring_decisions().await;

    assert_eq!(report.counts.already_in_place, 1, "{report:?}");
    assert_eq!(bridge.referral(&again)["status"], "in_progress");
    assert_eq!(bridge.marks_on(&wish), [wish.referral.as_str()]);
}

#[tokio::test]
async fn what_our_own_ledger_knows_is_answered_without_looking_and_looked_for_if_it_is_gone() {
    let bridge = TestBridge::start().await;
    let (known, moved) = (bridge.wish(1), bridge.wish(2));
    submitted(&bridge, &known, &known.referral, NOW).await;
    bridge.decide(known.decision(ACCEPTED));
    bridge.bring_decisions().await;
    assert_eq!(status(&bridge, &known), "accepted");
    // Nothing but the scope of the own user was asked for.
    assert_eq!(bridge.calls(System::Primero, "GET /api/v2/cases"), 0);
    assert_eq!(bridge.calls(System::Primero, "GET "), 1);

    submitted(&bridge, &moved, "00000000-0000-4000-8000-000000000009", NOW).await;
    bridge.decide(moved.decision(ACCEPTED));
    bridge.bring_decisions().await;
    assert_eq!(status(&bridge, &moved), "accepted");
    assert_eq!(bridge.calls(System::Primero, LIST), 1);
    assert_eq!(bridge.marks_on(&moved), [moved.referral.as_str()]);
}

#[tokio::test]
async fn a_referral_goes_to_unhcr_and_its_decision_comes_back_without_a_look_up() {
    let bridge = TestBridge::start().await;
    let wish = bridge.wish(1);
    bridge.clock.advance(Duration::from_mins(1));
    let primero = &bridge.sandbox.primero;
    primero.stop_clock_at(bridge.clock.now());
    let sent = bridge.completed(WorkflowName::ReferralsToProgres).await;
    assert_eq!(sent.counts.delivered, 1, "{sent:?}");
    let submissions = bridge.sandbox.ping.submissions();
    let interop = submissions[0].referral.expect("PING made a referral of it");
    let decision = Decision {
        status: Some(u64::from(ACCEPTED)),
        review_decision: Some(125_080_000),
        review_date: Some("2026-11-23T00:00:00Z".to_owned()),
        ..Decision::default()
    };
    let decided = bridge.sandbox.ping.decide_referral(interop, &decision);
    decided.expect("it was submitted");
    let read = bridge.calls(System::Primero, "GET /api/v2/cases");

    let report = bridge.bring_decisions().await;

    assert_eq!(report.counts.delivered, 1, "{report:?}");
    assert_eq!(status(&bridge, &wish), "accepted");
    assert_eq!(bridge.calls(System::Primero, "GET /api/v2/cases"), read);
    let marks = bridge.marks_on(&Wish {
        interop,
        ..wish.clone()
    });
    assert_eq!(marks, [wish.referral]);
}

#[tokio::test]
async fn a_wish_that_progres_has_under_two_ids_is_answered_by_a_decision_on_either() {
    let bridge = TestBridge::start().await;
    let wish = bridge.wish(1);
    let sent = bridge.send_to_progres().await;
    assert_eq!(sent.counts.delivered, 1, "{sent:?}");
    bridge.decide(wish.decision(ACCEPTED));

    let report = bridge.bring_decisions().await;

    assert_eq!(report.counts.delivered, 1, "{report:?}");
    assert_eq!(status(&bridge, &wish), "accepted");
}

#[tokio::test]
async fn a_decision_that_unhcr_changes_after_it_arrived_is_held_and_not_marked_again() {
    let bridge = TestBridge::start().await;
    let wish = bridge.wish(1);
    bridge.decide(wish.decision(ACCEPTED));
    bridge.bring_decisions().await;
    bridge.decide(wish.decision(REJECTED));

    let report = bridge.bring_decisions().await;

    only(&report, Reason::ReferralNotPending);
    assert_eq!(status(&bridge, &wish), "accepted");
    assert_eq!(bridge.marks_on(&wish).len(), 1);
}

#[tokio::test]
async fn a_mark_that_did_not_take_is_made_again() {
    let bridge = TestBridge::start().await;
    let wish = bridge.wish(1);
    bridge.decide(wish.decision(ACCEPTED));
    bridge.bring_decisions().await;
    bridge.decide(wish.decision(ACCEPTED));

    let report = bridge.bring_decisions().await;

    assert_eq!(report.counts.already_in_place, 1, "{report:?}");
    assert_eq!(bridge.marks_on(&wish).len(), 2);
    assert_eq!(bridge.calls(System::Primero, ANSWER), 1);
}

#[tokio::test]
async fn a_dry_run_names_what_it_would_write_and_writes_nothing() {
    let bridge = TestBridge::start().await;
    let wish = bridge.wish(1);
    bridge.decide(wish.decision(ACCEPTED));
    let dry = Request {
        dry_run: true,
        ..Request::default()
    };

    let workflow = WorkflowName::DecisionsToPrimero;
    let report = bridge.ask(workflow, &dry).await.report;

    assert_eq!(report.counts.would_deliver, 1, "{report:?}");
    assert_eq!(report.records[0].fields, ["status"]);
    assert_eq!(bridge.effective_writes(), 0);
}

#[tokio::test]
async fn calls_stay_within_their_budget() {
    const WISHES: u32 = 200;
    for (known, most) in [(true, 1.40), (false, 2.40)] {
        let bridge = TestBridge::start().await;
        for number in 1..=WISHES {
            let wish = bridge.wish(number);
            if known {
                submitted(&bridge, &wish, &wish.referral, NOW).await;
            }
            bridge.decide(wish.decision(ACCEPTED));
        }

        let report = bridge.bring_decisions().await;

        assert_eq!(report.counts.delivered, u64::from(WISHES));
        let calls = report.calls.ping + report.calls.primero;
        let calls = f64::from(u32::try_from(calls).expect("not that many"));
        let per_record = calls / f64::from(WISHES);
        assert!(per_record <= most, "known {known}: {per_record}");
    }
}

#[tokio::test]
async fn of_two_cases_with_one_case_id_the_one_that_has_the_referral_is_meant() {
    let bridge = TestBridge::start().await;
    let wish = bridge.wish(1);
    let twin = json!({
        "case_id": wish.case_id, "module_id": "primeromodule-cp", "status": "open", "owned_by": "worker1",
    });
    let inserted = bridge.sandbox.primero.insert_case(twin);
    inserted.expect("it is new");
    bridge.decide(wish.decision(ACCEPTED));

    let report = bridge.bring_decisions().await;

    assert_eq!(report.counts.delivered, 1, "{report:?}");
    assert_eq!(status(&bridge, &wish), "accepted");
}

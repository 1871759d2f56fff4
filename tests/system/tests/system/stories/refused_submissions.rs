//! One of thirty submissions is refused by PING: the others are not held up, and it follows (2.1).

use std::time::Duration;

use referral_bridge::domain::reason::Reason;
use referral_bridge::profile::Ambiguity;
use sandbox::faults::{Fault, Rule, Target};
use sandbox::journal::System;
use serde_json::json;

use crate::bridge::TestBridge;
use crate::child::{Child, assert_only, release};

const SUBMIT: &str = "asyncdata";
/// What a call repeats at most.
const TRIES: u32 = 4;

/// Thirty children with a referral each, in order.
fn thirty(bridge: &TestBridge) -> Vec<Child> {
    (1..=30).map(|number| bridge.asking_child(number)).collect()
}

/// The next submissions of this child meet a status, so often.
fn refuse(bridge: &TestBridge, child: &Child, status: u16, times: u32) {
    let fault = Fault::Status {
        status,
        retry_after: None,
        after_effect: false,
    };
    let on = Target::Containing(SUBMIT.to_owned());
    let rule = Rule::always(on, fault)
        .carrying(&child.service)
        .times(times);
    bridge.sandbox.faults(System::Ping).add(rule);
}

fn assert_all_submitted_once_but(bridge: &TestBridge, children: &[Child], missing: &[usize]) {
    for (place, child) in children.iter().enumerate() {
        bridge.assert_submitted(child, usize::from(!missing.contains(&place)));
    }
}

#[tokio::test]
async fn a_submission_refused_more_often_than_a_call_repeats_arrives_in_the_next_due_run() {
    let bridge = TestBridge::start().await;
    let children = thirty(&bridge);
    refuse(&bridge, &children[2], 429, TRIES);

    let report = bridge.send_to_progres().await;

    assert_eq!(report.counts.delivered, 29, "{report:?}");
    assert_eq!(report.counts.will_retry, 1);
    assert_only(&report, Reason::PingUnavailable);
    assert_all_submitted_once_but(&bridge, &children, &[2]);
    assert_eq!(bridge.sandbox.faults(System::Ping).rules(), []);

    let too_early = bridge.send_to_progres().await;
    assert_eq!(too_early.counts.delivered, 0, "{too_early:?}");
    assert_all_submitted_once_but(&bridge, &children, &[2]);

    bridge.pass(Duration::from_hours(1));
    let due = bridge.send_to_progres().await;
    assert_eq!(due.counts.delivered, 1, "{due:?}");
    assert_all_submitted_once_but(&bridge, &children, &[]);
}

#[tokio::test]
async fn a_submission_refused_fewer_times_than_a_call_repeats_arrives_with_the_others() {
    let bridge = TestBridge::start().await;
    let children = thirty(&bridge);
    refuse(&bridge, &children[2], 429, TRIES - 1);

    let report = bridge.send_to_progres().await;

    assert_eq!(report.counts.delivered, 30, "{report:?}");
    assert_all_submitted_once_but(&bridge, &children, &[]);
}

#[tokio::test]
async fn a_submission_answered_with_503_after_it_arrived_is_not_sent_again() {
    let bridge = TestBridge::start().await;
    let children = thirty(&bridge);
    let after_effect = Fault::Status {
        status: 503,
        retry_after: None,
        after_effect: true,
    };
    let on = Target::Containing(SUBMIT.to_owned());
    let rule = Rule::always(on, after_effect).carrying(&children[2].service);
    bridge.sandbox.faults(System::Ping).add(rule);

    for _ in 0..2 {
        bridge.send_to_progres().await;
        bridge.pass(Duration::from_hours(1));
    }

    bridge
        .assert_held(&children[2], Reason::OutcomeUnknown)
        .await;
    assert_all_submitted_once_but(&bridge, &children, &[]);
}

#[tokio::test]
async fn a_submission_that_the_gateway_is_known_to_refuse_early_is_repeated() {
    let mut bridge = TestBridge::start().await;
    let known = "503 body:service unavailable".parse().expect("a refusal");
    bridge.installation.profile.ping.refused_before_effect = vec![known];
    let children = thirty(&bridge);
    refuse(&bridge, &children[2], 503, TRIES - 1);

    let report = bridge.send_to_progres().await;

    assert_eq!(report.counts.delivered, 30, "{report:?}");
    assert_all_submitted_once_but(&bridge, &children, &[]);
}

#[tokio::test]
async fn a_submission_answered_with_500_is_held_until_a_person_releases_it() {
    let bridge = TestBridge::start().await;
    let children = thirty(&bridge);
    let third = &children[2];
    refuse(&bridge, third, 500, 1);

    let report = bridge.send_to_progres().await;

    assert_eq!(report.counts.delivered, 29, "{report:?}");
    assert_eq!(report.counts.held, 1);
    assert_only(&report, Reason::OutcomeUnknown);
    assert_all_submitted_once_but(&bridge, &children, &[2]);

    // Neither time nor an edit tells what proGres has.
    bridge.pass(Duration::from_hours(48));
    let edit = json!({ "name_first": "Nyakim" });
    let edited = bridge
        .sandbox
        .primero
        .worker_updates_case(&third.case, edit);
    edited.expect("it is there");
    let later = bridge.send_to_progres().await;
    assert_eq!(later.counts.delivered, 0, "{later:?}");
    bridge.assert_held(third, Reason::OutcomeUnknown).await;

    let released = release(&third.key(&third.service));
    let report = bridge.send_asked(&released).await;
    assert_eq!(report.counts.delivered, 1, "{report:?}");
    assert_all_submitted_once_but(&bridge, &children, &[]);
    let sent = bridge.submissions_of(third, &third.service);
    assert_eq!(sent[0].field("progres_pocfirstname"), Some("Nyakim"));
}

#[tokio::test]
async fn a_submission_that_arrived_though_its_answer_is_none_is_not_sent_twice_by_itself() {
    let crashed = Fault::Status {
        status: 500,
        retry_after: None,
        after_effect: true,
    };
    for answer in [crashed, Fault::Redirect] {
        let bridge = TestBridge::start().await;
        let child = bridge.asking_child(1);
        bridge.once(System::Ping, SUBMIT, answer);

        let report = bridge.send_to_progres().await;
        assert_only(&report, Reason::OutcomeUnknown);
        bridge.assert_submitted(&child, 1);

        for _ in 0..3 {
            bridge.pass(Duration::from_hours(24));
            bridge.send_to_progres().await;
        }
        bridge.assert_submitted(&child, 1);
        bridge.assert_held(&child, Reason::OutcomeUnknown).await;
    }
}

#[tokio::test]
async fn one_release_is_one_submission_even_if_its_answer_is_lost_again() {
    for named in [true, false] {
        let bridge = TestBridge::start().await;
        let child = bridge.asking_child(1);
        let lost = Fault::Status {
            status: 500,
            retry_after: None,
            after_effect: true,
        };
        bridge.once(System::Ping, SUBMIT, lost.clone());
        bridge.send_to_progres().await;
        bridge.assert_submitted(&child, 1);
        bridge.once(System::Ping, SUBMIT, lost);
        let mut request = release(&child.key(&child.service));
        if !named {
            request.only = None;
        }

        let report = bridge.send_asked(&request).await;

        // What may be in proGres already goes again only by its name.
        bridge.assert_submitted(&child, if named { 2 } else { 1 });
        if named {
            assert_eq!(report.counts.discovered, 1, "{report:?}");
            assert_only(&report, Reason::OutcomeUnknown);
        }
        bridge.assert_held(&child, Reason::OutcomeUnknown).await;
    }
}

#[tokio::test]
async fn a_submission_answered_with_500_is_sent_again_where_the_profile_says_so() {
    let bridge = TestBridge::beginning()
        .profile(|profile| profile.ping.ambiguity = Ambiguity::Resend)
        .start()
        .await;
    let children = thirty(&bridge);
    refuse(&bridge, &children[2], 500, 1);

    let report = bridge.send_to_progres().await;

    assert_eq!(report.counts.delivered, 29, "{report:?}");
    assert_eq!(report.counts.will_retry, 1);
    assert_only(&report, Reason::OutcomeUnknown);

    bridge.pass(Duration::from_hours(1));
    bridge.send_to_progres().await;
    assert_all_submitted_once_but(&bridge, &children, &[]);
}

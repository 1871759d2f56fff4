//! Several at once: two runs of one workflow, and 1.1, 2.2 and a case worker who all save one case.

use std::time::Duration;

use referral_bridge::domain::outcome::RunStatus;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::engine::Request;
use referral_bridge::secrets::PrimeroUser;
use sandbox::journal::System;
use sandbox::primero::{DEFAULT_PASSWORD, Role, User};
use serde_json::json;

use crate::bridge::{CONTROL, TestBridge, services};
use crate::referral::Referral;
use crate::wish::{ACCEPTED, Wish};

#[tokio::test]
async fn of_two_overlapping_runs_of_a_workflow_one_works_and_the_other_says_so() {
    for workflow in WorkflowName::ALL {
        let bridge = TestBridge::start().await;
        let records = bridge.waiting(*workflow, 12);
        let request = Request::default();

        let (one, other) = tokio::join!(
            bridge.ask(*workflow, &request),
            bridge.ask(*workflow, &request)
        );

        let is_second = |finished: &&referral_bridge::engine::Finished| {
            finished.report.status == RunStatus::AlreadyRunning
        };
        let both = [one, other];
        let (second, first): (Vec<_>, Vec<_>) = both.iter().partition(is_second);
        assert_eq!((first.len(), second.len()), (1, 1), "{workflow}");
        assert_eq!(
            (&first[0].stop, &second[0].stop),
            (&None, &None),
            "{workflow}"
        );
        assert_eq!(first[0].report.counts.delivered, 12, "{workflow}");
        assert_eq!(second[0].report.counts.discovered, 0, "{workflow}");
        let calls = second[0].report.calls;
        assert_eq!((calls.ping, calls.primero), (0, 0), "{workflow}");
        bridge.assert_each_arrived_once(&records);
        // The lease is free again.
        assert_eq!(bridge.completed(*workflow).await.counts.delivered, 0);
    }
}

#[tokio::test]
async fn runs_of_different_workflows_do_not_wait_for_each_other() {
    let bridge = TestBridge::start().await;
    let mut records = Vec::new();
    for workflow in WorkflowName::ALL {
        records.extend(bridge.waiting(*workflow, 6));
    }
    let [first, second, third, fourth] = WorkflowName::ALL else {
        panic!("there are four");
    };
    tokio::join!(
        bridge.completed(*first),
        bridge.completed(*second),
        bridge.completed(*third),
        bridge.completed(*fourth),
    );
    // What was submitted beside its decision is both a wish of 2.1 and a review of 2.2.
    bridge.assert_each_arrived_once(&records);
}

#[tokio::test]
async fn workflows_with_users_of_their_own_do_not_end_each_others_sessions() {
    let mut bridge = TestBridge::beginning()
        .primero_secret("auth", "session")
        .start()
        .await;
    for workflow in WorkflowName::ALL {
        let name = format!("bridge_{}", workflow.as_str());
        let user = User::new(&name, Role::IntegrationApi, "UNICEF");
        let own = PrimeroUser {
            username: user.user_name.clone(),
            password: user.password.clone().into(),
        };
        bridge.sandbox.primero.add_user(user);
        let secret = &mut bridge.installation.secrets.primero;
        secret.users.insert(*workflow, own);
    }
    let records = WorkflowName::ALL.iter();
    let records: Vec<_> = records.flat_map(|it| bridge.waiting(*it, 6)).collect();

    let [first, second, third, fourth] = WorkflowName::ALL else {
        panic!("there are four");
    };
    let dry = Request {
        dry_run: true,
        ..Request::default()
    };
    let (.., dry_run) = tokio::join!(
        bridge.completed(*first),
        bridge.completed(*second),
        bridge.completed(*third),
        bridge.completed(*fourth),
        bridge.ask(*first, &dry),
    );

    assert_eq!(dry_run.stop, None);
    bridge.assert_each_arrived_once(&records);
    assert_eq!(bridge.calls(System::Primero, "POST /api/v2/tokens"), 5);
}

#[tokio::test]
async fn a_run_that_stalls_beyond_its_lease_and_its_successor_write_one_service_between_them() {
    let bridge = TestBridge::start().await;
    let referral = Referral::numbered(1).of(CONTROL);
    bridge.refer(&referral);
    bridge.sandbox.primero.hold_saves();
    let successor = async {
        bridge.sandbox.primero.saves_held(1).await;
        bridge.clock.advance(Duration::from_mins(20));
        let release = async {
            bridge.sandbox.primero.saves_held(2).await;
            bridge.sandbox.primero.release_saves();
        };
        tokio::join!(bridge.complete(), release).0
    };

    let (stalled, report) = tokio::join!(bridge.run(), successor);

    assert_eq!(stalled.report.counts.delivered, 0, "{stalled:?}");
    assert_eq!(report.counts.delivered, 1, "{report:?}");
    bridge.assert_delivered_once(&referral);
    assert_eq!(bridge.told(&referral).len(), 1);
}

/// The case of the control child with a service that was referred to UNHCR and decided, and a referral that 1.1 is to append to it.
fn one_case_for_all(bridge: &TestBridge) -> (Referral, Wish) {
    let wish = bridge.wish(1);
    bridge.decide(wish.decision(ACCEPTED));
    let case = bridge
        .sandbox
        .primero
        .case(&wish.case)
        .expect("it is there");
    let number = case["unhcr_individual_no"].as_str().expect("a text");
    let referral = Referral::numbered(1).of(number);
    bridge.refer(&referral);
    (referral, wish)
}

/// The case worker saves an age; Primero says that it is saved.
async fn worker_saves(bridge: &TestBridge, wish: &Wish) {
    let url = format!(
        "{}/api/v2/cases/{}",
        bridge.sandbox.primero_url(),
        wish.case
    );
    let request = bridge.installation.http.patch(url);
    let request = request.json(&json!({ "data": { "age": 14 } }));
    let answer = request.basic_auth("worker1", Some(DEFAULT_PASSWORD)).send();
    let status = answer.await.expect("it answers").status();
    assert!(status.is_success(), "{status}");
}

fn assert_nothing_lost_or_doubled(bridge: &TestBridge, referral: &Referral, wish: &Wish) {
    bridge.assert_delivered_once(referral);
    assert_eq!(bridge.told(referral).len(), 1, "proGres was told once");
    let case = bridge
        .sandbox
        .primero
        .case(&wish.case)
        .expect("it is there");
    assert_eq!(services(&case).len(), 2, "the wish and the referral");
    assert_eq!(bridge.referral(&wish.referral)["status"], "accepted");
    assert_eq!(bridge.marks_on(wish), [wish.referral.as_str()]);
}

#[tokio::test]
async fn both_directions_and_a_case_worker_save_one_case_at_once() {
    for worker_first in [true, false] {
        let bridge = TestBridge::start().await;
        let (referral, wish) = one_case_for_all(&bridge);
        let primero = &bridge.sandbox.primero;
        primero.hold_saves();
        let worker = async {
            if !worker_first {
                primero.saves_held(1).await;
            }
            worker_saves(&bridge, &wish).await;
        };
        let ours = async {
            if worker_first {
                primero.saves_held(1).await;
            }
            tokio::join!(bridge.complete(), bridge.bring_decisions())
        };
        let release = async {
            primero.saves_held(2).await;
            // Both have read the case. The decision is saved in between, so whoever writes last has not seen it.
            while bridge.calls(System::Primero, "PATCH /api/v2/cases/:id/referrals") == 0 {
                tokio::task::yield_now().await;
            }
            primero.release_saves();
        };

        let ((), (arrived, decided), ()) = tokio::join!(worker, ours, release);

        assert_eq!(arrived.counts.delivered, 1, "{arrived:?}");
        assert_eq!(decided.counts.delivered, 1, "{decided:?}");
        assert_nothing_lost_or_doubled(&bridge, &referral, &wish);
    }
}

#[tokio::test]
async fn a_case_worker_who_swallows_our_service_again_and_again_is_outlasted() {
    let bridge = TestBridge::start().await;
    let (referral, wish) = one_case_for_all(&bridge);
    // The first append of a run is read back at once; the second one is the story's.
    let other = Referral::numbered(2).of(CONTROL);
    bridge.refer(&other);
    let swallowing = async {
        for _ in 0..2 {
            let service = loop {
                if let Some((_, service)) = bridge.services_of(&referral).pop() {
                    break service;
                }
                tokio::task::yield_now().await;
            };
            let gone = json!({ "unique_id": service["unique_id"], "_destroy": true });
            let save = json!({ "services_section": [gone] });
            bridge
                .sandbox
                .primero
                .worker_updates_case(&wish.case, save)
                .unwrap();
            assert!(
                bridge.told(&referral).is_empty(),
                "not told before it is read back"
            );
        }
    };

    let (arrived, decided, ()) =
        tokio::join!(bridge.complete(), bridge.bring_decisions(), swallowing);

    assert_eq!((arrived.counts.delivered, decided.counts.delivered), (2, 1));
    assert_nothing_lost_or_doubled(&bridge, &referral, &wish);
}

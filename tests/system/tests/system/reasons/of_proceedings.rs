//! Reasons in what people did: case workers with decisions and referrals, UNHCR with what was referred to it.

use std::time::Duration;

use referral_bridge::clock::{Clock as _, later};
use referral_bridge::domain::outcome::RunReport;
use referral_bridge::domain::system::WorkflowName;
use sandbox::faults::{Fault, Rule, Target};
use sandbox::journal::System;
use sandbox::primero::{NewReferral, ServiceDecision};
use serde_json::json;

use crate::bridge::TestBridge;
use crate::referral::Referral;
use crate::wish::{ACCEPTED, REJECTED, Wish};

const FIELD: &str = "progres_interventionnumber";

/// What a run of the workflow says once people have rested.
async fn soon(bridge: &TestBridge, workflow: WorkflowName) -> RunReport {
    bridge.pass(Duration::from_secs(6));
    bridge.completed(workflow).await
}

/// 2.1, after a case worker did this to a case with a service that was referred to UNHCR.
async fn of_wish(change: impl FnOnce(&TestBridge, &Wish)) -> RunReport {
    let bridge = TestBridge::start().await;
    let wish = bridge.wish(1);
    change(&bridge, &wish);
    soon(&bridge, WorkflowName::ReferralsToProgres).await
}

/// 2.2, after UNHCR accepted, and a case worker had done this.
async fn of_review(change: impl FnOnce(&TestBridge, &Wish)) -> RunReport {
    let bridge = TestBridge::start().await;
    let wish = bridge.wish(1);
    bridge.decide(wish.decision(ACCEPTED));
    change(&bridge, &wish);
    bridge.bring_decisions().await
}

pub async fn legacy_intervention_number() -> RunReport {
    let bridge = TestBridge::start().await;
    let referral = bridge.decided(1, &ServiceDecision::Accepted);
    let (case, service) = bridge.services_of(&referral).remove(0);
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    let number = text(&service[FIELD]);
    let number = number.split(',').next().expect("a first part");
    let (case, service) = (text(&case["id"]), text(&service["unique_id"]));
    let old = json!({ FIELD: number });
    let primero = &bridge.sandbox.primero;
    let changed = primero.worker_updates_service(&case, &service, old);
    changed.expect("it is there");
    soon(&bridge, WorkflowName::DecisionsToProgres).await
}

/// It is taken back after PING could not be told of it.
pub async fn decision_withdrawn() -> RunReport {
    let bridge = TestBridge::start().await;
    let referral = bridge.decided(1, &ServiceDecision::Accepted);
    bridge.once(System::Ping, "SHP-2748", Fault::DropBeforeEffect);
    soon(&bridge, WorkflowName::DecisionsToProgres).await;
    bridge.worker_decides(&referral, &ServiceDecision::Pending);
    bridge.pass(Duration::from_hours(1));
    soon(&bridge, WorkflowName::DecisionsToProgres).await
}

/// It is taken back when proGres knows it.
pub async fn decision_taken_back() -> RunReport {
    let bridge = TestBridge::start().await;
    let referral = bridge.decided(1, &ServiceDecision::Accepted);
    soon(&bridge, WorkflowName::DecisionsToProgres).await;
    bridge.worker_decides(&referral, &ServiceDecision::Pending);
    soon(&bridge, WorkflowName::DecisionsToProgres).await
}

/// Its case is disabled before anybody told proGres.
pub async fn case_disabled() -> RunReport {
    let bridge = TestBridge::start().await;
    let referral = bridge.decided(1, &ServiceDecision::Accepted);
    let (case, _) = bridge.services_of(&referral).remove(0);
    let case = case["id"].as_str().expect("a text");
    let disabled = bridge.sandbox.primero.disable_case(case);
    disabled.expect("it is there");
    soon(&bridge, WorkflowName::DecisionsToProgres).await
}

/// PING takes it, and its answer is lost.
pub async fn comment_unconfirmed() -> RunReport {
    let bridge = TestBridge::start().await;
    bridge.decided(1, &ServiceDecision::Accepted);
    bridge.once(System::Ping, "SHP-2748", Fault::DropAfterEffect);
    soon(&bridge, WorkflowName::DecisionsToProgres).await;
    bridge.pass(Duration::from_hours(1));
    soon(&bridge, WorkflowName::DecisionsToProgres).await
}

/// A run of 1.1 has the receipt in hand.
pub async fn receipt_under_way() -> RunReport {
    let bridge = TestBridge::start().await;
    let referral = Referral::numbered(1);
    bridge.refer(&referral);
    let ping = bridge.sandbox.faults(System::Ping);
    let report = Target::Containing("/data#SHP-2748".to_owned());
    ping.add(Rule::always(report, Fault::DropBeforeEffect));
    bridge.run().await;
    ping.clear();
    bridge.worker_decides(&referral, &ServiceDecision::Accepted);
    bridge.pass(Duration::from_mins(1));
    let now = bridge.clock.now();
    let ends = later(now, Duration::from_mins(5));
    let other = bridge.store_of(WorkflowName::ReferralsToPrimero);
    other
        .take_lease("another run", now, ends)
        .await
        .expect("free");
    bridge.completed(WorkflowName::DecisionsToProgres).await
}

pub async fn referred_again() -> RunReport {
    let bridge = TestBridge::start().await;
    let wish = bridge.wish(1);
    soon(&bridge, WorkflowName::ReferralsToProgres).await;
    let primero = &bridge.sandbox.primero;
    let rejected = primero.reject_referral(&wish.referral, "by hand");
    rejected.expect("it waits");
    bridge.pass(Duration::from_mins(1));
    bridge.refer_again(&wish);
    soon(&bridge, WorkflowName::ReferralsToProgres).await
}

pub async fn referral_without_service() -> RunReport {
    of_wish(|bridge, wish| {
        let whole_case = NewReferral {
            transitioned_to: "unhcr_cw".to_owned(),
            consent_overridden: true,
            ..NewReferral::default()
        };
        let made = bridge.sandbox.primero.refer(&wish.case, &whole_case);
        made.expect("the rules allow it");
    })
    .await
}

pub async fn not_pending() -> RunReport {
    of_wish(|bridge, wish| {
        let revoked = bridge.sandbox.primero.revoke_referral(&wish.referral);
        revoked.expect("it waits");
    })
    .await
}

pub async fn not_referred() -> RunReport {
    of_wish(|bridge, wish| {
        let another = json!({ "unique_id": "5efb9999-0606-4436-8f3d-000000000001", "service_implementing_agency": "UNHCR" });
        let services = json!({ "services_section": [another] });
        let saved = bridge.sandbox.primero.worker_updates_case(&wish.case, services);
        saved.expect("it is there");
    })
    .await
}

/// The service is referred to an account that does not stand for proGres.
pub async fn referred_to_another() -> RunReport {
    let beginning = TestBridge::beginning()
        .profile(|profile| profile.primero.progres_user = vec!["unhcr_fo".to_owned()]);
    let bridge = beginning.start().await;
    bridge.wish(1);
    soon(&bridge, WorkflowName::ReferralsToProgres).await
}

/// The exchange begins after the referral was made; the case changes once more.
pub async fn before_start() -> RunReport {
    let start = "2026-11-23T10:30:00Z".parse().expect("a time");
    let beginning = TestBridge::beginning().profile(|profile| profile.window.start_from = start);
    let bridge = beginning.start().await;
    let wish = bridge.wish(1);
    bridge.pass(Duration::from_hours(1));
    let primero = &bridge.sandbox.primero;
    let saved = primero.worker_updates_case(&wish.case, json!({ "age": 14 }));
    saved.expect("it is there");
    soon(&bridge, WorkflowName::ReferralsToProgres).await
}

/// Consent was given when the referral was made, and is taken back.
pub async fn consent_not_given() -> RunReport {
    let bridge = TestBridge::start().await;
    let case = json!({
        "status": "open", "module_id": "primeromodule-cp", "owned_by": "worker1", "name_first": "Nyabol",
        "unhcr_individual_no": "606-400000001", "consent_for_services": true, "disclosure_other_orgs": true,
        "services_section": [{
            "unique_id": "5efb9999-0606-4436-8f3d-000000000002", "service_type": "shelter",
            "service_implementing_agency": "UNHCR",
        }],
    });
    let primero = &bridge.sandbox.primero;
    let case = primero.insert_case(case).expect("it is new");
    let referral = NewReferral {
        transitioned_to: "unhcr_cw".to_owned(),
        service_record_id: Some("5efb9999-0606-4436-8f3d-000000000002".to_owned()),
        ..NewReferral::default()
    };
    primero.refer(&case, &referral).expect("consent is given");
    let saved = primero.worker_updates_case(&case, json!({ "consent_for_services": false }));
    saved.expect("it is there");
    soon(&bridge, WorkflowName::ReferralsToProgres).await
}

/// Nobody knows the owner of the case any more.
pub async fn contact_substituted() -> RunReport {
    of_wish(|bridge, wish| {
        let gone = json!({ "owned_by": "somebody_who_left" });
        let saved = bridge.sandbox.primero.worker_updates_case(&wish.case, gone);
        saved.expect("it is there");
    })
    .await
}

/// The worker takes the referral back when UNHCR has it already.
pub async fn withdrawn_after_sending() -> RunReport {
    let bridge = TestBridge::start().await;
    let wish = bridge.wish(1);
    soon(&bridge, WorkflowName::ReferralsToProgres).await;
    let revoked = bridge.sandbox.primero.revoke_referral(&wish.referral);
    revoked.expect("it waits");
    soon(&bridge, WorkflowName::ReferralsToProgres).await
}

pub async fn no_matching_referral() -> RunReport {
    let bridge = TestBridge::start().await;
    let mut decision = bridge.wish(1).decision(ACCEPTED);
    decision["progres_orgreferralid"] = json!("5efb9999-0606-4436-8f3d-000000000003");
    bridge.decide(decision);
    bridge.bring_decisions().await
}

/// A worker types the child's number with a blank in it.
pub async fn untidy_number() -> RunReport {
    of_wish(|bridge, wish| {
        let typed = json!({ "unhcr_individual_no": "606 400000001" });
        let saved = bridge
            .sandbox
            .primero
            .worker_updates_case(&wish.case, typed);
        saved.expect("it is there");
    })
    .await
}

/// The service is referred twice on the day of the decision, and our ledger knows of neither.
pub async fn ambiguous_referral() -> RunReport {
    of_review(|bridge, wish| {
        bridge.refer_again(wish);
    })
    .await
}

/// Somebody else marks it between the list and its details.
pub async fn already_finished() -> RunReport {
    let bridge = TestBridge::start().await;
    let wish = bridge.wish(1);
    bridge.decide(wish.decision(ACCEPTED));
    let marking = async {
        while bridge.calls(System::Ping, "SHP-2795") == 0 {
            tokio::task::yield_now().await;
        }
        bridge.decide(wish.decision(125_080_003));
    };
    tokio::join!(bridge.bring_decisions(), marking).0
}

pub async fn withdrawn() -> RunReport {
    of_review(|bridge, wish| {
        let revoked = bridge.sandbox.primero.revoke_referral(&wish.referral);
        revoked.expect("it waits");
    })
    .await
}

pub async fn referral_not_pending() -> RunReport {
    of_review(|bridge, wish| {
        bridge.decide(wish.decision(REJECTED));
        let accepted = bridge.sandbox.primero.accept_referral(&wish.referral);
        accepted.expect("it waits");
    })
    .await
}

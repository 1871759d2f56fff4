//! What a worker or UNHCR's user in Primero did about a referral before it was sent, and the child's consent (2.1).

use std::time::Duration;

use referral_bridge::domain::reason::Reason;
use referral_bridge::store::RecordState;
use sandbox::faults::{Fault, Rule, Target};
use sandbox::journal::System;
use sandbox::primero::Primero;
use serde_json::{Value, json};

use crate::bridge::TestBridge;
use crate::child::{Child, assert_only, release};

type Answer = fn(&Primero, &str) -> Result<(), String>;

/// Everything that can be done about a referral that waits.
const ANSWERS: [(&str, Answer); 4] = [
    ("withdrawn", |primero, id| primero.revoke_referral(id)),
    ("accepted", |primero, id| primero.accept_referral(id)),
    ("rejected", |primero, id| {
        primero.reject_referral(id, "Not here")
    }),
    ("finished", |primero, id| {
        primero.accept_referral(id)?;
        primero.finish_referral(id)
    }),
];

fn edit(bridge: &TestBridge, child: &Child, fields: Value) {
    let edited = bridge
        .sandbox
        .primero
        .worker_updates_case(&child.case, fields);
    edited.expect("it is there");
}

#[tokio::test]
async fn a_referral_that_was_answered_or_withdrawn_before_we_send_it_is_not_sent() {
    for (what, answer) in ANSWERS {
        let bridge = TestBridge::start().await;
        let (answered, waiting) = (bridge.child(1), bridge.asking_child(2));
        let referral = bridge.ask_unhcr(&answered, &answered.service);
        answer(&bridge.sandbox.primero, &referral).expect("it may be answered");

        let report = bridge.send_to_progres().await;

        assert_eq!(report.counts.skipped, 1, "{what}: {report:?}");
        assert_only(&report, Reason::NotPending);
        bridge.assert_submitted(&answered, 0);
        bridge.assert_submitted(&waiting, 1);
        let row = bridge.child_row(&answered).await;
        assert_eq!(row.state, RecordState::Skipped, "{what}");
    }
}

#[tokio::test]
async fn a_referral_answered_while_its_submission_waits_to_be_tried_again_is_not_sent() {
    for (what, answer) in ANSWERS {
        let bridge = TestBridge::start().await;
        let child = bridge.child(1);
        let referral = bridge.ask_unhcr(&child, &child.service);
        let busy = Fault::Status {
            status: 429,
            retry_after: None,
            after_effect: false,
        };
        let faults = bridge.sandbox.faults(System::Ping);
        let on = Target::Containing("asyncdata".to_owned());
        faults.add(Rule::always(on, busy));
        let report = bridge.send_to_progres().await;
        assert_eq!(report.counts.will_retry, 1, "{what}: {report:?}");
        faults.clear();
        answer(&bridge.sandbox.primero, &referral).expect("it may be answered");
        bridge.pass(Duration::from_hours(1));

        let report = bridge.send_to_progres().await;

        assert_eq!(report.counts.discovered, 1, "{what}: {report:?}");
        assert_only(&report, Reason::NotPending);
        bridge.assert_submitted(&child, 0);
    }
}

#[tokio::test]
async fn a_child_referred_anew_after_a_withdrawal_is_sent() {
    let bridge = TestBridge::start().await;
    let child = bridge.child(1);
    let first = bridge.ask_unhcr(&child, &child.service);
    let revoked = bridge.sandbox.primero.revoke_referral(&first);
    revoked.expect("it waits");
    bridge.send_to_progres().await;
    bridge.assert_submitted(&child, 0);
    bridge.ask_unhcr(&child, &child.service);

    let report = bridge.send_to_progres().await;

    assert_eq!(report.counts.delivered, 1, "{report:?}");
    bridge.assert_submitted(&child, 1);
}

/// A child whose worker referred it with consent and lost the record of it afterwards.
fn without(bridge: &TestBridge, number: u32, field: &str, value: &Value) -> Child {
    let child = bridge.asking_child(number);
    edit(bridge, &child, json!({ field: value }));
    child
}

#[tokio::test]
async fn a_referral_without_consent_is_held_and_says_which_consent_is_missing() {
    let bridge = TestBridge::start().await;
    let children = [
        without(&bridge, 1, "disclosure_other_orgs", &json!(false)),
        without(&bridge, 2, "consent_for_services", &json!(null)),
    ];
    let given = bridge.asking_child(3);

    let report = bridge.send_to_progres().await;

    assert_eq!((report.counts.held, report.counts.delivered), (2, 1));
    assert_eq!(report.reasons[&Reason::ConsentNotGiven], 2);
    let fields = ["disclosure_other_orgs", "consent_for_services"];
    for (child, field) in children.iter().zip(fields) {
        bridge.assert_submitted(child, 0);
        bridge.assert_held(child, Reason::ConsentNotGiven).await;
        assert_eq!(bridge.child_row(child).await.fields, [field]);
    }
    bridge.assert_submitted(&given, 1);
}

#[tokio::test]
async fn a_referral_whose_worker_overrides_the_consent_is_sent() {
    let bridge = TestBridge::start().await;
    let no_consent = json!({ "consent_for_services": false, "disclosure_other_orgs": null });
    let child = bridge.child_with(1, &no_consent);
    bridge.ask_unhcr_with(&child, &child.service, true);

    let report = bridge.send_to_progres().await;

    assert_eq!(report.counts.delivered, 1, "{report:?}");
    bridge.assert_submitted(&child, 1);
}

#[tokio::test]
async fn a_referral_whose_consent_is_recorded_later_is_sent_by_itself() {
    let bridge = TestBridge::start().await;
    let child = without(&bridge, 1, "disclosure_other_orgs", &json!(false));
    assert_only(&bridge.send_to_progres().await, Reason::ConsentNotGiven);
    edit(&bridge, &child, json!({ "name_middle": "Akello" }));
    let still_held = bridge.send_to_progres().await;
    assert_eq!(still_held.counts.held, 1, "{still_held:?}");
    bridge.assert_submitted(&child, 0);
    edit(&bridge, &child, json!({ "disclosure_other_orgs": true }));

    let report = bridge.send_to_progres().await;

    assert_eq!(report.counts.delivered, 1, "{report:?}");
    bridge.assert_submitted(&child, 1);
}

#[tokio::test]
async fn a_release_does_not_stand_in_for_consent() {
    let bridge = TestBridge::start().await;
    let child = without(&bridge, 1, "consent_for_services", &json!(false));
    bridge.send_to_progres().await;

    let released = release(&child.key(&child.service));
    let report = bridge.send_asked(&released).await;

    assert_eq!(report.counts.discovered, 1, "{report:?}");
    assert_only(&report, Reason::ConsentNotGiven);
    bridge.assert_submitted(&child, 0);
    bridge.assert_held(&child, Reason::ConsentNotGiven).await;
}

#[tokio::test]
async fn a_held_referral_that_is_referred_anew_with_the_consent_overridden_is_sent() {
    let bridge = TestBridge::start().await;
    let child = without(&bridge, 1, "consent_for_services", &json!(false));
    bridge.send_to_progres().await;
    bridge.ask_unhcr_with(&child, &child.service, true);

    let report = bridge.send_to_progres().await;

    assert_eq!(report.counts.delivered, 1, "{report:?}");
    bridge.assert_submitted(&child, 1);
}

//! Whole runs of 2.1 between the simulated systems.

use std::time::Duration;

use sandbox::faults::Fault;
use sandbox::journal::System;
use sandbox::primero::{NewReferral, Primero};
use serde_json::json;

use super::testing::{CASE, SERVICE, case_json};
use crate::domain::outcome::RunReport;
use crate::domain::reason::Reason;
use crate::domain::system::WorkflowName;
use crate::engine::Request;
use crate::workflows::testing::Bridge;

const SUBMIT: &str = "SHP-2731";

/// A bridge to a Primero with the case of the samples.
async fn with_case() -> Bridge {
    let bridge = Bridge::start().await;
    let mut case = case_json();
    case["owned_by"] = json!("worker1");
    case["module_id"] = json!("primeromodule-cp");
    case["last_updated_at"] = json!("2026-11-23T09:59:00.000Z");
    bridge.sandbox.primero.insert_case(case).expect("it is new");
    bridge
}

/// The worker refers the case; answers the referral's id.
fn refer(bridge: &Bridge, service: Option<&str>) -> String {
    refer_case(bridge, CASE, service)
}

fn refer_case(bridge: &Bridge, case: &str, service: Option<&str>) -> String {
    let referral = NewReferral {
        transitioned_to: "unhcr_cw".to_owned(),
        service_record_id: service.map(str::to_owned),
        ..NewReferral::default()
    };
    let made = bridge.sandbox.primero.refer(case, &referral);
    made.expect("the rules allow it")
}

async fn run(bridge: &Bridge) -> RunReport {
    bridge.run(WorkflowName::ReferralsToProgres).await
}

fn submissions(bridge: &Bridge) -> usize {
    bridge.sandbox.ping.submissions().len()
}

fn only_reason(report: &RunReport) -> Option<Reason> {
    assert_eq!(report.records.len(), 1, "{report:?}");
    report.records[0].reason
}

#[tokio::test]
async fn a_referral_is_submitted_once_however_often_its_case_changes() {
    let bridge = with_case().await;
    refer(&bridge, Some(SERVICE));

    let first = run(&bridge).await;
    let edit = json!({ "name_first": "Achol" });
    let edited = bridge.sandbox.primero.worker_updates_case(CASE, edit);
    edited.expect("there is such a case");
    let second = run(&bridge).await;

    assert_eq!(first.counts.delivered, 1, "{first:?}");
    assert_eq!(first.remarks.get(&Reason::ContactSubstituted), Some(&1));
    assert_eq!(second.counts.delivered, 0, "{second:?}");
    assert_eq!(submissions(&bridge), 1);
}

#[tokio::test]
async fn a_service_is_skipped_until_it_is_referred() {
    let bridge = with_case().await;

    let first = run(&bridge).await;
    refer(&bridge, Some(SERVICE));
    let second = run(&bridge).await;

    assert_eq!(only_reason(&first), Some(Reason::NotReferred));
    assert_eq!(first.counts.skipped, 1);
    assert_eq!(second.counts.delivered, 1, "{second:?}");
}

#[tokio::test]
async fn a_referral_that_is_withdrawn_before_it_is_sent_is_skipped() {
    let bridge = with_case().await;
    let referral = refer(&bridge, Some(SERVICE));
    let revoked = bridge.sandbox.primero.revoke_referral(&referral);
    revoked.expect("it is in progress");

    let report = run(&bridge).await;

    assert_eq!(only_reason(&report), Some(Reason::NotPending));
    assert_eq!(submissions(&bridge), 0);
}

#[tokio::test]
async fn a_second_referral_after_a_rejection_is_held_and_sent_when_released() {
    let bridge = with_case().await;
    let referral = refer(&bridge, Some(SERVICE));
    run(&bridge).await;
    bridge.pass(Duration::from_mins(1));
    let primero = &bridge.sandbox.primero;
    let rejected = primero.reject_referral(&referral, "not eligible");
    rejected.expect("it is in progress");
    bridge.pass(Duration::from_mins(1));
    refer(&bridge, Some(SERVICE));

    let second = run(&bridge).await;
    assert_eq!(only_reason(&second), Some(Reason::ReferredAgain));
    assert_eq!(submissions(&bridge), 1);
    let release = Request {
        release_held: true,
        ..Request::default()
    };
    let workflow = WorkflowName::ReferralsToProgres;
    let third = bridge.asked(workflow, &release).await;

    assert_eq!(third.counts.delivered, 1, "{third:?}");
    assert_eq!(submissions(&bridge), 2);
}

#[tokio::test]
async fn a_referral_without_a_service_is_held_until_it_is_withdrawn() {
    let bridge = with_case().await;
    let referral = refer(&bridge, None);

    let first = run(&bridge).await;
    let revoked = bridge.sandbox.primero.revoke_referral(&referral);
    revoked.expect("it is in progress");
    let second = run(&bridge).await;

    assert_eq!(
        (first.counts.held, first.counts.skipped),
        (1, 1),
        "{first:?}"
    );
    let held = first.reasons.get(&Reason::ReferralWithoutService);
    assert_eq!(held, Some(&1));
    assert_eq!(second.counts.held, 0, "{second:?}");
    assert_eq!(second.reasons.get(&Reason::NotPending), Some(&1));
    assert_eq!(submissions(&bridge), 0);
}

#[tokio::test]
async fn a_submission_whose_answer_is_lost_waits_for_a_person() {
    let bridge = with_case().await;
    refer(&bridge, Some(SERVICE));
    bridge.fault(System::Ping, SUBMIT, 0, Fault::DropBeforeEffect);

    let first = run(&bridge).await;
    assert_eq!(only_reason(&first), Some(Reason::OutcomeUnknown));
    let edit = json!({ "name_first": "Achol" });
    let edited = bridge.sandbox.primero.worker_updates_case(CASE, edit);
    edited.expect("there is such a case");
    let second = run(&bridge).await;
    assert_eq!(second.counts.delivered, 0, "{second:?}");
    let release = Request {
        only: Some(std::iter::once(first.records[0].key.clone()).collect()),
        release_held: true,
        ..Request::default()
    };
    let workflow = WorkflowName::ReferralsToProgres;
    let third = bridge.asked(workflow, &release).await;

    assert_eq!(third.counts.delivered, 1, "{third:?}");
    assert_eq!(submissions(&bridge), 1);
}

#[tokio::test]
async fn consent_that_is_given_later_lets_the_referral_go() {
    let bridge = with_case().await;
    refer(&bridge, Some(SERVICE));
    let consent = |given: bool| {
        let fields = json!({ "consent_for_services": given });
        let edited = bridge.sandbox.primero.worker_updates_case(CASE, fields);
        edited.expect("there is such a case");
    };
    consent(false);

    let first = run(&bridge).await;
    consent(true);
    let second = run(&bridge).await;

    assert_eq!(only_reason(&first), Some(Reason::ConsentNotGiven));
    assert_eq!(second.counts.delivered, 1, "{second:?}");
}

/// Something happens right after the page of changes that shows the case.
fn once_it_is_listed(bridge: &Bridge, happens: impl Fn(&Primero) + Send + 'static) {
    let primero = &bridge.sandbox.primero;
    primero.after_each_page_of_changes(move |primero, listings| {
        if listings == 1 {
            happens(primero);
        }
    });
}

#[tokio::test]
async fn consent_that_is_taken_back_after_its_case_was_listed_keeps_the_referral_here() {
    let bridge = with_case().await;
    refer(&bridge, Some(SERVICE));
    once_it_is_listed(&bridge, |primero| {
        let withdrawn = json!({ "disclosure_other_orgs": false });
        let edited = primero.worker_updates_case(CASE, withdrawn);
        edited.expect("there is such a case");
    });

    let report = run(&bridge).await;

    assert_eq!(only_reason(&report), Some(Reason::ConsentNotGiven));
    assert_eq!(report.records[0].fields, ["disclosure_other_orgs"]);
    assert_eq!(submissions(&bridge), 0);
}

#[tokio::test]
async fn a_case_that_is_disabled_after_it_was_listed_is_not_sent() {
    let bridge = with_case().await;
    refer(&bridge, Some(SERVICE));
    once_it_is_listed(&bridge, |primero| {
        primero.disable_case(CASE).expect("there is such a case");
    });

    let report = run(&bridge).await;

    assert_eq!(only_reason(&report), Some(Reason::NotReferred));
    assert_eq!(submissions(&bridge), 0);
}

/// What a person finds in the ledger beside the records' states.
async fn remarked(bridge: &Bridge) -> Vec<Reason> {
    let installation = &bridge.installation;
    let store = crate::store::Store::new(
        installation.state.clone(),
        installation.table.clone(),
        &installation.profile.deployment,
        WorkflowName::ReferralsToProgres,
    );
    let items = store.remarked().await.expect("it can be read");
    let words = items.into_iter().flat_map(|item| item.remarks.into_keys());
    words
        .filter(|word| *word == Reason::WithdrawnAfterSending)
        .collect()
}

#[tokio::test]
async fn consent_that_is_taken_back_after_sending_is_remarked_until_it_is_given_again() {
    let bridge = with_case().await;
    refer(&bridge, Some(SERVICE));
    let consent = |given: bool| {
        let fields = json!({ "consent_for_services": given });
        let edited = bridge.sandbox.primero.worker_updates_case(CASE, fields);
        edited.expect("there is such a case");
    };
    let sent = run(&bridge).await;
    assert_eq!(sent.counts.delivered, 1, "{sent:?}");
    assert!(!sent.remarks.contains_key(&Reason::WithdrawnAfterSending));

    consent(false);
    let first = run(&bridge).await;
    let found = remarked(&bridge).await;
    let second = run(&bridge).await;
    let still = remarked(&bridge).await;
    consent(true);
    run(&bridge).await;

    assert_eq!(first.remarks.get(&Reason::WithdrawnAfterSending), Some(&1));
    assert_eq!(first.counts.already_in_place, 1, "{first:?}");
    assert_eq!(second.remarks.get(&Reason::WithdrawnAfterSending), None);
    assert_eq!((found.len(), still.len()), (1, 1));
    assert!(remarked(&bridge).await.is_empty());
    assert_eq!(submissions(&bridge), 1);
}

#[tokio::test]
async fn a_referral_that_is_revoked_after_sending_is_remarked_even_while_its_word_is_awaited() {
    for awaited in [false, true] {
        let bridge = with_case().await;
        let referral = refer(&bridge, Some(SERVICE));
        if awaited {
            bridge.sandbox.ping.set_checks_before_result(100);
        }
        run(&bridge).await;
        bridge.pass(Duration::from_mins(1));
        let revoked = bridge.sandbox.primero.revoke_referral(&referral);
        revoked.expect("it is in progress");

        let report = run(&bridge).await;

        let remarks = report.remarks.get(&Reason::WithdrawnAfterSending);
        assert_eq!(remarks, Some(&1), "awaited {awaited}: {report:?}");
        assert_eq!(remarked(&bridge).await.len(), 1);
        assert_eq!(submissions(&bridge), 1);
    }
}

#[tokio::test]
async fn a_referral_takes_three_calls_and_the_same_service_id_on_another_case_is_another_one() {
    let bridge = with_case().await;
    refer(&bridge, Some(SERVICE));
    for n in 1..30_u128 {
        let id = uuid::Uuid::from_u128(n).to_string();
        let mut case = case_json();
        case["id"] = json!(id);
        case["case_id"] = json!(uuid::Uuid::from_u128(n + 1_000));
        case["owned_by"] = json!("worker1");
        case["module_id"] = json!("primeromodule-cp");
        bridge.sandbox.primero.insert_case(case).expect("it is new");
        refer_case(&bridge, &id, Some(SERVICE));
    }

    let report = run(&bridge).await;

    assert_eq!(report.counts.delivered, 30, "{:?}", report.counts);
    assert_eq!(submissions(&bridge), 30);
    let calls = report.calls.ping + report.calls.primero;
    // The cases are read again, a dozen in a call.
    assert!(calls <= 30 * 3 + 10, "{:?}", report.calls);
}

#[tokio::test]
async fn a_case_with_an_untidy_number_is_remarked_until_the_number_is_written_anew() {
    let bridge = with_case().await;
    let number = |text: &str| {
        let edit = json!({ "unhcr_individual_no": text });
        let edited = bridge.sandbox.primero.worker_updates_case(CASE, edit);
        edited.expect("there is such a case");
    };
    let remarked = || async {
        let installation = &bridge.installation;
        let store = crate::store::Store::new(
            installation.state.clone(),
            installation.table.clone(),
            &installation.profile.deployment,
            WorkflowName::ReferralsToProgres,
        );
        store.beside().await.expect("it can be read")
    };
    number("803 100016547");

    let first = run(&bridge).await;
    let found = remarked().await;
    let second = run(&bridge).await;
    number("803-100016547");
    let third = run(&bridge).await;

    let once = std::collections::BTreeMap::from([(Reason::UntidyNumber, 1)]);
    assert_eq!(first.remarks, once, "{first:?}");
    assert!(found.contains_key(super::testing::CASE_ID), "{found:?}");
    assert!(second.remarks.is_empty(), "{second:?}");
    assert!(third.remarks.is_empty(), "{third:?}");
    assert!(remarked().await.is_empty());
}

#[tokio::test]
async fn a_case_of_which_nobody_can_tell_what_it_asks_is_held_and_stops_nobody() {
    let bridge = with_case().await;
    refer(&bridge, Some(SERVICE));
    let odd = json!({
        "id": "00000000-0000-4000-8000-000000000077",
        "module_id": "primeromodule-cp",
        "status": "open",
        "last_updated_at": "2026-11-23T09:59:10.000Z",
        "services_section": { "0": { "service_implementing_agency": "UNHCR" } },
    });
    bridge.sandbox.primero.insert_case(odd).expect("it is new");

    let first = run(&bridge).await;
    bridge.pass(Duration::from_hours(25));
    let second = run(&bridge).await;

    assert_eq!(first.counts.delivered, 1, "{first:?}");
    assert_eq!(first.counts.held, 1, "{first:?}");
    assert_eq!(first.reasons.get(&Reason::UnreadableRecord), Some(&1));
    assert_eq!(first.records[0].fields, ["services_section"]);
    // Read again it is as odd as before.
    assert_eq!(second.counts.skipped, 0, "{second:?}");
}

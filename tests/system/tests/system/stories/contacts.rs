//! Whom proGres is to turn to about a child: the case's worker, or who stands in (2.1).

use referral_bridge::domain::outcome::Outcome;
use referral_bridge::domain::reason::Reason;
use sandbox::journal::System;
use sandbox::ping::Received;
use serde_json::json;

use crate::bridge::TestBridge;
use crate::child::{Child, assert_only};

/// More users than Primero shows on a page.
const CROWD: usize = 1200;
const PAGE: usize = 1000;
/// Two of a crowd: the first has a complete profile, the second has no phone.
const COMPLETE: &str = "crowd_1147";
const WITHOUT_PHONE: &str = "crowd_1148";

/// A child of this worker, referred just now.
fn child_of(bridge: &TestBridge, number: u32, worker: &str) -> Child {
    let child = bridge.child_with(number, &json!({ "owned_by": worker }));
    bridge.ask_unhcr(&child, &child.service);
    child
}

/// Email, phone and position in the one submission of a child.
fn contact(bridge: &TestBridge, child: &Child) -> [Option<String>; 3] {
    let submissions: Vec<Received> = bridge.submissions_of(child, &child.service);
    assert_eq!(submissions.len(), 1, "{submissions:?}");
    let fields = [
        "progres_orgemail",
        "progres_orgphonenumber",
        "progres_orgposition",
    ];
    fields.map(|field| submissions[0].field(field).map(str::to_owned))
}

fn some(texts: [&str; 3]) -> [Option<String>; 3] {
    texts.map(|text| Some(text.to_owned()))
}

#[tokio::test]
async fn the_worker_whose_profile_is_complete_is_the_contact() {
    let bridge = TestBridge::start().await;
    let child = child_of(&bridge, 1, "worker4");

    let report = bridge.send_to_progres().await;

    assert_eq!(report.counts.delivered, 1, "{report:?}");
    assert!(report.reasons.is_empty());
    let expected = some(["worker4@example.org", "+251900000400", "Case worker"]);
    assert_eq!(contact(&bridge, &child), expected);
}

#[tokio::test]
async fn what_a_workers_profile_lacks_is_substituted_and_the_report_says_so() {
    let bridge = TestBridge::start().await;
    let (complete, lacking) = (
        child_of(&bridge, 1, "worker4"),
        child_of(&bridge, 2, "worker5"),
    );
    let fallback = bridge.installation.profile.primero.fallback_contact.clone();
    let fallback = fallback.expect("the profile has one");

    let report = bridge.send_to_progres().await;

    assert_eq!(report.counts.delivered, 2, "{report:?}");
    assert_only(&report, Reason::ContactSubstituted);
    let said = report
        .records
        .iter()
        .find(|line| line.reason == Some(Reason::ContactSubstituted));
    let said = said.expect("a line says so");
    assert_eq!(said.key.as_str(), lacking.key(&lacking.service));
    assert_eq!(said.outcome, Outcome::Delivered);
    let expected = some([&fallback.email, &fallback.phone, &fallback.position]);
    assert_eq!(contact(&bridge, &lacking), expected);
    assert_ne!(contact(&bridge, &complete), expected);
}

#[tokio::test]
async fn only_what_is_lacking_is_substituted_and_the_position_tells_it() {
    let bridge = TestBridge::start().await;
    bridge.sandbox.primero.add_crowd(CROWD);
    let child = child_of(&bridge, 1, WITHOUT_PHONE);
    let fallback = bridge.installation.profile.primero.fallback_contact.clone();
    let fallback = fallback.expect("the profile has one");

    let report = bridge.send_to_progres().await;

    assert_only(&report, Reason::ContactSubstituted);
    let email = format!("{WITHOUT_PHONE}@example.org");
    let expected = some([&email, &fallback.phone, &fallback.position]);
    assert_eq!(contact(&bridge, &child), expected);
}

#[tokio::test]
async fn a_worker_beyond_the_first_page_of_users_is_found_and_the_users_are_listed_once_a_run() {
    let bridge = TestBridge::start().await;
    bridge.sandbox.primero.add_crowd(CROWD);
    let users = bridge.sandbox.primero.user_count();
    let children = [
        child_of(&bridge, 1, COMPLETE),
        child_of(&bridge, 2, COMPLETE),
        child_of(&bridge, 3, "worker4"),
    ];

    let report = bridge.send_to_progres().await;

    assert_eq!(report.counts.delivered, 3, "{report:?}");
    assert!(report.reasons.is_empty(), "{report:?}");
    let email = format!("{COMPLETE}@example.org");
    let expected = some([&email, "+251900001147", "Case worker"]);
    assert_eq!(contact(&bridge, &children[0]), expected);
    assert_eq!(contact(&bridge, &children[1]), expected);
    let listings = bridge.calls(System::Primero, "GET /api/v2/users");
    assert!(listings > 1, "there is more than one page");
    // The own user is asked for beside them, for its scope.
    assert!(listings <= users.div_ceil(PAGE) + 1, "{listings}");
}

#[tokio::test]
async fn a_worker_whom_primero_does_not_know_is_substituted_altogether() {
    let bridge = TestBridge::start().await;
    let child = child_of(&bridge, 1, "long_gone");
    let fallback = bridge.installation.profile.primero.fallback_contact.clone();
    let fallback = fallback.expect("the profile has one");

    let report = bridge.send_to_progres().await;

    assert_only(&report, Reason::ContactSubstituted);
    let expected = some([&fallback.email, &fallback.phone, &fallback.position]);
    assert_eq!(contact(&bridge, &child), expected);
}

#[tokio::test]
async fn without_anybody_to_stand_in_a_referral_is_held_until_the_workers_profile_is_complete() {
    let bridge = TestBridge::beginning()
        .profile(|profile| profile.primero.fallback_contact = None)
        .start()
        .await;
    let child = child_of(&bridge, 1, "worker5");

    let report = bridge.send_to_progres().await;

    assert_only(&report, Reason::MissingRequiredField);
    bridge.assert_submitted(&child, 0);
    let fields = ["owned_by.email", "owned_by.phone", "owned_by.position"];
    assert_eq!(report.records[0].fields, fields);
    let handed_over = json!({ "owned_by": "worker4" });
    let primero = &bridge.sandbox.primero;
    let edited = primero.worker_updates_case(&child.case, handed_over);
    edited.expect("it is there");
    let report = bridge.send_to_progres().await;
    assert_eq!(report.counts.delivered, 1, "{report:?}");
    bridge.assert_submitted(&child, 1);
}

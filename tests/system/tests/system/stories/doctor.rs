//! A deployment is proven before the first child's data moves: by its first run, by a dry run, and when somebody asks.

use std::collections::BTreeSet;
use std::time::Duration;

use referral_bridge::checks::Thoroughness;
use referral_bridge::clock::{Clock as _, later};
use referral_bridge::domain::check::{Check, Severity};
use referral_bridge::domain::outcome::RunReport;
use referral_bridge::domain::reason::Stop;
use referral_bridge::domain::system::{System as Gate, WorkflowName};
use referral_bridge::engine::Request;
use referral_bridge::workflows::Diagnosis;
use sandbox::journal::System;
use sandbox::primero::{Scope, UserChange};

use crate::bridge::{CONTROL, TestBridge};

const SOMEWHERE_ELSE: &str = "577ccdf6-86de-e811-80d8-001dd8b71fe4";
const FIRST: WorkflowName = WorkflowName::ReferralsToPrimero;

fn keys(report: &RunReport) -> Vec<&str> {
    report.checks.iter().map(|check| &*check.key).collect()
}

fn found<'r>(report: &'r RunReport, key: &str) -> &'r Check {
    let mut checks = report.checks.iter();
    checks.find(|check| check.key == key).expect("it is found")
}

fn dry() -> Request {
    Request {
        dry_run: true,
        ..Request::default()
    }
}

fn accepting(check: &str) -> Request {
    Request {
        accept: BTreeSet::from([check.to_owned()]),
        ..Request::default()
    }
}

async fn of_another_business_unit() -> TestBridge {
    let untried = TestBridge::beginning().untried();
    let wrong = untried.profile(|profile| {
        SOMEWHERE_ELSE.clone_into(&mut profile.progres.business_unit);
    });
    let bridge = wrong.start().await;
    bridge.refer_many(12);
    bridge
}

async fn examined(bridge: &TestBridge, names: bool) -> Diagnosis {
    let asked = Thoroughness {
        all_cases: true,
        names,
        ..Thoroughness::default()
    };
    let end = later(bridge.clock.now(), Duration::from_mins(5));
    bridge.installation.examine(asked, true, end).await
}

#[tokio::test]
async fn a_first_run_with_a_fault_that_stops_names_it_and_writes_nothing() {
    let bridge = of_another_business_unit().await;
    for workflow in WorkflowName::ALL {
        let finished = bridge.ask(*workflow, &Request::default()).await;
        let Some(Stop::CheckFailed { check, found: told }) = &finished.stop else {
            panic!("{workflow}: {:?}", finished.stop);
        };
        assert_eq!(*check, "ping_business_unit", "{workflow}");
        assert!(told.contains(SOMEWHERE_ELSE), "{told}");
        found(&finished.report, "ping_business_unit");
        let store = bridge.store_of(*workflow);
        assert_eq!(store.cursor().await, Ok(None), "{workflow}");
        assert_eq!(store.has_records().await, Ok(false), "{workflow}");
    }
    assert_eq!(bridge.effective_writes(), 0);
}

#[tokio::test]
async fn a_person_may_accept_a_fault_and_the_report_keeps_its_name() {
    let bridge = of_another_business_unit().await;
    let finished = bridge.ask(FIRST, &accepting("ping_business_unit")).await;
    assert_eq!(finished.stop, None);
    assert_eq!(finished.report.counts.delivered, 12);
    assert!(found(&finished.report, "ping_business_unit").accepted);
}

#[tokio::test]
async fn nobody_accepts_a_user_that_sees_some_cases_only() {
    let bridge = TestBridge::beginning().untried().start().await;
    bridge.refer_many(2);
    let narrow = UserChange {
        scope: Some(Scope::Agency),
        ..UserChange::default()
    };
    bridge
        .sandbox
        .primero
        .change_user("bridge_api", narrow)
        .expect("it is there");
    let finished = bridge.ask(FIRST, &accepting("primero_scope")).await;
    assert!(
        matches!(finished.stop, Some(Stop::ScopeNotProven(_))),
        "{:?}",
        finished.stop
    );
    assert_eq!(bridge.effective_writes(), 0);
}

#[tokio::test]
async fn only_the_first_run_looks_at_everything() {
    let bridge = TestBridge::beginning().untried().start().await;
    bridge.refer_many(2);
    assert_eq!(bridge.complete().await.counts.delivered, 2);
    let agencies = || bridge.calls(System::Primero, "GET /api/v2/agencies");
    assert_eq!(agencies(), 1);
    bridge.refer(&crate::referral::Referral::numbered(3));
    assert_eq!(bridge.complete().await.counts.delivered, 1);
    assert_eq!(agencies(), 1);
}

#[tokio::test]
async fn a_dry_run_shows_the_faults_and_goes_on() {
    let wrong = TestBridge::beginning().profile(|profile| {
        "UNICEFF".clone_into(&mut profile.primero.receiving_agency);
    });
    let bridge = wrong.start().await;
    bridge.refer_many(2);
    let finished = bridge.ask(FIRST, &dry()).await;
    assert_eq!(finished.stop, None);
    assert_eq!(finished.report.counts.would_deliver, 2);
    let check = found(&finished.report, "primero_receiving_agency");
    assert_eq!(check.severity, Severity::Fault);
    assert!(
        check.found.contains("did you mean `UNICEF`?"),
        "{}",
        check.found
    );
    assert_eq!(bridge.effective_writes(), 0);
}

#[tokio::test]
async fn a_dry_run_of_what_would_write_to_ping_asks_ping_as_well() {
    let bridge = TestBridge::beginning()
        .ping_secret("password", "another")
        .start()
        .await;
    bridge.waiting(WorkflowName::DecisionsToProgres, 2);
    let finished = bridge.ask(WorkflowName::DecisionsToProgres, &dry()).await;
    assert_eq!(finished.stop, Some(Stop::AuthenticationFailed(Gate::Ping)));
    assert!(keys(&finished.report).contains(&"ping_sign_in"));
}

#[tokio::test]
async fn everything_is_looked_at_in_twenty_calls_with_one_sign_in_and_without_a_write_or_a_childs_value()
 {
    let untried = TestBridge::beginning().untried();
    let bridge = untried.profile(|profile| profile.primero.intake_user = Some("worker4".into()));
    let bridge = bridge.start().await;
    for workflow in WorkflowName::ALL {
        bridge.waiting(*workflow, 12);
    }
    bridge.sandbox.forget_traffic();
    let diagnosis = examined(&bridge, true).await;

    let told = serde_json::to_string(&diagnosis).expect("it is plain");
    assert_eq!(diagnosis.faults, 0, "{told}");
    let found: Vec<&str> = diagnosis.checks.iter().map(|check| &*check.key).collect();
    let known = ["profile_example", "profile_services", "profile_languages"];
    assert!(found.iter().all(|key| known.contains(key)), "{found:?}");
    let traffic = bridge.sandbox.traffic();
    let requests = traffic.ping.requests + traffic.primero.requests;
    // `--all-cases` is one call more.
    assert!(requests <= 21, "{traffic:?}");
    assert_eq!(bridge.calls(System::Ping, "oauth2"), 1, "{traffic:?}");
    assert_eq!(bridge.effective_writes(), 0);
    for value in [CONTROL, "Achol", "Omot", "Nyakong", "Ochalla", "+2519"] {
        assert!(!told.contains(value), "{value}: {told}");
    }
}

#[tokio::test]
async fn numbers_that_no_referral_matches_are_named_by_their_cases() {
    let bridge = TestBridge::start().await;
    let case = bridge.insert_case("606-10000 0002");
    let diagnosis = examined(&bridge, true).await;
    let mut untidy = diagnosis.checks.iter();
    let untidy = untidy.find(|check| check.key == "primero_untidy_numbers");
    let found = &untidy.expect("it is found").found;
    assert_eq!(*found, format!("1 cases: {case}"));
    let counted = examined(&bridge, false).await;
    let told = serde_json::to_string(&counted).expect("it is plain");
    assert!(
        told.contains("primero_untidy_numbers") && !told.contains(&case),
        "{told}"
    );
}

#[tokio::test]
async fn without_the_right_to_list_anything_nothing_is_called_proven() {
    let bridge = TestBridge::beginning().untried().start().await;
    let change = UserChange {
        lists_users: Some(false),
        lists_agencies: Some(false),
        lists_modules: Some(false),
        ..UserChange::default()
    };
    bridge
        .sandbox
        .primero
        .change_user("bridge_api", change)
        .expect("it is there");
    let diagnosis = examined(&bridge, false).await;
    assert_eq!(diagnosis.faults, 0, "{:?}", diagnosis.checks);
    let unchecked = diagnosis
        .checks
        .iter()
        .filter(|check| check.key == "unchecked");
    let unchecked: Vec<&str> = unchecked.map(|check| &*check.found).collect();
    assert_eq!(unchecked, ["users", "forms of the role", "agencies"]);
}

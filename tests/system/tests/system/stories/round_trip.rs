//! The demo's story, all four workflows in order: looked at by dry runs, played, judged by the independent checker, and played again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use referral_bridge::clock::Clock as _;
use referral_bridge::domain::outcome::{Outcome, RunReport};
use referral_bridge::domain::reason::Reason;
use referral_bridge::domain::record::RecordKey;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::engine::Request;
use referral_bridge::store::RecordState;
use sandbox::demo::{self, Claims, HeldClaim, Ledger};
use sandbox::{Sandbox, Workflow};
use serde_json::Value;

use crate::bridge::{TestBridge, foreseen};

/// One leg: the workflow, its name in the checker, and what people do before it.
type Leg = (
    WorkflowName,
    Workflow,
    fn(&Sandbox) -> Result<usize, String>,
);

const LEGS: [Leg; 4] = [
    (
        WorkflowName::ReferralsToPrimero,
        Workflow::ReferralsToPrimero,
        demo::load,
    ),
    (
        WorkflowName::DecisionsToProgres,
        Workflow::DecisionsToProgres,
        demo::case_workers_decide,
    ),
    (
        WorkflowName::ReferralsToProgres,
        Workflow::ReferralsToProgres,
        demo::case_workers_refer,
    ),
    (
        WorkflowName::DecisionsToPrimero,
        Workflow::DecisionsToPrimero,
        demo::unhcr_decides,
    ),
];

async fn start() -> TestBridge {
    TestBridge::beginning().empty_primero().start().await
}

fn people_act(bridge: &TestBridge, people: fn(&Sandbox) -> Result<usize, String>) {
    let waiting = people(&bridge.sandbox).expect("the systems take it");
    assert!(waiting > 0);
    bridge.pass(Duration::from_secs(6));
}

/// What the ledger says of everything that it kept back.
async fn claims(bridge: &TestBridge, name: WorkflowName, workflow: Workflow) -> Claims {
    let keys = demo::keys(&bridge.sandbox, workflow);
    let keys: Vec<RecordKey> = keys.iter().map(|key| RecordKey::written(key)).collect();
    let rows = bridge.store_of(name).records::<Value>(&keys).await;
    let rows = rows.expect("it answers").into_values();
    let kept_back =
        rows.filter(|row| matches!(row.state, RecordState::Held | RecordState::Skipped));
    let claim = |row: referral_bridge::store::RecordRow<Value>| {
        let reason = row
            .reason
            .expect("kept back for a reason")
            .code()
            .to_owned();
        let fields = row.fields;
        (row.key.to_string(), HeldClaim { reason, fields })
    };
    kept_back.map(claim).collect()
}

async fn assert_as_expected(bridge: &TestBridge) {
    let mut ledger = Ledger::new();
    for (name, workflow, _) in LEGS {
        ledger.insert(workflow, claims(bridge, name, workflow).await);
    }
    let verdict = demo::check(&bridge.sandbox, &ledger, bridge.clock.now());
    let wrong = verdict
        .records
        .iter()
        .filter(|one| !one.problems.is_empty());
    let wrong: Vec<_> = wrong.map(|one| (&one.key, &one.problems)).collect();
    assert!(verdict.is_clean(), "{wrong:#?}");
}

#[tokio::test]
async fn the_round_trip_is_as_expected_and_a_second_round_writes_nothing() {
    let bridge = start().await;
    for (name, _, people) in LEGS {
        people_act(&bridge, people);
        let report = bridge.completed(name).await;
        assert!(report.counts.delivered > 0, "{report:?}");
        assert_eq!(report.counts.will_retry, 0, "{report:?}");
    }
    assert_as_expected(&bridge).await;

    let effects = bridge.effective_writes();
    for (name, ..) in LEGS {
        bridge.pass(Duration::from_mins(15));
        let report = bridge.completed(name).await;
        assert_eq!(report.counts.delivered, 0, "{report:?}");
        assert_eq!(
            bridge.effective_writes(),
            effects,
            "{name} in the second round"
        );
    }
    assert_as_expected(&bridge).await;
}

#[tokio::test]
async fn the_round_trip_arrives_as_well_when_every_workflow_runs_after_every_step() {
    let bridge = start().await;
    for (_, _, people) in LEGS {
        people_act(&bridge, people);
        for (name, ..) in LEGS {
            bridge.completed(name).await;
            bridge.pass(Duration::from_mins(1));
        }
    }
    assert_as_expected(&bridge).await;
}

/// What a report says of each record.
fn said(report: &RunReport) -> BTreeMap<String, (Outcome, Option<Reason>)> {
    let line = |one: &referral_bridge::domain::outcome::RecordReport| {
        let outcome = match one.outcome {
            Outcome::WouldDeliver if report.dry_run => Outcome::Delivered,
            outcome => outcome,
        };
        (one.key.to_string(), (outcome, one.reason))
    };
    report.records.iter().map(line).collect()
}

/// A field's name, as either system spells it.
fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._".contains(c);
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(allowed)
}

/// The table, but for the rows that let one try to sign in after another: a dry run is such a try, too.
async fn kept(bridge: &TestBridge) -> BTreeSet<String> {
    let mut rows = bridge.table().await;
    rows.retain(|row| !row.contains("trying#"));
    rows
}

#[tokio::test]
async fn a_dry_run_writes_nothing_anywhere_and_says_what_the_real_run_will_do() {
    let bridge = start().await;
    let dry = Request {
        dry_run: true,
        ..Request::default()
    };
    for (name, _, people) in LEGS {
        people_act(&bridge, people);
        let (table, effects) = (kept(&bridge).await, bridge.effective_writes());

        let looked = bridge.ask(name, &dry).await;

        assert_eq!(looked.stop, None, "{name}");
        assert!(looked.report.dry_run);
        assert_eq!(bridge.effective_writes(), effects, "{name}");
        let changed = kept(&bridge).await != table;
        assert!(!changed, "{name}: no row, no lease, no report");
        let fields: Vec<&String> = looked
            .report
            .records
            .iter()
            .flat_map(|one| &one.fields)
            .collect();
        assert!(!fields.is_empty(), "{name}: it names what it would write");
        for field in fields {
            assert!(is_name(field), "{name}: {field:?} is no name of a field");
        }

        let real = bridge.completed(name).await;
        assert_eq!(said(&looked.report), said(&real), "{name}");
        assert_eq!(foreseen(&looked.report.counts), real.counts, "{name}");
        assert_eq!(looked.report.reasons, real.reasons, "{name}");
        assert_eq!(said(&looked.report), said(&real), "{name}");
        assert!(
            bridge.effective_writes() > effects,
            "{name}: there was something to do"
        );
    }
    assert_as_expected(&bridge).await;
}

//! No personal value reaches a log line, a report, an error, a metric or the state table, whatever happens to the record.
//!
//! Every personal field of every record, on both sides and of all four workflows, holds a value that stands nowhere else, so a leak
//! names itself. All targets log at the finest level. It is a test binary of its own because the log is the process's.

mod canaries;
mod from_primero;
mod from_progres;
mod log;
mod scene;

use std::time::Duration;

use referral_bridge::domain::outcome::Outcome;
use referral_bridge::engine::Request;
use referral_bridge::observe;
use sandbox::faults::{Fault, Rule, Target};
use sandbox::journal::System;
use tracing::Level;

use crate::from_primero::Wish;
use crate::log::Log;
use crate::scene::Scene;

const OUTCOMES: [Outcome; 8] = [
    Outcome::Delivered,
    Outcome::WouldDeliver,
    Outcome::AlreadyInPlace,
    Outcome::AwaitingConfirmation,
    Outcome::Skipped,
    Outcome::Held,
    Outcome::WillRetry,
    Outcome::Deferred,
];

/// Records of all four workflows that go every way a record can go.
async fn peopled() -> Scene {
    let mut scene = Scene::new().await;
    let owner = scene.worker(true);
    scene.refer_one_of_each();
    scene.decide_on_one_of_each(&owner);
    scene.wish_one_of_each(&owner);
    let wishes: [Wish; 6] = std::array::from_fn(|n| scene.wish(301 + n, &owner, |_, _| {}));
    scene.decide_one_of_each(&wishes);
    scene
}

/// Runs while a system fails in this way at every call.
async fn run_while(scene: &mut Scene, act: &str, system: System, fault: Fault) {
    scene.pass(Duration::from_hours(1));
    let rule = Rule::always(Target::Everything, fault);
    scene.sandbox.faults(system).add(rule);
    scene.run_all(act, &Request::default()).await;
    scene.sandbox.faults(system).clear();
}

/// What the two systems hold, to show that the values were there to leak.
fn held_by_the_systems(scene: &Scene) -> String {
    let submissions = serde_json::to_string(&scene.sandbox.ping.submissions());
    let told = serde_json::to_string(&scene.sandbox.ping.transfer_statuses());
    let cases = serde_json::to_string(&scene.sandbox.primero.cases());
    let referrals = serde_json::to_string(&scene.sandbox.primero.referrals());
    [submissions, told, cases, referrals]
        .map(|text| text.expect("it is JSON"))
        .join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn no_personal_value_is_logged_reported_or_kept() {
    let log = Log::default();
    let lines = log.clone();
    tracing::subscriber::set_global_default(observe::subscriber(Level::TRACE, move || {
        lines.clone()
    }))
    .expect("the first subscriber of the process");

    // GIVEN records that go every way a record can go
    let mut scene = peopled().await;

    // WHEN they are looked at, run, run again, and run while systems fail in every way
    let looked = Request {
        dry_run: true,
        ..Request::default()
    };
    scene.run_all("looked at", &looked).await;
    let one = Request {
        limit: Some(1),
        ..Request::default()
    };
    scene.run_all("one of each", &one).await;
    let checks = Rule::always(Target::Containing("checkstatus".to_owned()), Fault::NotYet);
    scene.sandbox.faults(System::Ping).add(checks.times(8));
    scene.run_all("first", &Request::default()).await;
    scene.pass(Duration::from_hours(1));
    scene.run_all("second", &Request::default()).await;
    let released = Request {
        release_held: true,
        ..Request::default()
    };
    scene.run_all("released", &released).await;
    let message = scene.canaries.text("message");
    let inside = || Fault::ErrorInside {
        message: message.clone(),
    };
    run_while(&mut scene, "PING complains", System::Ping, inside()).await;
    run_while(&mut scene, "Primero complains", System::Primero, inside()).await;
    run_while(
        &mut scene,
        "PING breaks off",
        System::Ping,
        Fault::MalformedBody,
    )
    .await;
    run_while(
        &mut scene,
        "Primero breaks off",
        System::Primero,
        Fault::TruncatedBody,
    )
    .await;
    run_while(
        &mut scene,
        "filters ignored",
        System::Primero,
        Fault::FiltersIgnored,
    )
    .await;
    run_while(
        &mut scene,
        "nothing found",
        System::Primero,
        Fault::FoundNothing,
    )
    .await;
    run_while(
        &mut scene,
        "cut off",
        System::Primero,
        Fault::DropBeforeEffect,
    )
    .await;
    scene.keep_table().await;

    // THEN every outcome was met, and the values were there to leak
    let met: Vec<&str> = OUTCOMES.iter().map(|outcome| outcome.as_str()).collect();
    for outcome in &met {
        assert!(
            scene.outcomes.contains(outcome),
            "{outcome}: {:?}",
            scene.outcomes
        );
    }
    assert!(scene.reasons.len() >= 14, "{:?}", scene.reasons);
    let errors = scene
        .said
        .iter()
        .filter(|(place, _)| place.ends_with("function error"));
    assert!(errors.count() >= 8, "runs were stopped, too");
    let there = held_by_the_systems(&scene);
    assert!(
        scene.canaries.found_in(&there).len() > 200,
        "there was little to leak"
    );

    // AND nothing that was said shows one
    let log = log.text();
    assert!(
        log.lines().count() > 300,
        "the log is too short to prove anything:\n{log}"
    );
    scene.said.push(("the log".to_owned(), log));
    for (place, text) in &scene.said {
        let found = scene.canaries.found_in(text);
        assert_eq!(found, Vec::<&str>::new(), "in {place}:\n{text}");
    }
}

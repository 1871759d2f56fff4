//! The report of a run, beyond what [`super::scenario`] demands of each.

use std::time::Duration;

use super::scenario::{START, Scenario};
use super::systems::{Mishap, Stage};
use crate::clock::later;
use crate::domain::outcome::{Outcome, RunStatus};
use crate::domain::reason::Reason;
use crate::engine::Fault;

#[tokio::test]
async fn at_most_a_hundred_records_are_listed_and_those_not_delivered_first() {
    let scenario = Scenario::offering(130).await;
    for number in [7, 129] {
        let invalid = Fault::hold(Reason::InvalidDate, vec!["birth".to_owned()]);
        scenario
            .systems
            .change(number, |offer| offer.invalid = Some(invalid));
    }
    let report = scenario.complete().await;
    assert_eq!((report.counts.delivered, report.counts.held), (128, 2));
    let outcomes: Vec<Outcome> = report.records.iter().map(|record| record.outcome).collect();
    assert_eq!(outcomes.len(), 100);
    assert_eq!(
        outcomes[..3],
        [Outcome::Held, Outcome::Held, Outcome::Delivered]
    );
}

#[tokio::test]
async fn a_report_says_when_and_under_which_names_it_ran_and_what_it_called() {
    let scenario = Scenario::offering(1).await;
    let report = scenario.complete().await;
    assert_eq!(report.deployment.as_str(), "made-up");
    assert_eq!(report.workflow.as_str(), "referrals-to-primero");
    assert_eq!(report.started_at, START);
    assert_eq!(
        report.finished_at,
        later(START, scenario.settings.verify_after)
    );
    assert_eq!((report.calls.ping, report.calls.primero), (3, 4));
    assert_eq!(
        report.calls.state, 13,
        "lease, owner, refused sign-ins, whether it is the first, unfinished, gating, written, verified, owner and site kept, done, release, report"
    );
    assert!(!report.dry_run);
}

#[tokio::test]
async fn a_saved_report_is_forgotten_after_90_days() {
    let scenario = Scenario::offering(1).await;
    let report = scenario.complete().await;
    let item = scenario
        .item(&format!("run#{}", report.run_id))
        .await
        .expect("saved");
    let expires = later(report.finished_at, Duration::from_hours(90 * 24)).as_second();
    assert_eq!(item["ttl"].as_n(), Ok(&expires.to_string()));
}

#[tokio::test]
async fn reports_sort_by_the_time_of_their_run() {
    let scenario = Scenario::offering(0).await;
    let first = scenario.complete().await.run_id;
    scenario.clock.advance(Duration::from_millis(1));
    assert!(first < scenario.complete().await.run_id);
}

#[tokio::test]
async fn the_report_of_a_run_that_failed_is_saved_with_its_error() {
    let scenario = Scenario::offering(2).await;
    let stop = crate::domain::reason::Stop::ControlMissing;
    scenario
        .systems
        .once(Stage::Locate, Mishap::Fails(stop.clone().into()));
    let run_id = scenario.run().await.report.run_id;
    let saved = scenario.saved_report(&run_id).await.expect("saved");
    assert_eq!(
        (saved.status, saved.error),
        (RunStatus::Failed, Some(stop.to_string()))
    );
    assert_eq!(saved.counts.deferred, 2);
}

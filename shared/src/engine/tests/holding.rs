//! Records that need a person: held, left alone, and opened again.

use std::time::Duration;

use super::exchange::Exchange;
use super::scenario::{START, Scenario, outcome_of, reason_of};
use super::systems::{Mishap, Stage, key};
use crate::domain::outcome::Outcome;
use crate::domain::reason::Reason;
use crate::engine::source::Source;
use crate::engine::{Fault, Request, SourceKind};
use crate::store::{Lease, RecordState};

fn nameless() -> Fault {
    Fault::hold(Reason::MissingRequiredField, vec!["name".to_owned()])
}

/// Three records; the second one has no name.
async fn with_a_nameless_one() -> Scenario {
    let scenario = Scenario::offering(3).await;
    scenario
        .systems
        .change(2, |offer| offer.invalid = Some(nameless()));
    scenario
}

#[tokio::test]
async fn an_invalid_record_is_held_by_reason_and_field_and_its_neighbours_go_on() {
    let scenario = with_a_nameless_one().await;
    let report = scenario.complete().await;
    assert_eq!((report.counts.held, report.counts.delivered), (1, 2));
    assert_eq!(report.reasons[&Reason::MissingRequiredField], 1);
    assert_eq!(report.records[0].fields, ["name"]);
    let row = scenario.row(2).await;
    assert_eq!(row.state, RecordState::Held);
    assert_eq!(
        (row.reason, row.fields),
        (Some(Reason::MissingRequiredField), vec!["name".to_owned()])
    );
    assert_eq!(row.ttl, None, "what a person has to see is never forgotten");
    assert_eq!(scenario.systems.copies(2), 0);
}

#[tokio::test]
async fn what_was_held_for_what_the_list_showed_opens_when_the_list_is_as_before() {
    let scenario = Scenario::offering(1).await;
    let missing = Mishap::Record(Fault::retry(Reason::DetailsMissing));
    scenario.systems.with(1, 1, Stage::Locate, missing);
    scenario.complete().await;
    assert_eq!(scenario.row(1).await.state, RecordState::Retry);
    scenario
        .systems
        .change(1, |offer| offer.unusable = Some(nameless()));
    scenario.clock.advance(Duration::from_hours(24));
    assert_eq!(scenario.complete().await.counts.held, 1);
    scenario.systems.change(1, |offer| offer.unusable = None);
    assert_eq!(scenario.complete().await.counts.delivered, 1);
}

#[tokio::test]
async fn a_named_record_that_is_listed_no_more_counts_as_the_ledger_has_it() {
    let mut scenario = Scenario::offering(1).await;
    scenario.complete().await;
    scenario.request.only = Some([key(1)].into());
    let report = scenario.complete().await;
    assert_eq!(outcome_of(&report, 1), Outcome::AlreadyInPlace);
}

#[tokio::test]
async fn an_unchanged_held_record_stays_held_without_a_new_row() {
    let scenario = with_a_nameless_one().await;
    scenario.complete().await;
    let row = scenario.row(2).await;
    let report = scenario.complete().await;
    assert_eq!(reason_of(&report, 2), Some(Reason::MissingRequiredField));
    assert_eq!(report.records[0].fields, ["name"]);
    assert_eq!(scenario.row(2).await, row);
    assert!(
        scenario.systems.told_held(2).is_empty(),
        "this source does not want to know"
    );
}

#[tokio::test]
async fn a_held_record_opens_when_its_source_changes() {
    let scenario = with_a_nameless_one().await;
    scenario.complete().await;
    scenario.systems.change(2, |offer| {
        offer.content = "blankets for Lindiwe".to_owned();
        offer.invalid = None;
    });
    let report = scenario.complete().await;
    assert_eq!(outcome_of(&report, 2), Outcome::Delivered);
    assert_eq!(scenario.row(2).await.state, RecordState::Done);
}

#[tokio::test]
async fn a_held_record_opens_under_another_profile() {
    let mut scenario = with_a_nameless_one().await;
    scenario.complete().await;
    // What made it invalid was the profile.
    scenario.systems.change(2, |offer| offer.invalid = None);
    let report = scenario.complete().await;
    assert_eq!(
        outcome_of(&report, 2),
        Outcome::Held,
        "neither data nor profile changed"
    );
    scenario.profile_version = "v2".to_owned();
    let report = scenario.complete().await;
    assert_eq!(outcome_of(&report, 2), Outcome::Delivered);
}

#[tokio::test]
async fn a_record_held_again_under_another_profile_carries_its_version() {
    let mut scenario = with_a_nameless_one().await;
    scenario.complete().await;
    scenario.profile_version = "v2".to_owned();
    let report = scenario.complete().await;
    assert_eq!(outcome_of(&report, 2), Outcome::Held);
    let row = scenario.row(2).await;
    assert_eq!((row.profile_version.as_str(), row.fence), ("v2", 2));
}

#[tokio::test]
async fn a_new_fingerprint_key_is_no_change_and_is_noted() {
    let mut scenario = with_a_nameless_one().await;
    scenario.complete().await;
    let before = scenario.row(2).await;
    scenario.secret = "another invented key of the exchange";
    scenario.systems.change(2, |offer| offer.invalid = None);
    let report = scenario.complete().await;
    assert_eq!(outcome_of(&report, 2), Outcome::Held);
    let after = scenario.row(2).await;
    assert_eq!(
        (after.reason, after.updated_at),
        (before.reason, before.updated_at)
    );
    assert_ne!(after.fingerprint, before.fingerprint);

    // From now on a change is seen again.
    scenario
        .systems
        .change(2, |offer| offer.content = "tents".to_owned());
    assert_eq!(
        outcome_of(&scenario.complete().await, 2),
        Outcome::Delivered
    );
}

#[tokio::test]
async fn what_the_list_shows_unreadably_is_held_and_never_fetched() {
    let scenario = Scenario::offering(3).await;
    let fault = Fault::hold(Reason::UnreadableRecord, vec!["id".to_owned()]);
    scenario
        .systems
        .change(2, |offer| offer.unusable = Some(fault));
    let report = scenario.complete().await;
    assert_eq!(reason_of(&report, 2), Some(Reason::UnreadableRecord));
    let row = scenario.row(2).await;
    let report = scenario.complete().await;
    assert_eq!(reason_of(&report, 2), Some(Reason::UnreadableRecord));
    assert_eq!(scenario.row(2).await, row, "unchanged");
    assert!(!scenario.systems.asked(Stage::Fetch).contains(&key(2)));
}

#[tokio::test]
async fn a_write_refused_for_good_is_held_with_the_fields_that_it_names() {
    let scenario = Scenario::offering(2).await;
    let refused = Fault::hold(Reason::RefusedByPrimero, vec!["/age".to_owned()]);
    scenario
        .systems
        .with(1, 1, Stage::Write, super::systems::Mishap::Record(refused));
    let report = scenario.complete().await;
    assert_eq!(reason_of(&report, 1), Some(Reason::RefusedByPrimero));
    assert_eq!(scenario.row(1).await.fields, ["/age"]);
    assert_eq!(outcome_of(&report, 2), Outcome::Delivered);
}

#[test]
fn a_record_that_comes_anew_while_it_lives_is_known_for_that_and_not_released_twice() {
    let (request, lease) = (Request::default(), lease());
    let mut source: Source<'_, Exchange<'_>> =
        Source::new(SourceKind::Pending, &request, &lease, None, true);
    source.again(key(1));
    source.ended(&key(1), false);
    let anew = source.next();
    assert_eq!(anew.map(|coming| coming.offered.again), Some(true));
    source.ended(&key(1), false);
    assert!(source.next().is_none());
}

#[test]
fn a_record_that_was_put_off_is_not_looked_at_again_in_the_same_run() {
    let (request, lease) = (Request::default(), lease());
    let mut source: Source<'_, Exchange<'_>> =
        Source::new(SourceKind::Pending, &request, &lease, None, true);
    source.again(key(1));
    source.ended(&key(1), true);
    assert!(source.next().is_none());
}

fn lease() -> Lease {
    Lease {
        run_id: "a run".to_owned(),
        fence: 1,
        expires_at: START,
        has_written: true,
        site: None,
        predates_sites: false,
        written_under: None,
        probe: None,
    }
}

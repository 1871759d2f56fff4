//! Systems that are elsewhere than they were, and two deployments on one Primero.

use aws_sdk_dynamodb::types::AttributeValue;

use super::scenario::{Scenario, site};
use super::systems::{Mishap, Stage, key};
use crate::domain::reason::{Reason, Stop};
use crate::domain::system::System;
use crate::engine::{Fault, Request};

fn accepting() -> Request {
    Request {
        accept_move: true,
        ..Request::default()
    }
}

/// Records of which the first went out to Primero where it was at first.
async fn at_work() -> Scenario {
    let scenario = Scenario::offering(1).await;
    assert_eq!(scenario.complete().await.counts.delivered, 1);
    scenario.systems.offer(2, "household 2");
    scenario
}

#[tokio::test]
async fn a_moved_system_stops_every_run_until_a_person_accepts_it() {
    for system in [System::Ping, System::Primero] {
        let mut scenario = at_work().await;
        match system {
            System::Ping => scenario.site.ping = "https://other.example".to_owned(),
            System::Primero => scenario.site.primero = "https://other.example".to_owned(),
        }
        let asked = scenario.systems.events.borrow().len();
        for dry_run in [false, true, false] {
            scenario.request.dry_run = dry_run;
            let finished = scenario.run().await;
            assert_eq!(finished.stop, Some(Stop::SystemMoved(system)));
        }
        assert_eq!(
            scenario.systems.events.borrow().len(),
            asked,
            "nothing is asked there"
        );

        scenario.request = accepting();
        assert_eq!(scenario.complete().await.counts.delivered, 1);
        scenario.request = Request::default();
        scenario.complete().await;
        scenario.site = site("primero.example");
        let back = scenario.run().await;
        assert_eq!(
            back.stop,
            Some(Stop::SystemMoved(system)),
            "the new one is kept"
        );
    }
}

#[tokio::test]
async fn an_accepted_move_is_kept_at_once_even_if_nothing_is_written() {
    let mut scenario = Scenario::offering(1).await;
    scenario.complete().await;
    scenario.site = site("other.example");
    scenario.systems.offers.borrow_mut().clear();
    scenario.request = accepting();
    scenario.complete().await;
    scenario.request = Request::default();
    scenario.complete().await;
}

#[tokio::test]
async fn a_wrong_address_that_never_took_a_write_is_corrected_by_the_secret_alone() {
    let mut scenario = Scenario::offering(1).await;
    scenario.site = site("wrong.example");
    let refused = Mishap::Record(Fault::hold(Reason::RefusedByPrimero, Vec::new()));
    scenario.systems.with(1, 1, Stage::Write, refused);
    assert_eq!(scenario.complete().await.counts.held, 1);
    scenario.site = site("primero.example");
    scenario.systems.offer(2, "household 2");
    assert_eq!(scenario.complete().await.counts.delivered, 1);
    scenario.site = site("wrong.example");
    assert_eq!(
        scenario.run().await.stop,
        Some(Stop::SystemMoved(System::Primero))
    );
}

#[tokio::test]
async fn a_ledger_from_before_this_rule_takes_the_address_that_it_finds() {
    let mut scenario = at_work().await;
    scenario.forget_site().await;
    scenario.systems.offers.borrow_mut().clear();
    scenario.complete().await;
    scenario.site = site("other.example");
    assert_eq!(
        scenario.run().await.stop,
        Some(Stop::SystemMoved(System::Primero))
    );
}

#[tokio::test]
async fn a_second_deployment_on_one_primero_is_refused_until_a_person_gives_it_over() {
    let mut scenario = at_work().await;
    let first = std::mem::replace(&mut scenario.deployment, "second".parse().expect("a name"));
    for dry_run in [false, true] {
        scenario.request.dry_run = dry_run;
        let finished = scenario.run().await;
        let taken = Stop::InstallationTaken("made-up".to_owned());
        assert_eq!(finished.stop, Some(taken));
    }
    assert_eq!(scenario.systems.copies(2), 0);

    scenario.request = accepting();
    scenario.complete().await;
    assert_eq!(scenario.systems.copies(2), 1);
    scenario.request = Request::default();
    scenario.complete().await;
    scenario.deployment = first;
    let finished = scenario.run().await;
    let taken = Stop::InstallationTaken("second".to_owned());
    assert_eq!(finished.stop, Some(taken));
}

#[tokio::test]
async fn a_deployment_that_moves_away_frees_the_primero_that_it_leaves() {
    let mut scenario = at_work().await;
    scenario.site = site("other.example");
    scenario.request = accepting();
    scenario.complete().await;
    scenario.request = Request::default();
    scenario.deployment = "second".parse().expect("a name");
    scenario.site = site("primero.example");
    scenario.systems.offer(3, "household 3");
    scenario.complete().await;
}

#[tokio::test]
async fn the_owner_is_named_in_the_table_with_the_first_write_and_not_before() {
    let scenario = Scenario::offering(0).await;
    scenario.complete().await;
    assert_eq!(scenario.owner().await, None);
    scenario.systems.offer(1, "household 1");
    scenario.complete().await;
    let owner = scenario.owner().await;
    assert_eq!(owner, Some(AttributeValue::S("made-up".to_owned())));
    assert!(
        scenario
            .find_row(1)
            .await
            .is_some_and(|row| row.key == key(1))
    );
}

//! One bad record never stops the others, and what is corrected at its source arrives by itself.

use std::time::Duration;

use referral_bridge::domain::outcome::{Outcome, RunReport};
use referral_bridge::domain::reason::Reason;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::profile::ProfileVersion;
use sandbox::faults::{Fault, Rule, Target};
use sandbox::journal::System;
use serde_json::{Value, json};

use crate::bridge::TestBridge;
use crate::referral::Referral;
use crate::wish::Wish;

const DATE_OF_BIRTH: &str = "progres_individual.individuals.progres_dateofbirth";
const SERVICE: &str = "progres_interventiontype2.interventiontype.progres_description";
const SEX: &str = "progres_individual.individuals.progres_sex";

const UNKNOWN_SEX: &str = "125080003";

/// Asserts that a record is held for this reason, and that a field of this name is at fault.
fn held(report: &RunReport, key: &str, reason: Reason, field: &str) {
    let mut lines = report.records.iter();
    let line = lines.find(|line| line.key.to_string() == key);
    let line = line.expect("it is reported");
    assert_eq!(line.outcome, Outcome::Held, "{line:?}");
    assert_eq!(line.reason, Some(reason), "{line:?}");
    let named = line.fields.iter().any(|name| name.contains(field));
    assert!(named, "{line:?}");
}

#[tokio::test]
async fn bad_referrals_are_held_with_their_reasons_and_arrive_once_progres_corrects_them() {
    let bad = [
        (
            DATE_OF_BIRTH,
            json!("2014-02-30T00:00:00Z"),
            Reason::InvalidDate,
            "dateofbirth",
        ),
        (
            SERVICE,
            json!("Teleportation"),
            Reason::UnmappedService,
            "progres_description",
        ),
        (SEX, json!(125_080_009), Reason::UnknownCode, "progres_sex"),
    ];
    let bridge = TestBridge::start().await;
    let good = bridge.refer_many(10);
    let mut corrected = Vec::new();
    for (number, (field, value, ..)) in (11..).zip(&bad) {
        let referral = Referral::numbered(number);
        bridge.refer(&referral.clone().with(field, value.clone()));
        corrected.push(referral);
    }

    let report = bridge.complete().await;

    assert_eq!(
        (report.counts.delivered, report.counts.held),
        (10, 3),
        "{report:?}"
    );
    for (referral, (_, _, reason, field)) in corrected.iter().zip(&bad) {
        held(&report, &referral.intervention, *reason, field);
        assert!(bridge.services_of(referral).is_empty());
    }
    for referral in &corrected {
        bridge
            .sandbox
            .ping
            .edit(referral.rows())
            .expect("it is there");
    }
    bridge.pass(Duration::from_mins(15));
    let report = bridge.complete().await;
    assert_eq!(
        (report.counts.delivered, report.counts.held),
        (3, 0),
        "{report:?}"
    );
    for referral in good.iter().chain(&corrected) {
        bridge.assert_delivered_once(referral);
    }
}

#[tokio::test]
async fn a_referral_with_several_faults_is_held_with_all_their_fields_and_waits_for_the_last() {
    let bridge = TestBridge::start().await;
    let whole = Referral::numbered(1);
    let half = whole.clone().with(DATE_OF_BIRTH, "2014-13-01T00:00:00Z");
    bridge.refer(
        &half
            .clone()
            .with("progres_individual.individuals.progres_familyname", " "),
    );

    let first = bridge.complete().await;
    assert_eq!(first.counts.held, 1, "{first:?}");
    bridge.sandbox.ping.edit(half.rows()).expect("it is there");
    let second = bridge.complete().await;
    held(
        &second,
        &whole.intervention,
        Reason::InvalidDate,
        "dateofbirth",
    );
    bridge.sandbox.ping.edit(whole.rows()).expect("it is there");
    bridge.complete().await;

    bridge.assert_delivered_once(&whole);
}

#[tokio::test]
async fn a_referral_on_which_ping_breaks_every_time_holds_no_other_up() {
    let bridge = TestBridge::start().await;
    let mut referrals = bridge.refer_many(25);
    let broken = Fault::Status {
        status: 500,
        retry_after: None,
        after_effect: false,
    };
    let details = Target::Containing("SHP-2358".to_owned());
    let rule = Rule::always(details, broken).carrying(&referrals[9].intervention);
    bridge.sandbox.faults(System::Ping).add(rule);

    let report = bridge.complete().await;

    let counts = &report.counts;
    assert_eq!((counts.delivered, counts.will_retry), (24, 1), "{report:?}");
    assert_eq!(report.reasons[&Reason::PingUnavailable], 1);
    referrals.remove(9);
    for referral in &referrals {
        bridge.assert_delivered_once(referral);
    }
}

async fn submit(bridge: &TestBridge) -> RunReport {
    bridge.pass(Duration::from_mins(1));
    bridge.completed(WorkflowName::ReferralsToProgres).await
}

fn edit(bridge: &TestBridge, wish: &Wish, fields: Value) {
    let edited = bridge
        .sandbox
        .primero
        .worker_updates_case(&wish.case, fields);
    edited.expect("there is such a case");
}

/// How often a wish came to proGres.
fn submissions(bridge: &TestBridge, wish: &Wish) -> usize {
    let submissions = bridge.sandbox.ping.submissions();
    let of_wish = submissions.iter().filter(|one| {
        let service = one.field("progres_orgreferralid");
        one.external_id == wish.case_id && service == Some(wish.service.as_str())
    });
    of_wish.count()
}

#[tokio::test]
async fn bad_wishes_are_held_with_their_reasons_and_arrive_once_the_worker_corrects_them() {
    let bridge = TestBridge::start().await;
    let good: Vec<Wish> = (1..=10).map(|number| bridge.wish(number)).collect();
    let (born, asked) = (bridge.wish(11), bridge.wish(12));
    let service = |kind: &str| json!({ "services_section": [{ "unique_id": asked.service, "service_type": kind }] });
    edit(&bridge, &born, json!({ "date_of_birth": "2014-02-30" }));
    edit(&bridge, &asked, service("teleportation"));

    let report = submit(&bridge).await;

    assert_eq!(
        (report.counts.delivered, report.counts.held),
        (10, 2),
        "{report:?}"
    );
    for (wish, reason, field) in [
        (&born, Reason::InvalidDate, "date_of_birth"),
        (&asked, Reason::UnmappedService, "service_type"),
    ] {
        let key = format!("{}/{}", wish.case_id, wish.service);
        held(&report, &key, reason, field);
        assert_eq!(submissions(&bridge, wish), 0);
    }
    edit(&bridge, &born, json!({ "date_of_birth": "2014-02-28" }));
    edit(&bridge, &asked, service("shelter"));
    let report = submit(&bridge).await;
    assert_eq!(
        (report.counts.delivered, report.counts.held),
        (2, 0),
        "{report:?}"
    );
    for wish in good.iter().chain([&born, &asked]) {
        assert_eq!(submissions(&bridge, wish), 1, "{wish:?}");
    }
}

#[tokio::test]
async fn a_sex_that_nobody_knows_is_sent_as_unknown_and_never_as_a_word() {
    let bridge = TestBridge::start().await;
    let wish = bridge.wish(1);
    edit(&bridge, &wish, json!({ "sex": "not_told" }));

    let report = submit(&bridge).await;

    assert_eq!(report.counts.delivered, 1, "{report:?}");
    let submissions = bridge.sandbox.ping.submissions();
    let sex = submissions[0].field("progres_pocsex").expect("it is there");
    assert_eq!(sex, UNKNOWN_SEX);
}

#[tokio::test]
async fn a_service_without_a_usable_id_stays_held_whatever_looks_at_it_again() {
    let mut bridge = TestBridge::start().await;
    let case = json!({
        "status": "open", "module_id": "primeromodule-cp", "owned_by": "worker1",
        "services_section": [{ "unique_id": "the first one", "service_implementing_agency": "UNHCR" }],
    });
    let primero = &bridge.sandbox.primero;
    primero.insert_case(case).expect("it is new");
    bridge.pass(Duration::from_secs(6));
    let workflow = WorkflowName::ReferralsToProgres;
    let report = bridge.completed(workflow).await;
    let [line] = &report.records[..] else {
        panic!("{report:?}");
    };
    let key = line.key.clone();
    for another_profile in [false, true] {
        bridge.pass(Duration::from_hours(25));
        if another_profile {
            bridge.installation.profile.version = ProfileVersion::default();
        }
        bridge.completed(workflow).await;
        let row = bridge.row_of(workflow, key.as_str()).await;
        let reason = row.expect("it has a row").reason;
        assert_eq!(reason, Some(Reason::UnreadableRecord), "{another_profile}");
    }
}

#[tokio::test]
async fn what_is_corrected_among_many_that_are_held_goes_with_the_next_run() {
    const MANY: u32 = 120;
    let bridge = TestBridge::start().await;
    for number in 1..=MANY {
        bridge.refer(&Referral::numbered(number).with(SEX, Value::Null));
    }
    let first = bridge.complete().await;
    assert_eq!(first.counts.held, u64::from(MANY), "{:?}", first.counts);

    let corrected = [Referral::numbered(1), Referral::numbered(MANY)];
    for referral in &corrected {
        bridge
            .sandbox
            .ping
            .edit(referral.rows())
            .expect("it is there");
    }
    bridge.pass(Duration::from_mins(5));
    let report = bridge.complete().await;

    assert_eq!(report.counts.delivered, 2, "{:?}", report.counts);
    for referral in &corrected {
        bridge.assert_delivered_once(referral);
    }
}

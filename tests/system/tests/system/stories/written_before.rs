//! A ledger that an earlier release has written, of all four workflows: what is `done` in it is never sent again, whatever was mended
//! since in how a record is mapped. The rows, and the service that 1.1 appended, are kept as that release left them.

use std::time::Duration;

use referral_bridge::domain::outcome::RunReport;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::store::{RecordRow, RecordState};
use sandbox::primero::{NewReferral, ServiceDecision};
use serde_json::{Value, json};

use crate::asked::rejected;
use crate::bridge::TestBridge;
use crate::referral::Referral;
use crate::wish::ACCEPTED;

/// The rows, by the number of their workflow, and the services of the child's case.
const GOLDEN: &str = include_str!("../golden/ledger.json");

const INTEROP: &str = "d1930000-0000-4000-8000-000000004711";

/// A case of its own with these fields; its ids follow from the number.
fn case(number: u32, fields: &Value) -> Value {
    let mut case = json!({
        "id": format!("0d1e0000-0606-4436-8f3d-{number:012}"),
        "case_id": format!("0d1e1000-0606-4436-8f3d-{number:012}"),
        "status": "open", "module_id": "primeromodule-cp", "owned_by": "worker1",
        "name_first": "Nyabol", "name_middle": "Gatluak", "name_last": "Deng", "sex": "female",
        "date_of_birth": "2013-05-06", "unhcr_id_no": "606-26-4000001", "telephone_current": 251_911_000_001_u64,
        "address_current": "Block 7", "protection_concerns": ["separated"],
        "disclosure_other_orgs": true, "consent_for_services": true, "services_section": [],
    });
    for (name, value) in fields.as_object().expect("fields") {
        case[name] = value.clone();
    }
    case
}

fn decided_service(referral: &Referral, number: u32) -> Value {
    json!({ "services_section": [{
        "unique_id": format!("5efb0000-0606-4436-8f3d-{number:012}"), "service_type": "alternative_care",
        "service_request_agency": "UNHCR", "service_referral": "external_referral",
        "progres_interventionnumber": referral.intervention_number(),
    }] })
}

/// What both systems hold when the workflows are through; `services` are those of the child that was referred by UNHCR.
fn world(bridge: &TestBridge, services: &Value) -> Vec<Referral> {
    let primero = &bridge.sandbox.primero;
    let insert = |case| primero.insert_case(case).expect("it is new");
    let referral = Referral::numbered(1)
        .with(
            "progres_interventiondescription",
            "<p>Needs&nbsp;follow-up &amp; care.</p>",
        )
        .with("progres_reasonforreferral", "Alone <b>since</b> March");
    bridge.refer(&referral);
    insert(case(
        1,
        &json!({ "unhcr_individual_no": referral.individual_no, "services_section": services }),
    ));
    let decided: Vec<Referral> = (2..=3).map(Referral::numbered).collect();
    let verdicts = [
        ServiceDecision::Accepted,
        rejected("No place, says the worker"),
    ];
    for ((number, referral), verdict) in (2..).zip(&decided).zip(&verdicts) {
        let rows = referral.rows();
        bridge.sandbox.ping.add_delivered(rows).expect("it is new");
        let mut case = case(number, &decided_service(referral, number));
        case["unhcr_individual_no"] = json!(referral.individual_no);
        insert(case);
        bridge.worker_decides(referral, verdict);
    }
    for number in 4..=5 {
        let service = format!("5efb0000-0606-4436-8f3d-{number:012}");
        let case = insert(case(
            number,
            &json!({
                "unhcr_individual_no": format!("606-4{number:08}"),
                "services_section": [{
                    "unique_id": service, "service_type": "shelter", "service_implementing_agency": "UNHCR",
                    "service_referral_notes": "  A roof &  a door ",
                }],
            }),
        ));
        let referral = NewReferral {
            transitioned_to: "unhcr_cw".to_owned(),
            service_record_id: Some(service),
            ..NewReferral::default()
        };
        primero.refer(&case, &referral).expect("the rules allow it");
    }
    bridge.decide(json!({
        "progres_interoperabilityreferralid": INTEROP,
        "progres_offlineid": "0d1e1000-0606-4436-8f3d-000000000004",
        "progres_orgreferralid": "5efb0000-0606-4436-8f3d-000000000004",
        "progres_interoperabilityreferralstatus": ACCEPTED,
        "progres_reviewdate": "2026-11-23T00:00:00Z",
    }));
    std::iter::once(referral).chain(decided).collect()
}

const ALL: [WorkflowName; 4] = [
    WorkflowName::ReferralsToPrimero,
    WorkflowName::DecisionsToProgres,
    WorkflowName::ReferralsToProgres,
    WorkflowName::DecisionsToPrimero,
];

async fn run_all(bridge: &TestBridge) -> Vec<RunReport> {
    bridge.pass(Duration::from_secs(6));
    let mut reports = Vec::new();
    for workflow in ALL {
        reports.push(bridge.completed(workflow).await);
    }
    reports
}

#[tokio::test]
async fn what_an_earlier_release_has_done_is_never_sent_again() {
    let golden: Value = serde_json::from_str(GOLDEN).expect("it is JSON");
    let bridge = TestBridge::start().await;
    let referrals = world(&bridge, &golden["services"]);
    for referral in bridge.sandbox.primero.referrals() {
        // UNHCR's decision on it is done by the ledger.
        if referral["service_record_id"] == "5efb0000-0606-4436-8f3d-000000000004" {
            let id = referral["id"].as_str().expect("a text");
            let accepted = bridge.sandbox.primero.accept_referral(id);
            accepted.expect("it is in progress");
        }
    }
    for workflow in ALL {
        let rows = golden["rows"][workflow.number()].as_array();
        for row in rows.expect("rows of every workflow") {
            let row: RecordRow<Value> = serde_json::from_value(row.clone()).expect("readable");
            assert_eq!(row.state, RecordState::Done);
            // It stands before the first lease of this table.
            let row = RecordRow { fence: 0, ..row };
            let kept = bridge.store_of(workflow).put_record(&row).await;
            kept.expect("it is the first");
        }
    }
    let services = || {
        let mut cases = bridge.sandbox.primero.cases().into_iter();
        cases.all(|case| case["services_section"].as_array().map_or(0, Vec::len) <= 1)
    };

    for _ in 0..2 {
        for report in run_all(&bridge).await {
            let counts = &report.counts;
            let sent = counts.delivered + counts.awaiting_confirmation + counts.will_retry;
            assert_eq!((sent, counts.held), (0, 0), "{report:?}");
        }
    }

    assert!(services(), "no service came twice");
    assert_eq!(bridge.sandbox.primero.cases().len(), 6);
    assert!(bridge.sandbox.ping.submissions().is_empty());
    for decided in &referrals[1..] {
        assert!(bridge.told(decided).is_empty(), "{decided:?}");
    }
    // The list shows it as pending, so proGres is told once more where it is.
    bridge.assert_delivered_once(&referrals[0]);
}

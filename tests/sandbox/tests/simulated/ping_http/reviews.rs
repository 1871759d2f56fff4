//! UNHCR's decisions on submitted referrals: what is listed, in which spelling, and until when.

use sandbox::ping::{Decision, PingOptions};
use serde_json::{Value, json};
use uuid::Uuid;

use super::gate::{ASYNC_DATA, DATA, Gate, details_of, retrieval, submission};

const STATUS: &str = "progres_interoperabilityreferralstatus";

async fn submitted(gate: &Gate) -> Uuid {
    gate.post(ASYNC_DATA, &submission("service-1")).await;
    gate.sandbox
        .ping
        .referral_of("case-1", "service-1")
        .unwrap()
}

fn decide(gate: &Gate, referral: Uuid, status: u64) {
    let decision = Decision {
        status: Some(status),
        review_date: Some("2026-11-24T00:00:00Z".to_owned()),
        ..Decision::default()
    };
    gate.sandbox
        .ping
        .decide_referral(referral, &decision)
        .unwrap();
}

async fn listed(gate: &Gate) -> Vec<Value> {
    gate.all(retrieval("SHP-2795")).await
}

#[tokio::test]
async fn details_carry_the_ids_of_the_submission_and_the_review_date() {
    let gate = Gate::open(PingOptions::default()).await;
    let referral = submitted(&gate).await;
    assert!(listed(&gate).await.is_empty());
    decide(&gate, referral, 125_080_001);
    let row = &gate
        .all(details_of("SHP-2796", &[referral.to_string()]))
        .await[0];
    assert_eq!(row["progres_offlineid"], "case-1");
    assert_eq!(row["progres_orgreferralid"], "service-1");
    assert_eq!(row["progres_reviewdate"], "2026-11-24T00:00:00Z");
    assert_eq!(row[STATUS], 125_080_001);
}

#[tokio::test]
async fn a_code_can_be_text_or_null_or_in_no_list() {
    let gate = Gate::open(PingOptions::default()).await;
    let referral = submitted(&gate).await;
    decide(&gate, referral, 125_080_001);
    for code in [json!("125080002"), Value::Null, json!(125_080_009)] {
        let fields = json!({ STATUS: code });
        gate.sandbox.ping.amend_decision(referral, fields).unwrap();
        let row = &listed(&gate).await[0];
        assert_eq!(row.get(STATUS), Some(&code));
    }
}

#[tokio::test]
async fn unhcr_can_change_its_mind_even_after_the_mark() {
    let gate = Gate::open(PingOptions::default()).await;
    let referral = submitted(&gate).await;
    decide(&gate, referral, 125_080_001);
    let mark = json!({
        "ShippingProcessId": "SHP-2284",
        "InteropId": "INT-1436",
        "Data": [{ "ExternalId": "x", "Fields": [
            { "Name": "progres_interoperabilityreferralid", "Value": referral },
            { "Name": STATUS, "Value": "125080003" },
        ]}],
    });
    gate.post(DATA, &mark).await;
    assert_eq!(listed(&gate).await[0][STATUS], 125_080_003);
    decide(&gate, referral, 125_080_002);
    assert_eq!(listed(&gate).await[0][STATUS], 125_080_002);
}

//! Checkstatus.

use sandbox::ping::StatusShape;
use uuid::Uuid;

use super::*;
use crate::domain::ids::{CaseRecordId, TransactionId};

const CHECK: &str = "/primes/ingestion/checkstatus/v1/pingdata";

async fn submitted(bridge: &Bridge) -> TransactionId {
    let service = Uuid::from_u128(9).to_string();
    let referral = Submission {
        external_id: "case-1".to_owned(),
        fields: vec![
            field("progres_offlineid", "case-1"),
            field("progres_businessunit", &service),
            field("progres_organizationfrom", &service),
            field("progres_orgreferralid", &service),
            field("progres_requestedservice", &service),
        ],
        own: Vec::new(),
        comments: Vec::new(),
    };
    let case = CaseRecordId::new(Uuid::from_u128(7));
    match bridge
        .client
        .submit_referral(case, &referral)
        .await
        .unwrap()
    {
        Submitted::Accepted(receipt) => receipt,
        Submitted::Unconfirmed => panic!("PING gives a receipt"),
    }
}

async fn check(bridge: &Bridge, receipt: &TransactionId) -> Checked {
    let operation = Operation::SubmitReferral;
    bridge
        .client
        .check_status(operation, receipt)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_submission_is_confirmed_in_both_shapes() {
    for status_shape in [StatusShape::Records, StatusShape::AlmostJson] {
        let bridge = Bridge::to(PingOptions {
            status_shape,
            ..PingOptions::default()
        })
        .await;
        let receipt = submitted(&bridge).await;

        let checked = check(&bridge, &receipt).await;

        assert_eq!(
            checked.of_all(),
            Some(Status::Confirmed),
            "{status_shape:?}"
        );
        let Checked::Records(records) = checked else {
            panic!("{checked:?}");
        };
        let referral = bridge.sandbox.ping.submissions()[0].referral.unwrap();
        let id = records[0].text("progres_interoperabilityreferralid");
        assert_eq!(id, Some(referral.to_string().as_str()), "{status_shape:?}");
    }
}

#[tokio::test]
async fn a_late_result_is_not_yet_and_then_there() {
    for (word, early) in [
        (None, Status::InProgress),
        (Some("Queued"), Status::InProgress),
        (Some("Parked"), Status::Unknown),
    ] {
        let bridge = Bridge::to(PingOptions {
            checks_before_result: 1,
            interim_word: word.map(str::to_owned),
            ..PingOptions::default()
        })
        .await;
        let receipt = submitted(&bridge).await;

        let first = check(&bridge, &receipt).await.of_all();
        let second = check(&bridge, &receipt).await.of_all();

        assert_eq!(
            (first, second),
            (Some(early), Some(Status::Confirmed)),
            "{word:?}"
        );
    }
}

#[tokio::test]
async fn what_was_accepted_can_still_be_rejected() {
    let bridge = Bridge::to(PingOptions {
        status_shape: StatusShape::AlmostJson,
        ..PingOptions::default()
    })
    .await;
    bridge
        .sandbox
        .ping
        .reject_later(1, "The \"individual\" {was} merged");
    let receipt = submitted(&bridge).await;

    assert_eq!(
        check(&bridge, &receipt).await.of_all(),
        Some(Status::Rejected)
    );
}

#[tokio::test]
async fn the_recorded_answer_is_read() {
    let sample = json!({
        "Data": "[{\"SPHTransactionId\":\"eabac5fc-1d6f-4d0e-8f7d-2a8d1b7f0c55\",\"Status\":\"Success\",\"Data\":\"{\"progres_interoperabilityreferralid\":\"d19321ea-778e-405e-841d-b24f247662e3\",\"Message\":\"Record created\"}\",\"ErrorMessage\":\"\"}]",
        "ErrorMessage": null,
        "RecordCount": 1,
        "SPHTransactionId": "eabac5fc-1d6f-4d0e-8f7d-2a8d1b7f0c55"
    });
    let (client, server) = answering(ok(&sample)).await;

    let receipt = TransactionId::new("eabac5fc-1d6f-4d0e-8f7d-2a8d1b7f0c55");
    let checked = client.check_status(Operation::MarkReferral, &receipt).await;

    assert_eq!(checked.unwrap().of_all(), Some(Status::Confirmed));
    let requests = server.received_requests().await.unwrap();
    let asked = requests
        .iter()
        .find(|request| request.url.path() == CHECK)
        .unwrap();
    assert_eq!(
        asked.body_json::<Value>().unwrap(),
        json!({
            "ShippingProcessId": "SHP-2284",
            "InteropID": "INT-1436",
            "PartnerId": "PNR-1363",
            "SPHTransactionId": receipt.as_str(),
        })
    );
}

#[tokio::test]
async fn an_unreadable_answer_stops_nothing_and_confirms_nothing() {
    let (client, _server) = answering(ok(&json!({ "Data": "[{\"Status\":\"Success\"" }))).await;

    let receipt = TransactionId::new("T-1");
    let checked = client
        .check_status(Operation::SubmitReferral, &receipt)
        .await
        .unwrap();

    assert_eq!(checked, Checked::Unreadable);
    assert_eq!(checked.of_all(), Some(Status::Unknown));
}

#[tokio::test]
async fn an_unknown_transaction_is_an_error_with_a_receipt_of_its_own() {
    let bridge = Bridge::start().await;

    let receipt = TransactionId::new(Uuid::from_u128(1).to_string());
    let checked = bridge
        .client
        .check_status(Operation::SubmitReferral, &receipt)
        .await;

    assert!(
        matches!(checked, Err(GateError::Reported(Some(_)))),
        "{checked:?}"
    );
}

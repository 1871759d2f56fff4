//! "What bad input gets", as far as the gate to proGres decides it. The redirect and the over-long body are tested beside the
//! transport, plain http beside the secrets, and wrong credentials beside the sign-in.

use super::*;
use crate::domain::ids::TransactionId;

/// Stands wherever a value could leak from.
const CANARY: &str = "Canary";

#[tokio::test]
async fn a_200_with_an_error_message_is_an_error_with_its_transaction_id() {
    for message in [
        json!("A record does not exist"),
        json!({ "code": 7 }),
        json!(["x"]),
    ] {
        let body = json!({ "Data": null, "ErrorMessage": message, "SPHTransactionId": "T-1" });
        let (client, _server) = answering(ok(&body)).await;

        let reported = GateError::Reported(Some(TransactionId::new("T-1")));
        assert_eq!(pending(&client).await, Err(reported), "{message}");
    }
}

#[tokio::test]
async fn a_blank_error_message_is_none() {
    let body = json!({ "Data": [], "ErrorMessage": " " });
    let (client, _server) = answering(ok(&body)).await;

    assert_eq!(pending(&client).await, Ok(Vec::new()));
}

#[tokio::test]
async fn json_that_is_not_what_the_contract_says_fails_with_its_path() {
    for (body, place) in [
        (json!({ "Data": { "name": CANARY } }), "`Data`"),
        (json!({ "Data": [{}, CANARY] }), "`Data[1]`"),
        (
            json!({ "Data": [], "PagingSummary": { "PageNumber": CANARY } }),
            "`PagingSummary.PageNumber`",
        ),
    ] {
        let (client, _server) = answering(ok(&body)).await;
        let stop = stop(pending(&client).await.map_err(GateError::of_the_system));
        let Stop::UnreadableAnswer { place: found, .. } = &stop else {
            panic!("{stop:?}");
        };
        assert_eq!(found, place);
        assert!(!format!("{stop} {stop:?}").contains(CANARY));
    }
}

#[tokio::test]
async fn no_error_shows_a_body_or_an_address() {
    let message = json!({ "ErrorMessage": CANARY, "SPHTransactionId": "T-1" });
    for answer in [
        ok(&message),
        ResponseTemplate::new(400).set_body_string(CANARY),
        ResponseTemplate::new(403).set_body_string(CANARY),
        ResponseTemplate::new(422).set_body_json(json!({ "errors": [{ "detail": CANARY }] })),
        ResponseTemplate::new(500).set_body_string(CANARY),
        ResponseTemplate::new(200).set_body_string(CANARY),
    ] {
        let (client, _server) = answering(answer).await;
        let error = pending(&client).await.unwrap_err();
        for text in [format!("{error}"), format!("{error:?}")] {
            assert!(!text.contains(CANARY), "{text}");
            assert!(!text.contains("127.0.0.1"), "{text}");
        }
    }
}

#[tokio::test]
async fn a_ping_that_is_down_is_unavailable() {
    let (client, server) = answering(ResponseTemplate::new(503)).await;

    assert_eq!(
        pending(&client).await,
        Err(GateError::Unavailable(System::Ping))
    );

    // One token and four tries.
    assert_eq!(server.received_requests().await.unwrap().len(), 5);
}

#[tokio::test]
async fn a_write_with_another_spelling_of_the_interop_id_would_be_refused() {
    let bridge = Bridge::start().await;
    let body = json!({
        "ShippingProcessId": "SHP-2747", "PartnerId": "PNR-1363", "InteropId": "INT-1436",
        "APIVersion": "V3", "QueryParameters": [],
    });

    let answer = bridge
        .client
        .post("list", RETRIEVAL, &body, Repeat::Freely)
        .await;

    assert!(
        matches!(answer, Err(GateError::Reported(Some(_)))),
        "{answer:?}"
    );
}

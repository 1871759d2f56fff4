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
        (json!({ "Data": CANARY }), "`Data`"),
        (json!({ "Data": [CANARY, CANARY] }), "`Data[0]`"),
        (
            json!({ "Data": [{ "name": CANARY }], "data": [] }),
            "`Data`, given twice",
        ),
        (
            json!({ "Data": null, "RecordCount": 3 }),
            "`Data`: nothing, although `RecordCount` counts",
        ),
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
async fn an_answer_without_a_known_key_is_unreadable_and_never_nothing() {
    for body in [
        "{}",
        r#"{"status":"ok","items":[]}"#,
        r#"{"statusCode":200,"message":"x"}"#,
        "<html><title>Maintenance</title></html>",
        r#""No Data Available""#,
        "",
        "[]",
    ] {
        let answer = ResponseTemplate::new(200).set_body_string(body);
        let (client, _server) = answering(answer).await;
        let stop = stop(pending(&client).await);
        assert_eq!(stop.code(), "unreadable_answer", "{body}");
    }
}

#[tokio::test]
async fn errors_under_another_key_are_errors() {
    for body in [
        json!({ "errorMessage": CANARY, "data": null }),
        json!({ "ERROR_MESSAGE": CANARY }),
        json!({ "Errors": [CANARY] }),
        json!({ "Data": null, "Success": false }),
    ] {
        let (client, _server) = answering(ok(&body)).await;
        assert_eq!(
            pending(&client).await,
            Err(GateError::Reported(None)),
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_list_is_read_whole_in_every_spelling_of_its_keys() {
    for shape in [Shape::CamelKeys, Shape::ShoutedKeys, Shape::ByteOrderMark] {
        let bridge = Bridge::to(PingOptions {
            list_page_rows: 2,
            ..PingOptions::default()
        })
        .await;
        bridge.refer(5);
        bridge.shape("SHP-2747", &shape);

        let rows = pending(&bridge.client).await.unwrap();

        assert_eq!(rows.len(), 5, "{shape:?}");
        assert_eq!(bridge.requests("SHP-2747"), 3, "{shape:?}");
    }
}

#[tokio::test]
async fn one_object_is_one_row() {
    let bridge = Bridge::start().await;
    let ids = bridge.refer(1);
    bridge.shape("SHP-2747", &Shape::LoneRow);

    let rows = pending(&bridge.client).await.unwrap();

    let listed = rows[0].text("progres_lpinterventionid");
    assert_eq!(listed, Some(ids[0].to_string()));
    assert_eq!(rows.len(), 1);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_says_so_and_its_neighbours_are_whole() {
    let (name, id) = ("progres_givenname", "progres_lpinterventionid");
    let row = |at: u32, value: &str| format!(r#"{{"{id}":"{at}","{name}":{value}}}"#);
    let odd = [
        r#""Nyakong\ud83d""#,
        "1e999",
        &format!("{}1{}", "[".repeat(200), "]".repeat(200)),
    ];
    let body = |rows: &[String]| format!(r#"{{"Data":[{}]}}"#, rows.join(","));
    for value in odd {
        let rows = [row(1, "\"Akol\""), row(2, value), row(3, "\"Peter\"")];
        let answer = ResponseTemplate::new(200).set_body_string(body(&rows));
        let (client, _server) = answering(answer).await;
        let rows = pending(&client).await.unwrap();
        let unreadable: Vec<_> = rows.iter().map(Row::unreadable).collect();
        assert_eq!(unreadable, [&[][..], &[name.to_owned()], &[]], "{value}");
        assert_eq!(rows[1].text(id).as_deref(), Some("2"), "{value}");
    }
    // A line break where JSON has none means one; what is no UTF-8 spoils its own row.
    let rows = [row(1, "\"Nya\nkong\""), row(2, "\"Ren?\"")];
    let bytes: Vec<u8> = body(&rows).into_bytes();
    let bytes = bytes
        .into_iter()
        .map(|byte| if byte == b'?' { 0xe9 } else { byte });
    let answer = ResponseTemplate::new(200).set_body_bytes(bytes.collect::<Vec<u8>>());
    let (client, _server) = answering(answer).await;
    let rows = pending(&client).await.unwrap();
    assert_eq!(rows[0].text(name).as_deref(), Some("Nya\nkong"));
    assert_eq!(rows[1].unreadable(), [name]);
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

    let answer = bridge.client.ask("list", RETRIEVAL, &body).await;

    assert!(
        matches!(answer, Err(GateError::Reported(Some(_)))),
        "{answer:?}"
    );
}

//! "What bad input gets", as far as the gate to Primero decides it. The redirect and the over-long body are tested beside the
//! transport, plain http beside the secrets, and a wrong password beside the ways of signing in.

use super::*;

/// Stands wherever a value could leak from.
const CANARY: &str = "Canary";

async fn create_answered(answer: ResponseTemplate) -> GateError {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(answer)
        .mount(&server)
        .await;
    let client = client(&server.uri(), PrimeroAuth::Basic, API, DEFAULT_PASSWORD);
    let fields = json!({ "name_first": CANARY, "unhcr_individual_no": CANARY });
    let fields = Pii::new(fields.as_object().unwrap().clone());
    let id = "aaaaaaaa-0000-4000-8000-000000000001".parse().unwrap();
    client.create_case(id, &fields).await.unwrap_err()
}

fn refused(status: u16, fields: &[&str]) -> GateError {
    GateError::Refused {
        system: System::Primero,
        status,
        fields: fields.iter().map(|field| (*field).to_owned()).collect(),
    }
}

#[tokio::test]
async fn a_record_that_fails_primeros_validation_is_refused_with_every_field_named() {
    let bridge = Bridge::start().await;
    let fields = json!({
        "module_id": "primeromodule-cp",
        "name_first": CANARY,
        "age": "nine",
        "date_of_birth": "2999-01-01",
    });
    let fields = Pii::new(fields.as_object().unwrap().clone());
    let id = "aaaaaaaa-0000-4000-8000-000000000001".parse().unwrap();

    let error = bridge.client.create_case(id, &fields).await.unwrap_err();

    let GateError::Refused {
        status: 422,
        fields,
        ..
    } = &error
    else {
        panic!("{error:?}");
    };
    assert!(fields.contains(&"/age".to_owned()), "{fields:?}");
    assert!(!format!("{error} {error:?}").contains(CANARY));
}

#[tokio::test]
async fn the_four_error_bodies_are_typed_and_leak_nothing() {
    let errors = json!({ "errors": [
        { "status": 422, "resource": format!("/api/v2/cases/{CANARY}"), "detail": ["/age", CANARY], "message": [CANARY] },
        { "status": 422, "detail": "/sex", "message": CANARY },
        { "status": 422, "detail": format!("/{CANARY}"), "message": CANARY },
    ]});
    for (answer, expected) in [
        (
            ResponseTemplate::new(401).set_body_json(json!({ "error": CANARY })),
            Stop::AuthenticationFailed(System::Primero).into(),
        ),
        (
            ResponseTemplate::new(422).set_body_json(errors),
            refused(422, &["/age", "/sex"]),
        ),
        (
            ResponseTemplate::new(429).set_body_string(format!("Retry later {CANARY}\n")),
            GateError::Unavailable(System::Primero),
        ),
        (
            ResponseTemplate::new(404),
            Stop::NoSuchRoute {
                system: System::Primero,
                route: "create case",
            }
            .into(),
        ),
        (
            ResponseTemplate::new(400).set_body_string(format!("<html>{CANARY}")),
            refused(400, &[]),
        ),
    ] {
        let error = create_answered(answer).await;
        let texts = [
            format!("{error}"),
            format!("{error:?}"),
            format!("{error:#?}"),
        ];
        for text in texts {
            assert!(!text.contains(CANARY), "{text}");
            assert!(!text.contains("127.0.0.1"), "{text}");
        }
        assert_eq!(error, expected);
    }
}

#[tokio::test]
async fn a_route_that_is_not_there_ends_the_run_and_holds_nobody() {
    for status in [404, 405, 410] {
        let page = ResponseTemplate::new(status).set_body_string("<html>Not Found</html>");
        for answer in [ResponseTemplate::new(status), page] {
            let error = create_answered(answer).await;

            let expected = Stop::NoSuchRoute {
                system: System::Primero,
                route: "create case",
            };
            assert_eq!(error, expected.into());
        }
    }
}

#[tokio::test]
async fn a_missing_permission_names_system_and_route() {
    let error = create_answered(ResponseTemplate::new(403)).await;

    let expected = "permission_denied(primero): the user may not use create case";
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn json_that_is_not_what_the_contract_says_fails_with_its_path() {
    for (body, place) in [
        (json!({ "data": CANARY }), "`data`"),
        (json!({ "data": [{ "id": CANARY }] }), "`data[0].id`"),
        (json!({ "metadata": {} }), "`.`"),
        (
            json!({ "data": [], "metadata": { "total": CANARY } }),
            "`metadata.total`",
        ),
    ] {
        let (client, _server) = answering(ResponseTemplate::new(200).set_body_json(body)).await;
        let stop = stop(client.choose_control(true).await);
        let Stop::UnreadableAnswer { place: found, .. } = &stop else {
            panic!("{stop:?}");
        };
        assert_eq!(found, place);
        assert!(!format!("{stop} {stop:?}").contains(CANARY));
    }
}

#[tokio::test]
async fn a_body_that_ends_in_the_middle_is_no_list() {
    let cut = ResponseTemplate::new(200).set_body_string(r#"{"data":[{"id":"aaaa"#);
    let (client, _server) = answering(cut).await;

    let Stop::UnreadableAnswer { .. } = stop(client.choose_control(true).await) else {
        panic!("half a list is none");
    };
}

#[tokio::test]
async fn a_primero_that_is_down_is_unavailable() {
    let (client, server) = answering(ResponseTemplate::new(503)).await;

    let answer = client.choose_control(true).await;

    assert_eq!(answer, Err(GateError::Unavailable(System::Primero)));
    assert_eq!(server.received_requests().await.unwrap().len(), 4);
}

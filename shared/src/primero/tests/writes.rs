//! Creating and appending.

use sandbox::faults::{Fault, Rule, Target};
use sandbox::journal;
use serde_json::Map;

use super::*;

const SERVICE: &str = "bbbbbbbb-0000-4000-8000-000000000001";

fn fields(fields: &Value) -> Pii<Map<String, Value>> {
    Pii::new(fields.as_object().unwrap().clone())
}

fn new_id() -> CaseRecordId {
    "aaaaaaaa-0000-4000-8000-000000000001".parse().unwrap()
}

fn fault(bridge: &Bridge, route: &str, fault: Fault) {
    let rule = Rule::once(Target::Containing(route.to_owned()), fault);
    bridge.sandbox.faults(journal::System::Primero).add(rule);
}

#[tokio::test]
async fn a_create_that_is_repeated_meets_its_first_try() {
    let bridge = Bridge::start().await;
    let child = fields(&child("803-1"));

    assert_eq!(
        bridge.client.create_case(new_id(), &child).await,
        Ok(Created::New)
    );
    assert_eq!(
        bridge.client.create_case(new_id(), &child).await,
        Ok(Created::Exists)
    );
    assert_eq!(bridge.sandbox.primero.cases().len(), 1);
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_is_repeated_and_exists() {
    let bridge = Bridge::signed_in().await;
    fault(&bridge, "POST /api/v2/cases", Fault::DropAfterEffect);

    let created = bridge
        .client
        .create_case(new_id(), &fields(&child("803-1")))
        .await;

    assert_eq!(created, Ok(Created::Exists));
    assert_eq!(bridge.sandbox.primero.cases().len(), 1);
}

#[tokio::test]
async fn an_append_sends_the_service_and_nothing_else() {
    let bridge = Bridge::start().await;
    let id = bridge.insert(child("803-1"));

    let service = fields(&json!({ "unique_id": SERVICE, "service_type": "food" }));
    bridge.client.append_service(id, &service).await.unwrap();

    let case = bridge.sandbox.primero.case(&id.to_string()).unwrap();
    assert_eq!(case["services_section"][0]["unique_id"], SERVICE);
    assert_eq!(case["unhcr_individual_no"], "803-1");
}

#[tokio::test]
async fn an_append_of_unknown_fate_is_ambiguous_and_not_repeated() {
    for (lost, stored) in [(Fault::DropAfterEffect, 1), (Fault::DropBeforeEffect, 0)] {
        let bridge = Bridge::start().await;
        let id = bridge.insert(child("803-1"));
        fault(&bridge, "PATCH ", lost);

        let service = fields(&json!({ "service_type": "food" }));
        let answer = bridge.client.append_service(id, &service).await;

        assert_eq!(answer, Err(GateError::Ambiguous(System::Primero)));
        assert_eq!(bridge.requests("PATCH /api/v2/cases/:id"), 1);
        let case = bridge.sandbox.primero.case(&id.to_string()).unwrap();
        let services = case["services_section"].as_array();
        assert_eq!(services.map_or(0, Vec::len), stored);
    }
}

#[tokio::test]
async fn an_append_to_a_busy_primero_is_repeated() {
    let bridge = Bridge::start().await;
    let id = bridge.insert(child("803-1"));
    let busy = Fault::Status {
        status: 503,
        retry_after: Some(60),
        after_effect: false,
    };
    fault(&bridge, "PATCH ", busy);

    let service = fields(&json!({ "unique_id": SERVICE, "service_type": "food" }));

    assert_eq!(bridge.client.append_service(id, &service).await, Ok(()));
}

#[tokio::test]
async fn what_is_forbidden_or_missing_on_a_record_s_route_is_the_record() {
    let id: CaseRecordId = "aaaaaaaa-0000-4000-8000-000000000001".parse().unwrap();
    let (system, route) = (System::Primero, "append service");
    let service = Pii::new(serde_json::Map::new());
    for (status, error) in [
        (
            403,
            GateError::NoAccess {
                system,
                route,
                id: id.uuid(),
            },
        ),
        (
            404,
            GateError::Gone {
                system,
                route,
                id: id.uuid(),
            },
        ),
        (
            410,
            GateError::Gone {
                system,
                route,
                id: id.uuid(),
            },
        ),
    ] {
        let server = MockServer::start().await;
        Mock::given(method("PATCH"))
            .respond_with(ResponseTemplate::new(status))
            .mount(&server)
            .await;
        let client = client(&server.uri(), PrimeroAuth::Basic, API, DEFAULT_PASSWORD);

        assert_eq!(client.append_service(id, &service).await, Err(error));
    }
}

#[tokio::test]
async fn what_is_missing_on_a_route_without_an_id_is_the_route() {
    for status in [404, 405, 410] {
        let (client, _server) = answering(ResponseTemplate::new(status)).await;

        let missing = Stop::NoSuchRoute {
            system: System::Primero,
            route: "list cases",
        };
        assert_eq!(stop(client.choose_control(true).await), missing);
    }
}

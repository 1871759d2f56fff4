//! Looking up many cases in one call, with every answer checked.

use sandbox::faults::{Fault, Rule, Target};
use sandbox::journal;
use wiremock::matchers::query_param;

use super::*;
use crate::domain::ids::CaseId;

const LIST: &str = "GET /api/v2/cases";

fn row(n: u8, individual_no: &str) -> Value {
    json!({
        "id": format!("aaaaaaaa-0000-4000-8000-0000000000{n:02}"),
        "case_id": format!("case-{n}"),
        "enabled": true,
        "unhcr_individual_no": individual_no,
    })
}

/// A forged Primero whose first answer chooses the control `803-CONTROL`, and which then answers as told, the last for ever.
async fn controlled(answers: Vec<ResponseTemplate>) -> (PrimeroClient, MockServer) {
    let server = MockServer::start().await;
    let client = client(&server.uri(), PrimeroAuth::Basic, API, DEFAULT_PASSWORD);
    let mut all = vec![page(&[row(1, "803-CONTROL")], 1)];
    all.extend(answers);
    let last = all.len();
    for (i, answer) in (1..).zip(all) {
        let mock = Mock::given(method("GET")).respond_with(answer);
        let mock = if i == last {
            mock
        } else {
            mock.up_to_n_times(1)
        };
        mock.mount(&server).await;
    }
    client.choose_control(false).await.unwrap();
    (client, server)
}

#[tokio::test]
async fn many_numbers_are_looked_up_in_one_call() {
    let (bridge, _) = Bridge::start().await.with_child("803-1").await;
    bridge.insert(child("803-2"));
    bridge.insert(child("803-2"));
    bridge.insert(child("803-20"));
    let calls = bridge.requests(LIST);

    let asked = [number("803-1"), number("803-2"), number("803-3")];
    let asked: Vec<_> = asked.iter().collect();
    let found = bridge.client.cases_by_individual_no(&asked).await.unwrap();

    assert_eq!(bridge.requests(LIST), calls + 1);
    let cases = |text| found.of(&number(text)).unwrap().len();
    assert_eq!(cases("803-1"), 1);
    assert_eq!(cases("803-2"), 2);
    assert_eq!(cases("803-3"), 0);
}

#[tokio::test]
async fn the_control_entry_is_no_answer_unless_it_was_asked_for() {
    let (bridge, _) = Bridge::start().await.with_child("803-1").await;

    let asked = number("803-9");
    let found = bridge.client.cases_by_individual_no(&[&asked]).await;

    let found = found.unwrap();
    assert!(found.of(&asked).unwrap().is_empty());
    assert!(found.of(&number("803-1")).is_err());
}

#[tokio::test]
async fn disabled_cases_are_left_out_by_number_and_shown_by_id() {
    let (bridge, _) = Bridge::start().await.with_child("803-1").await;
    let id = bridge.insert(child("803-2"));
    bridge
        .sandbox
        .primero
        .disable_case(&id.to_string())
        .unwrap();

    let asked = number("803-2");
    let by_number = bridge.client.cases_by_individual_no(&[&asked]).await;
    let by_id = bridge.client.cases_by_id(&[id]).await.unwrap();

    assert!(by_number.unwrap().of(&asked).unwrap().is_empty());
    assert!(!by_id.one(&id).unwrap().unwrap().enabled);
}

#[tokio::test]
async fn a_case_is_read_again_by_its_id_with_the_fields_of_a_change() {
    let bridge = Bridge::start().await;
    let mut named = child("803-1");
    named["name_first"] = json!("Lindiwe");
    named["name_last"] = json!("Okello");
    let id = bridge.insert(named);
    let gone: CaseRecordId = "aaaaaaaa-0000-4000-8000-000000000001".parse().unwrap();

    let found = bridge
        .client
        .changed_cases_by_id(&[id, gone], &["name_first"])
        .await
        .unwrap();

    assert!(found.one(&gone).unwrap().is_none());
    let case = found.one(&id).unwrap().unwrap();
    assert_eq!(case.value("name_first"), Some(&json!("Lindiwe")));
    assert_eq!(case.value("name_last"), None);
    // One call chose the control entry.
    assert_eq!(bridge.requests(LIST), 2);
}

#[tokio::test]
async fn a_case_that_is_read_again_is_believed_missing_only_beside_the_control_entry() {
    let (client, _server) = controlled(vec![
        page(&[], 0),
        page(&[row(1, "803-CONTROL")], 1),
        page(&[], 0),
    ])
    .await;
    let id: CaseRecordId = "aaaaaaaa-0000-4000-8000-000000000002".parse().unwrap();

    let answer = client.changed_cases_by_id(&[id], &[]).await;

    assert_eq!(stop(answer), Stop::ControlMissing);
}

#[tokio::test]
async fn an_installation_without_a_numbered_case_can_still_read_its_cases_again() {
    let bridge = Bridge::start().await;
    let id = bridge.insert(json!({ "module_id": "primeromodule-cp", "status": "open" }));

    let found = bridge.client.changed_cases_by_id(&[id], &[]).await.unwrap();

    assert!(found.one(&id).unwrap().is_some());
}

#[tokio::test]
async fn cases_are_looked_up_by_case_id_in_one_call() {
    let (bridge, first) = Bridge::start().await.with_child("803-1").await;
    let second = bridge.insert(child("803-2"));
    let case_id = |id: CaseRecordId| {
        let case = bridge.sandbox.primero.case(&id.to_string()).unwrap();
        CaseId::new(case["case_id"].as_str().unwrap())
    };
    let calls = bridge.requests(LIST);

    let asked = [case_id(first), case_id(second), CaseId::new("nobody")];
    let found = bridge.client.cases_by_case_id(&asked).await.unwrap();

    assert_eq!(bridge.requests(LIST), calls + 1);
    let id = |case: &CaseId| found.one(case).unwrap().map(|case| case.id);
    assert_eq!(id(&asked[0]), Some(first));
    assert_eq!(id(&asked[1]), Some(second));
    assert_eq!(id(&asked[2]), None);
}

#[tokio::test]
async fn a_control_of_our_own_making_is_exchanged_where_its_case_id_is_needed() {
    let bridge = Bridge::start().await;
    bridge.client.choose_control(true).await.unwrap();
    let id = bridge.insert(child("803-1"));
    bridge.client.adopt_control(id, &number("803-1")).await;

    let nobody = CaseId::new("nobody");
    let found = bridge
        .client
        .cases_by_case_id(std::slice::from_ref(&nobody))
        .await;

    assert!(found.unwrap().of(&nobody).unwrap().is_empty());
    assert!(bridge.client.control().await.unwrap().case_id.is_some());
}

#[tokio::test]
async fn nothing_to_look_up_costs_no_call() {
    let (bridge, _) = Bridge::start().await.with_child("803-1").await;
    let calls = bridge.client.calls();

    assert!(bridge.client.cases_by_id(&[]).await.is_ok());
    assert!(bridge.client.cases_by_individual_no(&[]).await.is_ok());

    assert_eq!(bridge.client.calls(), calls);
}

#[tokio::test]
async fn a_number_with_a_comma_neither_finds_nor_stops_on_the_children_of_its_parts() {
    // Primero reads a comma inside `or` as another "or", and at top level as what it is.
    let (bridge, _) = Bridge::start().await.with_child("803-1").await;
    bridge.insert(child("803-2"));

    let asked = number("803-1,803-2");
    let found = bridge.client.cases_by_individual_no(&[&asked]).await;
    assert!(found.unwrap().of(&asked).unwrap().is_empty());

    let own = bridge.insert(child("803-1,803-2"));
    let found = bridge.client.cases_by_individual_no(&[&asked]).await;
    let found = found.unwrap();
    assert_eq!(found.one(&asked).unwrap().map(|case| case.id), Some(own));
}

#[tokio::test]
async fn a_filter_that_the_role_may_not_use_stops_the_run() {
    let (bridge, id) = Bridge::start().await.with_child("803-1").await;
    let limited = bridge.client_as(PrimeroAuth::Basic, "limited", DEFAULT_PASSWORD);
    limited.adopt_control(id, &number("803-1")).await;

    let asked = number("803-2");
    let answer = limited.cases_by_individual_no(&[&asked]).await;

    let field = "unhcr_individual_no";
    assert_eq!(stop(answer), Stop::FilterNotApplied { field });
}

#[tokio::test]
async fn a_case_that_nobody_asked_for_stops_the_run() {
    let rows = [row(1, "803-CONTROL"), row(2, "803-OTHER")];
    let answers = || vec![page(&rows, 2)];

    let (client, _server) = controlled(answers()).await;
    let asked = number("803-1");
    let by_number = client.cases_by_individual_no(&[&asked]).await;

    let field = "unhcr_individual_no";
    assert_eq!(stop(by_number), Stop::FilterNotApplied { field });

    let (client, _server) = controlled(answers()).await;
    let asked: CaseRecordId = "aaaaaaaa-0000-4000-8000-000000000003".parse().unwrap();
    let by_id = client.cases_by_id(&[asked]).await;

    assert_eq!(stop(by_id), Stop::FilterNotApplied { field: "id" });
}

#[tokio::test]
async fn a_control_that_vanished_is_chosen_anew_once() {
    let (bridge, first) = Bridge::start().await.with_child("803-1").await;
    bridge.insert(child("803-2"));
    bridge
        .sandbox
        .primero
        .worker_updates_case(
            &first.to_string(),
            json!({ "unhcr_individual_no": "803-CHANGED" }),
        )
        .unwrap();

    let asked = number("803-2");
    let found = bridge.client.cases_by_individual_no(&[&asked]).await;

    assert_eq!(found.unwrap().of(&asked).unwrap().len(), 1);
    let control = bridge.client.control().await.unwrap();
    assert_eq!(control.individual_no, number("803-CHANGED"));
}

#[tokio::test]
async fn a_look_up_without_its_control_is_refreshed_once_and_then_stops_the_run() {
    // An error inside Primero looks like "none".
    let nothing = page(&[], 0);
    let chosen = page(&[row(1, "803-CONTROL")], 1);
    let (client, server) = controlled(vec![nothing.clone(), chosen, nothing]).await;

    let asked = number("803-1");
    let answer = client.cases_by_individual_no(&[&asked]).await;

    assert_eq!(stop(answer), Stop::ControlMissing);
    assert_eq!(server.received_requests().await.unwrap().len(), 4);
}

#[tokio::test]
async fn an_installation_without_any_numbered_case_needs_permission() {
    let bridge = Bridge::start().await;
    bridge.insert(json!({ "module_id": "primeromodule-cp" }));

    let field = "unhcr_individual_no";
    assert_eq!(
        stop(bridge.client.choose_control(false).await),
        Stop::NoControlCase { field }
    );
    assert_eq!(bridge.client.choose_control(true).await, Ok(()));
}

#[tokio::test]
async fn the_control_is_the_oldest_enabled_case_with_a_number_that_can_be_asked_for() {
    let bridge = Bridge::start().await;
    bridge.insert(json!({ "created_at": "2026-01-01T00:00:00.000Z" }));
    let at = |time: &str, number: &str| {
        let mut case = child(number);
        case["created_at"] = json!(time);
        bridge.insert(case)
    };
    let disabled = at("2026-01-02T00:00:00.000Z", "803-1");
    bridge
        .sandbox
        .primero
        .disable_case(&disabled.to_string())
        .unwrap();
    at("2026-01-02T00:00:00.000Z", "803-4,803-5");
    at("2026-01-04T00:00:00.000Z", "803-3");
    let oldest = at("2026-01-03T00:00:00.000Z", "803-2");

    bridge.client.choose_control(false).await.unwrap();

    assert_eq!(bridge.client.control().await.unwrap().id, oldest);
}

#[tokio::test]
async fn more_rows_than_a_page_holds_are_asked_for_in_halves() {
    let server = MockServer::start().await;
    let client = client(&server.uri(), PrimeroAuth::Basic, API, DEFAULT_PASSWORD);
    // Without a control the batch of two comes with a second entry; each half has but one.
    let cut = Mock::given(wiremock::matchers::query_param_contains(
        "or[1][unhcr_individual_no]",
        "803",
    ))
    .respond_with(page(&[row(1, "803-1")], 1001));
    cut.mount(&server).await;
    for (n, individual_no) in [(1, "803-1"), (2, "803-2")] {
        Mock::given(query_param("or[0][unhcr_individual_no]", individual_no))
            .respond_with(page(&[row(n, individual_no)], 1))
            .with_priority(9)
            .mount(&server)
            .await;
    }

    let asked = [number("803-1"), number("803-2")];
    let asked: Vec<_> = asked.iter().collect();
    let found = client.cases_by_individual_no(&asked).await.unwrap();

    for asked in asked {
        assert_eq!(found.of(asked).unwrap().len(), 1);
    }
    assert_eq!(server.received_requests().await.unwrap().len(), 3);
}

#[tokio::test]
async fn fewer_rows_than_the_total_of_one_child_are_an_error() {
    let (client, _server) = answering(page(&[row(1, "803-1")], 2)).await;

    let asked = number("803-1");
    let answer = client.cases_by_individual_no(&[&asked]).await;

    let Stop::UnreadableAnswer { place, .. } = stop(answer) else {
        panic!("rows are missing");
    };
    assert_eq!(place, "`metadata.total`: not as many rows as it says");
}

#[tokio::test]
async fn a_row_that_moved_out_of_a_page_is_noticed() {
    let (bridge, _) = Bridge::start().await.with_child("803-1").await;
    bridge.insert(child("803-2"));
    let drift = Rule::once(Target::Exactly(LIST.to_owned()), Fault::PageDrift);
    bridge.sandbox.faults(journal::System::Primero).add(drift);

    let asked = number("803-2");
    let found = bridge.client.cases_by_individual_no(&[&asked]).await;

    let Stop::UnreadableAnswer { .. } = stop(found) else {
        panic!("rows are missing");
    };
}

#[tokio::test]
async fn the_forms_tell_which_fields_exist() {
    let bridge = Bridge::start().await;

    let fields = bridge.client.form_fields().await.unwrap();

    assert!(fields.case.contains_key("unhcr_individual_no"));
    assert!(fields.service.contains_key("progres_interventionnumber"));
    assert!(!fields.case.contains_key("progres_interventionnumber"));
}

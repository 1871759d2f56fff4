//! One odd row of a list concerns that record alone.

use super::*;

fn window() -> (jiff::Timestamp, jiff::Timestamp) {
    let at = |text: &str| text.parse().unwrap();
    (at("2026-11-01T10:00:00Z"), at("2026-11-01T11:00:00Z"))
}

fn row(n: u8) -> Value {
    json!({
        "id": format!("aaaaaaaa-0000-4000-8000-0000000000{n:02}"),
        "case_id": format!("case-{n}"),
        "enabled": true,
        "last_updated_at": format!("2026-11-01T10:00:{n:02}Z"),
        "services_section": [{ "unique_id": format!("bbbbbbbb-0000-4000-8000-0000000000{n:02}") }],
    })
}

/// The first page of a list with these rows.
async fn changes(body: String) -> ChangedPage {
    let (client, _server) = answering(ResponseTemplate::new(200).set_body_string(body)).await;
    let (from, to) = window();
    let mut changes = client.changed_cases(from, to, &["name_first", "unhcr_individual_no"]);
    changes.next().await.unwrap().unwrap()
}

fn body(rows: &[Value]) -> String {
    json!({ "data": rows, "metadata": { "total": rows.len() } }).to_string()
}

#[tokio::test]
async fn an_odd_field_is_named_and_its_page_goes_on() {
    for (field, value, odd) in [
        ("unhcr_individual_no", json!(606_900_000_001_u64), None),
        (
            "unhcr_individual_no",
            json!(["606-1"]),
            Some("unhcr_individual_no"),
        ),
        ("services_section", json!({}), None),
        ("services_section", json!(""), None),
        ("services_section", json!([null]), None),
        (
            "services_section",
            json!({ "0": {} }),
            Some("services_section"),
        ),
        ("services_section", json!("x"), Some("services_section")),
        ("case_id", json!(12345), None),
        ("case_id", json!({}), Some("case_id")),
        ("status", json!(1), None),
        ("enabled", json!("true"), None),
        ("enabled", json!(7), Some("enabled")),
        ("owned_by", json!(7), None),
    ] {
        let mut rows = [row(1), row(2), row(3)];
        rows[1][field] = value.clone();

        let page = changes(body(&rows)).await;

        assert_eq!(page.cases.len(), 3, "{field}: {value}");
        let named: Vec<&str> = page.cases[1].case.odd.iter().map(String::as_str).collect();
        assert_eq!(named, Vec::from_iter(odd), "{field}: {value}");
        assert!(page.cases[0].case.odd.is_empty());
        assert_eq!(page.cases[2].case.services.len(), 1);
    }
}

#[tokio::test]
async fn half_a_character_in_a_name_is_an_odd_field_of_that_case() {
    let mut rows = [row(1), row(2)];
    rows[1]["name_first"] = json!("HALF");
    let text = body(&rows).replace("HALF", "Ay\\ud83d");

    let page = changes(text).await;

    assert_eq!(page.cases.len(), 2);
    assert_eq!(page.cases[1].case.odd, ["name_first"]);
    assert_eq!(page.cases[1].value("name_first"), None);
    assert_eq!(page.cases[1].case.services.len(), 1);
}

#[tokio::test]
async fn a_row_that_says_nothing_is_told_apart_and_handed_on_once() {
    for (odd, field) in [
        (json!({}), "id"),
        (json!(null), "id"),
        (json!({ "id": 7 }), "id"),
        (
            json!({ "id": "aaaaaaaa-0000-4000-8000-000000000009" }),
            "last_updated_at",
        ),
    ] {
        let page = changes(body(&[row(1), odd.clone(), row(2)])).await;

        assert_eq!(page.cases.len(), 2, "{odd}");
        let fields: Vec<_> = page.unreadable.iter().map(|row| row.field).collect();
        assert_eq!(fields, [field], "{odd}");
    }
}

#[tokio::test]
async fn a_list_of_nothing_but_odd_rows_is_no_list() {
    let answer = ResponseTemplate::new(200).set_body_string(body(&[json!({}), json!(null)]));
    let (client, _server) = answering(answer).await;
    let (from, to) = window();

    let mut changes = client.changed_cases(from, to, &[]);

    let Stop::UnreadableAnswer { place, .. } = stop(changes.next().await) else {
        panic!("nothing can be read");
    };
    assert_eq!(place, "`data[0].id`");
}

#[tokio::test]
async fn an_odd_case_is_no_reason_to_have_no_control_entry() {
    let mut rows = [row(1), row(2)];
    rows[0]["unhcr_individual_no"] = json!({});
    rows[1]["unhcr_individual_no"] = json!("803-2");
    let body = body(&[json!(null), rows[0].clone(), rows[1].clone()]);
    let (client, _server) = answering(ResponseTemplate::new(200).set_body_string(body)).await;

    client.choose_control(false).await.unwrap();

    let control = client.control().await.unwrap();
    assert_eq!(control.individual_no, number("803-2"));
}

#[tokio::test]
async fn an_odd_user_is_no_reason_to_have_no_users() {
    let users = json!([
        { "user_name": "worker1", "full_name": "Worker One", "phone": 251_911_000_001_u64 },
        { "user_name": "worker2", "full_name": ["Worker", "Two"], "email": {} },
    ]);
    let server = MockServer::start().await;
    Mock::given(path("/api/v2/users"))
        .respond_with(page(users.as_array().unwrap(), 2))
        .mount(&server)
        .await;
    let client = client(&server.uri(), PrimeroAuth::Basic, API, DEFAULT_PASSWORD);

    let users = client.users().await.unwrap();

    assert_eq!(users[0].phone, Some(number("251911000001")));
    assert_eq!((&users[1].full_name, &users[1].email), (&None, &None));
}

//! What is kept of what a client writes.

use super::served::{API, CP, Served, exchange, rows, standard};
use sandbox::primero::{PrimeroOptions, ReleaseLine};
use serde_json::{Value, json};

#[tokio::test]
async fn unknown_fields_are_dropped() {
    let served = standard().await;

    let id = served
        .case(json!({
            "no_such_field": "x",
            "services_section": [{ "service_type": "food_service", "nor_this": 1 }],
        }))
        .await;

    let stored = served.primero.case(&id).unwrap();
    assert_eq!(stored.get("no_such_field"), None);
    assert_eq!(stored["services_section"][0].get("nor_this"), None);
    assert_eq!(
        stored["services_section"][0]["service_type"],
        "food_service"
    );
}

#[tokio::test]
async fn without_a_module_all_form_fields_are_dropped() {
    let served = standard().await;
    let body = json!({ "data": { "name_first": "Ayan", "unhcr_individual_no": "ETH-1" } });

    let made = served
        .write(API, "POST", "/api/v2/cases", &body)
        .await
        .json();

    let stored = served
        .primero
        .case(made["data"]["id"].as_str().unwrap())
        .unwrap();
    assert_eq!(
        (stored.get("name_first"), stored.get("unhcr_individual_no")),
        (None, None)
    );
}

#[tokio::test]
async fn a_role_does_not_write_what_it_cannot_read() {
    let served = standard().await;
    let id = served.case(json!({ "name_first": "Ayan" })).await;
    let body = json!({ "data": { "name_first": "Other", "services_section": [{}] } });

    served
        .write("limited", "PATCH", &format!("/api/v2/cases/{id}"), &body)
        .await;

    let case = served.show(&id).await;
    assert_eq!(
        (case["name_first"].as_str(), rows(&case)),
        (Some("Ayan"), 1)
    );
}

#[tokio::test]
async fn only_the_exchange_forms_keep_the_intervention_number() {
    let number = "612-26-PRTITV-0000001,guid,unit";
    let fields = json!({ "services_section": [{
        "service_type": "food_service",
        "progres_interventionnumber": number,
    }] });

    let (standard, exchange) = (standard().await, exchange().await);
    let dropped = standard.show(&standard.case(fields.clone()).await).await;
    let kept = exchange.show(&exchange.case(fields).await).await;

    assert_eq!(
        dropped["services_section"][0].get("progres_interventionnumber"),
        None
    );
    assert_eq!(
        kept["services_section"][0]["progres_interventionnumber"],
        number
    );
}

#[tokio::test]
async fn the_forms_tell_beforehand_whether_the_number_is_kept() {
    let path = format!("/api/v2/forms?record_type=case&module_id={CP}&include_subforms=true");
    for (served, is_kept) in [(standard().await, false), (exchange().await, true)] {
        let forms = served.get(API, &path).await.json();
        let forms = forms["data"].as_array().unwrap().clone();
        let mut fields = forms
            .iter()
            .flat_map(|form| form["fields"].as_array().unwrap());
        assert_eq!(
            fields.any(|field| field["name"] == "progres_interventionnumber"),
            is_kept
        );
    }
}

#[tokio::test]
async fn the_exchange_forms_take_every_code_of_the_programme() {
    let served = exchange().await;
    let codes: Value =
        serde_json::from_str(include_str!("../fixtures/gambella-codes.json")).unwrap();
    let keys = |table: &str| {
        codes[table]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    let values = |table: &str| {
        let table = codes[table].as_object().unwrap().values();
        table
            .map(|code| code.as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let service_types = [values("service_in"), keys("service_out")].concat();
    let services: Vec<Value> = service_types
        .iter()
        .map(|t| json!({ "service_type": t }))
        .collect();
    let languages = [values("language_in"), keys("language_out")].concat();

    for sex in values("sex") {
        let id = served
            .case(json!({
                "sex": sex,
                "language": languages,
                "protection_concerns": keys("needs_out"),
                "services_section": services,
            }))
            .await;
        assert_eq!(rows(&served.show(&id).await), services.len());
    }
}

#[tokio::test]
async fn only_the_newer_lines_refuse_unknown_options() {
    let body = json!({ "data": { "module_id": CP, "sex": "no_such_option" } });
    let lines = [
        (ReleaseLine::A, 200),
        (ReleaseLine::Between, 422),
        (ReleaseLine::B, 422),
    ];
    for (release, status) in lines {
        let served = Served::start(PrimeroOptions {
            release,
            ..Default::default()
        })
        .await;
        let made = served.write(API, "POST", "/api/v2/cases", &body).await;
        assert_eq!(made.status, status, "{release:?}");
    }
}

#[tokio::test]
async fn the_owner_of_a_new_case_can_be_somebody_else() {
    let served = standard().await;

    let id = served.case(json!({ "owned_by": "worker2" })).await;

    let seen = served
        .get("worker2", &format!("/api/v2/cases/{id}"))
        .await
        .json();
    assert_eq!(seen["data"]["owned_by_agency_id"], "UNHCR");
}

#[tokio::test]
async fn an_owner_whom_nobody_knows_is_taken_and_stored_as_nobody() {
    let served = standard().await;
    let id = "aaaaaaaa-0000-4000-8000-000000000001";
    let body = json!({ "data": { "id": id, "module_id": CP, "owned_by": "no_such_user" } });

    let made = served.write(API, "POST", "/api/v2/cases", &body).await;

    assert_eq!(made.status, 204, "{}", made.text);
    let stored = served.primero.case(id).unwrap();
    assert_eq!(stored["owned_by"], Value::Null);
    let seen = served.get("worker1", "/api/v2/cases").await;
    assert_eq!(seen.total(), 0, "nobody sees it");
    assert_eq!(served.show(id).await["owned_by"], Value::Null);
}

#[tokio::test]
async fn a_case_keeps_its_owner_where_the_new_one_is_unknown() {
    let served = standard().await;
    let id = served.case(json!({ "owned_by": "worker1" })).await;

    let changed = served
        .patch(&id, json!({ "owned_by": "no_such_user" }))
        .await;

    assert_eq!(changed.status, 200);
    assert_eq!(served.show(&id).await["owned_by"], "worker1");
}

#[tokio::test]
async fn a_value_of_another_shape_than_its_field_is_dropped_without_a_word() {
    let served = exchange().await;
    let id = served
        .case(json!({
            "language": "english",
            "sex": ["female"],
            "name_first": "Ayan",
            "services_section": [{ "service_type": ["food_service"], "service_location": "x" }],
        }))
        .await;

    let case = served.show(&id).await;
    assert_eq!((case.get("language"), case.get("sex")), (None, None));
    assert_eq!(case["name_first"], "Ayan");
    let service = &case["services_section"][0];
    assert_eq!(service.get("service_type"), None);
    assert_eq!(service["service_location"], "x");
}

#[tokio::test]
async fn only_the_newest_line_shows_a_name_that_is_not_there() {
    for (release, shown) in [
        (ReleaseLine::A, None),
        (ReleaseLine::Between, None),
        (ReleaseLine::B, Some(&Value::Null)),
    ] {
        let served = Served::start(PrimeroOptions {
            release,
            ..Default::default()
        })
        .await;
        served.case(json!({})).await;
        let listed = served.get(API, "/api/v2/cases").await.json();
        assert_eq!(listed["data"][0].get("name"), shown, "{release:?}");
    }
}

#[tokio::test]
async fn cases_of_another_module_and_of_every_status_can_be_there() {
    let served = exchange().await;
    for (module, status) in [
        (CP, "transferred"),
        (CP, "duplicate"),
        ("primeromodule-gbv", "open"),
    ] {
        let case = json!({ "module_id": module, "status": status, "unhcr_individual_no": "606-1" });
        served.primero.insert_case(case).unwrap();
    }
    let path = "/api/v2/cases?or[0][unhcr_individual_no]=606-1&fields=status,module_id&order=asc";
    let listed = served.get(API, path).await.json();
    let rows = listed["data"].as_array().unwrap().iter();
    let seen: Vec<_> = rows
        .map(|row| (row["module_id"].as_str(), row["status"].as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            (Some(CP), Some("transferred")),
            (Some(CP), Some("duplicate")),
            (Some("primeromodule-gbv"), Some("open")),
        ]
    );
}

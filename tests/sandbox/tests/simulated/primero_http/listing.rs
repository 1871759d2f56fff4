//! Looking for cases: what is dropped, what is ignored, what is cut.

use super::served::{API, standard};
use serde_json::json;

#[tokio::test]
async fn unknown_filters_answer_the_whole_table() {
    let served = standard().await;
    served.case(json!({ "unhcr_individual_no": "ETH-1" })).await;
    served.case(json!({ "unhcr_individual_no": "ETH-2" })).await;

    for query in [
        "no_such_field=1",
        "unhcr_individual_no[]=ETH-1",
        "or[][unhcr_individual_no]=ETH-1",
        "last_updated_at=..2000-01-01T00:00:00Z",
        "last_updated_at=2090-01-01T00:00Z..",
        "last_updated_at=2090-01-01T00:00:00+00:00..",
        "remote=true",
    ] {
        let listed = served.get(API, &format!("/api/v2/cases?{query}")).await;
        assert_eq!((listed.status, listed.total()), (200, 2), "{query}");
    }
}

#[tokio::test]
async fn a_filter_on_a_field_that_the_role_cannot_read_is_ignored() {
    let served = standard().await;
    let id = served
        .case(json!({ "unhcr_individual_no": "ETH-1", "name_first": "Ayan" }))
        .await;

    let path = "/api/v2/cases?unhcr_individual_no=ETH-9";
    let (limited, all) = (
        served.get("limited", path).await,
        served.get(API, path).await,
    );

    assert_eq!((limited.total(), all.total()), (1, 0));
    let row = &limited.json()["data"][0];
    assert_eq!(row["id"], json!(id));
    assert_eq!(
        (row.get("unhcr_individual_no"), row.get("name_first")),
        (None, None)
    );
}

#[tokio::test]
async fn one_malformed_id_empties_the_whole_list() {
    let served = standard().await;
    let id = served.case(json!({})).await;

    let good = served.get(API, &format!("/api/v2/cases?id={id}")).await;
    let spoilt = served.get(API, &format!("/api/v2/cases?id={id},xyz")).await;

    assert_eq!((good.total(), spoilt.total()), (1, 0));
}

#[tokio::test]
async fn disabled_cases_are_still_listed() {
    let served = standard().await;
    let id = served.case(json!({})).await;

    served.primero.disable_case(&id).unwrap();

    let listed = served
        .get(API, &format!("/api/v2/cases?id={id}"))
        .await
        .json();
    assert_eq!(listed["data"][0]["enabled"], false);
}

#[tokio::test]
async fn a_page_holds_a_thousand_cases_at_most() {
    let served = standard().await;
    for number in 0..1001 {
        served
            .primero
            .insert_case(json!({ "unhcr_individual_no": format!("N-{number}") }))
            .unwrap();
    }

    let listed = served
        .get(API, "/api/v2/cases?per=5000&fields=id")
        .await
        .json();

    assert_eq!(listed["data"].as_array().unwrap().len(), 1000);
    assert_eq!(
        (&listed["metadata"]["total"], &listed["metadata"]["per"]),
        (&json!(1001), &json!(1000))
    );
}

#[tokio::test]
async fn a_batch_is_found_among_twenty_thousand_cases() {
    let served = standard().await;
    for number in 0..20_000 {
        served
            .primero
            .insert_case(json!({ "unhcr_individual_no": format!("N-{number}") }))
            .unwrap();
    }
    let asked: Vec<String> = (0..150)
        .map(|i| format!("or[{i}][unhcr_individual_no]=N-{}", i * 133))
        .collect();

    let path = format!(
        "/api/v2/cases?{}&fields=unhcr_individual_no&per=1000",
        asked.join("&")
    );
    let listed = served.get(API, &path).await;

    assert_eq!(listed.total(), 150);
}

#[tokio::test]
async fn the_index_follows_a_changed_number() {
    let served = standard().await;
    let id = served.case(json!({ "unhcr_individual_no": "OLD" })).await;

    served
        .patch(&id, json!({ "unhcr_individual_no": "NEW" }))
        .await;

    assert_eq!(
        served
            .get(API, "/api/v2/cases?unhcr_individual_no=OLD")
            .await
            .total(),
        0
    );
    assert_eq!(
        served
            .get(API, "/api/v2/cases?unhcr_individual_no=NEW")
            .await
            .total(),
        1
    );
}

#[tokio::test]
async fn the_date_header_follows_the_servers_clock() {
    let served = standard().await;
    served
        .primero
        .stop_clock_at("2030-01-02T03:04:05Z".parse().unwrap());

    let answer = served.get(API, "/api/v2/cases").await;

    assert_eq!(answer.header("date"), Some("Wed, 02 Jan 2030 03:04:05 GMT"));
}

//! Lists and details, page by page, and what they refuse.

use sandbox::ping::{ListShape, Nothing, PingOptions};
use serde_json::{Value, json};

use super::gate::{Gate, RETRIEVAL, details, error_of, refer, retrieval};

#[tokio::test]
async fn an_empty_list_says_so_in_words() {
    let gate = Gate::open(PingOptions::default()).await;
    let answer = gate.post(RETRIEVAL, &retrieval("SHP-2747")).await;
    assert_eq!(answer["Data"], "No Data Available");
    assert_eq!(answer["PagingSummary"], Value::Null);
}

#[tokio::test]
async fn pages_hold_every_row_once_and_split_the_rows_of_one_record() {
    let gate = Gate::open(PingOptions {
        list_page_rows: 2,
        details_page_rows: 3,
        ..PingOptions::default()
    })
    .await;
    let ids = refer(&gate, 5);
    let listed = gate.all(retrieval("SHP-2747")).await;
    assert_eq!(listed.len(), 5);
    let first = gate.post(RETRIEVAL, &details(&ids)).await;
    assert_eq!(first["RecordCount"], 3);
    assert_eq!(gate.all(details(&ids)).await.len(), 10);
}

#[tokio::test]
async fn a_list_that_shrinks_between_two_pages_skips_rows() {
    let gate = Gate::open(PingOptions {
        list_page_rows: 2,
        ..PingOptions::default()
    })
    .await;
    let ids = refer(&gate, 4);
    let first = gate.post(RETRIEVAL, &retrieval("SHP-2747")).await;
    gate.report(&ids[0], "125080002").await;
    let mut next = retrieval("SHP-2747");
    next["PagingCookie"] = first["PagingSummary"]["PagingCookie"].clone();
    next["PageNumber"] = json!(1);
    let second = gate.post(RETRIEVAL, &next).await;
    assert_eq!(second["Data"][0]["progres_lpinterventionid"], json!(ids[3]));
    assert_eq!(second["RecordCount"], 1);
}

#[tokio::test]
async fn the_older_list_has_another_key() {
    let gate = Gate::open(PingOptions {
        list_shape: ListShape::Older,
        ..PingOptions::default()
    })
    .await;
    let ids = refer(&gate, 1);
    let answer = gate.post(RETRIEVAL, &retrieval("SHP-2747")).await;
    let row = &answer["Data"][0];
    assert_eq!(row["progres_intervention"], json!(ids[0]));
    assert_eq!(row["progres_individual.indiv.progres_id"], "803-1");
    assert_eq!(row.get("progres_lpinterventionid"), None);
}

#[tokio::test]
async fn one_bad_id_fails_its_batch() {
    let gate = Gate::open(PingOptions::default()).await;
    let mut ids = refer(&gate, 2);
    gate.sandbox.ping.poison(&ids[1]);
    error_of(&gate.post(RETRIEVAL, &details(&ids)).await);
    ids[1] = "not-a-guid".to_owned();
    error_of(&gate.post(RETRIEVAL, &details(&ids)).await);
    ids.truncate(1);
    assert_eq!(gate.all(details(&ids)).await.len(), 2);
}

#[tokio::test]
async fn a_withdrawn_record_is_not_listed_and_has_no_details() {
    let gate = Gate::open(PingOptions::default()).await;
    let ids = refer(&gate, 2);
    gate.sandbox.ping.withdraw(&ids[0]).unwrap();
    assert_eq!(gate.sandbox.ping.pending(), ids[1..]);
    assert_eq!(gate.all(details(&ids)).await.len(), 2);
}

#[tokio::test]
async fn misspelt_keys_and_unknown_identifiers_are_refused_by_name() {
    let gate = Gate::open(PingOptions::default()).await;
    let mut misspelt = retrieval("SHP-2747");
    misspelt["InteropId"] = json!("INT-1436");
    let answer = gate.post(RETRIEVAL, &misspelt).await;
    assert!(error_of(&answer).contains("InteropId"));
    let answer = gate.post(RETRIEVAL, &retrieval("SHP-1")).await;
    assert!(error_of(&answer).contains("ShippingProcessId"));
    let mut partner = retrieval("SHP-2747");
    partner["PartnerId"] = json!("PNR-1");
    let answer = gate.post(RETRIEVAL, &partner).await;
    assert!(error_of(&answer).contains("PartnerId"));
}

#[tokio::test]
async fn nothing_has_four_shapes() {
    for (nothing, shape) in [
        (Nothing::Words, Some(json!("No Data Available"))),
        (Nothing::Null, Some(Value::Null)),
        (Nothing::EmptyList, Some(json!([]))),
        (Nothing::Absent, None),
    ] {
        let gate = Gate::open(PingOptions {
            nothing,
            ..PingOptions::default()
        })
        .await;
        let answer = gate.post(RETRIEVAL, &retrieval("SHP-2747")).await;
        assert_eq!(answer.get("Data"), shape.as_ref());
    }
}

#[tokio::test]
async fn a_page_without_its_cookie_is_refused() {
    let gate = Gate::open(PingOptions::default()).await;
    refer(&gate, 2);
    let mut body = retrieval("SHP-2747");
    body["PageNumber"] = json!(1);
    assert!(error_of(&gate.post(RETRIEVAL, &body).await).contains("PagingCookie"));
}

#[tokio::test]
async fn an_edited_record_has_its_new_details() {
    let gate = Gate::open(PingOptions::default()).await;
    let ids = refer(&gate, 1);
    let row = json!({ "progres_lpinterventionid": ids[0], "progres_reasonforreferral": "new" });
    gate.sandbox.ping.edit(vec![row.clone()]).unwrap();
    assert_eq!(gate.all(details(&ids)).await, [row]);
}

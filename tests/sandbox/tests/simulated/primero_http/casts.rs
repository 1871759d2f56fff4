//! What becomes of a filter's value on its way to the database.

use super::served::{API, Served, standard};
use serde_json::json;

/// A server with one case for each number.
async fn with_numbers(numbers: &[&str]) -> Served {
    let served = standard().await;
    for number in numbers {
        let case = json!({ "unhcr_individual_no": number });
        served.primero.insert_case(case).unwrap();
    }
    served
}

fn either(values: &[&str]) -> String {
    let entries = values.iter().enumerate();
    let entries = entries.map(|(i, value)| format!("or[{i}][unhcr_individual_no]={value}"));
    entries.collect::<Vec<_>>().join("&")
}

async fn found(served: &Served, query: &str) -> u64 {
    let answer = served.get(API, &format!("/api/v2/cases?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text);
    answer.total()
}

#[tokio::test]
async fn digits_among_alternatives_equal_no_text() {
    let served = with_numbers(&["200000907", "606-1"]).await;
    assert_eq!(found(&served, &either(&["200000907", "606-1"])).await, 1);
    assert_eq!(found(&served, "unhcr_individual_no=200000907").await, 1);
}

#[tokio::test]
async fn a_quotation_mark_a_backslash_a_date_or_nothing_spoils_all_alternatives() {
    let served = with_numbers(&["606-1", "a\"b", "a\\b", "2014-02-28"]).await;
    for spoilt in ["a%22b", "a%5Cb", "2014-02-28", "2014-02-28T10:00:00Z", ""] {
        let query = either(&["606-1", spoilt]);
        assert_eq!(found(&served, &query).await, 0, "{spoilt}");
        let alone = format!("unhcr_individual_no={spoilt}");
        assert_eq!(found(&served, &alone).await, 0, "{spoilt} alone");
    }
    assert_eq!(found(&served, &either(&["606-1"])).await, 1);
}

#[tokio::test]
async fn a_comma_makes_two_alternatives_of_one_and_a_text_at_top_level() {
    let served = with_numbers(&["606-1", "606-2", "606-1,606-2"]).await;
    assert_eq!(found(&served, &either(&["606-1,606-2"])).await, 2);
    assert_eq!(found(&served, "unhcr_individual_no=606-1,606-2").await, 1);
}

#[tokio::test]
async fn two_dots_make_a_range_that_finds_no_text_or_an_error() {
    let served = with_numbers(&["1..5", "606-1..2", "3"]).await;
    assert_eq!(found(&served, &either(&["1..5"])).await, 0);
    let path = format!("/api/v2/cases?{}", either(&["606-1..2"]));
    assert_eq!(served.get(API, &path).await.status, 500);
    assert_eq!(found(&served, "unhcr_individual_no=606-1..2").await, 1);
}

#[tokio::test]
async fn no_among_alternatives_is_also_what_says_nothing() {
    let served = with_numbers(&["606-1", "false"]).await;
    served.primero.insert_case(json!({})).unwrap();
    assert_eq!(found(&served, &either(&["false"])).await, 2);
    assert_eq!(found(&served, &either(&["true"])).await, 0);
    assert_eq!(found(&served, "unhcr_individual_no=false").await, 1);
}

#[tokio::test]
async fn a_null_byte_is_an_error_everywhere() {
    let served = with_numbers(&["606-1"]).await;
    for query in [
        either(&["606-1%00"]),
        "unhcr_individual_no=606-1%00".to_owned(),
    ] {
        let answer = served.get(API, &format!("/api/v2/cases?{query}")).await;
        assert_eq!(answer.status, 500, "{query}");
    }
}

#[tokio::test]
async fn a_malformed_id_among_alternatives_spoils_them_all() {
    let served = with_numbers(&["606-1"]).await;
    let query = "or[0][unhcr_individual_no]=606-1&or[1][id]=xyz";
    assert_eq!(found(&served, query).await, 0);
}

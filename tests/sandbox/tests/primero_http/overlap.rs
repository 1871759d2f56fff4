//! What one case goes through when several save it.

use crate::served::{API, rows, service, standard};
use serde_json::json;

#[tokio::test]
async fn concurrent_patches_of_one_case_lose_rows() {
    let served = standard().await;
    let id = served.case(json!({ "name_first": "Ayan" })).await;
    served.primero.hold_saves();

    let release = async {
        served.primero.saves_held(3).await;
        served.primero.release_saves();
    };
    let (a, b, c, ()) = tokio::join!(
        served.patch(&id, service("first")),
        served.patch(&id, service("second")),
        served.patch(&id, service("third")),
        release,
    );

    assert_eq!(
        (a.status, b.status, c.status),
        (200, 200, 200),
        "each was told that it worked"
    );
    assert_eq!(rows(&served.show(&id).await), 1, "the last writer won");
}

#[tokio::test]
async fn patches_one_after_the_other_lose_nothing() {
    let served = standard().await;
    let id = served.case(json!({ "name_first": "Ayan" })).await;

    for number in 0..30 {
        served.patch(&id, service(&format!("note {number}"))).await;
    }

    assert_eq!(rows(&served.show(&id).await), 30);
}

#[tokio::test]
async fn a_save_shows_up_with_a_time_before_its_commit() {
    let served = standard().await;
    let id = served.case(json!({ "name_first": "Ayan" })).await;
    served
        .primero
        .stop_clock_at("2030-01-01T00:00:00Z".parse().unwrap());
    served.primero.hold_saves();

    let meanwhile = async {
        served.primero.saves_held(1).await;
        served
            .primero
            .stop_clock_at("2030-01-01T00:10:00Z".parse().unwrap());
        let seen = served
            .get(API, "/api/v2/cases?last_updated_at=2030-01-01T00:00:00Z..")
            .await;
        served.primero.release_saves();
        seen.total()
    };
    let (_, seen_meanwhile) = tokio::join!(served.patch(&id, json!({ "age": 9 })), meanwhile);

    assert_eq!(seen_meanwhile, 0);
    assert_eq!(
        served.show(&id).await["last_updated_at"],
        "2030-01-01T00:00:00.000Z"
    );
}

#[tokio::test]
async fn of_two_creates_with_one_id_at_once_one_conflicts() {
    let served = standard().await;
    let body = json!({ "data": { "id": "cccccccc-0000-4000-8000-000000000001" } });
    served.primero.hold_saves();

    let release = async {
        served.primero.saves_held(2).await;
        served.primero.release_saves();
    };
    let (a, b, ()) = tokio::join!(
        served.write(API, "POST", "/api/v2/cases", &body),
        served.write(API, "POST", "/api/v2/cases", &body),
        release,
    );

    assert_eq!((a.status.min(b.status), a.status.max(b.status)), (204, 409));
    assert_eq!(served.primero.cases().len(), 1);
}

//! The requests on the wire, and answers that an embedded DynamoDB never gives.

use serde_json::{Value, json};
use wiremock::matchers::{body_partial_json, header, method};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{NOW, TABLE, client_of, key, row, store_of};
use crate::clock::later;
use crate::store::{Cursor, LeaseTaken, RecordState, Store, StoreError};

/// A DynamoDB that answers as a test tells it.
pub struct Scripted(MockServer);

impl Scripted {
    pub async fn start() -> Self {
        Self(MockServer::start().await)
    }

    pub fn store(&self) -> Store {
        store_of(client_of(&self.0.uri()), "somewhere")
    }

    /// The next `times` requests for this operation get this answer.
    pub async fn answers(&self, operation: &str, times: u64, status: u16, body: Value) {
        self.answers_to(operation, json!({}), times, status, body)
            .await;
    }

    async fn answers_to(&self, operation: &str, part: Value, times: u64, status: u16, body: Value) {
        let answer = ResponseTemplate::new(status)
            .set_body_raw(body.to_string(), "application/x-amz-json-1.0");
        Mock::given(method("POST"))
            .and(header(
                "x-amz-target",
                format!("DynamoDB_20120810.{operation}").as_str(),
            ))
            .and(body_partial_json(part))
            .respond_with(answer)
            .up_to_n_times(times)
            .mount(&self.0)
            .await;
    }

    async fn throttles(&self, operation: &str, times: u64) {
        let kind = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException";
        let body = json!({ "__type": kind, "message": "slow down" });
        self.answers(operation, times, 400, body).await;
    }

    /// The bodies of the requests so far.
    pub async fn asked(&self) -> Vec<Value> {
        let requests = self.0.received_requests().await.expect("they are recorded");
        let bodies = requests.iter().map(wiremock::Request::body_json);
        bodies.map(|body| body.expect("JSON")).collect()
    }
}

fn stored(number: u128) -> Value {
    json!({
        "pk": { "S": "somewhere#referrals-to-primero" },
        "sk": { "S": format!("record#{}", key(number)) },
        "key": { "S": key(number).to_string() },
        "state": { "S": "done" },
        "profile_version": { "S": "v1" },
        "attempts": { "N": "0" },
        "told": { "N": "0" },
        "first_seen_at": { "S": NOW.to_string() },
        "updated_at": { "S": NOW.to_string() },
        "run_id": { "S": "run 1" },
        "fence": { "N": "1" },
    })
}

fn id_of(number: u128) -> Value {
    let row = stored(number);
    json!({ "pk": row["pk"], "sk": row["sk"] })
}

#[tokio::test]
async fn gating_reads_consistently_and_by_key() {
    let dynamo = Scripted::start().await;
    let body = json!({ "Responses": { TABLE: [stored(1)] }, "UnprocessedKeys": {} });
    dynamo.answers("BatchGetItem", 1, 200, body).await;
    let found = dynamo
        .store()
        .records::<String>(&[key(1), key(2)])
        .await
        .expect("read");
    assert!(found.contains_key(&key(1)) && found.len() == 1);
    let asked = &dynamo.asked().await[0]["RequestItems"][TABLE];
    assert_eq!(asked["ConsistentRead"], true);
    assert_eq!(asked["Keys"], json!([id_of(1), id_of(2)]));
}

#[tokio::test]
async fn the_question_whether_anything_was_delivered_is_read_consistently_and_to_the_last_page() {
    let dynamo = Scripted::start().await;
    let first = json!({ "Count": 0, "Items": [], "LastEvaluatedKey": id_of(9) });
    dynamo.answers("Query", 1, 200, first).await;
    let second = json!({ "Count": 1, "Items": [{ "sk": id_of(10)["sk"] }] });
    dynamo
        .answers_to(
            "Query",
            json!({ "ExclusiveStartKey": id_of(9) }),
            1,
            200,
            second,
        )
        .await;
    assert_eq!(dynamo.store().has_delivered().await, Ok(true));
    let asked = dynamo.asked().await;
    assert_eq!(asked.len(), 2);
    for question in asked {
        assert_eq!(question["ConsistentRead"], true);
    }
}

#[tokio::test]
async fn keys_left_unprocessed_are_asked_again_and_no_others() {
    let dynamo = Scripted::start().await;
    let rest = json!({ TABLE: { "Keys": [id_of(2)], "ConsistentRead": true } });
    let partly = json!({ "Responses": { TABLE: [stored(1)] }, "UnprocessedKeys": rest });
    dynamo.answers("BatchGetItem", 1, 200, partly).await;
    let wholly = json!({ "Responses": { TABLE: [stored(2)] }, "UnprocessedKeys": {} });
    dynamo.answers("BatchGetItem", 1, 200, wholly).await;
    let found = dynamo
        .store()
        .records::<String>(&[key(1), key(2)])
        .await
        .expect("read");
    assert_eq!(found.len(), 2);
    let again = &dynamo.asked().await[1]["RequestItems"][TABLE];
    assert_eq!(again["Keys"], json!([id_of(2)]));
    assert_eq!(again["ConsistentRead"], true);
}

#[tokio::test]
async fn keys_that_stay_unprocessed_are_an_error_and_not_unknown_records() {
    let dynamo = Scripted::start().await;
    let rest = json!({ TABLE: { "Keys": [id_of(1)], "ConsistentRead": true } });
    let never = json!({ "Responses": { TABLE: [] }, "UnprocessedKeys": rest });
    dynamo.answers("BatchGetItem", u64::MAX, 200, never).await;
    let read = dynamo.store().records::<String>(&[key(1)]).await;
    assert_eq!(read, Err(StoreError::Unavailable("read_records")));
}

#[tokio::test]
async fn throttled_reads_are_delayed_and_lose_nothing() {
    let dynamo = Scripted::start().await;
    dynamo.throttles("BatchGetItem", 2).await;
    let body = json!({ "Responses": { TABLE: [stored(1)] }, "UnprocessedKeys": {} });
    dynamo.answers("BatchGetItem", 1, 200, body).await;
    let found = dynamo
        .store()
        .records::<String>(&[key(1)])
        .await
        .expect("read");
    assert_eq!(found.len(), 1);
    assert_eq!(dynamo.asked().await.len(), 3);
}

#[tokio::test]
async fn throttled_writes_are_delayed_and_lose_nothing() {
    let dynamo = Scripted::start().await;
    dynamo.throttles("PutItem", 2).await;
    dynamo.answers("PutItem", 1, 200, json!({})).await;
    let written = dynamo
        .store()
        .put_record(&row(1, RecordState::Written, 1))
        .await;
    assert_eq!(written, Ok(()));
    let asked = dynamo.asked().await;
    assert_eq!(asked.len(), 3);
    assert_eq!(asked[0], asked[2], "the same request");
}

#[tokio::test]
async fn throttling_without_end_is_an_error() {
    let dynamo = Scripted::start().await;
    dynamo.throttles("PutItem", u64::MAX).await;
    let written = dynamo
        .store()
        .put_record(&row(1, RecordState::Written, 1))
        .await;
    assert_eq!(written, Err(StoreError::Unavailable("put_record")));
}

#[tokio::test]
async fn a_throttled_request_for_the_lease_gets_it() {
    let dynamo = Scripted::start().await;
    dynamo.throttles("UpdateItem", 1).await;
    let attributes = json!({ "Attributes": { "fence": { "N": "4" } } });
    dynamo.answers("UpdateItem", 1, 200, attributes).await;
    let ends = later(NOW, std::time::Duration::from_mins(16));
    let taken = dynamo.store().take_lease("a", NOW, ends).await;
    assert!(matches!(taken, Ok(LeaseTaken::Taken(lease)) if lease.fence == 4));
}

#[tokio::test]
async fn every_row_is_written_under_the_condition_of_its_fence() {
    let dynamo = Scripted::start().await;
    dynamo.answers("PutItem", 1, 200, json!({})).await;
    let mut done = row(1, RecordState::Done, 7);
    done.ttl = Some(1_824_560_000);
    dynamo.store().put_record(&done).await.expect("taken");
    let asked = &dynamo.asked().await[0];
    assert_eq!(
        asked["ConditionExpression"],
        "attribute_not_exists(pk) OR fence <= :fence"
    );
    assert_eq!(
        asked["ExpressionAttributeValues"],
        json!({ ":fence": { "N": "7" } })
    );
    assert_eq!(asked["Item"]["fence"], json!({ "N": "7" }));
    assert_eq!(asked["Item"]["ttl"], json!({ "N": "1824560000" }));
    assert_eq!(asked["Item"]["sk"], id_of(1)["sk"]);
}

#[tokio::test]
async fn the_cursor_is_read_consistently_and_written_under_the_condition_of_its_fence() {
    let dynamo = Scripted::start().await;
    dynamo.answers("GetItem", 1, 200, json!({})).await;
    dynamo.answers("PutItem", 1, 200, json!({})).await;
    let store = dynamo.store();
    assert_eq!(store.cursor().await, Ok(None));
    let cursor = Cursor {
        position: NOW,
        resume: None,
        run_id: "run 7".to_owned(),
        fence: 7,
    };
    store.put_cursor(&cursor).await.expect("taken");
    let asked = dynamo.asked().await;
    assert_eq!(asked[0]["ConsistentRead"], true);
    assert_eq!(asked[0]["Key"]["sk"], json!({ "S": "cursor" }));
    assert_eq!(
        asked[1]["ConditionExpression"],
        "attribute_not_exists(pk) OR fence <= :fence"
    );
    let fence = json!({ ":fence": { "N": "7" } });
    assert_eq!(asked[1]["ExpressionAttributeValues"], fence);
    assert_eq!(asked[1]["Item"]["sk"], json!({ "S": "cursor" }));
}

#[tokio::test]
async fn the_lease_is_taken_and_given_back_under_the_condition_of_its_holder() {
    let dynamo = Scripted::start().await;
    let attributes = json!({ "Attributes": { "fence": { "N": "4" } } });
    dynamo.answers("UpdateItem", 2, 200, attributes).await;
    let store = dynamo.store();
    let ends = later(NOW, std::time::Duration::from_mins(16));
    let Ok(LeaseTaken::Taken(lease)) = store.take_lease("a", NOW, ends).await else {
        panic!("it was free");
    };
    store
        .release_lease(&lease, true, None)
        .await
        .expect("given back");
    let asked = dynamo.asked().await;
    assert_eq!(
        asked[0]["ConditionExpression"],
        "attribute_not_exists(holder) OR holder = :run OR lease_ends < :now OR lease_ends > :latest"
    );
    assert_eq!(asked[1]["ConditionExpression"], "holder = :run");
}

#[tokio::test]
async fn more_than_a_hundred_keys_are_asked_for_in_batches_of_a_hundred() {
    let dynamo = Scripted::start().await;
    let none = json!({ "Responses": { TABLE: [] }, "UnprocessedKeys": {} });
    dynamo.answers("BatchGetItem", 3, 200, none).await;
    let keys: Vec<_> = (1..=230).map(key).collect();
    dynamo.store().records::<String>(&keys).await.expect("read");
    let asked = dynamo.asked().await;
    let sizes: Vec<_> = asked
        .iter()
        .map(|body| body["RequestItems"][TABLE]["Keys"].as_array().map(Vec::len))
        .collect();
    assert_eq!(sizes, [Some(100), Some(100), Some(30)]);
}

#[tokio::test]
async fn a_store_that_is_down_is_unavailable() {
    // Nothing listens on a port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = port.local_addr().expect("bound");
    drop(port);
    let store = store_of(client_of(&format!("http://{address}")), "somewhere");
    let read = store.records::<String>(&[key(1)]).await;
    assert_eq!(read, Err(StoreError::Unavailable("read_records")));
}

#[tokio::test]
async fn what_is_due_is_asked_of_the_index_to_its_last_page() {
    let dynamo = Scripted::start().await;
    let shown = |number, due: Option<&str>| {
        let row = stored(number);
        let mut shown = json!({
            "key": row["key"], "state": { "S": "retry" },
            "profile_version": row["profile_version"], "first_seen_at": row["first_seen_at"],
        });
        if let Some(due) = due {
            shown["next_attempt_at"] = json!({ "S": due });
        }
        shown
    };
    let first =
        json!({ "Items": [shown(1, Some("2026-09-22T00:00:00Z"))], "LastEvaluatedKey": id_of(1) });
    dynamo.answers("Query", 1, 200, first).await;
    let second = json!({ "Items": [shown(2, Some("2026-09-21T00:00:00Z"))] });
    let from = json!({ "ExclusiveStartKey": id_of(1) });
    dynamo.answers_to("Query", from, 1, 200, second).await;
    let unfinished = dynamo.store().unfinished().await.expect("read");
    let keys: Vec<_> = unfinished.into_iter().map(|row| row.key).collect();
    assert_eq!(keys, [key(2), key(1)], "the longest due first");
    assert_eq!(dynamo.asked().await[0]["IndexName"], "due");
}

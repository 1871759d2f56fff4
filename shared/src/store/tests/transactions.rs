//! The transaction before a write that cannot be asked for: on the wire, and when it meets another one.

use serde_json::{Value, json};

use super::requests::Scripted;
use super::{Embedded, NOW, TABLE, key, row};
use crate::clock::later;
use crate::store::{Lease, LeaseTaken, RecordState, StoreError};

fn lease(fence: u64) -> Lease {
    Lease {
        run_id: format!("run {fence}"),
        fence,
        expires_at: NOW,
        has_written: false,
        site: None,
        predates_sites: false,
        written_under: None,
        probe: None,
    }
}

/// A transaction cancelled for these reasons, one a part.
fn cancelled(reasons: [&str; 2]) -> Value {
    json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "message": "cancelled",
        "CancellationReasons": reasons.map(|code| json!({ "Code": code })),
    })
}

async fn put(dynamo: &Scripted) -> Result<(), StoreError> {
    let store = dynamo.store();
    store
        .put_sending(&row(1, RecordState::Sending, 7), &lease(7))
        .await
}

#[tokio::test]
async fn a_sending_row_is_put_only_together_with_the_lease_that_is_in_force() {
    let dynamo = Scripted::start().await;
    dynamo
        .answers("TransactWriteItems", 1, 200, json!({}))
        .await;
    put(&dynamo).await.expect("taken");
    let parts = &dynamo.asked().await[0]["TransactItems"];
    let check = &parts[0]["ConditionCheck"];
    assert_eq!(check["TableName"], TABLE);
    assert_eq!(check["Key"]["sk"], json!({ "S": "lease" }));
    assert_eq!(
        check["ConditionExpression"],
        "holder = :run AND fence = :fence"
    );
    assert_eq!(
        check["ExpressionAttributeValues"],
        json!({ ":run": { "S": "run 7" }, ":fence": { "N": "7" } })
    );
    let put = &parts[1]["Put"];
    assert_eq!(put["Item"]["state"], json!({ "S": "sending" }));
    assert_eq!(
        put["ConditionExpression"],
        "attribute_not_exists(pk) OR fence <= :fence \
         AND #state <> :never0 AND #state <> :never1 AND #state <> :never2"
    );
    let awaited = &put["ExpressionAttributeValues"][":never0"];
    assert_eq!(*awaited, json!({ "S": "awaiting_confirmation" }));
}

#[tokio::test]
async fn a_failed_condition_of_either_part_means_that_another_run_has_taken_over() {
    for reasons in [
        ["ConditionalCheckFailed", "None"],
        ["None", "ConditionalCheckFailed"],
        ["ConditionalCheckFailed", "TransactionConflict"],
    ] {
        let dynamo = Scripted::start().await;
        dynamo
            .answers("TransactWriteItems", 9, 400, cancelled(reasons))
            .await;
        assert_eq!(put(&dynamo).await, Err(StoreError::Superseded));
        assert_eq!(dynamo.asked().await.len(), 1, "{reasons:?}");
    }
}

#[tokio::test]
async fn a_transaction_that_meets_another_or_the_tables_limits_is_delayed_and_not_lost() {
    for reasons in [
        ["TransactionConflict", "None"],
        ["None", "ThrottlingError"],
        ["None", "ProvisionedThroughputExceeded"],
    ] {
        let dynamo = Scripted::start().await;
        dynamo
            .answers("TransactWriteItems", 2, 400, cancelled(reasons))
            .await;
        dynamo
            .answers("TransactWriteItems", 1, 200, json!({}))
            .await;
        assert_eq!(put(&dynamo).await, Ok(()), "{reasons:?}");
        let asked = dynamo.asked().await;
        assert_eq!(asked.len(), 3);
        assert_eq!(asked[0]["TransactItems"], asked[2]["TransactItems"]);
    }
}

#[tokio::test]
async fn a_transaction_that_goes_on_meeting_others_is_an_error() {
    let dynamo = Scripted::start().await;
    let conflict = cancelled(["TransactionConflict", "None"]);
    dynamo
        .answers("TransactWriteItems", u64::MAX, 400, conflict)
        .await;
    let answer = put(&dynamo).await;
    assert_eq!(answer, Err(StoreError::Unavailable("put_sending")));
    assert_eq!(dynamo.asked().await.len(), 8);
}

#[tokio::test]
async fn a_transaction_refused_for_anything_else_is_an_error_at_once() {
    let dynamo = Scripted::start().await;
    let invalid = cancelled(["None", "ValidationError"]);
    dynamo
        .answers("TransactWriteItems", u64::MAX, 400, invalid)
        .await;
    let answer = put(&dynamo).await;
    assert_eq!(answer, Err(StoreError::Unavailable("put_sending")));
    assert_eq!(dynamo.asked().await.len(), 1);
}

#[tokio::test]
async fn on_a_table_a_run_that_was_overtaken_puts_no_sending_row() {
    let embedded = Embedded::start().await;
    let store = embedded.store();
    let ends = later(NOW, std::time::Duration::from_mins(16));
    let Ok(LeaseTaken::Taken(first)) = store.take_lease("run 1", NOW, ends).await else {
        panic!("it was free");
    };
    let sending = row(1, RecordState::Sending, 1);
    assert_eq!(store.put_sending(&sending, &first).await, Ok(()));
    let after = later(ends, std::time::Duration::from_secs(1));
    let taken = store
        .take_lease(
            "run 2",
            after,
            later(ends, std::time::Duration::from_mins(16)),
        )
        .await;
    assert!(matches!(taken, Ok(LeaseTaken::Taken(_))));
    let other = row(2, RecordState::Sending, 1);
    let refused = store.put_sending(&other, &first).await;
    assert_eq!(refused, Err(StoreError::Superseded));
    let rows = store.records::<String>(&[key(2)]).await;
    assert_eq!(rows.expect("read").len(), 0);
}

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{Embedded, NOW, TABLE, key, row, store_of};
use crate::clock::later;
use crate::store::{LeaseTaken, RecordState, StoreError};

#[tokio::test]
async fn a_row_comes_back_as_it_was_put_and_an_unknown_record_has_none() {
    let embedded = Embedded::start().await;
    let written = row(1, RecordState::Written, 1);
    embedded.store().put_record(&written).await.expect("new");
    let found = embedded.store().records::<String>(&[key(1), key(2)]).await;
    assert_eq!(found, Ok(HashMap::from([(key(1), written)])));
}

#[tokio::test]
async fn more_keys_than_one_request_takes_are_all_read() {
    let embedded = Embedded::start().await;
    let store = embedded.store();
    for number in 1..=205 {
        store
            .put_record(&row(number, RecordState::Done, 1))
            .await
            .expect("new");
    }
    let calls = store.calls();
    let keys: Vec<_> = (1..=210).map(key).collect();
    let found = store.records::<String>(&keys).await.expect("read");
    assert_eq!((found.len(), store.calls() - calls), (205, 3));
}

#[tokio::test]
async fn a_run_may_write_its_own_rows_again_and_those_of_earlier_runs() {
    let embedded = Embedded::start().await;
    let store = embedded.store();
    for fence in [1, 1, 2] {
        assert_eq!(
            store.put_record(&row(1, RecordState::Written, fence)).await,
            Ok(())
        );
    }
}

#[tokio::test]
async fn a_row_of_a_later_run_is_not_overwritten_by_an_earlier_one() {
    let embedded = Embedded::start().await;
    let store = embedded.store();
    let later = row(1, RecordState::Done, 3);
    store.put_record(&later).await.expect("new");
    let refused = store.put_record(&row(1, RecordState::Held, 2)).await;
    assert_eq!(refused, Err(StoreError::Superseded));
    assert_eq!(
        store.records(&[key(1)]).await,
        Ok(HashMap::from([(key(1), later)]))
    );
}

#[tokio::test]
async fn a_row_that_cannot_follow_the_one_before_it_is_refused() {
    use RecordState::{
        AwaitingConfirmation, Done, Held, Retry, Sending, Skipped, Verified, Written,
    };
    let all = [
        Sending,
        Written,
        Verified,
        AwaitingConfirmation,
        Retry,
        Held,
        Skipped,
        Done,
    ];
    let embedded = Embedded::start().await;
    let store = embedded.store();
    let mut number = 0;
    for before in all {
        for after in all {
            number += 1;
            let first = store.put_record(&row(number, before, 1)).await;
            assert_eq!(first, Ok(()), "{before:?} may be the first");
            let second = store.put_record(&row(number, after, 2)).await;
            let refused = after.never_follows().contains(&before);
            let expected = if refused {
                Err(StoreError::Illegal)
            } else {
                Ok(())
            };
            assert_eq!(second, expected, "{before:?} → {after:?}");
        }
    }
}

#[tokio::test]
async fn what_awaits_its_confirmation_is_not_sent_again() {
    let embedded = Embedded::start().await;
    let store = embedded.store();
    let ends = later(NOW, Duration::from_mins(1));
    let Ok(LeaseTaken::Taken(lease)) = store.take_lease("run", NOW, ends).await else {
        panic!("it is free");
    };
    let awaiting = row(1, RecordState::AwaitingConfirmation, lease.fence);
    store.put_record(&awaiting).await.expect("new");
    let sending = row(1, RecordState::Sending, lease.fence);
    let refused = store.put_sending(&sending, &lease).await;
    assert_eq!(refused, Err(StoreError::Illegal));
}

#[tokio::test]
async fn deployments_have_ledgers_of_their_own() {
    let embedded = Embedded::start().await;
    embedded
        .store()
        .put_record(&row(1, RecordState::Done, 1))
        .await
        .expect("new");
    let elsewhere = store_of(embedded.client.clone(), "elsewhere");
    assert_eq!(
        elsewhere.records::<String>(&[key(1)]).await,
        Ok(HashMap::new())
    );
    assert_eq!(elsewhere.has_delivered().await, Ok(false));
}

#[tokio::test]
async fn only_what_reached_its_destination_counts_as_delivered() {
    for (state, delivered) in [
        (RecordState::Retry, false),
        (RecordState::Held, false),
        (RecordState::Written, true),
        (RecordState::Verified, true),
        (RecordState::Done, true),
    ] {
        let embedded = Embedded::start().await;
        embedded
            .store()
            .put_record(&row(1, state, 1))
            .await
            .expect("new");
        assert_eq!(
            embedded.store().has_delivered().await,
            Ok(delivered),
            "{state:?}"
        );
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_an_error_and_not_an_unknown_record() {
    let embedded = Embedded::start().await;
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let put = embedded
        .client
        .put_item()
        .table_name(TABLE)
        .item("pk", text("somewhere#referrals-to-primero"))
        .item("sk", text(&format!("record#{}", key(1))))
        .item("state", text("a state of the future"));
    put.send().await.expect("stored");
    let read = embedded.store().records::<String>(&[key(1)]).await;
    assert_eq!(read, Err(StoreError::Unreadable("ledger row")));
}

#[tokio::test]
async fn the_expiry_of_a_row_is_stored_where_the_table_looks_for_it() {
    let embedded = Embedded::start().await;
    let mut done = row(1, RecordState::Done, 1);
    done.ttl = Some(1_824_560_000);
    embedded.store().put_record(&done).await.expect("new");
    let sk = format!("record#{}", key(1));
    let stored = embedded.attribute(&sk, super::table::TTL_ATTRIBUTE).await;
    assert_eq!(stored, Some(AttributeValue::N("1824560000".to_owned())));

    let lasting = row(2, RecordState::Held, 1);
    embedded.store().put_record(&lasting).await.expect("new");
    let sk = format!("record#{}", key(2));
    assert_eq!(
        embedded.attribute(&sk, super::table::TTL_ATTRIBUTE).await,
        None
    );
}

#[tokio::test]
async fn making_the_table_again_leaves_it_as_it_is() {
    let embedded = Embedded::start().await;
    embedded
        .store()
        .put_record(&row(1, RecordState::Done, 1))
        .await
        .expect("new");
    super::table::ensure(&embedded.client, TABLE)
        .await
        .expect("no error");
    assert_eq!(embedded.store().has_delivered().await, Ok(true));
}

//! The table of one machine, made in steps between which a process may be killed.

use aws_sdk_dynamodb::types::{TimeToLiveSpecification, TimeToLiveStatus};

use super::{Embedded, TABLE};
use crate::store::table;

#[tokio::test]
async fn a_table_whose_rows_do_not_expire_is_completed() {
    let embedded = Embedded::start().await;
    let off = TimeToLiveSpecification::builder()
        .attribute_name(table::TTL_ATTRIBUTE)
        .enabled(false);
    let request = embedded.client.update_time_to_live().table_name(TABLE);
    let off = off.build().expect("both fields are set");
    let switched = request.time_to_live_specification(off).send().await;
    switched.expect("it is off");
    for _ in 0..2 {
        let made = table::ensure(&embedded.client, TABLE).await;
        made.expect("it is completed");
    }
    let answer = embedded.client.describe_time_to_live().table_name(TABLE);
    let answer = answer.send().await.expect("it answers");
    let status = answer
        .time_to_live_description
        .and_then(|description| description.time_to_live_status);
    assert_eq!(status, Some(TimeToLiveStatus::Enabled));
}

//! The table as it behaves (embedded DynamoDB), and what cannot be seen there: the requests themselves, throttling, partial answers.

mod lease;
mod ledger;
mod reading;
mod requests;
mod table_made;
mod transactions;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use embedded_dynamodb::EmbeddedDynamoDb;
use jiff::Timestamp;
use uuid::Uuid;

use super::{RecordRow, RecordState, Store, table};
use crate::domain::ids::InterventionId;
use crate::domain::record::RecordKey;
use crate::domain::system::WorkflowName;

const TABLE: &str = "state";
const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

/// An embedded DynamoDB with the table in it.
struct Embedded {
    client: Client,
    _server: EmbeddedDynamoDb,
}

impl Embedded {
    async fn start() -> Self {
        let server = EmbeddedDynamoDb::in_memory().await.expect("it starts");
        let client = server.client();
        table::ensure(&client, TABLE).await.expect("a table");
        Self {
            client,
            _server: server,
        }
    }

    fn store(&self) -> Store {
        store_of(self.client.clone(), "somewhere")
    }

    /// An attribute of an item, as it is stored.
    async fn attribute(&self, sk: &str, name: &str) -> Option<AttributeValue> {
        let item = self
            .client
            .get_item()
            .table_name(TABLE)
            .key(
                "pk",
                AttributeValue::S("somewhere#referrals-to-primero".to_owned()),
            )
            .key("sk", AttributeValue::S(sk.to_owned()))
            .send()
            .await;
        item.expect("it answers").item?.remove(name)
    }
}

fn store_of(client: Client, deployment: &str) -> Store {
    let deployment = deployment.parse().expect("a name");
    Store::new(
        client,
        TABLE.to_owned(),
        &deployment,
        WorkflowName::ReferralsToPrimero,
    )
}

/// A client that waits between its tries as briefly as it can.
fn client_of(endpoint: &str) -> Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::new("local"))
        .credentials_provider(Credentials::new("local", "local", None, None, "tests"))
        .retry_config(
            RetryConfig::standard().with_initial_backoff(std::time::Duration::from_millis(1)),
        )
        .build();
    Client::from_conf(config)
}

fn key(number: u128) -> RecordKey {
    InterventionId::new(Uuid::from_u128(number)).into()
}

fn row(number: u128, state: RecordState, fence: u64) -> RecordRow<String> {
    RecordRow {
        key: key(number),
        state,
        reason: None,
        remarks: <_>::default(),
        fields: Vec::new(),
        transaction_id: None,
        fingerprint: None,
        delivered: None,
        profile_version: "v1".to_owned(),
        place: Some("shelf".to_owned()),
        attempts: 0,
        next_attempt_at: None,
        version: None,
        accepted_at: None,
        began_at: None,
        checks: 0,
        superseded: false,
        released: false,
        told: 0,
        in_place: false,
        refused_alike: None,
        first_seen_at: NOW,
        updated_at: NOW,
        run_id: format!("run {fence}"),
        fence,
        ttl: None,
    }
}

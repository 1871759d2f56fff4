//! The DynamoDB API inside the process, served on a free loopback port to the same SDK client that AWS gets.
//!
//! It holds SQLite and is therefore a crate of its own: no function may depend on it.

#![deny(missing_docs)]

use std::fs::{File, TryLockError};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::{Client, Config};
use dynoxide::Database;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Why the embedded DynamoDB did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another process works on the same file.
    #[error("{0} is in use by another process")]
    InUse(PathBuf),
    /// The lock file or the port could not be opened.
    #[error("the embedded DynamoDB could not start")]
    Io(#[from] io::Error),
    /// The database file could not be opened.
    #[error("the embedded DynamoDB could not open its file: {0}")]
    Database(String),
}

/// A running embedded DynamoDB; it stops when this value is dropped.
#[derive(Debug)]
pub struct EmbeddedDynamoDb {
    address: SocketAddr,
    server: JoinHandle<()>,
    _lock: Option<File>,
}

impl EmbeddedDynamoDb {
    /// Starts one that forgets everything when it stops.
    pub async fn in_memory() -> Result<Self, StartError> {
        let database =
            Database::memory().map_err(|error| StartError::Database(error.to_string()))?;
        Self::serve(database, None).await
    }

    /// Starts one on a file, which is created if need be. Rows whose time is over are deleted. The file is locked against other
    /// processes.
    pub async fn on_file(path: &Path) -> Result<Self, StartError> {
        let mut lock_path = path.as_os_str().to_owned();
        lock_path.push(".lock");
        let lock = File::create(PathBuf::from(lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StartError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let name = path
            .to_str()
            .ok_or_else(|| StartError::Database("its path is not UTF-8".to_owned()))?;
        let database =
            Database::new(name).map_err(|error| StartError::Database(error.to_string()))?;
        database
            .sweep_ttl()
            .map_err(|error| StartError::Database(error.to_string()))?;
        Self::serve(database, Some(lock)).await
    }

    async fn serve(database: Database, lock: Option<File>) -> Result<Self, StartError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let server = tokio::spawn(dynoxide::server::serve_on(listener, database));
        Ok(Self {
            address,
            server,
            _lock: lock,
        })
    }

    /// A client of it. The credentials are placeholders that the API demands.
    #[must_use]
    pub fn client(&self) -> Client {
        Self::client_of(self.endpoint())
    }

    /// A client of one that runs in another process, at this address.
    #[must_use]
    pub fn client_of(endpoint: String) -> Client {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(endpoint)
            .region(Region::new("local"))
            .credentials_provider(Credentials::new("local", "local", None, None, "embedded"))
            .build();
        Client::from_conf(config)
    }

    /// Its address, for another process.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for EmbeddedDynamoDb {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
        ScalarAttributeType, TimeToLiveSpecification,
    };

    use super::*;

    #[tokio::test]
    async fn a_file_in_use_is_refused_and_free_again_afterwards() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state.sqlite");
        let first = EmbeddedDynamoDb::on_file(&path).await.expect("starts");
        let second = EmbeddedDynamoDb::on_file(&path).await;
        assert!(matches!(second, Err(StartError::InUse(_))), "{second:?}");
        drop(first);
        EmbeddedDynamoDb::on_file(&path)
            .await
            .expect("starts again");
    }

    async fn make_table(client: &Client) {
        let hash = KeySchemaElement::builder().attribute_name("pk");
        let key = AttributeDefinition::builder().attribute_name("pk");
        let key = key.attribute_type(ScalarAttributeType::S).build();
        let made = client.create_table().table_name("rows");
        let made = made.billing_mode(BillingMode::PayPerRequest);
        let made = made.attribute_definitions(key.expect("named"));
        let made = made.key_schema(hash.key_type(KeyType::Hash).build().expect("named"));
        made.send().await.expect("it is made");
        let ttl = TimeToLiveSpecification::builder().enabled(true);
        let ttl = ttl.attribute_name("ttl").build().expect("named");
        let expires = client.update_time_to_live().table_name("rows");
        let expires = expires.time_to_live_specification(ttl).send().await;
        expires.expect("it is set");
    }

    #[tokio::test]
    async fn rows_whose_time_is_over_are_gone_when_the_file_is_opened_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state.sqlite");
        let first = EmbeddedDynamoDb::on_file(&path).await.expect("starts");
        let client = first.client();
        make_table(&client).await;
        for (pk, ttl) in [("over", "1000000000"), ("kept", "9000000000")] {
            let row = client.put_item().table_name("rows");
            let row = row.item("pk", AttributeValue::S(pk.to_owned()));
            let row = row.item("ttl", AttributeValue::N(ttl.to_owned()));
            row.send().await.expect("it is put");
        }
        drop(first);
        let again = EmbeddedDynamoDb::on_file(&path).await.expect("starts");
        let rows = again.client().scan().table_name("rows").send().await;
        let rows = rows.expect("it answers");
        assert_eq!(rows.count(), 1);
        assert_eq!(rows.items()[0]["pk"], AttributeValue::S("kept".to_owned()));
    }

    #[tokio::test]
    async fn it_answers_the_sdk() {
        let database = EmbeddedDynamoDb::in_memory().await.expect("starts");
        let tables = database
            .client()
            .list_tables()
            .send()
            .await
            .expect("answers");
        assert!(tables.table_names().is_empty());
    }
}

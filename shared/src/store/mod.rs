//! The state table: lease, ledger and run reports of every deployment and workflow in one DynamoDB table.
//!
//! `pk` is `<deployment>#<workflow>`, `sk` one of `cursor`, `lease`, `record#<key>`, `run#<ulid>`, `untidy#<case id>`, `seen#<key>`;
//! under `<deployment>#sign-in`, `auth_failed#<system>`, `signed_in#<system>` and `trying#<system>`; under `<deployment>#scope`,
//! `seen_cases`; under `owner#<host>#<agency>`, `owner`. One client code serves AWS and the embedded DynamoDB. Nothing personal is ever
//! written here: keys, codes, ids and keyed hashes only.

mod beside;
mod cursor;
mod deployments;
mod due;
mod held;
mod inspection;
mod lease;
mod ledger;
mod remarked;
mod runs;
mod seen;
mod seen_cases;
mod sign_ins;
mod site;
pub mod table;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};

pub use self::beside::Beside;
pub use self::cursor::Cursor;
pub use self::due::Unfinished;
pub use self::lease::{LONGEST_RUN, Lease, LeaseTaken, Probe};
pub use self::ledger::{RecordRow, RecordState, Rows};
pub use self::remarked::Remarked;
pub use self::seen::Sightings;
pub use self::seen_cases::SeenCases;
pub use self::sign_ins::{AcceptedSignIn, RefusedSignIn, SignIns};
use crate::domain::ids::Deployment;
use crate::domain::system::WorkflowName;

/// What went wrong at the table, by what the caller does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A later run has written already: stop at once.
    #[error("a later run has written")]
    Superseded,
    /// A row was to be overwritten by one that cannot follow it: a fault of this software.
    #[error("a ledger row cannot follow the one before it")]
    Illegal,
    /// The table did not answer, or not as it should; names the operation.
    #[error("the state table failed at {0}")]
    Unavailable(&'static str),
    /// A stored item cannot be read; names the kind of item.
    #[error("a stored {0} cannot be read")]
    Unreadable(&'static str),
}

/// The rows of one workflow in one deployment.
pub struct Store {
    client: Client,
    table: String,
    deployment: Deployment,
    partition: String,
    calls: Arc<AtomicU64>,
    /// Held by the transaction that is under way.
    transactions: tokio::sync::Mutex<()>,
}

impl Store {
    /// A view on `table` for one workflow of one deployment.
    #[must_use]
    pub fn new(
        client: Client,
        table: String,
        deployment: &Deployment,
        workflow: WorkflowName,
    ) -> Self {
        Self {
            client,
            table,
            deployment: deployment.clone(),
            partition: format!("{deployment}#{workflow}"),
            calls: Arc::default(),
            transactions: tokio::sync::Mutex::default(),
        }
    }

    /// The rows of another workflow of the same deployment. Its requests count here, too.
    #[must_use]
    pub fn of(&self, workflow: WorkflowName) -> Self {
        Self {
            client: self.client.clone(),
            table: self.table.clone(),
            deployment: self.deployment.clone(),
            partition: format!("{}#{workflow}", self.deployment),
            calls: Arc::clone(&self.calls),
            transactions: tokio::sync::Mutex::default(),
        }
    }

    /// Requests sent so far.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    fn counted(&self) -> &Client {
        self.calls.fetch_add(1, Ordering::Relaxed);
        &self.client
    }

    fn pk(&self) -> AttributeValue {
        AttributeValue::S(self.partition.clone())
    }

    /// Reads at most 100 items by their keys, consistently. What the table leaves out, because it is busy, is asked for again after a
    /// pause.
    async fn read_all(
        &self,
        keys: Vec<Item>,
        operation: &'static str,
    ) -> Result<Vec<Item>, StoreError> {
        let (mut items, mut left) = self.read_batch(keys, operation).await?;
        let mut pause = FIRST_PAUSE;
        for _ in 1..READ_ROUNDS {
            if left.is_empty() {
                break;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
            let (found, rest) = self.read_batch(left, operation).await?;
            items.extend(found);
            left = rest;
        }
        if left.is_empty() {
            Ok(items)
        } else {
            Err(StoreError::Unavailable(operation))
        }
    }

    /// Answers what was found and the keys that are to be asked again.
    async fn read_batch(
        &self,
        keys: Vec<Item>,
        operation: &'static str,
    ) -> Result<(Vec<Item>, Vec<Item>), StoreError> {
        let wanted = KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .consistent_read(true)
            .build()
            .expect("keys are set");
        let answer = self
            .counted()
            .batch_get_item()
            .request_items(&self.table, wanted)
            .send()
            .await
            .map_err(|error| failed(operation, &error))?;
        let found = answer
            .responses
            .unwrap_or_default()
            .remove(&self.table)
            .unwrap_or_default();
        let rest = answer
            .unprocessed_keys
            .unwrap_or_default()
            .remove(&self.table);
        Ok((found, rest.map(|rest| rest.keys).unwrap_or_default()))
    }

    /// Hands on every item of this workflow that a query finds, page by page, so that none is kept here. `ask` says which; `:pk` is
    /// set.
    async fn query_each(
        &self,
        operation: &'static str,
        ask: impl Fn(QueryFluentBuilder) -> QueryFluentBuilder,
        mut each: impl FnMut(Item) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut start = None;
        loop {
            let query = self.counted().query().table_name(&self.table);
            let query = query.expression_attribute_values(":pk", self.pk());
            let page = ask(query).set_exclusive_start_key(start).send().await;
            let page = page.map_err(|error| failed(operation, &error))?;
            for item in page.items.unwrap_or_default() {
                each(item)?;
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(());
            }
        }
    }

    /// Reads one item of this workflow, consistently.
    async fn read(&self, sk: &str, operation: &'static str) -> Result<Option<Item>, StoreError> {
        let answer = self
            .counted()
            .get_item()
            .table_name(&self.table)
            .key("pk", self.pk())
            .key("sk", text(sk))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| failed(operation, &error))?;
        Ok(answer.item)
    }

    /// Writes an item, unless a run with a higher fence has written it: then [`StoreError::Superseded`].
    async fn put_fenced(
        &self,
        item: Item,
        fence: u64,
        operation: &'static str,
    ) -> Result<(), StoreError> {
        self.counted()
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression(NOT_SUPERSEDED)
            .expression_attribute_values(":fence", number(fence))
            .send()
            .await
            .map_err(|error| failed(operation, &error))?;
        Ok(())
    }

    /// Writes an item, whatever stood there.
    async fn put(&self, item: Item, operation: &'static str) -> Result<(), StoreError> {
        self.counted()
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .send()
            .await
            .map_err(|error| failed(operation, &error))?;
        Ok(())
    }
}

/// How often a partly answered batch is asked for in all.
const READ_ROUNDS: usize = 8;
/// How long to wait before a busy table is asked once more; twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// A run with a higher fence has the last word.
const NOT_SUPERSEDED: &str = "attribute_not_exists(pk) OR fence <= :fence";

type Item = HashMap<String, AttributeValue>;

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn number(value: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}

/// Turns an SDK error into the caller's next step. The SDK's text is logged by kind only: it may quote an item.
fn failed<E: ProvideErrorMetadata, R>(
    operation: &'static str,
    error: &SdkError<E, R>,
) -> StoreError {
    let code = error.code().unwrap_or("no_answer");
    if code == "ConditionalCheckFailedException" {
        return StoreError::Superseded;
    }
    tracing::error!(operation, code, "state table failed");
    StoreError::Unavailable(operation)
}

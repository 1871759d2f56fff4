//! One embedded DynamoDB for all cases of the model tests: each case has a deployment of its own in it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use embedded_dynamodb::EmbeddedDynamoDb;
use tokio::runtime::{Builder, Runtime};

use crate::domain::ids::Deployment;
use crate::engine::tests::fate::{Fate, OfTheStore};
use crate::store::table;

pub const TABLE: &str = "state";

/// The shared table. It lives as long as the process.
fn state() -> &'static EmbeddedDynamoDb {
    static STATE: OnceLock<EmbeddedDynamoDb> = OnceLock::new();
    STATE.get_or_init(|| {
        let runtime = Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let state = EmbeddedDynamoDb::in_memory().await.expect("it starts");
            let ready = table::ensure(&state.client(), TABLE).await;
            ready.expect("a table");
            state
        })
    })
}

/// What the cases of one test share.
pub struct World {
    /// Runs them.
    pub runtime: Runtime,
    /// Two processes, as two runs may overlap.
    pub processes: [Process; 2],
    /// A client that no fate befalls.
    pub client: Client,
}

/// Where a run takes place: whatever it asks of the store passes through the hands of its fate.
pub struct Process {
    pub fate: Arc<Fate>,
    pub client: Client,
}

impl World {
    pub fn open() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let client = state().client();
        let processes = [Process::with(&client), Process::with(&client)];
        Self {
            runtime,
            processes,
            client,
        }
    }

    /// The name of a deployment that no other case has.
    pub fn new_deployment() -> Deployment {
        static CASES: AtomicU64 = AtomicU64::new(0);
        let number = CASES.fetch_add(1, Ordering::Relaxed);
        format!("case-{number}").parse().expect("a name")
    }
}

impl Process {
    fn with(client: &Client) -> Self {
        let fate = Arc::new(Fate::default());
        let config = client.config().to_builder();
        let config = config
            .retry_config(RetryConfig::disabled())
            .interceptor(OfTheStore(Arc::clone(&fate)));
        Self {
            fate,
            client: Client::from_conf(config.build()),
        }
    }
}

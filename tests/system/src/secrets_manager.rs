//! Secrets Manager, as far as a function reads it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Secrets by id, each with the number of its version.
type Secrets = Arc<Mutex<BTreeMap<String, (u32, Value)>>>;

/// A running Secrets Manager.
pub struct SecretsManager {
    secrets: Secrets,
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl SecretsManager {
    /// Serves these secrets, by secret id, on a free loopback port.
    pub async fn serving(secrets: BTreeMap<String, Value>) -> std::io::Result<Self> {
        let first = secrets.into_iter().map(|(id, secret)| (id, (1, secret)));
        let secrets: Secrets = Arc::new(Mutex::new(first.collect()));
        let app = Router::new()
            .route("/", post(batch_get_secret_value))
            .with_state(Arc::clone(&secrets));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let server = tokio::spawn(async move {
            // Serves until it is aborted.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self {
            secrets,
            address,
            server,
        })
    }

    /// Puts a new version of a secret.
    pub fn put(&self, id: &str, secret: Value) {
        let mut secrets = lock(&self.secrets);
        let version = secrets.get(id).map_or(0, |(version, _)| *version);
        secrets.insert(id.to_owned(), (version + 1, secret));
    }

    /// Its address, for `AWS_ENDPOINT_URL_SECRETS_MANAGER`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for SecretsManager {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn lock(secrets: &Secrets) -> std::sync::MutexGuard<'_, BTreeMap<String, (u32, Value)>> {
    secrets.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers `BatchGetSecretValue`.
async fn batch_get_secret_value(State(secrets): State<Secrets>, body: String) -> impl IntoResponse {
    let request: Value = serde_json::from_str(&body).unwrap_or_default();
    let asked = request["SecretIdList"].as_array();
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    for id in asked.into_iter().flatten().filter_map(Value::as_str) {
        match lock(&secrets).get(id) {
            Some((version, secret)) => values.push(json!({
                "Name": id, "SecretString": secret.to_string(),
                "VersionId": format!("{version:08}-2222-3333-4444-555555555555"),
            })),
            None => errors.push(json!({
                "SecretId": id, "ErrorCode": "ResourceNotFoundException", "Message": "not found",
            })),
        }
    }
    let body = json!({ "SecretValues": values, "Errors": errors });
    (
        [(header::CONTENT_TYPE, "application/x-amz-json-1.1")],
        Json(body),
    )
}

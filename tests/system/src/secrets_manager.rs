//! Secrets Manager, as far as a function reads it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A running Secrets Manager with fixed secrets.
pub struct SecretsManager {
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl SecretsManager {
    /// Serves these secrets, by secret id, on a free loopback port.
    pub async fn serving(secrets: BTreeMap<String, Value>) -> std::io::Result<Self> {
        let app = Router::new()
            .route("/", post(get_secret_value))
            .with_state(Arc::new(secrets));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let server = tokio::spawn(async move {
            // Serves until it is aborted.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self { address, server })
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

async fn get_secret_value(
    State(secrets): State<Arc<BTreeMap<String, Value>>>,
    body: String,
) -> impl IntoResponse {
    let request: Value = serde_json::from_str(&body).unwrap_or_default();
    let id = request["SecretId"].as_str().unwrap_or_default();
    let (status, body) = match secrets.get(id) {
        Some(secret) => {
            let version = "11111111-2222-3333-4444-555555555555";
            (
                StatusCode::OK,
                json!({ "Name": id, "SecretString": secret.to_string(), "VersionId": version }),
            )
        }
        None => (
            StatusCode::BAD_REQUEST,
            json!({ "__type": "ResourceNotFoundException", "message": "not found" }),
        ),
    };
    (
        status,
        [(header::CONTENT_TYPE, "application/x-amz-json-1.1")],
        Json(body),
    )
}

//! The way of a request that never leaves the process.

use std::io;
use std::sync::{Arc, PoisonError, RwLock};

use aws_sdk_dynamodb::config::RuntimeComponents;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use dynoxide::Database;

use crate::operations::{self, Answer};

/// Answers the SDK's requests from a database, until it is ended.
#[derive(Clone)]
pub struct InProcess(Arc<RwLock<Option<Database>>>);

impl InProcess {
    pub fn of(database: Database) -> Self {
        Self(Arc::new(RwLock::new(Some(database))))
    }

    /// The database, unless it is ended.
    pub fn database(&self) -> Option<Database> {
        let database = self.0.read().unwrap_or_else(PoisonError::into_inner);
        database.clone()
    }

    /// Closes the database once the requests under way are answered.
    pub fn end(&self) {
        let mut database = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *database = None;
    }
}

impl std::fmt::Debug for InProcess {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("InProcess")
    }
}

impl HttpClient for InProcess {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let database = self.database();
        HttpConnectorFuture::new(async move {
            // Others get their turn, as they would while a request is on its way.
            tokio::task::yield_now().await;
            let ended = || io::Error::new(io::ErrorKind::NotConnected, "it has ended");
            let database = database.ok_or_else(|| ConnectorError::io(ended().into()))?;
            let operation = request.headers().get("x-amz-target").unwrap_or_default();
            let body = request.body().bytes().unwrap_or_default();
            let Answer { status, body } = operations::answer(&database, operation, body);
            let status = StatusCode::try_from(status)
                .map_err(|error| ConnectorError::other(error.into(), None))?;
            let mut response = HttpResponse::new(status, SdkBody::from(body));
            let headers = response.headers_mut();
            headers.insert("content-type", "application/x-amz-json-1.0");
            Ok(response)
        })
    }
}

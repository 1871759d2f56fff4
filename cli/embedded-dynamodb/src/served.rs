//! The same API on a loopback port, for a process that a test or a measurement starts. It holds invented records only, and answers nobody
//! who does not know its key.

use std::net::{Ipv4Addr, SocketAddr};

use aws_sdk_dynamodb::Client;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::in_process::InProcess;
use crate::operations::{self, Answer};
use crate::{EmbeddedDynamoDb, StartError, client_of};

/// An embedded DynamoDB that a process of our own may reach; it is closed when this value is dropped.
#[derive(Debug)]
pub struct Served {
    address: SocketAddr,
    access_key: String,
    server: JoinHandle<()>,
}

/// What a request must show.
#[derive(Clone)]
struct Desk {
    in_process: InProcess,
    host: String,
    /// How a request that is signed with our key begins its credentials.
    credential: String,
}

impl EmbeddedDynamoDb {
    /// Opens a free loopback port.
    pub async fn serve(&self) -> Result<Served, StartError> {
        let failed = |problem| StartError::File {
            path: "a loopback port".into(),
            problem,
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let access_key = Uuid::new_v4().simple().to_string();
        let desk = Desk {
            in_process: self.in_process.clone(),
            host: address.to_string(),
            credential: format!("Credential={access_key}/"),
        };
        let app = Router::new().route("/", post(serve)).with_state(desk);
        let server = tokio::spawn(async move {
            // Serves until it is aborted.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Served {
            address,
            access_key,
            server,
        })
    }
}

impl Served {
    /// Its URL.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The access key that requests must be signed with; any secret will do.
    #[must_use]
    pub fn access_key(&self) -> &str {
        &self.access_key
    }

    /// A client of one that another process serves. It uses no proxy.
    #[must_use]
    pub fn client(endpoint: &str, access_key: &str) -> Client {
        let http = aws_smithy_http_client::Builder::new().build_http();
        client_of(endpoint, access_key, http)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(State(desk): State<Desk>, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let knows_the_key = header(AUTHORIZATION).is_some_and(|text| text.contains(&desk.credential));
    // A web page shows where it is from, and one that was led here by a name of its own asks for another host.
    let is_a_page = headers.contains_key(ORIGIN) || header(HOST) != Some(&desk.host);
    let database = desk.in_process.database();
    let (Some(database), true, false) = (database, knows_the_key, is_a_page) else {
        return StatusCode::FORBIDDEN.into_response();
    };
    let target = headers.get("x-amz-target");
    let target = target.and_then(|value| value.to_str().ok());
    let Answer { status, body } = operations::answer(&database, target.unwrap_or_default(), &body);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let json = [(CONTENT_TYPE, "application/x-amz-json-1.0")];
    (status, json, body).into_response()
}

//! Secrets from AWS Secrets Manager: one secret per deployment and system.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata as _, SdkError};

use super::faults::{FetchFailure, SecretFaults, SecretProblem};
use super::fields::Source;
use super::reading;
use super::{SecretVersion, Secrets};
use crate::domain::ids::Deployment;

/// Fetches `<prefix>/<deployment>/ping`, `…/primero` and `…/ledger` side by side.
pub async fn from_secrets_manager(
    client: &Client,
    prefix: &str,
    deployment: &Deployment,
) -> Result<Secrets, SecretFaults> {
    // Boxed, because the futures of the SDK are large and callers keep this one inside theirs.
    let source = |system| Box::pin(fetch(client, format!("{prefix}/{deployment}/{system}")));
    let (ping, primero, ledger) =
        futures::join!(source("ping"), source("primero"), source("ledger"));
    reading::read(ping, primero, ledger)
}

async fn fetch(client: &Client, id: String) -> Source {
    let answer = client.get_secret_value().secret_id(&id).send().await;
    match answer {
        Ok(answer) => Source {
            name: id,
            content: answer
                .secret_string()
                .ok_or(SecretProblem::NotFetched(FetchFailure::NoText))
                .and_then(reading::json),
            version: answer.version_id().map(SecretVersion::new),
        },
        Err(error) => Source {
            name: id,
            content: Err(SecretProblem::NotFetched(failure(&error))),
            version: None,
        },
    }
}

/// Only the code of an error is kept: its message may repeat what was sent.
fn failure<E, R>(error: &SdkError<E, R>) -> FetchFailure
where
    SdkError<E, R>: aws_sdk_secretsmanager::error::ProvideErrorMetadata,
{
    match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) => FetchFailure::Unreachable,
        _ => match error.code() {
            Some("ResourceNotFoundException") => FetchFailure::NotFound,
            Some("AccessDeniedException" | "UnrecognizedClientException") => {
                FetchFailure::AccessDenied
            }
            Some("DecryptionFailure") => FetchFailure::NotDecrypted,
            Some("ThrottlingException") => FetchFailure::Throttled,
            Some(code) => FetchFailure::Other(code.to_owned()),
            None => FetchFailure::Other("an unreadable error".to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_sdk_secretsmanager::Config;
    use aws_sdk_secretsmanager::config::retry::RetryConfig;
    use aws_sdk_secretsmanager::config::{BehaviorVersion, Credentials, Region};
    use serde_json::{Value, json};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};
    use wiremock::matchers::{body_json, header};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::super::samples;
    use super::*;

    fn client(endpoint: &str) -> Client {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
            .retry_config(RetryConfig::disabled())
            .endpoint_url(endpoint)
            .build();
        Client::from_conf(config)
    }

    fn deployment() -> Deployment {
        "testland".parse().expect("a name")
    }

    async fn answers(server: &MockServer, system: &str, answer: ResponseTemplate) {
        Mock::given(header("x-amz-target", "secretsmanager.GetSecretValue"))
            .and(body_json(
                json!({ "SecretId": format!("bridge/testland/{system}") }),
            ))
            .respond_with(answer)
            .mount(server)
            .await;
    }

    fn holds(system: &str) -> ResponseTemplate {
        let text = samples::json()[system].to_string();
        let body = json!({ "SecretString": text, "VersionId": format!("version-of-{system}") });
        ResponseTemplate::new(200).set_body_json(body)
    }

    fn refuses(code: &str) -> ResponseTemplate {
        let body = json!({ "__type": code, "message": "hush" });
        ResponseTemplate::new(400).set_body_json(body)
    }

    async fn fetch_from(server: &MockServer) -> Result<Secrets, SecretFaults> {
        from_secrets_manager(&client(&server.uri()), "bridge", &deployment()).await
    }

    #[tokio::test]
    async fn each_secret_carries_its_version() {
        let server = MockServer::start().await;
        for system in ["ping", "primero", "ledger"] {
            answers(&server, system, holds(system)).await;
        }
        let secrets = fetch_from(&server).await.expect("valid secrets");
        assert_eq!(secrets.primero.user.username, "primero-bridge");
        assert_eq!(
            secrets.ping.version,
            Some(SecretVersion::new("version-of-ping"))
        );
        assert_eq!(
            secrets.primero.version,
            Some(SecretVersion::new("version-of-primero"))
        );
        assert_eq!(
            secrets.ledger.version,
            Some(SecretVersion::new("version-of-ledger"))
        );
    }

    #[tokio::test]
    async fn failures_name_the_secret_and_their_kind_only() {
        let server = MockServer::start().await;
        answers(&server, "ping", refuses("ResourceNotFoundException")).await;
        answers(&server, "primero", refuses("AccessDeniedException")).await;
        let hush: Value = json!({ "SecretString": "{\"fingerprint_key\": \"hush\"}" });
        answers(
            &server,
            "ledger",
            ResponseTemplate::new(200).set_body_json(hush),
        )
        .await;
        let faults = fetch_from(&server).await.expect_err("three faults");
        assert_eq!(
            faults.to_string(),
            "bridge/testland/ping: not found, or without a value yet\n\
             bridge/testland/primero: access denied\n\
             bridge/testland/ledger.fingerprint_key: is shorter than 32 characters"
        );
        assert!(!format!("{faults:?}").contains("hush"));
    }

    #[tokio::test]
    async fn other_failures_keep_their_code() {
        let server = MockServer::start().await;
        answers(&server, "ping", refuses("DecryptionFailure")).await;
        answers(&server, "primero", refuses("InternalServiceError")).await;
        let bytes = json!({ "SecretBinary": "aHVzaA==" });
        answers(
            &server,
            "ledger",
            ResponseTemplate::new(200).set_body_json(bytes),
        )
        .await;
        let faults = fetch_from(&server).await.expect_err("three faults");
        assert_eq!(
            faults.to_string(),
            "bridge/testland/ping: cannot be decrypted\n\
             bridge/testland/primero: Secrets Manager answered InternalServiceError\n\
             bridge/testland/ledger: holds no text"
        );
    }

    #[tokio::test]
    async fn no_answer_is_unreachable() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        let client = client(&format!("http://{address}"));
        let faults = from_secrets_manager(&client, "bridge", &deployment())
            .await
            .expect_err("no server");
        assert_eq!(faults.as_slice().len(), 3);
        let unreachable = SecretProblem::NotFetched(FetchFailure::Unreachable);
        assert!(
            faults
                .as_slice()
                .iter()
                .all(|fault| fault.problem == unreachable),
            "{faults}"
        );
    }

    /// The server answers nobody before all three have asked: a client that asks one after another would wait for ever.
    #[tokio::test]
    async fn the_three_are_fetched_side_by_side() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let server = async {
            let mut waiting = Vec::new();
            while waiting.len() < 3 {
                waiting.push(listener.accept().await.expect("a connection").0);
            }
            for stream in waiting {
                refuse(stream).await;
            }
        };
        let (client, deployment) = (client(&endpoint), deployment());
        let fetching = from_secrets_manager(&client, "bridge", &deployment);
        let both = async { futures::join!(server, fetching).1 };
        let fetched = tokio::time::timeout(Duration::from_secs(20), Box::pin(both)).await;
        let faults = fetched
            .expect("all three asked")
            .expect_err("the server refuses");
        assert_eq!(faults.as_slice().len(), 3);
    }

    async fn refuse(mut stream: TcpStream) {
        let mut request = [0; 8192];
        let read = stream.read(&mut request).await.expect("a request");
        assert!(read > 0);
        let answer = "HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
        stream
            .write_all(answer.as_bytes())
            .await
            .expect("an open connection");
    }
}

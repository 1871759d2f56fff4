//! Secrets from AWS Secrets Manager: one secret per deployment and system.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_secretsmanager::operation::batch_get_secret_value::BatchGetSecretValueOutput;

use super::reading::{self, Source};
use super::{SecretVersion, Secrets};
use crate::document::{Faults, Problem};
use crate::domain::ids::Deployment;

/// Fetches `<prefix>/<deployment>/ping`, `…/primero` and `…/ledger` in one call.
pub async fn from_secrets_manager(
    client: &Client,
    prefix: &str,
    deployment: &Deployment,
) -> Result<Secrets, Faults> {
    let ids = ["ping", "primero", "ledger"].map(|name| format!("{prefix}/{deployment}/{name}"));
    let request = client.batch_get_secret_value();
    let request = request.set_secret_id_list(Some(ids.to_vec()));
    // Boxed, because the futures of the SDK are large and callers keep this one inside theirs.
    let answer = Box::pin(request.send()).await;
    let answer = answer.map_err(|error| failure(&error));
    let [ping, primero, ledger] = ids.map(|id| source(id, answer.as_ref()));
    reading::read(ping, primero, ledger)
}

/// What the answer has of one secret.
fn source(id: String, answer: Result<&BatchGetSecretValueOutput, &Problem>) -> Source {
    let failed = |name, failure| Source {
        name,
        content: Err(failure),
        version: None,
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(failure) => return failed(id, failure.clone()),
    };
    let mut values = answer.secret_values().iter();
    if let Some(value) = values.find(|value| value.name() == Some(&id)) {
        let text = value.secret_string();
        return Source {
            name: id,
            content: text
                .ok_or(Problem::Plain("holds no text"))
                .and_then(reading::document),
            version: value.version_id().map(SecretVersion::new),
        };
    }
    let mut errors = answer.errors().iter();
    let error = errors.find(|error| error.secret_id() == Some(&id));
    let code = error.and_then(|error| error.error_code());
    failed(id, code.map_or(NOT_FOUND, coded))
}

const NOT_FOUND: Problem = Problem::Plain("not found, or without a value yet");

/// Only the code of an error is kept: its message may repeat what was sent.
fn failure<E, R>(error: &SdkError<E, R>) -> Problem
where
    SdkError<E, R>: aws_sdk_secretsmanager::error::ProvideErrorMetadata,
{
    match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) => {
            Problem::Plain("Secrets Manager is unreachable")
        }
        _ => coded(error.code().unwrap_or("an unreadable error")),
    }
}

fn coded(code: &str) -> Problem {
    match code {
        "ResourceNotFoundException" => NOT_FOUND,
        // The role may not read it, or may not use its KMS key.
        "AccessDeniedException" | "UnrecognizedClientException" => Problem::Plain("access denied"),
        "DecryptionFailure" => Problem::Plain("cannot be decrypted"),
        "ThrottlingException" => Problem::Plain("throttled"),
        code => Problem::Told(format!("Secrets Manager answered {code}")),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_secretsmanager::Config;
    use aws_sdk_secretsmanager::config::retry::RetryConfig;
    use aws_sdk_secretsmanager::config::{BehaviorVersion, Credentials, Region};
    use serde_json::{Value, json};
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

    /// A value of the answer.
    fn holds(name: &str) -> Value {
        json!({
            "Name": format!("bridge/testland/{name}"),
            "SecretString": samples::json()[name].to_string(),
            "VersionId": format!("version-of-{name}"),
        })
    }

    /// An error of the answer.
    fn lacks(name: &str, code: &str) -> Value {
        json!({ "SecretId": format!("bridge/testland/{name}"), "ErrorCode": code, "Message": "hush" })
    }

    /// Fetches from a server that answers one call, which asks for all three.
    async fn fetch(answer: ResponseTemplate) -> Result<Secrets, Faults> {
        let server = MockServer::start().await;
        let ids = ["ping", "primero", "ledger"].map(|name| format!("bridge/testland/{name}"));
        Mock::given(header("x-amz-target", "secretsmanager.BatchGetSecretValue"))
            .and(body_json(json!({ "SecretIdList": ids })))
            .respond_with(answer)
            .expect(1)
            .mount(&server)
            .await;
        from_secrets_manager(&client(&server.uri()), "bridge", &deployment()).await
    }

    fn answer(values: &[Value], errors: &[Value]) -> ResponseTemplate {
        let body = json!({ "SecretValues": values, "Errors": errors });
        ResponseTemplate::new(200).set_body_json(body)
    }

    #[tokio::test]
    async fn all_three_come_in_one_call_and_each_carries_its_version() {
        // In another order than they were asked for.
        let values = ["ledger", "ping", "primero"].map(holds);
        let secrets = fetch(answer(&values, &[])).await.expect("valid secrets");
        assert_eq!(secrets.primero.user.username, "primero-bridge");
        let versions = [
            (secrets.ping.version, "version-of-ping"),
            (secrets.primero.version, "version-of-primero"),
            (secrets.ledger.version, "version-of-ledger"),
        ];
        for (version, expected) in versions {
            assert_eq!(version, Some(SecretVersion::new(expected)));
        }
    }

    #[tokio::test]
    async fn failures_name_the_secret_and_their_kind_only() {
        let short = json!({
            "Name": "bridge/testland/ledger", "SecretString": "{\"fingerprint_key\": \"hush\"}",
        });
        let errors = [
            lacks("ping", "ResourceNotFoundException"),
            lacks("primero", "AccessDeniedException"),
        ];
        let faults = fetch(answer(&[short], &errors)).await;
        let faults = faults.expect_err("three faults");
        assert_eq!(
            faults.to_string(),
            "bridge/testland/ping: not found, or without a value yet\n\
             bridge/testland/primero: access denied\n\
             bridge/testland/ledger.fingerprint_key: is shorter than 32 characters (line 1, column 2)"
        );
        assert!(!format!("{faults:?}").contains("hush"));
    }

    #[tokio::test]
    async fn other_failures_keep_their_code() {
        let bytes = json!({ "Name": "bridge/testland/ledger", "SecretBinary": "aHVzaA==" });
        let errors = [
            lacks("ping", "DecryptionFailure"),
            lacks("primero", "InternalServiceError"),
        ];
        let faults = fetch(answer(&[bytes], &errors)).await;
        assert_eq!(
            faults.expect_err("three faults").to_string(),
            "bridge/testland/ping: cannot be decrypted\n\
             bridge/testland/primero: Secrets Manager answered InternalServiceError\n\
             bridge/testland/ledger: holds no text"
        );
    }

    #[tokio::test]
    async fn a_call_that_is_refused_as_a_whole_is_each_secrets_failure() {
        let body = json!({ "__type": "AccessDeniedException", "message": "hush" });
        let refused = ResponseTemplate::new(400).set_body_json(body);
        let faults = fetch(refused).await.expect_err("three faults");
        assert_eq!(
            faults.to_string(),
            "bridge/testland/ping: access denied\n\
             bridge/testland/primero: access denied\n\
             bridge/testland/ledger: access denied"
        );
    }

    #[tokio::test]
    async fn no_answer_is_unreachable() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        let client = client(&format!("http://{address}"));
        let faults = from_secrets_manager(&client, "bridge", &deployment())
            .await
            .expect_err("no server");
        assert_eq!(faults.as_slice().len(), 3);
        let unreachable = Problem::Plain("Secrets Manager is unreachable");
        assert!(
            faults
                .as_slice()
                .iter()
                .all(|fault| fault.problem == unreachable),
            "{faults}"
        );
    }
}

//! A function's clients for AWS.
//!
//! Lambda gives a function its region and credentials as environment variables. The SDK's own way of finding them would also bring
//! along clients for every other place where a program may have them: 0.6 MiB of each function.

use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{SharedCredentialsProvider, SharedHttpClient};
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};

use crate::transport::LONGEST_IDLE;

/// The longest that one try of a call to AWS may take.
const LONGEST_TRY: Duration = Duration::from_secs(5);

/// The longest that a connection to AWS may take to be made; the SDK's own default.
const LONGEST_CONNECT: Duration = Duration::from_millis(3100);

/// The clients that a function has.
pub(super) struct Clients {
    pub(super) state: aws_sdk_dynamodb::Client,
    pub(super) secrets: aws_sdk_secretsmanager::Client,
}

impl Clients {
    /// For the region of that name; `variable` reads the environment.
    pub(super) fn new(region: String, variable: impl Fn(&str) -> Option<String>) -> Self {
        let aws = of_lambda(region);
        let mut state = aws_sdk_dynamodb::config::Builder::from(&aws);
        state.set_endpoint_url(endpoint("DYNAMODB", &variable));
        let mut secrets = aws_sdk_secretsmanager::config::Builder::from(&aws);
        secrets.set_endpoint_url(endpoint("SECRETS_MANAGER", &variable));
        Self {
            state: aws_sdk_dynamodb::Client::from_conf(state.build()),
            secrets: aws_sdk_secretsmanager::Client::from_conf(secrets.build()),
        }
    }
}

fn of_lambda(region: String) -> SdkConfig {
    // AWS answers in milliseconds; a connection that never does must not outlive the run.
    let answers_soon = TimeoutConfig::builder()
        .connect_timeout(LONGEST_CONNECT)
        .operation_attempt_timeout(LONGEST_TRY);
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(
            EnvironmentVariableCredentialsProvider::new(),
        ))
        .timeout_config(answers_soon.build())
        .http_client(http_client())
        .build()
}

/// Like the SDK's own, but for how long a connection is kept idle: a thawed function must not write into one that AWS has closed.
fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .pool_idle_timeout(LONGEST_IDLE)
        .tls_provider(tls::Provider::Rustls(CryptoMode::AwsLc))
        .build_https()
}

/// Where a service is, if not at AWS: by the two variables that every AWS tool reads, the service's own first.
fn endpoint(service: &str, variable: &impl Fn(&str) -> Option<String>) -> Option<String> {
    variable(&format!("AWS_ENDPOINT_URL_{service}")).or_else(|| variable("AWS_ENDPOINT_URL"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint_of(service: &str, set: &[(&str, &str)]) -> Option<String> {
        endpoint(service, &|name: &str| {
            set.iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_service_is_at_its_own_address_else_at_that_of_all_else_at_aws() {
        let own = ("AWS_ENDPOINT_URL_DYNAMODB", "http://own");
        let of_all = ("AWS_ENDPOINT_URL", "http://all");
        assert_eq!(
            endpoint_of("DYNAMODB", &[own, of_all]).as_deref(),
            Some("http://own")
        );
        assert_eq!(
            endpoint_of("SECRETS_MANAGER", &[own, of_all]).as_deref(),
            Some("http://all")
        );
        assert_eq!(endpoint_of("SECRETS_MANAGER", &[own]), None);
    }

    #[test]
    fn a_call_gives_up_within_seconds_and_keeps_no_connection_for_long() {
        let aws = of_lambda("eu-west-1".to_owned());
        let timeouts = aws.timeout_config().expect("they are set");
        assert_eq!(timeouts.operation_attempt_timeout(), Some(LONGEST_TRY));
        assert_eq!(timeouts.connect_timeout(), Some(LONGEST_CONNECT));
        assert_eq!(aws.region().map(Region::as_ref), Some("eu-west-1"));
    }
}

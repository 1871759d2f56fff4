//! The gate to proGres against the simulated PING, and against forged answers where none would be honest.

mod bad_input;
mod confirmation;
mod ingestion;
mod retrieval;
mod sign_in;

use sandbox::faults::{Fault, Rule, Target};
use sandbox::journal;
use sandbox::ping::PingOptions;
use sandbox::shape::Shape;
use sandbox::{Sandbox, SandboxOptions};
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::domain::ids::InterventionId;
use crate::domain::pii::Pii;
use crate::profile::Profile;
use crate::transport::http_client;
use crate::transport::testing::run_of;

const RETRIEVAL: &str = "/primes/fetch/paging/v3/retrievedatawithpaging";

/// A client, and the simulated PING that it talks to.
struct Bridge {
    client: PingClient,
    sandbox: Sandbox,
}

impl Bridge {
    async fn start() -> Self {
        Self::to(PingOptions::default()).await
    }

    async fn to(ping: PingOptions) -> Self {
        let options = SandboxOptions {
            ping,
            ..SandboxOptions::default()
        };
        let sandbox = Sandbox::start(options).await.unwrap();
        let client = client(secret(&sandbox));
        Self { client, sandbox }
    }

    fn requests(&self, route: &str) -> usize {
        let traffic = self.sandbox.traffic().ping;
        let counts = traffic.by_route.iter();
        counts
            .filter(|(name, _)| name.contains(route))
            .map(|(_, count)| count)
            .sum()
    }

    /// Every answer to this shipping process comes in another shape.
    fn shape(&self, process: &str, shape: &Shape) {
        let shape = Fault::OtherShape {
            shape: shape.clone(),
        };
        let on = Target::Containing(process.to_owned());
        let rule = Rule::always(on, shape);
        self.sandbox.faults(journal::System::Ping).add(rule);
    }

    /// Refers `count` interventions of two rows each.
    fn refer(&self, count: u128) -> Vec<InterventionId> {
        let ids = (1..=count).map(|n| InterventionId::new(uuid::Uuid::from_u128(n)));
        ids.inspect(|id| {
            let row = |language: &str| {
                json!({
                    "progres_lpinterventionid": id.to_string(),
                    "progres_individual.individuals.progres_id": format!("803-{id}"),
                    "progres_language.progres_languagecodeidname": language,
                })
            };
            self.sandbox
                .ping
                .refer(vec![row("Nuer"), row("Bari")])
                .unwrap();
        })
        .collect()
    }
}

fn secret(sandbox: &Sandbox) -> PingSecret {
    let secrets = sandbox.secrets();
    let text = |key: &str| secrets["ping"][key].as_str().unwrap().to_owned();
    PingSecret {
        base_url: text("base_url"),
        token_url: text("token_url"),
        client_id: text("client_id"),
        username: text("username"),
        password: text("password").into(),
        scope: text("scope"),
        subscription_key: text("subscription_key").into(),
        version: None,
    }
}

fn settings() -> PingSettings {
    let profile = include_str!("../../../../infra/profiles/gambella.toml");
    Profile::parse(profile).unwrap().ping
}

fn client(secret: PingSecret) -> PingClient {
    client_with(secret, settings())
}

fn client_with(secret: PingSecret, settings: PingSettings) -> PingClient {
    let (_, conditions) = run_of(900);
    PingClient::new(http_client().unwrap(), secret, settings, conditions)
}

/// A forged PING that grants a token and answers every other call with this.
async fn answering(answer: ResponseTemplate) -> (PingClient, MockServer) {
    let server = granting().await;
    Mock::given(method("POST"))
        .respond_with(answer)
        .with_priority(9)
        .mount(&server)
        .await;
    (client(forged_secret(&server)), server)
}

async fn granting() -> MockServer {
    let server = MockServer::start().await;
    let granted =
        json!({ "access_token": "a-token", "token_type": "Bearer", "expires_in": "3600" });
    Mock::given(path("/token"))
        .respond_with(ResponseTemplate::new(200).set_body_json(granted))
        .with_priority(1)
        .mount(&server)
        .await;
    server
}

fn forged_secret(server: &MockServer) -> PingSecret {
    PingSecret {
        base_url: server.uri(),
        token_url: format!("{}/token", server.uri()),
        client_id: "client".to_owned(),
        username: "bridge".to_owned(),
        password: "password".into(),
        scope: "scope".to_owned(),
        subscription_key: "key".into(),
        version: None,
    }
}

fn ok(body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

fn stop<T: std::fmt::Debug>(result: Result<T, GateError>) -> Stop {
    match result {
        Err(GateError::Run(stop)) => stop,
        other => panic!("{other:?}"),
    }
}

/// A field with a value, as a submission takes it.
fn field(name: &'static str, text: &str) -> (&'static str, FieldValue) {
    (name, Some(Pii::new(text.to_owned())))
}

/// Reads the list of pending referrals whole.
async fn pending(client: &PingClient) -> Result<Vec<Row>, GateError> {
    let mut rows = Vec::new();
    let mut pages = client.pending_referrals();
    while let Some(page) = pages.next(|row| row).await? {
        rows.extend(page);
    }
    Ok(rows)
}

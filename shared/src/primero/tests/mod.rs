//! The gate to Primero against the simulated one, and against forged answers where none would be honest.

mod asking;
mod at_once;
mod bad_input;
mod changes;
mod look_up;
mod odd_rows;
mod referrals;
mod sign_in;
mod writes;

use std::collections::HashMap;
use std::sync::Arc;

use sandbox::primero::{DEFAULT_PASSWORD, FormSet, PrimeroOptions, ReleaseLine};
use sandbox::{FrontLimits, Sandbox, SandboxOptions};
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::clock::VirtualClock;
use crate::domain::ids::CaseRecordId;
use crate::domain::pii::Pii;
use crate::profile::Profile;
use crate::secrets::PrimeroAuth;
use crate::transport::http_client;
use crate::transport::testing::run_of;

/// The simulated API user that may do what the bridge does.
const API: &str = "bridge_api";

/// A client, and the simulated Primero that it talks to.
struct Bridge {
    client: PrimeroClient,
    sandbox: Sandbox,
}

impl Bridge {
    async fn start() -> Self {
        Self::signing_in(PrimeroAuth::Basic, ReleaseLine::B).await
    }

    /// After a first call, so that what is lost is repeated.
    async fn signed_in() -> Self {
        let bridge = Self::start().await;
        bridge.client.choose_control(true).await.unwrap();
        bridge
    }

    async fn signing_in(auth: PrimeroAuth, release: ReleaseLine) -> Self {
        let primero = PrimeroOptions {
            forms: FormSet::Exchange,
            release,
            ..PrimeroOptions::default()
        };
        let options = SandboxOptions {
            primero,
            primero_limits: FrontLimits {
                requests_a_second: None,
                ..FrontLimits::NGINX
            },
            ..SandboxOptions::default()
        };
        let sandbox = Sandbox::start(options).await.unwrap();
        let client = client(&sandbox.primero_url(), auth, API, DEFAULT_PASSWORD);
        Self { client, sandbox }
    }

    /// Another client of the same Primero.
    fn client_as(&self, auth: PrimeroAuth, user: &str, password: &str) -> PrimeroClient {
        client(&self.sandbox.primero_url(), auth, user, password)
    }

    /// Puts a case in, without a request.
    fn insert(&self, case: Value) -> CaseRecordId {
        let id = self.sandbox.primero.insert_case(case).unwrap();
        id.parse().unwrap()
    }

    /// A child's case, and the control entry chosen.
    async fn with_child(self, individual_no: &str) -> (Self, CaseRecordId) {
        let id = self.insert(child(individual_no));
        self.client.choose_control(false).await.unwrap();
        (self, id)
    }

    fn requests(&self, route: &str) -> usize {
        let traffic = self.sandbox.traffic().primero;
        traffic.by_route.get(route).copied().unwrap_or_default()
    }
}

fn child(individual_no: &str) -> Value {
    json!({
        "module_id": "primeromodule-cp",
        "status": "open",
        "unhcr_individual_no": individual_no,
    })
}

fn client(url: &str, auth: PrimeroAuth, user: &str, password: &str) -> PrimeroClient {
    client_and_clock(url, auth, user, password).0
}

fn client_and_clock(
    url: &str,
    auth: PrimeroAuth,
    user: &str,
    password: &str,
) -> (PrimeroClient, Arc<VirtualClock>) {
    let secret = PrimeroSecret {
        url: url.to_owned(),
        auth,
        user: PrimeroUser {
            username: user.to_owned(),
            password: password.into(),
        },
        users: HashMap::new(),
        version: None,
    };
    let profile = include_str!("../../../../infra/profiles/gambella.toml");
    let settings = Profile::parse(profile).unwrap().primero;
    let (clock, conditions) = run_of(900);
    let client = PrimeroClient::new(
        http_client().unwrap(),
        &secret,
        &secret.user,
        settings,
        conditions,
    );
    (client, clock)
}

/// A forged Primero that answers every list of cases with this.
async fn answering(answer: ResponseTemplate) -> (PrimeroClient, MockServer) {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/api/v2/cases"))
        .respond_with(answer)
        .mount(&server)
        .await;
    let client = client(&server.uri(), PrimeroAuth::Basic, API, DEFAULT_PASSWORD);
    (client, server)
}

/// A page of a list.
fn page(rows: &[Value], total: usize) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(
        json!({ "data": rows, "metadata": { "total": total, "per": 1000, "page": 1 } }),
    )
}

fn number(text: &str) -> Pii<String> {
    Pii::new(text.to_owned())
}

fn stop<T: std::fmt::Debug>(result: Result<T, GateError>) -> Stop {
    match result {
        Err(GateError::Run(stop)) => stop,
        other => panic!("{other:?}"),
    }
}

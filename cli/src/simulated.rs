//! An installation whose two systems are simulated, for `demo` and `bench`.

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use referral_bridge::clock::SystemClock;
use referral_bridge::deadline::StopSignal;
use referral_bridge::engine::Request;
use referral_bridge::entropy::Entropy;
use referral_bridge::profile::Profile;
use referral_bridge::secrets::Secrets;
use referral_bridge::store::table;
use referral_bridge::transport::http_client;
use referral_bridge::workflows::Installation;
use serde_json::{Value, json};

pub const TABLE: &str = "referral-bridge";
/// The sample and the generated records are made for this deployment.
const PROFILE: &str = include_str!("../../infra/profiles/gambella.toml");
/// Keys the fingerprints of invented records only, for as long as the process runs.
const FINGERPRINT_KEY: &str = "fingerprints of invented records only";

/// An ordinary run; the ledger of invented records is rightly empty.
pub fn first_run() -> Request {
    Request {
        first_run: true,
        ..Request::default()
    }
}

/// Joins the simulated systems, of which `secrets` come without the ledger's key, to a state table that is made if need be.
pub async fn installation(secrets: &Value, state: Client) -> anyhow::Result<Installation> {
    table::ensure(&state, TABLE).await?;
    let mut secrets = secrets.as_object().cloned().unwrap_or_default();
    secrets.insert(
        "ledger".to_owned(),
        json!({ "fingerprint_key": FINGERPRINT_KEY }),
    );
    Ok(Installation {
        profile: Profile::parse(PROFILE)?,
        secrets: Secrets::from_json(secrets)?,
        state,
        table: TABLE.to_owned(),
        http: http_client()?,
        alone: false,
        stop: StopSignal::default(),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(Entropy::from_system()),
    })
}

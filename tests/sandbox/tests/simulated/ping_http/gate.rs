//! A client of the simulated PING, and the bodies it sends.

use reqwest::StatusCode;
use sandbox::ping::PingOptions;
use sandbox::{Sandbox, SandboxOptions};
use serde_json::{Value, json};
use uuid::Uuid;

pub const RETRIEVAL: &str = "/primes/fetch/paging/v3/retrievedatawithpaging";
pub const CHECK: &str = "/primes/ingestion/checkstatus/v1/pingdata";
pub const DATA: &str = "/api/ingestion/v2/PNR-1363/data";
pub const ASYNC_DATA: &str = "/api/ingestion/v2/PNR-1363/asyncdata";

pub struct Gate {
    pub sandbox: Sandbox,
    http: reqwest::Client,
    token: String,
}

impl Gate {
    pub async fn open(ping: PingOptions) -> Self {
        let options = SandboxOptions {
            ping,
            ..SandboxOptions::default()
        };
        let sandbox = Sandbox::start(options).await.unwrap();
        let http = reqwest::Client::new();
        let mut gate = Self {
            sandbox,
            http,
            token: String::new(),
        };
        gate.sign_in().await;
        gate
    }

    pub async fn sign_in(&mut self) {
        let (status, answer) = self.ask_token("simulated-ping-password").await;
        assert_eq!(status, StatusCode::OK);
        answer["access_token"]
            .as_str()
            .unwrap()
            .clone_into(&mut self.token);
    }

    pub async fn ask_token(&self, password: &str) -> (StatusCode, Value) {
        let ping = &self.sandbox.secrets()["ping"];
        let form = [
            ("grant_type", "password"),
            ("response_type", "token"),
            ("username", ping["username"].as_str().unwrap()),
            ("password", password),
            ("client_id", ping["client_id"].as_str().unwrap()),
            ("scope", ping["scope"].as_str().unwrap()),
        ];
        let token_url = ping["token_url"].as_str().unwrap();
        let answer = self.http.post(token_url).form(&form).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    pub async fn send(&self, path: &str, body: &Value) -> reqwest::Result<reqwest::Response> {
        self.http
            .post(format!("{}{path}", self.sandbox.ping_url()))
            .bearer_auth(&self.token)
            .header("Ocp-Apim-Subscription-Key", "simulated-subscription-key")
            .json(body)
            .send()
            .await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Value {
        let answer = self.send(path, body).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.unwrap()
    }

    /// All rows of a retrieval, page by page.
    pub async fn all(&self, body: Value) -> Vec<Value> {
        let mut body = body;
        let mut rows = Vec::new();
        loop {
            let answer = self.post(RETRIEVAL, &body).await;
            rows.extend(answer["Data"].as_array().cloned().unwrap_or_default());
            let paging = &answer["PagingSummary"];
            if paging["IsMoreRecordsAvailable"] != true {
                return rows;
            }
            body["PagingCookie"] = paging["PagingCookie"].clone();
            body["PageNumber"] = json!(paging["PageNumber"].as_u64().unwrap() + 1);
        }
    }

    pub async fn report(&self, intervention: &str, status: &str) -> Value {
        self.post(
            "/api/ingestion/v2/PNR-1363/data",
            &status_write(intervention, status),
        )
        .await
    }
}

pub fn retrieval(process: &str) -> Value {
    json!({
        "ShippingProcessId": process,
        "PartnerId": "PNR-1363",
        "InteropID": "INT-1436",
        "APIVersion": "V3",
        "QueryParameters": [],
    })
}

pub fn details(ids: &[String]) -> Value {
    details_of("SHP-2358", ids)
}

pub fn details_of(process: &str, ids: &[String]) -> Value {
    let mut body = retrieval(process);
    let value = format!("[{}]", ids.join(","));
    body["QueryParameters"] = json!([{ "ParameterName": "{record_ids}", "Value": value }]);
    body
}

pub fn status_write(intervention: &str, status: &str) -> Value {
    json!({
        "ShippingProcessId": "SHP-2748",
        "InteropId": "INT-1436",
        "Data": [{
            "ExternalId": "f59e880e-d58f-4b68-ba6e-e0616a49aefd",
            "Fields": [
                { "Name": "progres_lpinterventionid", "Value": intervention },
                { "Name": "progres_primerotransferstatus", "Value": status },
                { "Name": "progres_primerotransferstatusdate", "Value": "2026-11-23" },
                { "Name": "progres_primerocaseworker", "Value": null },
            ],
        }],
    })
}

/// A status write with a comment.
pub fn decision_write(intervention: &str, status: &str, comment: &str) -> Value {
    let mut body = status_write(intervention, status);
    body["Data"][0]["Attachments"] = json!([{ "Comment": comment }]);
    body
}

pub fn submission(service: &str) -> Value {
    let field = |name: &str, value: &str| json!({ "Name": name, "Value": value });
    json!({
        "ShippingProcessId": "SHP-2731",
        "InteropID": "INT-1436",
        "APIVersion": "V2",
        "Data": [{
            "ExternalId": "case-1",
            "ExternalGUID": "406b539a-e662-425e-810b-47e4fa7da496",
            "Fields": [
                field("progres_offlineid", "case-1"),
                field("progres_businessunit", "577ccdf6-86de-e811-80d8-001dd8b71fe3"),
                field("progres_organizationfrom", "c00582a6-d8f6-f011-8406-6045bd8ea5fb"),
                field("progres_orgreferralid", service),
                field("progres_requestedservice", "f98e1516-0406-e611-80d9-00155d34051a"),
            ],
        }],
    })
}

/// `count` interventions of two rows each; answers their ids.
pub fn refer(gate: &Gate, count: u128) -> Vec<String> {
    let ids: Vec<String> = (1..=count)
        .map(|n| Uuid::from_u128(n).to_string())
        .collect();
    for id in &ids {
        let row = |language: &str| {
            json!({
                "progres_lpinterventionid": id,
                "progres_interventionnumber": format!("803-26-PRTITV-{id}"),
                "progres_individual.individuals.progres_id": "803-1",
                "progres_language.progres_languagecodeidname": language,
            })
        };
        gate.sandbox
            .ping
            .refer(vec![row("Nuer"), row("Bari")])
            .unwrap();
    }
    ids
}

pub fn error_of(answer: &Value) -> &str {
    answer["ErrorMessage"].as_str().unwrap()
}

/// The body of a checkstatus call about an ingestion answer.
pub fn check(process: &str, answer: &Value) -> Value {
    json!({
        "ShippingProcessId": process,
        "InteropID": "INT-1436",
        "PartnerId": "PNR-1363",
        "SPHTransactionId": answer["SPHTransactionId"],
    })
}

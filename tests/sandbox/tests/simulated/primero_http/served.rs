//! A server on a free port of this machine, and the shortest way to ask it something.

use reqwest::{Client, Method, RequestBuilder};
use sandbox::primero::{DEFAULT_PASSWORD, FormSet, Primero, PrimeroOptions};
use serde_json::{Value, json};

/// A running server.
pub struct Served {
    pub primero: Primero,
    pub base: String,
    pub client: Client,
}

/// A response, read.
pub struct Got {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub text: String,
}

impl Got {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// `metadata.total` of a listing.
    pub fn total(&self) -> u64 {
        self.json()["metadata"]["total"].as_u64().unwrap()
    }
}

impl Served {
    pub async fn start(options: PrimeroOptions) -> Self {
        let primero = Primero::new(options);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = primero.router();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            primero,
            base,
            client: Client::new(),
        }
    }

    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub async fn get(&self, user: &str, path: &str) -> Got {
        send(
            self.request("GET", path)
                .basic_auth(user, Some(DEFAULT_PASSWORD)),
        )
        .await
    }

    pub async fn write(&self, user: &str, method: &str, path: &str, body: &Value) -> Got {
        let request = self
            .request(method, path)
            .basic_auth(user, Some(DEFAULT_PASSWORD));
        send(request.json(body)).await
    }
}

pub async fn send(request: RequestBuilder) -> Got {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let pair = |(key, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
        (key.to_string(), value.to_str().unwrap().to_owned())
    };
    let headers = response.headers().iter().map(pair).collect();
    Got {
        status,
        headers,
        text: response.text().await.unwrap(),
    }
}

/// The module whose cases have the forms.
pub const CP: &str = "primeromodule-cp";
/// A user who sees and writes everything.
pub const API: &str = "api_unicef";

pub async fn standard() -> Served {
    Served::start(PrimeroOptions::default()).await
}

pub async fn exchange() -> Served {
    Served::start(PrimeroOptions {
        forms: FormSet::Exchange,
        ..Default::default()
    })
    .await
}

impl Served {
    /// A case that an API user makes; its id.
    pub async fn case(&self, mut fields: Value) -> String {
        fields["module_id"] = json!(CP);
        let made = self
            .write(API, "POST", "/api/v2/cases", &json!({ "data": fields }))
            .await;
        assert_eq!(made.status, 200, "{}", made.text);
        made.json()["data"]["id"].as_str().unwrap().to_owned()
    }

    pub async fn patch(&self, id: &str, fields: Value) -> Got {
        let path = format!("/api/v2/cases/{id}");
        self.write(API, "PATCH", &path, &json!({ "data": fields }))
            .await
    }

    pub async fn show(&self, id: &str) -> Value {
        self.get(API, &format!("/api/v2/cases/{id}")).await.json()["data"].take()
    }
}

pub fn service(notes: &str) -> Value {
    json!({ "services_section": [{ "service_type": "food_service", "service_referral_notes": notes }] })
}

pub fn rows(case: &Value) -> usize {
    case["services_section"].as_array().map_or(0, Vec::len)
}

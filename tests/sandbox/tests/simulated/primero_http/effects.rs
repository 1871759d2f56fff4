//! Which requests tell the layers around the server that they changed something.

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use sandbox::journal::Effect;
use sandbox::primero::{DEFAULT_PASSWORD, Primero};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of effects that a layer around the router saw for some requests.
async fn effects_of(requests: &[(&str, &str, Value)]) -> usize {
    let seen = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&seen);
    let count = from_fn(move |request: Request, next: Next| {
        let counter = Arc::clone(&counter);
        async move {
            let response: Response = next.run(request).await;
            let changed = response.extensions().get::<Effect>().is_some();
            counter.fetch_add(usize::from(changed), Ordering::SeqCst);
            response
        }
    });
    let router = Primero::default().router().layer(count);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let client = reqwest::Client::new();
    for (method, path, body) in requests {
        let request = client.request(method.parse().unwrap(), format!("{base}{path}"));
        let request = request.basic_auth("api_unicef", Some(DEFAULT_PASSWORD));
        request.json(body).send().await.unwrap();
    }
    seen.load(Ordering::SeqCst)
}

#[tokio::test]
async fn a_write_is_an_effect() {
    let id = "cccccccc-0000-4000-8000-000000000001";
    let create = ("POST", "/api/v2/cases", json!({ "data": { "id": id } }));
    let of_the_case = format!("/api/v2/cases/{id}");
    let close = (
        "PATCH",
        of_the_case.as_str(),
        json!({ "data": { "status": "closed" } }),
    );

    assert_eq!(effects_of(&[create, close]).await, 2);
}

#[tokio::test]
async fn a_read_and_a_refused_write_are_none() {
    let list = ("GET", "/api/v2/cases", Value::Null);
    let refused = (
        "POST",
        "/api/v2/cases",
        json!({ "data": { "module_id": "no such module" } }),
    );

    assert_eq!(effects_of(&[list, refused]).await, 0);
}

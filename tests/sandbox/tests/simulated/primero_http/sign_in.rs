//! Sign-in beyond what the recording shows.

use super::served::{Got, Served, send};
use jiff::SignedDuration;
use sandbox::primero::{DEFAULT_PASSWORD, PrimeroOptions, ReleaseLine};
use serde_json::{Value, json};

/// A session as a careful client keeps it.
struct Session {
    cookie: String,
    csrf: String,
}

impl Session {
    async fn begin(served: &Served) -> Self {
        let mut session = Self {
            cookie: String::new(),
            csrf: String::new(),
        };
        session
            .send(served, "GET", "/api/v2/identity_providers", &Value::Null)
            .await;
        session
    }

    async fn log_in(&mut self, served: &Served, user: &str) -> Got {
        let body = json!({ "user": { "user_name": user, "password": DEFAULT_PASSWORD } });
        self.send(served, "POST", "/api/v2/tokens", &body).await
    }

    async fn create(&mut self, served: &Served) -> Got {
        let body = json!({ "data": { "module_id": "primeromodule-cp", "name_first": "Ayan" } });
        self.send(served, "POST", "/api/v2/cases", &body).await
    }

    async fn send(&mut self, served: &Served, method: &str, path: &str, body: &Value) -> Got {
        let request = served.request(method, path).header("cookie", &self.cookie);
        let got = send(request.header("x-csrf-token", &self.csrf).json(body)).await;
        for (_, cookie) in got.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            match name {
                "CSRF-TOKEN" => {
                    self.csrf = value
                        .replace("%2B", "+")
                        .replace("%2F", "/")
                        .replace("%3D", "=");
                }
                _ => self.cookie = format!("{name}={value}"),
            }
        }
        got
    }
}

#[tokio::test]
async fn a_session_writes_only_after_it_read_the_new_csrf_token() {
    let served = Served::start(PrimeroOptions::default()).await;
    let mut session = Session::begin(&served).await;
    assert_eq!(session.log_in(&served, "worker1").await.status, 200);
    let with_the_old_token = session.create(&served).await;

    session
        .send(&served, "GET", "/api/v2/cases?per=1", &Value::Null)
        .await;
    let with_the_new_token = session.create(&served).await;

    assert_eq!(
        (with_the_old_token.status, with_the_new_token.status),
        (403, 200)
    );
}

#[tokio::test]
async fn a_second_login_of_a_user_ends_the_first_session() {
    let served = Served::start(PrimeroOptions::default()).await;
    let (mut first, mut second) = (Session::begin(&served).await, Session::begin(&served).await);
    first.log_in(&served, "worker1").await;
    second.log_in(&served, "worker1").await;

    let answer = first
        .send(&served, "GET", "/api/v2/cases", &Value::Null)
        .await;

    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn a_session_ends_after_an_hour() {
    let served = Served::start(PrimeroOptions::default()).await;
    let mut session = Session::begin(&served).await;
    session.log_in(&served, "worker1").await;
    served
        .primero
        .set_clock_offset(SignedDuration::from_mins(61));

    let answer = session
        .send(&served, "GET", "/api/v2/cases", &Value::Null)
        .await;

    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn basic_calls_get_no_cookies() {
    let served = Served::start(PrimeroOptions::default()).await;

    let answer = served.get("worker1", "/api/v2/cases").await;

    assert_eq!((answer.status, answer.header("set-cookie")), (200, None));
}

#[tokio::test]
async fn an_older_release_takes_a_token_and_nothing_else() {
    let release = ReleaseLine::Older;
    let served = Served::start(PrimeroOptions {
        release,
        ..Default::default()
    })
    .await;
    let body = json!({ "user": { "user_name": "api_unicef", "password": DEFAULT_PASSWORD } });
    let login = send(served.request("POST", "/api/v2/tokens").json(&body))
        .await
        .json();
    let token = login["token"].as_str().unwrap();
    assert_eq!(token.split('.').count(), 3, "a JWT has three parts");

    let with_token = send(served.request("GET", "/api/v2/cases").bearer_auth(token)).await;
    let with_basic = served.get("api_unicef", "/api/v2/cases").await;

    assert_eq!((with_token.status, with_basic.status), (200, 401));
}

#[tokio::test]
async fn newer_releases_put_no_token_into_the_body() {
    let served = Served::start(PrimeroOptions::default()).await;
    let mut session = Session::begin(&served).await;

    let login = session.log_in(&served, "worker1").await;

    assert_eq!(login.json().get("token"), None);
}

#[tokio::test]
async fn six_wrong_passwords_lock_the_account_for_half_an_hour() {
    let served = Served::start(PrimeroOptions::default()).await;
    for _ in 0..6 {
        let request = served.request("GET", "/api/v2/cases");
        assert_eq!(
            send(request.basic_auth("lockme", Some("wrong")))
                .await
                .status,
            401
        );
    }

    let locked = served.get("lockme", "/api/v2/cases").await;
    served
        .primero
        .set_clock_offset(SignedDuration::from_mins(31));
    let later = served.get("lockme", "/api/v2/cases").await;

    assert_eq!((locked.status, later.status), (401, 200));
    assert_eq!(
        locked.json(),
        json!({ "error": "Invalid user name or password." })
    );
}

#[tokio::test]
async fn five_wrong_passwords_do_not_lock() {
    let served = Served::start(PrimeroOptions::default()).await;
    for _ in 0..5 {
        let request = served.request("GET", "/api/v2/cases");
        send(request.basic_auth("lockme", Some("wrong"))).await;
    }

    assert_eq!(served.get("lockme", "/api/v2/cases").await.status, 200);
}

#[tokio::test]
async fn a_seventh_login_within_a_minute_is_put_off_for_that_name_only() {
    let served = Served::start(PrimeroOptions::default()).await;
    let mut session = Session::begin(&served).await;
    for _ in 0..6 {
        assert_eq!(session.log_in(&served, "reader").await.status, 200);
        session
            .send(&served, "GET", "/api/v2/cases?per=1", &Value::Null)
            .await;
    }

    let seventh = session.log_in(&served, "reader").await;
    let other_name = Session::begin(&served)
        .await
        .log_in(&served, "worker1")
        .await;
    served
        .primero
        .set_clock_offset(SignedDuration::from_secs(61));
    let after_a_minute = Session::begin(&served)
        .await
        .log_in(&served, "reader")
        .await;

    assert_eq!(
        (seventh.status, seventh.text.as_str()),
        (429, "Retry later\n")
    );
    assert_eq!((other_name.status, after_a_minute.status), (200, 200));
}

#[tokio::test]
async fn a_write_without_any_sign_in_lacks_its_csrf_token() {
    let served = Served::start(PrimeroOptions::default()).await;

    let answer = send(
        served
            .request("POST", "/api/v2/cases")
            .json(&json!({ "data": {} })),
    )
    .await;

    assert_eq!(answer.status, 403);
}

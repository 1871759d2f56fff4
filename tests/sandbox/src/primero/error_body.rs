//! The shapes in which Primero says no.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

/// Why a request was refused; each becomes one status and one body.
#[derive(Clone, Debug)]
pub(super) enum Refusal {
    /// 401 `{"error":…}`.
    NotSignedIn,
    /// 401 as well: wrong name, wrong password and a locked account look the same.
    WrongPassword,
    /// 403 `{"errors":[…]}`.
    Forbidden,
    /// 403: a write in a session without the current CSRF token.
    CsrfMissing,
    /// 404 with the kind of record and the id asked for.
    NoSuchRecord { kind: &'static str, id: String },
    /// 404 with an empty HTML body: no such route.
    NoSuchRoute,
    /// 409: the id is taken.
    Conflict,
    /// 422: `detail` and `message` are each a text or a list.
    Invalid { detail: Value, message: Value },
    /// 422: no `data` in the body.
    DataMissing,
    /// 429 in plain text.
    TooManySignIns,
    /// 500 for a body that is not JSON.
    BrokenJson,
    /// 500 with the server's own words.
    ServerError(String),
}

impl Refusal {
    /// 422 that points at fields by path (`/age`, `/services_section/0/service_type`).
    pub(super) fn invalid_fields(paths: &[String]) -> Self {
        Self::Invalid {
            detail: json!(paths),
            message: json!("Invalid Record JSON"),
        }
    }

    /// 422 of a rule of the record: the field as a text, the message in a list.
    pub(super) fn broken_rule(field: &str, message: &str) -> Self {
        Self::Invalid {
            detail: json!(field),
            message: json!([message]),
        }
    }

    /// True when the answer must not carry a fresh CSRF cookie.
    pub(super) fn ends_session(&self) -> bool {
        matches!(
            self,
            Self::NotSignedIn | Self::WrongPassword | Self::TooManySignIns
        )
    }

    pub(super) fn respond(&self, resource: &str) -> Response {
        match self {
            Self::NotSignedIn => unauthorized("You need to sign in or sign up before continuing."),
            Self::WrongPassword => unauthorized("Invalid user name or password."),
            Self::Forbidden => errors(403, resource, None, &json!("Forbidden")),
            Self::CsrfMissing => errors(
                403,
                resource,
                None,
                &json!("Can't verify CSRF token authenticity."),
            ),
            Self::NoSuchRecord { kind, id } => {
                let detail = json!(format!("Couldn't find {kind} with 'id'=\"{id}\""));
                errors(404, resource, Some(&detail), &json!("Not Found"))
            }
            Self::NoSuchRoute => typed(404, "text/html; charset=utf-8", Body::empty()),
            Self::Conflict => {
                let message = json!("Conflict: A record with this id already exists");
                errors(409, resource, None, &message)
            }
            Self::Invalid { detail, message } => errors(422, resource, Some(detail), message),
            Self::DataMissing => {
                let message = json!("param is missing or the value is empty or invalid: data");
                errors(422, resource, None, &message)
            }
            Self::TooManySignIns => typed(429, "text/plain", Body::from("Retry later\n")),
            Self::BrokenJson => {
                let message = json!("Error occurred while parsing request parameters");
                errors(500, resource, None, &message)
            }
            Self::ServerError(message) => errors(500, resource, None, &json!(message)),
        }
    }
}

/// A JSON answer with Primero's content type.
pub(super) fn json_response(status: u16, body: &Value) -> Response {
    typed(
        status,
        "application/json; charset=utf-8",
        Body::from(body.to_string()),
    )
}

/// An answer without a body and without a content type.
pub(super) fn empty_response(status: u16) -> Response {
    with_status(status, Response::new(Body::empty()))
}

fn unauthorized(message: &str) -> Response {
    let mut response = json_response(401, &json!({ "error": message }));
    let scheme = HeaderValue::from_static("Bearer realm=\"Primero\" charset=\"UTF8\"");
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, scheme);
    response
}

fn errors(status: u16, resource: &str, detail: Option<&Value>, message: &Value) -> Response {
    let mut error = json!({ "status": status, "resource": resource });
    if let Some(detail) = detail {
        error["detail"] = detail.clone();
    }
    error["message"] = message.clone();
    json_response(status, &json!({ "errors": [error] }))
}

fn typed(status: u16, content_type: &'static str, body: Body) -> Response {
    let mut response = with_status(status, Response::new(body));
    let content_type = HeaderValue::from_static(content_type);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    response
}

fn with_status(status: u16, mut response: Response) -> Response {
    *response.status_mut() = StatusCode::from_u16(status).expect("a status of three digits");
    response
}

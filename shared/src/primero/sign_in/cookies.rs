//! The cookies of one session, one of which is its CSRF token.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use reqwest::RequestBuilder;
use reqwest::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};

const CSRF_COOKIE: &str = "CSRF-TOKEN";
const CSRF_HEADER: &str = "X-CSRF-Token";

/// Cookies by name, the newest of each.
#[derive(Default)]
pub struct Cookies(Mutex<BTreeMap<String, String>>);

impl Cookies {
    /// Takes what an answer sets. An answer without cookies changes nothing.
    pub fn take(&self, headers: &HeaderMap) {
        let mut cookies = self.lock();
        for cookie in headers.get_all(SET_COOKIE) {
            let pair = cookie.to_str().ok().and_then(|text| text.split(';').next());
            if let Some((name, value)) = pair.and_then(|pair| pair.split_once('=')) {
                cookies.insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
    }

    /// Adds the cookies and the current CSRF token. Reads do not need the token and do not mind it.
    pub fn sign(&self, mut request: RequestBuilder) -> RequestBuilder {
        let cookies = self.lock();
        let pairs: Vec<String> = cookies.iter().map(|(k, v)| format!("{k}={v}")).collect();
        if let Some(value) = confidential(&pairs.join("; ")) {
            request = request.header(COOKIE, value);
        }
        match csrf_token(&cookies) {
            Some(value) => request.header(CSRF_HEADER, value),
            None => request,
        }
    }

    /// Whether a write can be signed: there is a CSRF token, and something besides it that says who we are.
    pub fn are_complete(&self) -> bool {
        let cookies = self.lock();
        csrf_token(&cookies).is_some() && cookies.len() > 1
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock().expect("no holder of this lock panics")
    }
}

fn csrf_token(cookies: &BTreeMap<String, String>) -> Option<HeaderValue> {
    confidential(&url_decoded(cookies.get(CSRF_COOKIE)?)?)
}

/// A header that no `Debug` shows; none for a text that no header can hold, or that is empty.
fn confidential(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text)
        .ok()
        .filter(|value| !value.is_empty())?;
    value.set_sensitive(true);
    Some(value)
}

/// The text with `%2B` read as `+` and so on; a `+` stays one, as in any cookie.
fn url_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = after
            .get(..2)
            .filter(|code| byte == b'%' && code.iter().all(u8::is_ascii_hexdigit));
        let decoded = code.and_then(|code| u8::from_str_radix(str::from_utf8(code).ok()?, 16).ok());
        bytes.push(decoded.unwrap_or(byte));
        rest = if decoded.is_some() {
            &after[2..]
        } else {
            after
        };
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookies(set: &[&'static str]) -> Cookies {
        let cookies = Cookies::default();
        let pairs = set
            .iter()
            .map(|text| (SET_COOKIE, HeaderValue::from_static(text)));
        cookies.take(&pairs.collect::<HeaderMap>());
        cookies
    }

    fn signed(cookies: &Cookies) -> HeaderMap {
        let request = reqwest::Client::new().post("http://127.0.0.1/");
        let request = cookies.sign(request).build().expect("a request");
        request.headers().clone()
    }

    #[test]
    fn the_csrf_token_is_the_decoded_cookie_and_the_cookie_stays_as_it_is() {
        let cookies = cookies(&[
            "CSRF-TOKEN=a%2Bb%2Fc%3D+d; path=/; secure",
            "_app_session=key; path=/; HttpOnly",
        ]);
        let headers = signed(&cookies);
        assert_eq!(headers[CSRF_HEADER], "a+b/c=+d");
        assert_eq!(
            headers[COOKIE],
            "CSRF-TOKEN=a%2Bb%2Fc%3D+d; _app_session=key"
        );
        assert!(cookies.are_complete());
    }

    #[test]
    fn a_newer_cookie_replaces_an_older_one() {
        let cookies = cookies(&["CSRF-TOKEN=old", "_app_session=key"]);
        cookies.take(&HeaderMap::from_iter([(
            SET_COOKIE,
            HeaderValue::from_static("CSRF-TOKEN=new; path=/"),
        )]));
        assert_eq!(signed(&cookies)[CSRF_HEADER], "new");
    }

    #[test]
    fn a_session_without_a_csrf_token_is_not_complete() {
        assert!(!cookies(&["_app_session=key"]).are_complete());
        assert!(!cookies(&["CSRF-TOKEN=token"]).are_complete());
    }

    #[test]
    fn broken_escapes_stay_as_they_are() {
        assert_eq!(url_decoded("50%").as_deref(), Some("50%"));
        assert_eq!(url_decoded("%zz%4").as_deref(), Some("%zz%4"));
        assert_eq!(url_decoded("%+1").as_deref(), Some("%+1"));
        assert_eq!(url_decoded("%ff"), None);
    }

    #[test]
    fn neither_header_shows_in_debug() {
        let headers = signed(&cookies(&["CSRF-TOKEN=canary", "_app_session=canary"]));
        assert!(!format!("{headers:?}").contains("canary"));
    }
}

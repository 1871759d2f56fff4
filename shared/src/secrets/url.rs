//! Which URLs a secret may hold.

use std::net::IpAddr;

use reqwest::Url;

use crate::document::Problem;

/// It is not an absolute http or https URL.
const NOT_A_URL: Problem = Problem::Plain("not_a_url");
/// Plain http is for loopback hosts only.
const MUST_BE_HTTPS: Problem = Problem::Plain("url_must_be_https");
/// A user name or password inside a URL would end in logs.
const HOLDS_USER_INFO: Problem = Problem::Plain("url_must_not_hold_user_info");
/// A base URL with a query, or a URL with a fragment.
const HOLDS_MORE: Problem = Problem::Plain("url_must_not_hold_query_or_fragment");

/// A URL that calls are sent to as it stands. It may carry a query (token endpoints name their policy there).
pub(super) fn endpoint(text: &str) -> Result<String, Problem> {
    checked(text).map(|_| text.to_owned())
}

/// A URL that paths are joined to; without its slash at the end.
pub(super) fn base(text: &str) -> Result<String, Problem> {
    let url = checked(text)?;
    if url.query().is_some() {
        return Err(HOLDS_MORE);
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// A URL in the one way in which it is compared: without case in its host, a port that goes without saying, or a slash at its end.
pub(super) fn one_way(text: &str) -> String {
    let url = Url::parse(text).map_or_else(|_| text.to_owned(), String::from);
    url.trim_end_matches('/').to_owned()
}

/// The host of a URL, with its port if that does not go without saying.
pub(super) fn host(text: &str) -> String {
    let url = Url::parse(text).ok();
    let host = url
        .as_ref()
        .and_then(|url| Some((url.host_str()?, url.port())));
    match host {
        Some((host, Some(port))) => format!("{host}:{port}"),
        Some((host, None)) => host.to_owned(),
        None => text.to_owned(),
    }
}

fn checked(text: &str) -> Result<Url, Problem> {
    let url = Url::parse(text).map_err(|_| NOT_A_URL)?;
    let host = url.host_str().ok_or(NOT_A_URL)?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(host) => {}
        "http" => return Err(MUST_BE_HTTPS),
        _ => return Err(NOT_A_URL),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(HOLDS_USER_INFO);
    }
    if url.fragment().is_some() {
        return Err(HOLDS_MORE);
    }
    Ok(url)
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_only() {
        for url in [
            "http://127.0.0.1:8080",
            "http://localhost:1",
            "http://[::1]:80/x",
        ] {
            assert_eq!(base(url).as_deref(), Ok(url));
        }
        for url in [
            "http://primero.example",
            "http://127.0.0.1.example",
            "http://10.0.0.1",
            "http://localhost.example",
        ] {
            assert_eq!(base(url), Err(MUST_BE_HTTPS), "{url}");
        }
    }

    #[test]
    fn user_info_is_refused() {
        for url in [
            "https://user@ping.example",
            "https://user:word@ping.example",
            "http://127.0.0.1@ping.example",
        ] {
            assert!(base(url).is_err(), "{url}");
        }
        assert_eq!(base("https://:word@ping.example"), Err(HOLDS_USER_INFO));
    }

    #[test]
    fn a_base_url_loses_its_last_slash_and_has_no_query() {
        assert_eq!(
            base("https://ping.example/gate/").as_deref(),
            Ok("https://ping.example/gate")
        );
        assert_eq!(base("https://ping.example?a=b"), Err(HOLDS_MORE));
    }

    #[test]
    fn an_endpoint_may_have_a_query_but_no_fragment() {
        assert!(endpoint("https://login.example/token?p=policy").is_ok());
        assert_eq!(endpoint("https://login.example/token#p"), Err(HOLDS_MORE));
    }

    #[test]
    fn anything_else_is_not_a_url() {
        for url in [
            "",
            "ping.example",
            "ftp://ping.example",
            "https://",
            "file:///etc/hosts",
        ] {
            assert_eq!(endpoint(url), Err(NOT_A_URL), "{url:?}");
        }
    }
}

//! Secrets from environment variables, each holding the JSON of one secret.

use std::env;
use std::ffi::OsString;

use super::Secrets;
use super::reading::{self, Source};
use crate::document::{Faults, Problem};

/// Reads `PING_SECRET`, `PRIMERO_SECRET` and `LEDGER_SECRET`.
pub fn from_environment() -> Result<Secrets, Faults> {
    from_variables(|name| env::var_os(name))
}

fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Result<Secrets, Faults> {
    let source = |name: &str| Source {
        name: name.to_owned(),
        content: variable(name)
            .ok_or(Problem::Missing)
            .and_then(|text| {
                text.into_string()
                    .map_err(|_| Problem::Plain("is not UTF-8 text"))
            })
            .and_then(|text| reading::document(&text)),
        version: None,
    };
    reading::read(
        source("PING_SECRET"),
        source("PRIMERO_SECRET"),
        source("LEDGER_SECRET"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn each_variable_holds_one_secret() {
        let json = samples::json();
        let secrets = from_variables(|name| {
            let key = name
                .strip_suffix("_SECRET")
                .expect("a variable of ours")
                .to_lowercase();
            Some(json[&key].to_string().into())
        })
        .expect("valid secrets");
        assert_eq!(secrets.primero.user.username, json["primero"]["username"]);
        assert_eq!(secrets.ping.version, None);
    }

    #[test]
    fn every_missing_variable_is_named() {
        let faults = from_variables(|_| None).expect_err("nothing is set");
        assert_eq!(
            faults.to_string(),
            "PING_SECRET: missing\nPRIMERO_SECRET: missing\nLEDGER_SECRET: missing"
        );
    }

    #[test]
    fn a_broken_variable_is_named_without_its_text() {
        let faults = from_variables(|_| Some("{\"password\": hush".into())).expect_err("not JSON");
        assert!(
            faults
                .to_string()
                .starts_with("PING_SECRET: not JSON (line 1, column "),
            "{faults}"
        );
        assert!(!faults.to_string().contains("hush"));
    }
}

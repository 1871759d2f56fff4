//! What the README shows: whoever has nothing but a shell and `curl` gets through it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

const README: &str = include_str!("../../README.md");
/// Any failure of `curl` ends the script, but that its reader had enough (23).
const PRELUDE: &str = "set -eu; curl() { command curl --fail \"$@\" || [ $? -eq 23 ]; }\n";
const CASE: &str = "0d1e0001-0000-4000-8000-000000000001";

/// `sandbox serve` until this is dropped.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        self.0.kill().expect("it runs");
        self.0.wait().expect("it ends");
    }
}

/// Starts it; answers the line that it prints, too.
fn serve(arguments: &[&str]) -> (Served, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbox"));
    command.arg("serve").args(arguments).stdout(Stdio::piped());
    let mut served = Served(command.spawn().expect("it starts"));
    let mut line = String::new();
    let output = served.0.stdout.take().expect("it is piped");
    BufReader::new(output)
        .read_line(&mut line)
        .expect("it prints a line");
    let secrets = serde_json::from_str(&line).expect("it is JSON");
    (served, secrets)
}

/// The shell blocks after the one that starts the sandbox.
fn script() -> String {
    let blocks = README.split("```sh\n").skip(2);
    blocks.filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn everything_in_the_readme_can_be_done_with_a_shell_and_curl() {
    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("skipped: there is no curl on this machine");
        return;
    }
    let (_served, secrets) = serve(&["--demo"]);
    let address =
        |system: &str, key: &str| secrets[system][key].as_str().expect("a URL").to_owned();
    let state = "echo; curl -s http://127.0.0.1:4010/__state";
    let script = [PRELUDE, &script(), state]
        .concat()
        .replace("http://127.0.0.1:4010", &address("ping", "base_url"))
        .replace("http://127.0.0.1:4020", &address("primero", "url"));

    let done = Command::new("bash").args(["-c", &script]).output();

    let done = done.expect("there is a shell");
    let output = String::from_utf8_lossy(&done.stdout);
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{output}\n{errors}");
    assert!(!output.contains(r#""ErrorMessage":""#), "{output}");
    let state = output.lines().last().expect("there is the state");
    let state: Value = serde_json::from_str(state).expect("it is JSON");
    assert_eq!(state["ping"]["sign_ins"]["granted"], 1);
    let referrals = state["primero"]["referrals"].as_array().expect("a list");
    let of_case = referrals.iter().filter(|one| one["record_id"] == CASE);
    let stand: Vec<&Value> = of_case.map(|one| &one["status"]).collect();
    assert_eq!(stand, ["accepted", "revoked"]);
}

//! `bridge run` as a program, between simulated systems.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use embedded_dynamodb::EmbeddedDynamoDb;
use sandbox::faults::{Fault, Rule, Target};
use sandbox::generated::Generated;
use sandbox::journal::System;
use sandbox::{Sandbox, SandboxOptions, Workflow};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

const BRIDGE: &str = env!("CARGO_BIN_EXE_bridge");
const PROFILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../infra/profiles/gambella.toml"
);
const SOME_KEY: &str = "68b20e2a-4879-ee11-8179-000d3a43f6eb";

/// An office with its own folder.
struct Office {
    sandbox: Sandbox,
    folder: PathBuf,
}

impl Office {
    /// Where case workers have referred so many children to UNHCR.
    async fn with(name: &str, records: usize) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let sandbox = Sandbox::start(SandboxOptions::default()).await.unwrap();
        let referred = Generated {
            workflow: Workflow::ReferralsToProgres,
            records,
            seed: 1,
            existing_percent: 0,
            bad_percent: 0,
        };
        referred.load(&sandbox).unwrap();
        let mut secrets = sandbox.secrets();
        secrets["ledger"] = json!({ "fingerprint_key": "an invented key of 32 characters" });
        let file = folder.join("secrets.json");
        fs::write(&file, secrets.to_string()).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        Self { sandbox, folder }
    }

    fn state(&self) -> String {
        format!("sqlite:{}", self.folder.join("state.sqlite").display())
    }

    fn command(&self, more: &[&str]) -> Command {
        let mut command = Command::new(BRIDGE);
        let secrets = self.folder.join("secrets.json");
        command.args(["run", "2.1", "--first-run", "--profile", PROFILE]);
        command
            .arg("--secrets")
            .arg(secrets)
            .args(["--state", &self.state()])
            .args(more);
        command
    }

    /// Runs 2.1 once.
    async fn run(&self, more: &[&str]) -> Output {
        let mut command = self.command(more);
        let output = spawn_blocking(move || command.output()).await;
        output.unwrap().unwrap()
    }

    async fn ask(&self, question: &str) -> Value {
        let mut command = Command::new(BRIDGE);
        command.args([question, "--json", "--deployment", "gambella", "--state"]);
        command.arg(self.state());
        let output = spawn_blocking(move || command.output()).await;
        let output = output.unwrap().unwrap();
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The services of which proGres has got a referral, in order.
    fn submitted(&self) -> Vec<String> {
        let submissions = self.sandbox.ping.submissions();
        let service =
            |one: &sandbox::ping::Received| one.field("progres_orgreferralid").map(str::to_owned);
        submissions.iter().filter_map(service).collect()
    }
}

fn report(output: &Output) -> Value {
    let report = serde_json::from_slice(&output.stdout);
    report.unwrap_or_else(|_| panic!("no report: {output:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_told_to_end_brings_home_what_is_out_and_the_next_one_goes_on() {
    const RECORDS: usize = 24;
    let office = Office::with("sigterm", RECORDS).await;
    let on = Target::Containing("asyncdata".to_owned());
    let slow = Rule::always(on, Fault::Latency { milliseconds: 300 });
    office.sandbox.faults(System::Ping).add(slow);
    let mut command = office.command(&[]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    while office.submitted().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let id = child.id().to_string();
    let told = Command::new("kill").args(["-TERM", &id]).status();
    assert!(told.unwrap().success());
    let output = spawn_blocking(|| child.wait_with_output()).await;
    let output = output.unwrap().unwrap();

    assert!(output.status.success(), "{output:?}");
    let stopped = report(&output);
    assert_eq!(stopped["status"], "truncated");
    let out = office.submitted().len();
    assert!(out < RECORDS, "nothing new was opened");
    assert_eq!(office.ask("runs").await[0]["run_id"], stopped["run_id"]);
    let next = office.run(&[]).await;
    assert_eq!(report(&next)["status"], "completed", "{next:?}");
    let submitted = office.submitted();
    let distinct: BTreeSet<_> = submitted.iter().collect();
    assert_eq!((submitted.len(), distinct.len()), (RECORDS, RECORDS));
    assert_eq!(office.ask("held").await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_the_next_run_begins_at_once() {
    let office = Office::with("kill", 1).await;
    let on = Target::Containing("users".to_owned());
    let slow = Rule::once(
        on,
        Fault::Latency {
            milliseconds: 60_000,
        },
    );
    office.sandbox.faults(System::Primero).add(slow);
    let mut command = office.command(&[]);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while office.sandbox.traffic().primero.requests == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let next = office.run(&[]).await;
    assert_eq!(report(&next)["status"], "completed", "{next:?}");
    assert_eq!(office.submitted().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_beside_another_one_does_nothing_and_says_so_with_its_own_exit_code() {
    let office = Office::with("beside", 1).await;
    let file = office.folder.join("state.sqlite");
    let _works = EmbeddedDynamoDb::on_file(&file).await.unwrap();
    let output = office.run(&[]).await;
    assert_eq!(output.status.code(), Some(75), "{output:?}");
    assert_eq!(office.sandbox.traffic().primero.requests, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_cannot_be_asked_is_refused_by_name_before_anything_is_done() {
    let office = Office::with("refused", 1).await;
    let named = office.folder.join("uganda.toml");
    fs::copy(PROFILE, &named).unwrap();
    let named = named.to_str().unwrap();
    let name = "Nyakong Ochalla";
    let pair = format!("{name}/{SOME_KEY}");
    for (more, said) in [
        (&["--state", "sqlite::memory:"][..], ":memory:"),
        (
            &["--state", "sqlite:file:x?mode=memory"],
            "file:x?mode=memory",
        ),
        (&["--state", "sqlite:/nowhere/x"], "/nowhere/x"),
        (&["--profile", named], "is the profile of gambella"),
        (&["--profile", "/dev/zero"], "/dev/zero cannot be read"),
        (&["--secrets", "/dev/zero"], "/dev/zero"),
        (&["--only", ""], "--only"),
        (&["--only", name], "--only"),
        (&["--only", &pair], "--only"),
        (&["--timeout", "25h"], "--timeout"),
    ] {
        let mut command = office.command(&[]);
        let mut arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
        // The last word counts, where an option may be given once.
        if let Some(at) = arguments.iter().position(|one| one == more[0]) {
            arguments.drain(at..at + 2);
        }
        command = Command::new(BRIDGE);
        command.args(arguments).args(more);
        let output = spawn_blocking(move || command.output())
            .await
            .unwrap()
            .unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{more:?}");
        assert!(told.contains(said), "{more:?}: {told}");
        assert!(!told.contains(name), "{more:?}: {told}");
    }
    assert_eq!(office.sandbox.traffic().primero.requests, 0);
    assert!(!Path::new(":memory:").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_by_its_time_even_where_the_state_table_never_answers() {
    let office = Office::with("hangs", 1).await;
    // Takes connections, and says nothing.
    let table = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = office.command(&[]);
    let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
    let before_state = arguments.iter().position(|one| one == "--state").unwrap();
    command = Command::new(BRIDGE);
    command
        .args(&arguments[..before_state])
        .args(["--state", "dynamodb", "--timeout", "1s"])
        .env(
            "AWS_ENDPOINT_URL_DYNAMODB",
            format!("http://{}", table.local_addr().unwrap()),
        )
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "local");
    let output = spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("beyond --timeout"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_of_the_environment_sees_neither_the_ledger_nor_the_systems() {
    let office = Office::with("proxy", 1).await;
    // Nobody listens there, so whoever asks it fails.
    let proxy = {
        let port = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", port.local_addr().unwrap())
    };
    let mut command = office.command(&[]);
    for name in [
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
    ] {
        command.env(name, &proxy);
    }
    let output = spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(office.submitted().len(), 1);
}

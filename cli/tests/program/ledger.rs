//! What the bridge tells a support officer, as a program on a state file.

use std::path::PathBuf;
use std::process::{Command, Output};

use embedded_dynamodb::EmbeddedDynamoDb;
use jiff::Timestamp;
use referral_bridge::domain::outcome::{Calls, Counts, CursorMove, RunReport, RunStatus};
use referral_bridge::domain::reason::Reason;
use referral_bridge::domain::record::RecordKey;
use referral_bridge::domain::system::{System, WorkflowName};
use referral_bridge::store::{RecordRow, RecordState, Store, table};
use serde_json::{Value, json};

const BRIDGE: &str = env!("CARGO_BIN_EXE_bridge");
const KEY: &str = "68b20e2a-4879-ee11-8179-000d3a43f6eb";
const REMARKED: &str = "78b20e2a-4879-ee11-8179-000d3a43f6eb";
const AT: Timestamp = Timestamp::constant(1_790_000_000, 0);

/// The state file of a deployment that has run.
struct StateFile(PathBuf);

impl Drop for StateFile {
    fn drop(&mut self) {
        let file = self.0.display();
        for kind in ["", "-wal", "-shm", ".lock"] {
            let _ = std::fs::remove_file(format!("{file}{kind}"));
        }
        let _ = std::fs::remove_file(self.0.with_extension("backup"));
    }
}

impl StateFile {
    /// With one held record, one run, and a sign-in to Primero that was refused.
    async fn left_by_a_run(name: &str) -> Self {
        Self::of_a_run_that_works(name).await.0
    }

    /// The same while the run works. It is not opened anew for that: another test that is just starting a program may hold the lock
    /// of a file a moment longer than the one who let go of it.
    async fn of_a_run_that_works(name: &str) -> (Self, EmbeddedDynamoDb) {
        // Another checkout's tests, or the same ones started twice, have files of their own.
        let name = format!("{}-{name}", std::process::id());
        let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let embedded = EmbeddedDynamoDb::on_file(&file).await.unwrap();
        let client = embedded.client();
        table::ensure(&client, "referral-bridge").await.unwrap();
        let deployment = "gambella".parse().unwrap();
        let workflow = WorkflowName::ReferralsToPrimero;
        let store = Store::new(client, "referral-bridge".to_owned(), &deployment, workflow);
        store.put_record(&held_row()).await.unwrap();
        store.put_record(&remarked_row()).await.unwrap();
        store.put_run(&report()).await.unwrap();
        let refused = store.put_refused_sign_in(System::Primero, "v1", AT);
        refused.await.unwrap();
        (Self(file), embedded)
    }

    fn bridge(&self, arguments: &[&str]) -> Output {
        Command::new(BRIDGE)
            .args(arguments)
            .args(["--deployment", "gambella", "--state"])
            .arg(format!("sqlite:{}", self.0.display()))
            .output()
            .unwrap()
    }

    fn told(&self, arguments: &[&str]) -> String {
        let output = self.bridge(arguments);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let mut arguments = arguments.to_vec();
        arguments.push("--json");
        serde_json::from_str(&self.told(&arguments)).unwrap()
    }
}

fn held_row() -> RecordRow<Value> {
    let row = json!({
        "key": KEY,
        "state": RecordState::Held,
        "reason": Reason::InvalidDate,
        "fields": ["progres_dateofbirth"],
        "profile_version": "v1",
        "place": { "business_unit": "577ccdf6-86de-e811-80d8-001dd8b71fe3" },
        "attempts": 0,
        "told": 0,
        "first_seen_at": AT,
        "updated_at": AT,
        "run_id": "01A",
        "fence": 1,
    });
    serde_json::from_value(row).unwrap()
}

/// Delivered, and worth a remark.
fn remarked_row() -> RecordRow<Value> {
    let mut row = held_row();
    row.key = RecordKey::written(REMARKED);
    row.state = RecordState::Done;
    row.reason = None;
    row.fields = Vec::new();
    row.remarks.insert(Reason::ContactSubstituted, AT);
    row
}

fn report() -> RunReport {
    RunReport {
        run_id: "01A".to_owned(),
        deployment: "gambella".parse().unwrap(),
        workflow: WorkflowName::ReferralsToPrimero,
        status: RunStatus::Completed,
        error: None,
        started_at: AT,
        finished_at: AT,
        dry_run: false,
        counts: Counts {
            held: 1,
            ..Counts::default()
        },
        reasons: std::iter::once((Reason::InvalidDate, 1)).collect(),
        remarks: <_>::default(),
        cursor: CursorMove::default(),
        write_limit: None,
        calls: Calls::default(),
        records: Vec::new(),
        checks: Vec::new(),
    }
}

#[tokio::test]
async fn a_support_officer_finds_runs_held_records_and_one_record() {
    let state = StateFile::left_by_a_run("look.sqlite").await;

    let runs = state.json(&["runs"]);
    assert_eq!(runs[0]["run_id"], "01A");
    assert_eq!(runs[0]["counts"]["held"], 1);

    let held = state.json(&["held", "1.1"]);
    assert_eq!(held.as_array().map(Vec::len), Some(1));
    assert_eq!(held[0]["key"], KEY);
    assert_eq!(held[0]["workflow"], "referrals-to-primero");

    let shown = state.json(&["show", "1.1", &KEY.to_uppercase()]);
    assert_eq!(shown["reason"], "invalid_date");
    assert_eq!(shown["fields"], json!(["progres_dateofbirth"]));
    let told = state.told(&["show", "referrals-to-primero", KEY]);
    assert!(told.contains(Reason::InvalidDate.meaning()), "{told}");
}

#[tokio::test]
async fn remarks_stand_under_a_heading_of_their_own() {
    let state = StateFile::left_by_a_run("remarks.sqlite").await;

    let told = state.told(&["held"]);
    let (held, remarks) = told.split_once("Remarks").unwrap();
    assert!(held.contains(KEY) && !held.contains(REMARKED), "{told}");
    assert!(remarks.contains("contact_substituted"), "{told}");
    assert!(!remarks.contains(KEY), "{told}");

    let listed = state.json(&["held", "--remarks"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    assert_eq!(listed[0]["key"], REMARKED);
    assert_eq!(listed[0]["remark"], "contact_substituted");
}

#[tokio::test]
async fn a_record_that_the_ledger_does_not_know_is_a_failure() {
    let state = StateFile::left_by_a_run("unknown.sqlite").await;
    let output = state.bridge(&["show", "1.1", "00000000-0000-4000-8000-000000000001"]);
    assert!(!output.status.success());
    assert!(output.stdout.is_empty(), "{output:?}");
}

#[tokio::test]
async fn a_deployment_that_the_state_does_not_know_is_an_error_that_names_those_it_knows() {
    let state = StateFile::left_by_a_run("mistyped.sqlite").await;
    for question in [
        &["held"][..],
        &["runs"],
        &["show", "1.1", KEY],
        &["allow-sign-in", "primero"],
    ] {
        let output = Command::new(BRIDGE)
            .args(question)
            .args(["--deployment", "gambela", "--state"])
            .arg(format!("sqlite:{}", state.0.display()))
            .output()
            .unwrap();
        assert!(!output.status.success(), "{question:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        let words = "the state has nothing of gambela; it knows gambella";
        assert!(said.contains(words), "{question:?}: {said}");
        assert!(output.stdout.is_empty(), "{question:?}");
    }
}

#[tokio::test]
async fn a_reader_who_goes_away_ends_a_command_quietly() {
    let state = StateFile::left_by_a_run("pipe.sqlite").await;
    for question in [&["held", "--json"][..], &["held"], &["runs"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = Command::new(BRIDGE)
            .args(question)
            .args(["--deployment", "gambella", "--state"])
            .arg(format!("sqlite:{}", state.0.display()))
            .stdout(writer)
            .stderr(std::process::Stdio::piped())
            .output()
            .unwrap();
        assert!(output.status.success(), "{question:?}: {output:?}");
        assert!(output.stderr.is_empty(), "{question:?}: {output:?}");
    }
}

#[tokio::test]
async fn an_officer_looks_and_copies_while_a_run_works() {
    let (state, _works) = StateFile::of_a_run_that_works("works.sqlite").await;
    assert_eq!(state.json(&["held"])[0]["key"], KEY);
    assert_eq!(state.json(&["runs"])[0]["run_id"], "01A");
    assert_eq!(state.json(&["show", "1.1", KEY])["key"], KEY);
    let told = state.told(&["allow-sign-in", "primero"]);
    assert!(told.contains("signs in to primero again"), "{told}");
}

#[tokio::test]
async fn a_backup_brings_back_a_lost_ledger_and_replaces_none_unasked() {
    let state = StateFile::left_by_a_run("backed-up.sqlite").await;
    let backup = state.0.with_extension("backup");
    let bridge = |arguments: &[&str], more: &[&str]| {
        let mut command = Command::new(BRIDGE);
        command.arg(arguments[0]).arg(&backup).args(more);
        let state = format!("sqlite:{}", state.0.display());
        command.args(["--state", &state]).output().unwrap()
    };
    let output = bridge(&["backup"], &[]);
    assert!(output.status.success(), "{output:?}");
    let again = bridge(&["backup"], &[]);
    let told = String::from_utf8(again.stderr).unwrap();
    assert!(
        !again.status.success() && told.contains("exists already"),
        "{told}"
    );

    let refused = bridge(&["restore"], &[]);
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(
        !refused.status.success() && told.contains("has rows"),
        "{told}"
    );
    assert!(bridge(&["restore"], &["--overwrite"]).status.success());
    std::fs::remove_file(&state.0).unwrap();
    let output = bridge(&["restore"], &[]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(state.json(&["held"])[0]["key"], KEY);
}

#[tokio::test]
async fn a_refused_sign_in_is_forgotten_once() {
    let state = StateFile::left_by_a_run("sign-in.sqlite").await;
    let first = state.told(&["allow-sign-in", "primero"]);
    assert!(first.contains("signs in to primero again"), "{first}");
    let second = state.told(&["allow-sign-in", "primero"]);
    assert!(second.contains("has refused nothing"), "{second}");
}

#[test]
fn a_state_file_that_is_not_there_is_an_error_and_is_not_made() {
    let state = StateFile(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("nowhere.sqlite"));
    let output = state.bridge(&["held"]);
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("does not exist"), "{said}");
    assert!(!state.0.exists());
}

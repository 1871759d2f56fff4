//! `bridge profile` as a program: what a person asks of a profile without any secret.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Output};

use sandbox::{Sandbox, SandboxOptions};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

const BRIDGE: &str = env!("CARGO_BIN_EXE_bridge");
const PROFILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/profiles");

fn profile(arguments: &[&str]) -> Output {
    let mut command = Command::new(BRIDGE);
    command.arg("profile").args(arguments);
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn shipped(name: &str) -> String {
    format!("{PROFILES}/{name}.toml")
}

/// Gambella's profile with a change, in a folder of this test.
fn gambella_with(folder: &str, old: &str, new: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(folder);
    fs::create_dir_all(&folder).unwrap();
    let text = fs::read_to_string(shipped("gambella")).unwrap();
    assert!(text.contains(old), "{old}");
    let file = folder.join("gambella.toml");
    fs::write(&file, text.replace(old, new)).unwrap();
    file.display().to_string()
}

#[test]
fn every_shipped_profile_passes_and_warnings_are_no_faults() {
    let output = profile(&["check", &shipped("gambella"), &shipped("reference")]);
    assert!(output.status.success(), "{output:?}");
    let warning = format!(
        "{}: warning: service_in: alternative_care",
        shipped("gambella")
    );
    assert!(said(&output).contains(&warning), "{output:?}");
}

#[test]
fn a_check_names_every_fault_with_its_place() {
    let from = "partner_id = \"PNR-1363\"\ninterop_id = \"INT-1436\"";
    let file = gambella_with("check", from, "partner_id = 7\ninterop = \"INT-1436\"");
    let output = profile(&["check", &file]);
    assert!(!output.status.success());
    let expected = [
        format!("{file}:9:2: ping.interop_id: missing"),
        format!("{file}:11:1: ping.interop: unknown key, did you mean interop_id?"),
        format!("{file}:10:1: ping.partner_id: is of type integer, expected string"),
    ];
    let said = said(&output);
    for line in expected {
        assert!(said.lines().any(|one| one == line), "{line}\n{said}");
    }
    let file = gambella_with(
        "misnamed",
        "deployment = \"gambella\"",
        "deployment = \"dollo\"",
    );
    let output = profile(&["check", &file]);
    assert!(!output.status.success());
}

#[test]
fn the_sheet_of_any_country_is_the_page_that_is_kept() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/MAPPING.md"));
    assert_eq!(said(&profile(&["mapping"])), page.unwrap());
    let sheet = said(&profile(&["mapping", &shipped("gambella"), "--csv"]));
    assert!(
        sheet.starts_with("workflow,part,from,to,needed,how\n"),
        "{sheet}"
    );
    assert!(sheet.contains("\"service_in\",\"Alternative Care\",\"alternative_care\""));
}

#[test]
fn what_differs_is_told_after_defaults_and_with_whom_it_concerns() {
    let from = "receiving_agency = \"UNICEF\"";
    let same = gambella_with(
        "same",
        from,
        "receiving_agency = \"UNICEF\"\nallow_empty = false",
    );
    let output = profile(&["diff", &shipped("gambella"), &same]);
    assert_eq!(said(&output), "The two profiles say the same.\n");
    let other = gambella_with(
        "other",
        from,
        "closed_case = \"append\"\ntimeout_seconds = 60",
    );
    let output = profile(&["diff", &shipped("gambella"), &other]);
    assert_eq!(
        said(&output),
        "primero.closed_case: \"hold\" -> \"append\"  [1.1]\n\
         primero.timeout_seconds: 30 -> 60  [1.1, 1.2, 2.1, 2.2]\n\
         Under another version of the profile every held record is tried again once.\n"
    );
    let extra = gambella_with(
        "extra",
        "[primero]",
        "[extra.submission]\nprogres_poccamp = { from = \"camp_zone\" }\n[primero]",
    );
    let output = said(&profile(&["diff", &shipped("gambella"), &extra]));
    let leaves = "[2.1: another set of fields leaves Primero]";
    assert!(output.contains(leaves), "{output}");
}

#[test]
fn the_schema_has_every_key_with_its_range_default_and_words() {
    let schema: Value = serde_json::from_slice(&profile(&["schema"]).stdout).unwrap();
    let batch = &schema["properties"]["ping"]["properties"]["details_batch"];
    assert_eq!(batch["maximum"], 500);
    assert_eq!(batch["default"], 25);
    assert!(
        batch["description"]
            .as_str()
            .unwrap()
            .starts_with("Records per call")
    );
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(
        schema["properties"]["limits"]["properties"]["concurrency"]["maximum"],
        64
    );
}

#[tokio::test]
async fn a_first_draft_has_what_primero_offers_where_it_may_be_named() {
    let sandbox = Sandbox::start(SandboxOptions::default()).await.unwrap();
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("init");
    fs::create_dir_all(&folder).unwrap();
    let mut secrets = sandbox.secrets();
    secrets["ledger"] = json!({ "fingerprint_key": "an invented key of 32 characters" });
    let file = folder.join("secrets.json");
    fs::write(&file, secrets.to_string()).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let secrets = file.display().to_string();
    let asked = move || profile(&["init", "--from-primero", "--secrets", &secrets]);
    let output = spawn_blocking(asked).await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let draft = said(&output);
    let behind = |header: &str| {
        let (_, rest) = draft.split_once(&format!("\n{header}\n")).unwrap();
        rest.split("\n[").next().unwrap().to_owned()
    };
    assert!(
        behind("[service_in]").contains("#    \"alternative_care\""),
        "{draft}"
    );
    assert!(behind("[primero]").contains("#    \"unhcr_cw\""), "{draft}");
    assert!(behind("[primero.service_defaults]").contains("#    \"service_type\""));
    assert!(behind("[primero.case_defaults]").contains("#    \"name_first\""));
    assert!(behind("[sex]").contains("#    \"female\""));
    // Candidates are comments, so the draft is the reference still.
    let kept = folder.join("reference.toml");
    fs::write(&kept, &draft).unwrap();
    let checked = profile(&["check", &kept.display().to_string()]);
    assert!(checked.status.success(), "{checked:?}");
    // Of people nothing but the names that they sign in with.
    let mut candidates = draft.lines().filter(|line| line.starts_with("#    "));
    assert!(candidates.all(|line| !line.contains('@')), "{draft}");
}

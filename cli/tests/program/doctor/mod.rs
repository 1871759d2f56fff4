//! `bridge doctor` as a program: every ordinary fault of a configuration is found, named by its own check, and nothing else is.

mod faults;
mod siblings;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Output};

use sandbox::generated::Generated;
use sandbox::primero::{FormSet, LocalChanges, PrimeroOptions, User, UserChange};
use sandbox::{Sandbox, SandboxOptions, Workflow};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use self::faults::{UNIT, configured};
use self::siblings::siblings;

const BRIDGE: &str = env!("CARGO_BIN_EXE_bridge");
const GAMBELLA: &str = include_str!("../../../../infra/profiles/gambella.toml");

/// What is told of the unspoilt profile: its tables have oddities that wait for the programme's word.
const KNOWN: [&str; 2] = ["profile_services", "profile_languages"];

type Edit = (&'static str, &'static str);

/// A fault, planted in a copy of what is good.
#[derive(Default)]
struct Plant {
    name: &'static str,
    /// Texts of the profile and what stands there instead.
    profile: Vec<Edit>,
    /// Added at the profile's end.
    more: &'static str,
    /// Values of the secrets, by system and key; with `+` the value is added to what stands there.
    secrets: Vec<(&'static str, &'static str, &'static str)>,
    /// A key of a secret that is called otherwise.
    renamed: Option<(&'static str, &'static str, &'static str)>,
    local: LocalChanges,
    forms: Option<FormSet>,
    users: Vec<(&'static str, UserChange)>,
    user: Option<User>,
    arguments: Vec<&'static str>,
    /// The name of the profile's file.
    file: Option<&'static str>,
    /// The check that finds it, and a word of what it found.
    found: (&'static str, &'static str),
    /// Checks that find more of the same fault.
    also: &'static [&'static str],
    /// Whether it is only to be known.
    warning: bool,
}

fn of_profile(name: &'static str, profile: &[Edit], found: (&'static str, &'static str)) -> Plant {
    Plant {
        name,
        profile: profile.to_vec(),
        found,
        ..Plant::default()
    }
}

fn of_secrets(
    name: &'static str,
    secrets: &[(&'static str, &'static str, &'static str)],
    found: (&'static str, &'static str),
) -> Plant {
    Plant {
        name,
        secrets: secrets.to_vec(),
        found,
        ..Plant::default()
    }
}

fn of_primero(
    name: &'static str,
    local: LocalChanges,
    found: (&'static str, &'static str),
) -> Plant {
    Plant {
        name,
        local,
        found,
        ..Plant::default()
    }
}

fn of_user(
    name: &'static str,
    user: &'static str,
    change: UserChange,
    found: (&'static str, &'static str),
) -> Plant {
    Plant {
        name,
        users: vec![(user, change)],
        found,
        ..Plant::default()
    }
}

/// A good profile, with the keys that Gambella leaves out.
fn good() -> String {
    let named = "progres_user = \"unhcr_cw\"";
    let text = GAMBELLA
        .replace(named, &format!("intake_user = \"worker4\"\n{named}"))
        .replace("cp.focal.point@example.org", "cp.focal.point@partner.int")
        .replace("+251000000000", "+251911223344");
    format!(
        "{text}\n[needs_in]\n\"Unaccompanied child\" = \"unaccompanied\"\n\
         [primero.case_defaults]\nlegitimate_basis = [\"consent\"]\n"
    )
}

struct Office {
    sandbox: Sandbox,
    folder: PathBuf,
    profile: PathBuf,
    arguments: Vec<&'static str>,
}

impl Office {
    async fn with(folder: &str, plant: &Plant, profile: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join("doctor")
            .join(folder);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let primero = PrimeroOptions {
            forms: plant.forms.unwrap_or(FormSet::Exchange),
            local: plant.local.clone(),
            ..PrimeroOptions::default()
        };
        let options = SandboxOptions {
            primero,
            ..SandboxOptions::default()
        };
        let sandbox = Sandbox::start(options).await.unwrap();
        for workflow in [Workflow::ReferralsToPrimero, Workflow::DecisionsToPrimero] {
            let some = Generated {
                workflow,
                records: 12,
                seed: 1,
                existing_percent: 50,
                bad_percent: 0,
            };
            some.load(&sandbox).unwrap();
        }
        if let Some(user) = &plant.user {
            sandbox.primero.add_user(user.clone());
        }
        for (user, change) in &plant.users {
            sandbox.primero.change_user(user, change.clone()).unwrap();
        }
        sandbox.forget_traffic();
        let mut text = profile.to_owned();
        for (old, new) in &plant.profile {
            assert!(
                text.contains(old),
                "{}: the profile has no {old:?}",
                plant.name
            );
            text = text.replace(old, new);
        }
        let name = plant.file.unwrap_or("gambella");
        let file = folder.join(format!("{name}.toml"));
        fs::write(&file, format!("{text}{}", plant.more)).unwrap();
        let mut secrets = sandbox.secrets();
        secrets["ledger"] = json!({ "fingerprint_key": "an invented key of 32 characters" });
        for (system, key, value) in &plant.secrets {
            let before = secrets[system][key].as_str().unwrap_or_default().to_owned();
            let value = match value.strip_prefix('+') {
                Some(more) => before + more,
                None => (*value).to_owned(),
            };
            secrets[system][key] = json!(value);
        }
        if let Some((system, key, other)) = plant.renamed {
            let value = secrets[system]
                .as_object_mut()
                .unwrap()
                .remove(key)
                .unwrap();
            secrets[system][other] = value;
        }
        let secret_file = folder.join("secrets.json");
        fs::write(&secret_file, secrets.to_string()).unwrap();
        fs::set_permissions(&secret_file, fs::Permissions::from_mode(0o600)).unwrap();
        Self {
            sandbox,
            folder,
            profile: file,
            arguments: plant.arguments.clone(),
        }
    }

    async fn doctor(&self, more: &[&str]) -> Output {
        let state = format!("sqlite:{}", self.folder.join("state.sqlite").display());
        let mut command = Command::new(BRIDGE);
        command.arg("doctor").arg("--profile").arg(&self.profile);
        command
            .arg("--secrets")
            .arg(self.folder.join("secrets.json"));
        command
            .args(["--state", &state])
            .args(&self.arguments)
            .args(more);
        let output = spawn_blocking(move || command.output()).await;
        output.unwrap().unwrap()
    }

    fn writes(&self) -> usize {
        let traffic = self.sandbox.traffic();
        traffic.ping.effective_writes + traffic.primero.effective_writes
    }
}

/// Key and text of each finding.
fn findings(output: &Output) -> BTreeSet<(String, String)> {
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let checks = told["checks"].as_array().unwrap().iter();
    let text = |check: &Value, key: &str| check[key].as_str().unwrap().to_owned();
    checks
        .map(|check| (text(check, "key"), text(check, "found")))
        .collect()
}

async fn unspoilt() -> BTreeSet<(String, String)> {
    let office = Office::with("unspoilt", &Plant::default(), &good()).await;
    let output = office.doctor(&["--json"]).await;
    assert!(output.status.success(), "{output:?}");
    let found = findings(&output);
    assert!(
        found.iter().all(|(key, _)| KNOWN.contains(&key.as_str())),
        "{found:?}"
    );
    assert_eq!(office.writes(), 0);
    found
}

/// What went wrong with one planted fault, if anything did.
async fn wrong_with(plant: &Plant, known: &BTreeSet<(String, String)>) -> Option<String> {
    let office = Office::with(&plant.name.replace([' ', '/'], "-"), plant, &good()).await;
    let output = office.doctor(&["--json"]).await;
    let found = findings(&output);
    let (key, word) = plant.found;
    let is_it = |(found_key, text): &&(String, String)| found_key == key && text.contains(word);
    let allowed = |found_key: &str| {
        found_key == key || found_key == "unchecked" || plant.also.contains(&found_key)
    };
    let stray: Vec<_> = found
        .difference(known)
        .filter(|(found_key, _)| !allowed(found_key))
        .collect();
    let ended = output.status.success() == plant.warning;
    let seen = found.iter().any(|one| is_it(&one));
    let right = seen && stray.is_empty() && ended && office.writes() == 0;
    (!right).then(|| {
        let (name, code, writes) = (plant.name, output.status, office.writes());
        format!(
            "{name}: {code}, {writes} writes, found {:?}",
            found.difference(known)
        )
    })
}

async fn every_one_is_found(plants: Vec<Plant>) {
    let known = unspoilt().await;
    let mut wrong = Vec::new();
    for plant in &plants {
        wrong.extend(wrong_with(plant, &known).await);
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        plants.len(),
        wrong.join("\n")
    );
}

#[tokio::test]
async fn every_fault_of_the_contract_is_found_by_its_own_check_and_nothing_else_is() {
    every_one_is_found(configured()).await;
}

#[tokio::test]
async fn so_are_more_of_the_same_kinds() {
    every_one_is_found(siblings()).await;
}

#[tokio::test]
async fn the_shipped_profile_is_no_alarm_and_fits_a_screen() {
    let office = Office::with("shipped", &Plant::default(), GAMBELLA).await;
    let output = office.doctor(&[]).await;
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}");
    assert!(!told.contains('✗'), "{told}");
    assert!(told.lines().count() <= 24, "{told}");
    for line in [
        "✓ Primero: options",
        "`Ethiopia - Gambella`, 12 of 12 rows",
        "no state yet",
        "nothing written",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert!(
        !office.folder.join("state.sqlite").exists(),
        "a state was made"
    );
    assert_eq!(office.writes(), 0);
}

#[tokio::test]
async fn what_is_found_is_told_to_a_person_with_what_to_do() {
    let plant = of_profile("told", &[("unhcr_cw", "unhcr_cww")], ("", ""));
    let office = Office::with("told", &plant, &good()).await;
    let output = office.doctor(&[]).await;
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    for text in [
        "✗ primero_progres_user: no user is named `unhcr_cww`",
        "Correct the name",
    ] {
        assert!(told.contains(text), "{text}: {told}");
    }
}

#[tokio::test]
async fn shapes_of_pings_answers_are_kept_without_a_value() {
    let office = Office::with("shapes", &Plant::default(), &good()).await;
    let file = office.folder.join("shapes.json");
    let path = file.to_str().unwrap();
    assert!(office.doctor(&["--shapes", path]).await.status.success());
    let text = fs::read_to_string(&file).unwrap();
    let shapes: Value = serde_json::from_str(&text).unwrap();
    let list = &shapes["ping"]["pending_referrals"];
    assert_eq!(list["http_status"], 200);
    assert_eq!(list["keys"]["Data[].progres_businessunit"]["text"], 12);
    assert_eq!(
        list["keys"]["PagingSummary.IsMoreRecordsAvailable"]["boolean"],
        1
    );
    for value in ["606-", UNIT, "Gambella", "@"] {
        assert!(!text.contains(value), "{value}: {text}");
    }
}

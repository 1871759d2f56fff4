//! `bridge doctor`: a deployment is proven before the first child's data moves.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use referral_bridge::checks::{Examined, Thoroughness};
use referral_bridge::clock::{Clock as _, SystemClock, later};
use referral_bridge::deadline::StopSignal;
use referral_bridge::domain::check::{Area, Check, CheckKey, Severity};
use referral_bridge::domain::outcome::Calls;
use referral_bridge::entropy::Entropy;
use referral_bridge::profile::Profile;
use referral_bridge::secrets::Secrets;
use referral_bridge::workflows::{Diagnosis, Installation};
use referral_bridge::{observe, secrets, transport};
use serde_json::json;

use crate::output::{print, tell};
use crate::profile_file::{is_named_well, parse};
use crate::state::StateTable;

/// No examination takes longer.
const LONGEST: Duration = Duration::from_mins(10);

/// Proves a deployment: reads profile, secrets, state and both live systems, names every fault at once, and writes nothing. Ends with 1
/// if anything must be mended.
#[derive(Args)]
pub struct Doctor {
    /// The deployment's profile, a TOML file.
    #[arg(long)]
    profile: PathBuf,
    /// The secrets, a JSON file that only its owner may read. Default: the environment.
    #[arg(long)]
    secrets: Option<PathBuf>,
    #[command(flatten)]
    state: StateTable,
    /// Prints what was found as JSON.
    #[arg(long)]
    json: bool,
    /// Keeps what the answers of PING look like in this file: keys, types and counts, no value.
    #[arg(long, value_name = "FILE")]
    shapes: Option<PathBuf>,
    /// Looks at the individual numbers of all cases, and names those that no referral would match.
    #[arg(long)]
    all_cases: bool,
    /// Asks the routes of PING that write, with no record to be written.
    #[arg(long)]
    ask_write_routes: bool,
}

impl Doctor {
    /// Exit code 0 unless something must be mended.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        // What is found is printed; the log of single calls would hide it.
        observe::start_quietly();
        let began = SystemClock.now();
        let diagnosis = Box::pin(self.examine()).await?;
        if let Some(file) = &self.shapes {
            let shapes = json!({ "ping": diagnosis.shapes });
            let text = serde_json::to_string_pretty(&shapes)?;
            fs::write(file, text + "\n")
                .with_context(|| format!("{} cannot be written", file.display()))?;
        }
        if self.json {
            print(serde_json::to_string_pretty(&diagnosis)?)?;
        } else {
            let took = SystemClock.now().duration_since(began).as_secs_f64();
            print(for_people(&diagnosis, took))?;
        }
        Ok(if diagnosis.faults == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    async fn examine(&self) -> anyhow::Result<Diagnosis> {
        let profile = parse(&self.profile);
        let secrets = match &self.secrets {
            Some(file) => secrets::from_file(file),
            None => secrets::from_environment(),
        };
        let mut unread = Vec::new();
        if let Err(error) = &profile {
            unread.push(Check::of(
                CheckKey::ProfileReadable,
                one_line(&format!("{error:#}")),
            ));
        }
        if let Err(error) = &secrets {
            unread.push(Check::of(
                CheckKey::SecretsReadable,
                one_line(&error.to_string()),
            ));
        }
        let (Ok(profile), Ok(secrets)) = (profile, secrets) else {
            unread.push(Check::of(
                CheckKey::Unchecked,
                "both systems and the ledger",
            ));
            let diagnosis = Diagnosis::of(None, Examined::default(), Calls::default());
            return Ok(diagnosis.with(Area::Profile, "", unread));
        };
        let misnamed = (!is_named_well(&self.profile, &profile)).then(|| {
            let found = format!("the file says `deployment = \"{}\"`", profile.deployment);
            Check::of(CheckKey::ProfileName, found)
        });
        let diagnosis = Box::pin(self.of_systems(profile, secrets)).await?;
        Ok(match misnamed {
            Some(check) => diagnosis.with(Area::Profile, "", vec![check]),
            None => diagnosis,
        })
    }

    async fn of_systems(&self, profile: Profile, secrets: Secrets) -> anyhow::Result<Diagnosis> {
        let there = self.state.look_if_there().await;
        let (state, of_state) = match there {
            Ok(Some(state)) => (state, None),
            Ok(None) => (self.state.none_yet().await?, Some(Vec::new())),
            Err(error) => {
                let fault = Check::of(CheckKey::LedgerTable, one_line(&format!("{error:#}")));
                (self.state.none_yet().await?, Some(vec![fault]))
            }
        };
        let installation = Installation {
            profile,
            secrets,
            state: state.client.clone(),
            table: state.table.clone(),
            http: transport::http_client()?,
            alone: false,
            stop: StopSignal::default(),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(Entropy::from_system()),
        };
        let asked = Thoroughness {
            all_cases: self.all_cases,
            write_routes: self.ask_write_routes,
            names: true,
        };
        let is_there = of_state.is_none();
        let end = later(SystemClock.now(), LONGEST);
        let diagnosis = Box::pin(installation.examine(asked, is_there, end)).await;
        let (told, checks) = if let Some(faults) = of_state {
            let told = if faults.is_empty() {
                "no state yet; the first run makes it"
            } else {
                ""
            };
            (told, faults)
        } else {
            let mut checks = installation.examine_ledger().await;
            checks.extend(self.state.file().ok().and_then(open_to_others));
            ("", checks)
        };
        Ok(diagnosis.with(Area::Ledger, told, checks))
    }
}

/// The state holds no personal data, but nobody else needs to see whom a bridge works for.
fn open_to_others(file: &Path) -> Option<Check> {
    let mode = fs::metadata(file).ok()?.permissions().mode() & 0o777;
    let found = format!("the mode of the state file is {mode:04o}");
    (mode & 0o077 != 0).then(|| Check::of(CheckKey::LedgerFile, found))
}

fn one_line(text: &str) -> String {
    text.split('\n')
        .map(str::trim)
        .collect::<Vec<_>>()
        .join("; ")
}

const fn mark(severity: Severity) -> &'static str {
    match severity {
        Severity::Stop | Severity::Fault => "✗",
        Severity::Warning => "!",
    }
}

/// One finding for a person: what was found, what it means and what to do.
pub fn told(check: &Check) -> String {
    let accepted = if check.accepted { " (accepted)" } else { "" };
    let (mark, key, found) = (mark(check.severity), &check.key, &check.found);
    let hint = match check.severity {
        Severity::Stop | Severity::Fault => format!("\n    {}", check.hint),
        Severity::Warning => String::new(),
    };
    let found = shortened(found);
    format!("{mark} {key}{accepted}: {found}{hint}")
}

/// A screen takes so much of one finding; `--json` has it whole.
fn shortened(found: &str) -> String {
    const LONGEST: usize = 400;
    match found.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} … (the whole with --json)", &found[..end]),
        None => found.to_owned(),
    }
}

const AREAS: [Area; 11] = [
    Area::Profile,
    Area::Route,
    Area::User,
    Area::Forms,
    Area::Options,
    Area::Required,
    Area::People,
    Area::Trust,
    Area::Ping,
    Area::Ledger,
    Area::Ground,
];

/// Everything, grouped: a line for what is well, and what is not beneath its group.
fn for_people(diagnosis: &Diagnosis, seconds: f64) -> String {
    let mut lines = Vec::new();
    for area in AREAS {
        let of_area =
            |check: &&Check| CheckKey::named(&check.key).is_some_and(|key| key.area() == area);
        let found: Vec<&Check> = diagnosis.checks.iter().filter(of_area).collect();
        let looked = diagnosis.looked.iter().filter(|looked| looked.area == area);
        let notes: Vec<&str> = looked.clone().map(|one| one.told.as_str()).collect();
        let notes: Vec<&str> = notes.into_iter().filter(|told| !told.is_empty()).collect();
        let notes = if notes.is_empty() {
            String::new()
        } else {
            format!(" ({})", notes.join("; "))
        };
        let title = area.title();
        let worst = found.iter().map(|check| check.severity).min();
        match worst {
            None if looked.count() == 0 => continue,
            None => lines.push(format!("✓ {title}{notes}")),
            Some(worst) => lines.push(format!("{} {title}{notes}", mark(worst))),
        }
        for check in found {
            lines.extend(told(check).lines().map(|line| format!("    {line}")));
        }
    }
    let deployment = diagnosis.deployment.as_ref().map(ToString::to_string);
    let calls = diagnosis.calls.ping + diagnosis.calls.primero;
    let verdict = match (diagnosis.faults, diagnosis.warnings) {
        (0, 0) => "nothing to mend".to_owned(),
        (0, warnings) => format!("nothing that must be mended, {warnings} to know"),
        (faults, warnings) => {
            format!("{faults} to mend, {warnings} to know; docs/CHECKS.md says more")
        }
    };
    let deployment = deployment.unwrap_or_else(|| "the deployment".to_owned());
    lines.push(format!(
        "{deployment}: {verdict}; {calls} calls, {seconds:.1} s, nothing written"
    ));
    lines.join("\n")
}

/// Says on standard error what a run found before it began.
pub fn tell_all(checks: &[Check]) {
    for check in checks {
        tell(told(check));
    }
}

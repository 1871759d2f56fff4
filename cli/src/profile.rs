//! `bridge profile`: what a person who writes or signs a profile asks, without any secret.

mod affected;
mod init;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use referral_bridge::profile::Profile;
use referral_bridge::workflows::sheet;
use serde_json::Value;

use crate::output::{print, tell};
use crate::profile_file::{read_profile, read_text};

/// Looks at profiles: the TOML files that say how a deployment works.
#[derive(Args)]
pub struct ProfileCommand {
    #[command(subcommand)]
    asked: Asked,
}

#[derive(Subcommand)]
enum Asked {
    /// Names every fault and every warning of profiles, each with its file, line and column.
    Check {
        /// The profiles.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Prints what a profile may hold as JSON Schema, for editors.
    Schema,
    /// Prints the sheet that both agencies sign: which fields move, both ways, with the codes of this country.
    Mapping {
        /// The profile; without it the sheet of any country.
        file: Option<PathBuf>,
        /// As comma-separated values, for spreadsheets.
        #[arg(long, conflicts_with = "md", requires = "file")]
        csv: bool,
        /// As Markdown, which is the default.
        #[arg(long)]
        md: bool,
    },
    /// Prints a first draft of a profile: the reference, with what a live Primero offers as comments where it may be named.
    Init {
        /// Reads from the Primero of the secrets.
        #[arg(long, required = true)]
        from_primero: bool,
        /// A JSON file with the secrets, readable by its owner alone.
        #[arg(long)]
        secrets: PathBuf,
        /// The module of new cases, if it is another than that of the reference.
        #[arg(long)]
        module: Option<String>,
    },
    /// Shows what differs between two profiles, after their defaults, and which workflows that concerns.
    Diff {
        /// The profile as it is.
        before: PathBuf,
        /// The profile as it will be.
        after: PathBuf,
    },
}

impl ProfileCommand {
    /// Exit code 0 unless a profile has a fault.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.asked {
            Asked::Check { files } => check(&files),
            Asked::Schema => {
                print(serde_json::to_string_pretty(&Profile::schema())?)?;
                Ok(ExitCode::SUCCESS)
            }
            Asked::Mapping { file, csv, .. } => {
                let profile = file.as_deref().map(read_profile).transpose()?;
                let page = match &profile {
                    Some(profile) if csv => sheet::csv(profile),
                    profile => sheet::markdown(profile.as_ref()),
                };
                print(page.trim_end())?;
                Ok(ExitCode::SUCCESS)
            }
            Asked::Init {
                secrets, module, ..
            } => {
                print(init::draft(&secrets, module).await?.trim_end())?;
                Ok(ExitCode::SUCCESS)
            }
            Asked::Diff { before, after } => diff(&before, &after),
        }
    }
}

fn check(files: &[PathBuf]) -> anyhow::Result<ExitCode> {
    let mut faults = 0;
    for file in files {
        let shown = file.display();
        let text = read_text(file).with_context(|| format!("{shown} cannot be read"))?;
        match Profile::parse(&text) {
            Ok(profile) => {
                for warning in &profile.warnings {
                    print(format!("{shown}: warning: {warning}"))?;
                }
                let name = file.file_stem().unwrap_or_default();
                if name != profile.deployment.as_str() {
                    faults += 1;
                    let deployment = &profile.deployment;
                    print(format!(
                        "{shown}: deployment: is {deployment}, so the file must be named {deployment}.toml"
                    ))?;
                }
            }
            Err(found) => {
                for fault in found.as_slice() {
                    faults += 1;
                    let at = fault
                        .at
                        .map_or_else(String::new, |at| format!("{}:{}:", at.line, at.column));
                    let key = Some(&fault.key).filter(|key| !key.is_empty());
                    let key = key.map_or_else(String::new, |key| format!("{key}: "));
                    print(format!("{shown}:{at} {key}{}", fault.problem))?;
                }
            }
        }
    }
    if faults > 0 {
        tell(format_args!("bridge: {faults} faults"));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn diff(before: &Path, after: &Path) -> anyhow::Result<ExitCode> {
    let [before, after] = [read_profile(before)?, read_profile(after)?];
    let [old, new] = [values(&before)?, values(&after)?];
    let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let differs = |key: &&&String| old.get(**key) != new.get(**key);
    let keys: Vec<_> = keys.iter().filter(differs).collect();
    if keys.is_empty() {
        print("The two profiles say the same.")?;
        return Ok(ExitCode::SUCCESS);
    }
    let shown = |value: Option<&String>| value.map_or("(none)", |value| value).to_owned();
    for key in keys {
        let (old, new) = (shown(old.get(*key)), shown(new.get(*key)));
        let key = affected::key(key);
        print(format!("{key}: {old} -> {new}  [{}]", affected::by(&key)))?;
    }
    print("Under another version of the profile every held record is tried again once.")?;
    Ok(ExitCode::SUCCESS)
}

/// Every value of a profile by its path, defaults included.
fn values(profile: &Profile) -> anyhow::Result<BTreeMap<String, String>> {
    let mut all = BTreeMap::new();
    flatten(String::new(), &serde_json::to_value(profile)?, &mut all);
    Ok(all)
}

fn flatten(path: String, value: &Value, all: &mut BTreeMap<String, String>) {
    match value {
        // A duration.
        Value::Object(inner) if inner.contains_key("secs") && inner.contains_key("nanos") => {
            all.insert(path, inner["secs"].to_string());
        }
        Value::Object(inner) => {
            for (key, value) in inner {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                flatten(path, value, all);
            }
        }
        Value::Null => {}
        value => {
            all.insert(path, value.to_string());
        }
    }
}

//! The profile as a file on this machine.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, ensure};
use referral_bridge::profile::Profile;

/// Far more than a profile needs; a larger file is another file.
const MAX_BYTES: u64 = 1024 * 1024;

/// Reads a profile; one with faults is refused with all of them.
pub fn parse(file: &Path) -> anyhow::Result<Profile> {
    let text = read_text(file).with_context(|| format!("{} cannot be read", file.display()))?;
    Profile::parse(&text).with_context(|| format!("{} cannot be used", file.display()))
}

/// Whether a profile's file has the name of its deployment.
pub fn is_named_well(file: &Path, profile: &Profile) -> bool {
    file.file_stem().unwrap_or_default() == profile.deployment.as_str()
}

/// Reads a profile that is to be worked with; one with faults is refused with all of them, and so is one that is named after another deployment than its own: a
/// run would work on the wrong ledger.
pub fn read_profile(file: &Path) -> anyhow::Result<Profile> {
    let profile = parse(file)?;
    ensure!(
        is_named_well(file, &profile),
        "{} is the profile of {}: a profile's file has the name of its deployment, as {}.toml",
        file.display(),
        profile.deployment,
        profile.deployment,
    );
    Ok(profile)
}

/// The text of a profile.
pub fn read_text(file: &Path) -> anyhow::Result<String> {
    // Looked at before it is opened, because opening a pipe would wait for its writer, and a device may have no end.
    let is_file = fs::metadata(file)?.is_file();
    ensure!(is_file, "it is not a file");
    let mut text = String::new();
    fs::File::open(file)?
        .take(MAX_BYTES + 1)
        .read_to_string(&mut text)?;
    ensure!(
        text.len() as u64 <= MAX_BYTES,
        "it has more than {MAX_BYTES} bytes"
    );
    Ok(text)
}

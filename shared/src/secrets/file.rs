//! Secrets from a file that only its owner may read.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::{Secrets, reading};
use crate::document::{Document, Fault, Faults, Problem};

/// Far more than three secrets need; a larger file is another file.
const MAX_BYTES: u64 = 64 * 1024;

/// Reads one JSON file `{"ping": {…}, "primero": {…}, "ledger": {…}}`.
///
/// Mode 0600 or stricter is demanded, but where the machine itself mounts secrets for this one process: in systemd's
/// `$CREDENTIALS_DIRECTORY`, and in `/run/secrets`, as Docker, Podman and Kubernetes do. There who may read is decided by the mount, and
/// the files have modes such as 0440 and 0444.
pub fn from_file(path: &Path) -> Result<Secrets, Faults> {
    let key = path.display().to_string();
    match read(path, &mounts()) {
        Ok(document) => reading::read_all(&document, &key),
        Err(problem) => Err(Faults::new(vec![Fault {
            key,
            at: None,
            problem,
        }])),
    }
}

/// Where the machine mounts secrets.
fn mounts() -> Vec<PathBuf> {
    let of_systemd = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    let of_containers = PathBuf::from("/run/secrets");
    of_systemd.into_iter().chain([of_containers]).collect()
}

/// The permission bits that a file there may not have.
fn forbidden(path: &Path, mounts: &[PathBuf]) -> u32 {
    // Kubernetes mounts links into a folder beside them.
    let real = |path: &Path| fs::canonicalize(path).ok();
    let mounted = real(path).is_some_and(|file| {
        let mut folders = mounts.iter().filter_map(|folder| real(folder));
        folders.any(|folder| file.starts_with(folder))
    });
    if mounted { 0o033 } else { 0o077 }
}

fn read(path: &Path, mounts: &[PathBuf]) -> Result<Document, Problem> {
    let unreadable =
        |error: std::io::Error| Problem::Told(format!("cannot be read ({})", error.kind()));
    let no_file = || Problem::Told(format!("is not a file of at most {MAX_BYTES} bytes"));
    // Looked at before it is opened, because opening a pipe would wait for its writer.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(no_file());
    }
    let file = File::open(path).map_err(unreadable)?;
    // Asked of the open file, so that it cannot be exchanged in between.
    let mode = file.metadata().map_err(unreadable)?.permissions().mode() & 0o7777;
    if mode & forbidden(path, mounts) != 0 {
        return Err(Problem::Told(format!("mode is {mode:04o}, must be 0600")));
    }
    let mut text = String::new();
    file.take(MAX_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(no_file());
    }
    reading::document(&text)
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::path::PathBuf;

    use tempfile::TempDir;

    use super::super::samples;
    use super::*;

    fn file(text: &str, mode: u32) -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secrets.json");
        fs::write(&path, text).expect("a file");
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("its owner may");
        (folder, path)
    }

    fn problem(path: &Path) -> String {
        let faults = from_file(path).expect_err("a fault");
        faults.as_slice()[0].problem.to_string()
    }

    #[test]
    fn one_file_holds_all_three() {
        let (_folder, path) = file(&samples::json().to_string(), 0o600);
        let secrets = from_file(&path).expect("valid secrets");
        assert_eq!(secrets.primero.user.username, "primero-bridge");
        assert_eq!(secrets.ledger.version, None);
    }

    #[test]
    fn a_file_that_is_open_to_others_is_refused() {
        for mode in [0o644, 0o640, 0o604, 0o620, 0o601] {
            let (_folder, path) = file(&samples::json().to_string(), mode);
            let expected = format!("mode is {mode:04o}, must be 0600");
            assert_eq!(problem(&path), expected);
        }
    }

    /// What is wrong with the file where these folders are mounts of secrets.
    fn refused(path: &Path, mounts: &[&Path]) -> Option<Problem> {
        let mounts: Vec<PathBuf> = mounts.iter().map(|folder| folder.to_path_buf()).collect();
        read(path, &mounts).err()
    }

    #[test]
    fn what_the_machine_mounts_may_be_readable_and_never_writable() {
        let mounted = |mode| {
            let (folder, path) = file(&samples::json().to_string(), mode);
            refused(&path, &[folder.path()])
        };
        for mode in [0o400, 0o440, 0o444, 0o644] {
            assert_eq!(mounted(mode), None, "{mode:o}");
        }
        for mode in [0o664, 0o646, 0o445] {
            assert!(mounted(mode).is_some(), "{mode:o}");
        }
    }

    #[test]
    fn a_link_is_judged_by_where_it_leads() {
        let (data, path) = file(&samples::json().to_string(), 0o444);
        let folder = tempfile::tempdir().expect("a folder");
        let link = folder.path().join("secrets.json");
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        assert!(refused(&link, &[folder.path()]).is_some());
        assert_eq!(refused(&link, &[data.path()]), None);
    }

    #[test]
    fn a_missing_secret_and_a_stray_one_are_named_together() {
        let mut json = samples::json();
        let object = json.as_object_mut().expect("an object");
        object.remove("ledger");
        object.insert("extra".to_owned(), serde_json::Value::Null);
        let (_folder, path) = file(&json.to_string(), 0o600);
        let faults = from_file(&path).expect_err("two faults").to_string();
        assert!(
            faults.ends_with("secrets.json: 1 unknown key (line 1, column 2)\nledger: missing"),
            "{faults}"
        );
    }

    #[test]
    fn a_missing_file_says_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let unreadable = "cannot be read (entity not found)";
        assert_eq!(problem(&folder.path().join("none.json")), unreadable);
    }

    #[test]
    fn a_folder_or_an_oversized_file_is_refused() {
        let (folder, path) = file(&" ".repeat(70_000), 0o600);
        let refused = "is not a file of at most 65536 bytes";
        assert_eq!(problem(&path), refused);
        assert_eq!(problem(folder.path()), refused);
    }

    #[test]
    fn broken_json_is_placed_but_not_repeated() {
        let (_folder, path) = file("{\n  \"ping\": hush", 0o600);
        assert!(problem(&path).starts_with("not JSON (line 2, column "));
        assert!(
            !from_file(&path)
                .expect_err("not JSON")
                .to_string()
                .contains("hush")
        );
    }
}

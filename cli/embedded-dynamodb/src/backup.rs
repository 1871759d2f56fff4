//! Copies of a state file. What was written last may stand in a companion of the file (`-wal`), so a copy of the file alone may be an empty
//! ledger: these copies take everything along.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::state_file::{beside, file_error, open};
use crate::whole::{Table, tables};
use crate::{EmbeddedDynamoDb, StartError, StateFile, broken};

impl EmbeddedDynamoDb {
    /// Copies the whole state as it is at this moment into a new file, which only its owner may read.
    pub fn back_up(&self, to: &Path) -> Result<(), StartError> {
        if to.symlink_metadata().is_ok() {
            return Err(StartError::Exists(to.to_owned()));
        }
        let unfinished = beside(to, ".new");
        let made = self.copy_into(&unfinished, to);
        if made.is_err() {
            // What is left of it is no backup.
            let _ = fs::remove_file(&unfinished);
        }
        made
    }

    fn copy_into(&self, unfinished: &Path, to: &Path) -> Result<(), StartError> {
        let failed = |problem| file_error(to, problem);
        match fs::remove_file(unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let file = options.open(unfinished).map_err(failed)?;
        let whole = std::path::absolute(unfinished).map_err(failed)?;
        let name = whole.to_str();
        let name = name.ok_or_else(|| failed(io::Error::other("its name is not UTF-8")))?;
        let ended = || failed(io::Error::from(io::ErrorKind::NotConnected));
        let database = self.in_process.database().ok_or_else(ended)?;
        let copied = database.vacuum_into(name);
        copied.map_err(|error| broken(&self.path, &error))?;
        file.sync_all().map_err(failed)?;
        fs::rename(unfinished, to).map_err(failed)
    }
}

impl StateFile {
    /// Puts a backup in the place of the state. A state that has rows stays unless `overwrite` says that they may go; then it is kept
    /// beside the new one, under the name that is answered.
    pub fn restore(self, backup: &Path, overwrite: bool) -> Result<Option<PathBuf>, StartError> {
        if !backup.is_file() {
            return Err(StartError::Missing(backup.to_owned()));
        }
        let before = self.path().exists();
        if before && !overwrite && has_rows(self.path())? {
            return Err(StartError::NotEmpty(self.path().to_owned()));
        }
        let restored = self.unfinished()?;
        copy(backup, &restored)?;
        let kept = before.then(|| beside(self.path(), ".replaced"));
        if let Some(kept) = &kept {
            // Opened and closed, so that all of it is in the one file.
            drop(open(self.path())?);
            fs::rename(self.path(), kept).map_err(|problem| file_error(kept, problem))?;
        }
        self.put_in_place(&restored)?;
        Ok(kept)
    }
}

/// Copies a backup, with what a companion of it has; it must hold a finished table.
fn copy(backup: &Path, to: &Path) -> Result<(), StartError> {
    let whole = std::path::absolute(backup).map_err(|problem| file_error(backup, problem))?;
    let name = whole.to_str();
    let name = name.ok_or_else(|| file_error(backup, io::Error::other("its name is not UTF-8")))?;
    let database = open(to)?;
    let copied = database.restore_from(name);
    copied.map_err(|error| broken(backup, &error))?;
    let tables = tables(&database).map_err(|error| broken(backup, &error))?;
    let finished = |table: &Table| matches!(table, Table::Empty | Table::WithRows);
    if tables.is_empty() || !tables.iter().all(finished) {
        return Err(StartError::Database {
            path: backup.to_owned(),
            problem: "it has no finished table".to_owned(),
        });
    }
    drop(database);
    let synced = File::open(to).and_then(|file| file.sync_all());
    synced.map_err(|problem| file_error(to, problem))
}

fn has_rows(path: &Path) -> Result<bool, StartError> {
    let tables = tables(&open(path)?).map_err(|error| broken(path, &error))?;
    let with_rows = |table: &Table| matches!(table, Table::WithRows | Table::HalfMadeWithRows);
    Ok(tables.iter().any(with_rows))
}

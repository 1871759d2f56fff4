//! The file of one machine: locked, readable by its owner alone, and there only once its table is complete.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use aws_sdk_dynamodb::Client;
use dynoxide::Database;

use crate::whole::{Table, tables};
use crate::{EmbeddedDynamoDb, StartError, broken};

/// Its owner may read and write.
const PRIVATE: u32 = 0o600;

/// A state file that no other process opens as long as this value lives, whether it exists or not.
#[derive(Debug)]
pub struct StateFile {
    path: PathBuf,
    _lock: File,
}

impl StateFile {
    /// Locks a state file.
    pub fn lock(path: &Path) -> Result<Self, StartError> {
        let lock_path = beside(path, ".lock");
        let lock = open_lock(&lock_path)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(StartError::InUse(path.to_owned())),
            Err(TryLockError::Error(problem)) => Err(StartError::File {
                path: lock_path,
                problem,
            }),
        }
    }

    /// The file that is locked.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the file, with the table that `make` makes or completes. A new one gets its name only when the table is complete, so that a
    /// process that is killed leaves no half of it; one that an earlier release left half made is made anew if it has no rows. Rows whose
    /// time is over are deleted.
    pub async fn open<E: From<StartError>>(
        self,
        make: impl AsyncFn(Client) -> Result<(), E>,
    ) -> Result<EmbeddedDynamoDb, E> {
        if self.path.exists() {
            self.remove_if_half_made()?;
        }
        if !self.path.exists() {
            self.make(&make).await?;
        }
        let path = self.path.clone();
        let database = open(&path)?;
        let embedded = EmbeddedDynamoDb::of(database.clone(), path.clone(), Some(self));
        make(embedded.client()).await?;
        let swept = database.sweep_ttl().map_err(|error| broken(&path, &error));
        swept?;
        Ok(embedded)
    }

    async fn make<E: From<StartError>>(
        &self,
        make: &impl AsyncFn(Client) -> Result<(), E>,
    ) -> Result<(), E> {
        let unfinished = self.unfinished()?;
        {
            let embedded = EmbeddedDynamoDb::of(open(&unfinished)?, unfinished.clone(), None);
            make(embedded.client()).await?;
        }
        self.put_in_place(&unfinished)?;
        Ok(())
    }

    /// The name under which a file is made before it gets its own; what a killed process left there is removed.
    pub(crate) fn unfinished(&self) -> Result<PathBuf, StartError> {
        let unfinished = beside(&self.path, ".new");
        remove_all(&unfinished)?;
        Ok(unfinished)
    }

    /// Gives a finished file its name. It is closed, so all of it is in the one file.
    pub(crate) fn put_in_place(&self, finished: &Path) -> Result<(), StartError> {
        let failed = |problem| file_error(finished, problem);
        File::open(finished)
            .and_then(|file| file.sync_all())
            .map_err(failed)?;
        fs::rename(finished, &self.path).map_err(failed)?;
        let folder = std::path::absolute(&self.path).map_err(failed)?;
        let folder = folder.parent().unwrap_or(&folder);
        // So that the name outlasts a loss of power, too.
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed)
    }

    fn remove_if_half_made(&self) -> Result<(), StartError> {
        let database = open(&self.path)?;
        let tables = tables(&database).map_err(|error| broken(&self.path, &error))?;
        drop(database);
        if !tables.contains(&Table::HalfMade) {
            return Ok(());
        }
        if tables.contains(&Table::WithRows) || tables.contains(&Table::HalfMadeWithRows) {
            return Err(StartError::HalfMade(self.path.clone()));
        }
        remove_all(&self.path)
    }
}

/// Opens a database, which only its owner may read. SQLite gives its companions the mode of the file.
pub fn open(path: &Path) -> Result<Database, StartError> {
    let make = || {
        let mut options = OpenOptions::new();
        options.write(true).create(true).mode(PRIVATE);
        let file = options.open(path)?;
        file.set_permissions(Permissions::from_mode(PRIVATE))?;
        for companion in ["-wal", "-shm"] {
            match fs::set_permissions(beside(path, companion), Permissions::from_mode(PRIVATE)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        std::path::absolute(path)
    };
    // As a whole path SQLite takes no name for anything but a file.
    let whole = make().map_err(|problem| file_error(path, problem))?;
    let name = whole
        .to_str()
        .ok_or_else(|| file_error(path, io::Error::other("its name is not UTF-8")))?;
    Database::new(name).map_err(|error| broken(path, &error))
}

/// Opens a lock file, which must be a plain one: whoever may write into the folder must not lead us to another file.
fn open_lock(path: &Path) -> Result<File, StartError> {
    let failed = |problem| file_error(path, problem);
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(PRIVATE);
    match options.clone().create_new(true).open(path) {
        Ok(file) => return Ok(file),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed(error)),
    }
    let named = fs::symlink_metadata(path).map_err(failed)?;
    if !named.is_file() {
        return Err(StartError::NoFile(path.to_owned()));
    }
    let file = options.open(path).map_err(failed)?;
    let opened = file.metadata().map_err(failed)?;
    if (opened.dev(), opened.ino()) != (named.dev(), named.ino()) {
        return Err(StartError::NoFile(path.to_owned()));
    }
    // One of an earlier release is open to others.
    file.set_permissions(Permissions::from_mode(PRIVATE))
        .map_err(failed)?;
    Ok(file)
}

/// Removes a database with its companions.
fn remove_all(path: &Path) -> Result<(), StartError> {
    for companion in ["-wal", "-shm", ""] {
        let path = beside(path, companion);
        match fs::remove_file(&path) {
            Err(problem) if problem.kind() != io::ErrorKind::NotFound => {
                return Err(StartError::File { path, problem });
            }
            _ => {}
        }
    }
    Ok(())
}

/// The name of a file that belongs to this one.
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

pub fn file_error(path: &Path, problem: io::Error) -> StartError {
    StartError::File {
        path: path.to_owned(),
        problem,
    }
}

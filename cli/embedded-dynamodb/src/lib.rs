//! The DynamoDB API inside the process, behind the same SDK client that AWS gets.
//!
//! Requests are answered where they are made: no port is open, so no other user of the machine and no web page can read or change the
//! ledger, and no proxy of the environment sees it. It holds SQLite and is therefore a crate of its own: no function may depend on it.

#![deny(missing_docs)]

mod backup;
mod in_process;
mod operations;
mod served;
mod state_file;
mod whole;

use std::io;
use std::path::{Path, PathBuf};

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, SharedHttpClient};
use aws_sdk_dynamodb::{Client, Config};
use dynoxide::Database;

use self::in_process::InProcess;
pub use self::served::Served;
pub use self::state_file::StateFile;

/// Why the embedded DynamoDB did not start, or a state file could not be handled.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another process works on the same file.
    #[error("{0} is in use by another process")]
    InUse(PathBuf),
    /// There is no such file.
    #[error("{0} does not exist")]
    Missing(PathBuf),
    /// There is such a file already.
    #[error("{0} exists already")]
    Exists(PathBuf),
    /// A link or a folder stands where a plain file belongs.
    #[error("{0} is no plain file")]
    NoFile(PathBuf),
    /// A file could not be opened, made or renamed.
    #[error("{path}: {problem}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the machine says.
        problem: io::Error,
    },
    /// The database cannot be read or written.
    #[error("{path} cannot be used as a state file: {problem}")]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        problem: String,
    },
    /// A table of the file was never finished, and it has rows.
    #[error("{0} has rows, but its table was never finished; restore a backup")]
    HalfMade(PathBuf),
    /// A ledger that has rows is not overwritten.
    #[error("{0} has rows, which would be lost")]
    NotEmpty(PathBuf),
}

/// A running embedded DynamoDB; it stops when this value is dropped.
#[derive(Debug)]
pub struct EmbeddedDynamoDb {
    in_process: InProcess,
    path: PathBuf,
    _lock: Option<StateFile>,
}

impl EmbeddedDynamoDb {
    /// Starts one that forgets everything when it stops.
    #[expect(
        clippy::unused_async,
        reason = "callers wait for a start, wherever the rows are"
    )]
    pub async fn in_memory() -> Result<Self, StartError> {
        let path = PathBuf::from("memory");
        let database = Database::memory().map_err(|error| broken(&path, &error))?;
        Ok(Self::of(database, path, None))
    }

    /// Starts one on a file, which is made if need be, with no table in it. Locked against other processes; see [`StateFile`].
    pub async fn on_file(path: &Path) -> Result<Self, StartError> {
        let nothing = async |_: Client| Ok::<(), StartError>(());
        StateFile::lock(path)?.open(nothing).await
    }

    /// Looks into a file on which another process may be working: nothing is locked.
    pub fn beside(path: &Path) -> Result<Self, StartError> {
        if !path.exists() {
            return Err(StartError::Missing(path.to_owned()));
        }
        let database = state_file::open(path)?;
        Ok(Self::of(database, path.to_owned(), None))
    }

    fn of(database: Database, path: PathBuf, lock: Option<StateFile>) -> Self {
        Self {
            in_process: InProcess::of(database),
            path,
            _lock: lock,
        }
    }

    /// A client of it. The credentials are placeholders that the API demands.
    #[must_use]
    pub fn client(&self) -> Client {
        let http = SharedHttpClient::new(self.in_process.clone());
        client_of("http://embedded", "local", http)
    }
}

impl Drop for EmbeddedDynamoDb {
    /// Clients that are left get no answer any more, and the file is closed.
    fn drop(&mut self) {
        self.in_process.end();
    }
}

fn client_of(endpoint: &str, access_key: &str, http: SharedHttpClient) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http)
        .endpoint_url(endpoint)
        .region(Region::new("local"))
        .credentials_provider(Credentials::new(
            access_key, "local", None, None, "embedded",
        ))
        .build();
    Client::from_conf(config)
}

fn broken(path: &Path, problem: &dynoxide::DynoxideError) -> StartError {
    StartError::Database {
        path: path.to_owned(),
        problem: problem.to_string(),
    }
}

#[cfg(test)]
mod tests;

//! `bridge backup` and `bridge restore`: the state of one machine in one file.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use embedded_dynamodb::{EmbeddedDynamoDb, StateFile};

use crate::output::{print, tell};
use crate::state::StateTable;

/// Copies the whole state of this machine into a new file, also while a run works. A copy of the state file itself would miss what SQLite
/// keeps beside it.
#[derive(Args)]
pub struct Backup {
    /// The file to make.
    file: PathBuf,
    #[command(flatten)]
    state: StateTable,
}

impl Backup {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let state = self.state.file()?;
        EmbeddedDynamoDb::beside(state)?.back_up(&self.file)?;
        print(format_args!(
            "{} is in {}",
            state.display(),
            self.file.display()
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Puts a backup in the place of the state. What was sent since it was made is not in it and would be sent again: read "One machine" in
/// the README before the next run.
#[derive(Args)]
pub struct Restore {
    /// A file that `bridge backup` made.
    file: PathBuf,
    /// Replace a state that has rows. It is kept beside the new one.
    #[arg(long)]
    overwrite: bool,
    #[command(flatten)]
    state: StateTable,
}

impl Restore {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let state = self.state.file()?;
        let kept = StateFile::lock(state)?.restore(&self.file, self.overwrite)?;
        print(format_args!(
            "{} is as {} has it",
            state.display(),
            self.file.display()
        ))?;
        if let Some(kept) = kept {
            print(format_args!(
                "what was there before is in {}",
                kept.display()
            ))?;
        }
        tell(
            "what was sent since the backup was made is not known any more: look before the next run of 1.2 and 2.1",
        );
        Ok(ExitCode::SUCCESS)
    }
}

//! `bridge`: runs, shows, measures and demonstrates the workflows of Referral Bridge on one machine.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod allow_sign_in;
mod backup;
mod bench;
mod demo;
mod doctor;
mod held;
mod output;
mod profile;
mod profile_file;
mod run;
mod runs;
mod show;
mod simulated;
mod state;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::runtime::Builder;

/// Keeps child-protection referrals moving between proGres and Primero.
#[derive(Parser)]
#[command(name = "bridge", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the workflows against simulated systems with sample referrals, and checks both systems afterwards.
    Demo(demo::Demo),
    /// Proves a deployment before anything is moved: looks at both systems, and writes to neither.
    Doctor(doctor::Doctor),
    /// Runs one workflow once, against real systems.
    Run(run::Run),
    /// Lists the last runs, the newest first.
    Runs(runs::Runs),
    /// Shows where one record stands, why, and what comes next.
    Show(show::Show),
    /// Lists the records that wait for a person or for changed data.
    Held(held::Held),
    /// Lets runs sign in again after an account was unlocked.
    AllowSignIn(allow_sign_in::AllowSignIn),
    /// Copies the state of this machine into a file.
    Backup(backup::Backup),
    /// Puts a backup in the place of the state of this machine.
    Restore(backup::Restore),
    /// Looks at profiles: faults, what may be said, which fields move, what differs.
    Profile(profile::ProfileCommand),
    /// Measures one workflow over generated records against simulated systems in a process of their own.
    Bench(bench::Bench),
    /// The simulated systems of `bench`.
    #[command(hide = true)]
    BenchSystems(bench::BenchSystems),
}

fn main() -> ExitCode {
    let command = Cli::parse().command;
    // A run is one task and does best on one thread, as in a function; simulated systems are servers and take what there is.
    let mut runtime = match command {
        Command::BenchSystems(_) => Builder::new_multi_thread(),
        _ => Builder::new_current_thread(),
    };
    let outcome = runtime.enable_all().build().map_err(Into::into);
    let outcome = outcome.and_then(|runtime| runtime.block_on(execute(command)));
    outcome.unwrap_or_else(|error| {
        output::tell(format_args!("bridge: {error:#}"));
        ExitCode::FAILURE
    })
}

async fn execute(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Demo(demo) => demo.run().await,
        Command::Doctor(doctor) => Box::pin(doctor.run()).await,
        Command::Run(run) => run.run().await,
        Command::Runs(runs) => runs.run().await,
        Command::Show(show) => show.run().await,
        Command::Held(held) => held.run().await,
        Command::AllowSignIn(allow) => allow.run().await,
        Command::Backup(backup) => backup.run(),
        Command::Restore(restore) => restore.run(),
        Command::Profile(profile) => profile.run().await,
        Command::Bench(bench) => bench.run().await,
        Command::BenchSystems(systems) => systems.serve().await,
    }
}

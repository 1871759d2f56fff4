//! `bridge`: runs, shows, measures and demonstrates the workflows of Referral Bridge on one machine.

mod bench;
mod demo;
mod run;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
    /// Runs one workflow once, against real systems.
    Run(run::Run),
    /// Measures one workflow over generated records against simulated systems in a process of their own.
    Bench(bench::Bench),
    /// The simulated systems of `bench`.
    #[command(hide = true)]
    BenchSystems(bench::Systems),
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Demo(demo) => demo.run().await,
        Command::Run(run) => run.run().await,
        Command::Bench(bench) => bench.run().await,
        Command::BenchSystems(systems) => systems.serve().await,
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("bridge: {error:#}");
        ExitCode::FAILURE
    })
}

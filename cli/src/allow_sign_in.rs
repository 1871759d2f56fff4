//! `bridge allow-sign-in`: after an account was unlocked without a new password.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use referral_bridge::domain::system::{System, WorkflowName};
use referral_bridge::observe;

use crate::output::print;
use crate::state::DeploymentState;

/// Forgets that a system refused the sign-in, so that the next run tries the same secret once more. Six wrong tries lock a Primero
/// account: use it when the account was unlocked, not to try again.
#[derive(Args)]
pub struct AllowSignIn {
    /// The system whose account works again.
    system: Gate,
    #[command(flatten)]
    deployment: DeploymentState,
}

#[derive(Clone, Copy, ValueEnum)]
enum Gate {
    Ping,
    Primero,
}

impl AllowSignIn {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        observe::start();
        let system = match self.system {
            Gate::Ping => System::Ping,
            Gate::Primero => System::Primero,
        };
        let open = self.deployment.open().await?;
        // A refusal counts for all workflows of the deployment, so any of them finds it.
        let store = open.store(WorkflowName::ReferralsToPrimero);
        if store.forget_refused_sign_in(system).await? {
            print(format_args!("the next run signs in to {system} again"))?;
        } else {
            print(format_args!(
                "{system} has refused nothing; runs sign in as ever"
            ))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

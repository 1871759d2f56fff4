//! The simulated systems and the state table in a process of their own: this same program, started a second time.
//!
//! The two processes speak over the child's standard streams. It prints addresses and credentials once it serves; when its standard
//! input ends, because it is asked to stop or because its parent died, it prints what it saw and ends.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdout, Command, ExitCode, Stdio};

use anyhow::{Context as _, anyhow, ensure};
use clap::Args;
use embedded_dynamodb::EmbeddedDynamoDb;
use referral_bridge::domain::system::WorkflowName;
use sandbox::faults::{Fault, Rule, Target};
use sandbox::generated::{Generated, arrived, decide_submitted};
use sandbox::journal::{System, Traffic};
use sandbox::ping::PingOptions;
use sandbox::{FrontLimits, Sandbox, SandboxOptions, Workflow};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::task::spawn_blocking;

/// The simulated systems of one workflow's measurement.
#[derive(Args)]
pub struct BenchSystems {
    /// Whose records to generate.
    #[arg(long, default_value = "1.1")]
    workflow: Workflow,
    #[command(flatten)]
    systems: Systems,
}

/// What the simulated systems hold, and how they behave.
#[derive(Args, Clone, Copy, Debug)]
pub struct Systems {
    /// Records to generate.
    #[arg(long, default_value_t = 1000)]
    pub records: usize,
    /// How long each request waits before it is handled, in milliseconds.
    #[arg(long, default_value_t = 50)]
    pub latency_ms: u64,
    /// How many records in a hundred fail every PING call they are in.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(..=100))]
    pub bad_percent: u8,
    /// How many children in a hundred have a case in Primero already; in any workflow but 1.1 all of them have.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(..=100))]
    pub existing_percent: u8,
    /// 2.2 only: the bridge has sent the referrals itself before, so that its own ledger knows them. Else they came another way.
    #[arg(long)]
    pub sent_before: bool,
    /// Rows on one page of PING's lists. proGres runs on Dynamics 365, whose pages hold 5,000 rows unless asked otherwise.
    #[arg(long, default_value_t = 5000)]
    pub page_rows: usize,
    /// Decides the generated data.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
}

/// Where everything is, and how to get in.
#[derive(Debug, Serialize, Deserialize)]
pub struct Addresses {
    /// In the shape of the bridge's secrets, without the ledger's key.
    pub secrets: Value,
    /// The URL of the embedded DynamoDB.
    pub state: String,
    /// The access key that it demands.
    pub state_key: String,
}

/// What the simulated systems saw.
#[derive(Debug, Serialize, Deserialize)]
pub struct Seen {
    /// From the first request to the last.
    pub seconds: f64,
    /// Their requests.
    pub traffic: Traffic,
    /// Records that arrived, as far as proGres knows.
    pub arrived: usize,
}

impl BenchSystems {
    /// Serves until standard input ends.
    pub async fn serve(self) -> anyhow::Result<ExitCode> {
        let Self { workflow, systems } = self;
        let sandbox = Sandbox::start(SandboxOptions {
            ping: PingOptions {
                list_page_rows: systems.page_rows,
                ..PingOptions::default()
            },
            primero_limits: FrontLimits::NONE,
            ..SandboxOptions::default()
        })
        .await?;
        let generated = systems.generated(if systems.sent_before {
            Workflow::ReferralsToProgres
        } else {
            workflow
        });
        generated.load(&sandbox).map_err(|error| anyhow!(error))?;
        if systems.latency_ms > 0 {
            let latency = Fault::Latency {
                milliseconds: systems.latency_ms,
            };
            for system in [System::Ping, System::Primero] {
                let slow = Rule::always(Target::Everything, latency.clone());
                sandbox.faults(system).add(slow);
            }
        }
        let state = EmbeddedDynamoDb::in_memory().await?;
        let served = state.serve().await?;
        say(&Addresses {
            secrets: sandbox.secrets(),
            state: served.endpoint(),
            state_key: served.access_key().to_owned(),
        })?;
        while spawn_blocking(asked_to_decide).await?? {
            say(&decide_submitted(&sandbox.ping, systems.seed).map_err(|error| anyhow!(error))?)?;
            sandbox.forget_traffic();
        }
        say(&Seen {
            seconds: sandbox.busy_for().unwrap_or_default().as_secs_f64(),
            traffic: sandbox.traffic(),
            arrived: arrived(&sandbox, workflow),
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Systems {
    /// How many records fail every call.
    pub fn bad(&self) -> usize {
        self.generated(Workflow::ReferralsToPrimero).bad()
    }

    fn generated(&self, workflow: Workflow) -> Generated {
        Generated {
            workflow,
            records: self.records,
            seed: self.seed,
            existing_percent: self.existing_percent.into(),
            bad_percent: self.bad_percent.into(),
        }
    }
    fn arguments(&self) -> Vec<String> {
        let Self {
            records,
            latency_ms,
            bad_percent,
            existing_percent,
            page_rows,
            seed,
            sent_before,
        } = self;
        let mut arguments = vec![
            format!("--records={records}"),
            format!("--latency-ms={latency_ms}"),
            format!("--bad-percent={bad_percent}"),
            format!("--existing-percent={existing_percent}"),
            format!("--page-rows={page_rows}"),
            format!("--seed={seed}"),
        ];
        arguments.extend(sent_before.then(|| "--sent-before".to_owned()));
        arguments
    }
}

/// Waits for the parent: true if UNHCR is to decide about what was sent, false once standard input ends.
fn asked_to_decide() -> io::Result<bool> {
    io::stdin()
        .read_line(&mut String::new())
        .map(|read| read > 0)
}

/// One line of JSON. An error where the parent is gone.
fn say(what: &impl Serialize) -> anyhow::Result<()> {
    writeln!(io::stdout(), "{}", serde_json::to_string(what)?)?;
    Ok(())
}

/// The simulated systems, serving. They end when this value is dropped.
pub struct Running {
    pub addresses: Addresses,
    process: Child,
    lines: BufReader<ChildStdout>,
}

impl Running {
    /// Starts them and waits until they serve.
    pub async fn start(workflow: WorkflowName, systems: &Systems) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("this program's own file is not known")?;
        let mut process = Command::new(program)
            .args(["bench-systems", "--workflow", workflow.number()])
            .args(systems.arguments())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("the simulated systems did not start")?;
        let stdout = process.stdout.take().expect("it is piped");
        let (line, lines) = next_line(BufReader::new(stdout)).await?;
        ensure!(!line.is_empty(), "the simulated systems did not start");
        Ok(Self {
            addresses: serde_json::from_str(&line)?,
            process,
            lines,
        })
    }

    /// UNHCR decides about everything that was sent, and traffic is counted from zero.
    pub fn decide(&mut self) -> anyhow::Result<()> {
        let stdin = self.process.stdin.as_mut();
        writeln!(stdin.expect("it is piped"), "decide")?;
        // The answer comes at once, and nothing else runs meanwhile.
        let mut decided = String::new();
        self.lines.read_line(&mut decided)?;
        ensure!(!decided.is_empty(), "the simulated systems ended");
        Ok(())
    }

    /// Stops them and says what they saw.
    pub async fn end(mut self) -> anyhow::Result<Seen> {
        drop(self.process.stdin.take());
        let (line, _) = next_line(self.lines).await?;
        let status = spawn_blocking(move || self.process.wait()).await??;
        ensure!(status.success(), "the simulated systems failed: {status}");
        Ok(serde_json::from_str(&line)?)
    }
}

async fn next_line(
    mut lines: BufReader<ChildStdout>,
) -> anyhow::Result<(String, BufReader<ChildStdout>)> {
    let read = spawn_blocking(move || {
        let mut line = String::new();
        lines.read_line(&mut line).map(|_| (line, lines))
    });
    Ok(read.await??)
}

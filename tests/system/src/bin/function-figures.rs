//! Measures one built function: from the start of its process to its first poll of the Runtime API, median of 20 starts, and the most
//! memory that it held while it brought 500 generated records. `infra/figures` measures all of them.
//!
//! `cargo run --release -p system-tests --bin function-figures -- referrals-to-primero target/release/referrals-to-primero`

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow, ensure};
use sandbox::generated::{Generated, arrived};
use sandbox::{Sandbox, SandboxOptions, Workflow};
use serde_json::json;
use system_tests::{Answer, Function};

const STARTS: usize = 20;
/// As many as a first run writes by default.
const RECORDS: usize = 500;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let workflow = arguments.next().context("which workflow?")?;
    let workflow: Workflow = workflow.parse().map_err(|error: String| anyhow!(error))?;
    let binary = PathBuf::from(arguments.next().context("which binary?")?);
    let mut starts = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        let sandbox = Sandbox::start(SandboxOptions::default()).await?;
        starts.push(Function::start(&binary, sandbox).await?.init_time().await?);
    }
    starts.sort();
    let line = json!({
        "binary_bytes": std::fs::metadata(&binary)?.len(),
        "init_ms": starts[STARTS / 2].as_secs_f64() * 1000.0,
        "peak_mb": peak_memory(&binary, workflow).await?,
    });
    println!("{line}");
    Ok(())
}

/// In MiB (`VmHWM`). An error, too, if not every record arrives.
async fn peak_memory(binary: &Path, workflow: Workflow) -> anyhow::Result<f64> {
    let sandbox = Sandbox::start(SandboxOptions::default()).await?;
    let records = Generated {
        workflow,
        records: RECORDS,
        seed: 0,
        existing_percent: 0,
        bad_percent: 0,
    };
    records.load(&sandbox).map_err(|error| anyhow!(error))?;
    let mut function = Function::start(binary, sandbox).await?;
    let event = json!({ "deployment": "gambella", "first_run": true });
    let answer = function.invoke(event, Duration::from_mins(15)).await?;
    let arrived = arrived(&function.sandbox, workflow);
    ensure!(
        matches!(answer, Answer::Success(_)) && arrived == RECORDS,
        "{arrived} of {RECORDS} records arrived: {answer:?}"
    );
    let process = function.process_id().context("the function has ended")?;
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|line| line.trim().strip_suffix("kB"))
        .context("the platform does not tell the peak of memory")?;
    let kibibytes: u32 = peak.trim().parse()?;
    Ok(f64::from(kibibytes) / 1024.0)
}

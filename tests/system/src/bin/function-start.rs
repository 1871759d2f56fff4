//! Measures a function's cold start: from the start of its process to its first poll of the Runtime API, median of 20.
//!
//! `cargo run --release -p system-tests --bin function-start -- target/release/referrals-to-primero`

use std::process::Stdio;
use std::time::Instant;

use anyhow::Context as _;
use serde_json::json;
use system_tests::RuntimeApi;
use tokio::process::Command;

const STARTS: usize = 20;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let binary = std::env::args().nth(1).context("which binary?")?;
    let mut milliseconds = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        let mut runtime = RuntimeApi::start().await?;
        let started = Instant::now();
        let mut function = Command::new(&binary)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", runtime.authority())
            .env("AWS_LAMBDA_FUNCTION_NAME", "measured")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "local")
            .env("AWS_SECRET_ACCESS_KEY", "local")
            .env("TABLE_NAME", "measured")
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let polled = runtime
            .polled()
            .await
            .context("the function never polled")?;
        milliseconds.push(polled.duration_since(started).as_secs_f64() * 1000.0);
        function.kill().await?;
    }
    milliseconds.sort_by(f64::total_cmp);
    let size = std::fs::metadata(&binary)?.len();
    let line =
        json!({ "binary_bytes": size, "starts": STARTS, "median_ms": milliseconds[STARTS / 2] });
    println!("{line}");
    Ok(())
}

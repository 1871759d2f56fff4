//! `bridge bench` as a program.

use std::process::{Command, Stdio};

use serde_json::Value;

const BRIDGE: &str = env!("CARGO_BIN_EXE_bridge");

#[test]
fn the_last_line_of_a_bench_has_every_figure() {
    let arguments =
        "bench 1.1 --records 20 --latency-ms 0 --bad-percent 10 --existing-percent 50 --json";
    let output = Command::new(BRIDGE)
        .args(arguments.split(' '))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let result: Value = serde_json::from_str(last_line(&output.stdout)).unwrap();

    assert_eq!(result["delivered"], 18);
    assert_eq!(result["records"], 20);
    for figure in [
        "/seconds",
        "/calls/ping",
        "/calls/primero",
        "/calls/state",
        "/calls_per_record",
        "/state_calls_per_record",
    ] {
        let value = result.pointer(figure).and_then(Value::as_f64);
        assert!(value.is_some_and(|value| value > 0.0), "{figure}: {result}");
    }
    for figure in ["peak_mb", "cpu_seconds"] {
        let known = result[figure].as_f64().is_some_and(|value| value > 0.0);
        assert_eq!(known, cfg!(target_os = "linux"), "{figure}: {result}");
    }
}

#[test]
fn the_simulated_systems_end_with_the_process_that_started_them() {
    let output = Command::new(BRIDGE)
        .args(["bench-systems", "--records", "1"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let seen: Value = serde_json::from_str(last_line(&output.stdout)).unwrap();
    assert_eq!(seen["arrived"], 0);
}

fn last_line(output: &[u8]) -> &str {
    std::str::from_utf8(output).unwrap().lines().last().unwrap()
}

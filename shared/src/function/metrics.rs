//! What CloudWatch is told of a run: one line in its embedded metric format on standard output.
//!
//! A metric is paid by the hour in which it is told. So a run tells whether it completed, always, and beside that what an alarm waits for
//! and only where it is not 0. All other counts stand in the log line that names the run's end.
//!
//! Every figure is one value of this run: a gauge of one deployment would be told again with the next that a warm function serves.

use std::io;
use std::sync::OnceLock;

use jiff::Timestamp;
use metrics::histogram;
use metrics_cloudwatch_embedded::{Builder, Collector};

use crate::domain::outcome::RunStatus;
use crate::engine::Finished;

const NAMESPACE: &str = "ReferralBridge";

/// Writes the metrics of a run. A dry run has none: what it counts did not happen. Neither has one that found another at work.
pub fn write(finished: &Finished, out: impl io::Write) -> io::Result<()> {
    if finished.report.dry_run || finished.report.status == RunStatus::AlreadyRunning {
        return Ok(());
    }
    let collector = collector();
    record(finished);
    collector.flush(out)
}

fn record(finished: &Finished) {
    let Finished {
        report, measures, ..
    } = finished;
    let labels = [
        ("deployment", report.deployment.to_string()),
        ("workflow", report.workflow.to_string()),
    ];
    let completed = u64::from(report.status == RunStatus::Completed);
    histogram!("RunCompleted", &labels).record(number(completed));
    let standing = measures.standing.unwrap_or_default();
    let age =
        |since: Option<Timestamp>| since.map_or(0.0, |since| seconds(since, report.finished_at));
    for (name, value) in [
        ("HeldNew", number(measures.newly_held)),
        ("OldestHeldSeconds", age(standing.oldest_held)),
        ("OldestUnsentSeconds", age(standing.oldest_unsent)),
        ("UnknownCode", number(measures.unknown_codes)),
    ] {
        if value > 0.0 {
            histogram!(name, &labels).record(value);
        }
    }
}

/// Counts stay far below where this would lose any.
#[expect(
    clippy::cast_precision_loss,
    reason = "a run has less than 2^52 records"
)]
const fn number(count: u64) -> f64 {
    count as f64
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64().max(0.0)
}

/// One for the process: the metrics library keeps its recorder globally.
fn collector() -> &'static Collector {
    static COLLECTOR: OnceLock<&'static Collector> = OnceLock::new();
    COLLECTOR.get_or_init(|| {
        Builder::new()
            .cloudwatch_namespace(NAMESPACE)
            .init()
            .expect("a namespace is set, and nobody else sets a recorder")
    })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;
    use crate::clock::later;
    use crate::domain::outcome::{Calls, Counts, CursorMove, Measures, RunReport, Standing};
    use crate::domain::system::WorkflowName;

    const START: Timestamp = Timestamp::constant(1_790_000_000, 0);

    fn finished(dry_run: bool) -> Finished {
        Finished {
            report: RunReport {
                run_id: "01J".to_owned(),
                deployment: "testland".parse().expect("a name"),
                workflow: WorkflowName::ReferralsToPrimero,
                status: RunStatus::Completed,
                error: None,
                started_at: START,
                finished_at: later(START, Duration::from_secs(90)),
                dry_run,
                counts: Counts {
                    delivered: 3,
                    held: 2,
                    ..Counts::default()
                },
                reasons: BTreeMap::new(),
                remarks: <_>::default(),
                cursor: CursorMove::default(),
                write_limit: None,
                calls: Calls {
                    ping: 4,
                    primero: 5,
                    state: 6,
                },
                records: Vec::new(),
                checks: Vec::new(),
            },
            stop: None,
            measures: Measures {
                newly_held: 1,
                unknown_codes: 3,
                failed_calls: 0,
                standing: Some(Standing {
                    held: 4,
                    oldest_unsent: None,
                    oldest_held: Some(START),
                }),
            },
        }
    }

    /// A run that failed before it read the ledger.
    fn quiet_failure() -> Finished {
        let mut finished = finished(false);
        finished.report.status = RunStatus::Failed;
        finished.measures = Measures::default();
        finished
    }

    /// One test, for the recorder is one for the process.
    #[test]
    fn a_run_is_one_line_with_its_deployment_and_workflow_and_a_dry_one_is_none() {
        let mut dry = Vec::new();
        write(&finished(true), &mut dry).expect("a Vec takes it");
        assert!(dry.is_empty());

        let mut line = Vec::new();
        write(&finished(false), &mut line).expect("a Vec takes it");
        let line: Value = serde_json::from_slice(&line).expect("one line of JSON");
        assert_eq!(line["deployment"], "testland");
        assert_eq!(line["workflow"], "referrals-to-primero");
        let told = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(told["Namespace"], NAMESPACE);
        assert_eq!(told["Dimensions"][0].as_array().map(Vec::len), Some(2));
        let names: BTreeSet<&str> = told["Metrics"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|metric| metric["Name"].as_str())
            .collect();
        assert_eq!(
            names,
            BTreeSet::from([
                "HeldNew",
                "OldestHeldSeconds",
                "RunCompleted",
                "UnknownCode"
            ]),
            "nothing that is 0, and nothing that no alarm waits for"
        );
        for (name, value) in [
            ("HeldNew", 1.0),
            ("UnknownCode", 3.0),
            ("RunCompleted", 1.0),
            ("OldestHeldSeconds", 90.0),
        ] {
            assert_eq!(line[name], json!([value]), "{name}");
        }

        let mut line = Vec::new();
        write(&quiet_failure(), &mut line).expect("a Vec takes it");
        let line: Value = serde_json::from_slice(&line).expect("one line of JSON");
        let told = &line["_aws"]["CloudWatchMetrics"][0]["Metrics"];
        assert_eq!(told.as_array().map(Vec::len), Some(1));
        assert_eq!(line["RunCompleted"], json!([0.0]));
    }
}

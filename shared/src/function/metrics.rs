//! What CloudWatch is told of a run: one line in its embedded metric format on standard output.
//!
//! Everything is a count or a single value of this run, never a gauge: a warm function serves several deployments, and a gauge of one
//! would be told again with the next.

use std::io;
use std::sync::OnceLock;

use jiff::Timestamp;
use metrics::{counter, histogram};
use metrics_cloudwatch_embedded::{Builder, Collector};

use crate::domain::outcome::RunStatus;
use crate::domain::reason::Reason;
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
    let of = |reason: Reason| report.reasons.get(&reason).copied().unwrap_or_default();
    let counts = &report.counts;
    let ended_well = matches!(report.status, RunStatus::Completed | RunStatus::Truncated);
    for (name, count) in [
        ("Delivered", counts.delivered),
        ("AlreadyInPlace", counts.already_in_place),
        ("Held", counts.held),
        ("HeldNew", measures.newly_held),
        ("WillRetry", counts.will_retry),
        ("AwaitingConfirmation", counts.awaiting_confirmation),
        ("Skipped", counts.skipped),
        (
            "UnknownCode",
            of(Reason::UnknownCode) + measures.unknown_statuses,
        ),
        ("ContactSubstituted", of(Reason::ContactSubstituted)),
        ("ApiCalls", report.calls.ping + report.calls.primero),
        ("ApiErrors", measures.failed_calls),
        ("RunCompleted", u64::from(ended_well)),
    ] {
        counter!(name, &labels).increment(count);
    }
    let age =
        |since: Option<Timestamp>| since.map_or(0.0, |since| seconds(since, report.finished_at));
    for (name, value) in [
        ("OldestUnsentSeconds", age(measures.oldest_unsent)),
        ("OldestHeldSeconds", age(measures.oldest_held)),
        ("RunSeconds", seconds(report.started_at, report.finished_at)),
    ] {
        histogram!(name, &labels).record(value);
    }
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
    use std::collections::BTreeMap;
    use std::time::Duration;

    use serde_json::Value;

    use super::*;
    use crate::clock::later;
    use crate::domain::outcome::{Calls, Counts, CursorMove, Measures, RunReport};
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
                reasons: BTreeMap::from([(Reason::UnknownCode, 2)]),
                cursor: CursorMove::default(),
                calls: Calls {
                    ping: 4,
                    primero: 5,
                    state: 6,
                },
                records: Vec::new(),
            },
            stop: None,
            measures: Measures {
                newly_held: 1,
                oldest_held: Some(START),
                unknown_statuses: 1,
                ..Measures::default()
            },
        }
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
        for (name, value) in [
            ("Delivered", 3),
            ("Held", 2),
            ("HeldNew", 1),
            ("UnknownCode", 3),
            ("ApiCalls", 9),
            ("RunCompleted", 1),
        ] {
            assert_eq!(line[name], value, "{name}");
        }
        for (name, value) in [
            ("OldestHeldSeconds", 90.0),
            ("OldestUnsentSeconds", 0.0),
            ("RunSeconds", 90.0),
        ] {
            assert_eq!(line[name][0], value, "{name}");
        }
    }
}

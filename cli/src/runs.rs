//! `bridge runs`: what the last runs did.

use std::process::ExitCode;

use clap::Args;
use comfy_table::{Table, presets};
use jiff::SignedDuration;
use referral_bridge::domain::outcome::RunReport;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::observe;

use crate::output::print;
use crate::state::DeploymentState;

/// Lists the last runs, the newest first.
#[derive(Args)]
pub struct Runs {
    /// The workflow's name or number; without it, runs of all workflows.
    workflow: Option<WorkflowName>,
    /// How many runs at most.
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// Prints the whole reports as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    deployment: DeploymentState,
}

impl Runs {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        observe::start();
        let open = self.deployment.open().await?;
        let mut reports = Vec::new();
        for workflow in workflows(self.workflow) {
            reports.extend(open.store(workflow).last_runs(self.limit).await?);
        }
        newest_first(&mut reports, self.limit);
        if self.json {
            print(serde_json::to_string_pretty(&reports)?)?;
        } else {
            print(table(&reports))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The workflow that was named, or all of them.
pub fn workflows(named: Option<WorkflowName>) -> Vec<WorkflowName> {
    named.map_or_else(|| WorkflowName::ALL.to_vec(), |workflow| vec![workflow])
}

/// Run ids are ULIDs, which sort by time.
fn newest_first(reports: &mut Vec<RunReport>, limit: usize) {
    reports.sort_by(|one, other| other.run_id.cmp(&one.run_id));
    reports.truncate(limit);
}

fn table(reports: &[RunReport]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header([
        "started", "workflow", "run", "took", "ended", "sent", "there", "waiting", "skipped",
        "deferred", "held", "retry",
    ]);
    for report in reports {
        let took = report.finished_at.duration_since(report.started_at);
        let took = SignedDuration::from_secs(took.as_secs());
        let counts = &report.counts;
        let numbers = [
            counts.delivered,
            counts.already_in_place,
            counts.awaiting_confirmation,
            counts.skipped,
            counts.deferred,
            counts.held,
            counts.will_retry,
        ];
        let words = [
            format!("{:.0}", report.started_at),
            format!("{} {}", report.workflow.number(), report.workflow),
            report.run_id.clone(),
            format!("{took:#}"),
            ending(report),
        ];
        table.add_row(words.into_iter().chain(numbers.map(|n| n.to_string())));
    }
    table
}

/// How the run ended; the code of the error is its first word.
fn ending(report: &RunReport) -> String {
    let mut words = vec![report.status.as_str()];
    if report.dry_run {
        words.push("(dry run)");
    }
    if let Some(error) = &report.error {
        words.push(error.split(':').next().unwrap_or_default());
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use referral_bridge::domain::outcome::{Calls, Counts, CursorMove, RunStatus};

    use super::*;

    fn report(run_id: &str) -> RunReport {
        let started_at = jiff::Timestamp::constant(1_790_000_000, 0);
        RunReport {
            run_id: run_id.to_owned(),
            deployment: "gambella".parse().expect("a name"),
            workflow: WorkflowName::ReferralsToPrimero,
            status: RunStatus::Failed,
            error: Some("no_progress: records were due and none could be finished".to_owned()),
            started_at,
            finished_at: started_at + SignedDuration::from_millis(65_300),
            dry_run: true,
            counts: Counts {
                delivered: 41,
                held: 3,
                ..Counts::default()
            },
            reasons: std::collections::BTreeMap::new(),
            remarks: <_>::default(),
            cursor: CursorMove::default(),
            write_limit: None,
            calls: Calls::default(),
            records: Vec::new(),
            checks: Vec::new(),
        }
    }

    #[test]
    fn of_several_workflows_the_newest_runs_are_shown() {
        let mut reports = vec![report("01B"), report("01A"), report("01C")];
        newest_first(&mut reports, 2);
        let ids: Vec<_> = reports.iter().map(|report| &*report.run_id).collect();
        assert_eq!(ids, ["01C", "01B"]);
    }

    #[test]
    fn a_run_is_one_line_with_its_end_and_its_figures() {
        let table = table(&[report("01A")]).to_string();
        let line = table.lines().find(|line| line.contains("01A"));
        let words: Vec<_> = line.expect("a line").split_whitespace().collect();
        let expected = "2026-09-21T14:13:20Z 1.1 referrals-to-primero 01A 1m 5s failed (dry run) \
                        no_progress 41 0 0 0 0 3 0";
        assert_eq!(words.join(" "), expected);
    }
}

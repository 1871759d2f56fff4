//! What a person sees of the demo: a progress bar on a terminal, plain lines elsewhere, and a table at the end.

use std::io::{IsTerminal as _, stderr};

use comfy_table::{Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use referral_bridge::domain::outcome::RunReport;
use referral_bridge::engine::Progress;
use sandbox::demo::Verdict;

use super::Leg;
use crate::output::{print, tell};

/// Shows how a run gets on, on standard error.
pub enum Show {
    Bar(ProgressBar),
    Lines,
}

impl Show {
    /// A bar for a person at a terminal, lines for anything else.
    pub fn start(leg: &Leg, records: usize, for_machines: bool) -> Self {
        let (workflow, what) = (leg.workflow, leg.what);
        tell(format_args!(
            "{} {workflow}: {what} ({records})",
            workflow.number()
        ));
        if for_machines || !stderr().is_terminal() {
            return Self::Lines;
        }
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}");
        let bar = ProgressBar::new(records as u64);
        Self::Bar(match style {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        })
    }

    pub fn progress(&self, progress: &Progress<'_>) {
        match self {
            Self::Bar(bar) => {
                bar.inc(1);
                let counts = progress.counts;
                bar.set_message(format!(
                    "{} delivered, {} held, {} skipped",
                    counts.delivered, counts.held, counts.skipped
                ));
            }
            Self::Lines => {
                let record = progress.record;
                let reason = record.reason.map_or("", |reason| reason.code());
                tell(format_args!(
                    "{} {} {reason}",
                    record.key,
                    record.outcome.as_str()
                ));
            }
        }
    }

    pub fn end(&self) {
        if let Self::Bar(bar) = self {
            bar.finish();
        }
    }
}

/// The table of records and the verdict, on standard output.
pub fn table(verdict: &Verdict, reports: &[RunReport], second_round: usize) -> std::io::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["", "record", "what it shows", "outcome", "check"]);
    for record in &verdict.records {
        let texts: Vec<&str> = record
            .problems
            .iter()
            .map(|problem| problem.text.as_str())
            .collect();
        let check = if texts.is_empty() {
            "ok".to_owned()
        } else {
            texts.join("; ")
        };
        let workflow = record.workflow.number().to_owned();
        table.add_row([&workflow, &record.key, &record.label, &record.found, &check]);
    }
    print(&table)?;
    for report in reports {
        let counts = &report.counts;
        print(format_args!(
            "{} {:<21} {} delivered, {} already in place, {} held, {} skipped; {} calls to PING, {} to Primero, {} to the state table",
            report.workflow.number(),
            report.workflow.as_str(),
            counts.delivered,
            counts.already_in_place,
            counts.held,
            counts.skipped,
            report.calls.ping,
            report.calls.primero,
            report.calls.state,
        ))?;
    }
    let sums = verdict.sums;
    print(format_args!(
        "lost {}, duplicated {}, on the wrong case {}, wrong decision {}, unexpected {}; a second round wrote {second_round} times",
        sums.lost, sums.duplicated, sums.wrong_case, sums.wrong_decision, sums.unexpected,
    ))
}

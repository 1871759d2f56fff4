//! `bridge held`: what waits for a person.

use std::process::ExitCode;

use clap::Args;
use comfy_table::{ContentArrangement, Table, presets};
use jiff::Timestamp;
use referral_bridge::domain::reason::Reason;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::observe;
use referral_bridge::store::{RecordRow, Remarked};
use serde_json::{Value, json};

use crate::output::print;
use crate::runs::workflows;
use crate::show::for_machines;
use crate::state::DeploymentState;

/// Lists the records that wait for a person or for changed data, the longest known first.
#[derive(Args)]
pub struct Held {
    /// The workflow's name or number; without it, records of all workflows.
    workflow: Option<WorkflowName>,
    /// Prints them as JSON.
    #[arg(long)]
    json: bool,
    /// Lists the remarks alone: what a person should know of records that wait for nobody.
    #[arg(long)]
    remarks: bool,
    #[command(flatten)]
    deployment: DeploymentState,
}

impl Held {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        observe::start();
        let open = self.deployment.open().await?;
        let mut held = Vec::new();
        let mut remarks = Vec::new();
        for workflow in workflows(self.workflow) {
            let store = open.store(workflow);
            if !self.remarks {
                let rows = store.held_records::<Value>().await?;
                held.extend(rows.into_iter().map(|row| (workflow, row)));
            }
            if self.remarks || !self.json {
                let items = store.remarked().await?;
                remarks.extend(items.into_iter().map(|item| (workflow, item)));
            }
        }
        if self.remarks && self.json {
            let list: Vec<Value> = remarks.iter().flat_map(remarks_for_machines).collect();
            print(serde_json::to_string_pretty(&list)?)?;
        } else if self.json {
            let rows = held.iter();
            let list: Vec<Value> = rows
                .map(|(workflow, row)| with_workflow(*workflow, row))
                .collect();
            print(serde_json::to_string_pretty(&list)?)?;
        } else {
            if !self.remarks {
                print(table(&held))?;
                print(format_args!(
                    "{} held; `bridge show <workflow> <key>` tells more of one",
                    held.len()
                ))?;
            }
            if self.remarks || !remarks.is_empty() {
                print(
                    "
Remarks: to be known, nothing waits for it",
                )?;
                print(table_of_remarks(&remarks))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn with_workflow(workflow: WorkflowName, row: &RecordRow<Value>) -> Value {
    let mut shown = for_machines(row);
    shown["workflow"] = workflow.as_str().into();
    shown
}

/// One object a remark.
fn remarks_for_machines((workflow, item): &(WorkflowName, Remarked)) -> Vec<Value> {
    let one = |(word, since): (&Reason, &Timestamp)| {
        json!({
            "workflow": workflow.as_str(),
            "key": item.key,
            "state": item.state,
            "remark": word,
            "meaning": word.meaning(),
            "since": since,
        })
    };
    item.remarks.iter().map(one).collect()
}

fn table_of_remarks(remarks: &[(WorkflowName, Remarked)]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["since", "workflow", "record", "remark"]);
    for (workflow, item) in remarks {
        for (word, since) in &item.remarks {
            table.add_row([
                format!("{since:.0}"),
                workflow.number().to_owned(),
                item.key.clone(),
                format!("{word}: {}", word.meaning()),
            ]);
        }
    }
    table
}

fn table(held: &[(WorkflowName, RecordRow<Value>)]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["first seen", "workflow", "record", "reason", "fields"]);
    for (workflow, row) in held {
        table.add_row([
            format!("{:.0}", row.first_seen_at),
            workflow.number().to_owned(),
            row.key.to_string(),
            row.reason
                .map(|reason| reason.to_string())
                .unwrap_or_default(),
            row.fields.join(", "),
        ]);
    }
    table
}

//! `bridge show`: where is this referral?

use std::process::ExitCode;

use clap::Args;
use comfy_table::{ContentArrangement, Table, presets};
use referral_bridge::domain::reason::Reason;
use referral_bridge::domain::record::RecordKey;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::observe;
use referral_bridge::store::{RecordRow, RecordState};
use serde_json::{Value, json};

use crate::output::{print, tell};
use crate::state::DeploymentState;

/// Shows where one record stands, why, and what comes next.
#[derive(Args)]
pub struct Show {
    /// The workflow's name or number, such as `referrals-to-primero` or `1.1`.
    workflow: WorkflowName,
    /// The record's key, as run reports and logs name it. Capitals and braces of a GUID do not matter.
    key: String,
    /// Prints it as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    deployment: DeploymentState,
}

impl Show {
    /// Exit code 0 only if the ledger knows the record.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        observe::start();
        let open = self.deployment.open().await?;
        let key = RecordKey::written(&self.key);
        let store = open.store(self.workflow);
        let mut rows = store.records::<Value>(std::slice::from_ref(&key)).await?;
        let Some(row) = rows.remove(&key) else {
            tell(format_args!(
                "the ledger of {} does not know {key}",
                self.workflow
            ));
            return Ok(ExitCode::FAILURE);
        };
        if self.json {
            print(serde_json::to_string_pretty(&for_machines(&row))?)?;
        } else {
            print(table(&row))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The row with its words, and without what only the bridge itself can use.
pub fn for_machines(row: &RecordRow<Value>) -> Value {
    json!({
        "key": row.key,
        "state": row.state,
        "reason": row.reason,
        "meaning": row.reason.map(Reason::meaning),
        "remarks": row.remarks,
        "fields": row.fields,
        "transaction_id": row.transaction_id,
        "attempts": row.attempts,
        "accepted_at": row.accepted_at,
        "next_attempt_at": row.next_attempt_at,
        "first_seen_at": row.first_seen_at,
        "updated_at": row.updated_at,
        "run_id": row.run_id,
        "place": row.place,
    })
}

fn table(row: &RecordRow<Value>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    let (state, meaning) = words(row.state);
    let mut line = |name: &str, text: String| {
        if !text.is_empty() {
            table.add_row([name, &text]);
        }
    };
    line("record", row.key.to_string());
    line("state", format!("{state}: {meaning}"));
    if let Some(reason) = row.reason {
        line("reason", format!("{reason}: {}", reason.meaning()));
    }
    for (word, since) in &row.remarks {
        let text = format!("{word}, since {since:.0}: {}", word.meaning());
        line("remark", text);
    }
    line("fields", row.fields.join(", "));
    line(
        "PING transaction",
        row.transaction_id.clone().unwrap_or_default(),
    );
    let accepted = row.accepted_at.map(|at| format!("{at:.0}"));
    line("accepted by PING", accepted.unwrap_or_default());
    line("failed attempts", row.attempts.to_string());
    let next = row.next_attempt_at.map(|next| format!("{next:.0}"));
    line("next attempt", next.unwrap_or_default());
    line("first seen", format!("{:.0}", row.first_seen_at));
    line(
        "last worked on",
        format!("{:.0} by run {}", row.updated_at, row.run_id),
    );
    for (name, id) in place_ids(row.place.as_ref()) {
        line(&name, id);
    }
    table
}

/// The ids by which the record is found in the two systems.
fn place_ids(place: Option<&Value>) -> Vec<(String, String)> {
    let fields = place.and_then(Value::as_object).into_iter().flatten();
    fields
        .map(|(name, value)| {
            let text = match value {
                Value::String(text) => text.clone(),
                // What proGres calls a submission, and its referral.
                Value::Object(ids) if !ids.contains_key("hash") => {
                    let pairs = ids.iter().map(|(one, other)| format!("{one}: {other}"));
                    pairs.collect::<Vec<_>>().join(", ").replace('"', "")
                }
                // Fingerprints and counts are of use to the bridge alone.
                _ => String::new(),
            };
            (name.replace('_', " "), text)
        })
        .collect()
}

/// A state as the table keeps it, and what it means.
fn words(state: RecordState) -> (&'static str, &'static str) {
    match state {
        RecordState::Sending => (
            "sending",
            "being sent, or sent by a run that died: whether it arrived cannot be asked",
        ),
        RecordState::Written => ("written", "accepted by the destination, not yet read back"),
        RecordState::Verified => (
            "verified",
            "seen at the destination, the source is not told yet",
        ),
        RecordState::AwaitingConfirmation => (
            "awaiting_confirmation",
            "accepted by PING, which has not said yet whether for good",
        ),
        RecordState::Retry => ("retry", "failed for a passing reason, and is tried again"),
        RecordState::Held => ("held", "waits for a person or for changed data"),
        RecordState::Skipped => ("skipped", "seen, and not ours to send"),
        RecordState::Done => ("done", "both sides know"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn row() -> RecordRow<Value> {
        let at = Timestamp::constant(1_790_000_000, 0);
        let row = json!({
            "key": "68b20e2a-4879-ee11-8179-000d3a43f6eb",
            "state": RecordState::Held,
            "reason": Reason::InvalidDate,
            "fields": ["progres_dateofbirth"],
            "profile_version": "v1",
            "place": {
                "business_unit": "577ccdf6", "case": null, "sent_with": 25, "commented": { "hash": "68f1", "key_id": "k" },
                "submitted": { "referral": "9d31", "made_at": "2026-11-20T09:00:00Z" },
            },
            "attempts": 2,
            "told": 0,
            "first_seen_at": at,
            "updated_at": at,
            "run_id": "01A",
            "fence": 1,
        });
        serde_json::from_value(row).expect("a row")
    }

    #[test]
    fn a_person_reads_state_reason_fields_and_ids_and_nothing_that_is_empty() {
        let shown = table(&row()).to_string();
        for text in [
            "held: waits for a person",
            "invalid_date: A date is no real calendar date",
            "progres_dateofbirth",
            "by run 01A",
            "business unit",
            "577ccdf6",
            "referral: 9d31",
        ] {
            assert!(shown.contains(text), "{text}:\n{shown}");
        }
        for text in [
            "PING transaction",
            "next attempt",
            "case",
            "sent with",
            "68f1",
        ] {
            assert!(!shown.contains(&format!(" {text} ")), "{text}:\n{shown}");
        }
    }

    #[test]
    fn a_machine_reads_codes_and_the_meaning() {
        let shown = for_machines(&row());
        assert_eq!(shown["state"], "held");
        assert_eq!(shown["reason"], "invalid_date");
        assert_eq!(shown["meaning"], Reason::InvalidDate.meaning());
        assert_eq!(shown["place"]["business_unit"], "577ccdf6");
        assert_eq!(shown["next_attempt_at"], Value::Null);
    }
}

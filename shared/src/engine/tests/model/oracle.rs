//! What must be true in the end, told from the source and the destination alone: a plain model without runs, stages or rows.

use std::collections::HashMap;

use super::dispatch::{Nature, fingerprint, version};
use super::office::Office;
use super::source::{Kind, Sheet};
use crate::domain::reason::Reason;
use crate::store::{RecordRow, RecordState};

/// Where a sheet may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Done,
    Skipped,
    Held(Reason),
}

/// When the oracle is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Nobody has looked at what is held since.
    HealthyRuns,
    /// A person has released all that was held, and it was worked on again.
    Release,
}

/// Compares what became of every sheet with what had to become of it.
pub async fn judge(office: &Office<'_>, after: After) {
    let complaints = office.destination.complaints.borrow().clone();
    assert!(complaints.is_empty(), "{complaints:#?}");
    let rows = office.rows().await;
    for sheet in office.source.all() {
        judge_one(office, &sheet, &rows, after);
    }
}

fn judge_one(
    office: &Office<'_>,
    sheet: &Sheet,
    rows: &HashMap<u32, RecordRow<u32>>,
    after: After,
) {
    let row = rows.get(&sheet.number);
    let row = row.unwrap_or_else(|| panic!("no row of {sheet:?}"));
    let end = match (row.state, row.reason) {
        (RecordState::Done, _) => End::Done,
        (RecordState::Skipped, _) => End::Skipped,
        (RecordState::Held, Some(reason)) => End::Held(reason),
        _ => panic!("unfinished: {row:#?}"),
    };
    let about = || {
        format!(
            "{sheet:?} {:?} {row:#?}",
            office.destination.of(sheet.number)
        )
    };
    assert!(
        allowed(office, sheet, after).contains(&end),
        "{end:?} {}",
        about()
    );
    let stuck = matches!(end, End::Held(reason) if reason.opens_only_by_release());
    if !stuck {
        assert_eq!(row.fingerprint, Some(fingerprint(sheet)), "{}", about());
        assert_eq!(row.version, Some(version(sheet)), "{}", about());
    }
    let copies = office.destination.copies(sheet);
    let let_go = office.destination.let_go.borrow().contains(&sheet.number);
    let most = match office.terms.nature {
        Nature::Resend => usize::MAX,
        Nature::Hold if let_go => usize::MAX,
        _ => 1,
    };
    assert!(copies <= most, "{}", about());
    if end == End::Done {
        assert!(copies >= 1, "{}", about());
        let letters = office.destination.of(sheet.number);
        let last = letters.last().map(|letter| letter.sheet.revision);
        assert_eq!(last, Some(sheet.revision), "{}", about());
    }
}

/// Every end that this sheet may have come to.
fn allowed(office: &Office<'_>, sheet: &Sheet, after: After) -> Vec<End> {
    let mut ends = vec![match sheet.kind {
        Kind::Fine | Kind::Unknown { .. } => End::Done,
        Kind::Rejected => End::Held(Reason::RejectedByProgres),
        Kind::Unmappable => End::Held(Reason::MissingRequiredField),
        Kind::NotOurs => End::Skipped,
    }];
    if after == After::Release {
        return ends;
    }
    // What may be at a destination that never said so waits for a person, whatever the source has changed since.
    let overdue = office.destination.of(sheet.number);
    let overdue = overdue
        .iter()
        .any(|letter| letter.sheet.takes > office.overdue());
    if overdue {
        ends.push(End::Held(Reason::ConfirmationOverdue));
    }
    if office.terms.nature == Nature::Hold && office.unlucky.get() {
        ends.push(End::Held(Reason::OutcomeUnknown));
    }
    ends
}

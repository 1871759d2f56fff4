//! Builders for the tests of this workflow.

use serde_json::{Map, Value, json};

use super::mapping::{DecidedReferral, map};
use super::source::SourceDecision;
use crate::domain::reason::Reason;
use crate::engine::{Fault, FaultKind};
use crate::progres::Row;

/// The case and the service that the decision of these tests is about, and the day it was made on.
pub const CASE: &str = "f59e880e-d58f-4b68-ba6e-e0616a49aefd";
pub const SERVICE: &str = "5c2d4f6c-7a78-43b5-ac40-eb097be51d89";
pub const INTEROP: &str = "d19321ea-778e-405e-841d-b24f247662e3";

fn fields() -> Map<String, Value> {
    let fields = json!({
        "progres_interoperabilityreferralid": INTEROP,
        "progres_offlineid": CASE,
        "progres_orgreferralid": SERVICE,
        "progres_requestedservice": "fab93078-7005-e611-80d9-00155d34051a",
        "progres_interoperabilityreferralstatus": 125_080_002,
        "progres_reviewdecision": 125_080_001,
        "progres_reviewdate": "2026-11-20T00:00:00Z",
        "progres_interoperabiltyreferralrejectionreason": 125_080_000,
        "progres_interoperabiltyreferralrejectionreasonname": "Individual Not Found",
        "progres_interoperabilityreferralrejectionomment": "No such registration in this operation",
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// The detail row of a rejection.
pub fn details() -> Row {
    Row::new(fields())
}

/// The same with one field changed.
pub fn with(key: &str, value: impl Into<Value>) -> Row {
    changed(&[(key, value.into())])
}

/// The same with several fields changed.
pub fn changed(changes: &[(&str, Value)]) -> Row {
    let mut fields = fields();
    for (key, value) in changes {
        fields.insert((*key).to_owned(), value.clone());
    }
    Row::new(fields)
}

/// The same without a status; the review decision is this.
pub fn reviewed(decision: impl Into<Value>) -> Row {
    let mut fields = fields();
    fields.remove("progres_interoperabilityreferralstatus");
    fields.insert("progres_reviewdecision".to_owned(), decision.into());
    Row::new(fields)
}

/// Any row.
pub fn row(fields: Value) -> Row {
    match fields {
        Value::Object(fields) => Row::new(fields),
        other => panic!("{other} is no row"),
    }
}

/// What these rows map to when the list shows nothing of the decision.
pub fn mapped(rows: &[Row]) -> Result<DecidedReferral, Fault> {
    let id = INTEROP.parse().expect("a GUID");
    map(id, None, &SourceDecision::fold(rows), None)
}

/// Reason and fields of rows that are held.
pub fn held(rows: &[Row]) -> (Reason, Vec<String>) {
    let fault = mapped(rows).expect_err("it does not map");
    match fault.kind {
        FaultKind::Hold(reason) => (reason, fault.fields),
        other => panic!("{other:?}"),
    }
}

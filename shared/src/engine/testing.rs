//! Builders for the engine's tests.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::ids::InterventionId;
use crate::store::{RecordRow, RecordState};

/// A row of an invented record, written under profile version `v1`.
pub fn row(state: RecordState) -> RecordRow<()> {
    let id: InterventionId = "68b20e2a-4879-ee11-8179-000d3a43f6eb"
        .parse()
        .expect("a GUID");
    RecordRow {
        key: id.into(),
        state,
        reason: None,
        remarks: BTreeMap::new(),
        fields: Vec::new(),
        transaction_id: None,
        fingerprint: None,
        delivered: None,
        version: None,
        profile_version: "v1".to_owned(),
        place: None,
        attempts: 0,
        next_attempt_at: None,
        accepted_at: None,
        began_at: None,
        checks: 0,
        superseded: false,
        released: false,
        told: 0,
        in_place: false,
        refused_alike: None,
        first_seen_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
        run_id: "earlier".to_owned(),
        fence: 1,
        ttl: None,
    }
}

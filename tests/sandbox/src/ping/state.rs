//! What the simulated `proGres` holds behind PING.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::sign_in::SignIns;

/// Option-set numbers that move a record along.
pub(super) mod code {
    pub(crate) const DELIVERY_FAILED: &str = "125080001";
    pub(crate) const TRANSFER_STATUSES: [&str; 4] =
        ["125080001", "125080002", "125080003", "125080004"];
    pub(crate) const SYNCED: &str = "125080003";
    pub(crate) const REFERRAL_STATUSES: [&str; 3] = ["125080001", "125080002", "125080003"];
    pub(crate) const SEXES: [&str; 4] = ["125080000", "125080001", "125080002", "125080003"];
}

/// One record received by an ingestion call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Received {
    /// The id under which checkstatus knows the call.
    pub transaction: Uuid,
    /// The record's `ExternalId`.
    pub external_id: String,
    /// The record's `ExternalGUID` (asynchronous calls only).
    pub external_guid: Option<String>,
    /// Its fields by name.
    pub fields: BTreeMap<String, Option<String>>,
    /// The comments of its attachments.
    pub attachments: Vec<String>,
    /// When it came.
    pub received_at: Timestamp,
    /// False: accepted at first and rejected later, so it changed nothing.
    pub applied: bool,
    /// The interoperability referral that it made in `proGres` (submissions only).
    pub referral: Option<Uuid>,
}

impl Received {
    /// A field's text; absent and null are the same.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.as_deref()
    }
}

pub(super) struct Intervention {
    pub(super) rows: Vec<Value>,
    /// False: Primero received it before this PING began.
    pub(super) listed: bool,
    pub(super) withdrawn: bool,
    pub(super) statuses: Vec<Received>,
}

impl Intervention {
    /// Pending until somebody says that it arrived; a reported delivery failure leaves it pending.
    pub(super) fn is_pending(&self) -> bool {
        self.listed
            && !self.withdrawn
            && !self.statuses.iter().any(|status| {
                status.applied
                    && status.field("progres_primerotransferstatus") != Some(code::DELIVERY_FAILED)
            })
    }

    /// What a status that was applied says of Primero is shown in the details from now on.
    pub(super) fn take_status(&mut self, status: Received) {
        let shown = status
            .fields
            .iter()
            .filter(|(name, _)| status.applied && name.starts_with("progres_primero"));
        for (name, value) in shown {
            for row in &mut self.rows {
                row[name] = json!(value);
            }
        }
        self.statuses.push(status);
    }
}

/// An interoperability referral in `proGres`.
pub(super) struct Referral {
    pub(super) id: Uuid,
    /// The detail row, once a decision was made; lists show its status.
    pub(super) decision: Option<Value>,
    /// Where it came from: the ids that the submission carried.
    pub(super) offline_id: Option<String>,
    pub(super) org_referral_id: Option<String>,
    pub(super) requested_service: Option<String>,
    pub(super) marks: Vec<Received>,
}

impl Referral {
    /// A mark that was applied changes the status that the lists show.
    pub(super) fn take_mark(&mut self, mark: Received) {
        let status = mark.field("progres_interoperabilityreferralstatus");
        if mark.applied
            && let Some(decision) = &mut self.decision
            && let Some(status) = status.and_then(|digits| digits.parse::<u64>().ok())
        {
            decision["progres_interoperabilityreferralstatus"] = status.into();
        }
        self.marks.push(mark);
    }
}

pub(super) struct Transaction {
    pub(super) shipping_process: String,
    pub(super) checks_left: u32,
    pub(super) results: Vec<RecordResult>,
}

pub(super) struct RecordResult {
    /// Field name and value of the id that the result speaks of.
    pub(super) key: (&'static str, String),
    /// Why it was rejected; absent = it was taken.
    pub(super) rejected: Option<String>,
}

pub(super) struct State {
    pub(super) tokens: HashMap<String, Timestamp>,
    pub(super) sign_ins: SignIns,
    pub(super) clock_offset: jiff::SignedDuration,
    pub(super) interventions: Vec<Intervention>,
    pub(super) intervention_index: HashMap<String, usize>,
    pub(super) referrals: Vec<Referral>,
    pub(super) referral_index: HashMap<Uuid, usize>,
    pub(super) submissions: Vec<Received>,
    pub(super) transactions: HashMap<Uuid, Transaction>,
    /// Paging cookie → the query that it belongs to.
    pub(super) cookies: HashMap<String, String>,
    pub(super) poisoned: BTreeSet<String>,
    /// Reasons for the next records to be accepted at first and rejected later.
    pub(super) later_rejections: VecDeque<String>,
    /// The same for one record each, by its id.
    pub(super) later_rejections_by_id: HashMap<String, String>,
    pub(super) checks_before_result: u32,
    pub(super) list_page_rows: usize,
    pub(super) details_page_rows: usize,
    pub(super) ids: StdRng,
}

impl State {
    pub(super) fn new(options: &super::PingOptions) -> Self {
        Self {
            tokens: HashMap::new(),
            sign_ins: SignIns::default(),
            clock_offset: jiff::SignedDuration::ZERO,
            interventions: Vec::new(),
            intervention_index: HashMap::new(),
            referrals: Vec::new(),
            referral_index: HashMap::new(),
            submissions: Vec::new(),
            transactions: HashMap::new(),
            cookies: HashMap::new(),
            poisoned: BTreeSet::new(),
            later_rejections: VecDeque::new(),
            later_rejections_by_id: HashMap::new(),
            checks_before_result: options.checks_before_result,
            list_page_rows: options.list_page_rows,
            details_page_rows: options.details_page_rows,
            ids: StdRng::seed_from_u64(options.seed),
        }
    }

    pub(super) fn intervention(&self, id: &str) -> Option<&Intervention> {
        let place = *self.intervention_index.get(&canonical(id))?;
        self.interventions.get(place)
    }

    pub(super) fn intervention_mut(&mut self, id: &str) -> Option<&mut Intervention> {
        let place = *self.intervention_index.get(&canonical(id))?;
        self.interventions.get_mut(place)
    }

    pub(super) fn referral(&self, id: Uuid) -> Option<&Referral> {
        self.referrals.get(*self.referral_index.get(&id)?)
    }

    pub(super) fn referral_mut(&mut self, id: Uuid) -> Option<&mut Referral> {
        let place = *self.referral_index.get(&id)?;
        self.referrals.get_mut(place)
    }

    /// Why the next record of this id is to be rejected later, if it is. Each reason is given once.
    pub(super) fn later_rejection(&mut self, id: &str) -> Option<String> {
        let own = self.later_rejections_by_id.remove(&canonical(id));
        own.or_else(|| self.later_rejections.pop_front())
    }

    pub(super) fn add_referral(&mut self, referral: Referral) {
        self.referral_index
            .insert(referral.id, self.referrals.len());
        self.referrals.push(referral);
    }
}

/// GUIDs are compared without case.
pub(super) fn canonical(id: &str) -> String {
    id.trim().to_ascii_lowercase()
}

/// The text of an option set, which arrives as a number or as a string of digits.
pub(super) fn digits(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

pub(super) fn random_id(ids: &mut StdRng) -> Uuid {
    uuid::Builder::from_random_bytes(ids.random()).into_uuid()
}

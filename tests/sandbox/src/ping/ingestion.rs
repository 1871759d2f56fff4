//! Writing through PING: `/data` (transfer statuses, marks) and `/asyncdata` (new referrals).
//!
//! A call is checked as a whole before anything is changed: one bad record refuses its neighbours too. Whether the real PING does so
//! is not public; [`Fault::TakenInPart`] does otherwise.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Ping;
use super::body::{Body, Refusal, parse};
use super::records::records;
use super::state::{self, Received, RecordResult, Referral, State as Held, Transaction, code};
use super::submission;
use crate::faults::Fault;
use crate::journal::Effect;
use crate::wire::{HandlersFault, json_answer};

const STATUS_FIELDS: &[&str] = &[
    "progres_lpinterventionid",
    "progres_businessunit",
    "progres_primerotransferstatus",
    "progres_primerotransferstatusdate",
    "progres_primeroid",
    "progres_primerocaseworker",
    "progres_comments_displayfield",
];

const MARK_FIELDS: &[&str] = &[
    "progres_interoperabilityreferralid",
    "progres_interoperabilityreferralstatus",
    "progres_comments",
];

/// What `/data` can write.
#[derive(Clone, Copy)]
enum Write {
    /// A transfer status of an intervention.
    Status,
    /// A mark on an interoperability referral.
    Mark,
}

impl Write {
    fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Status => STATUS_FIELDS,
            Self::Mark => MARK_FIELDS,
        }
    }

    /// The field that names the record.
    fn key(self) -> &'static str {
        match self {
            Self::Status => "progres_lpinterventionid",
            Self::Mark => "progres_interoperabilityreferralid",
        }
    }

    /// Stores a checked record; answers the id that checkstatus will name.
    fn apply(self, held: &mut Held, record: &Received) -> (&'static str, String) {
        let id = record.field(self.key()).unwrap_or_default().to_owned();
        match self {
            Self::Status => {
                if let Some(intervention) = held.intervention_mut(&id) {
                    intervention.take_status(record.clone());
                }
            }
            Self::Mark => {
                let referral = Uuid::try_parse(&id).ok();
                if let Some(referral) = referral.and_then(|id| held.referral_mut(id)) {
                    referral.take_mark(record.clone());
                }
            }
        }
        (self.key(), id)
    }
}

pub(super) async fn data(
    State(ping): State<Ping>,
    Path(partner): Path<String>,
    fault: Option<Extension<HandlersFault>>,
    bytes: Bytes,
) -> Response {
    let transaction = ping.new_id();
    let call = Call::new(&ping, &partner, transaction, fault);
    let taken = parse(&bytes).and_then(|members| take_data(&call, &members));
    answer(taken, transaction)
}

pub(super) async fn async_data(
    State(ping): State<Ping>,
    Path(partner): Path<String>,
    fault: Option<Extension<HandlersFault>>,
    bytes: Bytes,
) -> Response {
    let transaction = ping.new_id();
    let call = Call::new(&ping, &partner, transaction, fault);
    let taken = parse(&bytes).and_then(|members| take_submissions(&call, &members));
    answer(taken, transaction)
}

/// One ingestion call.
struct Call<'a> {
    ping: &'a Ping,
    partner: &'a str,
    transaction: Uuid,
    fault: Option<Fault>,
}

impl<'a> Call<'a> {
    fn new(
        ping: &'a Ping,
        partner: &'a str,
        transaction: Uuid,
        fault: Option<Extension<HandlersFault>>,
    ) -> Self {
        Self {
            ping,
            partner,
            transaction,
            fault: fault.map(|Extension(HandlersFault(fault))| fault),
        }
    }

    fn expect_partner(&self) -> Result<(), Refusal> {
        if self.partner == self.ping.options().partner_id {
            Ok(())
        } else {
            Err(Refusal::message("the partner in the path is not known"))
        }
    }

    /// Why the record at this place of the call is rejected later, if it is.
    fn later_rejection(&self, held: &mut Held, place: usize, id: &str) -> Option<String> {
        match &self.fault {
            Some(Fault::RejectedLater { message, every })
                if (place + 1).is_multiple_of((*every).max(1)) =>
            {
                Some(message.clone())
            }
            _ => held.later_rejection(id),
        }
    }
}

/// `taken`: whether anything changed.
fn answer(taken: Result<bool, Refusal>, transaction: Uuid) -> Response {
    match taken {
        Ok(changed) => {
            let mut response = json_answer(
                StatusCode::OK,
                &json!({ "Data": null, "ErrorMessage": null, "SPHTransactionId": transaction }),
            );
            if changed {
                response.extensions_mut().insert(Effect);
            }
            response
        }
        Err(refusal) => refusal.into_answer(transaction),
    }
}

fn take_data(call: &Call<'_>, members: &Map<String, Value>) -> Result<bool, Refusal> {
    let options = call.ping.options();
    let body = Body::of(
        members,
        "request",
        &["ShippingProcessId", "InteropId", "Data"],
    )?;
    call.expect_partner()?;
    body.expect("InteropId", &options.interop_id)?;
    let process = body.text("ShippingProcessId")?;
    let write = if process == options.shipping.intervention_status {
        Write::Status
    } else if process == options.shipping.mark_referral {
        Write::Mark
    } else {
        return Err(body.fault("ShippingProcessId", "is not known for this partner"));
    };
    let mut records = records(call.ping, &body, write.fields(), false, call.transaction)?;
    let mut held = call.ping.state();
    for record in &records {
        match write {
            Write::Status => check_status_write(&held, record)?,
            Write::Mark => check_mark(&held, record)?,
        }
    }
    let trouble = match &call.fault {
        Some(Fault::TakenInPart { records, message }) => Some((*records, message.clone())),
        _ => None,
    };
    if let Some((taken, _)) = &trouble {
        records.truncate(*taken);
    }
    let mut results = Vec::new();
    for (place, record) in records.iter_mut().enumerate() {
        let id = record.field(write.key()).unwrap_or_default();
        let rejected = call.later_rejection(&mut held, place, id);
        record.applied = rejected.is_none();
        let key = write.apply(&mut held, record);
        results.push(RecordResult { key, rejected });
    }
    remember(&mut held, process, call.transaction, results);
    match trouble {
        Some((_, message)) => Err(Refusal::message(message)),
        None => Ok(records.iter().any(|record| record.applied)),
    }
}

fn take_submissions(call: &Call<'_>, members: &Map<String, Value>) -> Result<bool, Refusal> {
    let options = call.ping.options();
    let known = &["ShippingProcessId", "InteropID", "APIVersion", "Data"];
    let body = Body::of(members, "request", known)?;
    call.expect_partner()?;
    body.expect("InteropID", &options.interop_id)?;
    body.expect("APIVersion", &options.async_api_version)?;
    body.expect("ShippingProcessId", &options.shipping.submit_referral)?;
    let fields = [submission::FIELDS, &options.own_fields].concat();
    let records = records(call.ping, &body, &fields, true, call.transaction)?;

    let mut changed = false;
    let mut results = Vec::new();
    let mut held = call.ping.state();
    for record in &records {
        check_submission(&held, record)?;
    }
    for (place, mut record) in records.into_iter().enumerate() {
        let service = record.field("progres_orgreferralid").unwrap_or_default();
        let planned = call.later_rejection(&mut held, place, service);
        let rejected = planned.or_else(|| submission::fault(&record));
        let earlier = options
            .recognise_repeats
            .then(|| submission::earlier(&held.submissions, &record))
            .flatten();
        record.applied = rejected.is_none() && earlier.is_none();
        record.referral = if record.applied {
            Some(new_referral(&mut held, &record))
        } else {
            earlier
        };
        changed |= record.applied;
        let id = record
            .referral
            .map_or_else(String::new, |id| id.to_string());
        results.push(RecordResult {
            key: ("progres_interoperabilityreferralid", id),
            rejected,
        });
        held.submissions.push(record);
    }
    let process = &options.shipping.submit_referral;
    remember(&mut held, process, call.transaction, results);
    Ok(changed)
}

fn remember(held: &mut Held, process: &str, transaction: Uuid, results: Vec<RecordResult>) {
    let checks_left = held.checks_before_result;
    held.transactions.insert(
        transaction,
        Transaction {
            shipping_process: process.to_owned(),
            checks_left,
            results,
        },
    );
}

fn check_status_write(held: &Held, record: &Received) -> Result<(), Refusal> {
    let id = record.field("progres_lpinterventionid").unwrap_or_default();
    if held.poisoned.contains(&state::canonical(id)) || held.intervention(id).is_none() {
        return Err(Refusal::message(
            "progres_lpinterventionid: the record does not exist",
        ));
    }
    let status = record
        .field("progres_primerotransferstatus")
        .unwrap_or_default();
    if !code::TRANSFER_STATUSES.contains(&status) {
        return Err(Refusal::message(
            "progres_primerotransferstatus: not a value of this option set",
        ));
    }
    let date = record
        .field("progres_primerotransferstatusdate")
        .unwrap_or_default();
    if !submission::is_date(date) {
        return Err(Refusal::message(
            "progres_primerotransferstatusdate: not a date",
        ));
    }
    Ok(())
}

fn check_submission(held: &Held, record: &Received) -> Result<(), Refusal> {
    let service = record.field("progres_orgreferralid").unwrap_or_default();
    if held.poisoned.contains(&state::canonical(service)) {
        return Err(Refusal::message(
            "An error occurred while processing the record",
        ));
    }
    Ok(())
}

fn check_mark(held: &Held, record: &Received) -> Result<(), Refusal> {
    let id = record
        .field("progres_interoperabilityreferralid")
        .unwrap_or_default();
    let known = Uuid::try_parse(id).is_ok_and(|id| held.referral(id).is_some());
    if !known || held.poisoned.contains(&state::canonical(id)) {
        return Err(Refusal::message(
            "progres_interoperabilityreferralid: the record does not exist",
        ));
    }
    let status = record
        .field("progres_interoperabilityreferralstatus")
        .unwrap_or_default();
    if code::REFERRAL_STATUSES.contains(&status) {
        Ok(())
    } else {
        Err(Refusal::message(
            "progres_interoperabilityreferralstatus: not a value of this option set",
        ))
    }
}

fn new_referral(held: &mut Held, record: &Received) -> Uuid {
    let id = state::random_id(&mut held.ids);
    let field = |name| record.field(name).map(str::to_owned);
    held.add_referral(Referral {
        id,
        decision: None,
        offline_id: field("progres_offlineid"),
        org_referral_id: field("progres_orgreferralid"),
        requested_service: field("progres_requestedservice"),
        marks: Vec::new(),
    });
    id
}

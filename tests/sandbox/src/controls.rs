//! `GET /__state` and `POST /__control`: what a person or a script at the keyboard can see and do. Neither is
//! counted as a request, and neither is part of the simulated systems.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::demo;
use crate::faults::Rule;
use crate::front::FrontLimits;
use crate::generated::decide_submitted;
use crate::journal::{System, Traffic};
use crate::ping::{Decision, Ping};
use crate::primero::{NewReferral, Primero, Role, ServiceDecision, User, UserChange};
use crate::wire::{Wire, json_answer};

/// Everything that the two routes can reach.
#[derive(Clone)]
pub(crate) struct Panel {
    pub(crate) ping: Ping,
    pub(crate) primero: Primero,
    pub(crate) ping_wire: Arc<Wire>,
    pub(crate) primero_wire: Arc<Wire>,
}

/// One control; the body is `{"<name>": <argument>}`, `{"<name>": null}` where there is none.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Control {
    /// The detail rows of a new intervention.
    Refer(Vec<Value>),
    /// Other detail rows of an intervention that is there.
    Edit(Vec<Value>),
    /// The detail rows of an intervention that Primero received long ago.
    AddDelivered(Vec<Value>),
    /// The id of an intervention that is taken back.
    Withdraw(String),
    DecideReferral {
        referral: Uuid,
        decision: Decision,
    },
    /// Fields of a decision's row, stored as given.
    AmendDecision {
        referral: Uuid,
        fields: Value,
    },
    /// The detail row of a decision on a referral that did not come through here.
    AddDecision(Value),
    /// An id that fails every batch it is in.
    Poison(String),
    Heal(String),
    RejectLater {
        records: usize,
        message: String,
    },
    RejectRecordLater {
        record: String,
        message: String,
    },
    ChecksBeforeResult(u32),
    ExpireTokens(()),
    /// Seconds to move PING's clock on.
    AdvancePingClock(i64),
    PageRows {
        list: usize,
        details: usize,
    },
    /// A whole case, stored as given.
    InsertCase(Value),
    UpdateCase {
        case: String,
        fields: Value,
    },
    UpdateService {
        case: String,
        service: String,
        fields: Value,
    },
    DecideService {
        case: String,
        service: String,
        decision: ServiceDecision,
    },
    /// The same, the service named by the intervention that it came with.
    DecideIntervention {
        intervention: String,
        decision: ServiceDecision,
    },
    ReferCase {
        case: String,
        to: String,
        service: Option<String>,
        #[serde(default)]
        consent_overridden: bool,
    },
    AcceptReferral(String),
    RejectReferral {
        referral: String,
        reason: String,
    },
    FinishReferral(String),
    RevokeReferral(String),
    AddUser(Colleague),
    ChangeUser {
        user: String,
        change: UserChange,
    },
    /// The id of a case to which nobody has access any more, or again.
    LockCase(String),
    UnlockCase(String),
    /// What stands before Primero lets so much through.
    PrimeroLimits(FrontLimits),
    /// Whether Primero's answers have a `Date`.
    PrimeroDate(bool),
    /// Milliseconds that each alternative of a look-up beyond the fifth costs.
    LookUpEntryCosts(u64),
    /// How many case workers to add.
    AddCrowd(usize),
    /// The steps of the demo's story, in this order.
    CaseWorkersDecide(()),
    CaseWorkersRefer(()),
    UnhcrDecides(()),
    /// The seed of UNHCR's decisions about everything submitted and not decided.
    DecideSubmitted(u64),
    /// Traffic is counted from zero.
    ForgetTraffic(()),
    AddFault {
        system: System,
        rule: Rule,
    },
    ClearFaults(System),
    /// What the fault `late_effect` kept is carried out now.
    CarryOutLate(System),
}

/// A case worker; what is absent is missing in the profile.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Colleague {
    user_name: String,
    agency: String,
    full_name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    position: Option<String>,
}

impl Colleague {
    fn into_user(self) -> User {
        let user = User::new(&self.user_name, Role::CaseWorker, &self.agency);
        User {
            full_name: self.full_name.unwrap_or_default(),
            email: self.email,
            phone: self.phone,
            position: self.position,
            ..user
        }
    }
}

impl Panel {
    pub(crate) fn router(&self) -> Router {
        Router::new()
            .route("/__state", get(state))
            .route("/__control", post(control))
            .with_state(self.clone())
    }

    fn wire(&self, system: System) -> &Wire {
        match system {
            System::Ping => &self.ping_wire,
            System::Primero => &self.primero_wire,
        }
    }

    async fn carry_out(&self, control: Control) -> Result<Value, String> {
        match control {
            Control::CarryOutLate(system) => {
                Ok(done_about(self.wire(system).carry_out_late().await))
            }
            Control::InsertCase(case) => self.primero.insert_case(case).map(|id| done_with(&id)),
            Control::ReferCase {
                case,
                to,
                service,
                consent_overridden,
            } => {
                let referral = NewReferral {
                    transitioned_to: to,
                    service_record_id: service,
                    consent_overridden,
                    ..NewReferral::default()
                };
                self.primero
                    .refer(&case, &referral)
                    .map(|id| done_with(&id))
            }
            Control::CaseWorkersDecide(()) => {
                demo::decide(&self.ping, &self.primero).map(done_about)
            }
            Control::CaseWorkersRefer(()) => demo::refer(&self.primero).map(done_about),
            Control::UnhcrDecides(()) => demo::review(&self.ping, &self.primero).map(done_about),
            Control::DecideSubmitted(seed) => decide_submitted(&self.ping, seed).map(done_about),
            Control::ForgetTraffic(()) => {
                self.ping_wire.journal.forget();
                self.primero_wire.journal.forget();
                Ok(done())
            }
            Control::PrimeroLimits(limits) => {
                self.primero_wire.front.limit(limits);
                Ok(done())
            }
            Control::AddFault { system, rule } => {
                self.wire(system).faults.add(rule);
                Ok(done())
            }
            Control::ClearFaults(system) => {
                self.wire(system).faults.clear();
                Ok(done())
            }
            other => self.carry_out_in_ping(other).map(|()| done()),
        }
    }

    fn carry_out_in_ping(&self, control: Control) -> Result<(), String> {
        let ping = &self.ping;
        match control {
            Control::Refer(rows) => ping.refer(rows)?,
            Control::AddDelivered(rows) => ping.add_delivered(rows)?,
            Control::Edit(rows) => ping.edit(rows)?,
            Control::Withdraw(id) => ping.withdraw(&id)?,
            Control::DecideReferral { referral, decision } => {
                ping.decide_referral(referral, &decision)?;
            }
            Control::AmendDecision { referral, fields } => ping.amend_decision(referral, fields)?,
            Control::AddDecision(row) => ping.add_decision(row)?,
            Control::Poison(id) => ping.poison(&id),
            Control::Heal(id) => ping.heal(&id),
            Control::RejectLater { records, message } => ping.reject_later(records, &message),
            Control::RejectRecordLater { record, message } => {
                ping.reject_record_later(&record, &message);
            }
            Control::ChecksBeforeResult(checks) => ping.set_checks_before_result(checks),
            Control::ExpireTokens(()) => ping.expire_tokens(),
            Control::AdvancePingClock(seconds) => {
                ping.advance_clock(SignedDuration::from_secs(seconds));
            }
            Control::PageRows { list, details } => ping.set_page_rows(list, details),
            other => self.carry_out_in_primero(other)?,
        }
        Ok(())
    }

    fn carry_out_in_primero(&self, control: Control) -> Result<(), String> {
        let primero = &self.primero;
        match control {
            Control::UpdateCase { case, fields } => primero.worker_updates_case(&case, fields),
            Control::UpdateService {
                case,
                service,
                fields,
            } => primero.worker_updates_service(&case, &service, fields),
            Control::DecideService {
                case,
                service,
                decision,
            } => primero.worker_decides(&case, &service, &decision),
            Control::DecideIntervention {
                intervention,
                decision,
            } => primero.worker_decides_intervention(&intervention, &decision),
            Control::AcceptReferral(id) => primero.accept_referral(&id),
            Control::RejectReferral { referral, reason } => {
                primero.reject_referral(&referral, &reason)
            }
            Control::FinishReferral(id) => primero.finish_referral(&id),
            Control::RevokeReferral(id) => primero.revoke_referral(&id),
            Control::AddUser(colleague) => {
                primero.add_user(colleague.into_user());
                Ok(())
            }
            Control::ChangeUser { user, change } => primero.change_user(&user, change),
            Control::LockCase(id) => {
                primero.lock_case(&id);
                Ok(())
            }
            Control::UnlockCase(id) => {
                primero.unlock_case(&id);
                Ok(())
            }
            Control::PrimeroDate(sends_date) => {
                primero.set_sends_date(sends_date);
                Ok(())
            }
            Control::LookUpEntryCosts(milliseconds) => {
                primero.set_look_up_entry_costs(Duration::from_millis(milliseconds));
                Ok(())
            }
            Control::AddCrowd(count) => {
                primero.add_crowd(count);
                Ok(())
            }
            _ => Err("not a control of Primero".to_owned()),
        }
    }
}

fn done() -> Value {
    json!({ "done": true })
}

fn done_with(id: &str) -> Value {
    json!({ "done": true, "id": id })
}

fn done_about(records: usize) -> Value {
    json!({ "done": true, "records": records })
}

async fn state(State(panel): State<Panel>) -> Response {
    let traffic = Traffic {
        ping: panel.ping_wire.journal.counts(),
        primero: panel.primero_wire.journal.counts(),
    };
    let state = json!({
        "traffic": traffic,
        "ping": {
            "sign_ins": panel.ping.sign_ins(),
            "pending": panel.ping.pending(),
            "transfer_statuses": panel.ping.transfer_statuses(),
            "submissions": panel.ping.submissions(),
            "interop_referrals": panel.ping.interop_referrals(),
            "marks": panel.ping.marks(),
            "faults": panel.ping_wire.faults.rules(),
        },
        "primero": {
            "cases": panel.primero.cases(),
            "referrals": panel.primero.referrals(),
            "faults": panel.primero_wire.faults.rules(),
        },
    });
    json_answer(StatusCode::OK, &state)
}

/// The body is read as text, so that `curl -d` works without a content type.
async fn control(State(panel): State<Panel>, body: String) -> Response {
    let carried_out = match serde_json::from_str(&body) {
        Ok(control) => panel.carry_out(control).await,
        Err(error) => Err(error.to_string()),
    };
    match carried_out {
        Ok(answer) => json_answer(StatusCode::OK, &answer),
        Err(error) => json_answer(StatusCode::BAD_REQUEST, &json!({ "error": error })),
    }
}
